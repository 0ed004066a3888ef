from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from analytics.trend_daniel import WP, critical_values, daniel


def test_the_coefficient_is_spearman_s() -> None:
    values = np.random.default_rng(1).normal(size=14)
    found = daniel(values)
    assert found is not None
    assert found.rs == pytest.approx(spearmanr(np.arange(14), values).statistic)
    assert (found.n, found.wp, found.wp_strict) == (14, 0.456, 0.645)


def test_it_must_exceed_the_critical_value() -> None:
    at_limit = np.array([1, 2, 3, 5, 4.0])  # rs = 0.9 = Wp
    assert daniel(at_limit).direction == "none"  # type: ignore[union-attr]
    assert daniel(np.arange(5.0)).direction == "rising"  # type: ignore[union-attr]
    assert daniel(-np.arange(5.0)).direction == "falling"  # type: ignore[union-attr]


def test_equal_values_share_their_mean_rank_and_the_formula_stays() -> None:
    found = daniel(np.array([1, 1, 2, 3, 4.0]))
    assert found is not None
    assert found.rs == pytest.approx(1 - 6 * 0.5 / 120)


def test_four_periods_are_too_few_and_gaps_are_no_periods() -> None:
    assert daniel(np.arange(4.0)) is None
    assert daniel(np.array([1, np.nan, 2, 3, 4])) is None
    assert daniel(np.array([1, np.nan, 2, 3, 4, 5])).n == 5  # type: ignore[union-attr]


def test_numbers_between_the_rows_take_the_stricter_one() -> None:
    assert critical_values(11) == WP[10]
    assert critical_values(29) == WP[28]


def test_beyond_the_table_it_goes_on_smoothly() -> None:
    assert critical_values(31) == pytest.approx((0.300, 0.425), abs=0.001)
    assert all(a > b for a, b in zip(WP[30], critical_values(31), strict=True))
    with pytest.raises(ValueError, match="at least 5"):
        critical_values(4)


def test_the_table_agrees_with_the_normal_approximation_at_its_end() -> None:
    assert WP[30] == pytest.approx((1.645 / 29**0.5, 2.326 / 29**0.5), abs=0.001)
