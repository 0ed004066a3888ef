"""Store, books and spools: there, sound, fresh, and of this version."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collectors.spool import Spool
from collectors.stores import open_store
from dashboard.casework.database import open_books
from dashboard.casework.seed.seed import seed
from deploy.doctor.kept import books, spools, store
from deploy.hub.marks import STATE
from sensors.errors import StoreError
from sensors.reading import Block, Observation, Quality, Reading
from sensors.site import Site

NOW_MS = 1_790_000_000_000


def filled(path: Path, newest_ms: int = NOW_MS - 5_000, report: dict[str, Any] | None = None) -> str:
    url = f"sqlite:///{path / 'store.sqlite'}"
    with closing(open_store(url)) as opened:
        opened.commit(Block.of([Reading("S01", "ph", newest_ms, 7.0)]), "gw-01", "e", 1)
        if report is not None:
            opened.put_mark(STATE + "all", json.dumps({"time_ms": NOW_MS - 9_000, **report}))
    return url


def test_a_store_that_a_hub_writes(tmp_path: Path) -> None:
    url = filled(tmp_path, report={"readings": 1_200, "quarantine": []})
    assert [(one.state, one.check) for one in store(url, NOW_MS, deep=True)] == [
        ("ok", "store"), ("ok", "store"), ("ok", "hub"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("newest_ms", "words"),
    [(NOW_MS - 7_200_000, "2.0 h old"), (NOW_MS + 700_000, "700 s ahead of this clock"), (NOW_MS, "0 s old")],
)
def test_how_fresh_it_is(newest_ms: int, words: str, tmp_path: Path) -> None:
    first, hub = store(filled(tmp_path, newest_ms), NOW_MS)
    assert words in first.found
    assert (hub.state, hub.advice) == ("warning", "start riverchief hub")


@pytest.mark.parametrize(
    ("report", "state", "words"),
    [
        ({"time_ms": NOW_MS - 600_000}, "warning", "10 min ago"),
        ({"store_error": "disk full"}, "fault", "disk full"),
        ({"site": {"problems": ["a", "b"]}}, "fault", "2 mistakes in its site"),
        ({"disk_full": True}, "fault", "its disk is full"),
        ({"quarantine": [["gw", "clock", 3]]}, "warning", "refused 3"),
    ],
)
def test_what_the_hub_says_of_itself(report: dict[str, Any], state: str, words: str, tmp_path: Path) -> None:
    _, found = store(filled(tmp_path, report=report), NOW_MS)
    assert found.state == state
    assert words in found.found


def test_a_store_that_is_not_there_or_is_another_s(tmp_path: Path) -> None:
    [found] = store(f"sqlite:///{tmp_path / 'store.sqlite'}", NOW_MS)
    assert (found.state, found.advice) == ("fault", "start the hub, or restore a backup")
    assert not (tmp_path / "store.sqlite").exists()
    url = filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    [found] = store(url, NOW_MS)
    assert "upgrade-check" in found.advice


def test_books_and_their_trail(tmp_path: Path, xietang: Site) -> None:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    with closing(open_books(url)) as opened:
        seed(opened, xietang, NOW_MS)
    assert [(one.state, one.check) for one in books(url, None, deep=True)] == [
        ("ok", "books"), ("ok", "books"), ("ok", "attached"),
    ]  # fmt: skip
    with closing(sqlite3.connect(tmp_path / "books.sqlite")) as db, db:
        db.execute("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 3")
        db.execute(
            "INSERT INTO attachment (id, subject, subject_id, name, media_type, size, sha256, added_by, added_ms)"
            " VALUES (1, 'outfall', 'O1', 'a', 'b', 1, ?, 'x', 1)",
            ("0" * 64,),
        )
    trail, files = books(url, None)
    assert (trail.state, "tampered" in trail.found) == ("fault", True)
    assert (files.state, "1 of 1" in files.found) == ("fault", True)
    with closing(sqlite3.connect(tmp_path / "books.sqlite")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    [found] = books(url, None)
    assert found.state == "warning"
    assert "form 9999" in found.found


def test_looking_at_books_makes_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such file"):
        list(books(f"sqlite:///{tmp_path / 'books.sqlite'}", None))
    assert list(tmp_path.iterdir()) == []


def test_spools(tmp_path: Path) -> None:
    assert [one.state for one in spools(tmp_path, NOW_MS)] == ["warning"]

    async def main() -> list[str]:
        async with Spool(tmp_path / "gw-01.spool", now_ms=lambda: NOW_MS) as spool:
            await spool.append(Observation("S01", NOW_MS - 7_200_000, {"ph": (7.0, Quality.GOOD)}))
            await spool.flush()
            return [one.found for one in spools(tmp_path, NOW_MS)]

    assert asyncio.run(main()) == ["gw-01.spool: a gateway runs on it"]
    assert [one.found for one in spools(tmp_path, NOW_MS)] == [
        "gw-01.spool: 1 observations wait, the oldest of 2.0 h ago"
    ]
    with closing(sqlite3.connect(tmp_path / "gw-01.spool")) as db:
        db.execute("PRAGMA user_version = 9")
    (tmp_path / "gw-02.spool").write_bytes(b"no database, but long enough for the header of one" * 50)
    (tmp_path / "gw-03.spool.damaged-17").write_bytes(b"")
    found = list(spools(tmp_path, NOW_MS))
    assert [one.state for one in found] == ["fault", "fault", "warning"]
    assert "form 9; this version knows 1" in found[0].found
