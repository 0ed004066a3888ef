"""What a platform is to be told, built from a store: real-time, minute, hour and day data of one station.

Values of a period are over its usable readings: the mean of minute and hour data is that of the readings, so that the
bureau sees the number that the board shows; a day's is the mean of its hourly means (as annex D of HJ 212-2017 has it).
One abnormal value makes the period's letter abnormal (tables C.16 to C.18, written for sewage). Polls that brought no
value are gaps, not abnormal values: they decide the letter only where there is nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from typing import Protocol

from collectors.hj212.codes import Command
from collectors.hj212.data import CODED, item, letter, realtime_items
from collectors.hj212.segment import Group, encode_cp
from collectors.hj212.times import LocalTime
from collectors.stores.base import MEAN_DECIMALS, Summary
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.reading import Block, StationState

#: Lengths that the standard allows for the period of minute data [min].
MINUTES = frozenset({1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30})


class Readings(Protocol):
    """What is asked of a store: the hub's, or a gateway's book (`collectors.hj212.book`)."""

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """See `collectors.stores.base.ReadingStore.range`."""
        ...

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """See `collectors.stores.base.ReadingStore.summary`."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """One message of data.

    Attributes
    ----------
    cn : int
        2011, 2051, 2061 or 2031.
    time_ms : int
        Instant of real-time data, start of a period [ms since the epoch, UTC].
    cp : tuple of Group
        Data area, ``DataTime`` first.
    """

    cn: int
    time_ms: int
    cp: tuple[Group, ...]

    @property
    def digest(self) -> int:
        """Number that is another one as soon as the content is."""
        return int.from_bytes(blake2b(encode_cp(self.cp).encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(slots=True)
class _Period:
    """What is known of one determinand in one period."""

    means: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    abnormal: list[float] = field(default_factory=list)
    letters: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)

    def group(self, key: str) -> Group:
        """The determinand's group."""
        lows, means, highs = (self.lows, self.means, self.highs) if self.means else (self.abnormal,) * 3
        values = {"Min": min(lows), "Avg": _mean(means), "Max": max(highs)} if means else {}
        letters = self.letters or (Counter() if self.means else self.gaps)
        flag, _ = letters.most_common(1)[0] if letters else (str(StationState.NORMAL), 0)
        return item(key, values, flag)


class Source:
    """Builds records of stations from a store.

    Parameters
    ----------
    store : Readings
    timezone : str
        Key of the site's zone.
    minute_ms : int
        Length of the period of minute data [ms].

    Raises
    ------
    ValueError
        If the standard knows no such period of minute data.
    """

    def __init__(self, store: Readings, timezone: str, minute_ms: int = 10 * MINUTE_MS) -> None:
        if minute_ms % MINUTE_MS or minute_ms // MINUTE_MS not in MINUTES:
            accepted = ", ".join(map(str, sorted(MINUTES)))
            raise ValueError(f"minute data every {minute_ms / MINUTE_MS:g} min; accepted: {accepted}")
        self._store = store
        self.local = LocalTime(timezone, minute_ms)

    def records(self, station: str, cn: int, start_ms: int, end_ms: int, slot_ms: int = 0) -> list[Record]:
        """Records of one kind, in order of time.

        Parameters
        ----------
        station : str
        cn : int
            2011, 2051, 2061 or 2031.
        start_ms, end_ms : int
            Instants of real-time data or starts of periods, start inclusive, end exclusive [ms since the epoch, UTC].
        slot_ms : int
            Of real-time data only the first of each slot of this length [ms]; 0 gives all of them.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        if cn == Command.REALTIME:
            return list(self._realtime(station, start_ms, end_ms, slot_ms))
        return list(self._periods(station, cn, start_ms, end_ms))

    def complete(self, cn: int, now_ms: int) -> int:
        """Every record that begins before this instant is complete at `now_ms` [ms since the epoch, UTC]."""
        return now_ms + 1 if cn == Command.REALTIME else self.local.start(cn, now_ms)

    def _realtime(self, station: str, start_ms: int, end_ms: int, slot_ms: int) -> Iterator[Record]:
        first_ms = start_ms // slot_ms * slot_ms if slot_ms else start_ms
        slot: int | None = None
        block = self._store.range(station, CODED, first_ms, end_ms)
        for time_ms, readings in groupby(block, key=lambda reading: reading.time_ms):
            if slot_ms:
                if time_ms // slot_ms == slot:
                    continue
                slot = time_ms // slot_ms
            if time_ms >= start_ms:
                yield self._record(Command.REALTIME, time_ms, realtime_items(readings))

    def _periods(self, station: str, cn: int, start_ms: int, end_ms: int) -> Iterator[Record]:
        starts = list(self.local.starts(cn, start_ms, end_ms))
        if not starts:
            return
        end_ms = self.local.after(cn, starts[-1])
        found: defaultdict[int, defaultdict[str, _Period]] = defaultdict(lambda: defaultdict(_Period))
        self._add_summary(found, station, cn, starts, end_ms)
        self._add_letters(found, station, starts, end_ms)
        for at_ms in starts:
            if at_ms in found:
                yield self._record(cn, at_ms, _groups(found[at_ms]))

    def _add_summary(
        self, found: Mapping[int, Mapping[str, _Period]], station: str, cn: int, starts: Sequence[int], end_ms: int
    ) -> None:
        step_ms = HOUR_MS if cn == Command.DAY else self.local.after(cn, starts[0]) - starts[0]
        for row in self._store.summary([station], CODED, starts[0], end_ms, step_ms):
            period = found[_holder(starts, row.start_ms)][row.determinand]
            period.means.append(row.mean)
            period.lows.append(row.minimum)
            period.highs.append(row.maximum)

    def _add_letters(
        self, found: Mapping[int, Mapping[str, _Period]], station: str, starts: Sequence[int], end_ms: int
    ) -> None:
        block = self._store.range(station, CODED, starts[0], end_ms)
        columns = zip(block.determinand, block.time_ms, block.value, block.quality, block.state, strict=True)
        for determinand, time_ms, value, quality, state in columns:
            told = letter(value, quality, state)
            if told == StationState.NORMAL:
                continue
            period = found[_holder(starts, time_ms)][determinand]
            if value is None:
                period.gaps[told] += 1
            else:
                period.letters[told] += 1
                period.abnormal.append(value)

    def _record(self, cn: int, time_ms: int, items: tuple[Group, ...]) -> Record:
        return Record(cn, time_ms, ((("DataTime", self.local.text(time_ms)),), *items))


def _holder(starts: Sequence[int], time_ms: int) -> int:
    return starts[bisect_right(starts, time_ms) - 1]


def _groups(periods: Mapping[str, _Period]) -> tuple[Group, ...]:
    return tuple(periods[key].group(key) for key in CODED if key in periods)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), MEAN_DECIMALS)
