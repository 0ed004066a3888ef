"""Made-up readings of a few stations, with faults, for the tests of quality control."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

START_MS = 1_700_000_000_000 // 21_600_000 * 21_600_000
MINUTE_MS = 60_000

CHANNELS = [
    ("A", "water_temperature"), ("A", "conductivity"), ("A", "turbidity"),
    ("B", "water_temperature"), ("B", "conductivity"), ("B", "dissolved_oxygen"),
]  # fmt: skip


def times(rows: int, step_min: int = 5, *, uneven: int | None = None) -> npt.NDArray[np.int64]:
    """Time stamps; with `uneven` (a seed) some are missing and all jitter."""
    stamps = START_MS + np.arange(rows, dtype=np.int64) * step_min * MINUTE_MS
    if uneven is None:
        return stamps
    rng = np.random.default_rng(uneven)
    stamps = stamps + rng.integers(0, step_min * MINUTE_MS // 8, rows)
    return stamps[rng.random(rows) > 0.08]


def water(stamps: npt.NDArray[np.int64], seed: int = 0) -> npt.NDArray[np.float64]:
    """Readings (T, 6) of `CHANNELS`: a daily course, noise, gaps, spikes, a jump, a standstill, a sentinel."""
    rng = np.random.default_rng(seed)
    day = 2 * np.pi * (stamps % 86_400_000) / 86_400_000
    rows = len(stamps)
    base = np.column_stack(
        [
            18 + 2 * np.sin(day), 450 + 8 * np.cos(day), 20 + 2 * np.sin(day),
            19 + 2 * np.sin(day), 480 + 5 * np.cos(day), 7 + np.sin(day),
        ]
    )  # fmt: skip
    unit = np.array([0.1, 1, 0.1, 0.1, 1, 0.01])
    values = np.rint((base + rng.normal(0, [0.05, 1, 1, 0.05, 1, 0.05], (rows, 6))) / unit) * unit
    values[rng.random((rows, 6)) < 0.03] = np.nan
    for series, height in ((1, 900), (2, 300), (5, 9)):
        values[rng.integers(0, rows, max(1, rows // 60)), series] += height
    half = rows // 2
    values[half : half + rows // 5, 4] += 120
    values[half : half + rows // 3, 5] = values[half, 5] if np.isfinite(values[half, 5]) else 6.5
    values[rows // 4, [0, 1]] = [-9999, 0.4]
    return values
