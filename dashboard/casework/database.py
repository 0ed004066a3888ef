"""Opening the books: SQLite on one machine, PostgreSQL in production, one way to change them.

Every change runs inside `Books.change`, which knows who makes it, takes its turn in the audit trail and commits all of
it or nothing. Instants are milliseconds since the epoch, UTC (``*_ms``); days of the office's calendar are dates.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from dashboard.casework.audit import audited
from sensors.errors import BooksError, UsageError

#: Schemes that books may have.
DIALECTS = ("sqlite", "postgresql")

#: How long a writer waits for its turn on SQLite [s].
BUSY_S = 30.0


class Books:
    """The books of one site; may be used from any thread.

    Parameters
    ----------
    engine : Engine
    files : Path
        Folder of photos and documents.
    """

    def __init__(self, engine: Engine, files: Path) -> None:
        self.engine, self.files = engine, files
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def change(self, actor: str, now_ms: int, reason: str = "") -> Iterator[Session]:
        """One change: a transaction that is audited as a whole.

        Parameters
        ----------
        actor : str
            Account, or the name of the service, that makes it.
        now_ms : int
            Milliseconds since the epoch, UTC.
        reason : str, optional
            Why, in the actor's words.

        Raises
        ------
        BooksError
            If the database refuses or cannot be reached; nothing was changed then.
        """
        with self._translated(), self._sessions() as session, audited(session, actor, now_ms, reason):
            session.connection(execution_options={"changing": True})
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing: whatever it holds is rolled back.

        Raises
        ------
        BooksError
            If the database cannot be reached.
        """
        with self._translated(), self._sessions() as session:
            session.autoflush = False
            yield session
            # What was read stays usable afterwards.
            session.expunge_all()

    def close(self) -> None:
        """Let go of connections; harmless when called again."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise BooksError(f"books: {error.orig}", retryable=True) from error
        except DBAPIError as error:
            raise BooksError(f"books: {error.orig}") from error


def open_books(url: str, files: Path | None = None, *, must_exist: bool = False) -> Books:
    """Open the books and bring their tables up to date.

    Parameters
    ----------
    url : str
        ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``; a password comes from the URL or PGPASSFILE.
    files : Path, optional
        Folder of photos and documents. Without it, ``files`` beside an SQLite file.
    must_exist : bool, optional
        Whether books that are not there are refused instead of begun: for whoever only looks.

    Raises
    ------
    UsageError
        If the URL is none of these, PostgreSQL is given without a folder of files, or there are no books.
    BooksError
        If the database cannot be reached, or the folder of its file cannot be made.
    """
    from dashboard.casework.migrations import upgrade

    engine = _engine(url)
    path = engine.url.database
    if files is None:
        if engine.dialect.name != "sqlite" or not path:
            raise UsageError("say where photos and documents are kept: books on PostgreSQL have no folder")
        files = Path(path).parent / "files"
    if must_exist and not _has_books(engine):
        told = engine.url.render_as_string(hide_password=True)
        engine.dispose()
        raise UsageError(f"{told}: found no books; accepted: the address of books that were begun")
    if engine.dialect.name == "sqlite" and path:
        _begin_file(engine, Path(path))
    books = Books(engine, files)
    with books._translated():
        upgrade(engine)
    return books


def _begin_file(engine: Engine, path: Path) -> None:
    """Make the file of SQLite where there is none, with its folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # People and phone numbers stand in it: for its owner only, from the first byte on.
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        engine.dispose()
        why = error.strerror or error
        raise BooksError(f"books {path}: cannot be made: {error.filename or path.parent}: {why}") from error


def _has_books(engine: Engine) -> bool:
    """Whether a database holds books; nothing is made or written, not even the file."""
    try:
        if engine.dialect.name != "sqlite":
            return inspect(engine).has_table("audit_head")
        path = Path(engine.url.database or "")
        if not path.is_file():
            return False
        # Without the pragmas of the books: they would write into whatever this is.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as there:
            return there.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit_head'").fetchone() is not None
    except sqlite3.OperationalError as error:
        raise BooksError(f"books: {error}", retryable=True) from error
    except sqlite3.DatabaseError:
        return False
    except OperationalError as error:
        raise BooksError(f"books: {error.orig}", retryable=True) from error


def _engine(url: str) -> Engine:
    accepted = "sqlite:///PATH or postgresql://USER@HOST/NAME"
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in DIALECTS:
            raise UsageError(f"books {parsed.drivername!r}: found no such kind; accepted: {accepted}")
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, connect_args={"timeout": BUSY_S, "isolation_level": None})
            event.listen(engine, "connect", _pragmas)
            event.listen(engine, "begin", _begin)
        else:
            engine = create_engine(parsed, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise UsageError(f"books on PostgreSQL need psycopg: pip install 'riverchief[postgres]' ({error})") from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(f"books {url!r:.80}: {error}; accepted: {accepted}") from error
    return engine


def _pragmas(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    """Take the write lock at once where a change begins: one that waits to upgrade its lock would only fail."""
    changing = connection.get_execution_options().get("changing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if changing else "BEGIN")
