"""Books on every kind of database: SQLite always, PostgreSQL where Debian's package is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from dashboard.casework.database import Books, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.settings import OfficeSettings
from sensors.site import Site

#: Where Debian keeps the programs of the server, newest first.
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL of our own, on a socket in a folder: no port, nobody else's data."""
    given = os.environ.get("RIVERCHIEF_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    if not SERVERS:
        pytest.skip("needs PostgreSQL (Debian package postgresql), or RIVERCHIEF_TEST_POSTGRES_URL")
    # Not below pytest's folder: another run of pytest closes that to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="riverchief-pg-"))
    data, run = folder / "data", []
    if os.geteuid() == 0:
        # The server refuses to run as root.
        if shutil.which("runuser") is None or "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
            pytest.skip("needs a user postgres to run the server as")
        run = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        [*run, SERVERS[0] / "initdb", "-D", data, "-U", "riverchief", "--auth=trust", "--no-sync", "-E", "UTF8"],
        **quiet,
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=40"
    control = [*run, SERVERS[0] / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **quiet)
    try:
        yield f"postgresql://riverchief@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder)


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


@pytest.fixture
def desk(xietang: Site) -> Desk:
    """The office of the example site, in English."""
    return Desk.of(xietang, OfficeSettings(), "en")
