"""InfluxDB 2: the store where a database is run already, or where Grafana is to read along.

What is written how stands in `collectors.stores.influx_lines`, how readings replace others in
`collectors.stores.influx_writes`, the roll-ups in `collectors.stores.influx_rollup`.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from collectors.clock import Now, machine_ms
from collectors.stores import influx_flux as flux
from collectors.stores import influx_lines as lines
from collectors.stores.base import Assessment, Basis, Chunk, Event, Flag, Judged, Revision, Scope, Summary
from collectors.stores.influx_client import InfluxBucket
from collectors.stores.influx_log import ChangeLog
from collectors.stores.influx_rollup import Rollups
from collectors.stores.influx_writes import Writer, read_flags, read_revisions
from collectors.stores.retention import FOR_EVER, Retention
from sensors.reading import Block

T = TypeVar("T")


def prepare(url: str) -> None:
    """Make the bucket of a store's URL where it is missing, with the right of the token in the environment."""
    bucket = InfluxBucket(url, read_only=False, token=None, on_refused=None)
    try:
        bucket.prepare()
    finally:
        bucket.close()


class InfluxStore:
    """A `collectors.stores.base.ReadingStore` in a bucket of InfluxDB 2.

    Parameters
    ----------
    url : str
        ``influx://HOST[:8086]/ORG/BUCKET``, or ``influxs://`` with TLS. The bucket itself must keep things for ever.
    read_only : bool
    token : str, optional
        Else ``RIVERCHIEF_INFLUX_TOKEN`` or ``INFLUX_TOKEN`` of the environment.
    retention : Retention
    now_ms : callable
        Clock for the time at which a reading was replaced, for the log of changes and for the age of what is kept.
    on_refused : callable, optional
        Gets a line that the database would not have, and why; they are logged in any case.

    Raises
    ------
    StoreError
        Not retryable where the URL is none, or the token or bucket are not accepted; retryable where nobody answers.
    """

    def __init__(
        self,
        url: str,
        *,
        read_only: bool = False,
        token: str | None = None,
        retention: Retention = FOR_EVER,
        now_ms: Now = machine_ms,
        on_refused: Callable[[str, str], None] | None = None,
    ) -> None:
        self.bucket = InfluxBucket(url, read_only=read_only, token=token, on_refused=on_refused)
        self._log = ChangeLog(self.bucket, now_ms)
        self._writer = Writer(self.bucket, self._log, now_ms)
        self._rollups = Rollups(self.bucket, self._log, retention, now_ms)
        self._lock, self._upkeep = threading.RLock(), threading.Lock()
        try:
            if read_only:
                self.watermarks()
            else:
                self._writer.open()
                self._log.make_id()
        except BaseException:
            self.bucket.close()
            raise

    def write(self, block: Block) -> None:
        """Keep readings; idempotent, a later write wins, what it replaced stays in `revisions`."""
        self.bucket.may_write()
        with self._lock:
            self._writer.put(block, delivered=False)

    def commit(self, block: Block, gateway: str, epoch: str, seq: int) -> None:
        """Keep readings, and then the gateway's watermark: a break between the two makes the readings come again.

        Stored verdicts of quality control stay, as `collectors.stores.base.ReadingStore.commit` says.
        """
        self.bucket.may_write()
        with self._lock:
            self._writer.put(block, delivered=True, more=[lines.watermark_line(gateway, epoch, seq)])

    def watermarks(self) -> dict[str, tuple[str, int]]:
        """Epoch and highest stored sequence number of each gateway's spool."""
        found = {}
        for row in self.bucket.ask(flux.WATERMARKS):
            epoch, seq = json.loads(row["_value"])
            found[row["gateway"]] = (str(epoch), int(seq))
        return found

    def latest(self) -> Block:
        """Newest reading of each (station, determinand), missing ones included."""
        points: defaultdict[tuple[str, str], dict[str, tuple[int, float]]] = defaultdict(dict)
        for row in self.bucket.ask(flux.LATEST):
            points[row["station"], row["determinand"]][row["_field"]] = lines.time_of(row), lines.number(row)
        found = []
        for (station, determinand), fields in sorted(points.items()):
            # A field that the newest point does not have answers with an older one.
            newest_ms = max(time_ms for time_ms, _ in fields.values())
            stored = lines.stored_of({name: value for name, (time_ms, value) in fields.items() if time_ms == newest_ms})
            if stored is not None:
                found.append(lines.reading_of(station, determinand, newest_ms, stored))
        return Block.of(found)

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """Readings of one station, start inclusive, end exclusive, ordered by time."""
        names = list(dict.fromkeys(determinands))
        if not names:
            return Block()
        order = {determinand: index for index, determinand in enumerate(names)}
        points: defaultdict[tuple[int, int], lines.Fields] = defaultdict(dict)
        for row in self.bucket.ask(flux.RANGE, start_ms, end_ms, station=station, determinands=names):
            points[lines.time_of(row), order[row["determinand"]]][row["_field"]] = lines.number(row)
        return Block.of(
            lines.reading_of(station, names[index], time_ms, stored)
            for (time_ms, index), fields in sorted(points.items(), key=lambda item: item[0])
            if (stored := lines.stored_of(fields)) is not None
        )

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """Minimum, maximum and mean per window; hours and days from the roll-ups."""
        if step_ms <= 0:
            raise ValueError(f"step_ms must be positive, not {step_ms}")
        if not stations or not determinands or start_ms >= end_ms:
            return Summary()
        return self._rollups.summary(stations, determinands, start_ms, end_ms, step_ms)

    def put_assessments(self, rows: Sequence[Assessment]) -> None:
        """Keep judgements; idempotent on (scope, subject, basis, time)."""
        self._put_rows(rows, lines.assessment_line)

    def _put_rows(self, rows: Sequence[T], line_of: Callable[[T], str]) -> None:
        self.bucket.may_write()
        made = []
        for row in rows:
            try:
                made.append(line_of(row))
            except ValueError as error:
                self.bucket.refuse(repr(row), str(error))
        self.bucket.send(made)

    def assessments(self, scope: Scope, basis: Basis) -> list[Assessment]:
        """Newest judgement of each subject, ordered by subject."""
        rows = self.bucket.ask(flux.ASSESSMENTS, scope=scope, basis=basis)
        return sorted((lines.assessment(row["_value"]) for row in rows), key=attrgetter("subject"))

    def assessment_history(
        self, scope: Scope, subject: str, basis: Basis, start_ms: int, end_ms: int
    ) -> list[Assessment]:
        """Judgements of one subject, ordered by time."""
        rows = self.bucket.ask(flux.HISTORY, start_ms, end_ms, scope=scope, subject=subject, basis=basis)
        return sorted((lines.assessment(row["_value"]) for row in rows), key=attrgetter("time_ms"))

    def conditions(
        self, scope: Scope, subjects: Sequence[str], basis: Basis, start_ms: int, end_ms: int
    ) -> dict[str, list[Judged]]:
        """Classes of some subjects, each one's ordered by time, without why."""
        found = {}
        for subject in subjects:
            if rows := self.assessment_history(scope, subject, basis, start_ms, end_ms):
                found[subject] = [
                    Judged(row.time_ms, row.water_class, None if row.water_class else row.detail.get("descriptor"))
                    for row in rows
                ]
        return found

    def revisions(self, start_ms: int, end_ms: int) -> list[Revision]:
        """Readings that were replaced, by the time of the reading."""
        return read_revisions(self.bucket, start_ms, end_ms)

    def put_flags(self, flags: Sequence[Flag]) -> None:
        """Keep what tests say, and give the readings the quality that follows."""
        self.bucket.may_write()
        with self._lock:
            self._writer.flag(flags)

    def flags(self, station: str, start_ms: int, end_ms: int) -> list[Flag]:
        """Flags of one station that stand, ordered by time, determinand and test."""
        return read_flags(self.bucket, station, start_ms, end_ms)

    def changes(self, cursor: str) -> tuple[dict[str, tuple[int, int]], str]:
        """Stations whose readings have changed since a cursor, and the next cursor."""
        return self._log.changes(cursor)

    def mark(self, name: str) -> str | None:
        """Text that was kept under a name."""
        rows = self.bucket.ask(flux.MARK, name=f"@{name}")
        return str(json.loads(rows[0]["_value"])) if rows else None

    def put_mark(self, name: str, text: str) -> None:
        """Keep a small text under a name; a later one wins."""
        self.bucket.may_write()
        self.bucket.insist([lines.mark_line(f"@{name}", text)])

    def put_events(self, rows: Sequence[Event]) -> None:
        """Keep events; idempotent on id, and a later one wins."""
        self.bucket.may_write()
        newest = {row.id: row for row in rows}
        self._put_rows(list(newest.values()), lines.event_line)
        # An event whose beginning was corrected is another point; the old one goes after the new one is there.
        found = self.bucket.ask(flux.EVENTS, ids=list(newest)) if newest else []
        for row in found:
            if lines.time_of(row) != newest[row["id"]].start_ms:
                self.bucket.delete(lines.time_of(row), lines.time_of(row), "event", id=row["id"])

    def events(self, start_ms: int, end_ms: int) -> list[Event]:
        """Events that lasted at some time of a span, ordered by start and id."""
        ids = [row["id"] for row in self.bucket.ask(flux.EVENTS_OF, lines.BEGIN_MS, end_ms, least=float(start_ms))]
        rows = self.bucket.ask(flux.EVENTS, lines.BEGIN_MS, end_ms, ids=ids) if ids else []
        found = (lines.event(row["_value"]) for row in rows)
        lasting = (one for one in found if one.end_ms is None or one.end_ms > start_ms or one.start_ms >= start_ms)
        return sorted(lasting, key=attrgetter("start_ms", "id"))

    def series(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Times of the oldest and the newest reading of each (station, determinand)."""
        left: dict[tuple[str, str], list[int]] = {}
        for row in self._rollups.left(None, lines.BEGIN_MS, lines.END_MS, ("day",)):
            left.setdefault((row.station, row.determinand), []).append(row.start_ms)
        first, last = self._times(flux.OLDEST), self._times(flux.NEWEST)
        return {
            key: (
                min([*left.get(key, []), *([first[key]] if key in first else [])]),
                last[key] if key in last else max(left[key]),
            )
            for key in sorted(first.keys() | left.keys())
        }

    def _times(self, query: str) -> dict[tuple[str, str], int]:
        return {(row["station"], row["determinand"]): lines.time_of(row) for row in self.bucket.ask(query)}

    def dump(self, station: str, start_ms: int, end_ms: int) -> Chunk:
        """Everything kept about one station's readings; to be loaded elsewhere."""
        points: defaultdict[tuple[str, int], lines.Fields] = defaultdict(dict)
        for row in self.bucket.ask(flux.READINGS, start_ms, end_ms, station=station):
            points[row["determinand"], lines.time_of(row)][row["_field"]] = lines.number(row)
        block = Block()
        for (determinand, time_ms), fields in sorted(points.items()):
            if (stored := lines.stored_of(fields)) is not None:
                block.append(lines.reading_of(station, determinand, time_ms, stored.unflagged()))
        revisions = [row for row in self.revisions(start_ms, end_ms) if row.station == station]
        rolled = self._rollups.left([station], start_ms, end_ms, ("hour", "day"))
        return Chunk(block, self.flags(station, start_ms, end_ms), revisions, rolled)

    def load(self, chunk: Chunk) -> None:
        """Take what another store has dumped; idempotent."""
        self.bucket.may_write()
        with self._lock:
            self._writer.put(chunk.block, delivered=False)
            self._writer.flag(chunk.flags)
            self._writer.revisions(chunk.revisions)
            self._rollups.load(chunk.rolled)

    def tidy(self) -> bool:
        """Roll up what is due, delete what is past its retention, fold the log: a part of it at a time."""
        self.bucket.may_write()
        with self._lock:
            self._writer.look_after_waiting()
        with self._upkeep:  # commits need not wait for it
            return self._rollups.step()

    def close(self) -> None:
        """Close the connections; harmless when called again."""
        with self._lock:
            self.bucket.close()
