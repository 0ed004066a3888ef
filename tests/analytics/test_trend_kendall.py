"""Counts and variances against brute force and against other people's programs."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau

from analytics.trend_kendall import count_pairs, exact_tail, intervals, rising_pairs, row_scores, score


def brute(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Signs of all pairs: [season, i, j] is 1 where cycle j is above cycle i, -1 where below."""
    above = low[:, None, :] > high[:, :, None]
    return above.astype(int) - above.transpose(0, 2, 1).astype(int)


def table(seed: int, seasons: int, cycles: int) -> tuple[np.ndarray, np.ndarray]:
    """Ties, gaps, and several detection limits."""
    rng = np.random.default_rng(seed)
    value = rng.integers(0, 8, (seasons, cycles)) / 4
    below = rng.random(value.shape) < 0.25
    return intervals(np.where(rng.random(value.shape) < 0.2, np.nan, value), below)


def test_pairs_are_counted_as_by_hand() -> None:
    key = np.array([[1.0, 2.0, 2.0, 3.0, 0.5]])
    source = np.array([[True, False, True, False, False]])
    assert count_pairs(key, source).tolist() == [3]  # 1 < 2, 1 < 3, 2 < 3; the last query is below all


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 100])
def test_pairs_are_counted_as_by_brute_force(n: int) -> None:
    rng = np.random.default_rng(n)
    key, source = rng.integers(0, 6, (4, n)).astype(float), rng.random((4, n)) < 0.5
    key[0, 0], source[0, 0] = np.inf, True
    later = np.triu(np.ones((n, n), bool), 1)
    counted = (source[:, :, None] & ~source[:, None, :] & (key[:, :, None] < key[:, None, :]) & later).sum((1, 2))
    assert count_pairs(key, source).tolist() == counted.tolist()


def test_below_detection_is_less_than_its_limit_and_a_tie_with_what_it_may_be() -> None:
    low, high = intervals(np.array([[0.05, 0.05, 0.03, 0.06]]), np.array([[True, False, False, False]]))
    assert brute(low, high)[0, 0].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(("seasons", "cycles"), [(1, 40), (12, 9), (4, 1), (3, 2)])
def test_score_and_variance_are_those_of_all_pairs(seasons: int, cycles: int) -> None:
    low, high = table(seasons, seasons, cycles)
    signs = brute(low, high)
    upper = np.triu(np.ones((cycles, cycles), int), 1)
    products = np.einsum("gij,hij,ij->", signs, signs, upper)
    rows = signs.sum(axis=(0, 2))
    found = score(low, high)
    assert found.s == (signs * upper).sum()
    assert found.variance == pytest.approx((products + (rows**2).sum()) / 3)
    assert rising_pairs(low, high) == ((signs == 1) * upper).sum()
    assert [row_scores(*row).tolist() for row in zip(low, high, strict=True)] == (-signs.sum(axis=2)).tolist()


def test_the_variance_is_that_of_the_permuted_cycles() -> None:
    low, high = table(5, 3, 6)
    scores = [score(low[:, list(order)], high[:, list(order)]).s for order in permutations(range(6))]
    assert np.mean(scores) == pytest.approx(0)
    assert np.var(scores) == pytest.approx(score(low, high).variance)


def test_many_seasons_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = table(6, 12, 10)
    whole = score(low, high)
    monkeypatch.setattr("analytics.trend_kendall._BLOCK", 1)
    assert score(low, high) == whole


def test_the_exact_tail_is_kendall_s_own() -> None:
    value = np.array([[3.0, 1.0, 4.0, 2.0, 6.0, 5.0]])
    s = score(value, value).s
    at_least = kendalltau(np.arange(6), value[0], method="exact").pvalue
    more = kendalltau(np.arange(6), np.array([1, 3, 2, 4, 5, 6]), method="exact")
    assert s == 7
    assert round(more.statistic * 15) == 13
    orders = np.array(list(permutations(range(6))))
    i, j = np.triu_indices(6, 1)
    same = (np.abs(np.sign(orders[:, j] - orders[:, i]).sum(axis=1)) == 7).mean()
    assert exact_tail(value, value, s) == pytest.approx(at_least - same / 2)
