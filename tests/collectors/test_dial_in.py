"""DTUs that dial in, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from collectors import dial_in
from collectors.bus import Bus, BusError
from collectors.dial_in import listeners
from sensors.endpoint import Endpoint
from tests.collectors.devices import HOST, Request


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


def at(dtu: str, port: int = 0) -> Endpoint:
    return Endpoint("rtu+listen", HOST, port, dtu=dtu)


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.001)


class Dtu:
    """Dials in, answers for every unit: each register holds the DTU's number."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader, self.writer, self.number = reader, writer, number
        self.before = b""

    async def serve(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                raw = await self.reader.readexactly(8)
                request = Request(0, raw[0], raw[1:6], True)
                words = self.number.to_bytes(2, "big") * request.count
                self.writer.write(self.before + request.frame(bytes([request.function, len(words)]) + words))


@asynccontextmanager
async def dtu(port: int, registration: bytes, number: int) -> AsyncIterator[Dtu]:
    reader, writer = await asyncio.open_connection(HOST, port)
    device = Dtu(reader, writer, number)
    writer.write(registration)
    task = asyncio.create_task(device.serve())
    try:
        yield device
    finally:
        task.cancel()
        writer.close()


@asynccontextmanager
async def waiting(*names: str) -> AsyncIterator[tuple[list[Bus], dial_in.Listener]]:
    """Buses for DTUs on one port."""
    async with contextlib.AsyncExitStack() as stack:
        buses = [await stack.enter_async_context(Bus(at(name), connect_s=5)) for name in names]
        [listener] = listeners()
        yield buses, listener


@pytest.mark.parametrize(
    ("name", "registration"),
    [("869951034567890", b"869951034567890"), ("DTU-7", b"DTU-7\r\n"), ("0x01FF00", b"\x01\xff\x00"), ("", b"hello")],
)
def test_a_dtu_is_known_by_what_it_registers_as(name: str, registration: bytes) -> None:
    async def work() -> None:
        async with waiting(name) as ([bus], listener), dtu(listener.port, registration, 7):
            assert await bus.read(3, 3, 0, 2) == [7, 7]
            assert await bus.read(4, 4, 9, 1) == [7]

    run(work())


def test_several_share_a_port() -> None:
    async def work() -> None:
        async with waiting("DTU1", "DTU12", "DTU2") as (buses, listener), contextlib.AsyncExitStack() as stack:
            for number, name in ((2, b"DTU2"), (12, b"DTU12"), (1, b"DTU1")):
                await stack.enter_async_context(dtu(listener.port, name, number))
            assert [await bus.read(1, 3, 0, 1) for bus in buses] == [[1], [12], [2]]
            assert len(listeners()) == 1
        assert not listeners()[0].places

    run(work())


def test_heartbeats_corrupt_nothing() -> None:
    async def work() -> None:
        async with waiting("A") as ([bus], listener), dtu(listener.port, b"A", 5) as device:
            assert await bus.read(1, 3, 0, 1) == [5]
            for heartbeat in (b"\xfe", b"HEARTBEAT", b"\x01\x03", b"A"):
                device.writer.write(heartbeat)
                device.before = heartbeat
                assert await bus.read(1, 3, 0, 3) == [5, 5, 5]

    run(work())


def test_dialling_in_again_takes_the_place_of_the_old_connection() -> None:
    async def work() -> None:
        async with waiting("A") as ([bus], listener), dtu(listener.port, b"A", 1) as old:
            assert await bus.read(1, 3, 0, 1) == [1]
            async with dtu(listener.port, b"A", 2):
                await until(old.reader.at_eof)
                assert await bus.read(1, 3, 0, 1) == [2]

    run(work())


def test_strangers_are_refused_and_counted() -> None:
    async def work() -> None:
        async with waiting("DTU1") as ([bus], listener), contextlib.AsyncExitStack() as stack:
            said = (b"DTU3", b"DTU12", b"GET / HTTP/1.1\r\n\r\n", b"DTU3")
            for registration in said:
                stranger = await stack.enter_async_context(dtu(listener.port, registration, 9))
                await until(stranger.reader.at_eof)
            assert listener.refused == len(said)
            assert listener.strangers["DTU3"] == 2
            bus.connect_s = 0.01
            with pytest.raises(BusError) as caught:
                await bus.read(1, 3, 0, 1)
            assert (caught.value.reason, caught.value.waits, caught.value.connected) == ("not dialled in", True, False)

    run(work())


def test_who_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial_in, "REGISTER_S", 0.01)

    async def work() -> None:
        async with waiting("DTU1") as (_, listener), dtu(listener.port, b"", 9) as silent:
            await until(silent.reader.at_eof)
            assert dict(listener.strangers) == {"(nothing)": 1}
            assert not listener.callers

    run(work())


def test_a_registration_may_come_in_pieces() -> None:
    async def work() -> None:
        async with waiting("DTU-77") as ([bus], listener), dtu(listener.port, b"DTU", 3) as device:
            await until(lambda: bool(listener.callers))
            await asyncio.sleep(0)
            device.writer.write(b"-77")
            assert await bus.read(1, 3, 0, 1) == [3]

    run(work())


def test_a_dtu_that_is_silent_is_hung_up_on_and_may_call_again() -> None:
    """A late answer must not be taken for that of the next question."""

    async def work() -> None:
        async with waiting("A") as ([bus], listener):
            reader, writer = await asyncio.open_connection(HOST, listener.port)
            writer.write(b"A")
            with pytest.raises(BusError, match="timeout"):
                await bus.read(1, 3, 0, 1, timeout_s=0.05)
            await until(lambda: len(reader._buffer) > 0)  # type: ignore[attr-defined]
            await reader.read(100)
            assert await reader.read(100) == b""
            writer.close()
            async with dtu(listener.port, b"A", 6):
                assert await bus.read(1, 3, 0, 1) == [6]

    run(work())


def test_a_port_that_is_taken_is_said() -> None:
    async def work() -> None:
        server = await asyncio.start_server(_nothing, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        async with Bus(at("A", port), connect_s=0.01) as bus:
            with pytest.raises(BusError, match="cannot listen"):
                await bus.read(1, 3, 0, 1)
            server.close()
            await server.wait_closed()
            bus.connect_s = 5
            async with dtu_when_open(port) as number:
                assert await bus.read(1, 3, 0, 1) == [number]

    run(work())


@asynccontextmanager
async def dtu_when_open(port: int) -> AsyncIterator[int]:
    async def call() -> None:
        while True:
            with contextlib.suppress(OSError):
                async with dtu(port, b"A", 8):
                    await asyncio.Event().wait()
            await asyncio.sleep(0.001)

    task: asyncio.Task[None] = asyncio.create_task(call())
    try:
        yield 8
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
