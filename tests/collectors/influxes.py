"""A real InfluxDB 2 for tests."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.collectors.brokers import HOST, free_port


def find_influxd() -> Path | None:
    """The program that `../shared/servers/influxd/build.sh` makes."""
    servers = os.environ.get("RIVERCHIEF_SERVERS") or Path.home() / ".cache" / "riverchief" / "servers"
    program = Path(servers) / "influxd" / "influxd"
    return program if os.access(program, os.X_OK) else None


@dataclass(frozen=True, slots=True)
class Influx:
    """Where a server is and how one is let in."""

    url: str
    token: str
    org: str

    @classmethod
    @contextmanager
    def started(cls, program: Path, folder: Path) -> Iterator[Influx]:
        """Start a server, set it up where the folder is new, and kill it."""
        fresh = not (folder / "b.bolt").exists()
        port = free_port()
        server = cls(f"http://{HOST}:{port}", "a-token-of-the-tests", "riverchief")
        command = [
            str(program), "--bolt-path", str(folder / "b.bolt"), "--engine-path", str(folder / "engine"),
            "--sqlite-path", str(folder / "s.sqlite"), "--http-bind-address", f"{HOST}:{port}", "--reporting-disabled",
            "--log-level", "error",
        ]  # fmt: skip
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                server._wait(process)
                if fresh:
                    server._set_up()
                yield server
            finally:
                process.kill()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert process.poll() is None, "influxd ended at once"
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("influxd does not answer")

    def _set_up(self) -> None:
        body = {"username": "test", "password": "not-a-secret", "org": self.org, "bucket": "first", "token": self.token}
        request = urllib.request.Request(
            f"{self.url}/api/v2/setup", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 201
