"""A store filled with made data over the example site, shared by the tests of the board: they only read it; and empty
books on every kind of database: SQLite always, PostgreSQL where Debian's package is installed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import streamlit as st

from collectors.stores import ReadingStore, open_store
from dashboard.board import Today, today
from dashboard.casework.database import Books, open_books
from dashboard.course import courses
from dashboard.i18n import translator
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard import made

#: Where Debian keeps the programs of the server, newest first.
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@pytest.fixture(scope="module", autouse=True)
def _let_go() -> Iterator[None]:
    """Close the stores and books that pages have opened: with 1,024 of them open, nothing can ``select`` any more."""
    yield
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def filled_url(tmp_path_factory: pytest.TempPathFactory, xietang: Site) -> str:
    """URL of a store with one day of readings and two of judgements, up to `made.NOW_MS`."""
    path: Path = tmp_path_factory.mktemp("board") / "board.sqlite"
    url = f"sqlite:///{path}"
    store = open_store(url)
    made.fill(store, xietang)
    store.close()
    return url


@pytest.fixture(scope="session")
def filled(filled_url: str) -> Iterator[ReadingStore]:
    """That store, opened as the board opens it."""
    store = open_store(filled_url, read_only=True)
    yield store
    store.close()


@pytest.fixture(scope="session")
def now_ms() -> int:
    """Eight in the morning of the made day."""
    return made.NOW_MS


@pytest.fixture(scope="session")
def morning(filled: ReadingStore, xietang: Site, now_ms: int) -> Today:
    """The first page at that time."""
    return today(filled, xietang, now_ms, courses(filled, xietang, now_ms))


@pytest.fixture
def zh(xietang: Site) -> Wording:
    """Words for a reader of Chinese."""
    return Wording.of(xietang, translator("zh"))


@pytest.fixture
def en(xietang: Site) -> Wording:
    """Words for a reader of English."""
    return Wording.of(xietang, translator("en"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL of our own, on a socket in a folder: no port, nobody else's data."""
    given = os.environ.get("RIVERCHIEF_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    if not SERVERS:
        pytest.skip("needs PostgreSQL (Debian package postgresql), or RIVERCHIEF_TEST_POSTGRES_URL")
    run: list[str] = []
    if os.geteuid() == 0:
        # The server refuses to run as root.
        if shutil.which("runuser") is None or "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
            pytest.skip("needs a user postgres to run the server as")
        run = ["runuser", "-u", "postgres", "--"]
    # Not below pytest's folder: another run of pytest closes that to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="riverchief-pg-", dir="/tmp"))
    try:
        if run:
            shutil.chown(folder, "postgres")
        with _server(folder, run):
            yield f"postgresql://riverchief@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


@contextmanager
def _server(folder: Path, run: Sequence[str]) -> Iterator[None]:
    """A server whose data and socket are in a folder, run as the user that owns it."""
    data = folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        [*run, SERVERS[0] / "initdb", "-D", data, "-U", "riverchief", "--auth=trust", "--no-sync", "-E", "UTF8"],
        **quiet,
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=40"
    control = [*run, SERVERS[0] / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **quiet)
    try:
        yield
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


def fresh_postgres(url: str, template: str = "template1") -> str:
    """A new database on a server, empty or a copy of another."""
    import psycopg

    name = f"books_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path | str]:
    """Books on which every migration has run: an SQLite file, or the name of a PostgreSQL database; made once each."""
    folder = tmp_path_factory.mktemp("migrated")

    @cache
    def make(server: str) -> Path | str:
        url = fresh_postgres(server) if server else f"sqlite:///{folder / 'books.sqlite'}"
        open_books(url, folder / "files").close()
        return url.partition("?")[0].rpartition("/")[2] if server else folder / "books.sqlite"

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def books_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Callable[[str], Path | str]) -> str:
    """Address of empty books."""
    if request.param == "sqlite":
        shutil.copy(migrated(""), tmp_path / "books.sqlite")
        return f"sqlite:///{tmp_path / 'books.sqlite'}"
    server = request.getfixturevalue("postgres")
    return fresh_postgres(server, str(migrated(server)))


@pytest.fixture
def books(books_url: str, tmp_path: Path) -> Iterator[Books]:
    """Empty books."""
    opened = open_books(books_url, tmp_path / "files")
    yield opened
    opened.close()
