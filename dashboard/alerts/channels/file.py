"""A file to which messages are appended, one JSON object a line: for a demonstration, and as a record."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.web import read_pace
from sensors.toml_table import Table

PER_MINUTE = 6000


@dataclass(frozen=True, slots=True)
class File:
    """One file, for its owner only; an address is written down as it is."""

    path: Path
    per_minute: int = PER_MINUTE

    async def send(self, address: str, told: Told) -> Answer:
        """Append, and have it on the disk."""
        line = json.dumps(
            {"id": told.id, "to": address, "severity": told.severity, "title": told.title, "lines": told.lines,
             "link": told.link},
            ensure_ascii=False,
        )  # fmt: skip
        try:
            await asyncio.to_thread(self._append, line + "\n")
        except OSError as error:
            return Answer(False, f"{self.path}: {error.strerror}")
        return Answer(True, f"appended to {self.path}")

    def _append(self, line: str) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def read(table: Table) -> File:
    """From the channels file."""
    table.known({"kind", "path", "per_minute"})
    return File(Path(table.text("path")), read_pace(table, PER_MINUTE))
