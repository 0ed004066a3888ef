"""Our bus and poller read a server that shares no code with ours: libmodbus (C), over TCP and over a serial line."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from collectors.bus import Bus, BusError
from collectors.poller import Poller
from sensors.decode import Decoder
from sensors.endpoint import Endpoint
from sensors.place import Station
from sensors.profile import load_profiles
from sensors.reading import Observation
from tests.collectors.libmodbus_server import library

UNIT = 5

pytestmark = pytest.mark.skipif(library() is None, reason="libmodbus is not installed (Debian package libmodbus5)")


@contextmanager
def served(*words: str) -> Iterator[int]:
    """The server in a process of its own; gives its port."""
    program = Path(__file__).with_name("libmodbus_server.py")
    argv = [sys.executable, str(program), *words]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def null_modem() -> Iterator[tuple[str, str]]:
    """Two serial ports, joined by a cable."""
    masters, names, stack = [], [], ExitStack()
    for _ in range(2):
        master, slave = pty.openpty()
        tty.setraw(slave)
        stack.callback(os.close, slave)
        masters.append(master)
        names.append(os.ttyname(slave))

    def pump(here: int, there: int) -> None:
        try:
            while data := os.read(here, 4096):
                os.write(there, data)
        except OSError:
            return  # the cable was pulled

    threads = [Thread(target=pump, args=pair, daemon=True) for pair in (masters, masters[::-1])]
    for thread in threads:
        thread.start()
    try:
        yield names[0], names[1]
    finally:
        stack.close()  # the last end of each terminal: its reader gets an error
        for thread in threads:
            thread.join(5)
        for master in masters:
            os.close(master)


@pytest.fixture(params=["tcp", "rtu"])
def foreign(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """Where libmodbus serves."""
    if request.param == "tcp":
        with served("tcp") as port:
            yield Endpoint("tcp", "127.0.0.1", port)
    else:
        with null_modem() as (ours, theirs), served("rtu", theirs, str(UNIT)):
            yield Endpoint("rtu", device=ours)


def test_the_bus_reads_writes_and_understands_refusals(foreign: Endpoint) -> None:
    async def work() -> None:
        async with Bus(foreign, timeout_s=5) as bus:
            assert await bus.read(UNIT, 3, 10, 3) == [31, 34, 37]
            assert await bus.read(UNIT, 4, 10, 125) == [7 * at + 2 for at in range(10, 135)]
            assert await bus.read(UNIT, 1, 0, 10) == [int(at % 3 == 0) for at in range(10)]
            assert await bus.read(UNIT, 2, 1, 9) == [int(at % 5 == 0) for at in range(1, 10)]
            await bus.write(UNIT, 6, 20, [0xABCD])
            await bus.write(UNIT, 16, 21, [1, 2])
            assert await bus.read(UNIT, 3, 20, 3) == [0xABCD, 1, 2]
            await bus.write(UNIT, 5, 3, [0])
            await bus.write(UNIT, 15, 4, [1, 1])
            assert await bus.read(UNIT, 1, 3, 3) == [0, 1, 1]
            with pytest.raises(BusError) as caught:
                await bus.read(UNIT, 3, 299, 2)
            assert (caught.value.reason, caught.value.exception_code) == ("exception", 2)
            assert await bus.read(UNIT, 3, 299, 1) == [898]

    asyncio.run(asyncio.wait_for(work(), 30))


def test_the_poller_polls_it(foreign: Endpoint) -> None:
    profile = load_profiles()["station_cabinet"]
    station = Station("a", "", "", "", "", 0.0, "river", profile.id, str(foreign), UNIT, "g", 0.05)
    expected = Decoder(profile).decode([[3 * at + 1 for at in range(22)]])

    async def work() -> None:
        got: asyncio.Queue[Observation] = asyncio.Queue()
        async with Bus(foreign, timeout_s=5) as bus:
            task = asyncio.create_task(Poller(bus, [(station, profile)], got.put, lambda: 0).run())
            for _ in range(3):
                observation = await got.get()
                assert (observation.values, observation.state) == expected
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(work(), 30))
