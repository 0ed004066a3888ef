"""What goes wrong with instruments, and when: a list, or drawn day by day for each station without a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

import numpy as np

from sensors.durations import DAY_MS, HOUR_MS
from sensors.simulate.chance import key, uniforms

#: Stands for every determinand of a station.
ALL = "*"


class FaultKind(StrEnum):
    """How an instrument fails."""

    STUCK = "stuck"  # the value at its beginning is told again and again
    DRIFT = "drift"  # the value leaves the truth in a straight line
    SPIKE = "spike"  # a few readings are far off
    ABSENT = "absent"  # a head answers nothing
    VISIT = "visit"  # people are there: station state M, standards and air are measured


#: Kinds during which a determinand cannot be graded.
BLANKING = frozenset({FaultKind.ABSENT, FaultKind.VISIT})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one instrument.

    Attributes
    ----------
    station : str
    determinand : str
        Key, or `ALL`.
    kind : FaultKind
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC; end exclusive.
    size : float
        Share of the true value that is added [1]: by a spike throughout, by a drift at its end. Else unused.
    """

    station: str
    determinand: str
    kind: FaultKind
    start_ms: int
    end_ms: int
    size: float = 0.0


class FaultSource(Protocol):
    """Where a virtual probe learns of its faults."""

    def of(self, station: str, start_ms: int, end_ms: int) -> tuple[Fault, ...]:
        """Faults of a station at any instant of [start_ms, end_ms), ordered by their beginning."""
        ...


class ListedFaults:
    """Faults given one by one.

    Parameters
    ----------
    faults : iterable of Fault
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(sorted(faults, key=_order))

    def of(self, station: str, start_ms: int, end_ms: int) -> tuple[Fault, ...]:
        """Faults of a station at any instant of [start_ms, end_ms), ordered by their beginning."""
        return tuple(fault for fault in self.faults if fault.station == station and _within(fault, start_ms, end_ms))


@dataclass(frozen=True, slots=True)
class Habit:
    """How often one kind of fault begins, how long it lasts, how far off it is.

    Attributes
    ----------
    per_day : float
        Chance that one begins at a station on a day.
    lasts_h : tuple of float
        Span from which the duration is drawn [h].
    begins_h : tuple of float
        Span of the local hour at which it begins.
    size : tuple of float
        Span from which the size is drawn; its sign is a coin toss.
    """

    per_day: float
    lasts_h: tuple[float, float]
    begins_h: tuple[float, float] = (0.0, 24.0)
    size: tuple[float, float] = (0.0, 0.0)


#: Settings of the simulation: about 2 % of station-hours are touched by a fault. No head is away for half a day.
HABITS: Mapping[FaultKind, Habit] = MappingProxyType(
    {
        FaultKind.VISIT: Habit(0.025, (0.5, 1.5), begins_h=(8.5, 15.5)),
        FaultKind.SPIKE: Habit(0.12, (0.02, 0.05), size=(0.5, 3.0)),
        FaultKind.STUCK: Habit(0.02, (2.0, 6.0)),
        FaultKind.ABSENT: Habit(0.012, (0.5, 3.0)),
        FaultKind.DRIFT: Habit(0.008, (10.0, 30.0), size=(0.15, 0.5)),
    }
)

#: What a fault of a single head may hit.
HEADS = (
    "ph", "dissolved_oxygen", "conductivity", "turbidity", "permanganate_index", "ammonia_nitrogen",
    "total_phosphorus", "total_nitrogen",
)  # fmt: skip

#: After a start, no head goes away and nobody calls for this long [ms].
QUIET_MS = HOUR_MS // 4

_LONGEST_DAYS = 2
_STREAM = 0x4641554C54


class SeededFaults:
    """Faults drawn for each station and day.

    Parameters
    ----------
    seed : int
        The same seed gives the same faults, in any order of asking.
    from_ms : int, optional
        When the probes are started [ms since the epoch, UTC]: faults that keep a station from being graded and began
        earlier, or less than `QUIET_MS` later, are left out, so that every station has a class soon after any start.
    offset_ms : int
        Local time minus UTC [ms], for the hours of maintenance visits.
    """

    def __init__(self, seed: int = 1, from_ms: int | None = None, offset_ms: int = 8 * HOUR_MS) -> None:
        self.seed = seed
        self.from_ms = from_ms
        self.offset_ms = offset_ms
        self._on = lru_cache(maxsize=1024)(self._drawn)

    def of(self, station: str, start_ms: int, end_ms: int) -> tuple[Fault, ...]:
        """Faults of a station at any instant of [start_ms, end_ms), ordered by their beginning."""
        first, last = ((time_ms + self.offset_ms) // DAY_MS for time_ms in (start_ms, end_ms))
        return tuple(
            fault
            for day in range(first - _LONGEST_DAYS, last + 1)
            for fault in self._on(station, day)
            if _within(fault, start_ms, end_ms)
        )

    def _drawn(self, station: str, day: int) -> tuple[Fault, ...]:
        draws = uniforms(self.seed, _STREAM, key(station), day, np.arange(5 * len(HABITS))).reshape(-1, 5).tolist()
        found = []
        for (kind, habit), (happens, begins, lasts, where, size) in zip(HABITS.items(), draws, strict=True):
            if happens >= habit.per_day:
                continue
            start = day * DAY_MS - self.offset_ms + int(_between(habit.begins_h, begins) * HOUR_MS)
            end = start + int(_between(habit.lasts_h, lasts) * HOUR_MS)
            if kind in BLANKING and self.from_ms is not None and start < self.from_ms + QUIET_MS:
                continue
            head = ALL if kind is FaultKind.VISIT else HEADS[int(where * len(HEADS))]
            # Two thirds of the readings that are far off are too high; below zero there is nothing.
            sign = 1 if size < 2 / 3 else -0.3
            found.append(Fault(station, head, kind, start, end, sign * _between(habit.size, size)))
        return tuple(sorted(found, key=_order))


def _order(fault: Fault) -> tuple[int, str, str]:
    return fault.start_ms, fault.station, fault.determinand


def _within(fault: Fault, start_ms: int, end_ms: int) -> bool:
    return fault.start_ms < end_ms and fault.end_ms > start_ms


def _between(span: tuple[float, float], draw: float) -> float:
    return span[0] + draw * (span[1] - span[0])
