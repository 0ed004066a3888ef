"""The processes of the rig: each can be killed, stopped for a while, and started again in its old place."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.chaos.observations import Plan
from tests.collectors.brokers import HOST, free_port
from tests.collectors.influxes import Influx

ROOT = Path(__file__).resolve().parents[2]

#: Pause before a process that ended by itself is started again [s]; systemd would do the same.
AGAIN_S = 0.5


class Process:
    """A program that is kept running, except while it is held down.

    Parameters
    ----------
    name : str
    argv : sequence of str
    log : Path
    ceiling_mb : float
        Most resident memory that it may ever have [MB].
    """

    def __init__(self, name: str, argv: Sequence[str], log: Path, ceiling_mb: float = float("inf")) -> None:
        self.name, self.argv, self.log, self.ceiling_mb = name, argv, log, ceiling_mb
        self.most_mb = 0.0
        self.held_down = False
        self.exits = 0
        self._ended_s = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; harmless where it runs, because two faults may have ended it."""
        self.held_down = False
        if self._process is not None and self._process.poll() is None:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.argv, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it without a word."""
        self.held_down = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send a signal, where it is still there to get one."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def look(self) -> None:
        """Measure its memory, and start it again where it ended by itself."""
        if self._process is None or self.held_down:
            return
        if self._process.poll() is not None:
            if not self._ended_s:
                self._ended_s = time.monotonic()
                self.exits += 1
            elif time.monotonic() - self._ended_s > AGAIN_S:
                self._ended_s = 0.0
                self.start()
            return
        try:
            self.most_mb = max(self.most_mb, psutil.Process(self.pid).memory_info().rss / 1e6)
        except psutil.NoSuchProcess:
            return


def gateway(plan: Plan, folder: Path) -> Process:
    """A simulated gateway."""
    argv = [sys.executable, "-m", "tests.chaos.gateway_process", json.dumps(plan.as_dict())]
    return Process(plan.gateway, argv, folder / "log", ceiling_mb=90)


_HUB = """import sys
from pathlib import Path
from deploy.hub.hub import serve
serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3], shards=[int(sys.argv[4])], judge=False)
"""


def hub(site: Path, port: int, store_url: str, shard: int, folder: Path) -> Process:
    """The ingester of one shard: `riverchief hub SITE --shard N --no-judge`."""
    argv = [sys.executable, "-c", _HUB, str(site), f"mqtt://{HOST}:{port}", store_url, str(shard)]
    return Process(f"hub-{shard}", argv, folder / f"hub-{shard}.log", ceiling_mb=260)


class Influxd(Process):
    """InfluxDB, on one port for all its lives."""

    def __init__(self, program: Path, folder: Path) -> None:
        port = free_port()
        super().__init__(
            "influxd",
            [
                str(program), "--bolt-path", str(folder / "b.bolt"), "--engine-path", str(folder / "engine"),
                "--sqlite-path", str(folder / "s.sqlite"), "--http-bind-address", f"{HOST}:{port}",
                "--reporting-disabled", "--log-level", "error",
            ],
            folder / "influxd.log",
        )  # fmt: skip
        self.server = Influx(f"http://{HOST}:{port}", "a-token-of-the-tests", "riverchief")

    async def set_up(self) -> str:
        """Start it for the first time; gives its store URL."""
        os.environ["RIVERCHIEF_INFLUX_TOKEN"] = self.server.token
        self.start()
        assert self._process is not None
        await asyncio.to_thread(self.server._wait, self._process)
        await asyncio.to_thread(self.server._set_up)
        return f"{self.server.url.replace('http', 'influx', 1)}/{self.server.org}/first"

    def heal(self) -> None:
        """Start it twice, which is what InfluxDB needs after its disk was full.

        While it is full it leaves half an entry in its log. The first start cuts that off, and of what is acknowledged
        after it the next start may find nothing: 2.9.1 lost 5,600 acknowledged points so, without any program of ours.
        With a second start before anything is written nothing was lost.
        """
        for _ in range(2):
            self.kill()
            self.start()
            assert self._process is not None
            self.server._wait(self._process)


STOP, CONTINUE = signal.SIGSTOP, signal.SIGCONT
