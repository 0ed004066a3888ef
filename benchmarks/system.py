"""Starts the whole system on this machine and measures it: until the board answers, until all stations are graded,
and what it then takes with one browser open on the first page.

    .venv/bin/python benchmarks/system.py [--quick]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from _common import ROOT, finish, table

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

#: Longest wait for the board and for the grades [s].
PATIENCE_S = 180.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for 10 s instead of 60 s")
    quick = parser.parse_args().quick
    settle_s, measure_s = (8.0, 10.0) if quick else (20.0, 60.0)
    with tempfile.TemporaryDirectory(prefix="riverchief-bench-") as folder:
        figures = measure(Path(folder), settle_s, measure_s)
    table(
        [
            ("board_s", _shown(figures["board_s"], "s"), "from the command to the board's page; limit 30"),
            ("grades_s", _shown(figures["grades_s"], "s"), "from the command to a class for every station; limit 60"),
            ("cpu_percent_of_core", _shown(figures["cpu_percent_of_core"], "%"), f"over {measure_s:.0f} s; aim < 25"),
            ("rss_mb", _shown(figures["rss_mb"], "MB"), "sum over processes, shared pages counted in each; aim < 600"),
            ("pss_mb", _shown(figures["pss_mb"], "MB"), "the same, shared pages counted once"),
        ]
    )
    for name, (cpu, rss) in figures.pop("by_service").items():
        print(f"  {name:10} {cpu:5.1f} %  {rss:6.0f} MB")
    finish(figures)


def _shown(value: float | None, unit: str) -> str:
    return "not had" if value is None else f"{value:.1f} {unit}"


def measure(folder: Path, settle_s: float, measure_s: float) -> dict[str, Any]:
    """Run the system once."""
    port = _free_port()
    command = [str(ROOT / ".venv" / "bin" / "riverchief"), "simulate", "--data", str(folder), "--port", str(port)]
    if not Path(command[0]).exists():
        command = [sys.executable, "-m", "deploy.cli", *command[1:]]
    begun = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as system:
        try:
            board_s = _until_board(port, begun, system)
            grades_s = _until_graded(system, begun)
            figures: dict[str, Any] = {"board_s": board_s, "grades_s": grades_s}
            with browser(port) as open_:
                figures |= _consumption(system.pid, settle_s, measure_s)
                if not open_:
                    figures["note"] = "no Chromium here: CPU and memory are without a browser"
        finally:
            system.send_signal(signal.SIGTERM)
            system.wait(30)
    return {key: round(v, 2) if isinstance(v, float) else v for key, v in figures.items()}


def _until_board(port: int, begun: float, system: subprocess.Popen[str]) -> float:
    while time.monotonic() - begun < PATIENCE_S:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
            return time.monotonic() - begun
        if system.poll() is not None:
            sys.exit(f"the system ended: {system.stdout.read() if system.stdout else ''}")
        time.sleep(0.05)
    sys.exit("the board did not answer")


def _until_graded(system: subprocess.Popen[str], begun: float) -> float:
    assert system.stdout is not None
    # A system that says nothing would hold the reader for ever: the alarm ends it.
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("not every station was graded in time"))
    signal.alarm(round(PATIENCE_S))
    for line in system.stdout:
        found = re.search(r"(\d+) of (\d+) stations graded", line)
        if found and found[1] == found[2]:
            signal.alarm(0)
            return time.monotonic() - begun
    sys.exit("the system ended before every station was graded")


@contextlib.contextmanager
def browser(port: int) -> Iterator[bool]:
    """Chromium open on the first page; False where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        yield False
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        window = play.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = window.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
        yield True
        window.close()


def _consumption(pid: int, settle_s: float, measure_s: float) -> dict[str, Any]:
    time.sleep(settle_s)
    root = psutil.Process(pid)
    processes = {process.pid: process for process in [root, *root.children(recursive=True)]}
    before = {key: _cpu(process) for key, process in processes.items()}
    begun = time.monotonic()
    time.sleep(measure_s)
    elapsed = time.monotonic() - begun
    by_service = {}
    for key, process in processes.items():
        share = 100 * (_cpu(process) - before[key]) / elapsed
        by_service[_name(process)] = (share, process.memory_info().rss / 1e6)
    return {
        "cpu_percent_of_core": round(sum(cpu for cpu, _ in by_service.values()), 1),
        "rss_mb": round(sum(rss for _, rss in by_service.values()), 1),
        "pss_mb": round(sum(process.memory_full_info().pss for process in processes.values()) / 1e6, 1),
        "by_service": by_service,
    }


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    if "-m" in words:
        after = words[words.index("-m") + 1 :]
        return after[1] if after[0] == "deploy.cli" else "board"
    return "supervisor" if any("riverchief" in word for word in words[:2]) else Path(words[0]).name


def _free_port() -> int:
    from deploy.broker.brokers import free_port

    return free_port()


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
