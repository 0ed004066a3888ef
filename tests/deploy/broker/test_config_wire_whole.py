"""Two gateways, a broker with its rights and a hub: everything arrives, and nobody asks for more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.broker import Session
from collectors.quarantine import Quarantine
from collectors.spool import Spool
from collectors.stores.sqlite import SqliteStore
from collectors.uplink import Pace, Uplink, identity
from deploy.broker.tls import broker_address
from deploy.hub.hub import Hub
from sensors.reading import Observation, Quality
from tests.collectors.brokers import find_mosquitto, until
from tests.deploy.broker.secure import (
    NOW_MS,
    SecureBroker,
    run,
    running,
    without_the_second,
)

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"),
]


class River:
    """A gateway without probes: a spool and its uplink."""

    def __init__(self, folder: Path, broker: SecureBroker, gateway: str) -> None:
        self.gateway, self.broker, self.made = broker.site.gateways[gateway], broker, 0
        self.station = broker.site.slice(gateway)[0].id
        self.path = folder / f"{gateway}.spool"

    async def run_in(self, stack: AsyncExitStack) -> None:
        site, gateway = self.broker.site.id, self.gateway
        self.spool = await stack.enter_async_context(Spool(self.path, flush_s=0.002))
        address = broker_address(self.broker.url(), self.broker.files(f"gateway.{gateway.id}"))
        self.session = Session(address, identity(site, gateway.shard, gateway.id, self.spool.epoch))
        self.uplink = Uplink(
            self.session, self.spool, site=site, shard=gateway.shard, gateway=gateway.id, now_ms=lambda: NOW_MS,
            pace=Pace(batch_rows=2, resend_s=0.3, most_resend_s=1.0, delete_s=0.01),
        )  # fmt: skip
        await stack.enter_async_context(self.session)
        await stack.enter_async_context(self.uplink)

    async def make(self, rows: int) -> None:
        for _ in range(rows):
            self.made += 1
            values = {"ph": (float(self.made), Quality.NOT_EVALUATED)}
            await self.spool.append(Observation(self.station, NOW_MS - 10**6 + self.made, values))
        await self.spool.flush()

    def stored(self, store: SqliteStore) -> list[float | None]:
        return list(store.range(self.station, ["ph"], 0, NOW_MS).value)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.broker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("collectors.broker.LAST_RETRY_S", 0.05)


class Middle:
    """A hub that can be stopped and started again."""

    def __init__(self, broker: SecureBroker, store: SqliteStore) -> None:
        self.broker, self.store, self.quarantine = broker, store, Quarantine(None)

    async def start(self) -> None:
        self._stop = asyncio.Event()
        address = broker_address(self.broker.url(), self.broker.files("hub"))
        hub = Hub(self.broker.site, address, self.store, self.quarantine, lambda: NOW_MS)
        self._task = asyncio.create_task(hub.run(self._stop))

    async def stop(self) -> None:
        self._stop.set()
        await self._task


@asynccontextmanager
async def everything(broker: SecureBroker, folder: Path) -> AsyncIterator[tuple[River, River, Middle]]:
    """Two gateways, the broker, the hub and its store."""
    async with running(broker), AsyncExitStack() as stack:
        store = SqliteStore(folder / "readings.sqlite")
        stack.callback(store.close)
        hub = Middle(broker, store)
        await hub.start()
        stack.push_async_callback(hub.stop)
        rivers = River(folder, broker, "gw-01"), River(folder, broker, "gw-02")
        for river in rivers:
            await river.run_in(stack)
        yield (*rivers, hub)


@pytest.mark.usefixtures("_quick")
def test_from_two_spools_to_the_store(broker: SecureBroker, tmp_path: Path) -> None:
    """The whole chain with these certificates; then one gateway is stolen and locked out, and the other goes on."""

    async def work() -> None:
        async with everything(broker, tmp_path) as (first, second, hub):
            for river in (first, second):
                await river.make(50)
                await river.uplink.delivered()
                assert river.session.state.version == 5
                assert river.stored(hub.store) == [float(n) for n in range(1, 51)]
            await broker.stop()
            broker.authority.revoke("gateway.gw-02", datetime.now(UTC))
            await first.make(5)
            await second.make(5)
            await broker.start()
            await first.uplink.delivered()
            assert len(first.stored(hub.store)) == 55
            # Locked out, not lost: what it measured is on its disk until it has another certificate.
            assert not second.session.state.connected
            assert (len(second.stored(hub.store)), second.uplink.backlog) == (50, 5)
            assert hub.quarantine.counts == {}

    run(work())


@pytest.mark.parametrize("removed", [False, True], ids=["all stay", "one is removed"])
@pytest.mark.usefixtures("_quick")
def test_a_hub_that_starts_again_asks_for_no_more_than_its_rights(
    broker: SecureBroker, tmp_path: Path, removed: bool
) -> None:
    """Its store knows gateways of other shards, and such as the site has no more: refused, they must not hold it up."""

    async def work() -> None:
        async with everything(broker, tmp_path) as (first, second, hub):
            for river in (first, second):
                await river.make(1)
                await river.uplink.delivered()
            await hub.stop()
            if removed:
                await broker.stop()
                broker.site = without_the_second(broker.site)
                await broker.start()
            await hub.start()
            # More messages than the broker sends without an acknowledgement.
            await first.make(50)
            await first.uplink.delivered()
            assert len(first.stored(hub.store)) == 51
            await second.make(1)
            if removed:
                await until(lambda: "Not authorized" in second.session.state.error)
                assert second.uplink.backlog == 1
            else:
                await second.uplink.delivered()
                assert len(second.stored(hub.store)) == 2

    run(work())
