"""Virtual servers answer real Modbus requests with an instrument's values."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from collectors.bus import Bus, BusError
from deploy.fleet.faults import Mishap
from deploy.fleet.fleet import Fleet
from sensors.decode import Decoder
from sensors.endpoint import parse_endpoint
from sensors.place import Station
from sensors.profile import load_profiles
from sensors.reading import Quality, StationState
from tests.fleets import NOW_MS, RTU_TCP, SERIAL, TCP, fleet_of, stations_of, steady


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


PATIENCE_S = 0.1


async def fails(bus: Bus, unit: int = 1, timeout_s: float = PATIENCE_S) -> tuple[str, int | None]:
    """Why a read fails."""
    with pytest.raises(BusError) as caught:
        await bus.read(unit, 3, 2, 4, timeout_s)
    return caught.value.reason, caught.value.exception_code


@pytest.mark.parametrize("endpoint", [TCP, RTU_TCP, SERIAL])
@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        (Mishap.SILENT, {"timeout"}),
        (Mishap.LATE, {"timeout"}),
        (Mishap.WRONG_UNIT, {"timeout", "wrong answer"}),
        (Mishap.TRUNCATED, {"timeout", "wrong answer"}),
        (Mishap.WRONG_CRC, {"timeout", "wrong answer"}),
        (Mishap.EXCEPTION, {"exception"}),
        (Mishap.CLOSED, {"closed", "timeout"}),
        (Mishap.HALF_OPEN, {"timeout"}),
        (Mishap.FLAPPING, {"timeout"}),
    ],
)
def test_what_goes_wrong_befalls_one_unit_and_ends(endpoint: str, kind: Mishap, reasons: set[str]) -> None:
    async def run() -> None:
        two = ("station_cabinet", "station_cabinet")
        async with (
            fleet_of(*two, endpoint=endpoint, terminals=endpoint == SERIAL) as (fleet, there),
            Bus(there, timeout_s=5) as bus,
        ):
            before = await bus.read(1, 3, 2, 4)
            with fleet.faults.injected(kind, "unit-1", up_s=1e-9, down_s=3600, code=6, delay_s=2 * PATIENCE_S):
                reason, code = await fails(bus)
                assert reason in reasons
                assert code == (6 if kind is Mishap.EXCEPTION else None)
                assert len(await bus.read(2, 3, 2, 4)) == 4, "its neighbour is well"
            bus.close()
            if (kind, endpoint) == (Mishap.LATE, SERIAL):
                await asyncio.sleep(2 * PATIENCE_S)  # the late answer still comes through the wire
            assert await bus.read(1, 3, 2, 4) == before

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_late_answer_does_come() -> None:
    async def run() -> None:
        async with fleet_of("station_cabinet") as (fleet, there), Bus(there, timeout_s=5) as bus:
            with fleet.faults.injected(Mishap.LATE, delay_s=0.05):
                loop = asyncio.get_running_loop()
                begun = loop.time()
                assert len(await bus.read(1, 3, 2, 4)) == 4
                assert loop.time() - begun >= 0.05

    asyncio.run(run())


def test_half_open_is_the_old_connection_alone() -> None:
    async def run() -> None:
        async with fleet_of("station_cabinet") as (fleet, there), Bus(there) as old, Bus(there) as new:
            await old.read(1, 3, 2, 4)
            reader, writer = await asyncio.open_connection(there.host, there.port)
            ask = bytes.fromhex("000100000006010300020004")
            with fleet.faults.injected(Mishap.HALF_OPEN):
                writer.write(ask)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.read(1), PATIENCE_S)
            writer.write(ask)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), PATIENCE_S)
            assert not reader.at_eof(), "not even closed"
            assert len(await new.read(1, 3, 2, 4)) == 4
            writer.close()

    asyncio.run(run())


def test_as_many_units_as_a_bus_can_have() -> None:
    async def run() -> None:
        async with fleet_of(*["yosemitech_y4000"] * 247) as (_, there), Bus(there) as bus:
            first, last = await bus.read(1, 3, 9729, 14), await bus.read(247, 3, 9729, 14)
            assert first != last
            with pytest.raises(BusError, match="timeout"):
                await bus.read(248, 3, 9729, 14, 0.05)

    asyncio.run(run())


def test_a_broadcast_is_done_by_all_and_answered_by_none() -> None:
    async def run() -> None:
        async with fleet_of("ysi_exo_modbus", "ysi_exo_modbus") as (fleet, there), Bus(there) as bus:
            with pytest.raises(BusError, match="timeout"):
                await bus.write(0, 6, 2, [1], timeout_s=0.05)
            assert [unit.done for unit in fleet.units.values()] == [["wipe"], ["wipe"]]

    asyncio.run(run())


def test_a_serial_port_is_a_pseudo_terminal() -> None:
    async def run() -> None:
        async with fleet_of("station_cabinet", endpoint=SERIAL, terminals=True) as (_, there):
            assert there.kind == "rtu"
            for _ in range(2):  # it is still there after a client left
                async with Bus(there) as bus:
                    assert len(await bus.read(1, 3, 0, 20)) == 20
        assert not Path(there.device).exists()

    asyncio.run(run())


def test_dtus_dial_in_where_a_gateway_listens() -> None:
    async def run() -> None:
        near, far = (f"rtu+listen://10.0.0.1:6000?dtu={name}" for name in ("near", "far"))
        stations = [*stations_of(["station_cabinet"], near), replace(stations_of(["remond_ph"], far)[0], id="far")]
        async with Fleet(stations, steady(stations), lambda: NOW_MS) as fleet:
            here, there = (parse_endpoint(fleet.endpoints[endpoint]) for endpoint in (near, far))
            assert (here.host, here.port) == (there.host, there.port), "they share a port, as their site has it"
            async with Bus(here, connect_s=10) as first, Bus(there, connect_s=10) as second:
                assert len(await first.read(1, 3, 0, 20)) == 20
                assert len(await second.read(1, 3, 1, 8)) == 8
                with fleet.faults.injected(Mishap.CLOSED, "far"), pytest.raises(BusError):
                    await second.read(1, 3, 1, 8)
                assert len(await second.read(1, 3, 1, 8)) == 8, "it has dialled again"

    asyncio.run(asyncio.wait_for(run(), 30))
