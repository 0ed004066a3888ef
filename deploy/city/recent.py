"""The readings of one site that a watch may still look at, in memory: what a store is to the watch of a hub."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence

from collectors.stores.base import Event, Flag
from deploy.watch.grid import slot_of
from sensors.reading import Block, Quality

#: Value, quality and state of a reading.
Cell = tuple[float | None, int, str]

_Pair = tuple[str, str]
_Span = tuple[int, int]


class Recent:
    """Takes readings in any order and as often as they come; what is there already changes nothing.

    Attributes
    ----------
    slots : list of int
        Ends of the slots with readings, in order [ms since the epoch, UTC].
    touched : set of int
        Those that have changed since somebody last emptied it.
    marks : dict of str to str
    events, flags : list
        What the watch has told since somebody last took it.
    """

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.touched: set[int] = set()
        self.marks: dict[str, str] = {}
        self.events: list[Event] = []
        self.flags: list[Flag] = []
        self._cells: dict[int, dict[str, dict[int, dict[str, Cell]]]] = {}
        self._changed: dict[str, _Span] = {}
        self._from_ms = -(1 << 62)

    def put(self, block: Block) -> int:
        """Take readings; how many were new or others."""
        columns = (block.station, block.determinand, block.time_ms, block.value, block.quality, block.state)
        fresh = 0
        for station, key, time_ms, value, quality, state in zip(*columns, strict=True):
            slot_ms = slot_of(time_ms)
            gone = slot_ms <= self._from_ms
            held = None if gone else self._cells_of(slot_ms, station, time_ms).get(key)
            if held is None or held[0] != value or held[2] != state:
                fresh += 1
                span = self._changed.get(station)
                self._changed[station] = (
                    (time_ms, time_ms) if span is None else (min(span[0], time_ms), max(span[1], time_ms))
                )
            elif held[1] == quality or held[1] == Quality.FAIL:
                continue  # what was failed here is failed, whatever a store says that has not heard of it
            if not gone:
                self._cells[slot_ms][station][time_ms][key] = (value, quality, state)
                self.touched.add(slot_ms)
        return fresh

    def _cells_of(self, slot_ms: int, station: str, time_ms: int) -> dict[str, Cell]:
        slot = self._cells.get(slot_ms)
        if slot is None:
            slot = self._cells[slot_ms] = {}
            insort(self.slots, slot_ms)
        return slot.setdefault(station, {}).setdefault(time_ms, {})

    def forget(self, until_ms: int) -> list[int]:
        """Let the slots up to a time go; which they were."""
        gone = [slot_ms for slot_ms in self.slots if slot_ms <= until_ms]
        self.slots = self.slots[len(gone) :]
        for slot_ms in gone:
            del self._cells[slot_ms]
        self.touched.difference_update(gone)
        self._from_ms = max(self._from_ms, until_ms)
        return gone

    def slot(self, slot_ms: int) -> Block:
        """All readings of one slot."""
        block = Block()
        for station, times in self._cells[slot_ms].items():
            for time_ms, cells in times.items():
                for key, cell in cells.items():
                    _add(block, station, key, time_ms, cell)
        return block

    def restore(self, blocks: Sequence[Block], from_ms: int, changed: Mapping[str, Sequence[int]]) -> None:
        """Become what another one was: its slots, up to where it had forgotten, and what nobody has asked it for."""
        for block in blocks:
            self.put(block)
        self._from_ms = from_ms
        self._changed = {station: (span[0], span[1]) for station, span in changed.items()}
        self.touched.clear()

    @property
    def from_ms(self) -> int:
        """End of the newest slot that was let go [ms since the epoch, UTC]."""
        return self._from_ms

    @property
    def changed(self) -> Mapping[str, _Span]:
        """What the next call of `changes` tells."""
        return self._changed

    # -- what a watch asks for -------------------------------------------------------------------------------------

    def changes(self, cursor: str) -> tuple[dict[str, _Span], str]:
        """Stations whose readings have changed since the last call; there is one who asks."""
        changed, self._changed = self._changed, {}
        return changed, cursor

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """Readings of a station, start inclusive, end exclusive, ordered by time, then determinand as asked."""
        block = Block()
        first, last = slot_of(start_ms), slot_of(end_ms - 1)
        for slot_ms in self.slots:
            if not first <= slot_ms <= last:
                continue
            times = self._cells[slot_ms].get(station, {})
            for time_ms in sorted(times):
                if start_ms <= time_ms < end_ms:
                    cells = times[time_ms]
                    for key in determinands:
                        if key in cells:
                            _add(block, station, key, time_ms, cells[key])
        return block

    def latest(self) -> Block:
        """Newest reading of each series."""
        newest: dict[_Pair, tuple[int, Cell]] = {}
        for slot_ms in self.slots:
            for station, times in self._cells[slot_ms].items():
                for time_ms in sorted(times):
                    newest.update({(station, key): (time_ms, cell) for key, cell in times[time_ms].items()})
        block = Block()
        for (station, key), (time_ms, cell) in newest.items():
            _add(block, station, key, time_ms, cell)
        return block

    def series(self) -> dict[_Pair, _Span]:
        """Times of the oldest and newest reading of each series [ms since the epoch, UTC]."""
        spans: dict[_Pair, _Span] = {}
        for slot_ms in self.slots:
            for station, times in self._cells[slot_ms].items():
                for time_ms, cells in times.items():
                    for key in cells:
                        oldest_ms, newest_ms = spans.get((station, key), (time_ms, time_ms))
                        spans[station, key] = min(oldest_ms, time_ms), max(newest_ms, time_ms)
        return spans

    def mark(self, name: str) -> str | None:
        """Text that was kept under a name."""
        return self.marks.get(name)

    def put_mark(self, name: str, text: str) -> None:
        """Keep a small text under a name."""
        self.marks[name] = text

    def put_flags(self, flags: Sequence[Flag]) -> None:
        """Keep what tests say; a reading that was failed is failed."""
        self.flags += flags
        for flag in flags:
            if flag.flag != Quality.FAIL:
                continue
            slot_ms = slot_of(flag.time_ms)
            cells = self._cells.get(slot_ms, {}).get(flag.station, {}).get(flag.time_ms, {})
            if flag.determinand in cells:
                value, _, state = cells[flag.determinand]
                cells[flag.determinand] = (value, int(Quality.FAIL), state)
                self.touched.add(slot_ms)

    def put_events(self, rows: Sequence[Event]) -> None:
        """Keep events."""
        self.events += rows


def _add(block: Block, station: str, key: str, time_ms: int, cell: Cell) -> None:
    block.station.append(station)
    block.determinand.append(key)
    block.time_ms.append(time_ms)
    block.value.append(cell[0])
    block.quality.append(cell[1])
    block.state.append(cell[2])
