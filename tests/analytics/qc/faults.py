"""Five days of eight stations in which every test of quality control has something to say."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from analytics.qc import default_configuration
from analytics.qc.config import Configuration
from analytics.qc.control import QualityControl

from .water import MINUTE_MS, START_MS

STEP_MS = 5 * MINUTE_MS
DAY = 288
ROWS = 5 * DAY
NAMES = ("water_temperature", "conductivity", "dissolved_oxygen", "turbidity")
CHANNELS = [
    *((f"S{i}", name) for i in range(8) for name in NAMES),
    *(("S0", name) for name in ("ph", "ammonia_nitrogen", "total_nitrogen")),
]
LEVEL = np.array([18.0, 450.0, 7.0, 20.0] * 8 + [7.4, 0.8, 2.0])
NOISE = np.array([0.05, 1.0, 0.05, 1.0] * 8 + [0.02, 0.02, 0.05])
UNIT = np.array([0.01, 0.1, 0.01, 0.01] * 8 + [0.01, 0.001, 0.01])
STAMPS = START_MS + np.arange(ROWS, dtype=np.int64) * STEP_MS


def column(station: str, name: str) -> int:
    return CHANNELS.index((station, name))


def at(day: float) -> int:
    """Row of a day."""
    return round(day * DAY)


@cache
def faulty() -> npt.NDArray[np.float64]:
    """Readings (T, S): a daily course, noise, lost messages, and one fault for each test."""
    rng = np.random.default_rng(7)
    course = np.sin(2 * np.pi * np.arange(ROWS) / DAY)[:, None]
    noise = rng.normal(0, NOISE, (ROWS, len(CHANNELS)))
    # A probe that chatters, one that hardly moves, and one that stands still.
    noise[at(3) : at(3.3), column("S3", "conductivity")] *= 12
    noise[at(3) : at(3.5), column("S4", "turbidity")] /= 100
    values = LEVEL + 2 * NOISE * course + noise
    values[at(3) : at(3.5), column("S4", "turbidity")] -= 2 * NOISE[3] * course[at(3) : at(3.5), 0]
    values[at(3) : at(3.6), column("S5", "dissolved_oxygen")] = 6.5
    values[rng.random(values.shape) < 0.02] = np.nan
    values[at(2.2), column("S1", "conductivity")] = 0.4
    values[at(2.3), column("S1", "water_temperature")] = 43
    values[at(2.5), column("S1", "water_temperature")] = -9999
    values[at(2.5) : at(2.5) + 2, column("S1", "conductivity")] += 300
    values[at(3.1), column("S2", "conductivity")] += 300
    values[at(3.3) :, column("S2", "conductivity")] += 150
    values[at(3.5) :, column("S6", "conductivity")] += np.linspace(0, 300, ROWS - at(3.5))
    values[at(3.5) :, column("S7", "dissolved_oxygen")] -= np.linspace(0, 4, ROWS - at(3.5))
    values[at(4.0) : at(4.2), column("S3", "water_temperature")] = np.nan
    values[at(4.2) : at(4.4), column("S3", "water_temperature")] += 14
    values[at(2.7), column("S0", "ph")] = 8.4
    values[at(2.8) : at(2.9), column("S0", "ammonia_nitrogen")] = 3.5
    found: npt.NDArray[np.float64] = np.rint(values / UNIT) * UNIT
    return found


@cache
def limits() -> Configuration:
    """The default ones, with a season for one channel."""
    season = {"months": [1, 12], "hours": [0, 23], "low": 6.5, "high": 8.2}
    return default_configuration().overridden({"channel": {"S0/ph": {"climatology": [season]}}}, "test")


#: Every station's neighbours along one river.
NEAR = {f"S{i}": tuple(f"S{j}" for j in (i - 1, i + 1, i - 2, i + 2) if 0 <= j < 8) for i in range(8)}


def control(*, river: bool = True) -> QualityControl:
    """A quality control that knows which stations stand on one river, or does not."""
    return QualityControl(CHANNELS, limits(), near=NEAR if river else None)
