"""Speed and memory: quality control beside ioos_qc; a live tick of 200,000 series through quality control and
detection beside river's half-space trees; a history; `riverchief replay` of a scenario of 40 days.

Run it with ``.venv/bin/python benchmarks/qc.py``; ``--quick`` takes a tenth of the sizes and scales the figures up,
which flatters the tick: a tenth of the series fits the processor's cache, 200,000 do not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT, finish, table
from _qc_memory import memory_mb

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


def tick(series: int) -> dict[str, Any]:
    """Figures of a live tick through quality control and detection, measured on one core in a process of its own."""
    script = str(Path(__file__).with_name("_qc_tick.py"))
    run = subprocess.run([sys.executable, script, str(series)], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return figures


def trees_us(points: int = 10_000) -> float | None:
    """What a tick is compared with: river's half-space trees, microseconds a point; None where river is not there."""
    try:
        from river import anomaly
    except ModuleNotFoundError:
        return None
    trees: Any = anomaly.HalfSpaceTrees(seed=1)
    rows = [{"value": float(value)} for value in np.random.default_rng(4).random(points)]
    for row in rows[: points // 10]:
        trees.learn_one(row)

    def learn() -> None:
        for row in rows:
            trees.score_one(row)
            trees.learn_one(row)

    return seconds(learn) / points * 1e6


def replayed() -> tuple[float, str] | None:
    """Seconds of `riverchief replay` on a published scenario of 40 days, and what it said; None without ../shared."""
    folder = ROOT.parent / "shared" / "cases" / "outfalls" / "A101"
    if not folder.is_dir():
        return None
    with tempfile.TemporaryDirectory() as out:
        command = [str(Path(sys.executable).with_name("riverchief")), "replay", str(folder), "--out", f"{out}/d.json"]
        begin = time.perf_counter()
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return time.perf_counter() - begin, run.stdout.splitlines()[-1].partition(": ")[2]


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
    live, trees = tick(series), trees_us()
    scale = 200_000 / live["series"]
    tick_mb = live["base_mb"] + scale * (live["peak_mb"] - live["base_mb"])
    history_s = history(350 if not given.quick else 70, 40) * (1 if not given.quick else 5)
    whole = replayed()
    table(
        [
            ("four tests, ours", f"{ours:.2f} s", f"{points:,} points"),
            ("four tests, ioos_qc", f"{theirs:.2f} s", f"{theirs / ours:.0f} times as long"),
            ("peak memory", f"{peak:.0f} MB", "readings and interpreter among it"),
            ("tick, quality control", f"{live['quality_s'] * scale:.2f} s", f"200,000 series, from {series:,}"),
            ("tick, with detection", f"{live['median_s'] * scale:.2f} s", "one core; median of an hour's twelve"),
            ("its work alone", f"{live['cpu_s'] * scale:.2f} s", "CPU time: the same but for what else runs here"),
            ("the dearest of them", f"{live['worst_s'] * scale:.2f} s", "limits made anew, as every six hours"),
            ("tick, memory", f"{tick_mb:.0f} MB", "most while it ran, interpreter among it"),
            ("the same by half-space trees", _or_none(trees and trees * 0.2), _trees_remark(trees)),
            ("40-day history, quality control", f"{history_s:.2f} s", "4 million readings"),
            ("replay of A101, the command", _or_none(whole and whole[0]), whole[1] if whole else "no ../shared"),
        ]
    )
    finish(
        {
            "ioos_ratio": round(theirs / ours, 1),
            "qc_peak_mb": round(peak),
            "tick_200k_s": round(live["median_s"] * scale, 3),
            "tick_200k_worst_s": round(live["worst_s"] * scale, 3),
            "tick_200k_cpu_s": round(live["cpu_s"] * scale, 3),
            "tick_200k_qc_s": round(live["quality_s"] * scale, 3),
            "tick_mb": round(tick_mb),
            "trees_200k_s": None if trees is None else round(trees * 0.2, 2),
            "replay_s": None if whole is None else round(whole[0], 1),
            "replay_qc_s": round(history_s, 2),
            "scaled_from": {"points": points, "series": live["series"]},
        }
    )


def _trees_remark(trees: float | None) -> str:
    return "river is not installed" if trees is None else f"river's HalfSpaceTrees, {trees:.0f} us a point"


def _or_none(value: float | None) -> str:
    return "null" if value is None else f"{value:.2f} s"


if __name__ == "__main__":
    main()
