"""How readings and flags get into the InfluxDB store, and what they replace."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from collectors.clock import Now
from collectors.stores import influx_flux as flux
from collectors.stores import influx_lines as lines
from collectors.stores.base import Flag, Revision
from collectors.stores.influx_client import InfluxBucket
from collectors.stores.influx_log import ChangeLog, Spans, widen
from collectors.stores.merge import Stored, flagged, merge, withdraws
from sensors.reading import Block, Quality

Key = tuple[str, str]
Point = tuple[str, str, int]
Row = tuple[str, str, int, float | None, int, str]

#: A point of one reading that is written over another one, and what it was.
_Change = tuple[Point, Stored, lines.Fields]

#: Flags that wait for a reading are looked for among those of so long before now [ms].
WAIT_MS = 40 * 24 * 3_600_000

#: So often [ms].
LOOK_MS = 600_000


@dataclass(slots=True)
class _Series:
    """What is known of a series: only what is not newer can replace something.

    Attributes
    ----------
    begin : str
        Of its lines; empty where there can be none.
    newest_ms : int
        Newest reading [ms since the epoch, UTC].
    times : set of int
        Newer ones that are being written [ms since the epoch, UTC].
    """

    begin: str
    newest_ms: int = -1
    times: set[int] = field(default_factory=set)


class Writer:
    """Writes readings and flags; one call at a time."""

    def __init__(self, bucket: InfluxBucket, log: ChangeLog, now_ms: Now) -> None:
        self._bucket, self._log, self._now_ms = bucket, log, now_ms
        self._revisions = 0
        self._series: dict[Key, _Series] = {}
        self._waiting: set[Point] = set()
        self._looked_ms = 0

    def open(self) -> None:
        """Learn what is there."""
        for row in self._bucket.ask(flux.NEWEST):
            self._of((row["station"], row["determinand"])).newest_ms = lines.time_of(row)
        self._waiting = self._who_waits(lines.BEGIN_MS)

    def _who_waits(self, since_ms: int) -> set[Point]:
        rows = self._bucket.ask(flux.WAITING, since_ms)
        return {(row["station"], row["determinand"], lines.time_of(row)) for row in rows}

    def put(self, block: Block, *, delivered: bool, more: Sequence[str] = ()) -> None:
        """Keep readings; then the lines `more`, which must not be refused."""
        touched: set[Key] = set()
        try:
            fresh, late = self._sort(block, touched)
            spans: Spans = {}
            for station, determinand in touched:
                times = self._series[station, determinand].times
                widen(spans, station, min(times), max(times))
            self._log.before(spans)
            self._bucket.send(fresh)
            for part in _without_repeats(late):
                self._meet(part, delivered, spans)
            for key in touched:
                series = self._series[key]
                series.newest_ms = max(series.newest_ms, *series.times)
        finally:
            for key in touched:
                self._series[key].times.clear()
        if delivered:
            # After a break between readings and log they come again, as known ones: then they are told of here.
            for station, _, time_ms, *_ in late:
                widen(spans, station, time_ms, time_ms)
        if last := [*self._log.after(spans), *more]:
            self._bucket.insist(last)
        if self._waiting:
            self._apply_waiting()

    def _sort(self, block: Block, touched: set[Key]) -> tuple[list[str], list[Row]]:
        """Lines of what can only be new, and the readings that may replace something."""
        fresh: list[str] = []
        late: list[Row] = []
        columns = zip(
            block.station, block.determinand, block.time_ms, block.value, block.quality, block.state, strict=True
        )
        for row in columns:
            station, determinand, time_ms, value, quality, state = row
            series = self._series.get((station, determinand)) or self._of((station, determinand))
            if not series.begin:
                self._bucket.refuse(repr(row), "InfluxDB cannot carry these names")
            elif time_ms <= series.newest_ms or time_ms in series.times:
                late.append(row)
            else:
                fresh.append(lines.fresh_line(series.begin, time_ms, value, quality, state))
                series.times.add(time_ms)
                touched.add((station, determinand))
        return fresh, late

    def _of(self, key: Key) -> _Series:
        series = self._series.get(key)
        if series is None:
            try:
                begin = lines.begin(*key)
            except ValueError:
                begin = ""
            series = self._series[key] = _Series(begin)
        return series

    def _meet(self, rows: list[Row], delivered: bool, spans: Spans) -> None:
        """Keep readings that may replace others, and what they replace."""
        points = [(station, determinand, time_ms) for station, determinand, time_ms, *_ in rows]
        there = self._there(points)
        old = {point: stored for point, fields in there.items() if (stored := lines.stored_of(fields)) is not None}
        flags = self._flags_of([point for point in points if point in old and old[point].said is not None])
        made: list[str] = []
        changes: list[_Change] = []
        stamp = self._now_ms()
        for (*_, value, quality, state), point in zip(rows, points, strict=True):
            stored = lines.stored_of(lines.fields_of(Stored(value, quality, state)))
            assert stored is not None
            before = old.get(point)
            if before is None:
                changes.append((point, stored, there.get(point, {})))
                continue
            standing = flags.get(point, {})
            new = merge(
                before, stored.value, quality, state, [int(one.flag) for one in standing.values()], delivered=delivered
            )
            if new is None:
                continue
            if new.revision:
                self._revisions += 1
                made.append(lines.revision_line(*point, before, f"{stamp}-{self._revisions}"))
            if new.another:
                made += [lines.flag_line(_withdrawn(one), waiting=False) for one in standing.values()]
            changes.append((point, new.stored, there[point]))
        self._change(made, changes, spans)

    def _change(self, made: list[str], changes: list[_Change], spans: Spans) -> None:
        """Write what goes with readings first, then the readings; note them in `spans`."""
        if not changes:
            self._bucket.send(made)
            return
        here: Spans = {}
        for (station, _, time_ms), _, _ in changes:
            widen(here, station, time_ms, time_ms)
            widen(spans, station, time_ms, time_ms)
        self._log.before(here)
        self._bucket.send(made)
        written = []
        for point, stored, old in changes:
            fields = lines.fields_over(stored, old)
            if "value" in old and "value" not in fields:
                # A field that is left out would stay as it was. What is deleted is in the revision first.
                station, determinand, time_ms = point
                self._bucket.delete(time_ms, time_ms, "reading", station=station, determinand=determinand)
                fields = lines.fields_of(stored)
            written.append(lines.line(self._of(point[:2]).begin, fields, point[2]))
        self._bucket.send(written)

    def _there(self, points: Sequence[Point]) -> dict[Point, lines.Fields]:
        """Points of readings that are there, within the spans of those asked for."""
        found: defaultdict[Point, lines.Fields] = defaultdict(dict)
        for station, (oldest_ms, newest_ms) in _spans(points).items():
            for row in self._bucket.ask(flux.READINGS, oldest_ms, newest_ms + 1, station=station):
                found[station, row["determinand"], lines.time_of(row)][row["_field"]] = lines.number(row)
        return found

    def _flags_of(self, points: Sequence[Point]) -> dict[Point, dict[str, Flag]]:
        """Flags that stand, by test."""
        found: defaultdict[Point, dict[str, Flag]] = defaultdict(dict)
        for station, (oldest_ms, newest_ms) in _spans(points).items():
            for one in read_flags(self._bucket, station, oldest_ms, newest_ms + 1):
                found[station, one.determinand, one.time_ms][one.test] = one
        return found

    def flag(self, flags: Iterable[Flag]) -> None:
        """Keep flags, and give their readings the quality that follows."""
        newest = {(one.station, one.determinand, one.time_ms, one.test): one for one in flags}
        told: defaultdict[Point, dict[str, Flag]] = defaultdict(dict)
        for (station, determinand, time_ms, test), one in newest.items():
            try:
                lines.flag_line(one, waiting=False)
            except ValueError as error:
                self._bucket.refuse(repr(one), str(error))
            else:
                told[station, determinand, time_ms][test] = one
        self._apply(told)

    def _apply(self, told: dict[Point, dict[str, Flag]]) -> None:
        points = list(told)
        there, standing = self._there(points), self._flags_of(points)
        made: list[str] = []
        changes: list[_Change] = []
        for point, by_test in told.items():
            stored = lines.stored_of(there.get(point, {}))
            was, now = standing.get(point, {}), dict(standing.get(point, {}))
            for test, one in by_test.items():
                if withdraws(one.flag):
                    now.pop(test, None)
                else:
                    now[test] = one
            waited = point in self._waiting and stored is not None
            for test, one in now.items():
                if was.get(test) != one or waited or (stored is None and point not in self._waiting):
                    made.append(lines.flag_line(one, waiting=stored is None))
            made += [lines.flag_line(_withdrawn(one), waiting=False) for test, one in was.items() if test not in now]
            (self._waiting.add if stored is None and now else self._waiting.discard)(point)
            if stored is not None:
                new = flagged(stored, [int(one.flag) for one in now.values()])
                if new != stored:
                    changes.append((point, new, there[point]))
        spans: Spans = {}
        self._change(made, changes, spans)
        if after := self._log.after(spans):
            self._bucket.insist(after)

    def _apply_waiting(self) -> None:
        """Give flags that came first to the readings that have come since."""
        arrived = [point for point in self._waiting if point[2] <= self._of(point[:2]).newest_ms]
        there = self._there(arrived)
        if found := {point: dict[str, Flag]() for point in arrived if point in there}:
            self._apply(found)

    def look_after_waiting(self) -> None:
        """The same for flags and readings of other processes, now and then."""
        now_ms = self._now_ms()
        if abs(now_ms - self._looked_ms) < LOOK_MS:
            return
        self._waiting |= self._who_waits(now_ms - WAIT_MS)
        there = self._there(list(self._waiting))
        if found := {point: dict[str, Flag]() for point in self._waiting if point in there}:
            self._apply(found)
        self._looked_ms = now_ms

    def revisions(self, rows: Sequence[Revision]) -> None:
        """Keep revisions of another store; those that are there already are not doubled."""
        if not rows:
            return
        times = [row.time_ms for row in rows]
        there = Counter(read_revisions(self._bucket, min(times), max(times) + 1))
        made = []
        numbers = Counter((row.station, row.determinand, row.time_ms, row.replaced_ms) for row in there.elements())
        for row in rows:
            if there[row] > 0:
                there[row] -= 1
                continue
            key = row.station, row.determinand, row.time_ms, row.replaced_ms
            numbers[key] += 1
            old = Stored(row.value, int(row.quality), str(row.state))
            made.append(lines.revision_line(*key[:3], old, f"{row.replaced_ms}-{numbers[key]}"))
        self._bucket.send(made)


def read_revisions(bucket: InfluxBucket, start_ms: int, end_ms: int) -> list[Revision]:
    """Readings that were replaced, by the time of the reading, then as it happened."""
    points: defaultdict[tuple[int, str, str, str], lines.Fields] = defaultdict(dict)
    for row in bucket.ask(flux.REVISIONS, start_ms, end_ms):
        key = lines.time_of(row), row["station"], row["determinand"], row["replaced"]
        points[key][row["_field"]] = lines.number(row)
    ordered = sorted(points.items(), key=lambda item: (item[0][:3], lines.replaced_order(item[0][3])))
    return [
        lines.revision_of(station, determinand, time_ms, replaced, stored)
        for (time_ms, station, determinand, replaced), fields in ordered
        if (stored := lines.stored_of(fields)) is not None
    ]


def read_flags(bucket: InfluxBucket, station: str, start_ms: int, end_ms: int) -> list[Flag]:
    """Flags of one station that stand, ordered by time, determinand and test."""
    found: defaultdict[tuple[int, str, str], dict[str, str]] = defaultdict(dict)
    for row in bucket.ask(flux.FLAGS, start_ms, end_ms, station=station):
        found[lines.time_of(row), row["determinand"], row["test"]][row["_field"]] = row["_value"]
    return [
        lines.flag_of(station, determinand, time_ms, test, float(fields["flag"]), fields.get("body", "{}"))
        for (time_ms, determinand, test), fields in sorted(found.items())
        if "flag" in fields and not withdraws(int(float(fields["flag"])))
    ]


def _withdrawn(one: Flag) -> Flag:
    return Flag(one.station, one.determinand, one.time_ms, one.test, Quality.NOT_EVALUATED, one.evidence)


def _spans(points: Iterable[Point]) -> Spans:
    spans: Spans = {}
    for station, _, time_ms in points:
        widen(spans, station, time_ms, time_ms)
    return spans


def _without_repeats(rows: Sequence[Row]) -> list[list[Row]]:
    """Cut readings where one comes again, so that each replaced value is seen being replaced."""
    parts: list[list[Row]] = []
    seen: set[Point] = set()
    for row in rows:
        if not parts or row[:3] in seen:
            parts.append([])
            seen.clear()
        seen.add(row[:3])
        parts[-1].append(row)
    return parts
