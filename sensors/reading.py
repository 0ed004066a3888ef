"""What a probe said: readings, their quality, and columns of many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum


class Quality(IntEnum):
    """QARTOD primary flags (IOOS QARTOD, Flags for real-time ocean data, 2014).

    A gateway knows 2, 4 and 9 only; the hub's quality control turns 2 into 1, 3 or 4.
    """

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


#: Qualities whose value takes part in grading, as long as the station state is normal.
USABLE_QUALITIES = frozenset({Quality.GOOD, Quality.NOT_EVALUATED, Quality.SUSPECT})


class StationState(StrEnum):
    """State letter of HJ 212-2017 (annex: data flags). Only NORMAL is graded."""

    NORMAL = "N"
    STOPPED = "F"
    MAINTENANCE = "M"
    MANUAL = "S"
    FAULT = "D"
    CALIBRATION = "C"
    OVER_RANGE = "T"
    COMMUNICATION = "B"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one determinand at one station and instant.

    Attributes
    ----------
    station, determinand : str
    time_ms : int
        Milliseconds since 1970-01-01T00:00Z: midpoint of request and answer.
    value : float or None
        In the determinand's unit; None where nothing usable was read.
    quality : Quality
    state : StationState
    """

    station: str
    determinand: str
    time_ms: int
    value: float | None
    quality: Quality = Quality.NOT_EVALUATED
    state: StationState = StationState.NORMAL

    @property
    def time(self) -> datetime:
        """Instant of the reading, UTC."""
        return from_ms(self.time_ms)


@dataclass(frozen=True, slots=True)
class Observation:
    """All that one poll of one station brought; the unit of the spool and of the wire.

    Attributes
    ----------
    station : str
    time_ms : int
        Milliseconds since the epoch, UTC.
    values : mapping of str to (float or None, Quality)
        Keyed by determinand; a determinand that could not be read is there with None and a quality.
    state : StationState
    synchronised : bool
        False where the gateway's clock was not synchronised, or had just jumped, when the time was taken.
    """

    station: str
    time_ms: int
    values: Mapping[str, tuple[float | None, Quality]]
    state: StationState = StationState.NORMAL
    synchronised: bool = True

    def readings(self) -> Iterator[Reading]:
        """Yield one reading per determinand."""
        for determinand, (value, quality) in self.values.items():
            yield Reading(self.station, determinand, self.time_ms, value, quality, self.state)


@dataclass(slots=True)
class Block:
    """Columns of readings, all of length n; the unit of the stores.

    Attributes
    ----------
    station, determinand : list of str, (n,)
    time_ms : list of int, (n,)
        Milliseconds since the epoch, UTC.
    value : list of (float or None), (n,)
        In the determinand's unit.
    quality : list of int, (n,)
        Values of `Quality`.
    state : list of str, (n,)
        Values of `StationState`.
    """

    station: list[str] = field(default_factory=list)
    determinand: list[str] = field(default_factory=list)
    time_ms: list[int] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    state: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.time_ms)

    def append(self, reading: Reading) -> None:
        """Add one reading at the end."""
        self.station.append(reading.station)
        self.determinand.append(reading.determinand)
        self.time_ms.append(reading.time_ms)
        self.value.append(reading.value)
        self.quality.append(int(reading.quality))
        self.state.append(str(reading.state))

    def __iter__(self) -> Iterator[Reading]:
        columns = zip(self.station, self.determinand, self.time_ms, self.value, self.quality, self.state, strict=True)
        for station, determinand, time_ms, value, quality, state in columns:
            yield Reading(station, determinand, time_ms, value, Quality(quality), StationState(state))

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> Block:
        """Collect readings into columns, in order."""
        block = cls()
        for reading in readings:
            block.append(reading)
        return block


def from_ms(time_ms: int) -> datetime:
    """Milliseconds since the epoch as an aware datetime, UTC."""
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC)


def to_ms(time: datetime) -> int:
    """Aware datetime as milliseconds since the epoch.

    Raises
    ------
    ValueError
        If `time` carries no time zone: a naive time has cost too many projects a day.
    """
    if time.tzinfo is None:
        raise ValueError(f"{time.isoformat()} has no time zone; give one, e.g. +08:00")
    return round(time.timestamp() * 1000)
