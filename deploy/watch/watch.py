"""The watch: quality control, detection and attribution on what the store takes in, tick by tick.

It is the pipeline of `riverchief replay`, fed from the store. A slot waits until the stations that are alive have told
what there is to tell of it (`deploy.watch.pace`); then it is judged once and for all. What comes later still is graded,
but not detected on. Whatever is behind, a start without a state included, is made up for in pieces of about a second.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from analytics.qc import Configuration, default_configuration
from analytics.qc.control import GRACE_MS, LATENESS_MS, MEMORY_MS, Flags, QualityControl
from analytics.qc.trust import Trust
from analytics.qc.visits import Visit, VisitLog
from collectors.stores.base import Event, Flag
from deploy.watch.cases import Cases, Told, layout_of
from deploy.watch.grid import SLOT_MS, Grid, Impossible, Readings, Slots, channels_of, slot_of
from deploy.watch.pace import HOLD_MS, Pace
from deploy.watch.rows import event_row, final_flags, flagged_spans, prompt_flags
from deploy.watch.state import Saved, carried, put_back
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block
from sensors.site import Site

log = logging.getLogger(__name__)

#: Name of the mark: up to when the watch has told what it found.
MARK = "watch"

#: Without a state the watch begins so far back: scales are made of twelve dry days.
WARM_UP_MS = 14 * DAY_MS

#: What one tick takes at most [ms of readings].
PIECE_MS = 4 * HOUR_MS

#: Pause between two times that the state is kept [ms].
SAVE_MS = 300_000

#: A gauge that told nothing for so long is none [ms].
GAUGE_MS = DAY_MS

#: Visits that touch a span [ms since the epoch, UTC], as the books have them.
Visits = Callable[[int, int], Iterable[Visit]]


def no_visits(start_ms: int, end_ms: int) -> Iterable[Visit]:
    """No books, no visits: what stations say of themselves still counts."""
    return ()


class Watched(Readings, Protocol):
    """What a watch works on: of `collectors.stores.base.ReadingStore` what it needs."""

    def changes(self, cursor: str) -> tuple[dict[str, tuple[int, int]], str]:
        """Stations whose readings have changed since a cursor, and the next cursor."""
        ...

    def latest(self) -> Block:
        """Newest reading of each series."""
        ...

    def series(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Times of the oldest and newest reading of each series [ms since the epoch, UTC]."""
        ...

    def mark(self, name: str) -> str | None:
        """Text that was kept under a name."""
        ...

    def put_mark(self, name: str, text: str) -> None:
        """Keep a small text under a name."""
        ...

    def put_flags(self, flags: Sequence[Flag]) -> None:
        """Keep what tests say."""
        ...

    def put_events(self, rows: Sequence[Event]) -> None:
        """Keep events."""
        ...


class _Untold(NamedTuple):
    """What was found and is not in the store yet."""

    flags: Flags
    impossible: tuple[Impossible, ...]
    events: list[Told]


class Watch:
    """Follows the readings of a site; to be used from one thread at a time.

    Parameters
    ----------
    site : Site
    store : Watched
        Readings come from it; flags and events go to it.
    state : Path, optional
        File in which the state is kept; nothing is kept without it.
    visits : callable, optional
        The maintenance log.
    on_event : callable, optional
        Told every event that is new or has changed, once the store has it.
    configuration : Configuration, optional
        Limits of quality control.
    settle_ms : int, optional
        Slots wait at least so long [ms]: for stations whose readings come out of order. Those of a spool do not.
    """

    def __init__(
        self,
        site: Site,
        store: Watched,
        *,
        state: Path | None = None,
        visits: Visits = no_visits,
        on_event: Callable[[Event], None] | None = None,
        configuration: Configuration | None = None,
        settle_ms: int = 0,
    ) -> None:
        self._site, self._store, self._file, self._visits, self._on_event = site, store, state, visits, on_event
        self._configuration = configuration or default_configuration()
        self._channels = channels_of(site, self._configuration)
        self._near = layout_of(site, self._channels).near()
        self._key = state_key(site, self._configuration)
        self._pace = Pace(site.stations, settle_ms)
        self._lineage = ""
        self._begin()

    def _begin(self) -> None:
        """Nothing is known."""
        self._quality = QualityControl(self._channels, self._configuration, near=self._near)
        self._trust = Trust(len(self._channels))
        self._cases: Cases | None = None
        self._grid = Grid(self._site, self._store, self._channels, self._quality.judge.limits)
        self._judged_ms: int | None = None
        self._attended: list[Visit] = []
        self._gauge_ms = 0
        self._told_ms = self._saved_ms = -1
        self._due_ms: int | None = None
        self._untold: _Untold | None = None
        self._cursor = ""

    @property
    def behind(self) -> bool:
        """Whether slots that are due still wait to be judged."""
        return self._judged_ms is not None and self._due_ms is not None and self._judged_ms < self._due_ms

    def report(self) -> dict[str, Any]:
        """How far it is.

        Returns
        -------
        dict
            ``judged_ms`` (end of the newest slot that was judged, null before the first), ``behind``, ``series``
            (those that detection uses) and ``ready`` of them, ``stations`` that have any and ``stations_ready`` (some
            series ready), ``events`` (that may still be added to) and ``rain_known``. What is not ready says nothing,
            which is not "no".
        """
        told: dict[str, Any] = {"judged_ms": self._judged_ms, "behind": self.behind}
        if self._cases is None:
            return told
        layout, ready = self._cases.layout, self._cases.detector.ready
        by_station = (layout.place >= 0) & ready[np.maximum(layout.place, 0)] if ready.size else layout.place >= 0
        return told | {
            "series": int(ready.size), "ready": int(ready.sum()),
            "stations": int((layout.place >= 0).any(axis=0).sum()),
            "stations_ready": int(by_station.any(axis=0).sum()),
            "events": len(self._cases.events.open), "rain_known": self._rain_known,
        }  # fmt: skip

    @property
    def _rain_known(self) -> bool:
        return self._gauge_ms > 0 and (self._judged_ms or 0) - self._gauge_ms <= GAUGE_MS

    def tick(self, now_ms: int) -> list[Event]:
        """Judge what is due, a piece of it.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.

        Returns
        -------
        list of Event
            New and changed ones, as they were stored.

        Raises
        ------
        StoreError
            If the store cannot be read or written; the next tick makes up for it.
        """
        cases = self._cases or self._take_up(now_ms)
        rows = self._tell()
        changed, cursor = self._store.changes(self._cursor)
        self._pace.hear(now_ms, changed, self._judged_ms)
        if self._judged_ms is None and self._pace.complete(now_ms):
            self._judged_ms = self._first(now_ms)
        self._cursor = cursor
        if self._judged_ms is None:
            return rows
        self._due_ms = self._pace.due(now_ms, self._judged_ms)
        if self._judged_ms < self._due_ms:
            end_ms = min(self._due_ms, self._judged_ms + PIECE_MS)
            self._untold = self._judge(cases, self._judged_ms, end_ms)
            self._judged_ms = end_ms
        rows += self._tell()
        if now_ms - self._saved_ms >= SAVE_MS:
            self.save(now_ms)
        return rows

    def _judge(self, cases: Cases, start_ms: int, end_ms: int) -> _Untold:
        slots = self._grid.read(start_ms, end_ms)
        late = self._pace.late(start_ms - GRACE_MS)
        again = self._grid.read(start_ms - GRACE_MS, start_ms, late) if late else None
        slots = self._attend(slots)
        self._pace.let_go()
        times_ms, values, impossible = slots.time_ms, slots.values, slots.impossible
        if again is not None:
            times_ms, values = np.append(again.time_ms, times_ms), np.append(again.values, values, axis=0)
            impossible += again.impossible
        flags = self._quality.step(times_ms, values)
        trusted = self._trust.rows(flags, slots.time_ms)
        if np.isfinite(slots.rain_mm).any():
            self._gauge_ms = int(slots.time_ms[np.isfinite(slots.rain_mm)][-1])
        return _Untold(flags, impossible, cases.step(slots, trusted))

    def _attend(self, slots: Slots) -> Slots:
        """Visits of the books and of the stations' own states, for quality control and for detection."""
        first_ms, last_ms = int(slots.time_ms[0]), int(slots.time_ms[-1])
        logged = [visit for visit in self._visits(first_ms - MEMORY_MS, last_ms) if visit.start_ms <= last_ms]
        rows, columns = np.nonzero(slots.attended)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            time_ms = int(slots.time_ms[row])
            self._attended.append(Visit(self._grid.stations[column], time_ms, time_ms))
        self._attended = [one for one in self._attended if one.end_ms >= first_ms - MEMORY_MS - HOUR_MS]
        # The log is made anew each time: an open visit lasts until now, and one of last year explains nothing.
        self._quality.judge.log = VisitLog(self._channels, [*logged, *self._attended])
        order = {name: index for index, name in enumerate(self._grid.stations)}
        for visit in logged:
            if visit.station in order:
                begin, end = np.searchsorted(slots.time_ms, [visit.start_ms, visit.end_ms + 1])
                slots.attended[begin:end, order[visit.station]] = True
        return slots

    def _tell(self) -> list[Event]:
        """Put into the store what was found and is not there yet; what an earlier watch has told is left alone."""
        if self._untold is None:
            return []
        untold = self._untold
        readings = self._grid.readings(flagged_spans(untold.flags, self._channels))
        flags = [*prompt_flags(untold.impossible), *final_flags(untold.flags, self._channels, readings)]
        flags = [flag for flag in flags if flag.time_ms > self._told_ms - LATENESS_MS]
        if flags:
            self._store.put_flags(flags)
        rows = [event_row(one, rain_known=self._rain_known) for one in untold.events]
        rows = [row for row in rows if row.updated_ms > self._told_ms]
        if rows:
            self._store.put_events(rows)
        self._untold = None
        if self._on_event is not None:
            for row in rows:
                self._on_event(row)
        return rows

    def _first(self, now_ms: int) -> int | None:
        """Where to begin without a state; None while there are no readings."""
        wanted = set(self._channels)
        oldest = [span[0] for pair, span in self._store.series().items() if pair in wanted]
        if not oldest:
            return None
        return slot_of(max(min(oldest), now_ms - WARM_UP_MS)) - SLOT_MS

    def _take_up(self, now_ms: int) -> Cases:
        """Go on from the state if it is of this store and not too old, else from nothing."""
        mark = _Mark.of(self._store.mark(MARK))
        self._lineage = mark.lineage
        saved = Saved.read(self._file, f"{self._key}/{mark.lineage}") if self._file is not None else None
        cases = Cases(self._site, self._channels)
        if saved is None or not self._restored(saved, cases, now_ms):
            self._begin()
            cases, self._told_ms = Cases(self._site, self._channels), mark.judged_ms
        self._cases, self._saved_ms = cases, now_ms
        self._pace.know(self._store.latest())
        return cases

    def _restored(self, saved: Saved, cases: Cases, now_ms: int) -> bool:
        try:
            if not 0 <= now_ms - int(saved.plain["judged_ms"]) <= WARM_UP_MS:
                return False
            self._put_back(saved, cases)
        except (KeyError, TypeError, ValueError) as error:
            log.error("the state of the watch does not fit, so it warms up from the store: %s", error)
            return False
        return True

    def _put_back(self, saved: Saved, cases: Cases) -> None:
        plain = saved.plain
        put_back(self._quality, saved.quality)
        cases.detector.load(saved.detector)
        cases.load(plain["cases"])
        self._trust.last_ms[:] = plain["faulty_ms"]
        self._attended = [Visit(*visit) for visit in plain["attended"]]
        self._judged_ms, self._cursor = int(plain["judged_ms"]), str(plain["cursor"])
        self._told_ms, self._gauge_ms = int(plain["told_ms"]), int(plain["gauge_ms"])

    def light(self) -> dict[str, Any]:
        """What may change with every tick, as plain data: when which station was heard."""
        return {"pace": self._pace.save(), "saved_ms": self._saved_ms, "lineage": self._lineage}

    def snapshot(self) -> bytes | None:
        """The rest of what it knows, which changes when slots are judged; None before the first ones."""
        if self._cases is None or self._judged_ms is None:
            return None
        return self._saved(self._cases).pack()

    def resume(self, light: Mapping[str, Any], snapshot: bytes | None) -> None:
        """Go on exactly where another watch of the same site and limits was after a tick, told by the same store.

        A start from a file need not be exact about who was heard when; whoever plays the same ticks again must be.

        Parameters
        ----------
        light, snapshot
            What that one's methods gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If they are of something else.
        """
        self._begin()
        cases = Cases(self._site, self._channels)
        if snapshot is not None:
            saved = Saved.unpack(snapshot)
            if saved.key != f"{self._key}/{light['lineage']}":
                raise ValueError("the state is of another configuration")
            self._put_back(saved, cases)
        else:
            self._told_ms = _Mark.of(self._store.mark(MARK)).judged_ms
        self._pace.load(light["pace"])
        self._saved_ms, self._lineage, self._cases = int(light["saved_ms"]), str(light["lineage"]), cases

    def _saved(self, cases: Cases) -> Saved:
        plain = {
            "judged_ms": self._judged_ms, "cursor": self._cursor, "told_ms": self._told_ms, "gauge_ms": self._gauge_ms,
            "attended": [[one.station, one.start_ms, one.end_ms] for one in self._attended],
            "faulty_ms": self._trust.last_ms.tolist(), "cases": cases.save(),
        }  # fmt: skip
        return Saved(f"{self._key}/{self._lineage}", carried(self._quality), cases.detector.save(), plain)

    def save(self, now_ms: int) -> None:
        """Keep the state, and in the store how far it is told.

        Raises
        ------
        StoreError
            If the store does not take it. A file that cannot be written is only logged: without it the next start
            warms up from the store.
        """
        if self._cases is None or self._judged_ms is None or self._untold is not None:
            return
        self._saved_ms = now_ms
        # A state without the mark would be taken for another store's.
        self._store.put_mark(MARK, _Mark(max(self._judged_ms, self._told_ms), self._lineage).text())
        if self._file is None:
            return
        try:
            self._saved(self._cases).write(self._file)
        except OSError as error:
            log.error("the state of the watch cannot be kept in %s: %s", self._file, error)


class _Mark(NamedTuple):
    """What the store knows of its watch: up to when it has told what it found, and which states are of this store."""

    judged_ms: int
    lineage: str

    @classmethod
    def of(cls, text: str | None) -> _Mark:
        try:
            held: Any = json.loads(text) if text else {"judged_ms": -1, "lineage": secrets.token_hex(6)}
            return cls(int(held["judged_ms"]), str(held["lineage"]))
        except (ValueError, KeyError, TypeError) as error:
            log.error("the mark of the watch cannot be read, so events of the last days are told anew: %s", error)
            return cls(-1, secrets.token_hex(6))

    def text(self) -> str:
        return json.dumps(self._asdict())


def state_key(site: Site, configuration: Configuration) -> str:
    """Hash of everything that the state of a watch depends on: with another one it says nothing."""
    told = [
        channels_of(site, configuration), configuration.version, configuration.sections,
        [(one.id, one.reach, one.chainage_m) for one in site.stations.values()],
        [(one.id, one.from_node, one.to_node, one.length_m, one.mean_velocity_m_s, one.steadiness, one.flow_m3_s)
         for one in site.reaches.values()],
        [(one.id, one.reach, one.chainage_m, one.kind) for one in site.outfalls.values()], SLOT_MS, HOLD_MS,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True, default=dict).encode()).hexdigest()[:16]
