"""Histories in a store: read by station and month through the protocol that the hub and the board use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from collectors.stores import ReadingStore, open_store
from deploy.regrade.part import Ground, digest, hour_of, month_spans
from deploy.regrade.records import KEYS, Records, Rows, to_records
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import USABLE_QUALITIES, Block, Quality, StationState

#: About how many readings a part holds.
PART_READINGS = 2_000_000


@dataclass(frozen=True, slots=True)
class StorePart:
    """A month of some stations in a store.

    Attributes
    ----------
    key, month : str
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    stations : tuple of str
    url : str
    """

    key: str
    month: str
    start_ms: int
    end_ms: int
    stations: tuple[str, ...]
    url: str

    def token(self, ground: Ground) -> str:
        """Fingerprint of the readings, from what the store tells fast: hourly summaries, replaced and newest readings.

        What never graded (a failed or a missing reading) and comes in late, changes no summary and is not noticed.
        """
        with _opened(self.url) as store:
            return digest(
                self.start_ms,
                self.end_ms,
                self.stations,
                *(row for name in self.stations for row in store.summary(
                    [name], list(KEYS), self.start_ms, self.end_ms, HOUR_MS)),
                *(each for each in store.revisions(self.start_ms, self.end_ms) if each.station in self.stations),
                *(each for each in store.latest() if each.station in self.stations and each.time_ms < self.end_ms),
            )  # fmt: skip

    def read(self, ground: Ground) -> Records:
        """Read it.

        Raises
        ------
        StoreError
        """
        place = {name: i for i, name in enumerate(ground.stations)}
        with _opened(self.url) as store:
            rows = [
                rows_of(store.range(name, list(KEYS), self.start_ms, self.end_ms), place[name])
                for name in self.stations
            ]
        return to_records(rows, len(ground.stations))


def plan_store(url: str, ground: Ground) -> list[StorePart]:
    """Divide a store's readings into parts: for each month the stations that have any.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    spans: dict[str, dict[str, int]] = {}
    bounds: dict[str, tuple[int, int]] = {}
    with _opened(url) as store:
        newest = max((reading.time_ms for reading in store.latest()), default=-1)
        for name in ground.stations if newest >= 0 else ():
            days: dict[int, int] = {}
            for row in store.summary([name], list(KEYS), 0, newest + 1, DAY_MS):
                days[row.start_ms] = days.get(row.start_ms, 0) + row.count
            if not days:
                continue
            for month in month_spans(min(days), min(max(days) + DAY_MS - 1, newest), ground.zone):
                start_ms, end_ms = bounds[month.label] = hour_of(month.start_ms), hour_of(month.end_ms)
                # Days are those of UTC: one that begins in the month before may reach into this one.
                count = sum(n for day, n in days.items() if start_ms - DAY_MS < day < end_ms)
                if count:
                    spans.setdefault(month.label, {})[name] = count
    return [
        StorePart(f"{month}/{number:04d}", month, *bounds[month], stations, url)
        for month in sorted(spans)
        for number, stations in enumerate(_shares(spans[month]))
    ]


def rows_of(block: Block, station: int) -> Rows:
    """Readings of one station as columns.

    Parameters
    ----------
    block : Block
    station : int
        Position in `Ground.stations`.
    """
    n = len(block)
    line = {key: i for i, key in enumerate(KEYS)}
    quality = np.array(block.quality, np.int64)
    normal = np.array([state == StationState.NORMAL for state in block.state], np.bool_)
    return Rows(
        time_ms=np.array(block.time_ms, np.int64),
        station=np.full(n, station, np.int32),
        determinand=np.array([line[key] for key in block.determinand], np.int8),
        value=np.array(block.value, np.float64),
        usable=np.isin(quality, [int(each) for each in USABLE_QUALITIES]) & normal,
        suspect=quality == int(Quality.SUSPECT),
    )


def _shares(counts: dict[str, int]) -> Iterator[tuple[str, ...]]:
    """Stations in groups of about `PART_READINGS`."""
    group: list[str] = []
    total = 0
    for name, count in counts.items():
        if group and total + count > PART_READINGS:
            yield tuple(group)
            group, total = [], 0
        group.append(name)
        total += count
    if group:
        yield tuple(group)


@contextmanager
def _opened(url: str) -> Iterator[ReadingStore]:
    store = open_store(url, read_only=True)
    try:
        yield store
    finally:
        store.close()
