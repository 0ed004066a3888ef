"""The books as a backup sees them: looked at without changing anything, and copied row by row between databases.

A backup always holds them as one SQLite file, so that the same backup can be restored into SQLite or PostgreSQL: the
file itself where the books are SQLite, else a copy of one snapshot of the server.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    MetaData,
    NullPool,
    Table,
    Text,
    cast,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

import dashboard.casework.tables  # noqa: F401  (the trail is compared with tables that are known)
from dashboard.casework.audit import Verdict, verify
from dashboard.casework.migrations import configuration
from deploy.backup.sqlite import online_copy
from sensors.errors import BooksError, UsageError

#: Rows that are copied at a time.
_ROWS = 500

#: Alembic's own table.
_VERSIONS = "alembic_version"


@dataclass(frozen=True, slots=True)
class Counted:
    """What the books hold.

    Attributes
    ----------
    revision : str
        Of their tables; empty where there are none.
    rows : Counter of str
        By table.
    """

    revision: str
    rows: Counter[str]


def sqlite_path(url: str) -> Path | None:
    """File of the books; None where they are on a server.

    Raises
    ------
    UsageError
        If the URL is none.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError(f"books {url!r:.80}: accepted: sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise UsageError("books in memory cannot be kept; accepted: sqlite:///PATH")
        return Path(parsed.database)
    if parsed.get_backend_name() == "postgresql":
        return None
    raise UsageError(f"books {parsed.get_backend_name()}://: accepted: sqlite:///PATH or postgresql://USER@HOST/NAME")


def shown(url: str) -> str:
    """URL without a password."""
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def looking(url: str) -> Iterator[Engine]:
    """An engine that changes nothing: no table is made or brought up.

    Raises
    ------
    UsageError
        If the URL is none.
    BooksError
        If the database cannot be reached, or an SQLite file is not there.
    """
    path = sqlite_path(url)
    if path is not None:
        if not path.is_file():
            raise BooksError(f"books {path}: there is no such file")
        uri = f"{path.resolve().as_uri()}?mode=ro"
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    else:
        try:
            parsed = make_url(url)
            parsed = parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed
            options = {"isolation_level": "REPEATABLE READ"}
            engine = create_engine(parsed, poolclass=NullPool, execution_options=options)
        except ModuleNotFoundError as error:
            raise UsageError(
                f"books on PostgreSQL need psycopg: pip install 'riverchief[postgres]' ({error})"
            ) from error
    try:
        with translated():
            yield engine
    finally:
        engine.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours."""
    try:
        yield
    except OperationalError as error:
        raise BooksError(f"books: {error.orig}", retryable=True) from error
    except DBAPIError as error:
        raise BooksError(f"books: {error.orig}") from error


def revisions() -> tuple[str, ...]:
    """Every form that the tables have had, the oldest first."""
    script = ScriptDirectory.from_config(configuration())
    return tuple(one.revision for one in reversed(list(script.walk_revisions())))


def revision_of(connection: Connection) -> str:
    """Form of the tables; empty where there are none."""
    if not inspect(connection).has_table(_VERSIONS):
        return ""
    return str(connection.scalar(text(f"SELECT version_num FROM {_VERSIONS}")) or "")


def count(connection: Connection) -> Counted:
    """Count the rows of every table."""
    there = _reflected(connection)
    rows = {name: connection.scalar(select(func.count()).select_from(table)) for name, table in there.items()}
    return Counted(revision_of(connection), Counter({name: int(some or 0) for name, some in rows.items()}))


def digests(connection: Connection) -> set[str]:
    """SHA-256 of every file that the books name."""
    return set(connection.scalars(text("SELECT sha256 FROM attachment")))


def check_trail(engine: Engine) -> Verdict:
    """Follow the audit trail; only of books in the present form."""
    with Session(engine) as session:
        return verify(session)


def snapshot(url: str, target: Path) -> Counted:
    """Copy books that may be in use into a new SQLite file, as they are at one instant; what was counted in it.

    Raises
    ------
    BooksError
        If they cannot be reached, or were written by a newer version of the program.
    """
    path = sqlite_path(url)
    with looking(url) as source:
        if path is not None:
            online_copy(path, target)
        else:
            with source.connect() as theirs:
                revision = _known(revision_of(theirs), shown(url))
                target.touch(mode=0o600, exist_ok=False)
                with opened(target) as ours, ours.begin() as mine:
                    make(mine, revision)
                    copy_rows(theirs, mine)
    with opened(target) as copied, copied.connect() as connection:
        counted = count(connection)
    _known(counted.revision, shown(url))
    return counted


def _known(revision: str, where: str) -> str:
    known = revisions()
    if revision not in known:
        raise BooksError(f"books {where}: found the form {revision or 'none'!r}; accepted: {', '.join(known)}")
    return revision


@contextmanager
def opened(path: Path) -> Iterator[Engine]:
    """An SQLite file that nobody else uses."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    try:
        with translated():
            yield engine
    finally:
        engine.dispose()


def make(connection: Connection, revision: str) -> None:
    """Make the tables of a form in an empty database."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def copy_rows(source: Connection, target: Connection, told: Callable[[str, int], None] | None = None) -> None:
    """Copy every row into tables of the same form, in place of what is there.

    Parameters
    ----------
    source, target : Connection
        Of any kind of database; one transaction of each.
    told : callable, optional
        Gets each table and how many rows of it were copied.
    """
    theirs, ours = _reflected(source), _reflected(target, raw=True)
    ordered = [table for table in ours.values() if table.name in theirs]
    for table in reversed(ordered):
        target.execute(delete(table))
    for table in ordered:
        copied = 0
        for rows in _rows(source, theirs[table.name]):
            target.execute(insert(table), rows)
            copied += len(rows)
        if told is not None:
            told(table.name, copied)
    if target.dialect.name == "postgresql":
        for table in ordered:
            _follow(target, table)


def _rows(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    # JSON goes as its text: what is null there and what is absent stay apart, and no number changes its form.
    columns = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column for column in table.columns
    ]
    # In the order of their keys: a row may refer to an earlier one of its own table.
    query = select(*columns).order_by(*table.primary_key.columns)
    found = source.execution_options(yield_per=_ROWS).execute(query)
    for part in found.mappings().partitions(_ROWS):
        yield [dict(row) for row in part]


def _follow(target: Connection, table: Table) -> None:
    """Let the numbers that PostgreSQL gives go on behind those that were copied."""
    for column in table.primary_key.columns:
        name = {"table": f'"{table.name}"', "column": column.name}
        sequence = target.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), name)
        highest = target.scalar(select(func.max(column))) if sequence else None
        if highest is not None:
            target.execute(text("SELECT setval(:sequence, :value)"), {"sequence": sequence, "value": highest})


def _reflected(connection: Connection, *, raw: bool = False) -> dict[str, Table]:
    """Tables as the database has them, Alembic's left out."""

    def plain(_inspector: Any, _table: str, column: dict[str, Any]) -> None:
        if raw and isinstance(column["type"], JSON):
            column["type"] = NullType()

    metadata = MetaData()
    event.listen(metadata, "column_reflect", lambda inspector, table, column: plain(inspector, table.name, column))
    metadata.reflect(connection)
    return {table.name: table for table in metadata.sorted_tables if table.name != _VERSIONS}
