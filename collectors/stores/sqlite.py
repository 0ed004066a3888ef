"""The embedded store: one SQLite file, one process that writes, any number that read.

Write-ahead log with ``synchronous=FULL``: a commit has reached the disk when it returns, which the watermark promises.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from collectors.clock import Now, machine_ms
from collectors.sqlite_versions import bring_up
from collectors.stores import sqlite_schema as sql
from collectors.stores.base import (
    HOUR_MS,
    MEAN_DECIMALS,
    Assessment,
    Basis,
    Revision,
    Scope,
    Summary,
    SummaryRow,
)
from sensors.errors import StoreError
from sensors.reading import Block, Quality, StationState

#: How long a writer waits for another writer [s]; readers never wait in write-ahead mode.
BUSY_TIMEOUT_S = 30.0

#: The log is cut back to this after a checkpoint [bytes].
LOG_LIMIT = 64 * 1024 * 1024

#: Errors that pass by themselves or when somebody makes room.
_RETRYABLE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL,
}  # fmt: skip

Row = tuple[int, int, float | None, int, str]


class SqliteStore:
    """A `collectors.stores.base.ReadingStore` in one file.

    Parameters
    ----------
    path : str or Path
        Its folder is made where it is missing, unless `read_only`.
    read_only : bool
        Open an existing store without the right to change it.
    now_ms : callable
        Clock for the time at which a reading was replaced.

    Raises
    ------
    StoreError
        Not retryable where the schema is newer than this program or the file is no store; retryable otherwise.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False, now_ms: Now = machine_ms) -> None:
        self.path = Path(path)
        self._now_ms = now_ms
        self._lock = threading.RLock()
        self._series: dict[tuple[str, str], int] = {}
        self._closed = False
        #: Connections of a read-only store that nobody is using: as many as ever read at the same time.
        self._idle: list[sqlite3.Connection] = []
        with self._told():
            if read_only:
                self._idle.append(self._open_reader())
            self._writer = None if read_only else self._open_writer()

    @property
    def _db(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreError(f"store {self.path} is open for reading only", retryable=False)
        return self._writer

    def _open_reader(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise StoreError(f"store {self.path} does not exist yet", retryable=True)
        return self._checked(self._connect(f"{self.path.resolve().as_uri()}?mode=ro"))

    def _open_writer(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"store {self.path}: {error}", retryable=True) from error
        db = self._connect(f"{self.path.resolve().as_uri()}?mode=rwc")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")
        db.execute("PRAGMA temp_store = MEMORY")
        try:
            db.execute("BEGIN IMMEDIATE")
            bring_up(db, sql.SCHEMA, sql.MIGRATIONS)
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        self._checked(db).execute(sql.INCOMING)
        return db

    def _connect(self, uri: str) -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)

    def _checked(self, db: sqlite3.Connection) -> sqlite3.Connection:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == sql.SCHEMA_VERSION:
            return db
        db.close()
        if version == 0:
            raise StoreError(f"store {self.path} is still being made", retryable=True)
        if version < sql.SCHEMA_VERSION:
            raise StoreError(
                f"store {self.path}: found schema {version}; accepted: {sql.SCHEMA_VERSION}. "
                "Whatever writes it brings it up when it is started next",
                retryable=True,
            )
        raise StoreError(
            f"store {self.path}: found schema {version}; accepted: {sql.SCHEMA_VERSION}. "
            "It was written by another version of riverchief",
            retryable=False,
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            # The low byte is the kind of error, the rest a detail of it.
            kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            raise StoreError(f"store {self.path}: {error}", retryable=kind in _RETRYABLE) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._told():
            db = self._db
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                self._series.clear()  # ids given out in this transaction are void
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, parameters: dict[str, Any] | Sequence[Any] = ()) -> list[Any]:
        with self._told(), self._reading() as db:
            return db.execute(statement, parameters).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one query: the writer's own, or one that no other thread has at the same time."""
        if self._writer is not None:
            with self._lock:
                yield self._writer
            return
        with self._lock:
            if self._closed:
                raise StoreError(f"store {self.path} is closed", retryable=False)
            db = self._idle.pop() if self._idle else None
        if db is None:
            db = self._open_reader()
        try:
            yield db
        finally:
            self._give_back(db)

    def _give_back(self, db: sqlite3.Connection) -> None:
        with self._lock:
            if self._closed:
                db.close()
            else:
                self._idle.append(db)

    def write(self, block: Block) -> None:
        """Keep readings; idempotent, a later write wins, what it replaced stays in `revisions`."""
        with self._transaction() as db:
            self._put(db, block)

    def commit(self, block: Block, gateway: str, epoch: str, seq: int) -> None:
        """Keep readings and move the gateway's watermark in one transaction; stored verdicts stay."""
        with self._transaction() as db:
            self._put(db, block, delivered=True)
            db.execute("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (gateway, epoch, seq))

    def _put(self, db: sqlite3.Connection, block: Block, *, delivered: bool = False) -> None:
        keys = zip(block.station, block.determinand, strict=True)
        rows: list[Row] = [
            (self._id(db, key), time_ms, value if value is None or isfinite(value) else None, quality, state)
            for key, time_ms, value, quality, state in zip(
                keys, block.time_ms, block.value, block.quality, block.state, strict=True
            )
        ]
        for part in _without_repeats(rows):
            db.executemany("INSERT INTO incoming VALUES (?, ?, ?, ?, ?)", part)
            if delivered:
                db.execute(sql.KEEP_VERDICTS)
            db.execute(sql.KEEP_REVISIONS, {"now_ms": self._now_ms()})
            db.execute(sql.TAKE)
            db.execute(sql.MARK)
            (newest_ms,) = db.execute(sql.NEWEST_HOUR).fetchone()
            for statement in sql.SETTLE:
                db.execute(statement, {"before_ms": newest_ms})
            db.execute("DELETE FROM incoming")

    def _id(self, db: sqlite3.Connection, key: tuple[str, str]) -> int:
        series = self._series.get(key)
        if series is None:
            db.execute("INSERT OR IGNORE INTO series (station, determinand) VALUES (?, ?)", key)
            (series,) = db.execute("SELECT id FROM series WHERE station = ? AND determinand = ?", key).fetchone()
            self._series[key] = series
        return int(series)

    def watermarks(self) -> dict[str, tuple[str, int]]:
        """Epoch and highest stored sequence number of each gateway's spool."""
        rows = self._rows("SELECT gateway, epoch, seq FROM watermark")
        return {gateway: (epoch, seq) for gateway, epoch, seq in rows}

    def latest(self) -> Block:
        """Newest reading of each (station, determinand), missing ones included."""
        return _block(self._rows(sql.LATEST))

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """Readings of one station, start inclusive, end exclusive, ordered by time."""
        names = self._wanted([station], determinands)
        rows = self._rows(sql.RANGE, {"series": json.dumps(list(names)), "start_ms": start_ms, "end_ms": end_ms})
        return _block([(*names[series], *rest) for series, *rest in rows])

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """Minimum, maximum and mean per window; hours from the roll-up."""
        if step_ms <= 0:
            raise ValueError(f"step_ms must be positive, not {step_ms}")
        names = self._wanted(stations, determinands)
        hourly = start_ms % HOUR_MS == 0 and step_ms % HOUR_MS == 0
        rows = self._rows(
            sql.SUMMARY,
            {
                "series": json.dumps(list(names)),
                "start_ms": start_ms,
                "whole_ms": max(start_ms, end_ms - end_ms % HOUR_MS) if hourly else start_ms,
                "end_ms": end_ms,
                "step_ms": step_ms,
            },
        )
        windows = sorted((*names[series], start_ms + window * step_ms, *rest) for series, window, *rest in rows)
        summary = Summary()
        for station, determinand, window_ms, low, high, total, count, provisional in windows:
            # Clamped as well: the mean of equal readings is that reading, to the last bit.
            mean = min(max(round(total / count, MEAN_DECIMALS), low), high)
            summary.append(SummaryRow(station, determinand, window_ms, low, high, mean, count, provisional))
        return summary

    def _wanted(self, stations: Sequence[str], determinands: Sequence[str]) -> dict[int, tuple[str, str]]:
        """Series by id, in the order asked for; unknown ones are left out."""
        rows = self._rows(
            """SELECT s.id, s.station, s.determinand FROM json_each(?) a, json_each(?) b
               CROSS JOIN series s ON s.station = a.value AND s.determinand = b.value ORDER BY a.key, b.key""",
            (json.dumps(list(stations)), json.dumps(list(determinands))),
        )
        return {series: (station, determinand) for series, station, determinand in rows}

    def put_assessments(self, rows: Sequence[Assessment]) -> None:
        """Keep judgements; idempotent on (scope, subject, basis, time)."""
        values = [
            (
                row.scope, row.subject, row.basis, row.time_ms, row.water_class, row.partial, row.provisional,
                json.dumps(row.deciding), json.dumps(row.detail, ensure_ascii=False, allow_nan=False),
            )
            for row in rows
        ]  # fmt: skip
        with self._transaction() as db:
            db.executemany(sql.PUT_ASSESSMENT, values)

    def assessments(self, scope: Scope, basis: Basis) -> list[Assessment]:
        """Newest judgement of each subject, ordered by subject."""
        return [_assessment(row) for row in self._rows(sql.ASSESSMENTS, {"scope": scope, "basis": basis})]

    def assessment_history(
        self, scope: Scope, subject: str, basis: Basis, start_ms: int, end_ms: int
    ) -> list[Assessment]:
        """Judgements of one subject, ordered by time."""
        rows = self._rows(sql.ASSESSMENT_HISTORY, (scope, subject, basis, start_ms, end_ms))
        return [_assessment(row) for row in rows]

    def revisions(self, start_ms: int, end_ms: int) -> list[Revision]:
        """Readings that were replaced, by the time of the reading."""
        return [
            Revision(station, determinand, time_ms, value, Quality(quality), StationState(state), replaced_ms)
            for station, determinand, time_ms, value, quality, state, replaced_ms in self._rows(
                sql.REVISIONS, (start_ms, end_ms)
            )
        ]

    def close(self) -> None:
        """Close the file; harmless when called again."""
        with self._lock:
            self._closed = True
            for db in (self._writer, *self._idle):
                if db is not None:
                    db.close()
            self._idle.clear()


def _without_repeats(rows: list[Row]) -> Iterator[list[Row]]:
    """Cut rows where a (series, time) comes again, so that each replaced value is seen being replaced."""
    seen: set[tuple[int, int]] = set()
    start = 0
    for index, row in enumerate(rows):
        key = row[:2]
        if key in seen:
            yield rows[start:index]
            start = index
            seen.clear()
        seen.add(key)
    if rows:
        yield rows[start:]


def _block(rows: list[Any]) -> Block:
    if not rows:
        return Block()
    station, determinand, time_ms, value, quality, state = map(list, zip(*rows, strict=True))
    return Block(station, determinand, time_ms, value, quality, state)


def _assessment(row: Any) -> Assessment:
    scope, subject, basis, time_ms, water_class, partial, provisional, deciding, detail = row
    return Assessment(
        scope, subject, basis, time_ms, water_class, bool(partial), bool(provisional),
        tuple(json.loads(deciding)), json.loads(detail),
    )  # fmt: skip
