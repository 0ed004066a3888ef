from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.hj212 import (
    Flag,
    Frame,
    FrameReader,
    Hj212Listener,
    Hj212Uplink,
    Registration,
    encode,
    split,
)
from collectors.hj212.codes import COMMANDS_2025, UPLOADS
from collectors.quarantine import Quarantine
from collectors.spool import Spool
from collectors.stores.sqlite import SqliteStore
from sensors.reading import Block, Observation, Quality, Reading, StationState, to_ms
from tests.collectors.brokers import until
from tests.collectors.bureau import HOST, QUICK

MN = "320506000000000000000001"
TIME = to_ms(datetime(2026, 8, 1, 0, 58, 57, tzinfo=UTC))
NOW = TIME + 1234
DATA = Frame(
    2011,
    ((("DataTime", "20260801085857"),), (("w01001-Rtd", "7.42"), ("w01001-Flag", "N")), (("w21003-Flag", "B"),)),
    "20260801085857223", 21, "123456", MN, Flag(answer=True),
)  # fmt: skip


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


@dataclass(slots=True, eq=False)
class Station:
    """A station that is connected."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    frames: FrameReader

    async def say(self, *frames: Frame | bytes) -> None:
        for frame in frames:
            self.writer.write(encode(frame) if isinstance(frame, Frame) else frame)
        await self.writer.drain()

    async def hear(self) -> Frame:
        """Next frame."""
        while True:
            found = self.frames.feed(await self.reader.read(1))
            if found:
                assert isinstance(found[0], Frame)
                return found[0]

    async def ask(self, frame: Frame) -> Frame:
        await self.say(frame)
        return await self.hear()

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True


class Gateway:
    """A spool and a listener."""

    def __init__(self, spool: Spool, listener: Hj212Listener) -> None:
        self.spool, self.listener = spool, listener

    @asynccontextmanager
    async def station(self) -> AsyncIterator[Station]:
        reader, writer = await asyncio.open_connection(HOST, self.listener.port)
        try:
            yield Station(reader, writer, FrameReader())
        finally:
            writer.transport.abort()

    async def spooled(self) -> list[Observation]:
        return [observation for _, observation in await self.spool.read(0, 1000)]


@asynccontextmanager
async def gateway(folder: Path, **more: Any) -> AsyncIterator[Gateway]:
    """Listens for two stations."""
    async with Spool(folder / "gw.spool", now_ms=lambda: NOW) as spool:
        listener = Hj212Listener(
            spool, {MN: "S1", "B": "S2"}, host=HOST, port=0, timezone="Asia/Shanghai", now_ms=lambda: NOW, **more
        )
        async with listener:
            yield Gateway(spool, listener)


def test_an_answer_means_that_the_data_are_on_disk(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:
            answer = await station.ask(DATA)
            assert answer == Frame(9014, (), DATA.qn, 91, "123456", MN, Flag())
            assert here.spool.state.waiting == 0
            assert await here.spooled() == [
                Observation("S1", TIME, {"ph": (7.42, Quality.NOT_EVALUATED)}),
                Observation("S1", TIME, {"ammonia_nitrogen": (None, Quality.MISSING)}, StationState.COMMUNICATION),
            ]
            state = here.listener.state
            assert (state.connections, state.frames, state.observations, state.heard_ms) == (1, 1, 2, {"S1": NOW})

    run(play())


def test_without_an_answer_wanted_there_is_none(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:
            await station.say(replace(DATA, flag=Flag()), replace(DATA, flag=None, qn=None))
            answer = await station.ask(replace(DATA, flag=Flag(2, answer=True)))
            assert answer.flag == Flag(2)
            assert len(await here.spooled()) == 6
            assert here.listener.state.frames == 3

    run(play())


def test_while_the_disk_takes_nothing_there_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:

            def full(*_: Any) -> None:
                raise OSError(28, "No space left on device")

            with monkeypatch.context() as patch:
                patch.setattr("collectors.spool_file.SpoolFile.append", full)
                await station.say(DATA)
                await until(lambda: here.spool.state.error)
                await until(lambda: here.listener.state.observations == 2)
                assert await here.spooled() == []
            # The station sends again.
            assert (await station.ask(replace(DATA, qn="20260801085907223"))).qn == "20260801085907223"
            assert {observation.time_ms for observation in await here.spooled()} == {TIME}

    run(play())


def test_noise_and_broken_frames_cost_nothing_else(tmp_path: Path) -> None:
    async def play() -> None:
        quarantine = Quarantine(tmp_path / "quarantine.jsonl")
        async with gateway(tmp_path, quarantine=quarantine) as here, here.station() as station:
            data = encode(DATA)
            await station.say(b"noise", data[:-6] + b"FFFF\r\n", data[:40], b"##0000FFFF\r\n")
            assert (await station.ask(DATA)).cn == 9014
            assert here.listener.state.refused == {"garbage": 1, "crc": 1, "length": 1}
            assert here.listener.state.frames == 1
            lines = (tmp_path / "quarantine.jsonl").read_text().splitlines()
            assert len(lines) == 3
            assert {json.loads(line)["source"] for line in lines} == {"hj212"}

    run(play())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (replace(DATA, mn="X"), "4"), (replace(DATA, pw="654321"), "3"), (replace(DATA, cn=2012), "8"),
        (replace(DATA, cn=1234), "8"), *((replace(DATA, cn=cn), "8") for cn in sorted(COMMANDS_2025 - {9015})),
    ],
)  # fmt: skip
def test_what_is_not_ours_is_refused(tmp_path: Path, frame: Frame, code: str) -> None:
    async def play() -> None:
        async with gateway(tmp_path, passwords={MN: "123456"}) as here, here.station() as station:
            answer = await station.ask(frame)
            assert (answer.cn, answer.value("QnRtn")) == (9011, code)
            assert await here.spooled() == []
            assert sum(here.listener.state.refused.values()) == 1
            assert here.listener.state.heard_ms == {}
            # And the line is as good as before.
            assert (await station.ask(DATA)).cn == 9014

    run(play())


@pytest.mark.parametrize("cn", sorted(UPLOADS - {2011}))
def test_other_uploads_are_acknowledged_and_not_kept(tmp_path: Path, cn: int) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:
            assert (await station.ask(replace(DATA, cn=cn))).cn == 9014
            assert await here.spooled() == []

    run(play())


def test_a_request_for_the_time_is_heard(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:
            assert (await station.ask(replace(DATA, cn=1013, cp=((("PolId", "w01018"),),)))).cn == 9013

    run(play())


def test_heartbeats_and_answers_get_no_answer(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:
            await station.say(Frame(), replace(DATA, cn=9014), replace(DATA, cn=9015))
            assert (await station.ask(DATA)).cn == 9014
            assert here.listener.state.frames == 1

    run(play())


def test_averages_where_they_are_asked_for(tmp_path: Path) -> None:
    async def play() -> None:
        cp = ((("DataTime", "20260801080000"),), (("w01001-Min", "7.0"), ("w01001-Avg", "7.1"), ("w01001-Max", "7.2")))
        async with gateway(tmp_path, kinds=[2051]) as here, here.station() as station:
            await station.ask(DATA)
            await station.ask(replace(DATA, cn=2051, cp=cp))
            [found] = await here.spooled()
            assert found.values == {"ph": (7.1, Quality.NOT_EVALUATED)}
            assert found.time_ms == to_ms(datetime(2026, 8, 1, tzinfo=UTC))

    run(play())


def test_packets_of_a_message_are_kept_one_by_one(tmp_path: Path) -> None:
    async def play() -> None:
        padding = tuple(((f"i{number:05d}-Info", "x" * 100),) for number in range(12))
        whole = replace(DATA, cp=(*DATA.cp[:2], *padding, (("w01009-Rtd", "3.1"), ("w01009-Flag", "N"))))
        packets = list(split(whole, lambda: "20260801085857224"))
        assert len(packets) == 2
        # Some say when in the first packet only.
        packets[1] = replace(packets[1], cp=packets[1].cp[1:])
        async with gateway(tmp_path) as here, here.station() as station:
            for packet in packets:
                assert (await station.ask(packet)).qn == packet.qn
            found = await here.spooled()
            assert [list(one.values) for one in found] == [["ph"], ["dissolved_oxygen"]]
            assert {one.time_ms for one in found} == {TIME}

    run(play())


@pytest.mark.parametrize("time", ["", "20261301000000", "yesterday"])
def test_data_without_a_time_are_not_acknowledged(tmp_path: Path, time: str) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as station:
            await station.say(replace(DATA, cp=((("DataTime", time),), *DATA.cp[1:])))
            assert (await station.ask(DATA)).qn == DATA.qn
            assert here.listener.state.refused == {"time": 1}

    run(play())


def test_several_stations_at_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as one, here.station() as other:
            await asyncio.gather(one.ask(DATA), other.ask(replace(DATA, mn="B")))
            assert {observation.station for observation in await here.spooled()} == {"S1", "S2"}
            assert here.listener.state.connections == 2
            one.writer.transport.abort()
            await until(lambda: here.listener.state.connections == 1)

    run(play())


def test_a_silent_connection_is_closed(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path, idle_s=0.02) as here, here.station() as station:
            assert await station.is_closed()
            await until(lambda: here.listener.state.connections == 0)

    run(play())


def test_too_many_connections_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.hj212.listener.MAX_CONNECTIONS", 1)

    async def play() -> None:
        async with gateway(tmp_path) as here, here.station() as first:
            await first.ask(DATA)
            async with here.station() as second:
                assert await second.is_closed()
            assert (await first.ask(DATA)).cn == 9014

    run(play())


def test_the_end_of_the_listener_closes_every_connection(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway(tmp_path) as here:
            reader, writer = await asyncio.open_connection(HOST, here.listener.port)
            station = Station(reader, writer, FrameReader())
            await station.ask(DATA)
        assert await station.is_closed()
        writer.transport.abort()

    run(play())


def test_one_s_uplink_speaks_with_the_other_s_listener(tmp_path: Path) -> None:
    """Both ends of the protocol, killed in between: every reading arrives, none is another."""

    async def play() -> None:
        store = SqliteStore(tmp_path / "store.sqlite")
        times = range(TIME - 3_600_000, TIME, 60_000)
        readings = [
            Reading("S1", key, time_ms, round(7 + index / 100, 2), Quality.GOOD)
            for index, time_ms in enumerate(times)
            for key in ("ph", "dissolved_oxygen")
        ]
        store.write(Block.of(readings))

        def uplink(port: int) -> Hj212Uplink:
            return Hj212Uplink(
                HOST, port, [Registration("S1", MN)], store, tmp_path / "journal", timezone="Asia/Shanghai",
                now_ms=lambda: NOW, since_ms=times[0], timing=QUICK,
            )  # fmt: skip

        async with gateway(tmp_path) as here:
            async with uplink(here.listener.port):
                await until(lambda: here.listener.state.observations >= 10)
            async with uplink(here.listener.port) as again:
                await until(lambda: again.states[0].idle)
            found = {
                (key, observation.time_ms // 1000 * 1000): value
                for observation in await here.spooled()
                for key, (value, _) in observation.values.items()
            }
        assert found == {(reading.determinand, reading.time_ms // 1000 * 1000): reading.value for reading in readings}
        store.close()

    run(play())
