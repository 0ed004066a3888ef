"""What a gateway was told to do, who said so and what came of it: one line each, only ever appended.

It is also the memory by which a command that comes again is known: what was begun is never begun twice, not even by
the process after the one that died over it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from collectors.wire_care import Answer, Command, answer_of, fields_of
from collectors.wire_group import WireError
from sensors.errors import StoreError

log = logging.getLogger(__name__)

#: A file that has grown past this is put aside, whole, when the next process opens it [bytes].
FULL_BYTES = 8 * 1024 * 1024


class Audit:
    """The file of one gateway.

    Parameters
    ----------
    path : Path

    Raises
    ------
    StoreError
        If it cannot be read or made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers: dict[str, Answer] = {}
        self._begun: dict[str, Command] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._remember()
            self._put_aside()
        except OSError as error:
            raise StoreError(f"audit {path}: {error}", retryable=True) from error

    def _remember(self) -> None:
        for line in self._lines():
            try:
                if line["event"] == "begun":
                    command = Command(**line["command"])
                    self._begun[command.id] = command
                elif line["event"] == "answered":
                    answer = answer_of(line["answer"])
                    self._answers[answer.id] = answer
            except (KeyError, TypeError, WireError) as error:
                log.error("%s: a line that says nothing: %s", self.path, error)

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        if not self.path.exists():
            return
        for number, text in enumerate(self.path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            try:
                line = json.loads(text)
            except ValueError:
                # The last words of a process that was cut off.
                log.warning("%s: line %d cannot be read", self.path, number)
                continue
            if isinstance(line, dict):
                yield line

    def _put_aside(self) -> None:
        if self.path.exists() and self.path.stat().st_size > FULL_BYTES:
            number = 1 + sum(1 for _ in self.path.parent.glob(f"{self.path.name}.*"))
            self.path.rename(self.path.with_name(f"{self.path.name}.{number}"))

    def answer(self, identity: str) -> Answer | None:
        """What was answered to a command; None where nothing was."""
        return self._answers.get(identity)

    def begun(self, identity: str) -> bool:
        """Whether a command was ever begun."""
        return identity in self._begun

    def begin(self, command: Command, time_ms: int) -> None:
        """Write down that a command is about to be done [ms since the epoch, UTC].

        Raises
        ------
        StoreError
            If the disk does not take it; then it must not be done.
        """
        self._append({"event": "begun", "time_ms": time_ms, "command": asdict(command)})
        self._begun[command.id] = command

    def end(self, command: Command, answer: Answer) -> None:
        """Write down what came of a command.

        Raises
        ------
        StoreError
            If the disk does not take it.
        """
        self._answers[command.id] = answer
        self._append(
            {"event": "answered", "time_ms": answer.time_ms, "command": asdict(command), "answer": fields_of(answer)}
        )

    def note(self, event: str, time_ms: int, **fields: Any) -> None:
        """Write down something else: a slice that was taken or refused.

        Raises
        ------
        StoreError
            If the disk does not take it.
        """
        self._append({"event": event, "time_ms": time_ms, **fields})

    def _append(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    text = "\n" + text
                os.write(descriptor, text.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(f"audit {self.path}: {error}", retryable=True) from error
