"""Hourly and daily roll-ups of the InfluxDB store: who may rely on them, and the step that keeps them true.

A mark says up to which hour everything is rolled up, and which spans of which stations have changed since and are
not summed again yet. A reader takes those from the readings, and the hours that are not rolled up as well, so an answer
is right whether anybody rolls up or not. One process at a time may.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from collectors.clock import Now
from collectors.stores import influx_flux as flux
from collectors.stores import influx_lines as lines
from collectors.stores.base import Level, Rolled, Summary
from collectors.stores.fold import (
    Figures,
    Piece,
    Span,
    Windows,
    add_reading,
    add_window,
    as_summary,
    day_of,
    hours_of,
    pieces,
    union,
)
from collectors.stores.influx_client import InfluxBucket
from collectors.stores.influx_log import SETTLE_MS, VISIBLE_MS, ChangeLog
from collectors.stores.retention import Retention
from sensors.durations import DAY_MS, HOUR_MS
from sensors.errors import StoreError
from sensors.reading import Quality

#: Narrower windows are summed here: the database would answer with more rows than there are readings [ms].
NARROW_MS = 600_000

#: What one step rolls up again at most [ms].
AGAIN_MS = DAY_MS

#: More stations than these are summed with all the others.
SOME = 12

_STATE = ".rollup"


@dataclass(slots=True)
class State:
    """How far the roll-ups are true.

    Attributes
    ----------
    before : int
        Hours before are rolled up [ms since the epoch, UTC].
    late : int
        Lines of late readings up to this time are in `todo` or done [ms since the epoch, UTC].
    todo : dict of str to list of (int, int)
        Whole hours of stations that are to be summed again.
    since : dict of str to int
        Time before which readings (``raw``), hours and days have been let go [ms since the epoch, UTC].
    folded : int
        When the log was folded last [ms since the epoch, UTC].
    """

    before: int = 0
    late: int = 0
    todo: dict[str, list[Span]] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    folded: int = 0


class Rollups:
    """The roll-ups of one store."""

    def __init__(self, bucket: InfluxBucket, log: ChangeLog, retention: Retention, now_ms: Now) -> None:
        self._bucket, self._log, self._retention, self._now_ms = bucket, log, retention, now_ms

    def _state(self) -> State:
        rows = self._bucket.ask(flux.MARK, name=_STATE)
        if not rows:
            return State()
        told = json.loads(json.loads(rows[0]["_value"]))
        todo = {name: [(span[0], span[1]) for span in spans] for name, spans in told["todo"].items()}
        return State(told["before"], told["late"], todo, told["since"], told["folded"])

    def _keep(self, state: State) -> None:
        told = {"before": state.before, "late": state.late, "todo": state.todo, "since": state.since}
        self._bucket.insist([lines.mark_line(_STATE, json.dumps({**told, "folded": state.folded}))])

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """Windows, each part from the coarsest roll-up that is right there."""
        windows: Windows = {}
        if start_ms % HOUR_MS or step_ms % HOUR_MS:
            # The end of the last window that matters, and nothing of the roll-ups.
            groups = {pieces(start_ms, end_ms, step_ms, 0, ()): list(stations)}
        else:
            groups = self._grouped(stations, start_ms, end_ms, step_ms)
        for parts, names in groups.items():
            for part in parts:
                found = self._part(part, names, determinands, step_ms, start_ms)
                for (station, determinand, time_ms), figures in found.items():
                    window_ms = start_ms + (time_ms - start_ms) // step_ms * step_ms
                    add_window(windows, (station, determinand, window_ms), figures)
        return as_summary(windows)

    def _grouped(
        self, stations: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> dict[tuple[Piece, ...], list[str]]:
        state = self._state()
        late = self._log.late_since(state.late) if state.before > start_ms else {}
        groups: dict[tuple[Piece, ...], list[str]] = {}
        for station in dict.fromkeys(stations):
            changed = state.todo.get(station, []) + [hours_of(span) for span in late.get(station, [])]
            # What was let go cannot be read again: its roll-ups stay as they are.
            pending = [(max(low, state.since.get("raw", 0)), high) for low, high in changed]
            groups.setdefault(pieces(start_ms, end_ms, step_ms, state.before, pending), []).append(station)
        return groups

    def _part(
        self, part: Piece, stations: list[str], determinands: Sequence[str], step_ms: int, start_ms: int
    ) -> Windows:
        if part.level == "reading":
            return self.windows(part.start_ms, part.end_ms, step_ms, start_ms, stations, determinands)
        rows = self._bucket.ask(
            flux.ROLLED[part.level], part.start_ms, part.end_ms, stations=stations, determinands=list(determinands),
            **_every(step_ms, start_ms),
        )  # fmt: skip
        return _windows(rows)

    def windows(
        self, start_ms: int, end_ms: int, step_ms: int, origin_ms: int, stations: list[str] | None,
        determinands: Sequence[str] = (),
    ) -> Windows:  # fmt: skip
        """Windows from the readings; of all stations where none are named."""
        if stations is not None and step_ms < NARROW_MS:
            return self._from_readings(start_ms, end_ms, step_ms, origin_ms, stations, determinands)
        more = {} if stations is None else {"stations": stations, "determinands": list(determinands)}
        query = flux.ALL_WINDOWS if stations is None else flux.WINDOWS
        try:
            rows = self._bucket.ask(query, start_ms, end_ms, **more, **_every(step_ms, origin_ms))
        except StoreError as error:
            if error.retryable or stations is None:
                raise
            # Where a foreign writer made a value a text, the database cannot sum; what is ours is summed here.
            return self._from_readings(start_ms, end_ms, step_ms, origin_ms, stations, determinands)
        told: defaultdict[tuple[str, str, int], dict[str, float]] = defaultdict(dict)
        for row in rows:
            at_ms = origin_ms + (lines.time_of(row) - origin_ms) // step_ms * step_ms
            key = row["station"], row["determinand"], max(at_ms, start_ms)
            told[key][f"{row['result']} {row['_field']}"] = lines.number(row)
        windows: Windows = {}
        unclear: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for (station, determinand, at_ms), figures in told.items():
            if _clear(figures):
                windows[station, determinand, at_ms] = Figures(
                    figures["min value"], figures["max value"], figures["sum value"], int(figures["count value"])
                )
            elif "count value" in figures and "count quality" in figures:
                unclear[station].append((determinand, at_ms))
        for station, wanted in unclear.items():
            windows |= self._again(station, wanted, (start_ms, end_ms), step_ms, origin_ms)
        return windows

    def _again(self, station: str, wanted: list[tuple[str, int]], span: Span, step_ms: int, origin_ms: int) -> Windows:
        """Windows of one station that hold something suspect, bad or not normal, from the readings one by one."""
        found: Windows = {}
        asked = set(wanted)
        wide = [origin_ms + (at_ms - origin_ms) // step_ms * step_ms for _, at_ms in wanted]
        for low, high in union((max(at_ms, span[0]), min(at_ms + step_ms, span[1])) for at_ms in wide):
            determinands = sorted({determinand for determinand, at_ms in asked if low <= at_ms < high})
            for key, figures in self._from_readings(low, high, step_ms, origin_ms, [station], determinands).items():
                at_ms = max(key[2], span[0])
                if (key[1], at_ms) in asked:
                    found[key[0], key[1], at_ms] = figures
        return found

    def _from_readings(
        self, start_ms: int, end_ms: int, step_ms: int, origin_ms: int, stations: Collection[str],
        determinands: Sequence[str],
    ) -> Windows:  # fmt: skip
        windows: Windows = {}
        for station in stations:
            points: defaultdict[tuple[str, int], lines.Fields] = defaultdict(dict)
            for row in self._bucket.ask(flux.RANGE, start_ms, end_ms, station=station, determinands=list(determinands)):
                points[row["determinand"], lines.time_of(row)][row["_field"]] = lines.number(row)
            for (determinand, time_ms), fields in points.items():
                if (stored := lines.stored_of(fields)) is not None:
                    window_ms = origin_ms + (time_ms - origin_ms) // step_ms * step_ms
                    add_reading(windows, (station, determinand, window_ms), stored.value, stored.quality, stored.state)
        return windows

    def step(self) -> bool:
        """Roll up what is due, a part of it; whether there is more."""
        now_ms = self._now_ms()
        state = self._state()
        due_ms = (now_ms - SETTLE_MS) - (now_ms - SETTLE_MS) % HOUR_MS
        if not state.before:
            state.before, state.late = self._oldest(lines.BEGIN_MS, due_ms), now_ms - VISIBLE_MS
        self._take_late(state, now_ms - VISIBLE_MS)
        if state.todo:
            self._again_some(state)
        elif state.before < due_ms:
            self._forward(state, due_ms)
        more = bool(state.todo) or state.before < due_ms
        self._keep(state)
        return self._let_go(state, now_ms) or more

    def _take_late(self, state: State, until_ms: int) -> None:
        """Take late readings into what is to be summed again."""
        if until_ms <= state.late:
            return
        for station, spans in self._log.late_since(state.late, until_ms).items():
            hours = [hours_of(span) for span in spans]
            rolled = [(low, min(high, state.before)) for low, high in state.todo.get(station, []) + hours]
            if found := union(rolled):
                state.todo[station] = found
        state.late = until_ms

    def _again_some(self, state: State) -> None:
        """Sum again the first span that waits, of all stations for which it does: often they were cut off together."""
        low, high = min(span for spans in state.todo.values() for span in spans)
        until_ms = min(high, day_of(low) + AGAIN_MS)
        stations = [station for station, spans in state.todo.items() if spans[0][0] < until_ms]
        for station in stations:
            left = [(max(start, until_ms), end) for start, end in state.todo[station] if end > until_ms]
            state.todo[station] = left
            if not left:
                del state.todo[station]
        self._roll(state, low, until_ms, stations if len(stations) <= SOME else None, state.before)

    def _forward(self, state: State, due_ms: int) -> None:
        until_ms = min(due_ms, day_of(state.before) + DAY_MS)
        self._roll(state, state.before, until_ms, None, until_ms)
        state.before = until_ms
        if until_ms < due_ms:
            # From midnight to midnight, so that no day is left out: over years without readings in one step.
            state.before = max(until_ms, day_of(self._oldest(until_ms, due_ms)))

    def _oldest(self, start_ms: int, due_ms: int) -> int:
        """Hour of the first reading within a span, or its end."""
        rows = self._bucket.ask(flux.OLDEST, start_ms, due_ms)
        oldest_ms = min((lines.time_of(row) for row in rows), default=due_ms)
        return min(due_ms, oldest_ms - oldest_ms % HOUR_MS)

    def _roll(self, state: State, low: int, high: int, stations: list[str] | None, rolled_ms: int) -> None:
        """Sum hours, and the days they belong to that are over."""
        low = max(low, state.since.get("raw", 0))
        if low >= high:
            return
        determinands = self._determinands(stations)
        hours = self.windows(low, high, HOUR_MS, low, stations, determinands)
        self._replace("hour", low, high, stations, hours)
        first_ms = max(day_of(low), state.since.get("hour", 0))
        last_ms = min(day_of(high - 1) + DAY_MS, day_of(rolled_ms))
        if first_ms < last_ms:
            days: Windows = {}
            for (station, determinand, time_ms), figures in self._points("hour", first_ms, last_ms, stations).items():
                add_window(days, (station, determinand, day_of(time_ms)), figures)
            self._replace("day", first_ms, last_ms, stations, days)

    def _determinands(self, stations: list[str] | None) -> list[str]:
        if stations is None:
            return []
        rows = [row for station in stations for row in self._bucket.ask(flux.LAST_OF, station=station)]
        return sorted({row["determinand"] for row in rows})

    def _points(self, level: str, low: int, high: int, stations: list[str] | None) -> Windows:
        if stations is None:
            return _windows(self._bucket.ask(flux.POINTS[level], low, high))
        return _windows(self._bucket.ask(flux.POINTS[level] + flux.OF_STATIONS, low, high, stations=stations))

    def left(self, stations: list[str] | None, start_ms: int, end_ms: int, levels: Sequence[Level]) -> list[Rolled]:
        """What is left of readings that were let go."""
        end_ms = min(end_ms, self._state().since.get("raw", 0))
        return [
            Rolled(
                level, station, determinand, time_ms, one.minimum, one.maximum, one.sure_total + one.suspect_total,
                one.count, one.sure_total, one.sure_count,
            )
            for level in levels
            for (station, determinand, time_ms), one in self._points(level, start_ms, end_ms, stations).items()
        ]  # fmt: skip

    def load(self, rows: Sequence[Rolled]) -> None:
        """Keep roll-ups of another store whose readings there are not any more, and do not sum them again."""
        if not rows:
            return
        made = []
        for row in rows:
            figures = Figures(
                row.minimum, row.maximum, row.certain_total, row.certain_count, row.total - row.certain_total,
                row.count - row.certain_count,
            )  # fmt: skip
            begun = lines.begin(row.station, row.determinand, row.level)
            made.append(lines.figures_line(begun, figures, None, row.start_ms))
        self._bucket.send(made)
        state = self._state()
        since_ms = max(row.end_ms for row in rows)
        if since_ms > state.since.get("raw", 0):
            state.since["raw"] = since_ms
            self._keep(state)

    def _replace(self, level: str, low: int, high: int, stations: list[str] | None, windows: Windows) -> None:
        """Write windows, and take away those of which nothing usable is left."""
        there = self._points(level, low, high, stations)
        made = []
        for key, figures in windows.items():
            if figures.count and figures != there.get(key):
                begun = lines.begin(key[0], key[1], level)
                made.append(lines.figures_line(begun, figures, there.get(key), key[2]))
        self._bucket.send(made)
        for station, determinand, time_ms in there.keys() - {key for key, one in windows.items() if one.count}:
            self._bucket.delete(time_ms, time_ms, level, station=station, determinand=determinand)

    def _let_go(self, state: State, now_ms: int) -> bool:
        """Delete what is past its retention, a kind at a time, and fold the log once an hour; whether there is more."""
        for kind, age_ms in self._retention.ages():
            until_ms = day_of(now_ms - age_ms)
            if state.since.get(kind, 0) < until_ms <= state.before:
                # First remembered, then deleted: nobody sums again what is being deleted.
                state.since[kind] = until_ms
                self._keep(state)
                for measurement in ("reading", "flag", "revision") if kind == "raw" else (kind,):
                    self._bucket.delete(lines.BEGIN_MS, until_ms - 1, measurement)
                return True
        if now_ms - state.folded >= HOUR_MS:
            self._log.fold()
            state.folded = now_ms
            self._keep(state)
        return False


def _windows(rows: list[dict[str, str]]) -> Windows:
    """Windows of a roll-up."""
    fields: defaultdict[tuple[str, str, int], lines.Fields] = defaultdict(dict)
    for row in rows:
        fields[row["station"], row["determinand"], lines.time_of(row)][row["_field"]] = lines.number(row)
    return {key: lines.figures_of(one) for key, one in fields.items()}


def _every(step_ms: int, origin_ms: int) -> dict[str, timedelta]:
    return {"every": timedelta(milliseconds=step_ms), "offset": timedelta(milliseconds=origin_ms % step_ms)}


def _clear(figures: dict[str, float]) -> bool:
    """Whether every reading of a window has a value, is normal and neither suspect nor bad."""
    return (
        "count state" not in figures
        and figures.get("count value", 0) == figures.get("count quality", -1)
        and figures["min quality"] >= Quality.GOOD
        and figures["max quality"] <= Quality.NOT_EVALUATED
    )
