"""The gateway's watchdog, as systemd sees it: a real process, a socket like systemd's, ``WATCHDOG_USEC``.

The unit says ``WatchdogSec=60``. A bus that hangs is the field's business and must not end the gateway; an event loop
that stands still has to be noticed. Intervals are shorter here.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.collectors.brokers import HOST, free_port
from tests.drills.town import EXAMPLE, ROOT, quick, riverchief

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

#: As systemd gives it, and how often the service has to report [s].
WATCHDOG_S = 3.0


class Manager:
    """What systemd does for a unit of Type=notify, and with what the service tells it.

    Attributes
    ----------
    told : list of (float, str)
        When [s], and the message.
    """

    def __init__(self, argv: list[str], folder: Path) -> None:
        self.told: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / "notify"
        self._socket.bind(str(address))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        environ = {**os.environ, "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6))}
        self.log = folder / "gateway.log"
        with self.log.open("wb") as log:
            # systemd names the process that the interval is meant for; the shell becomes that process.
            words = ["sh", "-c", 'WATCHDOG_PID=$$ exec "$@"', "sh", *argv]
            self.process = subprocess.Popen(words, cwd=ROOT, env=environ, stdout=log, stderr=log)

    def _listen(self) -> None:
        while message := self._socket.recv(65536):
            self.told.append((time.monotonic(), message.decode()))

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
        """Wait for something that it tells or does."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.05)

    def heard(self, what: str) -> list[float]:
        """When it said something [s]."""
        return [at for at, message in self.told if what in message.split("\n")]

    def longest_s(self, since: float, seconds: float) -> float:
        """Longest silence of the watchdog within some seconds from a moment on [s]."""
        self.until(lambda: time.monotonic() > since + seconds, "time passes", seconds + 10)
        times = [since, *(at for at in self.heard("WATCHDOG=1") if since < at < since + seconds), since + seconds]
        return max(after - before for before, after in itertools.pairwise(times))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.wait(30)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


@contextlib.contextmanager
def gateway(site: Path, folder: Path, *more: str) -> Iterator[Manager]:
    # Nobody is at the broker's address: the line is down as well.
    manager = Manager(
        riverchief("gateway", site, "--broker", f"mqtt://{HOST}:{free_port()}", "--data", folder / "spools", *more),
        folder,
    )
    try:
        manager.until(lambda: bool(manager.heard("READY=1")), "it is ready")
        yield manager
    finally:
        manager.end()


def with_endpoints(site: Path, endpoints: list[str]) -> Path:
    """Its stations on other endpoints, in turn, all of one gateway: a bus has one."""
    path = site / "stations.csv"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for number, row in enumerate(rows):
            row |= {"endpoint": endpoints[number % len(endpoints)], "unit": str(number // len(endpoints) + 1)}
            row["gateway"] = "gw-01"
            writer.writerow(row)
    return site


def test_under_load_it_reports_in_time(tmp_path: Path) -> None:
    """Every gateway of the site in one process, 56 stations a second, over real Modbus."""
    site, port = tmp_path / "site", free_port()
    fleet = subprocess.Popen(
        riverchief("fleet", quick(EXAMPLE, tmp_path / "source"), "--copy", site), cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 90
        while not (site / "stations.csv").exists():
            assert fleet.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with gateway(site, tmp_path, "--metrics", f"{HOST}:{port}") as manager:
            manager.until(lambda: any("0 stations silent" in told for _, told in manager.told[1:]), "all are polled")
            assert manager.longest_s(time.monotonic(), 10.0) < WATCHDOG_S
    finally:
        fleet.terminate()
        fleet.wait(30)


def test_a_bus_that_hangs_does_not_silence_it(tmp_path: Path) -> None:
    """Endpoints that take what is sent and never answer, over TCP and on a serial line, and one that nobody reads."""
    with socket.create_server((HOST, 0)) as hangs:
        master, slave = os.openpty()
        try:
            serial = f"rtu://{os.ttyname(slave)}?baud=9600&parity=N&stopbits=1"
            endpoints = [f"tcp://{HOST}:{hangs.getsockname()[1]}", serial]
            site = with_endpoints(quick(EXAMPLE, tmp_path / "site"), endpoints)
            with gateway(site, tmp_path, "--gateway", "gw-01") as manager:
                assert manager.longest_s(time.monotonic(), 10.0) < WATCHDOG_S
                manager.until(
                    lambda: any("56 stations silent" in told for _, told in manager.told), "all of them are silent"
                )
        finally:
            os.close(master)
            os.close(slave)


def test_a_loop_that_stands_still_is_noticed(tmp_path: Path) -> None:
    with gateway(quick(EXAMPLE, tmp_path / "site"), tmp_path) as manager:
        manager.until(lambda: bool(manager.heard("WATCHDOG=1")), "it reports")
        manager.process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        stopped = time.monotonic()
        # systemd would end it here, and start it again (Restart=always).
        assert manager.longest_s(stopped, 2 * WATCHDOG_S) > 1.5 * WATCHDOG_S
        manager.process.send_signal(signal.SIGCONT)
        manager.until(lambda: any(at > stopped + WATCHDOG_S for at in manager.heard("WATCHDOG=1")), "it goes on")
