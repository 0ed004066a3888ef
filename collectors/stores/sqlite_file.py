"""A SQLite file with one connection that writes, or any number that read; its errors are `sensors.errors.StoreError`.

Write-ahead log with ``synchronous=FULL``: a commit has reached the disk when it returns, which the watermark promises.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectors.sqlite_versions import bring_up
from collectors.stores import sqlite_schema as sql
from sensors.errors import StoreError

#: How long a writer waits for another writer [s]; readers never wait in write-ahead mode.
BUSY_TIMEOUT_S = 30.0

#: The log is cut back to this after a checkpoint [bytes].
LOG_LIMIT = 64 * 1024 * 1024

#: What SQLite keeps of the file in memory, for the writer [KiB].
CACHE_KIB = 32 * 1024

#: Errors that pass by themselves or when somebody makes room.
_RETRYABLE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL,
}  # fmt: skip


class SqliteFile:
    """Connections to one store's file.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing, unless `read_only`.
    read_only : bool
        Open an existing store without the right to change it.
    undone : callable, optional
        Called where a transaction was rolled back.

    Raises
    ------
    StoreError
        Not retryable where the schema is newer than this program or the file is no store; retryable otherwise.
    """

    def __init__(self, path: Path, *, read_only: bool, undone: Callable[[], None] = lambda: None) -> None:
        self.path, self._undone = path, undone
        self.lock = threading.RLock()
        self._closed = False
        #: Connections of a read-only store that nobody is using: as many as ever read at the same time.
        self._idle: list[sqlite3.Connection] = []
        with self.told():
            if read_only:
                self._idle.append(self._open_reader())
            self._writer = None if read_only else self._open_writer()

    @property
    def db(self) -> sqlite3.Connection:
        """The connection that writes."""
        if self._writer is None:
            raise StoreError(f"store {self.path} is open for reading only", retryable=False)
        return self._writer

    def _open_reader(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise StoreError(f"store {self.path} does not exist yet", retryable=True)
        return self._checked(self._connect(f"{self.path.resolve().as_uri()}?mode=ro"), sql.READABLE_SINCE)

    def _open_writer(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"store {self.path}: {error}", retryable=True) from error
        db = self._connect(f"{self.path.resolve().as_uri()}?mode=rwc")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        db.execute("PRAGMA temp_store = MEMORY")
        try:
            db.execute("BEGIN IMMEDIATE")
            bring_up(db, sql.SCHEMA, sql.MIGRATIONS)
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return self._checked(db, sql.SCHEMA_VERSION)

    def _connect(self, uri: str) -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)

    def _checked(self, db: sqlite3.Connection, oldest: int) -> sqlite3.Connection:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if oldest <= version <= sql.SCHEMA_VERSION:
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
    def told(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            # The low byte is the kind of error, the rest a detail of it.
            kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            raise StoreError(f"store {self.path}: {error}", retryable=kind in _RETRYABLE) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is there as a whole or not at all."""
        with self.lock, self.told():
            db = self.db
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                self._undone()
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def rows(self, statement: str, parameters: dict[str, Any] | Sequence[Any] = ()) -> list[Any]:
        """Answer of one query."""
        with self.told(), self.reading() as db:
            return db.execute(statement, parameters).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries: the writer's own, or one that no other thread has at the same time."""
        if self._writer is not None:
            with self.lock:
                yield self._writer
            return
        with self.lock:
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
        with self.lock:
            if self._closed:
                db.close()
            else:
                self._idle.append(db)

    def close(self) -> None:
        """Close the file; harmless when called again."""
        with self.lock:
            self._closed = True
            for db in (self._writer, *self._idle):
                if db is not None:
                    db.close()
            self._idle.clear()
