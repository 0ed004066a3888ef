"""SQLite files that are in use: copied as they are at one instant, looked at, and known to be in somebody's hands."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from deploy.broker.private_files import MODE
from sensors.errors import StoreError, UsageError

#: How long somebody who writes is waited for [s].
BUSY_S = 30.0


@contextmanager
def looking(path: Path, *, wait_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing.

    Parameters
    ----------
    path : Path
    wait_s : float
        How long somebody who keeps everybody out is waited for [s].

    Raises
    ------
    StoreError
        If the file is not there, is none of SQLite's, or cannot be read.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file", retryable=False)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=wait_s)) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}", retryable=True) from error


def online_copy(source: Path, target: Path) -> None:
    """Copy a file that may be in use, as it is at one instant, into a new one without a log beside it.

    Who writes is not held up, and the copy is checked.

    Raises
    ------
    StoreError
        If it cannot be read or written, or is damaged.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))
    with looking(source) as theirs, closing(sqlite3.connect(target)) as ours:
        # In one step: a copy in steps begins anew with each change that somebody makes meanwhile.
        theirs.backup(ours)
        ours.execute("PRAGMA journal_mode = DELETE")
        (found,) = ours.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreError(f"{source} is damaged: {found}", retryable=False)


def rows_of(path: Path) -> dict[str, int]:
    """How many rows each table has."""
    with looking(path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        own = [name for name in names if not name.startswith("sqlite_")]
        return {name: int(db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in own}


def version_of(path: Path, *, wait_s: float = BUSY_S) -> int:
    """Version of the schema (``PRAGMA user_version``); waits for so long [s] where somebody keeps everybody out."""
    with looking(path, wait_s=wait_s) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def check_unused(path: Path, service: str) -> None:
    """Refuse a file that a process has open.

    Parameters
    ----------
    path : Path
    service : str
        Who it may be, for what is said.

    Raises
    ------
    UsageError
        If one has it open.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0.5)) as db:
            # Leaving the write-ahead log needs the file for itself alone; nothing in it is changed.
            (mode,) = db.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            mode = "wal"
        else:
            raise UsageError(f"{path}: {error}") from None
    except sqlite3.DatabaseError:
        return  # no database, so nobody works with it
    if mode == "wal":
        raise UsageError(f"{path} is in use: stop {service} first")
