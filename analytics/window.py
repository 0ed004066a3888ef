"""The means of a window: of every determinand over its valid hours.

Hours first, then the window: an hour of dense readings weighs no more than an hour of sparse ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

HOUR_MS = 3_600_000

# Means are cut to this many significant digits before they are graded. It takes away what binary sums add (the mean
# of twenty-four times 0.2 must meet a limit of 0.2), far below what any instrument resolves; it rounds no measurement.
_MEAN_DIGITS = 10


@dataclass(frozen=True, slots=True)
class HourMean:
    """Usable readings of one determinand at one station in one hour.

    Attributes
    ----------
    start_ms : int
        Start of the hour, milliseconds since the epoch, UTC.
    mean : float
        Mean of the usable readings [unit of the determinand].
    count : int
        How many there were.
    provisional : int
        How many of them were suspect.
    """

    start_ms: int
    mean: float
    count: int
    provisional: int = 0


@dataclass(frozen=True, slots=True)
class WindowMean:
    """Mean of one determinand over the valid hours of a window.

    Attributes
    ----------
    mean : float
        [unit of the determinand]
    hours : int
        Valid hours that went into it.
    provisional : bool
        True where suspect readings took part.
    """

    mean: float
    hours: int
    provisional: bool


def hours_between(start_ms: int, end_ms: int) -> int:
    """Hours from start to end, begun ones included."""
    return max(0, -(-(end_ms - start_ms) // HOUR_MS))


def hours_by_station(
    rows: Iterable[tuple[str, str, int, float, int, int]],
) -> dict[str, dict[str, list[HourMean]]]:
    """Sort rows of an hourly summary by station and determinand.

    Parameters
    ----------
    rows : iterable of (station, determinand, start_ms, mean, count, provisional)
    """
    sorted_rows: dict[str, dict[str, list[HourMean]]] = {}
    for station, determinand, start_ms, mean, count, provisional in rows:
        hours = sorted_rows.setdefault(station, {}).setdefault(determinand, [])
        hours.append(HourMean(start_ms, mean, count, provisional))
    return sorted_rows


def window_means(
    hours: Mapping[str, Sequence[HourMean]], start_ms: int, end_ms: int, *, min_hours: int = 1
) -> dict[str, WindowMean]:
    """Mean of the valid hours of each determinand.

    Parameters
    ----------
    hours : mapping of str to sequence of HourMean
        By determinand, any order. An hour is valid if it starts in the window and has a usable reading.
    start_ms, end_ms : int
        Window, start inclusive, end exclusive, milliseconds since the epoch, UTC.
    min_hours : int
        A determinand with fewer valid hours has no mean.

    Raises
    ------
    ValueError
        If `min_hours` is below 1: a mean of nothing is not a number.
    """
    if min_hours < 1:
        raise ValueError(f"min_hours is {min_hours}; at least 1")
    means = {}
    for determinand, all_hours in hours.items():
        valid = [
            hour
            for hour in all_hours
            if start_ms <= hour.start_ms < end_ms and hour.count > 0 and math.isfinite(hour.mean)
        ]
        if len(valid) >= min_hours:
            mean = mean_of([hour.mean for hour in valid])
            means[determinand] = WindowMean(mean, len(valid), any(hour.provisional > 0 for hour in valid))
    return means


def mean_of(values: Sequence[float]) -> float:
    """Arithmetic mean, free of the digits that binary sums add.

    >>> mean_of([0.2] * 24), mean_of([0.1, 0.2])
    (0.2, 0.15)
    """
    return float(f"{math.fsum(values) / len(values):.{_MEAN_DIGITS}g}")
