from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import struct
import tty
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from collectors.bus import Bus, BusError
from sensors.endpoint import Endpoint
from sensors.errors import LinkError
from tests.collectors.devices import Request, device, real_server

Send = Callable[[bytes], None]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


@pytest.mark.parametrize("framer", [FramerType.SOCKET, FramerType.RTU])
def test_reads_registers_of_a_real_server(framer: FramerType) -> None:
    async def work() -> None:
        async with real_server({3: list(range(100, 200)), 4: [7] * 10}, framer) as endpoint, Bus(endpoint) as bus:
            assert await bus.read(3, 3, 5, 3) == [105, 106, 107]
            assert await bus.read(3, 4, 0, 100) == list(range(100, 200))
            assert await bus.read(4, 3, 0, 2) == [7, 7]

    run(work())


def test_reads_bits_and_writes() -> None:
    async def work() -> None:
        async with real_server({1: [0b101, 0, 0, 0]}, use_bit_addressing=True) as endpoint, Bus(endpoint) as bus:
            assert await bus.read(1, 1, 0, 5) == [1, 0, 1, 0, 0]
            assert await bus.read(1, 2, 0, 3) == [1, 0, 1]
            await bus.write(1, 6, 1, [0xABCD])
            await bus.write(1, 16, 2, [1, 2])
            assert await bus.read(1, 3, 1, 3) == [0xABCD, 1, 2]
            await bus.write(1, 5, 1, [1])
            await bus.write(1, 15, 3, [1, 0])
            assert await bus.read(1, 1, 0, 5) == [1, 1, 1, 1, 0]
            assert await bus.read(1, 3, 1, 1) == [0xABCD]

    run(work())


def test_a_serial_port() -> None:
    """Two pseudo terminals, joined; the device is pymodbus' serial server."""

    async def work() -> None:
        def pump(here: int, there: int) -> None:
            os.write(there, os.read(here, 999))

        loop = asyncio.get_running_loop()
        masters, names = [], []
        for _ in range(2):
            master, slave = pty.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            masters.append(master)
            names.append(os.ttyname(slave))
        for here, there in (masters, masters[::-1]):
            loop.add_reader(here, pump, here, there)
        unit = SimDevice(id=9, simdata=[SimData(0, values=[11, 22, 33], datatype=DataType.REGISTERS)])
        server = ModbusSerialServer([unit], port=names[0], framer=FramerType.RTU, baudrate=9600)
        await server.serve_forever(background=True)
        try:
            async with Bus(Endpoint("rtu", device=names[1])) as bus:
                assert await bus.read(9, 3, 0, 3) == [11, 22, 33]
                with pytest.raises(BusError) as caught:
                    await bus.read(8, 3, 0, 3, timeout_s=0.05)
                assert caught.value.reason in ("timeout", "exception")
                assert await bus.read(9, 3, 1, 1) == [22]
        finally:
            await server.shutdown()
            for master in masters:
                loop.remove_reader(master)

    run(work())


def test_an_exception_is_told_with_its_code_and_keeps_the_connection() -> None:
    async def work() -> None:
        async with real_server({1: [1, 2]}) as endpoint, Bus(endpoint) as bus:
            await bus.read(1, 3, 0, 1)
            line = bus._line
            with pytest.raises(BusError) as caught:
                await bus.read(1, 3, 50, 1)
            assert (caught.value.reason, caught.value.exception_code) == ("exception", 2)
            assert caught.value.connected
            assert await bus.read(1, 3, 0, 2) == [1, 2]
            assert bus._line is line

    run(work())


def test_nobody_there() -> None:
    async def work() -> None:
        async with real_server({1: [1]}) as endpoint:
            pass
        async with Bus(endpoint) as bus:
            with pytest.raises(BusError) as caught:
                await bus.read(1, 3, 0, 1)
            assert caught.value.reason == "refused"
            assert not caught.value.connected
            assert caught.value.retryable
            assert isinstance(caught.value, LinkError)
            async with real_server({1: [42]}, port=endpoint.port):
                assert await bus.read(1, 3, 0, 1) == [42]

    run(work())


def test_no_such_serial_port() -> None:
    async def work() -> None:
        with pytest.raises(BusError) as caught:
            await Bus(Endpoint("rtu", device="/dev/ttyNOWHERE")).read(1, 3, 0, 1)
        assert caught.value.reason == "refused"

    run(work())


async def answers(behaviour: Callable[[Request], bytes], rtu: bool) -> BusError:
    """What the bus makes of a wrong answer; the next, right one must get through."""
    asked = 0

    async def behave(request: Request, send: Send) -> None:
        nonlocal asked
        asked += 1
        send(behaviour(request) if asked == 1 else request.good())

    async with device(behave, rtu=rtu) as endpoint, Bus(endpoint, timeout_s=0.05) as bus:
        with pytest.raises(BusError) as caught:
            await bus.read(5, 3, 10, 2)
        assert await bus.read(5, 3, 20, 3, timeout_s=5) == [20, 21, 22]
    return caught.value


def words(function: int, *values: int) -> bytes:
    return struct.pack(f">BB{len(values)}H", function, 2 * len(values), *values)


@pytest.mark.parametrize("rtu", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "reasons"),
    [
        pytest.param(lambda r: r.frame(words(3, 1)), {"wrong answer"}, id="too few registers"),
        pytest.param(lambda r: r.frame(words(3, 1, 2, 3)), {"wrong answer"}, id="too many registers"),
        pytest.param(lambda r: r.frame(words(4, 1, 2)), {"wrong answer"}, id="another function"),
        pytest.param(lambda r: r.frame(bytes([0x84, 2])), {"wrong answer"}, id="exception of another function"),
        pytest.param(lambda r: r.frame(words(3, 1, 2), unit=6), {"timeout"}, id="another unit"),
        pytest.param(lambda r: r.frame(words(3, 1, 2))[:-3], {"timeout"}, id="cut short"),
        pytest.param(lambda r: r.frame(b"\x03"), {"timeout", "wrong answer"}, id="no length"),
        pytest.param(lambda r: r.frame(b"\x03\x09\x00"), {"timeout", "wrong answer"}, id="wrong length"),
        pytest.param(lambda r: r.frame(b"\x63\x01\x02"), {"timeout", "wrong answer"}, id="unknown function"),
        pytest.param(lambda r: b"\x00" * 40, {"timeout", "wrong answer"}, id="zeros"),
        pytest.param(lambda r: b"GET / HTTP/1.1\r\n\r\n", {"timeout", "wrong answer"}, id="another protocol"),
        pytest.param(lambda r: b"", {"closed"}, id="hung up"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_wrong_answers(behaviour: Callable[[Request], bytes], reasons: set[str], rtu: bool) -> None:
    async def work() -> None:
        error = await answers(behaviour, rtu)
        assert error.reason in reasons

    run(work())


@pytest.mark.parametrize("rtu", [False, True])
def test_a_timeout_tells_what_was_heard(rtu: bool) -> None:
    async def work() -> None:
        error = await answers(lambda r: r.frame(words(3, 1, 2))[:6], rtu)
        assert (error.reason, error.heard, len(error.noise)) == ("timeout", 6, 6)
        assert f"said 6 bytes in 0.05 s and no answer: {error.noise.hex(' ')}" in str(error)
        error = await answers(lambda r: r.frame(words(3, *range(120)), unit=6), rtu)
        assert (error.heard, len(error.noise)) == (245 if rtu else 249, 32)
        assert str(error).endswith(" …")
        error = await answers(lambda r: r.frame(words(3, 1, 2))[:0] or b"\x05", rtu)
        assert (error.heard, error.noise) == (1, b"\x05")

    run(work())


def test_silence_is_told_as_such() -> None:
    async def behave(request: Request, send: Send) -> None:
        if request.address == 1:
            send(request.good())

    async def work() -> None:
        async with device(behave, rtu=True) as endpoint, Bus(endpoint, timeout_s=0.05) as bus:
            assert await bus.read(5, 3, 1, 1, timeout_s=5) == [1]
            with pytest.raises(BusError, match=r"said nothing for 0\.05 s") as caught:
                await bus.read(5, 3, 10, 2)
            assert (caught.value.heard, caught.value.noise) == (0, b""), "the answer before is not counted"

    run(work())


def test_wrong_transaction_id_and_wrong_checksum() -> None:
    async def work() -> None:
        error = await answers(lambda r: r.frame(words(3, 1, 2), tid=r.tid + 1), rtu=False)
        assert error.reason == "timeout"
        error = await answers(lambda r: r.frame(words(3, 1, 2))[:-1] + b"!", rtu=True)
        assert error.reason == "timeout"

    run(work())


class Careless(Bus):
    """The guard taken off: keeps the connection whatever happens."""

    def close(self) -> None:
        pass


async def misattributed(kind: type[Bus], reads: int) -> tuple[int, int]:
    """Read with 30 % late replies; how many answers were those of another block, how many were right."""
    random_ = random.Random(4)

    async def behave(request: Request, send: Send) -> None:
        if random_.random() < 0.3:
            await asyncio.sleep(0.018)
        send(request.good())

    wrong = right = 0
    async with device(behave, rtu=True) as endpoint:
        bus = kind(endpoint, timeout_s=0.015)
        for _ in range(reads):
            address = random_.randrange(0, 1000, 2)
            try:
                answer = await bus.read(1, 3, address, 2)
            except BusError:
                continue
            right += answer == [address, address + 1]
            wrong += answer != [address, address + 1]
        Bus.close(bus)
    return wrong, right


def test_late_replies_are_never_taken_for_another_block() -> None:
    async def work() -> None:
        wrong, right = await misattributed(Bus, 300)
        assert wrong == 0
        assert right > 100

    run(work())


def test_without_the_guard_they_are() -> None:
    async def work() -> None:
        wrong, _ = await misattributed(Careless, 300)
        assert wrong > 0

    run(work())


def test_a_cancelled_read_leaves_nothing_behind() -> None:
    asked = asyncio.Event()

    async def behave(request: Request, send: Send) -> None:
        asked.set()
        if request.address == 10:
            await asyncio.sleep(0.01)
        send(request.good())

    async def work() -> None:
        async with device(behave, rtu=True) as endpoint, Bus(endpoint) as bus:
            reading = asyncio.create_task(bus.read(1, 3, 10, 1))
            await asked.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await bus.read(1, 3, 20, 1) == [20]

    run(work())


def test_questions_wait_for_each_other() -> None:
    under_way = most = 0

    async def behave(request: Request, send: Send) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        send(request.good())

    async def work() -> None:
        async with device(behave) as endpoint, Bus(endpoint) as bus:
            found = await asyncio.gather(*(bus.read(1, 3, n, 1) for n in range(20)))
            assert found == [[n] for n in range(20)]
            assert most == 1

    run(work())


def test_the_other_side_may_restart() -> None:
    async def work() -> None:
        async with real_server({1: [1]}) as endpoint:
            bus = Bus(endpoint)
            assert await bus.read(1, 3, 0, 1) == [1]
        async with real_server({1: [2]}, port=endpoint.port), bus:
            found = []
            for _ in range(2):
                with contextlib.suppress(BusError):
                    found.append(await bus.read(1, 3, 0, 1))
            assert found[-1] == [2]

    run(work())
