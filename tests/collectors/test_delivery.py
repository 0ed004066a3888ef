"""From spool to store through a real broker, with everything killed that can be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from collectors import wire
from collectors.broker import Address, Identity, Message, Session
from collectors.ingest import Ingest
from collectors.spool import Spool
from collectors.stores.sqlite import SqliteStore
from collectors.uplink import Pace, Uplink, identity
from collectors.wire import Watermark
from sensors.errors import StoreError
from sensors.reading import Observation, Quality
from tests.collectors.brokers import Amqtt, running, until

Make = Callable[[], Any]
NOW = 1_790_000_000_000
PACE = Pace(batch_rows=10, resend_s=0.3, most_resend_s=1.0, delete_s=0.01, state_s=0.05)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.broker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("collectors.broker.LAST_RETRY_S", 0.05)
    monkeypatch.setattr("collectors.link.SILENT_S", 0.2)
    monkeypatch.setattr("collectors.ingest.FIRST_RETRY_S", 0.01)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 100))


class Flaky(SqliteStore):
    """A store that refuses a share of the writes, before or after it made them."""

    def __init__(self, path: Path, share: float = 0.0) -> None:
        super().__init__(path)
        self.share = share
        self.random = random.Random(11)

    def commit(self, *arguments: Any) -> None:
        if self.random.random() < self.share:
            raise StoreError("busy", retryable=True)
        super().commit(*arguments)
        if self.random.random() < self.share:
            raise StoreError("answered too late", retryable=True)


class Place:
    """A gateway, a hub, and what they stand on."""

    def __init__(self, folder: Path, address: Address) -> None:
        self.folder, self.address = folder, address
        self.made = 0
        self.quiet = False
        self._gateway = AsyncExitStack()
        self._hub = AsyncExitStack()

    async def start_gateway(self) -> None:
        await self.start_spool()
        await self.start_uplink()

    async def start_spool(self) -> None:
        self.quiet = True
        self.spool = await self._gateway.enter_async_context(Spool(self.folder / "gw1.spool", flush_s=0.002))

    async def start_uplink(self) -> None:
        session = Session(self.address, identity("x", 0, "gw1", self.spool.epoch))
        self.uplink = Uplink(
            session, self.spool, site="x", shard=0, gateway="gw1", now_ms=lambda: NOW, pace=PACE,
            birth=lambda: {"software": "0.1"}, status=lambda: {"clock": {"synchronised": True}},
        )  # fmt: skip
        self.session = await self._gateway.enter_async_context(session)
        await self._gateway.enter_async_context(self.uplink)

    async def stop_gateway(self) -> None:
        await self._gateway.aclose()

    async def start_hub(self, share: float = 0.0) -> None:
        self.store = Flaky(self.folder / "readings.sqlite", share)
        self._hub.callback(self.store.close)
        session = Session(self.address, Identity("x-ingest-0", persistent=True))
        self.ingest = Ingest(session, self.store, site="x", shard=0, now_ms=lambda: NOW)
        self.hub_session = await self._hub.enter_async_context(session)
        await self._hub.enter_async_context(self.ingest)

    async def stop_hub(self) -> None:
        await self._hub.aclose()

    async def make(self, rows: int) -> None:
        self.quiet = False
        for _ in range(rows):
            values = {"ph": (float(self.made), Quality.NOT_EVALUATED), "turbidity": (None, Quality.MISSING)}
            await self.spool.append(Observation(f"S{self.made % 3}", NOW - 10**7 + self.made, values))
            self.made += 1

    def check(self) -> None:
        """Nothing lost, nothing twice, nothing changed."""
        found = sorted(
            value for n in range(3) for value in self.store.range(f"S{n}", ["ph"], 0, NOW).value if value is not None
        )
        assert found == [float(n) for n in range(self.made)]
        assert self.store.revisions(0, NOW) == []
        epoch, seq = self.store.watermarks()["gw1"]
        assert seq == self.spool.state.last
        # A gateway that came back with nothing to deliver has nothing to say about its new epoch.
        assert epoch == self.spool.epoch or self.quiet
        assert self.ingest.state.early == 0 or self.ingest.state.batches > 1


def test_from_the_spool_to_the_store(make_broker: Make, tmp_path: Path) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            place = Place(tmp_path, broker.address)
            await place.start_hub()
            await place.start_gateway()
            await place.make(250)
            await place.uplink.delivered()
            place.check()
            await until(lambda: place.spool.state.rows == 0)
            await place.make(1)
            await place.uplink.delivered()
            place.check()
            assert place.uplink.backlog == 0
            await place.stop_gateway()
            await place.stop_hub()

    run(work())


def test_birth_and_state_tell_who_is_there(make_broker: Make, tmp_path: Path) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            said: dict[str, dict[str, Any]] = {}

            def hear(message: Message) -> None:
                topic = wire.parse_topic(message.topic)
                said[topic.channel] = wire.parse_status(message.payload, topic.gateway)

            hub = Session(broker.address, Identity("watcher"))
            hub.subscribe("rc1/x/0/+/birth", hear)
            hub.subscribe("rc1/x/0/+/state", hear)
            async with hub:
                await hub.connected()
                place = Place(tmp_path, broker.address)
                await place.start_gateway()
                await until(lambda: len(said) == 2)
                assert said["birth"] == {
                    "v": 1, "gateway": "gw1", "online": True, "epoch": place.spool.epoch, "time_ms": NOW,
                    "software": "0.1",
                }  # fmt: skip
                assert (said["state"]["backlog"], said["state"]["clock"]) == (0, {"synchronised": True})
                await place.stop_gateway()
                await until(lambda: not said["birth"]["online"])
                await place.start_gateway()
                await until(lambda: said["birth"]["online"])
                place.session._link.abort("pulled the plug")  # type: ignore[union-attr]
                await until(lambda: not said["birth"]["online"] or place.session.state.connections == 2)
                await until(lambda: said["birth"]["online"])
                await place.stop_gateway()

    run(work())


def test_a_hub_that_comes_later_gets_everything(make_broker: Make, tmp_path: Path) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            place = Place(tmp_path, broker.address)
            await place.start_gateway()
            await place.make(120)
            await place.spool.flush()
            await until(lambda: place.session.state.connected)
            assert place.spool.state.rows == 120
            await place.start_hub()
            await place.uplink.delivered()
            place.check()
            await place.stop_gateway()
            await place.stop_hub()

    run(work())


@pytest.mark.mosquitto
@pytest.mark.parametrize("rows", [3, 30])  # fewer and more than the hub knows
def test_a_spool_that_came_back_from_a_copy(make_mosquitto: Make, tmp_path: Path, rows: int) -> None:
    """Its numbers were given before, to other rows: the hub must not take the new rows for known ones."""

    async def work() -> None:
        async with running(make_mosquitto()) as broker:
            place = Place(tmp_path, broker.address)
            await place.start_hub()
            await place.start_gateway()
            await place.make(5)
            await place.uplink.delivered()
            await place.stop_gateway()
            copy = (tmp_path / "gw1.spool").read_bytes()
            await place.start_gateway()
            await place.make(20)
            await place.uplink.delivered()
            await place.stop_gateway()
            (tmp_path / "gw1.spool").write_bytes(copy)
            await place.start_spool()
            await place.make(rows)  # polled before the line is there
            await place.spool.flush()
            await place.start_uplink()
            await until(lambda: place.store.watermarks()["gw1"] == (place.spool.epoch, 5 + rows))
            place.check()
            await place.stop_gateway()
            await place.stop_hub()

    run(work())


@pytest.mark.mosquitto
def test_strangers_cannot_move_the_watermark(make_mosquitto: Make, tmp_path: Path) -> None:
    async def work() -> None:
        async with running(make_mosquitto()) as broker:
            place = Place(tmp_path, broker.address)
            await place.start_gateway()
            await place.make(10)
            await place.spool.flush()
            async with Session(broker.address, Identity("stranger")) as stranger:
                await stranger.connected()
                for raw in (
                    b"", b"{", wire.encode_watermark("gw2", Watermark(place.spool.epoch, 10)),
                    wire.encode_watermark("gw1", Watermark("feedbeef", 10)),
                ):  # fmt: skip
                    await stranger.publish("rc1/x/0/gw1/ack", raw)
                await stranger.publish("rc1/x/0/gw1/ack", wire.encode_watermark("gw1", Watermark(place.spool.epoch, 4)))
            await until(lambda: place.spool.state.base == 4)
            assert place.spool.state.rows == 6
            await place.stop_gateway()

    run(work())


async def chaos(place: Place, broker: Any, seed: int, rounds: int) -> dict[str, int]:
    """Make readings while gateway, broker, hub and store fail at random."""
    random_ = random.Random(seed)
    done = dict.fromkeys(("broker", "gateway", "hub", "link", "store"), 0)
    await place.start_hub(share=0.2)
    await place.start_gateway()
    for _ in range(rounds):
        await place.make(random_.randint(10, 60))
        for _ in range(random_.randint(0, 5)):
            await asyncio.sleep(0.01)  # time for something to be under way; nothing is checked after it
        victim = random_.choice(list(done))
        done[victim] += 1
        match victim:
            case "broker":
                await broker.kill()
                await place.make(5)
                await broker.start()
            case "gateway":
                await place.stop_gateway()
                await place.start_gateway()
            case "hub":
                await place.stop_hub()
                await place.make(5)
                await place.start_hub(share=0.2)
            case "link":
                for session in (place.session, place.hub_session):
                    if session._link is not None and random_.random() < 0.7:
                        session._link.abort("cut")
            case "store":
                place.store.share = 0.9
                await place.make(5)
                await asyncio.sleep(0.02)
                place.store.share = 0.2
    place.store.share = 0.0
    await place.uplink.delivered()
    return done


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_killed_nothing_is_lost_and_nothing_comes_twice(
    make_broker: Make, tmp_path: Path, seed: int
) -> None:
    async def work() -> None:
        broker = make_broker()
        rounds = 12 if isinstance(broker, Amqtt) else 25
        async with running(broker):
            place = Place(tmp_path, broker.address)
            done = await chaos(place, broker, seed, rounds)
            assert sum(done.values()) == rounds
            assert place.made > 300
            place.check()
            await place.stop_gateway()
            await place.stop_hub()

    run(work())
