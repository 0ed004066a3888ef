"""Speed and memory of quality control: beside ioos_qc, a live tick of many series, a history.

Run it with ``.venv/bin/python benchmarks/qc.py``; ``--quick`` takes a tenth of the sizes and scales the figures up.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import finish, table

from analytics.qc import kernels
from analytics.qc.control import QualityControl
from analytics.qc.windows import Reach, bumps

STEP_MS = 300_000
START_MS = 1_700_006_400_000
DETERMINANDS = ("water_temperature", "dissolved_oxygen", "conductivity", "turbidity", "ammonia_nitrogen")
TYPICAL = np.array([20.0, 7.0, 480.0, 30.0, 1.0])
DAY_ROWS = 288


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def memory_mb(field: str) -> float:
    """``VmHWM`` (the most so far) or ``VmRSS`` (now) of this process [MB]; a child's rusage begins at its parent's."""
    with Path("/proc/self/status").open(encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def course(points: int) -> np.ndarray:
    """A day-and-night course with noise, spikes and a standstill."""
    rng = np.random.default_rng(1)
    values = 20 + 3 * np.sin(np.arange(points) * 2 * np.pi / DAY_ROWS) + rng.normal(0, 0.1, points)
    values[rng.integers(0, points, points // 1000)] += 9
    values[points // 3 : points // 3 + 500] = 21.0
    return values


def four_tests(times_ms: np.ndarray, values: np.ndarray) -> int:
    """Range, spike, change and standstill in blocks that fit the cache; gives how many readings failed any."""
    last, since = np.full(1, np.nan, np.float32), np.zeros(1, np.int64)
    size, look = 250_000, 10
    failed = 0
    for begin in range(0, len(times_ms), size):
        first = max(0, begin - look)
        rows = slice(first, min(len(times_ms), begin + size + look))
        stamps, block = times_ms[rows], values[rows, None].astype(np.float32)
        inner = slice(begin - first, begin - first + min(size, len(times_ms) - begin))
        up, down = bumps(block, Reach.of(stamps, 1_500_000))
        flags = kernels.outside(block, np.zeros(1, np.float32), np.full(1, 40, np.float32)) | (up > 2) | (down > 2)
        flags |= kernels.changes(block) > 3
        stood, last = kernels.run_starts(block[inner], stamps[inner], last, since)
        since = stood[-1]
        failed += int((flags[inner] | (stamps[inner, None] - stood > 4 * 3_600_000)).sum())
    return failed


def with_ioos(times_ms: np.ndarray, values: np.ndarray) -> None:
    from ioos_qc import qartod

    stamps = times_ms.astype("datetime64[ms]")
    qartod.gross_range_test(values, fail_span=(0, 40))
    qartod.spike_test(values, suspect_threshold=2, fail_threshold=4)
    qartod.rate_of_change_test(values, stamps, threshold=0.01)
    qartod.flat_line_test(values, stamps, suspect_threshold=4 * 3600, fail_threshold=8 * 3600, tolerance=0.001)


def peak_mb(points: int) -> float:
    """Peak memory of the four tests in a process of its own [MB], the readings among it."""
    run = subprocess.run([sys.executable, __file__, "--peak", str(points)], capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def detector(channels: list[tuple[str, str]]) -> Callable[[np.ndarray, np.ndarray, Any], object] | None:
    """The pollution detectors' step for a tick, where the package has one that needs no network."""
    try:
        module = importlib.import_module("analytics.detectors.benchmark")
    except ModuleNotFoundError:
        return None
    step: Callable[[np.ndarray, np.ndarray, Any], object] = module.tick_step(channels)
    return step


def tick(series: int) -> tuple[float, float, float | None]:
    """Seconds of one live tick through quality control, what it keeps [MB], and with detection where there is one."""
    channels = [(f"S{i // 5}", DETERMINANDS[i % 5]) for i in range(series)]
    before = memory_mb("VmRSS")
    control, detect = QualityControl(channels), detector(channels)
    rng = np.random.default_rng(2)

    def rows(count: int) -> np.ndarray:
        return (np.tile(TYPICAL, series // 5) * (1 + 0.02 * rng.standard_normal((count, series)))).astype(np.float32)

    warm = 45
    for at in range(warm):
        control.step(np.array([START_MS + at * STEP_MS]), rows(1))
    times, both = [], []
    for at in range(warm, warm + 5):
        stamps, values = np.array([START_MS + at * STEP_MS]), rows(1)
        begin = time.perf_counter()
        flags = control.step(stamps, values)
        times.append(time.perf_counter() - begin)
        if detect is not None:
            detect(stamps, values, flags)
            both.append(time.perf_counter() - begin)
    memory = memory_mb("VmRSS") - before
    return float(np.median(times)), memory, float(np.median(both)) if both else None


def history(series: int, days: int) -> float:
    """Seconds of quality control over a history."""
    channels = [(f"S{i // 5}", DETERMINANDS[i % 5]) for i in range(series)]
    rng = np.random.default_rng(3)
    rows = days * DAY_ROWS
    values = np.tile(TYPICAL, series // 5) * (1 + 0.02 * rng.standard_normal((rows, series)))
    control = QualityControl(channels)
    return seconds(lambda: control.step(START_MS + np.arange(rows) * STEP_MS, values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peak", type=int)
    given = parser.parse_args()
    points = given.peak or (1_000_000 if given.quick else 10_000_000)
    stamps, values = START_MS + np.arange(points) * STEP_MS, course(points)
    if given.peak:
        four_tests(stamps, values)
        print(memory_mb("VmHWM"))
        return
    ours = min(seconds(lambda: four_tests(stamps, values)) for _ in range(3))
    theirs = seconds(lambda: with_ioos(stamps, values))
    peak = peak_mb(points)
    series = 20_000 if given.quick else 200_000
    scale = 200_000 / series
    qc_tick, memory, whole_tick = tick(series)
    replay = history(350 if not given.quick else 70, 40) * (1 if not given.quick else 5)
    table(
        [
            ("four tests, ours", f"{ours:.2f} s", f"{points:,} points"),
            ("four tests, ioos_qc", f"{theirs:.2f} s", f"{theirs / ours:.0f} times as long"),
            ("peak memory", f"{peak:.0f} MB", "readings and interpreter among it"),
            (
                "tick, quality control",
                f"{qc_tick * scale:.2f} s",
                f"200,000 series, from {series:,}; {memory * scale:.0f} MB",
            ),
            ("tick, with detection", _or_none(whole_tick, scale), "null where no detectors are installed"),
            ("40-day history, quality control", f"{replay:.2f} s", "4 million readings"),
        ]
    )
    finish(
        {
            "ioos_ratio": round(theirs / ours, 1),
            "qc_peak_mb": round(peak),
            "tick_200k_s": None if whole_tick is None else round(whole_tick * scale, 3),
            "tick_200k_qc_s": round(qc_tick * scale, 3),
            "tick_mb": round(memory * scale),
            "replay_s": None,
            "replay_qc_s": round(replay, 2),
            "reason": "replay_s and tick_200k_s take the detectors: null until they are there",
        }
    )


def _or_none(value: float | None, scale: float) -> str:
    return "null" if value is None else f"{value * scale:.2f} s"


if __name__ == "__main__":
    main()
