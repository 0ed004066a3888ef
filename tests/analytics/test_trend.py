"""The trend tests: what they say, what they agree with, and how often they are wrong."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pymannkendall
import pytest

from analytics import trend, trend_daniel
from analytics.trend import YEAR_MS, calendar_months, mann_kendall, prewhitened_kendall, seasonal_kendall

DAY_MS = 86_400_000


def months(years: int) -> np.ndarray:
    """The 15th of each month from 2010 on."""
    firsts = np.datetime64("2010-01", "M") + np.arange(12 * years)
    return firsts.astype("datetime64[ms]").astype(np.int64) + 14 * DAY_MS


def seasonal(time_ms: np.ndarray, value: np.ndarray, below: np.ndarray | None = None, confidence: float = 0.95):
    found = seasonal_kendall(time_ms, value, *calendar_months(time_ms), below=below, confidence=confidence)
    assert found is not None
    return found


def ar1(n: int, phi: float, rng: np.random.Generator) -> np.ndarray:
    value = np.empty(n)
    value[0], noise = rng.standard_normal(), rng.standard_normal(n)
    for i in range(1, n):
        value[i] = phi * value[i - 1] + math.sqrt(1 - phi * phi) * noise[i]
    return value


def test_months_and_years_are_those_of_local_time() -> None:
    new_year = int(np.datetime64("2024-12-31T16:00", "ms").astype(np.int64))  # midnight in China
    times = np.array([new_year - 1, new_year])
    assert [a.tolist() for a in calendar_months(times, 8 * 3_600_000)] == [[11, 0], [2024, 2025]]
    assert [a.tolist() for a in calendar_months(np.array([-1]))] == [[11], [1969]]


@pytest.mark.parametrize("seed", [1, 2])
def test_seasonal_score_variance_and_slope_agree_with_pymannkendall(seed: int) -> None:
    value = np.random.default_rng(seed).normal(5, 1, 240).round(1)  # with ties
    theirs = pymannkendall.correlated_seasonal_test(value)
    ours = seasonal(months(20), value)
    assert (ours.s, ours.tau) == (theirs.s, pytest.approx(theirs.Tau))
    assert ours.memory_ms == 0  # so that nothing is carried over, and the variance is that of the paper
    assert ours.variance == pytest.approx(theirs.var_s)
    assert ours.slope == pytest.approx(theirs.slope, rel=0.01, abs=1e-4)  # their years are all equally long


def test_plain_mann_kendall_agrees_with_pymannkendall() -> None:
    value = np.random.default_rng(3).normal(5, 1, 90).round(1) + np.arange(90) * 0.004
    theirs = pymannkendall.original_test(value)
    ours = mann_kendall(np.arange(90) * YEAR_MS, value)
    assert ours is not None
    assert (ours.s, ours.variance) == (theirs.s, pytest.approx(theirs.var_s))
    assert (ours.z, ours.p_value) == (pytest.approx(theirs.z), pytest.approx(theirs.p))
    assert ours.slope == pytest.approx(theirs.slope)


def test_real_time_stamps_give_the_true_slope() -> None:
    """Half of the record every 15 days, half yearly: by order instead of by time the slope is several times off."""
    time_ms = np.concatenate([np.arange(40) * 15, 600 + np.arange(40) * 365]) * DAY_MS
    value = 3 - 0.25 * time_ms / YEAR_MS
    for test in (mann_kendall, prewhitened_kendall):
        found = test(time_ms, value)
        assert found is not None
        assert found.slope == pytest.approx(-0.25, abs=1e-9)
        assert found.direction() == "falling"


def test_seasons_neither_hide_a_trend_nor_make_one() -> None:
    time_ms, rng = months(10), np.random.default_rng(4)
    season = 5 * np.sin(np.arange(120) * math.tau / 12) + rng.normal(0, 0.3, 120)
    risen = seasonal(time_ms, season + 0.1 * time_ms / YEAR_MS)
    assert risen.direction() == "rising"
    assert risen.slope_low < 0.1 < risen.slope_high
    assert risen.slope_low > 0
    level = seasonal(time_ms, season)
    assert level.direction() == "none"
    assert level.slope_low < 0 < level.slope_high


def test_order_of_the_rows_and_gaps_do_not_matter() -> None:
    time_ms, rng = months(9), np.random.default_rng(5)
    value = rng.normal(size=time_ms.size)
    kept = rng.random(time_ms.size) > 0.3
    shuffled = rng.permutation(np.flatnonzero(kept))
    assert seasonal(time_ms[shuffled], value[shuffled]) == seasonal(time_ms, np.where(kept, value, np.nan))


def test_below_detection_values_take_part() -> None:
    time_ms, rng = months(12), np.random.default_rng(6)
    value = rng.normal(2, 0.3, time_ms.size) - 0.1 * (time_ms - time_ms[0]) / YEAR_MS
    limit = np.where(np.arange(time_ms.size) < 72, 1.5, 0.9)  # the laboratory got better
    below = value < limit
    found = seasonal(time_ms, np.where(below, limit, value), below)
    assert 30 < found.below < 60
    assert found.direction() == "falling"
    assert found.slope == pytest.approx(-0.1, rel=0.15)


def test_a_better_laboratory_is_no_trend() -> None:
    time_ms, rng = months(12), np.random.default_rng(6)
    value, limit = rng.normal(1, 0.3, time_ms.size), np.where(np.arange(time_ms.size) < 72, 1.2, 0.6)
    below = value < limit
    shown = np.where(below, limit, value)
    assert seasonal(time_ms, shown, below).direction() == "none"
    assert seasonal(time_ms, shown).direction() == "falling"  # the falling limit taken for falling values


def test_all_below_detection_is_no_trend() -> None:
    time_ms = months(8)
    found = seasonal(time_ms, np.where(np.arange(96) < 48, 0.05, 0.01), np.ones(96, bool))
    assert (found.s, found.p_value, found.direction()) == (0, 1, "none")
    assert found.slope_low <= 0 <= found.slope_high


@pytest.mark.parametrize("test", [mann_kendall, prewhitened_kendall])
@pytest.mark.parametrize("n", [30, 11])
def test_a_constant_series_is_no_trend(test, n: int) -> None:
    found = test(np.arange(n) * YEAR_MS, np.full(n, 7.0))
    assert (found.s, found.p_value, found.slope, found.slope_low, found.slope_high) == (0, 1, 0, 0, 0)


def test_a_narrower_confidence_gives_a_narrower_interval() -> None:
    value = np.random.default_rng(7).normal(size=120)
    wide, narrow = seasonal(months(10), value), seasonal(months(10), value, confidence=0.8)
    assert wide.slope_low < narrow.slope_low < narrow.slope_high < wide.slope_high
    assert (wide.p_value, wide.slope) == (narrow.p_value, narrow.slope)


def test_too_little_is_said_to_be_too_little() -> None:
    four = months(4)
    assert seasonal_kendall(four, np.arange(48.0), *calendar_months(four)) is None
    assert mann_kendall(four[:4], np.arange(4.0)) is None
    assert mann_kendall(four[:5], np.arange(5.0)) is not None
    assert prewhitened_kendall(four[:9], np.arange(9.0)) is None
    assert prewhitened_kendall(four[:10], np.arange(10.0)) is not None
    lonely = np.arange(12)  # every season once
    assert seasonal_kendall(four[:12], np.arange(12.0), lonely, lonely) is None
    assert seasonal_kendall(four[:0], np.zeros(0), lonely[:0], lonely[:0]) is None


def test_five_years_can_show_a_trend_and_no_fewer_years_do() -> None:
    found = seasonal(months(5), np.arange(60.0) + 3 * np.sin(np.arange(60)))
    assert found.direction() == "rising"
    assert found.p_value > 1 / 120  # 120 orders of five years


def test_an_added_level_and_a_unit_change_only_what_they_must() -> None:
    value, time_ms = np.random.default_rng(8).normal(size=60).cumsum(), months(5)
    first, other = prewhitened_kendall(time_ms, value), prewhitened_kendall(time_ms, 1000 * value + 5)
    assert first is not None
    assert other is not None
    assert other.p_value == pytest.approx(first.p_value)
    assert other.slope == pytest.approx(1000 * first.slope, rel=1e-3)


@pytest.mark.parametrize("kind", ["seasonal", "single", "uneven"])
def test_rivers_remember_and_that_is_no_trend(kind: str) -> None:
    """A small version of benchmarks/trend.py: AR(1) of 0.6, nominal 5 %, 100 series."""
    rng = np.random.default_rng(9)
    ours = plain = 0
    for _ in range(100):
        time_ms, value = months(10), ar1(120, 0.6, rng)
        if kind == "uneven":
            kept = rng.random(120) < np.where(np.arange(120) < 60, 1, 0.5)
            time_ms, value = time_ms[kept], value[kept]
        test = seasonal if kind == "seasonal" else prewhitened_kendall
        ours += test(time_ms, value).direction() != "none"
        plain += mann_kendall(time_ms, value).direction() != "none"  # type: ignore[union-attr]
    assert ours <= 10
    assert plain >= 18


@pytest.mark.parametrize("module", [trend, trend_daniel])
def test_examples_in_docstrings(module) -> None:
    result = doctest.testmod(module)
    assert (result.attempted > 0, result.failed) == (True, 0)
