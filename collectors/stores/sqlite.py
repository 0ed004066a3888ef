"""The embedded store: one SQLite file, one process that writes at a time, any number that read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectors.clock import Now, machine_ms
from collectors.stores import sqlite_schema as sql
from collectors.stores.base import (
    MEAN_DECIMALS,
    Assessment,
    Basis,
    Chunk,
    Event,
    Flag,
    Judged,
    Revision,
    Rolled,
    Scope,
    Summary,
    SummaryRow,
)
from collectors.stores.fold import day_of
from collectors.stores.retention import FOR_EVER, Retention
from collectors.stores.sqlite_file import SqliteFile
from collectors.stores.sqlite_writes import Names, Write, kept_since, settle
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block, Quality, StationState

#: Readings that `SqliteStore.tidy` lets go at a time are those of so long [ms]: commits wait for it.
TIDY_RAW_MS = 2 * HOUR_MS


class SqliteStore:
    """A `collectors.stores.base.ReadingStore` in one file.

    Parameters
    ----------
    path : str or Path
        Its folder is made where it is missing, unless `read_only`.
    read_only : bool
        Open an existing store without the right to change it.
    retention : Retention
    now_ms : callable
        Clock for the time at which a reading was replaced, and for the age of what is kept.

    Raises
    ------
    StoreError
        Not retryable where the schema is newer than this program or the file is no store; retryable otherwise.
    """

    def __init__(
        self, path: str | Path, *, read_only: bool = False, retention: Retention = FOR_EVER, now_ms: Now = machine_ms
    ) -> None:
        self._now_ms, self._retention = now_ms, retention
        self._names = Names()
        self._file = SqliteFile(Path(path), read_only=read_only, undone=self._names.clear)

    @contextmanager
    def _write(self) -> Iterator[tuple[sqlite3.Connection, Write]]:
        with self._file.transaction() as db:
            write = Write(db, self._names, self._now_ms())
            yield db, write
            write.finish()

    def write(self, block: Block) -> None:
        """Keep readings; idempotent, a later write wins, what it replaced stays in `revisions`."""
        with self._write() as (_, write):
            write.put(block, delivered=False)

    def commit(self, block: Block, gateway: str, epoch: str, seq: int) -> None:
        """Keep readings and move the gateway's watermark in one transaction; stored verdicts stay."""
        with self._write() as (db, write):
            write.put(block, delivered=True)
            db.execute("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (gateway, epoch, seq))

    def watermarks(self) -> dict[str, tuple[str, int]]:
        """Epoch and highest stored sequence number of each gateway's spool."""
        rows = self._file.rows("SELECT gateway, epoch, seq FROM watermark")
        return {gateway: (epoch, seq) for gateway, epoch, seq in rows}

    def latest(self) -> Block:
        """Newest reading of each (station, determinand), missing ones included."""
        return _block(self._file.rows(sql.LATEST))

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """Readings of one station, start inclusive, end exclusive, ordered by time."""
        names = self._wanted([station], determinands)
        rows = self._file.rows(sql.RANGE, {"series": json.dumps(list(names)), "start_ms": start_ms, "end_ms": end_ms})
        return _block([(*names[series], *rest) for series, *rest in rows])

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """Minimum, maximum and mean per window; hours and days from the roll-ups."""
        if step_ms <= 0:
            raise ValueError(f"step_ms must be positive, not {step_ms}")
        names = self._wanted(stations, determinands)
        hourly = start_ms % HOUR_MS == 0 and step_ms % HOUR_MS == 0
        daily = start_ms == day_of(start_ms) and step_ms % DAY_MS == 0
        hour_ms = max(start_ms, end_ms - end_ms % HOUR_MS) if hourly else start_ms
        rows = self._file.rows(
            sql.SUMMARY,
            {
                "series": json.dumps(list(names)),
                "start_ms": start_ms,
                "day_ms": max(start_ms, day_of(end_ms)) if daily else start_ms,
                "hour_ms": hour_ms,
                "end_ms": end_ms,
                "step_ms": step_ms,
            },
        )
        windows = sorted((*names[series], start_ms + window * step_ms, *rest) for series, window, *rest in rows)
        summary = Summary()
        for station, determinand, window_ms, low, high, total, count, provisional, sure, sure_count in windows:
            # Clamped as well: the mean of equal readings is that reading, to the last bit.
            mean = min(max(round(total / count, MEAN_DECIMALS), low), high)
            certain = min(max(round(sure / sure_count, MEAN_DECIMALS), low), high) if sure_count else None
            summary.append(
                SummaryRow(
                    station, determinand, window_ms, low, high, mean, count, provisional, certain, sure_count,
                )
            )  # fmt: skip
        return summary

    def _wanted(self, stations: Sequence[str], determinands: Sequence[str]) -> dict[int, tuple[str, str]]:
        """Series by id, in the order asked for; unknown ones are left out."""
        rows = self._file.rows(sql.WANTED, (json.dumps(list(stations)), json.dumps(list(determinands))))
        return {series: (station, determinand) for series, station, determinand in rows}

    def put_assessments(self, rows: Sequence[Assessment]) -> None:
        """Keep judgements; idempotent on (scope, subject, basis, time)."""
        values = [
            (
                row.scope, row.subject, row.basis, row.time_ms, row.water_class, row.partial, row.provisional,
                json.dumps(row.deciding), _json(row.detail),
            )
            for row in rows
        ]  # fmt: skip
        with self._file.transaction() as db:
            db.executemany(sql.PUT_ASSESSMENT, values)

    def assessments(self, scope: Scope, basis: Basis) -> list[Assessment]:
        """Newest judgement of each subject, ordered by subject."""
        return [_assessment(row) for row in self._file.rows(sql.ASSESSMENTS, {"scope": scope, "basis": basis})]

    def assessment_history(
        self, scope: Scope, subject: str, basis: Basis, start_ms: int, end_ms: int
    ) -> list[Assessment]:
        """Judgements of one subject, ordered by time."""
        rows = self._file.rows(sql.ASSESSMENT_HISTORY, (scope, subject, basis, start_ms, end_ms))
        return [_assessment(row) for row in rows]

    def conditions(
        self, scope: Scope, subjects: Sequence[str], basis: Basis, start_ms: int, end_ms: int
    ) -> dict[str, list[Judged]]:
        """Classes of some subjects, each one's ordered by time, without why."""
        asked = {"scope": scope, "basis": basis, "start_ms": start_ms, "end_ms": end_ms}
        found: dict[str, list[Judged]] = {}
        for subject, *judged in self._file.rows(sql.CONDITIONS, asked | {"subjects": json.dumps(list(subjects))}):
            found.setdefault(subject, []).append(Judged(*judged))
        return found

    def revisions(self, start_ms: int, end_ms: int) -> list[Revision]:
        """Readings that were replaced, by the time of the reading."""
        return [
            Revision(station, determinand, time_ms, value, Quality(quality), StationState(state), replaced_ms)
            for station, determinand, time_ms, value, quality, state, replaced_ms in self._file.rows(
                sql.REVISIONS, (start_ms, end_ms)
            )
        ]

    def put_flags(self, flags: Sequence[Flag]) -> None:
        """Keep what tests say, and give the readings the quality that follows."""
        with self._write() as (_, write):
            write.flag(flags)

    def flags(self, station: str, start_ms: int, end_ms: int) -> list[Flag]:
        """Flags of one station that stand, ordered by time, determinand and test."""
        return [
            Flag(name, determinand, time_ms, test, Quality(flag), json.loads(evidence))
            for name, determinand, time_ms, test, flag, evidence in self._file.rows(
                sql.FLAGS, (start_ms, end_ms, station)
            )
        ]

    def changes(self, cursor: str) -> tuple[dict[str, tuple[int, int]], str]:
        """Stations whose readings have changed since a cursor, and the next cursor."""
        with self._file.told(), self._file.reading() as db:
            db.execute("BEGIN")
            try:
                (store,) = db.execute("SELECT body FROM mark WHERE name = ?", (sql.STORE_ID,)).fetchone()
                (newest,) = db.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()
                of, _, seq = cursor.partition(":")
                since = int(seq) if of == store and seq.isdecimal() else 0
                rows = db.execute(sql.CHANGES, (since,)).fetchall()
            finally:
                db.execute("COMMIT")
        return {station: (oldest_ms, newest_ms) for station, oldest_ms, newest_ms in rows}, f"{store}:{newest}"

    def mark(self, name: str) -> str | None:
        """Text that was kept under a name."""
        rows = self._file.rows("SELECT body FROM mark WHERE name = ?", (f"@{name}",))
        return str(rows[0][0]) if rows else None

    def put_mark(self, name: str, text: str) -> None:
        """Keep a small text under a name; a later one wins."""
        with self._file.transaction() as db:
            db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (f"@{name}", text))

    def put_events(self, rows: Sequence[Event]) -> None:
        """Keep events; idempotent on id, and a later one wins."""
        values = [
            (
                row.id, row.kind, row.start_ms, row.end_ms, row.detected_ms, row.updated_ms, json.dumps(row.stations),
                _json(row.detail),
            )
            for row in rows
        ]  # fmt: skip
        with self._file.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def events(self, start_ms: int, end_ms: int) -> list[Event]:
        """Events that lasted at some time of a span, ordered by start and id."""
        rows = self._file.rows(sql.EVENTS, {"start_ms": start_ms, "end_ms": end_ms})
        return [
            Event(
                name, kind, begin_ms, until_ms, detected_ms, updated_ms, tuple(json.loads(stations)),
                json.loads(detail),
            )
            for name, kind, begin_ms, until_ms, detected_ms, updated_ms, stations, detail in rows
        ]  # fmt: skip

    def series(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Times of the oldest and the newest reading of each (station, determinand)."""
        with self._file.told(), self._file.reading() as db:
            rows = db.execute(sql.SERIES, {"since_ms": kept_since(db)["raw"]}).fetchall()
        return {(station, determinand): (oldest_ms, newest_ms) for station, determinand, oldest_ms, newest_ms in rows}

    def dump(self, station: str, start_ms: int, end_ms: int) -> Chunk:
        """Everything kept about one station's readings; to be loaded elsewhere."""
        block = _block(self._file.rows(sql.DUMP, (start_ms, end_ms, station)))
        revisions = [row for row in self.revisions(start_ms, end_ms) if row.station == station]
        with self._file.told(), self._file.reading() as db:
            asked = start_ms, min(end_ms, kept_since(db)["raw"]), station
            rolled = [Rolled(*row) for statement in sql.ROLLED.values() for row in db.execute(statement, asked)]
        return Chunk(block, self.flags(station, start_ms, end_ms), revisions, rolled)

    def load(self, chunk: Chunk) -> None:
        """Take what another store has dumped; idempotent."""
        with self._write() as (_, write):
            write.put(chunk.block, delivered=False)
            write.flag(chunk.flags)
            write.revisions(chunk.revisions)
            write.rolled(chunk.rolled)

    def tidy(self) -> bool:
        """Let go some of what is past its retention; what it leaves free is used again, so the file stops growing."""
        now_ms = self._now_ms()
        more = False
        for kind, age_ms in self._retention.ages():
            more |= self._let_go(kind, day_of(now_ms - age_ms))
        return more

    def _let_go(self, kind: str, cutoff_ms: int) -> bool:
        """Let go what begins before a time, at most a part of it; whether there is more."""
        table, column = {"raw": ("reading", "time_ms")}.get(kind, (kind, "start_ms"))
        with self._file.transaction() as db:
            since_ms = kept_since(db)[kind]
            if since_ms >= cutoff_ms:
                return False
            oldest = f"SELECT (SELECT min({column}) FROM {table} WHERE series = s.id) AS oldest_ms FROM series s"
            (oldest_ms,) = db.execute(f"SELECT min(oldest_ms) FROM ({oldest})").fetchone()
            until_ms = cutoff_ms
            if kind == "raw" and oldest_ms is not None:
                until_ms = min(cutoff_ms, oldest_ms - oldest_ms % HOUR_MS + TIDY_RAW_MS)
            settle(db, until_ms)
            series = [(row[0], until_ms) for row in db.execute("SELECT id FROM series")]
            db.executemany(f"DELETE FROM {table} WHERE series = ? AND {column} < ?", series)
            if kind == "raw":
                db.executemany("DELETE FROM flag WHERE series = ? AND time_ms < ?", series)
                db.execute("DELETE FROM revision WHERE time_ms < ?", (until_ms,))
            db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (sql.KEPT_SINCE[kind], str(until_ms)))
        return until_ms < cutoff_ms

    def close(self) -> None:
        """Close the file; harmless when called again."""
        self._file.close()


def _block(rows: list[Any]) -> Block:
    if not rows:
        return Block()
    station, determinand, time_ms, value, quality, state = map(list, zip(*rows, strict=True))
    return Block(station, determinand, time_ms, value, quality, state)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _assessment(row: Any) -> Assessment:
    scope, subject, basis, time_ms, water_class, partial, provisional, deciding, detail = row
    return Assessment(
        scope, subject, basis, time_ms, water_class, bool(partial), bool(provisional),
        tuple(json.loads(deciding)), json.loads(detail),
    )  # fmt: skip
