from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.qc.windows import CodeSums, Reach, beside, bumps, extreme, period_ms

MINUTE_MS = 60_000


def minutes(*values: float) -> np.ndarray:
    return (np.array(values) * MINUTE_MS).astype(np.int64)


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.fmin, np.fmax]))
def test_an_extreme_is_that_of_its_rows(seed: int, better: np.ufunc) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rng.integers(1, 40), 3))
    values[rng.random(values.shape) < 0.3] = np.nan
    ends = np.sort(rng.integers(0, len(values), (20, 2)), axis=1)
    found = extreme(values, ends[:, 0], ends[:, 1], better)
    for row, (first, last) in enumerate(ends):
        np.testing.assert_array_equal(found[row], better.reduce(values[first : last + 1], axis=0))


def test_the_period_follows_the_steps_before_a_row_and_none_after() -> None:
    stamps = np.concatenate([np.arange(30) * 15, 435 + np.arange(1, 30) * 90]) * MINUTE_MS
    period = period_ms(stamps)
    assert set(period[:30] // MINUTE_MS) == {15}
    assert period[-1] == 90 * MINUTE_MS
    np.testing.assert_array_equal(period_ms(stamps[:40]), period[:40])


def test_a_row_may_always_look_at_the_next_of_an_even_series() -> None:
    assert Reach.of(minutes(0, 90, 180, 270), 45 * MINUTE_MS).ahead.tolist() == [1, 2, 3, 3]


def test_a_row_before_a_gap_looks_at_nothing_beyond_it() -> None:
    reach = Reach.of(minutes(*range(0, 100, 5), 400, 405), 45 * MINUTE_MS)
    assert reach.ahead[19] == 19
    assert reach.back[20] == 20


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_bump_shorter_than_the_reach_stands_out_whole(rows: int) -> None:
    stamps = minutes(*range(0, 300, 15))
    values = np.full((20, 1), 5.0)
    values[8 : 8 + rows] += 2
    up, down = bumps(values, Reach.of(stamps, 45 * MINUTE_MS))
    assert up[8 : 8 + rows, 0].tolist() == [2.0] * rows
    assert np.nansum(up) == 2 * rows
    assert np.nanmax(down) == 0


def test_a_longer_bump_a_slope_and_a_step_stand_out_nowhere() -> None:
    stamps = minutes(*range(0, 600, 15))
    rows = np.arange(40)
    values = np.column_stack([np.where((rows > 8) & (rows < 13), 9.0, 5.0), rows * 0.7, np.where(rows > 20, 9.0, 5.0)])
    up, down = bumps(values, Reach.of(stamps, 45 * MINUTE_MS))
    assert np.nanmax(up) == 0
    assert np.nanmax(down) == 0


def test_a_spike_beside_a_gap_is_not_judged() -> None:
    stamps = minutes(*range(0, 100, 5), *range(400, 500, 5))
    values = np.full((40, 1), 5.0)
    values[19] = 50
    up, _ = bumps(values, Reach.of(stamps, 45 * MINUTE_MS))
    assert np.nanmax(up) == 0


def test_mean_codes_are_exact_over_any_window() -> None:
    rng = np.random.default_rng(0)
    stamps = np.arange(3000, dtype=np.int64) * MINUTE_MS
    codes = rng.integers(-1, 48, (3000, 2)).astype(np.int16)
    found = CodeSums(codes, stamps).mean(slice(2500, 2501), 60 * MINUTE_MS, 30 * MINUTE_MS, 5)[0]
    part = codes[2440:2531]
    want = [column[column >= 0].mean() for column in part.T]
    np.testing.assert_allclose(found, want, rtol=1e-6)


def test_too_few_codes_are_none() -> None:
    codes = np.array([[3], [-1], [4]], np.int16)
    mean = CodeSums(codes, minutes(0, 5, 10)).mean(slice(0, 3), 5 * MINUTE_MS, 5 * MINUTE_MS, 2)
    assert np.isnan(mean[:, 0]).tolist() == [True, False, True]


def test_beside_reaches_one_row_either_way() -> None:
    assert beside(np.array([False, False, True, False, False])).tolist() == [False, True, True, True, False]
