from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from collectors.sqlite_versions import bring_up

STEPS = [["ALTER TABLE t ADD COLUMN b"], ["ALTER TABLE t ADD COLUMN c", "CREATE TABLE u (x)"]]
SCHEMA = ["CREATE TABLE t (a, b, c)", "CREATE TABLE u (x)"]


@pytest.mark.parametrize("found", [0, 1, 2, 3])
def test_every_older_version_comes_to_the_newest(found: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        if found:
            bring_up(db, ["CREATE TABLE t (a)"], [])
            assert bring_up(db, [], STEPS[: found - 1]) == found
        assert bring_up(db, SCHEMA, STEPS) == 3
        assert [row[1] for row in db.execute("PRAGMA table_info(t)")] == ["a", "b", "c"]
        assert [row[1] for row in db.execute("PRAGMA table_info(u)")] == ["x"]
        assert db.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_newer_one_is_left_alone() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 9")
        assert bring_up(db, SCHEMA, STEPS) == 9
        assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
