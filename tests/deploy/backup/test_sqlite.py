"""SQLite files in use: copied as they are at one instant, and known to be in somebody's hands."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from deploy.backup.sqlite import check_unused, looking, online_copy, rows_of, version_of
from sensors.errors import StoreError, UsageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(made, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA user_version = 7")
        db.execute("CREATE TABLE pair (n INTEGER PRIMARY KEY, twice INTEGER)")
        db.execute("CREATE TABLE total (n INTEGER)")
        db.execute("INSERT INTO total VALUES (0)")
    return made


def test_a_copy_is_of_one_instant_while_somebody_writes(path: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    written = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
            n = 0
            while not stop.is_set():
                n += 1
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO pair VALUES (?, ?)", (n, 2 * n))
                db.execute("UPDATE total SET n = n + 1")
                db.execute("COMMIT")
                written.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert written.wait(10)
        for number in range(5):
            copy = tmp_path / f"copy-{number}.sqlite"
            online_copy(path, copy)
            with looking(copy) as db:
                assert db.execute("SELECT (SELECT count(*) FROM pair) = (SELECT n FROM total)").fetchone() == (1,)
            assert not list(tmp_path.glob(f"copy-{number}.sqlite-*"))
            assert copy.stat().st_mode & 0o777 == 0o600
    finally:
        stop.set()
        thread.join()


def test_what_is_in_it(path: Path) -> None:
    assert rows_of(path) == {"pair": 0, "total": 1}
    assert version_of(path) == 7


def test_what_is_none_is_told(tmp_path: Path, path: Path) -> None:
    with pytest.raises(StoreError, match="no such file"):
        rows_of(tmp_path / "nothing")
    strange = tmp_path / "strange"
    strange.write_bytes(b"no database, but long enough for a header of one" * 99)
    with pytest.raises(StoreError, match="not a database"):
        online_copy(strange, tmp_path / "copy")
    with pytest.raises(FileExistsError):
        online_copy(path, strange)


def test_damage_is_found(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.executemany("INSERT INTO pair VALUES (?, 0)", [(n,) for n in range(5_000)])
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[2 * 4096 : 2 * 4096 + 200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        online_copy(path, tmp_path / "copy")


def test_a_file_in_use_is_known(path: Path, tmp_path: Path) -> None:
    check_unused(path, "the hub")
    check_unused(tmp_path / "nothing", "the hub")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("SELECT * FROM total").fetchall()
        with pytest.raises(UsageError, match=r"a\.sqlite is in use: stop the hub first"):
            check_unused(path, "the hub")
    check_unused(path, "the hub")
