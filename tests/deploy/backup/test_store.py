"""A store as a backup has it: everything of it, and an identity of its own when it comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from collectors.stores import open_store, prepare_store
from deploy.backup.store import become_another, count, snapshot
from sensors.errors import StoreError
from sensors.reading import Block, Reading
from tests.collectors.conftest import influx, influx_url  # noqa: F401  (fixtures)
from tests.deploy.store.test_copy import fill, told


def quiet(what: str, done: int, of: int) -> None:
    """Nobody looks."""


def test_an_embedded_store_is_copied_while_it_is_open(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'a.sqlite'}")) as store:
        fill(store)
        counted = snapshot(f"sqlite:///{tmp_path / 'a.sqlite'}?raw=3y", tmp_path / "copy.sqlite", quiet)
        before = told(store)
    assert counted.watermarks == {"gw1": ("abc", 500), "gw2": ("xyz", 7)}
    assert counted.rows["reading"] > 1_000
    assert counted == count(tmp_path / "copy.sqlite")
    assert json.loads(json.dumps(counted.as_dict()))["version"] == counted.version
    with closing(open_store(f"sqlite:///{tmp_path / 'copy.sqlite'}", read_only=True)) as copy:
        assert told(copy) == before


@pytest.mark.influxdb
def test_a_server_s_store_becomes_a_file(tmp_path: Path, influx_url: Callable[[], str]) -> None:  # noqa: F811
    url = influx_url()
    with closing(prepare_store(url)) as store:
        fill(store, days=2, minutes=120)
        before = told(store)
    counted = snapshot(url, tmp_path / "copy.sqlite", quiet)
    assert counted.watermarks == {"gw1": ("abc", 200), "gw2": ("xyz", 7)}
    assert not list(tmp_path.glob("copy.sqlite-*"))
    with closing(open_store(f"sqlite:///{tmp_path / 'copy.sqlite'}", read_only=True)) as copy:
        assert told(copy)[:4] == before[:4]


def test_a_restored_store_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(open_store(f"sqlite:///{path}")) as store:
        fill(store, days=1)
        _, cursor = store.changes("")
        store.put_mark("judge", json.dumps({"cursor": cursor, "left": {}}))
        store.put_mark("hub.laboratory", "12")
        store.put_mark("strange", '{"cursor": 5}')
    become_another(path)
    with closing(open_store(f"sqlite:///{path}")) as store:
        # Who follows from outside was further than the log reaches now: he begins anew.
        changed, now = store.changes(cursor)
        assert set(changed) == {"S1", "S2"}
        assert now != cursor
        # The hub's own place went back with the store, and goes on.
        mine = json.loads(store.mark("judge") or "")
        assert store.changes(mine["cursor"]) == ({}, now)
        assert mine["left"] == {}
        assert (store.mark("hub.laboratory"), store.mark("strange")) == ("12", '{"cursor": 5}')
        store.write(Block.of([Reading("S1", "ph", 1, 7.0)]))
        assert set(store.changes(mine["cursor"])[0]) == {"S1"}


def test_another_file_is_no_store(tmp_path: Path) -> None:
    import sqlite3

    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as db:
        db.execute("CREATE TABLE x (n)")
    with pytest.raises(StoreError, match="is no store"):
        count(tmp_path / "x.sqlite")
