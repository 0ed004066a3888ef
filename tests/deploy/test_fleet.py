"""Virtual servers answer real Modbus requests with an instrument's values."""

import asyncio
from collections.abc import Mapping

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from deploy.fleet import Fleet
from sensors.decode import Decoder
from sensors.place import Station
from sensors.profile import load_profiles
from sensors.reading import Quality, StationState


class Still:
    """An instrument whose pH tells how often it has measured."""

    def __init__(self, state: StationState = StationState.NORMAL) -> None:
        self.measured = 0
        self.state = state

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        self.measured += 1
        return {"ph": 7 + self.measured / 100}, self.state


def station(name: str, unit: int, endpoint: str = "tcp://10.0.0.1:502", profile: str = "station_cabinet") -> Station:
    return Station(name, name, name, "r", "x", 0.0, "river", profile, endpoint, unit, "g", 60.0)


async def read(fleet: Fleet, there: Station) -> tuple[dict[str, tuple[float | None, Quality]], StationState]:
    kind, _, address = fleet.endpoints[there.endpoint].partition("://")
    host, port = address.split(":")
    framer = FramerType.RTU if kind == "rtu+tcp" else FramerType.SOCKET
    decoder = Decoder(load_profiles()[there.profile])
    client = AsyncModbusTcpClient(host, port=int(port), framer=framer)
    try:
        assert await client.connect()
        answers = []
        for block in decoder.blocks:
            reply = await client.read_holding_registers(block.address, count=block.count, device_id=there.unit)
            assert not reply.isError()
            answers.append(reply.registers)
    finally:
        client.close()
    return decoder.decode(answers)


def test_units_of_one_bus_and_their_states() -> None:
    here, there = station("a", 1), station("b", 3)
    broken = Still(StationState.MAINTENANCE)

    async def run() -> None:
        async with Fleet([here, there], {"a": Still(), "b": broken}, lambda: 0) as fleet:
            assert len(fleet.endpoints) == 1
            values, state = await read(fleet, here)
            assert (values["ph"], state) == ((7.01, Quality.NOT_EVALUATED), StationState.NORMAL)
            assert values["turbidity"] == (None, Quality.MISSING)
            assert (await read(fleet, there))[1] is StationState.MAINTENANCE

    asyncio.run(run())


def test_reads_within_a_second_see_one_measurement() -> None:
    clock, still, here = [0], Still(), station("a", 1)

    async def run() -> None:
        async with Fleet([here], {"a": still}, lambda: clock[0]) as fleet:
            first = await read(fleet, here)
            clock[0] = 999
            assert await read(fleet, here) == first
            clock[0] = 1000
            assert (await read(fleet, here))[0]["ph"] == (7.02, Quality.NOT_EVALUATED)

    asyncio.run(run())
    assert still.measured == 2


@pytest.mark.parametrize("endpoint", ["rtu:///dev/ttyUSB0?baud=9600", "rtu+tcp://10.0.0.2:4001"])
def test_a_serial_line_is_served_as_rtu_over_tcp(endpoint) -> None:
    here = station("a", 5, endpoint, "yosemitech_y4000")

    async def run() -> None:
        async with Fleet([here], {"a": Still()}, lambda: 0) as fleet:
            assert fleet.endpoints[endpoint].startswith("rtu+tcp://127.0.0.1:")
            assert (await read(fleet, here))[0]["ph"] == (7.01, Quality.NOT_EVALUATED)

    asyncio.run(run())


def test_a_fleet_that_starts_again_is_found_where_it_was() -> None:
    here = station("a", 1)

    async def run() -> None:
        async with Fleet([here], {"a": Still()}, lambda: 0) as fleet:
            port = int(fleet.endpoints[here.endpoint].rsplit(":", 1)[1])
            async with Fleet([here], {"a": Still()}, lambda: 0, {here.endpoint: port}) as second:
                # Taken: served elsewhere rather than not at all.
                assert int(second.endpoints[here.endpoint].rsplit(":", 1)[1]) != port
                await read(second, here)
        async with Fleet([here], {"a": Still()}, lambda: 0, {here.endpoint: port}) as again:
            assert int(again.endpoints[here.endpoint].rsplit(":", 1)[1]) == port
            await read(again, here)

    asyncio.run(run())
