"""The hub's loop: what a store that refuses does to it."""

from __future__ import annotations

import asyncio

from collectors.broker import parse_address
from collectors.quarantine import Quarantine
from collectors.stores import open_store
from deploy.hub import Hub
from sensors.errors import StoreError

NOW_MS = 1_790_000_000_000


def test_a_store_that_refuses_is_not_asked_again_at_once(xietang, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("deploy.hub.CONNECT_S", 0.01)
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    hub = Hub(xietang, parse_address("mqtt://127.0.0.1:1"), store, Quarantine(None), lambda: NOW_MS)
    asked, pauses = 0, 0

    def refuse(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise StoreError("disk full", retryable=True)

    async def pause(stop: asyncio.Event, seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 5:
            stop.set()

    monkeypatch.setattr(store, "put_assessments", refuse)
    monkeypatch.setattr(store, "summary", refuse)
    monkeypatch.setattr("deploy.hub.pause", pause)

    async def run() -> None:
        async with asyncio.timeout(30):
            await hub.run(asyncio.Event())

    try:
        asyncio.run(run())
    finally:
        store.close()
    assert hub._judge.behind, "there is still work, and it was not done in a hot loop"
    assert asked == pauses == 5
