"""Books on every kind of database: SQLite always, PostgreSQL where Debian's package is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.casework.database import Books, open_books

#: Where Debian keeps the programs of the server, newest first.
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL of our own, on a socket in a folder: no port, nobody else's data."""
    given = os.environ.get("RIVERCHIEF_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    if not SERVERS:
        pytest.skip("needs PostgreSQL (Debian package postgresql), or RIVERCHIEF_TEST_POSTGRES_URL")
    folder = tmp_path_factory.mktemp("pg")
    data, run = folder / "data", []
    if os.geteuid() == 0:
        # The server refuses to run as root.
        if shutil.which("runuser") is None or "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
            pytest.skip("needs a user postgres to run the server as")
        run = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
        for parent in [folder, *folder.parents]:
            if parent.stat().st_uid == 0 and parent != Path("/") and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
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


def fresh_postgres(url: str) -> str:
    """A new, empty database on a server."""
    import psycopg

    name = f"books_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


@pytest.fixture(params=["sqlite", "postgresql"])
def books_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of empty books."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'books.sqlite'}"
    return fresh_postgres(request.getfixturevalue("postgres"))


@pytest.fixture
def books(books_url: str, tmp_path: Path) -> Iterator[Books]:
    """Empty books."""
    opened = open_books(books_url, tmp_path / "files")
    yield opened
    opened.close()
