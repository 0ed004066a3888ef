import asyncio
import os

import pytest

from collectors.bus import Bus, BusError
from deploy.commissioning.probing import (
    FIRST_REGISTER,
    Line,
    check_reach,
    identity,
    knocks,
    parse_target,
    profile_named,
    timing,
)
from deploy.fleet.faults import Mishap
from sensors.endpoint import Endpoint
from sensors.errors import ProfileError, UsageError
from sensors.profile import ReadBlock, load_profiles
from tests.conftest import ROOT
from tests.fleets import fleet_of


@pytest.mark.parametrize(
    ("text", "endpoint", "unit"),
    [
        ("tcp://10.0.0.1?unit=3", "tcp://10.0.0.1:502", 3),
        ("tcp://10.0.0.1:1502", "tcp://10.0.0.1:1502", None),
        ("rtu+tcp://dtu-7:4001?unit=247", "rtu+tcp://dtu-7:4001", 247),
        ("rtu:///dev/ttyS1?unit=1", "rtu:///dev/ttyS1?baud=9600&parity=N&stopbits=1&bytesize=8", 1),
        ("rtu:///dev/ttyS1?baud=19200&unit=1", "rtu:///dev/ttyS1?baud=19200&parity=N&stopbits=1&bytesize=8", 1),
        ("rtu:///dev/ttyS1?unit=9&parity=E", "rtu:///dev/ttyS1?baud=9600&parity=E&stopbits=1&bytesize=8", 9),
    ],
)
def test_an_endpoint_with_its_unit(text: str, endpoint: str, unit: int | None) -> None:
    target = parse_target(text)
    assert (str(target.endpoint), target.unit) == (endpoint, unit)
    assert parse_target(str(target)) == target, "it can be typed as it is shown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.0.0.1", "accepted: tcp://HOST"),
        ("http://x?unit=1", "scheme 'http'"),
        ("tcp://h?unit=0", "unit 0; accepted: a number from 1 to 247"),
        ("tcp://h?unit=248", "from 1 to 247"),
        ("tcp://h?unit=x", "unit 'x'"),
        ("tcp://h?unit=", "unit ''"),
        ("tcp://h:99999?unit=1", "1 to 65535"),
        ("rtu:///dev/x?parity=Q&unit=1", "N, E or O"),
    ],
)
def test_what_cannot_be_meant_is_told_with_what_is_accepted(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        parse_target(text)


def test_a_profile_that_is_not_there_is_told_with_those_that_are_near() -> None:
    assert profile_named("remond_ph").id == "remond_ph"
    with pytest.raises(UsageError) as caught:
        profile_named("yosemitech_y99")
    assert "yosemitech_y504" in str(caught.value)
    assert "remond" not in str(caught.value)
    with pytest.raises(UsageError, match="station_cabinet"):
        profile_named("nobody")


def test_a_profile_may_be_a_file_that_somebody_is_writing(tmp_path) -> None:
    path = tmp_path / "my_probe.toml"
    with pytest.raises(UsageError, match="no file"):
        profile_named(str(path))
    text = (ROOT / "sensors" / "profiles" / "remond_ph.toml").read_text("utf-8")
    path.write_text(text.replace('id = "remond_ph"', 'id = "my_probe"'), "utf-8")
    assert profile_named(str(path)).id == "my_probe"
    path.write_text("schema = 1", "utf-8")
    with pytest.raises(ProfileError, match=r"my_probe\.toml"):
        profile_named(str(path))


def test_one_question_finds_out_whether_any_shipped_instrument_is_there() -> None:
    profiles = list(load_profiles().values())
    [(function, address, count)] = knocks(profiles)
    acting = [block for profile in profiles for block in profile.untouchable]
    assert not any(block.function == function and address < block.end and block.address < address + count
                   for block in acting)  # fmt: skip
    for profile in profiles:
        if profile.max_gap == 0:
            parts = [ReadBlock(r.function, r.address, r.width) for r in (*profile.registers, *profile.extras)]
            assert ReadBlock(function, address, count) in parts, profile.id
    assert knocks([load_profiles()["remond_ph"]]) == (FIRST_REGISTER,)


def test_what_no_retry_will_mend_is_said_at_once(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"no such host 'nowhere\.invalid'"):
        asyncio.run(check_reach(Endpoint("tcp", "nowhere.invalid", 502)))
    with pytest.raises(UsageError, match="no serial port /dev/ttyNOWHERE"):
        asyncio.run(check_reach(Endpoint("rtu", device="/dev/ttyNOWHERE")))
    asyncio.run(check_reach(Endpoint("tcp", "127.0.0.1", 1)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open anything")
def test_a_serial_port_of_others(tmp_path) -> None:
    port = tmp_path / "port"
    port.touch(mode=0)
    with pytest.raises(UsageError, match="dialout"):
        asyncio.run(check_reach(Endpoint("rtu", device=str(port))))


def test_what_an_instrument_says_about_itself() -> None:
    async def run() -> None:
        async with fleet_of("yosemitech_y504") as (_, there), Bus(there) as bus:
            told = await identity(Line(bus, 1, 5), load_profiles()["yosemitech_y504"])
            assert told["serial_number"].startswith("YL01")
            assert "unit_id" in told
        async with fleet_of("station_cabinet") as (_, there), Bus(there) as bus:
            line = Line(bus, 1, 5)
            assert await identity(line, load_profiles()["remond_ph"]) == {"current_output": "0"} or line.exceptions

    asyncio.run(run())


def test_timing_counts_everything_and_leaves_out_opening_the_connection() -> None:
    ticks = iter(float(n) for n in range(100))

    async def run() -> None:
        async with fleet_of("station_cabinet") as (fleet, there), Bus(there) as bus:
            line = Line(bus, 1, 0.05, clock=lambda: next(ticks))
            await line.read(3, 0, 2)
            assert line.timing.median_ms is None, "the first answer took the connection with it"
            await line.read(3, 0, 2)
            with pytest.raises(BusError):
                await line.read(3, 99, 2)
            with fleet.faults.injected(Mishap.SILENT), pytest.raises(BusError):
                await line.read(3, 0, 2)
            await line.read(3, 0, 2)
            with fleet.faults.injected(Mishap.CLOSED), pytest.raises(BusError):
                await line.read(3, 0, 2)
            got = line.timing
            assert (got.requests, got.timeouts, got.exceptions, got.broken) == (6, 1, 1, 1)
            assert (got.min_ms, got.median_ms, got.max_ms, len(line.trips_ms)) == (1000, 1000, 1000, 2)
            assert "1 timeouts" in str(got)
            assert timing([line, line]).requests == 12

    asyncio.run(run())
