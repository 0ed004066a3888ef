"""The reading store as a backup has it: always one SQLite file, whatever keeps the readings."""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.stores import check_url, open_store
from collectors.stores.sqlite_schema import STORE_ID, STORE_ID_SINCE
from deploy.backup.sqlite import looking, online_copy, rows_of, version_of
from deploy.store.copy import Copy, Progress
from sensors.errors import StoreError

#: How the store keeps a mark that somebody put under a name.
_NAMED = "@"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a store holds.

    Attributes
    ----------
    version : int
        Of its schema.
    rows : dict of str to int
        By table.
    watermarks : dict of str to (str, int)
        Epoch and highest sequence number that is stored, by gateway.
    newest_ms : int or None
        Newest reading [ms since the epoch, UTC].
    """

    version: int
    rows: dict[str, int]
    watermarks: dict[str, tuple[str, int]]
    newest_ms: int | None

    def as_dict(self) -> dict[str, Any]:
        """For a manifest."""
        marks = {name: list(mark) for name, mark in self.watermarks.items()}
        return {"version": self.version, "rows": self.rows, "watermarks": marks, "newest_ms": self.newest_ms}


def sqlite_path(url: str) -> Path | None:
    """File of an embedded store; None where it is on a server.

    Raises
    ------
    StoreError
        If the URL names no backend.
    """
    scheme, where, _ = check_url(url)
    return Path(where.removeprefix("sqlite:///")) if scheme == "sqlite" else None


def count(path: Path) -> Counted:
    """Count what a store's file holds.

    Raises
    ------
    StoreError
        If it is no store, or cannot be read.
    """
    version, rows = version_of(path), rows_of(path)
    if not version or "reading" not in rows:
        raise StoreError(f"{path} is no store", retryable=False)
    with looking(path) as db:
        marks = {name: (epoch, seq) for name, epoch, seq in db.execute("SELECT gateway, epoch, seq FROM watermark")}
        newest = "SELECT max((SELECT max(time_ms) FROM reading WHERE series = series.id)) FROM series"
        (newest_ms,) = db.execute(newest).fetchone()
    return Counted(version, rows, marks, newest_ms)


def snapshot(url: str, target: Path, progress: Progress) -> Counted:
    """Copy a store that may be in use into a new SQLite file, and count what is in it.

    An embedded one is copied as it is at one instant. Of a server's everything is there that was there when the copy
    began; watermarks are those of its beginning, so that what is missing comes again.

    Raises
    ------
    StoreError
        If it cannot be read, or not everything could be copied.
    """
    path = sqlite_path(url)
    if path is not None:
        online_copy(path, target)
    else:
        with closing(open_store(url, read_only=True)) as theirs, closing(open_store(f"sqlite:///{target}")) as ours:
            copied = Copy(theirs, ours, progress).run()
        if copied.missing.total():
            raise StoreError(f"{copied.missing.total()} rows of the store could not be copied", retryable=True)
        _without_log(target)
    return count(target)


def _without_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")


def become_another(path: Path) -> None:
    """Give a restored store an identity of its own.

    Whoever follows its log of changes from outside has come further than the log reaches now; under another identity
    he begins anew, instead of missing what is written until the log has caught up. Places that stand in the store
    itself went back with it, and go on.
    """
    if version_of(path) < STORE_ID_SINCE:
        return  # an older one gets its identity when it is brought up
    with closing(sqlite3.connect(path)) as db, db:
        found = db.execute("SELECT body FROM mark WHERE name = ?", (STORE_ID,)).fetchone()
        old, new = (found[0] if found else ""), secrets.token_hex(6)
        db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (STORE_ID, new))
        for name, body in db.execute("SELECT name, body FROM mark WHERE name LIKE ?", (f"{_NAMED}%",)).fetchall():
            if (moved := _moved(body, old, new)) is not None:
                db.execute("UPDATE mark SET body = ? WHERE name = ?", (moved, name))


def _moved(body: str, old: str, new: str) -> str | None:
    """A mark whose cursor is of this store, under the store's new identity; None where it has none."""
    try:
        held = json.loads(body)
        of, _, seq = held["cursor"].partition(":")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return json.dumps({**held, "cursor": f"{new}:{seq}"}, sort_keys=True) if old and of == old else None
