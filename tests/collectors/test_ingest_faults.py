"""An ingester whose store, broker or input fails loses nothing and stops nothing."""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import pytest

from collectors import wire
from collectors.quarantine import Quarantine, entries
from collectors.wire import Batch, Watermark
from sensors.errors import LinkError, StoreError
from sensors.reading import Observation, Quality
from tests.collectors.brokers import until
from tests.collectors.ingesters import NOW, OBS, A, Hub, observation, payload, run

pytestmark = pytest.mark.usefixtures("quick_ingest")


def test_what_is_refused_goes_to_quarantine_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"

    async def work() -> None:
        async with Hub(tmp_path, quarantine=Quarantine(path), stations={"gw1": {"S1"}}) as hub:
            await hub.take(b"{")
            await hub.take(payload(0, 3, gateway="gw2"))
            await hub.take(payload(0, 2, gateway="gw9"), "rc1/x/0/gw9/obs")  # nobody has entered gw9
            strange = Observation("S7", NOW, {"ph": (7.0, Quality.GOOD)})
            rows = ((1, observation(1)), (2, observation(2, NOW + 10**9)), (3, observation(3)), (4, strange))
            await hub.take(wire.encode_batch(Batch("gw1", A, 0, 0, 4, rows)))
            await hub.take(b"[]", "rc1/x/0/gw1/birth")
            await hub.take(b"", "rc1/x/0/gw1/birth")
            assert hub.stored == [1, 3]
            assert hub.store.watermarks() == {"gw1": (A, 4)}
            assert not hub.ingest.state.lost
            assert hub.ingest.quarantine.counts == {"json": 1, "gateway": 2, "future": 1, "station": 1, "shape": 1}

    run(work())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["reason"] for line in lines] == ["json", "gateway", "gateway", "future", "station", "shape"]
    future, station = (json.loads(line["payload"]) for line in lines[3:5])
    assert (future["station"], future["time_ms"], future["values"]) == ("S1", [NOW + 10**9], {"ph": [2.0]})
    assert (station["station"], station["values"]) == ("S7", {"ph": [7.0]})


def test_nothing_of_what_is_refused_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"

    async def work() -> None:
        async with Hub(tmp_path, quarantine=Quarantine(path), stations={"gw1": {"S2"}}) as hub:
            await hub.take(payload(0, 3_000))  # S1 is no station of the site
            assert hub.watermark == (A, 3_000)

    run(work())
    (line,) = path.read_text().splitlines()
    kept = json.loads(json.loads(line)["payload"])
    assert len(line) > 16_384
    assert kept["values"]["ph"] == [float(seq) for seq in range(1, 3_001)]


def test_a_store_that_takes_nothing_is_insisted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            tried = 0
            commit = hub.store.commit

            def failing(*arguments: Any) -> None:
                nonlocal tried
                tried += 1
                if tried <= 5:
                    raise StoreError("disk full" if tried < 3 else "no such table", retryable=tried < 3)
                commit(*arguments)

            monkeypatch.setattr(hub.store, "commit", failing)
            number = hub.session.deliver(OBS, payload(0, 3))
            await until(lambda: tried == 3)
            assert hub.session.acked == []
            assert hub.told == []
            assert hub.ingest.state.error in ("disk full", "no such table")
            await until(lambda: number in hub.session.acked)
            assert hub.stored == [1, 2, 3]
            assert hub.ingest.state.error == ""

    run(work())


def test_stopped_while_the_store_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            tried = asyncio.Event()
            loop = asyncio.get_running_loop()

            def failing(*_: Any) -> None:
                loop.call_soon_threadsafe(tried.set)
                raise StoreError("disk full", retryable=True)

            monkeypatch.setattr(hub.store, "commit", failing)
            hub.session.deliver(OBS, payload(0, 3))
            await tried.wait()
        assert hub.session.acked == []

    run(work())


def test_a_fault_of_ours_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            with monkeypatch.context() as patch:
                patch.setattr(hub.store, "commit", lambda *_: 1 / 0)
                await hub.take(payload(0, 3))
            assert hub.watermark is None
            await hub.take(payload(0, 3))  # the gateway sends again
            assert hub.stored == [1, 2, 3]

    run(work())


def test_what_is_refused_is_on_disk_before_it_may_be_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "quarantine.jsonl"

    async def work() -> None:
        async with Hub(tmp_path, quarantine=Quarantine(path), stations={"gw1": {"S2"}}) as hub:
            with monkeypatch.context() as patch:
                patch.setattr("collectors.quarantine._write_all", full)
                number = hub.session.deliver(OBS, payload(0, 3))  # S1 is no station of the site
                await until(lambda: "No space" in hub.ingest.state.error)
                assert (hub.watermark, hub.session.acked, list(entries([path]))) == (None, [], [])
            await until(lambda: number in hub.session.acked)
            assert hub.watermark == (A, 3)
            assert [entry.reason for entry in entries([path])] == ["station"]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run(work())


def test_a_watermark_that_the_broker_refuses_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.ingest.AGAIN_S", 0.005)

    async def work() -> None:
        async with Hub(tmp_path) as hub:
            hub.session.fails = 3
            await hub.take(payload(0, 3))
            assert hub.session.fails == 0
            assert hub.told == [Watermark(A, 3)]

    run(work())


def test_a_watermark_that_cannot_be_published_holds_up_no_other_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.ingest.AGAIN_S", 0.005)

    async def work() -> None:
        async with Hub(tmp_path) as hub:
            publish, refuses = hub.session.publish, True

            async def choosy(topic: str, payload: bytes, *, retain: bool = False) -> None:
                if refuses and "/gw1/" in topic:
                    raise LinkError("not authorised")
                await publish(topic, payload, retain=retain)

            monkeypatch.setattr(hub.session, "publish", choosy)
            first = hub.session.deliver(OBS, payload(0, 3))
            second = hub.session.deliver("rc1/x/0/gw2/obs", payload(0, 3, gateway="gw2"))
            await until(lambda: second in hub.session.acked)
            await hub.take(payload(3, 5, gateway="gw2"), "rc1/x/0/gw2/obs")
            assert first not in hub.session.acked
            refuses = False
            await until(lambda: first in hub.session.acked)
            assert hub.told == [Watermark(A, 3)]

    run(work())


def test_watermarks_outlive_the_ingester(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 3))
            await hub.take(payload(0, 5, gateway="gw2"), "rc1/x/0/gw2/obs")
        async with Hub(tmp_path, stations={"gw1": {"S1"}}) as hub:
            for up in hub.session.on_up:
                up()
            await until(lambda: hub.session.published)
            assert hub.told == [Watermark(A, 3)]
            assert len(hub.session.published) == 1  # gw2 is another shard's
            await hub.take(payload(0, 4))
            assert [block.value for block in hub.blocks] == [[4]]

    run(work())
