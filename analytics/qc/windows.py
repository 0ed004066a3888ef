"""Windows in time over rows of readings: extremes, opening, closing; the same on even and on uneven time stamps.

Every window is a range of whole rows, ``first[i] .. last[i]`` inclusive, found from the time stamps. Extremes over
ranges are answered from a table of doubled widths (Bender and Farach-Colton, The LCA problem revisited, 2000): two
comparisons a row whatever the width, no sum and so no rounding that would depend on where a block begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Times = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

#: Steps from whose median the sampling period is taken; it follows a logger that is set to another period within half
#: of them.
PERIOD_STEPS = 15

#: A sample this much later than one period still counts as the next one: clocks jitter.
PERIOD_SLACK = 1.1


def period_ms(times_ms: Times) -> Times:
    """Sampling period at each row [ms], from the steps before it and none after it.

    Parameters
    ----------
    times_ms : (T,) int
        Strictly increasing.

    Returns
    -------
    (T,) int
        Median of up to `PERIOD_STEPS` steps that end at the row; the first row has the first step's.
    """
    if len(times_ms) < 2:
        return np.zeros(len(times_ms), np.int64)
    steps = np.diff(times_ms)
    if steps.min() == steps.max():
        return np.full(len(times_ms), steps[0], np.int64)
    begin = [np.sort(steps[:n])[(n - 1) // 2] for n in range(1, min(PERIOD_STEPS, len(steps) + 1))]
    if len(steps) >= PERIOD_STEPS:
        runs = np.lib.stride_tricks.sliding_window_view(steps, PERIOD_STEPS)
        begin.extend(np.partition(runs, PERIOD_STEPS // 2, axis=1)[:, PERIOD_STEPS // 2])
    return np.array([begin[0], *begin], np.int64)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a row may look ahead, and who looks at it.

    Attributes
    ----------
    ahead : (T,) int
        Last row that each row may look at.
    back : (T,) int
        First row that may look at each row.
    """

    ahead: Rows
    back: Rows

    @classmethod
    def of(cls, times_ms: Times, look_ms: int) -> Reach:
        """Windows of `look_ms` [ms], or of one sampling period where that is longer."""
        width = np.maximum(look_ms, (period_ms(times_ms) * PERIOD_SLACK).astype(np.int64))
        ahead = np.searchsorted(times_ms, times_ms + width, side="right") - 1
        ahead = np.maximum.accumulate(ahead) if len(ahead) else ahead
        return cls(ahead, np.searchsorted(ahead, np.arange(len(ahead)), side="left"))


def extreme(values: Floats, first: Rows, last: Rows, better: Callable[..., Floats]) -> Floats:
    """Extreme of the values in rows ``first[i] .. last[i]`` of each series; NaN where none is there.

    Parameters
    ----------
    values : (T, S) float
        NaN where there is no reading.
    first, last : (R,) int
        ``0 <= first <= last < T``.
    better : callable
        `numpy.fmax` or `numpy.fmin`.

    Returns
    -------
    (R, S) float
    """
    width = last - first + 1
    level = np.frexp(width)[1] - 1
    result = np.empty((len(first), values.shape[1]), values.dtype)
    table = values
    for k in range(int(level.max(initial=0)) + 1):
        if k:
            half = 1 << (k - 1)
            table = better(table[:-half], table[half:])
        here = np.flatnonzero(level == k)
        if here.size:
            rows = _span(here)
            result[rows] = better(table[_span(first[here])], table[_span(last[here] - (1 << k) + 1)])
    return result


def _span(rows: Rows) -> Rows | slice:
    """The rows as a slice where they are one run: a slice is not copied."""
    if rows[-1] - rows[0] + 1 == rows.size and (rows.size < 3 or bool((np.diff(rows) == 1).all())):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


@dataclass(frozen=True, slots=True)
class Sides:
    """Extremes of the window before each row, and of the window from it on; all (R, S), for the rows from `start` on.

    Attributes
    ----------
    start : int
    first : (R,) int
        First row of the window before; the window ends with the row before. In row 0 it is the row itself.
    low_before, high_before, low_after, high_after : (R, S) float
    """

    start: int
    first: Rows
    low_before: Floats
    high_before: Floats
    low_after: Floats
    high_after: Floats

    @classmethod
    def of(cls, values: Floats, reach: Reach, start: int = 0) -> Sides:
        """Both windows as wide as the reach, at least the row before."""
        rows = np.arange(start, len(values))
        before = np.maximum(rows - 1, 0)
        first = np.minimum(reach.back[start:], before)
        ahead = reach.ahead[start:]
        return cls(
            start,
            first,
            *(extreme(values, first, before, better) for better in (np.fmin, np.fmax)),
            *(extreme(values, rows, ahead, better) for better in (np.fmin, np.fmax)),
        )


def bumps(values: Floats, reach: Reach, sides: Sides | None = None) -> tuple[Floats, Floats]:
    """How far each value stands above and below everything that lasts longer than the reach.

    The value minus its morphological opening, and its closing minus the value (Serra, Image analysis and mathematical
    morphology, 1982): zero on any slope and on any step, the full height on a bump that rises *and* falls within the
    reach. At the ends of a record and beside gaps, where a slope would pass for half a bump, it is never more than the
    height above (below) either side.

    Parameters
    ----------
    values : (T, S) float
    reach : Reach
    sides : Sides, optional
        Where they are known; bumps are told for their rows only, and are 0 before.

    Returns
    -------
    up, down : (T, S) float
        Never negative; NaN where there is no reading, or none within the reach before.
    """
    sides = sides or Sides.of(values, reach)
    rows = np.arange(len(values))
    lower = extreme(
        extreme(values, rows, reach.ahead, np.fmin), reach.back[sides.start :], rows[sides.start :], np.fmax
    )
    upper = extreme(
        extreme(values, rows, reach.ahead, np.fmax), reach.back[sides.start :], rows[sides.start :], np.fmin
    )
    here = values[sides.start :]
    np.maximum(lower, np.maximum(sides.low_before, sides.low_after), out=lower)
    np.minimum(upper, np.minimum(sides.high_before, sides.high_after), out=upper)
    lonely = reach.back[sides.start :] == rows[sides.start :]
    up, down = np.zeros((2, *values.shape), values.dtype)
    np.maximum(here - lower, 0, out=up[sides.start :])
    np.maximum(upper - here, 0, out=down[sides.start :])
    up[sides.start :][lonely], down[sides.start :][lonely] = np.nan, np.nan
    return up, down


class CodeSums:
    """Running sums of whole-number codes, from which means over any window are taken exactly.

    Number and sum share one 32-bit word, which may run over: differences stay right while a window holds fewer than
    2^15 rows and its codes sum to less than 2^16.

    Parameters
    ----------
    codes : (T, S) int
        Negative where there is none.
    times_ms : (T,) int
    """

    def __init__(self, codes: npt.NDArray[np.int16], times_ms: Times) -> None:
        self.times_ms = times_ms
        words = codes.astype(np.int32)
        words += np.int32(1 << 16)
        words[codes < 0] = 0
        self.total = np.zeros((len(codes) + 1, codes.shape[1]), np.int32)
        np.cumsum(words, axis=0, dtype=np.int32, out=self.total[1:])

    def mean(self, rows: slice, before_ms: int, after_ms: int, least: int) -> Floats:
        """Mean code (R, S) over a window in time about each of some rows; NaN with fewer than `least` codes."""
        stamps = self.times_ms[rows]
        first = np.searchsorted(self.times_ms, stamps - before_ms)
        last = np.searchsorted(self.times_ms, stamps + after_ms, side="right")
        words = self.total[last]
        words -= self.total[first]
        count = words >> 16
        words &= 0xFFFF
        mean = words.astype(np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean /= count
        mean[count < least] = np.nan
        return mean


def beside(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """True in rows that are marked, and in the rows right beside them (T, ...)."""
    result = mask.copy()
    result[1:] |= mask[:-1]
    result[:-1] |= mask[1:]
    return result
