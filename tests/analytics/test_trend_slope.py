"""Slopes against scipy, against all pairs, and the two ways of finding a rank against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import theilslopes

from analytics.trend_kendall import intervals, score
from analytics.trend_slope import sen_slope


def row(*values: float) -> np.ndarray:
    return np.array([values])


def test_the_slope_is_the_one_of_theil_and_sen() -> None:
    rng = np.random.default_rng(1)
    time, value = np.cumsum(rng.random((1, 60)), axis=1), rng.normal(size=(1, 60)).round(1)
    spread = 1.959964 * math.sqrt(score(value, value).variance)
    slope, low, high = sen_slope(time, value, value, spread)
    theirs = theilslopes(value[0], time[0], alpha=0.95)
    assert slope == pytest.approx(theirs.slope)
    # Theirs rounds the ranks to the nearest, ours outwards.
    assert low == pytest.approx(theirs.low_slope, abs=0.01)
    assert low <= theirs.low_slope
    assert high == pytest.approx(theirs.high_slope, abs=0.01)
    assert high >= theirs.high_slope


def test_an_uneven_line_has_its_own_slope() -> None:
    time = row(0, 1, 2, 3, 50, 51, 100)
    assert sen_slope(time, 2 * time, 2 * time, 0)[0] == pytest.approx(2)


def test_only_values_of_one_season_are_compared() -> None:
    time = np.array([[0.0, 1.0], [0.5, 1.5]])
    value = np.array([[0.0, 1.0], [100.0, 103.0]])
    assert sen_slope(time, value, value, 0)[0] == 2


def test_what_is_below_detection_can_be_anything_down_to_zero() -> None:
    # Slopes of the pairs can be -0.5 to 0.5 (both below 1), 1 to 2 and 2 to 4: [-.5, .5, .5, 1, 1.5, 2] in units below.
    time, value, below = row(0, 2, 4), row(1, 1, 4), np.array([[True, True, False]])
    low, high = np.where(below, 0, value), value
    assert sen_slope(time, low, high, 0)[0] == pytest.approx((0.75 + 1) / 2)


def test_the_slope_is_where_as_many_lie_above_as_below() -> None:
    rng = np.random.default_rng(3)
    time = np.arange(80.0)[None]
    value, below = rng.exponential(1, (1, 80)) + 0.01 * time, rng.random((1, 80)) < 0.3
    low = np.where(below, 0, value)
    slope = sen_slope(time, low, value, 0)[0]
    around = [score(low - b * time, value - b * time).s for b in (slope - 1e-6, slope + 1e-6)]
    assert around[0] >= 0 >= around[1]
    assert around[0] - around[1] <= 2


def test_too_few_pairs_leave_the_interval_open() -> None:
    time = row(0, 1, 2)
    assert sen_slope(time, time, time, 100) == (1, -math.inf, math.inf)
    assert all(math.isnan(bound) for bound in sen_slope(row(0), row(1), row(1), 1))


@pytest.mark.parametrize("kind", ["smooth", "stairs", "censored", "constant", "gaps"])
def test_counting_finds_what_the_list_holds(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    time = np.cumsum(rng.random((2, 50)), axis=1) + 2000
    value = rng.normal(7, 1, (2, 50)) + 0.03 * time
    if kind == "stairs":
        value = value.round()
    if kind == "constant":
        value = np.full((2, 50), 3.0)
    if kind == "gaps":
        value[rng.random((2, 50)) < 0.3] = np.nan
    below = (rng.random((2, 50)) < 0.2) & (kind == "censored")
    low = np.where(below, 0, value)
    spread = 2 * math.sqrt(score(*intervals(value, below)).variance)
    listed = sen_slope(time, low, value, spread)
    monkeypatch.setattr("analytics.trend_slope.ALL_PAIRS", 0)
    assert sen_slope(time, low, value, spread) == pytest.approx(listed, abs=1e-9)
