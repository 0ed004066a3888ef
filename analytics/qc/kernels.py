"""Tests that look at a window of time only: range, spike, step, change, standstill.

Every function takes rows of all series at once, (T, S), and gives a statistic for each reading; none keeps anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.qc.windows import Floats, Reach, Sides, Times

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scales:
    """On which scale heights are measured: the value, or ln(value + offset) where the offset is not negative."""

    offset: Floats

    def forward(self, values: Floats) -> Floats:
        """Values (T, S) on their scales."""
        log = self.offset >= 0
        result = values.copy()
        if log.any():
            part = values[:, log] + self.offset[log]
            with np.errstate(invalid="ignore", divide="ignore"):
                result[:, log] = np.log(np.where(part > 0, part, np.nan))
        return result


def outside(values: Floats, low: Floats, high: Floats) -> Mask:
    """True where a reading lies below `low` or above `high` (S,); its ends belong to the range."""
    return (values < low) | (values > high)


def equals_any(values: Floats, codes: Floats) -> Mask:
    """True where a reading is one of the codes (n,) that loggers write for 'no value'."""
    found = np.zeros(values.shape, bool)
    if codes.size:
        beyond = (values <= codes[codes < 0].max(initial=-np.inf)) | (values >= codes[codes > 0].min(initial=np.inf))
        if beyond.any():
            found[beyond] = np.isin(values[beyond], codes)
    return found


def changes(heights: Floats) -> Floats:
    """Absolute change from the row before (T, S); NaN in the first row and beside a missing reading."""
    result = np.empty_like(heights)
    result[:1] = np.nan
    np.abs(heights[1:] - heights[:-1], out=result[1:])
    return result


def changes_across(heights: Floats, times_ms: Times, longest_ms: int) -> Floats:
    """Absolute change from the last reading before (T, S), however many are missing between, up to `longest_ms`."""
    result = changes(heights)
    gone = np.isnan(heights)
    after_gap = ~gone
    after_gap[1:] &= gone[:-1]
    after_gap[:1] = False
    for row in np.flatnonzero(after_gap.any(axis=1)).tolist():
        first = int(np.searchsorted(times_ms, times_ms[row] - longest_ms))
        series = np.flatnonzero(after_gap[row])
        for before in range(row - 2, first - 1, -1):
            here = ~gone[before, series]
            found = series[here]
            result[row, found] = np.abs(heights[row, found] - heights[before, found])
            series = series[~here]
            if not series.size:
                break
    return result


@dataclass(frozen=True, slots=True)
class Steps:
    """Jumps that one sample made and that lasted.

    Attributes
    ----------
    gap : (T, S) float
        Distance between all readings of the window before and all of the window from the row on; signed; 0 where the
        two overlap.
    share : (T, S) float
        That distance as a share of the whole range of both windows: near 1 where one sample made the change.
    """

    gap: Floats
    share: Floats


def steps(heights: Floats, reach: Reach, sides: Sides, least: npt.NDArray[np.integer], lowest: Floats) -> Steps:
    """Where a series jumps from one level to another between two samples.

    Water mixes: a front arrives over several samples. A jump that one sample carries whole is the instrument's.

    Parameters
    ----------
    heights : (T, S) float
    reach : Reach
    sides : Sides
        Jumps are told for their rows only.
    least : (T,) int
        Readings that either side must hold.
    lowest : (S,) float
        Smaller gaps are none.
    """
    start, first, ahead = sides.start, sides.first, reach.ahead[sides.start :]
    rows = np.arange(start, len(heights))
    low_before, high_before = sides.low_before, sides.high_before
    low_after, high_after = sides.low_after, sides.high_after
    up, down = low_after - high_before, low_before - high_after
    jumps = (up >= lowest) | (down >= lowest)
    jumps &= ~np.isnan(heights[start:])
    gap, share = np.zeros((2, *heights.shape), heights.dtype)
    for row in np.flatnonzero(jumps.any(axis=1)).tolist():
        series = np.flatnonzero(jumps[row])
        there = ~np.isnan(heights[first[row] : ahead[row] + 1, series])
        split = rows[row] - first[row]
        enough = least[rows[row]]
        series = series[(there[:split].sum(axis=0) >= enough) & (there[split:].sum(axis=0) >= enough)]
        if not series.size:
            continue
        here = np.where(up[row, series] > 0, up[row, series], -down[row, series])
        high = np.fmax(high_before[row, series], high_after[row, series])
        low = np.fmin(low_before[row, series], low_after[row, series])
        gap[rows[row], series] = here
        share[rows[row], series] = np.abs(here) / (high - low)
    return Steps(gap, share)


def run_starts(values: Floats, times_ms: Times, last: Floats, since_ms: Times) -> tuple[Times, Floats]:
    """Since when each series has stood still.

    Parameters
    ----------
    values : (T, S) float
    times_ms : (T,) int
    last : (S,) float
        Reading before the rows; NaN where there was none.
    since_ms : (S,) int
        Since when that reading had stood.

    Returns
    -------
    since_ms : (T, S) int
        Time of the first of the equal readings that reach to the row; a missing reading ends nothing.
    last : (S,) float
        The last reading in the rows, or what was before them.
    """
    if not len(values):
        return np.empty(values.shape, np.int64), last
    held = np.vstack([last[None], values])
    gone = np.isnan(held)
    if gone.any():
        index = np.where(gone, 0, np.arange(len(held))[:, None])
        np.maximum.accumulate(index, axis=0, out=index)
        held = np.take_along_axis(held, index, axis=0)
    changed = held[1:] != held[:-1]
    since = np.where(changed, times_ms[:, None], np.int64(-(2**62)))
    np.maximum(since[0], np.where(changed[0], since[0], since_ms), out=since[0])
    np.maximum.accumulate(since, axis=0, out=since)
    return since, held[-1]
