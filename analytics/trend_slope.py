"""Sen's slope within seasons on real time stamps, with its confidence interval; values below detection allowed.

Of two values of one season, whose intervals are ``[low, high]``, the later one lies above a line of slope b through
the earlier one while b is less than ``A = (low_j - high_i) / (t_j - t_i)`` and below it while b is more than
``B = (high_j - low_i) / (t_j - t_i)``; for measured values A = B. The slope at which as many pairs lie above as below
is the median of all A and B together (Akritas, Murphy and LaValley 1995, The Theil-Sen estimator with doubly censored
data, JASA 90; without censoring it is Sen 1968, JASA 63), and its confidence limits are the values at which the score
reaches plus and minus C (Gilbert 1987, Statistical methods for environmental pollution monitoring, section 16.5).

Up to `ALL_PAIRS` pairs all slopes are written down (32 MB at most). Beyond, the slope of a rank is found by counting
pairs in O(n log n) and narrowing the bracket to twelve digits: memory stays proportional to n.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.trend_kendall import Floats, rising_pairs

#: Pairs up to which every slope is written down.
ALL_PAIRS = 2_000_000

_DIGITS = 1e-12
_STEPS = 200  # halvings that a bracket of doubles can need, and more


def sen_slope(time: Floats, low: Floats, high: Floats, spread: float) -> tuple[float, float, float]:
    """Slope, and the limits at which the score is `spread`.

    Parameters
    ----------
    time : ndarray, (seasons, cycles)
        Rising along a row, any unit.
    low, high : ndarray, (seasons, cycles)
        Finite; equal where measured. NaN where there is no value.
    spread : float
        Largest score that chance explains, C.

    Returns
    -------
    slope, slope_low, slope_high : float
        [unit of the value per unit of time]; infinite limits where there are too few pairs for them, NaN without any.
    """
    rows = [(t[there], lo[there], hi[there]) for t, lo, hi, there in zip(time, low, high, ~np.isnan(high), strict=True)]
    pairs = sum(t.size * (t.size - 1) // 2 for t, _, _ in rows)
    if pairs == 0:
        return math.nan, math.nan, math.nan
    # Ranks, from 1, in the list of the 2 * pairs values A and B: its middle two, and both limits.
    ranks = [pairs, pairs + 1, math.floor(pairs - spread), math.ceil(pairs + spread) + 1]
    inside = [min(max(rank, 1), 2 * pairs) for rank in ranks]
    slopes = _written(rows, inside) if pairs <= ALL_PAIRS else _counted(time, low, high, pairs, inside)
    return (
        (slopes[0] + slopes[1]) / 2,
        slopes[2] if ranks[2] >= 1 else -math.inf,
        slopes[3] if ranks[3] <= 2 * pairs else math.inf,
    )


def _written(rows: Sequence[tuple[Floats, Floats, Floats]], ranks: Sequence[int]) -> list[float]:
    """Slopes of the given ranks, from the list of all of them."""
    slopes: list[NDArray[np.float64]] = []
    for time, low, high in rows:
        i, j = np.triu_indices(time.size, 1)
        span = time[j] - time[i]
        slopes += [(low[j] - high[i]) / span, (high[j] - low[i]) / span]
    positions = [rank - 1 for rank in ranks]
    ordered = np.partition(np.concatenate(slopes), sorted(set(positions)))
    return [float(ordered[position]) for position in positions]


def _counted(time: Floats, low: Floats, high: Floats, pairs: int, ranks: Sequence[int]) -> list[float]:
    """Slopes of the given ranks, by counting how many lie under a guess."""
    # Differences of residuals lose digits where times or values are far from zero.
    time, level = time - np.nanmean(time), float(np.nanmean(high))
    low, high = low - level, high - level

    def under(slope: float) -> int:
        """How many of all A and B are at most `slope` (A) or less (B)."""
        fall_low, fall_high = low - slope * time, high - slope * time
        above = rising_pairs(fall_low, fall_high)
        return pairs - above + rising_pairs(fall_low[:, ::-1], fall_high[:, ::-1])

    seen: dict[float, int] = {}
    start = _some(time, low, high)
    scale = float(np.subtract(*np.quantile(start, [0.75, 0.25]))) or float(np.abs(start).max()) or 1.0
    for guess in np.quantile(start, [0.25, 0.5, 0.75]).tolist():
        seen[guess] = under(guess)
    slopes = []
    for rank in ranks:
        reach = scale
        while min(seen.values()) >= rank:
            seen[min(seen) - reach] = under(min(seen) - reach)
            reach *= 4
        reach = scale
        while max(seen.values()) < rank:
            seen[max(seen) + reach] = under(max(seen) + reach)
            reach *= 4
        slopes.append(_narrowed(seen, under, rank, scale))
    return slopes


def _narrowed(seen: dict[float, int], under: Callable[[float], int], rank: int, scale: float) -> float:
    """Smallest slope under which there are `rank` of them, to `_DIGITS`; `seen` is shared between ranks."""
    left = max(slope for slope, count in seen.items() if count < rank)
    right = min(slope for slope, count in seen.items() if count >= rank)
    for step in range(_STEPS):
        if right - left <= _DIGITS * max(abs(left), abs(right), scale):
            break
        share = (rank - seen[left]) / (seen[right] - seen[left])
        # Every other step halves: counts of few different values are stairs, on which interpolation would creep.
        guess = left + (right - left) * (min(max(share, 0.01), 0.99) if step % 2 == 0 else 0.5)
        seen[guess] = under(guess)
        left, right = (guess, right) if seen[guess] < rank else (left, guess)
    return right


def _some(time: Floats, low: Floats, high: Floats) -> Floats:
    """Slopes between values half a series apart: where to begin."""
    half = max(1, time.shape[1] // 2)
    span = time[:, half:] - time[:, :-half]
    slopes = ((low + high)[:, half:] - (low + high)[:, :-half]) / (2 * span)
    found: Floats = slopes[np.isfinite(slopes)]
    return found if found.size else np.zeros(1)
