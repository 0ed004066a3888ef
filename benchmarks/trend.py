"""How often the trend tests find a trend where there is none, how often where there is one, and whether the interval of
the slope holds the true one: simulated AR(1) series, plain Mann-Kendall beside ours.

    .venv/bin/python benchmarks/trend.py [--quick] [--phi 0.6]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from _common import finish, machine

from analytics.trend import Trend, calendar_months, mann_kendall, prewhitened_kendall, seasonal_kendall

ALPHA = 0.05
DAY_MS = 86_400_000
MONTH_MS = 30.436875 * DAY_MS
START_MS = 946_684_800_000  # 2000-01-01T00:00Z


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of series: when it is sampled, and the test that is meant for it."""

    name: str
    test: str
    months: int
    sampling: str = "monthly"


CASES = (
    Case("seasonal, 5 years", "seasonal", 60),
    Case("seasonal, 10 years", "seasonal", 120),
    Case("seasonal, 20 years", "seasonal", 240),
    Case("seasonal, 40 years", "seasonal", 480),
    Case("seasonal, 20 years, 30 % missing", "seasonal", 240, "gaps"),
    Case("single, 40 values", "single", 40),
    Case("single, 100 values", "single", 100),
    Case("single, 200 values", "single", 200),
    Case("single, 100 values, 30 % missing", "single", 143, "gaps"),
    Case("single, 100 values at random times", "single", 100, "random"),
    Case("single, 100 values, weekly from the middle on", "single", 40, "denser"),
)


def times(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Instants of a series [ms]."""
    if case.sampling == "random":
        steps = np.cumsum(rng.exponential(1, case.months))
    elif case.sampling == "denser":
        steps = np.concatenate([np.arange(20), 20 + np.arange(80) / 4])
    else:
        steps = np.arange(case.months, dtype=np.float64)
        if case.sampling == "gaps":
            steps = steps[rng.random(steps.size) > 0.3]
    return (START_MS + 14 * DAY_MS + steps * MONTH_MS).astype(np.int64)


def series(time_ms: np.ndarray, phi: float, rng: np.random.Generator) -> np.ndarray:
    """AR(1) of `phi` from month to month, sampled at the given instants."""
    kept = phi ** (np.diff(time_ms) / MONTH_MS)
    noise = rng.standard_normal(time_ms.size)
    value = np.empty(time_ms.size)
    value[0] = noise[0]
    for i, k in enumerate(kept):
        value[i + 1] = k * value[i] + np.sqrt(1 - k * k) * noise[i + 1]
    return value


def seasonal(time_ms: np.ndarray, value: np.ndarray) -> Trend | None:
    return seasonal_kendall(time_ms, value, *calendar_months(time_ms))


TESTS: dict[str, Callable[[np.ndarray, np.ndarray], Trend | None]] = {
    "seasonal": seasonal,
    "single": prewhitened_kendall,
}


def trial(case: Case, phi: float, seed: int) -> tuple[bool, bool, bool, bool]:
    """One series: found by plain Mann-Kendall, by ours, by ours where there is a trend; true slope in the interval."""
    rng = np.random.default_rng([seed, len(case.name), case.months])
    time_ms = times(case, rng)
    value = series(time_ms, phi, rng)
    plain, ours = mann_kendall(time_ms, value), TESTS[case.test](time_ms, value)
    # A slope that an exact test with known memory would find about six times out of ten.
    years = (time_ms - time_ms[0]) / (12 * MONTH_MS)
    slope = 2.3 * np.sqrt(12 / value.size) / np.ptp(years) * np.sqrt((1 + phi) / (1 - phi))
    sloped = TESTS[case.test](time_ms, value + slope * years)
    assert plain is not None
    assert ours is not None
    assert sloped is not None
    inside = ours.slope_low <= 0 <= ours.slope_high
    return plain.p_value <= ALPHA, ours.p_value <= ALPHA, sloped.p_value <= ALPHA, inside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="250 series of each kind instead of 2000")
    parser.add_argument("--phi", type=float, default=0.6, help="autocorrelation from month to month")
    given = parser.parse_args()
    trials = 250 if given.quick else 2000
    print(f"machine: {machine()}; load before: {os.getloadavg()[0]:.2f}")
    print(f"AR(1) of {given.phi}, {trials} series each, nominal {ALPHA:.0%}; "
          f"standard error of a rate of 5 %: {np.sqrt(0.05 * 0.95 / trials):.1%}")  # fmt: skip
    print(f"{'':46}  false trends          true trends  true slope in")
    print(f"{'':46}  plain MK      ours    found        its 95 % interval")
    figures: dict[str, Any] = {"phi": given.phi, "nominal": ALPHA, "trials": trials}
    rates: dict[str, np.ndarray] = {}
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for case in CASES:
            found = np.array(list(pool.map(partial(trial, case, given.phi), range(trials), chunksize=50)))
            rates[case.name] = plain, ours, power, inside = found.mean(axis=0)
            print(f"{case.name:46}  {plain:8.1%}  {ours:8.1%}    {power:6.1%}       {inside:6.1%}", flush=True)
    ours_of = {kind: [rates[c.name][1] for c in CASES if c.test == kind] for kind in TESTS}
    figures["plain_mann_kendall"] = round(float(rates["single, 100 values"][0]), 4)
    for kind, found in ours_of.items():
        figures[f"{kind}_false_rate"] = round(float(np.mean(found)), 4)
        figures[f"{kind}_false_rate_range"] = [round(float(min(found)), 4), round(float(max(found)), 4)]
    finish(figures)


if __name__ == "__main__":
    main()
