from __future__ import annotations

import numpy as np
import pytest
from ioos_qc import qartod

from analytics.qc import kernels
from analytics.qc.windows import Reach, Sides, bumps

MINUTE_MS = 60_000
STAMPS = np.arange(60, dtype=np.int64) * 5 * MINUTE_MS
LEAST = np.full(60, 4)


def column(values: object) -> np.ndarray:
    return np.asarray(values, np.float64)[:, None]


def jump_of(values: np.ndarray) -> kernels.Steps:
    heights, reach = column(values), Reach.of(STAMPS, 45 * MINUTE_MS)
    return kernels.steps(heights, reach, Sides.of(heights, reach), LEAST, np.array([0.1]))


def test_both_ends_belong_to_a_range() -> None:
    values = column([0.9, 1.0, 5.0, 9.0, 9.1, np.nan])
    assert kernels.outside(values, np.array([1.0]), np.array([9.0]))[:, 0].tolist() == [True, *[False] * 3, True, False]


def test_the_range_agrees_with_ioos_qc() -> None:
    values = np.random.default_rng(0).normal(5, 3, 500)
    want = np.asarray(qartod.gross_range_test(values, fail_span=(1, 9))) == 4
    np.testing.assert_array_equal(kernels.outside(column(values), np.array([1.0]), np.array([9.0]))[:, 0], want)


def test_the_spike_of_one_sample_agrees_with_ioos_qc() -> None:
    values = 10 + np.random.default_rng(1).normal(0, 0.01, 60)
    values[[10, 25, 40]] += [3, -4, 3]
    up, down = bumps(column(values), Reach.of(STAMPS, 45 * MINUTE_MS))
    want = np.asarray(qartod.spike_test(values, suspect_threshold=2.2, fail_threshold=100)) == 3
    np.testing.assert_array_equal(np.maximum(up, down)[:, 0] > 2.2, want)


def test_a_spike_of_two_samples_is_ours_alone() -> None:
    values = np.full(60, 10.0)
    values[20:22] = 13
    up, _ = bumps(column(values), Reach.of(STAMPS, 45 * MINUTE_MS))
    ours = up[:, 0] > 1.6
    theirs = np.asarray(qartod.spike_test(values, suspect_threshold=1.6, fail_threshold=100)) == 3
    assert ours.nonzero()[0].tolist() == [20, 21]
    assert not theirs.any()


def test_a_constant_stands_still_where_ioos_qc_with_no_tolerance_sees_nothing() -> None:
    values = np.full(60, 10.0)
    since, _ = kernels.run_starts(column(values), STAMPS, np.array([np.nan]), np.array([0]))
    assert (STAMPS - since[:, 0])[-1] == STAMPS[-1]
    flags = qartod.flat_line_test(
        values, STAMPS.astype("datetime64[ms]"), suspect_threshold=3600, fail_threshold=7200, tolerance=0
    )
    assert (np.asarray(flags) == 1).all()


def test_standstill_goes_over_missing_readings_and_from_block_to_block() -> None:
    values = column([1, 2, 2, np.nan, 2, 3])
    stamps = np.arange(6, dtype=np.int64)
    whole, _ = kernels.run_starts(values, stamps, np.array([np.nan]), np.array([0]))
    assert whole[:, 0].tolist() == [0, 1, 1, 1, 1, 5]
    first, last = kernels.run_starts(values[:3], stamps[:3], np.array([np.nan]), np.array([0]))
    second, _ = kernels.run_starts(values[3:], stamps[3:], last, first[-1])
    np.testing.assert_array_equal(np.vstack([first, second]), whole)


def test_codes_of_loggers_are_found_exactly() -> None:
    found = kernels.equals_any(column([-9999, -9998, 7999, 5, np.nan]), np.array([-9999.0, 7999.0]))
    assert found[:, 0].tolist() == [True, False, True, False, False]


def test_a_change_across_missing_readings_is_told_within_the_time() -> None:
    values = column([5, np.nan, np.nan, 8, *[8] * 12])
    across = kernels.changes_across(values, STAMPS[:16], 60 * MINUTE_MS)
    assert across[3, 0] == 3
    assert np.isnan(kernels.changes(values)[3, 0])
    assert np.isnan(kernels.changes_across(values, STAMPS[:16], 10 * MINUTE_MS)[3, 0])


def test_a_jump_that_one_sample_carries_is_told_with_its_sign() -> None:
    for height in (3.0, -3.0):
        values = np.full(60, 5.0)
        values[30:] += height
        found = jump_of(values)
        assert found.gap[30, 0] == pytest.approx(height)
        assert found.share[30, 0] == pytest.approx(1)
        assert np.count_nonzero(found.gap) == 1


def test_a_front_that_takes_its_time_is_no_jump() -> None:
    values = np.interp(np.arange(60), [25, 37], [5, 8])
    assert (jump_of(values).share < 0.5).all()


def test_a_jump_beside_a_gap_is_not_judged() -> None:
    values = np.full(60, 5.0)
    values[30:] = 8
    values[22:30] = np.nan
    assert not jump_of(values).gap.any()


def test_heights_are_logarithms_where_there_is_an_offset() -> None:
    scales = kernels.Scales(np.array([-1.0, 10.0]))
    heights = scales.forward(np.array([[3.0, 0.0], [np.nan, -11.0]]))
    assert heights[0].tolist() == pytest.approx([3.0, np.log(10)])
    assert np.isnan(heights[1]).all()
