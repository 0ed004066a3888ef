from __future__ import annotations

import numpy as np
import pytest

from analytics.trend_memory import carry_over, memory_of


def remembering(time: np.ndarray, memory: float, seed: int) -> np.ndarray:
    kept, noise = np.exp(-np.diff(time) / memory), np.random.default_rng(seed).standard_normal(time.size)
    value = noise.copy()
    for i, k in enumerate(kept):
        value[i + 1] = k * value[i] + np.sqrt(1 - k * k) * noise[i + 1]
    return value


def test_the_memory_of_uneven_series_is_found_beside_any_line() -> None:
    rng = np.random.default_rng(1)
    found = []
    for seed in range(30):
        time = np.cumsum(rng.exponential(1, 120))
        found.append(memory_of(time, remembering(time, 2.0, seed) + 0.05 * time + 400))
    assert np.median(found) == pytest.approx(2.0, rel=0.15)


def test_units_do_not_matter() -> None:
    time = np.arange(60.0)
    value = remembering(time, 3.0, 7)
    assert memory_of(time * 1000, value * 50 + 3) == pytest.approx(1000 * memory_of(time, value), rel=1e-3)


@pytest.mark.parametrize("value", [np.zeros(20), np.full(20, 7.1), np.arange(20.0) * 0.3 + 5])
def test_a_line_has_no_memory(value: np.ndarray) -> None:
    assert memory_of(np.arange(20.0), value) == 0


def test_what_alternates_has_none() -> None:
    assert memory_of(np.arange(40.0), np.tile([1.0, -1.0], 20)) == 0


def test_a_cycle_carries_over_what_the_sums_of_adjacent_years_share() -> None:
    kept, months = 0.6, 12
    lags = np.abs(np.subtract.outer(np.arange(24), np.arange(24)))
    covariance = kept**lags
    adjacent = covariance[:12, 12:].sum() / covariance[:12, :12].sum()
    assert carry_over(-1 / np.log(kept), 1.0, months, 30) == pytest.approx(1 + 2 * 27 / 30 * adjacent)


def test_nothing_carries_over_without_memory_or_over_three_cycles() -> None:
    assert carry_over(0.0, 1.0, 12, 30) == 1
    assert carry_over(5.0, 1.0, 12, 3) == 1
