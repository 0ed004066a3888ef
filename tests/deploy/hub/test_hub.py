"""The hub's loop: what a store that refuses does to it, and which part of the work a process does."""

from __future__ import annotations

import asyncio
import json

import pytest

from collectors.broker import parse_address
from collectors.quarantine import Quarantine
from collectors.stores import open_store
from deploy.broker.tls import PLAIN
from deploy.hub.hub import Hub, _address, home, quarantine_name
from deploy.hub.marks import STATE
from deploy.hub.role import Role
from sensors.errors import StoreError, UsageError

NOW_MS = 1_790_000_000_000


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield store
    store.close()


def run_for(hub: Hub, monkeypatch, pauses: int) -> list[float]:
    """Run a hub until it has made some pauses; gives their lengths [s]."""
    made: list[float] = []

    async def pause(stop: asyncio.Event, seconds: float) -> None:
        made.append(seconds)
        if len(made) >= pauses:
            stop.set()
        await asyncio.sleep(0)

    monkeypatch.setattr("deploy.hub.hub.pause", pause)
    monkeypatch.setattr("deploy.hub.hub.CONNECT_S", 0.01)
    asyncio.run(asyncio.wait_for(hub.run(asyncio.Event()), 30))
    return made


def test_a_store_that_refuses_is_not_asked_again_at_once(xietang, store, monkeypatch) -> None:
    asked = 0

    def refuse(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise StoreError("disk full", retryable=True)

    monkeypatch.setattr(store, "put_assessments", refuse)
    monkeypatch.setattr(store, "summary", refuse)
    hub = Hub(xietang, parse_address("mqtt://127.0.0.1:1"), store, Quarantine(None), lambda: NOW_MS)
    pauses = run_for(hub, monkeypatch, 8)
    assert hub._judging is not None
    assert hub._judging.behind, "there is still work, and it was not done in a hot loop"
    assert 0 < asked <= pauses.count(5.0)


def test_a_hub_that_only_judges_needs_no_broker(xietang, store, monkeypatch) -> None:
    role = Role(ingest=False)
    assert _address(role, None, PLAIN) is None
    run_for(Hub(xietang, None, store, Quarantine(None), lambda: NOW_MS, role=role), monkeypatch, 4)
    assert store.assessments("station", "window"), "it judged"
    state = json.loads(store.mark(STATE + "judge") or "{}")
    assert (state["label"], state["stations"], "connected" in state) == ("judge", len(xietang.stations), False)


def test_a_hub_whose_sites_are_watched_elsewhere_only_grades(xietang, store, monkeypatch) -> None:
    hub = Hub(xietang, None, store, Quarantine(None), lambda: NOW_MS, role=Role(ingest=False), watch=False)
    run_for(hub, monkeypatch, 4)
    assert store.assessments("station", "window"), "it judged"
    assert store.mark("watch") is None
    assert "watch" not in json.loads(store.mark(STATE + "judge") or "{}")


def test_a_hub_that_does_not_judge(xietang, store, tmp_path, monkeypatch) -> None:
    role, quarantine = Role((0,), judge=False), Quarantine(None)
    quarantine.put("rc1/x/0/gw-01/obs", "json", "not JSON", gateway="gw-01")
    address = parse_address("mqtt://127.0.0.1:1")
    hub = Hub(xietang, address, store, quarantine, lambda: NOW_MS, role=role, disk=tmp_path)
    run_for(hub, monkeypatch, 2)
    assert store.assessments("station", "window") == []
    state = json.loads(store.mark(STATE + "0") or "{}")
    assert (state["shards"], state["connected"], state["readings"]) == ([0], False, 0)
    assert state["quarantine"] == [["gw-01", "json", 1]]
    assert state["disk_free"] > 0
    assert "graded" not in state


def test_where_a_process_keeps_its_things() -> None:
    assert str(home("sqlite:////var/x/store.sqlite")) == "/var/x"
    assert home("influx://db/o/b") is None
    names = [quarantine_name(role) for role in (Role(), Role((0, 2)))]
    assert names == ["quarantine.jsonl", "quarantine-0.2.jsonl"]
    with pytest.raises(UsageError, match="--broker"):
        _address(Role(), None, PLAIN)
