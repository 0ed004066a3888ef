"""What the bureau's platform has acknowledged: the uplink's own cursor, in a small SQLite file.

For every station and kind of data it keeps how far everything is acknowledged, the digest of what was acknowledged
lately (so that late and revised data are noticed, and nothing is sent twice for no reason), and what the platform would
not take. Losing the newest of it costs a repetition and no data, so commits do not wait for the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensors.errors import StoreError

#: Kept in ``PRAGMA user_version``.
SCHEMA_VERSION = 1

#: How long a new process waits for the one before it to let go [s].
LOCK_S = 5.0

#: Records that a platform would not take are remembered up to this many per station and kind.
MAX_OWED = 10_000

_SCHEMA = (
    """CREATE TABLE cursor (
        station TEXT NOT NULL, cn INTEGER NOT NULL, first_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL,
        PRIMARY KEY (station, cn)) WITHOUT ROWID""",
    """CREATE TABLE sent (
        station TEXT NOT NULL, cn INTEGER NOT NULL, time_ms INTEGER NOT NULL, digest INTEGER NOT NULL,
        PRIMARY KEY (station, cn, time_ms)) WITHOUT ROWID""",
    """CREATE TABLE owed (
        station TEXT NOT NULL, cn INTEGER NOT NULL, time_ms INTEGER NOT NULL,
        PRIMARY KEY (station, cn, time_ms)) WITHOUT ROWID""",
    """CREATE TABLE setting (
        station TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
        PRIMARY KEY (station, name)) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one kind of data of one station is.

    Attributes
    ----------
    first_ms : int
        Where the uplink began; nothing before is sent on its own [ms since the epoch, UTC].
    next_ms : int
        Everything before is acknowledged or owed [ms since the epoch, UTC].
    """

    first_ms: int
    next_ms: int


class Journal:
    """The file; every method may be called from any thread and raises `StoreError`.

    Parameters
    ----------
    path : Path
        Used by one process at a time.

    Raises
    ------
    StoreError
        Retryable where the file is in use or cannot be made; not retryable where a newer program wrote it or it is
        damaged. Without it the uplink would begin anew: that is for a person to decide.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=LOCK_S, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"journal {path}: {error}", retryable=True) from error
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"journal {self.path}: found schema {version}; accepted: up to {SCHEMA_VERSION}", retryable=False
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            damaged = kind in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
            raise StoreError(f"journal {self.path}: {error}", retryable=not damaged) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._lock, self._told():
            return self._db.execute(statement, values).fetchall()

    def begin(self, station: str, cn: int, first_ms: int) -> Cursor:
        """Where to go on; `first_ms` where nothing was sent ever before [ms since the epoch, UTC]."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO cursor VALUES (?, ?, ?, ?)", (station, cn, first_ms, first_ms))
            row = db.execute("SELECT first_ms, next_ms FROM cursor WHERE station = ? AND cn = ?", (station, cn))
            return Cursor(*row.fetchone())

    def acked(self, station: str, cn: int, time_ms: int, digest: int, next_ms: int) -> None:
        """Remember that the platform has a record, and that everything before `next_ms` is acknowledged or owed."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?)", (station, cn, time_ms, digest))
            db.execute("DELETE FROM owed WHERE station = ? AND cn = ? AND time_ms = ?", (station, cn, time_ms))
            db.execute(
                "UPDATE cursor SET next_ms = ? WHERE station = ? AND cn = ? AND next_ms < ?",
                (next_ms, station, cn, next_ms),
            )

    def owe(self, station: str, cn: int, times: list[int]) -> int:
        """Remember records that the platform would not take; how many older ones were given up for that."""
        with self._transaction() as db:
            rows = [(station, cn, time_ms) for time_ms in times]
            db.executemany("INSERT OR IGNORE INTO owed VALUES (?, ?, ?)", rows)
            gone = db.execute(
                """DELETE FROM owed WHERE station = ? AND cn = ? AND time_ms <= (
                    SELECT time_ms FROM owed WHERE station = ? AND cn = ? ORDER BY time_ms DESC LIMIT 1 OFFSET ?)""",
                (station, cn, station, cn, MAX_OWED),
            )
            return gone.rowcount

    def forgive(self, station: str, cn: int, time_ms: int) -> None:
        """Forget an owed record that is no longer there to be sent."""
        with self._transaction() as db:
            db.execute("DELETE FROM owed WHERE station = ? AND cn = ? AND time_ms = ?", (station, cn, time_ms))

    def owed(self, station: str, cn: int) -> list[int]:
        """Times of the records that the platform would not take, in order [ms since the epoch, UTC]."""
        rows = self._rows("SELECT time_ms FROM owed WHERE station = ? AND cn = ? ORDER BY time_ms", station, cn)
        return [time_ms for (time_ms,) in rows]

    def digests(self, station: str, cn: int, start_ms: int, end_ms: int) -> dict[int, int]:
        """Digest of what was acknowledged, by time; start inclusive, end exclusive [ms since the epoch, UTC]."""
        return dict(
            self._rows(
                "SELECT time_ms, digest FROM sent WHERE station = ? AND cn = ? AND time_ms >= ? AND time_ms < ?",
                station,
                cn,
                start_ms,
                end_ms,
            )
        )

    def prune(self, station: str, cn: int, before_ms: int) -> None:
        """Forget digests of records before an instant [ms since the epoch, UTC]."""
        with self._transaction() as db:
            db.execute("DELETE FROM sent WHERE station = ? AND cn = ? AND time_ms < ?", (station, cn, before_ms))

    def setting(self, station: str, name: str, otherwise: int) -> int:
        """A number that the platform has set, or `otherwise`."""
        rows = self._rows("SELECT value FROM setting WHERE station = ? AND name = ?", station, name)
        return int(rows[0][0]) if rows else otherwise

    def set(self, station: str, name: str, value: int) -> None:
        """Keep a number that the platform has set."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", (station, name, value))

    def close(self) -> None:
        """Let go of the file; harmless when called again."""
        with self._lock:
            self._db.close()
