import asyncio
import time

import pytest

from collectors.bus import Bus, BusError
from deploy.commissioning.scan import Found, Scan, asked, parse_units, patience, scan
from deploy.fleet.faults import Mishap
from sensors.endpoint import Endpoint, parse_endpoint
from sensors.errors import UsageError
from tests.fleets import RTU_TCP, SERIAL, TCP, fleet_of

WAIT_S = 0.1


def test_units_as_a_person_writes_them() -> None:
    assert parse_units("1-3,7, 2,10-11") == (1, 2, 3, 7, 10, 11)
    assert len(parse_units("1-247")) == 247


@pytest.mark.parametrize("text", ["", "0", "248", "5-3", "1-248", "a", "1,,2", "1-2-3", "-1"])
def test_units_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(UsageError, match="accepted: 1 to 247"):
        parse_units(text)


def test_patience_goes_by_the_bus() -> None:
    slow, fast = (patience(parse_endpoint(f"rtu:///dev/ttyS0?baud={baud}")) for baud in (1200, 115200))
    assert slow > 0.15 + 17 * 11 / 1200 - 1e-9
    assert 0.15 < fast < 0.16
    assert patience(parse_endpoint("tcp://h")) < patience(parse_endpoint("rtu+tcp://h:1"))


def look(endpoint: str, units: str = "1-8", fault: Mishap | None = None, **more: bool) -> tuple[Scan, list[int]]:
    told: list[int] = []

    async def run() -> Scan:
        models = ("station_cabinet", "yosemitech_y504", "remond_ph")
        async with fleet_of(*models, endpoint=endpoint, terminals=True) as (fleet, there):
            if fault is not None:
                fleet.faults.add(fleet_fault(fault))
            async with Bus(there, WAIT_S, connect_s=5) as bus:
                return await scan(
                    bus, there, parse_units(units), WAIT_S, time.perf_counter, lambda unit, _: told.append(unit), **more
                )

    return asyncio.run(run()), told


def fleet_fault(kind: Mishap):  # type: ignore[no-untyped-def]
    from deploy.fleet.faults import InjectedFault

    return InjectedFault(kind, "unit-1", code=11)


@pytest.mark.parametrize("endpoint", [TCP, RTU_TCP, SERIAL])
def test_units_are_found_by_an_answer_or_a_refusal(endpoint: str) -> None:
    result, told = look(endpoint)
    assert [found.unit for found in result.found] == [1, 2, 3]
    assert [found.exception for found in result.found] == [2, None, 2]
    assert result.found[1].how.startswith("register 3:1792 holds")
    assert told == list(range(1, 9))
    assert (result.asked, result.timing.timeouts, result.timing.requests) == (8, 5, 8)
    assert result.remarks == ()


def test_a_gateway_that_answers_for_units_that_are_not_there() -> None:
    result, _ = look(TCP, fault=Mishap.EXCEPTION)
    assert [found.unit for found in result.found] == [2, 3]
    assert "exception 11" in result.remarks[0]


@pytest.mark.parametrize("endpoint", [TCP, RTU_TCP, SERIAL])
@pytest.mark.parametrize("fault", [Mishap.WRONG_UNIT, Mishap.WRONG_CRC, Mishap.TRUNCATED])
def test_bytes_that_are_no_answer_are_told(endpoint: str, fault: Mishap) -> None:
    result, _ = look(endpoint, "1-4", fault)
    assert [found.unit for found in result.found] == [2, 3]
    [remark] = result.remarks
    assert remark.startswith("unit 1: ")
    assert "bytes came and are no answer of unit 1: " in remark
    assert ("an answer of unit 2" in remark) == (fault is Mishap.WRONG_UNIT)


def test_a_line_of_noise_is_told_once() -> None:
    class Noise:
        async def read(self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None):  # type: ignore[no-untyped-def]
            raise BusError("timeout", "-", heard=40, noise=bytes(range(32)))

    async def run() -> Scan:
        where = parse_endpoint("rtu:///dev/ttyS0?baud=4800&parity=E")
        return await scan(Noise(), where, range(1, 31), 1, time.perf_counter, lambda *_: None)

    [remark] = asyncio.run(run()).remarks
    assert remark.startswith(
        "units 1, 2, 3, 4, 5, 6, 7, 8 and 22 more: something comes that is no answer; of unit 1: 40 bytes"
    )
    assert "0e 0f …" in remark
    assert "baud=4800, parity E" in remark


def test_an_instrument_that_does_not_look_at_the_unit_id_is_suspected() -> None:
    class Everybody:
        async def read(self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None):  # type: ignore[no-untyped-def]
            return [0] * count

    async def run() -> Scan:
        return await scan(Everybody(), Endpoint("tcp", "h", 502), range(1, 6), 1, time.perf_counter, lambda *_: None)

    assert "every unit id answers" in asyncio.run(run()).remarks[0]


def test_whoever_knows_nothing_else_is_found_thoroughly() -> None:
    class OnlyRegister0:
        async def read(self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None):  # type: ignore[no-untyped-def]
            if address:
                raise BusError("timeout", "-")
            return [5]

    async def run(thorough: bool) -> tuple[Found, ...]:
        where = Endpoint("tcp", "h", 502)
        return (await scan(OnlyRegister0(), where, [9], 1, time.perf_counter, lambda *_: None, thorough=thorough)).found

    assert len(asked(True)) == len(asked(False)) + 1
    assert asyncio.run(run(False)) == ()
    [found] = asyncio.run(run(True))
    assert (found.unit, found.how) == (9, "register 3:0 holds 0005")


def test_a_bus_that_is_not_there() -> None:
    async def run() -> None:
        where = Endpoint("tcp", "127.0.0.1", 1)
        async with Bus(where) as bus:
            await scan(bus, where, [1], 1, time.perf_counter, lambda *_: None)

    with pytest.raises(BusError, match="refused"):
        asyncio.run(run())
