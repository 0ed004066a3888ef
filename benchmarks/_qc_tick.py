"""One live tick of many series through quality control and detection, on one core: qc.py runs it as a process.

A block of stations is watched until every series is ready, and its state is given to all blocks; then the ticks of an
hour are timed, among them the dearest ones: limits made anew (every six hours), a half hour and an hour ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT  # noqa: F401  puts the checkout on the path
from _qc_memory import memory_mb

from analytics.detectors import Detector, Layout
from analytics.detectors.state import from_bytes, to_bytes
from analytics.events import Events
from analytics.qc.adaptive import PERIOD_MS
from analytics.qc.control import LATENESS_MS, QualityControl
from analytics.qc.trust import Trust
from deploy.watch.state import GROWING, carried, put_back
from sensors.place import Reach, Station

STEP_MS = 300_000
DAY_ROWS = 288
WARM_DAYS = 13
#: Where the timed hour begins: half an hour before the limits are made anew.
START_MS = 1_700_006_400_000 // PERIOD_MS * PERIOD_MS + PERIOD_MS + LATENESS_MS - 1_800_000
HOUR_ROWS = 12
KEYS = ("water_temperature", "dissolved_oxygen", "conductivity", "turbidity", "ammonia_nitrogen")
LEVEL = np.array([20.0, 7.0, 480.0, 30.0, 1.0])
NOISE = np.array([0.05, 0.06, 2.0, 0.8, 0.02])
#: Stations of a river, and of the block that is watched.
RIVER, BLOCK = 10, 200
#: One station of so many sees a discharge begin in the timed hour: far more than a network ever has.
DISCHARGES = 500
LINE = ((120.7, 31.3), (120.71, 31.3))


def network(stations: int) -> tuple[list[tuple[str, str]], dict[str, Station], dict[str, Reach]]:
    """Rivers of ten stations, an hour of travel between them."""
    places, reaches = {}, {}
    for first in range(0, stations, RIVER):
        name = f"R{first // RIVER}"
        reaches[name] = Reach(name, name, f"{name}a", f"{name}b", 3600.0, 10.0, 2.0, 0.1, LINE)
        for i in range(first, first + RIVER):
            at = (i - first) * 360.0
            places[f"S{i}"] = Station(f"S{i}", "", "", name, name, at, "river", "", "", 1, "", 300.0)
    return [(station, key) for station in places for key in KEYS], places, reaches


def water(rows: int, stations: int, first: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Times and readings of quiet water with the course of a day; rows count from the timed hour."""
    index = first + np.arange(rows)
    day = np.sin(2 * np.pi * index / DAY_ROWS)[:, None]
    values = np.tile(LEVEL + 3 * NOISE * day, stations)
    values += np.tile(NOISE, stations) * rng.standard_normal(values.shape)
    return START_MS + index * STEP_MS, values.astype(np.float32)


class Line:
    """Quality control, detection and folding of a number of stations."""

    def __init__(self, stations: int) -> None:
        channels, places, reaches = network(stations)
        layout = Layout.build(channels, places, reaches)
        self.quality = QualityControl(channels, near=layout.near())
        self.trust = Trust(len(channels))
        self.detector = Detector(layout, STEP_MS)
        self.events = Events(layout)
        self.told = 0

    def judge(self, stamps: np.ndarray, values: np.ndarray) -> float:
        """Take rows through all of it; seconds that quality control took."""
        begun = time.perf_counter()
        flags = self.quality.step(stamps, values)
        seconds = time.perf_counter() - begun
        trusted = self.trust.rows(flags, stamps)
        found = self.detector.step(stamps, values, usable=trusted.usable, doubted=trusted.doubted)
        self.told += len(self.events.step(found))
        return seconds

    def take_over(self, other: Line) -> None:
        """Go on as if every block of stations had seen what the other one saw."""
        mine = carried(self.quality)
        # Who stands beside whom is no state, though it stands beside it.
        seen = {k: mine[k] if k.endswith(".near") else a for k, a in carried(other.quality).items()}
        put_back(self.quality, {k: widened(k, a, mine[k].shape) for k, a in seen.items()})
        self.trust.last_ms = widened("", other.trust.last_ms, self.trust.last_ms.shape)
        shapes = {k: a.shape for k, a in self.detector.state().items()}
        state = from_bytes(other.detector.save())
        self.detector.load(to_bytes({k: widened("", a, shapes[k]) for k, a in state.items()}))


def widened(name: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A state of few series repeated until it has the shape of that of many."""
    if name in GROWING:
        shape = (array.shape[0], *shape[1:])
    return np.tile(array, tuple(big // max(1, small) for big, small in zip(shape, array.shape, strict=True)))


def ticks(series: int) -> dict[str, Any]:
    """Figures of the ticks of an hour."""
    rng = np.random.default_rng(2)
    stations = series // len(KEYS) // BLOCK * BLOCK
    before = memory_mb("VmRSS")
    warm, whole = Line(BLOCK), Line(stations)
    warm.judge(*water(WARM_DAYS * DAY_ROWS, BLOCK, -WARM_DAYS * DAY_ROWS, rng))
    whole.take_over(warm)
    ready = float(whole.detector.ready.mean())
    del warm
    # Memory is that of the ticks, not of what prepared them.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    ammonia = np.arange(stations)[::DISCHARGES] * len(KEYS) + KEYS.index("ammonia_nitrogen")
    quality, both, work = [], [], []
    for row in range(HOUR_ROWS):
        stamps, values = water(1, stations, row, rng)
        values[:, ammonia] += 0.1 * row
        begun, used = time.perf_counter(), time.process_time()
        quality.append(whole.judge(stamps, values))
        both.append(time.perf_counter() - begun)
        work.append(time.process_time() - used)
    return {
        "series": stations * len(KEYS), "ready": ready, "events": whole.told, "quality_s": float(np.median(quality)),
        "median_s": float(np.median(both)), "worst_s": max(both), "cpu_s": float(np.median(work)),
        "base_mb": before, "peak_mb": memory_mb("VmHWM"),
    }  # fmt: skip


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(ticks(int(sys.argv[1]))))
