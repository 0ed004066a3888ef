"""Kendall's score and what it is judged by, in O(n log n): counts of pairs, their variance, exact tails.

Every value is an interval ``[low, high]``: a measured one is a point, one below its detection limit L reaches from
minus infinity to just under L. A pair counts as rising only where the later interval lies wholly above the earlier
one (Gehan's score); pairs that cannot be told apart count as ties.

Series stand in rows: one row per season, one column per cycle (a year, as a rule), NaN where there is no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

#: Up to this many cycles the distribution of the score is counted out; beyond, it is close to normal.
EXACT_CYCLES = 7

# Events that are counted at a time: bounds the memory, whatever the number of seasons.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Score:
    """Kendall's score of a table of seasons and cycles.

    Attributes
    ----------
    s : int
        Rising minus falling pairs, each pair within one season.
    pairs : int
        Pairs of values within a season.
    variance : float
        Variance of `s` if the cycles were shuffled as wholes: the covariance between seasons is in it.
    """

    s: int
    pairs: int
    variance: float


def intervals(value: Floats, below: Flags) -> tuple[Floats, Floats]:
    """Lowest and highest that each value can be, for comparisons: ``<L`` is less than a measured L.

    Parameters
    ----------
    value : ndarray, any shape
        Measured value, or detection limit where `below`; NaN where there is none.
    below : ndarray of bool, same shape
    """
    return np.where(below, -np.inf, value), np.where(below, np.nextafter(value, -np.inf), value)


def score(low: Floats, high: Floats) -> Score:
    """Score of a table and its variance.

    Parameters
    ----------
    low, high : ndarray, (seasons, cycles)
        See `intervals`; NaN where there is no value.

    Notes
    -----
    Covariance of two seasons g and h, ``(K_gh + sum_i r_ig r_ih) / 3``: K_gh is the sum over pairs of cycles of the
    product of their signs, r_ig the sum of the signs of cycle i against all others. With midranks this is equation 13
    of Hirsch and Slack (1984), A nonparametric trend test for seasonal data with serial dependence, Water Resources
    Research 20(6), with the missing values of their equation 14. Written with signs it holds for ties and values
    below detection as well: the sum over all g and h is the exact variance of the score under permutations of the
    cycles.
    """
    rising, falling = _rising(low, high), _rising(low[:, ::-1], high[:, ::-1])
    concordant = int((rising + falling).sum()) + 2 * _between_seasons(low, high)
    of_cycle = sum(row_scores(*row) for row in zip(low, high, strict=True))
    counts = np.isfinite(high).sum(axis=1)
    return Score(
        s=int((rising - falling).sum()),
        pairs=int((counts * (counts - 1) // 2).sum()),
        variance=float(concordant + (np.asarray(of_cycle) ** 2).sum()) / 3,
    )


def row_scores(low: Floats, high: Floats) -> Counts:
    """Of each value of a series: how many of the others are lower minus how many are higher; 0 where missing.

    Parameters
    ----------
    low, high : ndarray, (n,)
    """
    there = np.isfinite(high)
    scores = np.zeros(low.size, np.int64)
    lows, highs = np.sort(low[there]), np.sort(high[there])
    lower = np.searchsorted(highs, low[there], side="left")
    higher = lows.size - np.searchsorted(lows, high[there], side="right")
    scores[there] = lower - higher
    return scores


def exact_tail(low: Floats, high: Floats, s: int) -> float:
    """Two-sided mid-p value of a score: share of the orders of the cycles with a larger one, and half of the equal.

    Parameters
    ----------
    low, high : ndarray, (seasons, cycles)
        At most `EXACT_CYCLES` cycles.
    s : int

    Notes
    -----
    Half of the equal ones, because few cycles leave few distinct scores: without it the true rate of false alarms
    stays far below the nominal one.
    """
    rises = (low[:, None, :] > high[:, :, None]).sum(axis=0, dtype=np.int64)  # [i, j]: seasons in which j is above i
    signs = rises - rises.T
    orders = np.array(list(permutations(range(low.shape[1]))))
    earlier, later = np.triu_indices(low.shape[1], 1)
    scores = np.abs(signs[orders[:, earlier], orders[:, later]].sum(axis=1))
    return float((scores > abs(s)).mean() + (scores == abs(s)).mean() / 2)


def count_pairs(key: Floats, source: Flags) -> Counts:
    """Of each row, the pairs of a source and a later query with a greater key.

    Parameters
    ----------
    key : ndarray, (rows, n)
        Sources with an infinite key never count.
    source : ndarray of bool, (rows, n)
        False: a query.

    Returns
    -------
    ndarray of int64, (rows,)

    Notes
    -----
    Merge sort from the top, over all rows and blocks at once: the events are sorted by key once and then divided by
    the bits of their position. In a block that is in order of the keys, the sources of its earlier half that stand
    before a query of its later half are exactly the pairs that this division separates.
    """
    rows, n = key.shape
    width = 1 << max(n - 1, 1).bit_length()
    events = np.empty((rows, width), np.int64)
    events[:, :n] = np.lexsort((source, key), axis=1)  # queries before sources of the same key: greater is strict
    events[:, :n] = events[:, :n] * 2 + np.take_along_axis(source, events[:, :n], axis=1)
    events[:, n:] = np.arange(n, width) * 2 + 1
    counts = np.zeros(rows, np.int64)
    half = width // 2
    while half:
        blocks = events.reshape(-1, 2 * half)
        is_late, is_source = (blocks & (2 * half)) != 0, (blocks & 1) != 0
        before = np.cumsum(is_source & ~is_late, axis=1)
        counts += np.where(is_late & ~is_source, before, 0).reshape(rows, -1).sum(axis=1)
        events = np.concatenate([blocks[~is_late].reshape(-1, half), blocks[is_late].reshape(-1, half)], axis=1)
        half //= 2
    return counts


def rising_pairs(low: Floats, high: Floats) -> int:
    """Pairs within a row whose later interval lies above the earlier one.

    Parameters
    ----------
    low, high : ndarray, (rows, n)
    """
    return int(_rising(low, high).sum())


def _rising(low: Floats, high: Floats) -> Counts:
    """See `rising_pairs`; of each row."""
    rows, n = low.shape
    missing = np.isnan(high)
    key, source = np.empty((rows, 2 * n)), np.empty((rows, 2 * n), np.bool_)
    key[:, 0::2], key[:, 1::2] = np.where(missing, np.inf, low), np.where(missing, np.inf, high)
    source[:, 0::2], source[:, 1::2] = missing, True
    return count_pairs(key, source)


def _between_seasons(low: Floats, high: Floats) -> int:
    """Sum of K_gh over the pairs of different seasons: concordant minus discordant pairs of cycles."""
    seasons, cycles = low.shape
    first, second = np.triu_indices(seasons, 1)
    orders, sources = _orders(low, high)
    total = 0
    step = max(1, _BLOCK // (2 * cycles))
    for start in range(0, first.size, step):
        g, h = first[start : start + step], second[start : start + step]
        order = orders[g]
        cycle, source = order % cycles, sources[g]
        missing = np.isnan(high[g[:, None], cycle]) | np.isnan(high[h[:, None], cycle])
        source = source | missing
        below, above = low[h[:, None], cycle], high[h[:, None], cycle]
        up = np.where(missing, np.inf, np.where(source, above, below))
        down = np.where(missing, np.inf, np.where(source, -below, -above))
        total += int((count_pairs(up, source) - count_pairs(down, source)).sum())
    return total


def _orders(low: Floats, high: Floats) -> tuple[NDArray[np.intp], Flags]:
    """Of each season: its events (queries ``low``, then sources ``high``) in order of their keys."""
    key = np.concatenate([low, high], axis=1)
    source = np.zeros(key.shape, np.bool_)
    source[:, low.shape[1] :] = True
    order = np.lexsort((source, np.where(np.isnan(key), np.inf, key)), axis=1)
    return order, np.take_along_axis(source, order, axis=1)
