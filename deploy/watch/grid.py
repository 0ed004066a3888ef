"""Brings stored readings onto the grid that quality control and detection work on.

A slot has the name of its end and holds what was read since the end of the slot before: a reading at 12:03:10 belongs
to the slot 12:05, one at 12:05:00 as well. Of several readings the lower median counts: it is a value that was read, so
that a probe that stands still is seen to stand still, and one odd reading a minute decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.qc import Channel, Configuration
from analytics.qc.adaptive import Limits
from analytics.qc.checks import Test
from sensors.platform import REPORTS
from sensors.reading import Block, Quality, StationState
from sensors.site import Site

#: Width of a slot [ms]. Stations are polled every minute to every five minutes.
SLOT_MS = 300_000

#: Rain since the reading before [mm]; it is no channel of quality control here.
RAINFALL = "rainfall"

#: States in which people are at the station: what is read is a standard, or air.
ATTENDED = frozenset({StationState.MAINTENANCE, StationState.CALIBRATION})

#: What may be measured by a station that reports by itself: it has no profile that would say so.
REPORTED = (
    "water_temperature", "ph", "dissolved_oxygen", "conductivity", "turbidity", "permanganate_index",
    "ammonia_nitrogen", "total_phosphorus", "total_nitrogen",
)  # fmt: skip

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def slot_of(time_ms: int) -> int:
    """End of the slot to which a time belongs [ms since the epoch, UTC]."""
    return -(-time_ms // SLOT_MS) * SLOT_MS


def channels_of(site: Site, configuration: Configuration) -> tuple[Channel, ...]:
    """What the stations of a site measure, of all for which quality control has limits of their own."""
    known = configuration.sections["determinand"]
    measured = {
        station.id: REPORTED if station.profile == REPORTS else site.profiles[station.profile].determinands
        for station in site.stations.values()
    }
    return tuple(Channel(station, key) for station, keys in measured.items() for key in keys if key in known)


class Impossible(NamedTuple):
    """A reading that is none, whatever comes before and after it.

    Attributes
    ----------
    channel : Channel
    time_ms : int
        Milliseconds since the epoch, UTC.
    test : Test
        ``GROSS_RANGE`` or ``SENTINEL``.
    value, limit : float
        The end of the range, or the code that it is [unit of the determinand].
    """

    channel: Channel
    time_ms: int
    test: Test
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Slots:
    """Readings of some slots, n of them.

    Attributes
    ----------
    time_ms : ndarray of int64, shape (n,)
        Ends of the slots [ms since the epoch, UTC]; every slot of the span has its row.
    values : ndarray of float64, shape (n, n_series)
        In the determinand's unit; NaN where nothing was read.
    attended : ndarray of bool, shape (n, n_stations)
        Whether people were at the station.
    rain_mm : ndarray of float64, shape (n,)
        Mean of the gauges [mm]; NaN where none told.
    impossible : tuple of Impossible
        Readings that nobody has failed yet.
    """

    time_ms: Times
    values: Floats
    attended: NDArray[np.bool_]
    rain_mm: Floats
    impossible: tuple[Impossible, ...] = ()


class Readings(Protocol):
    """What readings are read from; a part of `collectors.stores.base.ReadingStore`."""

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """See `collectors.stores.base.ReadingStore.range`."""
        ...


class Grid:
    """Reads slots of a site from a store; it keeps nothing.

    Parameters
    ----------
    site : Site
    store : Readings
    channels : sequence of Channel
        Columns of what is read.
    limits : Limits
        Of these channels.
    """

    def __init__(self, site: Site, store: Readings, channels: Sequence[Channel], limits: Limits) -> None:
        self._store, self._channels, self._limits = store, tuple(channels), limits
        self.stations = tuple(site.stations)
        self._columns: dict[str, dict[str, int]] = {name: {} for name in self.stations}
        for column, channel in enumerate(channels):
            self._columns[channel.station][channel.determinand] = column
        self._series = len(channels)

    def read(self, start_ms: int, end_ms: int, only: Mapping[str, int] | None = None) -> Slots:
        """Slots after `start_ms` up to `end_ms`, both of which are ends of slots.

        Parameters
        ----------
        start_ms, end_ms : int
            Milliseconds since the epoch, UTC.
        only : mapping of str to int, optional
            Stations to be read, and since when; every station, and everything, if not given.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        time_ms = np.arange(start_ms + SLOT_MS, end_ms + 1, SLOT_MS, dtype=np.int64)
        values = np.full((time_ms.size, self._series), np.nan)
        attended = np.zeros((time_ms.size, len(self.stations)), bool)
        gauges: list[Floats] = []
        impossible: list[Impossible] = []
        for index, station in enumerate(self.stations):
            if only is not None and station not in only:
                continue
            since_ms = start_ms if only is None else max(start_ms, slot_of(only[station]) - SLOT_MS)
            columns = self._columns[station]
            block = self._store.range(station, [*columns, RAINFALL], since_ms + 1, end_ms + 1)
            if not len(block):
                continue
            rows = -((start_ms - np.array(block.time_ms, np.int64)) // SLOT_MS) - 1
            state = np.array(block.state)
            attended[rows[np.isin(state, [*ATTENDED])], index] = True
            gauges += _rain(block, rows, time_ms.size)
            at = np.array([columns.get(key, -1) for key in block.determinand], np.int64)
            value = np.array(block.value, np.float64)
            # What people do to a probe is told apart by quality control; what the station itself disowns is no reading.
            told = (at >= 0) & np.isfinite(value) & np.isin(state, [*ATTENDED, StationState.NORMAL])
            _spread(values, rows[told], at[told], value[told])
            impossible += self._impossible(block, at, value, told & (state == StationState.NORMAL))
        with np.errstate(invalid="ignore"):
            told_by = np.array(gauges).reshape(-1, time_ms.size)
            count = np.isfinite(told_by).sum(axis=0)
            rain_mm = np.where(count > 0, np.nansum(told_by, axis=0) / np.maximum(count, 1), np.nan)
        return Slots(time_ms, values, attended, rain_mm, tuple(impossible))

    def _impossible(self, block: Block, at: Times, value: Floats, told: NDArray[np.bool_]) -> Iterator[Impossible]:
        low, high = self._limits.gross_low[at], self._limits.gross_high[at]
        outside = (value < low) | (value > high)
        coded = np.isin(value.astype(np.float32), self._limits.sentinels)
        fresh = told & (np.array(block.quality) != Quality.FAIL)
        for i in np.flatnonzero((outside | coded) & fresh).tolist():
            test = Test.SENTINEL if coded[i] else Test.GROSS_RANGE
            limit = value[i] if coded[i] else high[i] if value[i] > high[i] else low[i]
            yield Impossible(self._channels[at[i]], block.time_ms[i], test, float(value[i]), float(limit))

    def readings(self, spans: Mapping[str, tuple[int, int]]) -> Iterable[tuple[str, Block]]:
        """Readings of stations in the slots from a first to a last one, those included."""
        for station, (first_ms, last_ms) in spans.items():
            keys = list(self._columns[station])
            yield station, self._store.range(station, keys, first_ms - SLOT_MS + 1, last_ms + 1)


def _spread(values: Floats, rows: Times, columns: Times, value: Floats) -> None:
    """Write the lower median of each slot and series."""
    if not value.size:
        return
    order = np.lexsort((value, columns, rows))
    cell = rows[order] * values.shape[1] + columns[order]
    first = np.flatnonzero(np.diff(cell, prepend=-1))
    count = np.diff(np.append(first, cell.size))
    middle = order[first + (count - 1) // 2]
    values[rows[middle], columns[middle]] = value[middle]


def _rain(block: Block, rows: Times, slots: int) -> list[Floats]:
    """Rain of each slot as this station tells it; nothing where it has no gauge."""
    told = [
        (row, value)
        for row, key, value in zip(rows.tolist(), block.determinand, block.value, strict=True)
        if key == RAINFALL and value is not None
    ]
    if not told:
        return []
    found = np.full(slots, np.nan)
    for row, value in told:
        found[row] = value + (0.0 if np.isnan(found[row]) else found[row])
    return [found]
