"""From values at any instants to a table of seasons and cycles with one value in each: what the trend tests compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.trend_kendall import Flags, Floats, intervals, row_scores

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """One value per season and cycle.

    Attributes
    ----------
    time_ms : ndarray, (seasons, cycles)
        Milliseconds since the epoch, UTC; NaN where there is no value.
    value : ndarray, (seasons, cycles)
        Measured value, or detection limit where `below`; NaN where there is no value.
    below : ndarray of bool, (seasons, cycles)
    """

    time_ms: Floats
    value: Floats
    below: Flags

    @property
    def n(self) -> int:
        """Number of values."""
        return int(np.isfinite(self.value).sum())

    def in_time(self) -> tuple[Floats, Floats]:
        """Times [ms], rising, and ranks within the season (-1 to 1) of all values: a series without seasons."""
        low, high = intervals(self.value, self.below)
        ranks = np.array([row_scores(*row) for row in zip(low, high, strict=True)]) / self.value.shape[1]
        there = np.isfinite(self.value)
        times, which = np.unique(self.time_ms[there], return_inverse=True)
        return times, np.bincount(which, ranks[there]) / np.bincount(which)


def tabulate(time_ms: Integers, value: Floats, season: Integers, cycle: Integers, below: Flags | None) -> Table:
    """Put values into a table; see `analytics.trend.seasonal_kendall` for what several of one season count as.

    Parameters
    ----------
    time_ms, value, season, cycle, below : ndarray, (n,)
        `value` is NaN or infinite where there is none.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    flags = np.zeros(value.shape, np.bool_) if below is None else below
    if not time_ms.shape == value.shape == season.shape == cycle.shape == flags.shape:
        shapes = ", ".join(str(a.shape) for a in (time_ms, value, season, cycle, flags))
        raise ValueError(f"time_ms, value, season, cycle and below have shapes {shapes}")
    there = np.isfinite(value)
    time, value, flags = time_ms[there].astype(np.float64), value[there], flags[there]
    seasons, row = np.unique(season[there], return_inverse=True)
    cycles, column = np.unique(cycle[there], return_inverse=True)
    cell = row * cycles.size + column
    order = np.lexsort((~flags, value, cell))  # of equal numbers the one below detection is less
    cells, first, count = np.unique(cell[order], return_index=True, return_counts=True)
    lower, upper = order[first + (count - 1) // 2], order[first + count // 2]
    middle_below = flags[lower] | flags[upper]
    middle = np.where(middle_below, value[upper], (value[lower] + value[upper]) / 2)
    shape = (seasons.size, cycles.size)
    table = Table(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.bool_))
    table.time_ms.flat[cells] = np.bincount(cell, time - _origin(time))[cells] / count + _origin(time)
    table.value.flat[cells] = middle
    table.below.flat[cells] = middle_below
    return table


def tabulate_series(time_ms: Integers, value: Floats, below: Flags | None) -> Table:
    """Table of one season, in which every instant is a cycle."""
    return tabulate(time_ms, value, np.zeros(time_ms.shape, np.int64), time_ms, below)


def _origin(time: Floats) -> float:
    """An instant near the values, from which sums of times keep their digits."""
    return float(time[0]) if time.size else 0.0
