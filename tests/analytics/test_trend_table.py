from __future__ import annotations

import numpy as np
import pytest

from analytics.trend_table import tabulate, tabulate_series


def cells(*rows: tuple[int, float, int, int, bool]):
    time, value, season, cycle, below = (np.array(column) for column in zip(*rows, strict=True))
    return tabulate(time, value.astype(float), season, cycle, below)


def test_one_value_for_each_season_and_cycle() -> None:
    table = cells((40, 4.0, 3, 2021, False), (10, 1.0, 3, 2020, False), (20, 2.0, 5, 2020, True))
    np.testing.assert_array_equal(table.value, [[1, 4], [2, np.nan]])
    np.testing.assert_array_equal(table.time_ms, [[10, 40], [20, np.nan]])
    np.testing.assert_array_equal(table.below, [[False, False], [True, False]])
    assert table.n == 3


@pytest.mark.parametrize(
    ("values", "below", "median", "is_below"),
    [
        ([1, 5, 3], [0, 0, 0], 3, False),
        ([1, 2], [0, 0], 1.5, False),
        ([2, 2, 9], [1, 0, 0], 2, False),  # the one below 2 is the least
        ([2, 2, 1], [1, 1, 0], 2, True),
        ([1, 3], [1, 0], 3, True),  # between anything under 1 and 3
    ],
)
def test_several_values_are_their_median(values, below, median: float, is_below: bool) -> None:
    table = cells(*((i, v, 0, 0, bool(b)) for i, (v, b) in enumerate(zip(values, below, strict=True))))
    assert (table.value.item(), table.below.item()) == (median, is_below)
    assert table.time_ms.item() == (len(values) - 1) / 2


def test_missing_values_are_no_values() -> None:
    table = cells((1, np.nan, 0, 0, False), (2, np.inf, 0, 1, False), (3, 7.0, 0, 2, False))
    assert table.value.tolist() == [[7.0]]


def test_a_series_has_a_cycle_for_each_instant() -> None:
    table = tabulate_series(np.array([5, 1, 5]), np.array([2.0, 9.0, 4.0]), None)
    assert table.value.tolist() == [[9.0, 3.0]]
    times, ranks = table.in_time()
    assert (times.tolist(), ranks.tolist()) == ([1, 5], [0.5, -0.5])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="have shapes"):
        tabulate_series(np.arange(3), np.zeros(2), None)
