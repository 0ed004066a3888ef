"""A backup comes back whole, over nothing that anybody would miss, or says why it does not."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.stores import open_store
from dashboard.casework.audit import verify
from dashboard.casework.database import open_books
from dashboard.casework.files import attachments
from dashboard.casework.files import read as read_file
from deploy.backup.backup import back_up
from deploy.backup.restore import PARTS, Restored, Targets, restore
from deploy.backup.restore_command import command
from sensors.errors import StoreError, UsageError
from sensors.site import load_site
from tests.dashboard.conftest import fresh_postgres, postgres  # noqa: F401  (fixtures)
from tests.deploy.backup.test_backup import NOW_MS, PNG, _cheap, home, plan_of, template  # noqa: F401  (fixtures)
from tests.deploy.store.test_copy import told

AFTER_MS = NOW_MS + 60_000


@pytest.fixture
def archive(home: Path, tmp_path: Path) -> Path:  # noqa: F811
    return back_up(plan_of(home), tmp_path / "b.tar.gz", NOW_MS).path


def stored(folder: Path) -> list[object]:
    with closing(open_store(f"sqlite:///{folder / 'store.sqlite'}", read_only=True)) as store:
        return told(store)


def put_back(archive: Path, folder: Path, *, force: bool = False, parts: frozenset[str] = frozenset(PARTS)) -> Restored:
    return restore(archive, None, Targets.into(folder).only(parts), AFTER_MS, force=force)


def test_everything_comes_back(archive: Path, home: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "new" / "place"
    done = put_back(archive, folder)
    assert set(done.placed) == set(PARTS)
    assert done.aside == []
    assert stored(folder) == stored(home)
    assert load_site(folder / "site").id == "xietang"
    assert (folder / "quarantine.jsonl").read_bytes() == b'{"whole": true}\n'
    assert (folder / "store.sqlite").stat().st_mode & 0o777 == 0o600
    with closing(open_books(f"sqlite:///{folder / 'books.sqlite'}")) as books, books.read() as session:
        assert verify(session).problems == ()
        [photo] = attachments(session, "outfall", "O001")
        assert read_file(books.files, photo.sha256) == PNG
    assert list(folder.glob(".riverchief-restore-*")) == []
    assert not list(folder.glob("*.sqlite-*"))


def test_what_stands_there_is_refused_and_may_be_set_aside(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "place"
    put_back(archive, folder)
    (folder / "store.sqlite-wal").write_bytes(b"")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UsageError, match=r"store\.sqlite is not empty; --force sets it aside"):
        put_back(archive, folder)
    assert sorted(path.name for path in folder.iterdir() if "-wal" not in path.name) == [
        name for name in before if "-wal" not in name
    ]
    done = put_back(archive, folder, force=True)
    aside = {path.name for path in done.aside}
    assert {"store.sqlite.before-restore-20260921T141420Z", "books.sqlite.before-restore-20260921T141420Z"} <= aside
    # Nothing was deleted, and the log of the old store does not lie beside the new one.
    assert all((folder / name).exists() for name in aside)
    assert not (folder / "store.sqlite-wal").exists()


def test_a_store_that_only_a_new_hub_has_made_is_empty(archive: Path, home: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "place"
    folder.mkdir()
    open_store(f"sqlite:///{folder / 'store.sqlite'}").close()
    open_books(f"sqlite:///{folder / 'books.sqlite'}").close()
    put_back(archive, folder)
    assert stored(folder) == stored(home)


def test_what_is_in_use_is_refused_even_by_force(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "place"
    put_back(archive, folder)
    with (
        closing(open_store(f"sqlite:///{folder / 'store.sqlite'}")),
        pytest.raises(UsageError, match="in use: stop the hub"),
    ):
        put_back(archive, folder, force=True)


def test_parts_may_be_left_out(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "place"
    done = put_back(archive, folder, parts=frozenset({"books", "files"}))
    assert sorted(done.placed) == ["books", "files"]
    assert not (folder / "store.sqlite").exists()
    with pytest.raises(UsageError, match="nothing to restore"):
        restore(archive, None, Targets(), AFTER_MS)


def test_a_backup_that_lacks_a_part_says_what_it_has(home: Path, tmp_path: Path) -> None:  # noqa: F811
    from dataclasses import replace

    made = back_up(replace(plan_of(home), books=None, store=None), tmp_path / "s.tar.gz", NOW_MS)
    with pytest.raises(UsageError, match="the backup has certs, config, site"):
        put_back(made.path, tmp_path / "place", parts=frozenset({"store"}))


def test_a_damaged_backup_puts_nothing_in_place(archive: Path, tmp_path: Path) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) - 2_000])
    with pytest.raises(UsageError, match=r"damaged or cut off"):
        put_back(archive, tmp_path / "place")
    assert list((tmp_path / "place").rglob("*")) == []


def test_a_newer_store_is_not_put_in_place(home: Path, tmp_path: Path) -> None:  # noqa: F811
    import sqlite3

    with closing(sqlite3.connect(home / "store.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    made = back_up(plan_of(home), tmp_path / "n.tar.gz", NOW_MS)
    with pytest.raises(StoreError, match="found schema 99"):
        put_back(made.path, tmp_path / "place")
    assert not (tmp_path / "place" / "store.sqlite").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_what_it_restores_to_the_folder_s_owner(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "place"
    folder.mkdir()
    os.chown(folder, 1234, 1234)
    put_back(archive, folder)
    owners = {path.stat().st_uid for path in folder.rglob("*")}
    assert owners == {1234}


def test_books_go_into_an_empty_database_of_a_server(archive: Path, tmp_path: Path, postgres: str) -> None:  # noqa: F811
    url = fresh_postgres(postgres)
    targets = Targets(books=url, files=tmp_path / "files")
    done = restore(archive, None, targets, AFTER_MS)
    assert "rows" in done.placed["books"]
    with closing(open_books(url, tmp_path / "files")) as books, books.read() as session:
        assert verify(session).problems == ()
        assert len(attachments(session, "outfall", "O001")) == 1
    shutil.rmtree(tmp_path / "files")
    with pytest.raises(UsageError, match=r"is not empty \(.*make an empty database"):
        restore(archive, None, targets, AFTER_MS, force=True)
    with pytest.raises(UsageError, match="say where photos"):
        restore(archive, None, Targets(books=url), AFTER_MS)


def test_the_command(archive: Path, tmp_path: Path) -> None:
    run = CliRunner()
    checked = run.invoke(command, [str(archive), "--check"])
    assert checked.exit_code == 0, checked.output
    assert "gw1: stored up to 100 of abc" in checked.output
    assert "It is whole" in checked.output
    done = run.invoke(command, [str(archive), "--into", str(tmp_path / "place"), "--only", "store,books"])
    assert done.exit_code == 0, done.output
    assert "riverchief_hub_lost_rows_total" in done.output
    assert run.invoke(command, [str(archive), "--into", str(tmp_path / "p"), "--only", "storage"]).exit_code == 2
