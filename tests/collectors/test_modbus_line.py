"""One connection: what breaks it, and the silence that a serial line needs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from collectors.modbus_frame import Rtu, crc, reading
from collectors.modbus_line import Line, LostError, silence_s


class Wire(asyncio.Transport):
    """Remembers when something was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_s: list[float] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.sent_s.append(asyncio.get_running_loop().time())

    def abort(self) -> None:
        self.aborted = True


def answer(value: int) -> bytes:
    body = bytes([1, 3, 2]) + value.to_bytes(2, "big")
    return body + crc(body)


async def asked(line: Line, wait_s: float = 5.0) -> asyncio.Task[bytes]:
    task = asyncio.create_task(line.ask(reading(1, 3, 0, 1), wait_s))
    await asyncio.sleep(0)
    return task


def test_answers_go_to_the_question_that_is_open() -> None:
    async def work() -> None:
        line = Line(Rtu())
        wire = Wire()
        line.connection_made(wire)
        line.data_received(answer(9))  # nobody asked
        for value in (1, 2):
            task = await asked(line)
            line.data_received(answer(value)[:4])
            line.data_received(answer(value)[4:])
            assert (await task)[-1] == value
        assert line.usable

    asyncio.run(work())


def test_one_alarm_serves_many_questions_and_each_has_its_own_time() -> None:
    async def work() -> None:
        line = Line(Rtu())
        line.connection_made(Wire())
        task = await asked(line, 0.02)
        line.data_received(answer(1))
        await task
        loop = asyncio.get_running_loop()
        for wait_s in (0.06, 0.005):
            begin_s = loop.time()
            with pytest.raises(TimeoutError):
                await line.ask(reading(1, 3, 0, 1), wait_s)
            assert wait_s - 0.002 <= loop.time() - begin_s < wait_s + 1

    asyncio.run(work())


@pytest.mark.parametrize("end", ["close", "lost"])
def test_a_question_does_not_outlive_its_connection(end: str) -> None:
    async def work() -> None:
        line, wire = Line(Rtu()), Wire()
        line.connection_made(wire)
        task = await asked(line)
        if end == "close":
            line.close()
        else:
            line.connection_lost(OSError("no route to host"))
        with pytest.raises(LostError):
            await task
        assert not line.usable
        assert wire.aborted == (end == "close")
        with pytest.raises(LostError):
            await line.ask(reading(1, 3, 0, 1), 1.0)

    asyncio.run(work())


def test_units_on_a_serial_line_get_their_silence() -> None:
    async def work() -> None:
        line, wire = Line(Rtu(), gap_s=0.02), Wire()
        line.connection_made(wire)
        for value in (1, 2):
            task = asyncio.create_task(line.ask(reading(1, 3, 0, 1), 5.0))
            while len(wire.sent_s) < value:
                await asyncio.sleep(0.001)
            line.data_received(answer(value))
            await task
        assert wire.sent_s[1] - wire.sent_s[0] >= 0.019

    asyncio.run(work())


def test_the_silence_is_that_of_the_standard() -> None:
    assert [round(silence_s(baud) * 1000, 2) for baud in (1200, 9600, 19200, 38400, 115200)] == [
        32.08, 4.01, 2.01, 1.75, 1.75,
    ]  # fmt: skip
