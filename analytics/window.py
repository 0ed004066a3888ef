"""The means of a window: of every determinand over its valid hours.

Hours first, then the window: an hour of dense readings weighs no more than an hour of sparse ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sensors.durations import HOUR_MS
from sensors.reading import USABLE_QUALITIES, Quality, Reading, StationState

#: Means are cut to this many significant digits before they are graded. It takes away what binary sums add (the mean
#: of twenty-four times 0.2 must meet a limit of 0.2), far below what any instrument resolves; it rounds no measurement.
MEAN_DIGITS = 10


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
    without_suspect : float or None
        Mean of those that were not suspect; None where all were, or where it was not kept.
    """

    start_ms: int
    mean: float
    count: int
    provisional: int = 0
    without_suspect: float | None = None


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


def usable(reading: Reading) -> bool:
    """Whether a reading takes part in grading: it has a value, its quality is 1, 2 or 3, its station ran normally."""
    return (
        reading.value is not None
        and math.isfinite(reading.value)
        and reading.quality in USABLE_QUALITIES
        and reading.state is StationState.NORMAL
    )


def hours_of(readings: Iterable[Reading]) -> dict[str, dict[str, list[HourMean]]]:
    """Hourly means of readings, by station and determinand, each with what remains without the suspect ones.

    Parameters
    ----------
    readings : iterable of Reading
        Any order, each station, determinand and instant once; those that are not `usable` are passed over.
    """
    values: dict[tuple[str, str, int], list[tuple[float, bool]]] = {}
    for reading in readings:
        if usable(reading) and reading.value is not None:
            key = (reading.station, reading.determinand, reading.time_ms // HOUR_MS * HOUR_MS)
            values.setdefault(key, []).append((reading.value, reading.quality is Quality.SUSPECT))
    hours: dict[str, dict[str, list[HourMean]]] = {}
    for (station, determinand, start_ms), pairs in sorted(values.items()):
        sound = [value for value, suspect in pairs if not suspect]
        mean = HourMean(
            start_ms,
            mean_of([value for value, _ in pairs]),
            len(pairs),
            len(pairs) - len(sound),
            mean_of(sound) if sound else None,
        )
        hours.setdefault(station, {}).setdefault(determinand, []).append(mean)
    return hours


def hours_in_state(readings: Iterable[Reading]) -> dict[str, dict[StationState, int]]:
    """Hours that a station spent in a state in which it is not graded: maintenance, calibration, stopped, ...

    Parameters
    ----------
    readings : iterable of Reading
        Any order.

    Returns
    -------
    dict of str to (dict of StationState to int)
        By station. An hour with a reading in the normal state is not counted; of several other states in one hour the
        last counts.
    """
    last: dict[tuple[str, int], tuple[bool, int, StationState]] = {}
    for reading in readings:
        key = (reading.station, reading.time_ms // HOUR_MS)
        seen = (reading.state is StationState.NORMAL, reading.time_ms, reading.state)
        last[key] = max(last.get(key, seen), seen)
    hours: dict[str, dict[StationState, int]] = {}
    for (station, _), (normal, _, state) in sorted(last.items()):
        of_station = hours.setdefault(station, {})
        if not normal:
            of_station[state] = of_station.get(state, 0) + 1
    return hours


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
    return float(f"{math.fsum(values) / len(values):.{MEAN_DIGITS}g}")
