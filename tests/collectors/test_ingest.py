"""An ingester stores what comes, once and in order, and says how far it has come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors import wire
from collectors.wire import Batch, Watermark
from sensors.reading import Block, Observation, Quality, Reading
from tests.collectors.brokers import until
from tests.collectors.ingesters import NOW, OBS, A, B, Hub, observation, payload, run

pytestmark = pytest.mark.usefixtures("quick_ingest")


def test_stored_then_told_then_acknowledged(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 3))
            assert hub.stored == [1, 2, 3]
            assert hub.watermark == (A, 3)
            assert hub.told == [Watermark(A, 3)]
            assert [len(block) for block in hub.blocks] == [3]
            assert (hub.ingest.state.batches, hub.ingest.state.rows, hub.ingest.state.readings) == (1, 3, 3)

    run(work())


def test_what_comes_again_is_known(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 3))
            await hub.take(payload(0, 3))
            await hub.take(payload(1, 5))  # overlaps
            assert hub.stored == [1, 2, 3, 4, 5]
            assert [block.value for block in hub.blocks] == [[1, 2, 3], [4, 5]]
            assert hub.told == [Watermark(A, 3), Watermark(A, 3), Watermark(A, 5)]
            assert hub.ingest.state.known == 5
            assert hub.store.revisions(0, 2**60) == []

    run(work())


def test_a_gap_is_not_stored_past(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 3))
            await hub.take(payload(5, 8))  # 4 and 5 are missing
            assert hub.stored == [1, 2, 3]
            assert hub.watermark == (A, 3)
            await hub.take(payload(3, 8))
            assert hub.stored == [1, 2, 3, 4, 5, 6, 7, 8]
            assert hub.ingest.state.early == 1
            assert not hub.ingest.state.lost

    run(work())


def test_the_first_ever_batch_may_not_begin_in_the_middle(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(5, 8))
            assert hub.stored == []
            assert hub.told == []
            await hub.take(payload(5, 8, base=5))  # everything before was delivered elsewhere, or dropped
            assert hub.stored == [6, 7, 8]

    run(work())


def test_what_the_gateway_dropped_is_not_waited_for(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 3))
            await hub.take(payload(7, 9, base=7))
            assert hub.stored == [1, 2, 3, 8, 9]
            assert hub.ingest.state.lost == {"gw1": 4}
            await hub.take(payload(9, 12, base=7, without=(10, 11)))  # dropped while being sent
            assert hub.watermark == (A, 12)
            assert hub.ingest.state.lost == {"gw1": 6}

    run(work())


def test_a_new_life_of_the_spool_begins_afresh(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 100))
            await hub.take(wire.encode_status("gw1", online=True, epoch=B), "rc1/x/0/gw1/birth")
            await hub.take(payload(0, 2, epoch=B))
            assert hub.watermark == (B, 2)
            assert hub.told[-1] == Watermark(B, 2)
            # a late batch of the former life: its readings are good, its numbers mean nothing
            await hub.take(payload(100, 103, epoch=A))
            assert hub.watermark == (B, 2)
            assert 103.0 in hub.stored
            await hub.take(payload(2, 4, epoch=B))
            assert hub.watermark == (B, 4)

    run(work())


def test_the_last_will_of_a_former_life_may_come_late(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(payload(0, 10))
            await hub.take(wire.encode_status("gw1", online=True, epoch=B), "rc1/x/0/gw1/birth")
            await hub.take(wire.encode_status("gw1", online=False, epoch=A), "rc1/x/0/gw1/birth")
            await hub.take(payload(10, 12, epoch=B, base=10))
            assert hub.watermark == (B, 12)
            assert not hub.ingest.state.lost

    run(work())


def test_a_late_batch_of_a_former_life_between_two_of_the_new_one(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(wire.encode_status("gw1", online=True, epoch=B), "rc1/x/0/gw1/birth")
            for raw in (payload(0, 2, epoch=B), payload(4, 6, epoch=A), payload(2, 4, epoch=B)):
                hub.session.deliver(OBS, raw)
            await until(lambda: len(hub.session.acked) == 4)
            assert hub.watermark == (B, 4)
            assert hub.stored == [1, 2, 3, 4, 5, 6]

    run(work())


def test_what_a_former_life_brings_again_does_not_undo_quality_control(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            raw = wire.encode_batch(
                Batch("gw1", A, 0, 0, 1, ((1, Observation("S1", NOW, {"ph": (7.0, Quality.NOT_EVALUATED)})),))
            )
            await hub.take(raw)
            hub.store.write(Block.of([Reading("S1", "ph", NOW, 7.0, Quality.FAIL)]))
            await hub.take(wire.encode_status("gw1", online=True, epoch=B), "rc1/x/0/gw1/birth")
            await hub.take(raw)
            assert hub.store.range("S1", ["ph"], 0, 2**60).quality == [Quality.FAIL]
            assert hub.watermark == (A, 1)

    run(work())


def test_two_lives_in_one_go(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            for raw in (payload(0, 2), payload(2, 4), payload(0, 1, epoch=B), payload(1, 3, epoch=B)):
                hub.session.deliver(OBS, raw)
            await until(lambda: len(hub.session.acked) == 4)
            assert hub.watermark == (B, 3)
            assert sum(len(block) for block in hub.blocks) == 7

    run(work())


def test_gateways_do_not_mix(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            hub.session.deliver(OBS, payload(0, 2))
            hub.session.deliver("rc1/x/0/gw2/obs", payload(0, 5, gateway="gw2"))
            await until(lambda: len(hub.session.acked) == 2)
            assert hub.store.watermarks() == {"gw1": (A, 2), "gw2": (A, 5)}

    run(work())


def test_stations_and_gateways_that_are_entered_or_removed_while_it_runs(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path, stations={"gw1": {"S1"}}) as hub:
            strange = Observation("S2", NOW, {"ph": (7.0, Quality.GOOD)})
            batch = wire.encode_batch(Batch("gw1", A, 0, 0, 2, ((1, observation(1)), (2, strange))))
            await hub.take(batch)
            assert hub.ingest.quarantine.counts == {"station": 1}
            hub.ingest.follow({"gw1": {"S1", "S2"}, "gw2": set()}, {"S1", "S2"})
            await hub.take(wire.encode_batch(Batch("gw1", A, 2, 2, 3, ((3, strange),))))
            await hub.take(payload(0, 2, gateway="gw2"), "rc1/x/0/gw2/obs")
            assert hub.store.watermarks() == {"gw1": (A, 3), "gw2": (A, 2)}
            assert {reading.station for reading in hub.store.latest()} == {"S1", "S2"}
            hub.ingest.follow({"gw2": {"S1", "S2"}}, {"S1", "S2"})
            await hub.take(payload(3, 4))
            assert hub.store.watermarks()["gw1"] == (A, 3)
            assert hub.ingest.quarantine.counts == {"station": 1, "gateway": 1}

    run(work())


def test_a_station_that_was_moved_to_another_gateway_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with Hub(tmp_path, stations={"gw1": {"S2"}, "gw2": set()}, known={"S1", "S2"}) as hub:
            await hub.take(payload(0, 3))
            await hub.take(payload(3, 5))
            assert hub.stored == [1, 2, 3, 4, 5]
            assert hub.ingest.state.moved == {("gw1", "S1"): 5}
            assert not hub.ingest.quarantine.counts

    run(work())
    assert [record.getMessage() for record in caplog.records if "another gateway" in record.getMessage()] == [
        "gw1 sends station S1, which the site's files have at another gateway"
    ]


def test_readings_of_a_clock_that_was_adrift_are_suspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        Observation("S1", NOW - 2, {"ph": (7.0, Quality.NOT_EVALUATED)}, synchronised=False),
        Observation("S1", NOW - 1, {"ph": (7.0, Quality.FAIL)}, synchronised=False),
        Observation("S1", NOW, {"ph": (7.0, Quality.NOT_EVALUATED)}),
    )
    raw = wire.encode_batch(Batch("gw1", A, 0, 0, 3, tuple(enumerate(rows, 1))))
    suspect = [Quality.SUSPECT, Quality.FAIL, Quality.NOT_EVALUATED]

    async def work() -> None:
        async with Hub(tmp_path) as hub:
            await hub.take(raw)
            assert hub.store.range("S1", ["ph"], 0, 2**60).quality == suspect
            assert [(flag.time_ms, flag.test) for flag in hub.store.flags("S1", 0, 2**60)] == [(NOW - 2, "clock")]
            await hub.take(payload(3, 4))
            # Killed between flag and reading: the flag is there first, and what comes again is flagged.
            with monkeypatch.context() as patch:
                patch.setattr(hub.store, "commit", lambda *_: 1 / 0)
                late = Observation("S2", NOW, {"ph": (7.0, Quality.NOT_EVALUATED)}, synchronised=False)
                await hub.take(wire.encode_batch(Batch("gw1", A, 0, 4, 5, ((5, late),))))
            assert len(hub.store.flags("S2", 0, 2**60)) == 1
            await hub.take(wire.encode_batch(Batch("gw1", A, 0, 4, 5, ((5, late),))))
            assert hub.store.range("S2", ["ph"], 0, 2**60).quality == [Quality.SUSPECT]
            hub.store.put_flags([replace(flag, flag=Quality.GOOD) for flag in hub.store.flags("S2", 0, 2**60)])
            assert hub.store.range("S2", ["ph"], 0, 2**60).quality == [Quality.NOT_EVALUATED]

    run(work())


def test_a_large_backlog_is_stored_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.ingest.MOST_READINGS", 50)

    async def work() -> None:
        async with Hub(tmp_path) as hub:
            for k in range(10):
                hub.session.deliver(OBS, payload(20 * k, 20 * (k + 1)))
            await until(lambda: len(hub.session.acked) == 10)
            assert hub.watermark == (A, 200)
            assert [len(block) for block in hub.blocks] == [60, 60, 60, 20]
            assert len(hub.stored) == 200
            state = hub.ingest.state
            assert (state.commits, state.batches, state.readings) == (4, 10, 200)
            assert (state.newest_ms, state.delay_ms) == ({"gw1": NOW - 10**6 + 200}, 10**6 - 200)

    run(work())


def test_no_acknowledgement_before_the_watermark_is_out(tmp_path: Path) -> None:
    async def work() -> None:
        async with Hub(tmp_path) as hub:
            hub.session.up = False
            number = hub.session.deliver(OBS, payload(0, 3))
            await until(lambda: hub.watermark)
            assert hub.session.acked == []
            hub.session.up = True
            for up in hub.session.on_up:
                up()
            await until(lambda: number in hub.session.acked)
            assert hub.told == [Watermark(A, 3)]

    run(work())


def test_gateways_say_how_they_are(tmp_path: Path) -> None:
    said: list[tuple[str, str, Any]] = []

    async def work() -> None:
        async with Hub(tmp_path, on_status=lambda *what: said.append(what)) as hub:
            await hub.take(wire.encode_status("gw1", online=True, epoch=A), "rc1/x/0/gw1/birth")
            await hub.take(wire.encode_status("gw1", backlog=7), "rc1/x/0/gw1/state")

    run(work())
    assert [(gateway, channel) for gateway, channel, _ in said] == [("gw1", "birth"), ("gw1", "state")]
    assert said[1][2]["backlog"] == 7
