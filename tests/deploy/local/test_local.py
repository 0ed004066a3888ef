"""The whole system on one machine, started as a person starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from collectors.stores import open_store
from deploy.broker.brokers import free_port

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


class Running:
    """A started system; `until` reads what it says."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port
        self.said: list[str] = []

    def until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} was never said; it said:\n{''.join(self.said)}")

    def end(self, number: int) -> int:
        """Send a signal, wait, and make sure that nothing is left."""
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        assert len(family) > 3
        self.process.send_signal(number)
        code = self.process.wait(60)
        _, alive = psutil.wait_procs(family, timeout=10)
        assert alive == []
        return code


@contextmanager
def system(data: Path, *words: str, ignore_sigint: bool = False) -> Iterator[Running]:
    port = free_port()
    argv = [sys.executable, "-m", "deploy.cli", "simulate", "--data", str(data), "--port", str(port), *words]

    def as_background_job() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    process = subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=as_background_job if ignore_sigint else None, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with process:
        try:
            yield Running(process, port)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)


def test_it_starts_grades_every_station_stops_and_starts_again(tmp_path) -> None:
    data = tmp_path / "var"
    with system(data, "--embedded-broker", "--history", "2", ignore_sigint=True) as running:
        address = running.until(r"The board: (http://127\.0\.0\.1:\d+)")[1]
        with urllib.request.urlopen(address, timeout=10) as page:
            assert page.status == 200
        running.until(r"56 of 56 stations graded")
        said = "".join(running.said)
        assert "embedded broker (amqtt)" in said
        assert "the last 2 h of the virtual rivers" in said
        assert running.end(signal.SIGINT) == 0
    first = stored(data)
    assert {station for station, _, _ in first} == {f"S{n:02d}" for n in range(1, 57)}
    with system(data) as running:
        running.until(r"56 of 56 stations graded")
        assert "of the virtual rivers wait" not in "".join(running.said), "the past is written once only"
        assert running.end(signal.SIGTERM) == 0
    assert first < stored(data), "what was stored stays, and more has come"


def stored(data: Path) -> set[tuple[str, str, int]]:
    store = open_store(f"sqlite:///{data / 'store.sqlite'}", read_only=True)
    now = time.time_ns() // 1_000_000
    try:
        stations = {reading.station for reading in store.latest()}
        return {
            (r.station, r.determinand, r.time_ms)
            for station in stations
            for r in store.range(station, ["ph", "dissolved_oxygen"], now - 10_800_000, now + 1)
        }
    finally:
        store.close()


def test_two_systems_never_share_a_folder(tmp_path) -> None:
    with system(tmp_path, "--embedded-broker", "--history", "0") as first:
        first.until("fleet")
        with system(tmp_path) as second:
            second.until("is in use by another RiverChief")
            assert second.process.wait(30) == 1
        assert first.end(signal.SIGTERM) == 0


@pytest.mark.shared
def test_a_day_of_national_stations_is_judged_as_the_authority_did(tmp_path, shared) -> None:
    readings = shared / "cases" / "grading_4h" / "readings.parquet"
    with system(tmp_path, "--replay", str(readings), "--speed", "2400", "--once") as running:
        same = running.until(r"as `riverchief grade` on the file: (\d+) of (\d+)")
        printed = running.until(r"As the authority printed: (\d+) of (\d+)")
        assert running.process.wait(60) == 0
    assert int(same[1]) == int(same[2]) >= 100
    assert int(printed[1]) / int(printed[2]) > 0.97
