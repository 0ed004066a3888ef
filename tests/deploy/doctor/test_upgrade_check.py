"""What this version would change is said before it does, and nothing is changed by looking."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from collectors.spool import Spool
from collectors.stores import open_store, sqlite_schema
from dashboard.casework.database import open_books
from deploy.doctor import upgrade_check
from deploy.doctor.upgrade_check import command
from deploy.gateway.config import Kept, keep
from tests.conftest import ROOT

EXAMPLE = ROOT / "deploy" / "sites" / "xietang"


def asked(*words: object) -> tuple[int, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(command, [*map(str, words), "--json"])
    assert result.stdout, result.output
    told = json.loads(result.stdout)
    assert told["exit"] == result.exit_code
    return result.exit_code, {change["what"]: change for change in told["changes"]}


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    open_store(url).close()
    return url


@pytest.fixture
def books(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    open_books(url).close()
    return url


def number(path: Path, form: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {form}")


def test_nothing_changes_where_everything_is_of_this_version(store: str, books: str) -> None:
    code, changes = asked("--site", EXAMPLE, "--store", store, "--books", books)
    assert code == 0
    assert {change["verdict"] for change in changes.values()} == {"same"}


def test_an_older_store_is_brought_up_and_how(store: str, tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as db:
        # The first form of the tables that the second one changed.
        for statement in sqlite_schema.SCHEMA[:8]:
            db.execute(statement.replace("        said INTEGER, PRIMARY", "        PRIMARY"))
        db.execute("PRAGMA user_version = 1")
    code, changes = asked("--store", f"sqlite:///{path}")
    assert code == 1
    told = changes["store"]
    assert (told["found"], told["wanted"]) == ("1", str(sqlite_schema.SCHEMA_VERSION))
    assert "statements in one transaction" in told["detail"]
    assert told["needs_bytes"] > 64 << 20
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


def test_too_little_room_is_a_reason_not_to_start(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number(tmp_path / "store.sqlite", 1)
    usage = upgrade_check.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(upgrade_check.shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    code, changes = asked("--store", store)
    assert code == 2
    assert "1 MB are free" in changes["store"]["detail"]


def test_what_a_newer_version_wrote_cannot_be_read(store: str, books: str, tmp_path: Path) -> None:
    number(tmp_path / "store.sqlite", 99)
    with closing(sqlite3.connect(tmp_path / "books.sqlite")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    code, changes = asked("--store", store, "--books", books)
    assert code == 2
    assert "newer version" in changes["store"]["detail"]
    assert (changes["books"]["found"], changes["books"]["verdict"]) == ("9999", "cannot")


def test_books_without_tables_get_them(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "books.sqlite")) as db:
        db.execute("CREATE TABLE x (n)")
    code, changes = asked("--books", f"sqlite:///{tmp_path / 'books.sqlite'}")
    assert code == 1
    assert changes["books"]["found"] == "none"
    assert "0001 (" in changes["books"]["detail"]


def test_spools_and_slices(tmp_path: Path) -> None:
    async def main(look: bool) -> tuple[int, dict[str, dict[str, Any]]] | None:
        async with Spool(tmp_path / "gw-01.spool"):
            return await asyncio.to_thread(asked, "--data", tmp_path) if look else None

    running = asyncio.run(main(True))
    assert running is not None
    assert running[1]["spool gw-01"]["detail"] == "a gateway runs on it; stop it to look"
    asyncio.run(main(False))
    keep(tmp_path / "gw-01.slice", Kept({"site.toml": "schema = 99"}, "", ""))
    code, changes = asked("--data", tmp_path)
    assert code == 2
    assert changes["spool gw-01"]["verdict"] == "same"
    assert changes["slice gw-01"]["found"] == "is refused"
    (tmp_path / "gw-01.slice").write_text("{")
    assert asked("--data", tmp_path)[1]["slice gw-01"]["verdict"] == "cannot"
    (tmp_path / "empty").mkdir()
    assert asked("--data", tmp_path / "empty")[0] == 2


def test_a_site_with_mistakes_and_what_is_not_there(tmp_path: Path) -> None:
    code, changes = asked("--site", tmp_path, "--store", f"sqlite:///{tmp_path / 'no.sqlite'}")
    assert code == 2
    assert "mistakes" in changes["site"]["found"]
    assert "no such file" in changes["store"]["detail"]
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(command, []).exit_code == 2


def test_a_backup_that_this_version_can_restore(store: str, tmp_path: Path) -> None:
    from deploy.backup.backup import Plan, back_up

    made = back_up(Plan(site=EXAMPLE, store=store), tmp_path / "b.tar.gz", 1_790_000_000_000)
    assert asked("--backup", made.path)[1]["backup"]["verdict"] == "same"
    made.path.write_bytes(b"x")
    assert asked("--backup", made.path)[0] == 2


def test_for_people(store: str) -> None:
    result = CliRunner().invoke(command, ["--store", store])
    assert result.output.endswith("Nothing changes.\n")
