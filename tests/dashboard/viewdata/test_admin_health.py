"""What is known of the system's health, from what a hub writes into a real store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from collectors.stores import ReadingStore, open_store
from dashboard.casework.database import Books
from dashboard.viewdata.admin_health import health
from deploy.hub.marks import STATE
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.dashboard import made

NOW = made.NOW_MS


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield found
    found.close()


def report(label: str, **more: object) -> tuple[str, str]:
    told = {"time_ms": NOW, "since_ms": NOW - 60_000, "label": label, "disk_free": 5_000_000, "disk_full": False}
    return STATE + label, json.dumps(told | more)


def test_a_store_in_which_nobody_has_left_word(store: ReadingStore, books: Books, xietang: Site) -> None:
    found = health(store, books, xietang)
    assert found.processes == ()
    assert found.newest_ms is None
    assert [one.id for one in found.gateways] == list(xietang.gateways)
    assert {one.heard_ms for one in found.gateways} == {None}
    assert set(found.free) == {"files"}
    assert 0 < found.free["files"] <= shutil.disk_usage(books.files.parent).total


def test_what_hub_and_gateways_say(store: ReadingStore, books: Books, xietang: Site) -> None:
    first, second, *_ = xietang.gateways
    told = {
        first: {"heard_ms": NOW - 1000, "backlog": 12, "dropped": 3, "clock": {"synchronised": False}, "online": True,
                "silent": {"S01": "timeout"}, "refused": {"problems": "x"}},
        second: "nonsense",
    }  # fmt: skip
    store.put_mark(*report("all", connected=False, broker_error="refused", gateways=told, newest_ms={first: NOW - 5},
                           readings_per_s=6.5))  # fmt: skip
    store.write(
        Block.of([Reading("S01", "ph", NOW, 7.0, Quality.GOOD), Reading("S01", "ph", NOW + 9, None, Quality.MISSING)])
    )
    found = health(store, books, xietang)
    (hub,) = found.processes
    assert (hub.label, hub.told_ms, hub.connected, hub.trouble, hub.readings_per_s) == (
        "all", NOW, False, "refused", 6.5,
    )  # fmt: skip
    gateways = {one.id: one for one in found.gateways}
    one = gateways[first]
    assert (one.heard_ms, one.newest_ms, one.backlog, one.dropped, one.clock, one.silent, one.online, one.refused) == (
        NOW - 1000, NOW - 5, 12, 3, False, 1, True, True,
    )  # fmt: skip
    assert one.stations == len(xietang.slice(first))
    assert (gateways[second].heard_ms, gateways[second].clock, gateways[second].refused) == (None, None, False)
    assert found.free["store"] == 5_000_000
    assert found.newest_ms == NOW + 9, "a reading without a value came all the way as well"


def test_shards_and_a_judge(store: ReadingStore, books: Books, xietang: Site) -> None:
    for label in ("0", "1", "judge"):
        store.put_mark(*report(label))
    assert [one.label for one in health(store, books, xietang).processes] == ["judge", "0", "1"]


def test_a_full_disk_is_trouble(store: ReadingStore, books: Books, xietang: Site) -> None:
    store.put_mark(*report("all", disk_full=True))
    assert health(store, books, xietang).processes[0].trouble == "disk full"


def test_names_of_marks_are_the_hubs() -> None:
    from dashboard.viewdata import admin_health as admin_page_health

    assert admin_page_health.STATE == STATE
