"""The board as it is served, over prepared data, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from _board_data import SITE_FOLDER, STEP_MS, Prepared
from _common import ROOT
from casework import NOW as NOW_MS

from collectors.clock import ReplayClock, machine_ms
from deploy.broker.brokers import free_port

#: Longest wait for the board [s].
PATIENCE_S = 60.0

#: The server is idle when so many looks in a row, so long apart [s], find none of its threads at work or waiting for a
#: core: on a busy machine the time that it has used says nothing.
IDLE_LOOKS, IDLE_S = 8, 0.1


@dataclass(frozen=True, slots=True)
class Served:
    """A running board."""

    address: str
    process: psutil.Process
    start_s: float

    def rss_mb(self) -> float:
        """Resident memory [MB]."""
        return float(self.process.memory_info().rss) / 1e6

    def cpu_s(self) -> float:
        """Time on a core since it was started [s]."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def environment(prepared: Prepared, site: Path = SITE_FOLDER) -> dict[str, str]:
    """Environment of a board over prepared data, its clock running from their end on."""
    clock = ReplayClock(machine_ms(), NOW_MS, NOW_MS + 20 * STEP_MS, 1.0)
    return {
        **os.environ,
        "RIVERCHIEF_SITE": str(site),
        "RIVERCHIEF_STORE": prepared.store_url,
        "RIVERCHIEF_BOOKS": prepared.books_url,
        "RIVERCHIEF_ACCESS": "demo",
        "RIVERCHIEF_CLOCK": clock.to_json(),
        "RIVERCHIEF_INPUT": "probes",
    }


def forget(path: Path) -> None:
    """Have the kernel let go of what it keeps of a file in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextlib.contextmanager
def serving(prepared: Prepared) -> Iterator[Served]:
    """A board that has been started, has loaded its programs and has drawn nothing for anybody yet."""
    port = free_port()
    command = [
        sys.executable, "-m", "deploy.cli", "board", str(SITE_FOLDER), "--store", prepared.store_url,
        "--books", prepared.books_url, "--access", "demo", "--port", str(port),
    ]  # fmt: skip
    with _running(command, environment(prepared), port, "readyz") as served:
        yield served


@contextlib.contextmanager
def greeting() -> Iterator[Served]:
    """Streamlit as it is installed, with a page of one line: what a page costs that does nothing."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "hello.py"
        script.write_text("import streamlit as st\n\nst.title('Hello')\n", encoding="utf-8")
        command = [
            sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true",
            "--server.address", "127.0.0.1", "--server.port", str(port), "--server.fileWatcherType", "none",
            "--browser.gatherUsageStats", "false",
        ]  # fmt: skip
        with _running(command, dict(os.environ), port, "_stcore/health") as served:
            yield served


@contextlib.contextmanager
def _running(command: list[str], env: dict[str, str], port: int, health: str) -> Iterator[Served]:
    begun = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as told,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=told, stderr=told, text=True) as process,
    ):
        try:
            _until_ready(f"http://127.0.0.1:{port}/{health}", process, begun)
            start_s = time.monotonic() - begun
            watched = psutil.Process(process.pid)
            _until_idle(watched)
            yield Served(f"http://127.0.0.1:{port}/", watched, start_s)
        except BaseException:
            told.seek(0)
            print(told.read(), file=sys.stderr)
            raise
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _until_ready(address: str, process: subprocess.Popen[str], begun: float) -> None:
    while time.monotonic() - begun < PATIENCE_S:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        if process.poll() is not None:
            raise SystemExit("the server ended")
        time.sleep(0.05)
    raise SystemExit("the server did not answer")


def _until_idle(process: psutil.Process) -> None:
    quiet, begun = 0, time.monotonic()
    while quiet < IDLE_LOOKS and time.monotonic() - begun < PATIENCE_S:
        time.sleep(IDLE_S)
        quiet = 0 if _at_work(process.pid) else quiet + 1


def _at_work(pid: int) -> bool:
    """Whether a thread runs, could run, or waits for the disk."""
    for file in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            if file.read_text().rpartition(")")[2].split()[0] in "RD":
                return True
    return False
