"""Rain in 5-minute bins and water temperature, by season."""

from __future__ import annotations

import numpy as np

from benchmarks.scenarios.plan import Season

STEP_S = 300
PER_DAY = 288
PER_HOUR = 12

#: Days between rains, hours they last (median), depth (median) [mm]; mean water temperature [degC], its change a day.
SEASONS: dict[Season, tuple[float, float, float, float, float]] = {
    "spring": (6.5, 5.0, 9.0, 20.0, 0.12), "plum": (2.4, 7.0, 14.0, 25.0, 0.05), "summer": (5.5, 2.8, 10.0, 28.5, 0.0),
    "typhoon": (6.0, 3.5, 8.0, 26.0, -0.08), "winter": (9.0, 7.0, 4.0, 9.0, -0.12),
}  # fmt: skip


def wander(rng: np.random.Generator, steps: int, sigma: float, days: float) -> np.ndarray:
    """Ornstein-Uhlenbeck path of a standard deviation and a memory, shape (steps,), at 5-minute steps."""
    from scipy.signal import lfilter

    kept = np.exp(-1 / (days * PER_DAY))
    shocks = rng.standard_normal(steps) * np.sqrt(1 - kept**2)
    shocks[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -kept], shocks)) * sigma


def rain(season: Season, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[int, int, float]]]:
    """Depth of each bin [mm], shape (steps,), and the rains as (first, end, depth)."""
    gap, hours, depth, _, _ = SEASONS[season]
    bins, rains = np.zeros(steps), []
    now = rng.exponential(gap) * 0.6 + 0.3
    storm = steps / PER_DAY * rng.uniform(0.5, 0.8) if season == "typhoon" else np.inf
    while True:
        first = int(now * PER_DAY)
        length = max(6, int(np.exp(rng.normal(np.log(hours), 0.45)) * PER_HOUR))
        total = float(np.clip(np.exp(rng.normal(np.log(depth), 0.85)), 2.0, 60.0))
        if now < storm <= now + gap:
            first, length, total = int(storm * PER_DAY), 22 * PER_HOUR, float(rng.uniform(90, 140))
            storm = np.inf
        if first + length >= steps:
            return bins, rains
        shape = np.exp(0.9 * wander(rng, length, 1.0, 0.03)) * np.sin(np.linspace(0.15, np.pi - 0.15, length))
        bins[first : first + length] += np.round(total * shape / shape.sum(), 2)
        rains.append((first, first + length, float(bins[first : first + length].sum())))
        now = (first + length) / PER_DAY + rng.exponential(gap)


def temperature(season: Season, rain_mm: np.ndarray, warm: int, rng: np.random.Generator) -> np.ndarray:
    """Water temperature of a middling channel [degC], shape (steps,)."""
    *_, mean, trend = SEASONS[season]
    steps = rain_mm.size
    day = (np.arange(steps) - warm) / PER_DAY
    chill = np.convolve(rain_mm, np.exp(-np.arange(2 * PER_DAY) / PER_DAY), "full")[:steps]
    return mean + trend * day + wander(rng, steps, 0.9, 2.5) - np.minimum(0.05 * chill, 3.0)


def daily(steps: int, warm: int, peak_hour: float) -> np.ndarray:
    """A day's swing between -1 and 1, highest at an hour, shape (steps,); step 0 is `warm` steps before midnight."""
    hour = (np.arange(steps) - warm) / PER_HOUR
    return np.asarray(np.cos(2 * np.pi * (hour - peak_hour) / 24))
