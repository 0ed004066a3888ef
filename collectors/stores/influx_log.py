"""What was written when, kept in the bucket: the log of changes, and the list of roll-ups that are not true any more.

Every writer has a name of its own and gives its lines rising times, so that a reader need remember, of each writer, how
far it has read. Lines of several writers may become visible out of order, so a reader looks back a little each time.

A line of `late` is written before and after readings of hours that may be rolled up already: the first makes readers
leave those roll-ups alone, the second makes `collectors.stores.influx_rollup` sum them again from what is there then.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from collectors.clock import Now
from collectors.stores import influx_flux as flux
from collectors.stores import influx_lines as lines
from collectors.stores.fold import Span
from collectors.stores.influx_client import InfluxBucket
from sensors.durations import HOUR_MS

#: A line is visible to all so long after the time it bears, clocks of writers included [ms].
VISIBLE_MS = 120_000

#: An hour is rolled up so long after its end at the earliest [ms].
SETTLE_MS = 600_000

#: Clocks of writers and of whoever rolls up may differ by this [ms].
SKEW_MS = SETTLE_MS // 2

#: Lines of changes are kept one by one for so long, then folded together [ms].
KEPT_MS = 24 * HOUR_MS

#: Stations in one line: the database takes 64 KB.
STATIONS = 400

#: Name of the mark that says who the store is.
STORE_ID = ".id"

Spans = dict[str, Span]


def widen(spans: Spans, station: str, oldest_ms: int, newest_ms: int) -> None:
    """Take a span into those of the stations."""
    low, high = spans.get(station, (oldest_ms, newest_ms))
    spans[station] = min(low, oldest_ms), max(high, newest_ms)


class ChangeLog:
    """The logs of one store."""

    def __init__(self, bucket: InfluxBucket, now_ms: Now) -> None:
        self._bucket, self._now_ms = bucket, now_ms
        self._writer = secrets.token_hex(6)
        self._last_ms = 0
        self._store = ""

    def entries(self, measurement: str, spans: Spans) -> list[str]:
        """Lines of one write."""
        made = []
        for some in batched_items(spans):
            self._last_ms = max(self._now_ms(), self._last_ms + 1)
            made.append(lines.log_line(measurement, self._writer, dict(some), self._last_ms))
        return made

    def before(self, spans: Spans) -> None:
        """To be called before readings are written: warn whoever relies on roll-ups of their hours."""
        if late := self._late(spans):
            self._bucket.insist(self.entries("late", late))

    def after(self, spans: Spans) -> list[str]:
        """Lines to be written after readings."""
        late = self._late(spans)
        return (self.entries("late", late) if late else []) + (self.entries("change", spans) if spans else [])

    def _late(self, spans: Spans) -> Spans:
        now_ms = self._now_ms() - SKEW_MS
        rolled_ms = now_ms - now_ms % HOUR_MS
        return {station: span for station, span in spans.items() if span[0] < rolled_ms}

    def changes(self, cursor: str) -> tuple[Spans, str]:
        """Stations that have changed since a cursor, and the next cursor."""
        store = self._id()
        seen = _seen(cursor, store)
        since_ms = max(seen.values()) - VISIBLE_MS if seen else lines.BEGIN_MS
        found: Spans = {}
        told = dict(seen)
        for writer, time_ms, spans in self.read("change", since_ms, lines.END_MS):
            if time_ms <= seen.get(writer, -1):
                continue
            told[writer] = max(time_ms, told.get(writer, -1))
            for station, (oldest_ms, newest_ms) in spans.items():
                widen(found, station, oldest_ms, newest_ms)
        if told:
            # Whoever wrote nothing since the next look back need not be remembered.
            back_ms = max(told.values()) - VISIBLE_MS
            told = {writer: time_ms for writer, time_ms in told.items() if time_ms >= back_ms}
        return found, json.dumps({"of": store, "seen": told}, sort_keys=True)

    def _id(self) -> str:
        """Who the store is; `make_id` gives it one."""
        if not self._store:
            rows = self._bucket.ask(flux.MARK, name=STORE_ID)
            self._store = str(json.loads(rows[0]["_value"])) if rows else ""
        return self._store

    def make_id(self) -> None:
        """Give a new store its name, so that a cursor of another one is known as such."""
        if not self._id():
            self._bucket.insist([lines.mark_line(STORE_ID, secrets.token_hex(6))])

    def read(self, measurement: str, start_ms: int, end_ms: int) -> list[tuple[str, int, Spans]]:
        """Lines of a log: writer, time and spans."""
        return [
            (row["writer"], lines.time_of(row), {name: (span[0], span[1]) for name, span in _body(row).items()})
            for row in self._bucket.ask(flux.LOG[measurement], start_ms, end_ms)
        ]

    def late_since(self, since_ms: int, until_ms: int = lines.END_MS) -> dict[str, list[Span]]:
        """Spans of late readings of each station, written after a time and up to another one."""
        found: dict[str, list[Span]] = {}
        for _, _, spans in self.read("late", since_ms + 1, until_ms + 1):
            for station, span in spans.items():
                found.setdefault(station, []).append(span)
        return found

    def fold(self) -> None:
        """Fold lines of changes that are old into as few as can be; a cursor from before is told more, never less."""
        cut_ms = self._now_ms() - KEPT_MS
        cut_ms -= cut_ms % HOUR_MS
        found: Spans = {}
        old = self.read("change", lines.BEGIN_MS, cut_ms)
        for _, _, spans in old:
            for station, (oldest_ms, newest_ms) in spans.items():
                widen(found, station, oldest_ms, newest_ms)
        if len(old) > len(found) // STATIONS + 1:
            self._bucket.insist(
                [
                    lines.log_line("change", f"folded-{n}", dict(some), cut_ms)
                    for n, some in enumerate(batched_items(found))
                ]
            )
            self._bucket.delete(lines.BEGIN_MS, cut_ms - 1, "change")
        self._bucket.delete(lines.BEGIN_MS, cut_ms - 1, "late")


def batched_items(spans: Spans) -> list[list[tuple[str, Span]]]:
    """Stations and spans, as many at a time as a line may carry."""
    items = list(spans.items())
    return [items[start : start + STATIONS] for start in range(0, len(items), STATIONS)]


def _body(row: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["_value"])
    return found


def _seen(cursor: str, store: str) -> dict[str, int]:
    try:
        told = json.loads(cursor) if cursor else {}
        if told.get("of") == store:
            return {str(writer): int(time_ms) for writer, time_ms in told["seen"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return {}
