"""A small town on this machine: virtual probes, gateways, broker, hub and alert service.

Each is a process of its own as it would be installed, reached only by its command line and its ``--metrics``.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy.office.alerts import demo_channels
from sensors.site import load_site
from tests.collectors.brokers import HOST, Mosquitto, free_port

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy" / "sites" / "xietang"

#: Longest wait for anything [s].
MOST_S = 240.0

#: The gateway's service with metrics on, as its command starts it.
_GATEWAY = """import sys
from pathlib import Path
from deploy.gateway.gateway import serve
serve(Path(sys.argv[1]), sys.argv[5:], sys.argv[2], Path(sys.argv[3]), metrics=sys.argv[4], keep_hours=26)
"""

#: The command, with those that `deploy.cli` may not name yet.
_COMMAND = """import sys
import deploy.cli
from deploy.cli import main
deploy.cli.MODULES |= {"backup": "deploy.backup.command", "restore": "deploy.backup.restore_command",
                       "doctor": "deploy.doctor.command", "upgrade-check": "deploy.doctor.upgrade_check"}
sys.argv[0] = "riverchief"
main()
"""

#: A sample in the text of Prometheus: name, labels, value.
_SOURCE = re.compile(r"^(riverchief_[a-z_]+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)


def riverchief(*words: object) -> list[str]:
    """Command line of a command."""
    return [sys.executable, "-c", _COMMAND, *map(str, words)]


def call(*words: object, accepted: Sequence[int] = (0,)) -> str:
    """Run a command to its end; what it printed."""
    done = subprocess.run(riverchief(*words), cwd=ROOT, capture_output=True, text=True, timeout=MOST_S, check=False)
    assert done.returncode in accepted, f"{words[0]}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


class Service:
    """A process that may be killed and started again; its log says what it did.

    Parameters
    ----------
    name : str
    argv : sequence of str
    folder : Path
        Gets ``<name>.log``.
    port : int, optional
        Of its ``--metrics``.
    """

    def __init__(self, name: str, argv: Sequence[str], folder: Path, port: int = 0) -> None:
        self.name, self.argv, self.port = name, list(argv), port
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            environ = {**os.environ, "RIVERCHIEF_LOG": "json"}
            self._process = subprocess.Popen(
                self.argv, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environ
            )

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it and wait; harmless where it has ended."""
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(20.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def ask(self, path: str) -> tuple[int, str]:
        """Answer of its ``--metrics``; 0 where nobody answers."""
        line = http.client.HTTPConnection(HOST, self.port, timeout=5.0)
        try:
            line.request("GET", path)
            reply = line.getresponse()
            return reply.status, reply.read().decode()
        except OSError:
            return 0, ""
        finally:
            line.close()

    def ready(self) -> bool:
        """Whether it says that it does its work."""
        assert self.runs, f"{self.name} ended: {self.last_words()}"
        return self.ask("/readyz")[0] == 200

    def measured(self, name: str) -> float:
        """Sum of a metric over its labels."""
        text = self.ask("/metrics")[1]
        return sum(float(value) for found, _, value in _SOURCE.findall(text) if found == name)

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1500:] if self.log.exists() else ""


async def until(condition: Callable[[], bool], what: str, seconds: float = MOST_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.1)


class Town:
    """Everything that runs.

    Parameters
    ----------
    folder : Path
    gateways : sequence of str
        That poll; the fleet serves every station of the site.
    source : Path
        The site.
    home : Path, optional
        Folder of the hub: store, books, files.
    """

    def __init__(self, folder: Path, gateways: Sequence[str], source: Path = EXAMPLE, home: Path | None = None) -> None:
        self.folder, self.gateways = folder, tuple(gateways)
        self.home = home or folder / "hub"
        self.spools, self.site, self.keep = folder / "spools", folder / "site", folder / "keep"
        for each in (self.home, self.spools, self.keep):
            each.mkdir(parents=True, exist_ok=True)
        self.quick_site = quick(source, folder / "source")
        self.site_id = load_site(self.quick_site).id
        self.store = f"sqlite:///{self.home / 'store.sqlite'}"
        self.books = f"sqlite:///{self.home / 'books.sqlite'}"
        self.channels = demo_channels(load_site(self.quick_site), self.keep)
        self.channels.chmod(0o600)
        self.broker = Mosquitto(folder, "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 20\n")
        self._services: list[Service] = []
        url = f"mqtt://{HOST}:{self.broker.port}"
        self.fleet = self._service("fleet", riverchief("fleet", self.quick_site, "--copy", self.site))
        ports = [free_port() for _ in range(3)]
        self.gateway = self._service(
            "gateway",
            [sys.executable, "-c", _GATEWAY, str(self.site), url, str(self.spools), f"{HOST}:{ports[0]}", *gateways],
            ports[0],
        )
        self.hub = self._service(
            "hub",
            riverchief("hub", self.site, "--broker", url, "--store", self.store, "--books", self.books,
                       "--metrics", f"{HOST}:{ports[1]}"),
            ports[1],
        )  # fmt: skip
        self.alerts = self._service(
            "alert",
            riverchief("alert", "run", "--site", self.site, "--store", self.store, "--books", self.books,
                       "--channels", self.channels, "--metrics", f"{HOST}:{ports[2]}"),
            ports[2],
        )  # fmt: skip

    def _service(self, name: str, argv: Sequence[str], port: int = 0) -> Service:
        service = Service(name, argv, self.folder, port)
        self._services.append(service)
        return service

    async def __aenter__(self) -> Town:
        await self.broker.start()
        self.fleet.start()
        await until(lambda: (self.site / "stations.csv").exists() or not self.fleet.runs, "the fleet serves")
        assert self.fleet.runs, self.fleet.last_words()
        return self

    async def __aexit__(self, *error: object) -> None:
        for service in reversed(self._services):
            await asyncio.to_thread(service.end)
        with contextlib.suppress(ProcessLookupError):
            await self.broker.stop()

    def backlog(self) -> float:
        """Observations that wait in the spools."""
        return self.gateway.measured("riverchief_gateway_backlog_observations")

    def told(self) -> list[dict[str, Any]]:
        """What the gateways and the hub logged, as JSON lines; to see that they are."""
        lines = (self.hub.log.read_text() + self.gateway.log.read_text()).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def quick(source: Path, target: Path) -> Path:
    """A copy of a site whose stations are polled every second."""
    shutil.copytree(source, target)
    path = target / "stations.csv"
    lines = path.read_text("utf-8").splitlines()
    notes = [line for line in lines if line.startswith("#")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("".join(f"{note}\n" for note in notes))
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "period_s": "1"} for row in rows)
    return target
