import asyncio

import pytest

from collectors.bus import Bus, BusError
from collectors.clock import machine_ms
from deploy.commissioning.probing import Target
from deploy.commissioning.record import Record
from deploy.commissioning.session import Session, Wish, commission, unreachable, watch
from deploy.fleet.faults import Mishap
from deploy.fleet.fleet import Fleet
from sensors.endpoint import Endpoint
from sensors.profile import load_profiles
from tests.fleets import RTU_TCP, SERIAL, TCP, fleet_of


def wish(endpoint: Endpoint, profile: str | None = None, *, start: bool = False, timeout_s: float = 0.3) -> Wish:
    return Wish(Target(endpoint, 1), load_profiles()[profile] if profile else None, timeout_s, start, "me")


async def tried(
    model: str, profile: str | None = None, endpoint: str = TCP, fault: Mishap | None = None, reads: int = 2,
    **more: object,
) -> tuple[Record, Fleet]:  # fmt: skip
    async with fleet_of(model, endpoint=endpoint, terminals=True, now_ms=machine_ms) as (fleet, there):
        asked = wish(there, profile, **more)  # type: ignore[arg-type]
        if fault is None:
            return await commission(asked, lambda _: None, reads, lambda _: None), fleet
        with fleet.faults.injected(fault, code=11):
            return await commission(asked, lambda _: None, reads, lambda _: None), fleet


@pytest.mark.parametrize("endpoint", [TCP, RTU_TCP, SERIAL])
@pytest.mark.parametrize("given", [None, "station_cabinet"])
def test_found_decoded_and_timed(endpoint: str, given: str | None) -> None:
    record, fleet = asyncio.run(tried("station_cabinet", given, endpoint))
    assert (record.presence, record.profile) == ("answers", "station_cabinet")
    assert record.chosen == ("given" if given else "likely")
    assert {row.quality for row in record.values} == {2}
    assert (record.timing.requests, record.timing.timeouts) == (2, 0)
    assert record.timing.median_ms is not None
    assert record.search.requests >= 1
    assert record.advice == ()
    assert fleet.units["unit-1"].written == []


def test_nothing_is_written_unless_it_is_asked_for() -> None:
    record, fleet = asyncio.run(tried("aqualabo_pheht", "aqualabo_pheht"))
    unit = fleet.units["unit-1"]
    assert (unit.written, unit.done, record.started) == ([], [], False)
    assert any("--start gives it (writes to register 1)" in text for text in record.advice)
    assert all(row.value is None for row in record.values)


def test_a_start_is_given_before_every_poll_where_the_profile_says_so() -> None:
    record, fleet = asyncio.run(tried("aqualabo_pheht", "aqualabo_pheht", start=True))
    unit = fleet.units["unit-1"]
    assert set(unit.written) == {(6, 1, (31,))}
    assert len(unit.written) == 3, "once to begin, then before each poll"
    assert record.started
    assert {row.quality for row in record.values} == {2}


def test_a_start_that_is_not_needed_is_not_given() -> None:
    record, fleet = asyncio.run(tried("station_cabinet", "station_cabinet", start=True))
    assert fleet.units["unit-1"].written == []
    assert any("no start" in text for text in record.advice)


@pytest.mark.parametrize(
    ("fault", "presence", "said"),
    [
        (Mishap.SILENT, "silent", "riverchief scan"),
        (Mishap.EXCEPTION, "gateway says absent", "exception 11"),
        (Mishap.WRONG_UNIT, "wrong answers", "rtu+tcp://"),
        (Mishap.WRONG_UNIT, "wrong answers", "it is an answer of unit 2"),
        (Mishap.WRONG_CRC, "wrong answers", "and are no answer of unit 1: "),
        (Mishap.TRUNCATED, "wrong answers", "and are no answer of unit 1: "),
        (Mishap.CLOSED, "wrong answers", "not as Modbus should"),
        (Mishap.LATE, "silent", "--timeout 0.09 waits longer"),
    ],
)
def test_absence_is_told_apart_with_advice(fault: Mishap, presence: str, said: str) -> None:
    record, _ = asyncio.run(tried("station_cabinet", fault=fault, timeout_s=0.03))
    assert record.presence == presence
    assert any(said in text for text in record.advice)
    assert (record.values, record.profile) == ((), None)


@pytest.mark.parametrize("endpoint", [RTU_TCP, SERIAL])
@pytest.mark.parametrize("fault", [Mishap.WRONG_UNIT, Mishap.WRONG_CRC, Mishap.TRUNCATED])
def test_damaged_answers_on_a_line_are_no_silence(endpoint: str, fault: Mishap) -> None:
    record, _ = asyncio.run(tried("station_cabinet", endpoint=endpoint, fault=fault, timeout_s=0.1))
    assert record.presence == "wrong answers"
    first = "02" if fault is Mishap.WRONG_UNIT else "01"
    assert f"bytes came and are no answer of unit 1: {first} " in record.advice[0]
    assert ("it is an answer of unit 2" in record.advice[1]) == (fault is Mishap.WRONG_UNIT)
    assert "do two units have the same id" in record.advice[-1]
    assert ("baud=9600" in record.advice[-1]) == (endpoint == SERIAL)


def test_profiles_are_judged_again_once_it_measures() -> None:
    """Before its start it shows nothing: reasons that say so are not kept."""
    record, _ = asyncio.run(tried("aqualabo_optod", reads=2, start=True))
    value = next(row.value for row in record.values if row.determinand == "dissolved_oxygen_saturation")
    assert value is not None
    assert f"+ dissolved_oxygen_saturation {value:.4g} % makes sense" in record.fits[0].reasons
    assert (record.profile, record.chosen, record.fits[0].match) == ("aqualabo_optod", "likely", "likely")
    assert "the profile is a guess" not in " ".join(record.advice)


def test_a_guess_that_the_start_belies_is_told() -> None:
    idle, _ = asyncio.run(tried("aqualabo_c4e", reads=1))
    started, _ = asyncio.run(tried("aqualabo_c4e", reads=2, start=True))
    assert idle.fits[0].profile == started.profile == "aqualabo_optod"
    assert started.fits[0].profile == "aqualabo_c4e"
    assert [text for text in started.advice if "guess" in text or "fits better" in text] == [
        "now that it measures, aqualabo_c4e fits better (likely): --profile aqualabo_c4e"
    ]


@pytest.mark.parametrize("endpoint", [TCP, RTU_TCP, SERIAL])
def test_advice_about_silence_goes_by_the_bus(endpoint: str) -> None:
    record, _ = asyncio.run(tried("station_cabinet", endpoint=endpoint, fault=Mishap.SILENT, timeout_s=0.03))
    text = " ".join(record.advice)
    assert ("baud=9600" in text) == (endpoint == SERIAL)
    assert ("rtu+tcp://" in text.replace("scan rtu+tcp://", "")) == (endpoint == TCP)


def test_nobody_listens() -> None:
    record = asyncio.run(commission(wish(Endpoint("tcp", "127.0.0.1", 1)), lambda _: None, 1, lambda _: None))
    assert record.presence == "not reachable"
    assert "nothing listens on port 1" in record.advice[0]
    assert "no way" in unreachable(Endpoint("tcp", "h", 1), BusError("unreachable", "-"))[0]
    assert "fuser" in unreachable(Endpoint("rtu", device="/dev/x"), BusError("refused", "-"))[0]


def test_a_given_profile_that_does_not_fit_is_told() -> None:
    record, _ = asyncio.run(tried("seeed_s_ph_01", "station_cabinet"))
    assert record.presence == "answers"
    assert any("exception 2" in text and "no such register" in text for text in record.advice)
    assert {row.quality for row in record.values} == {9}


def test_what_no_profile_fits_is_told() -> None:
    async def run() -> Record:
        async with fleet_of("ysi_exo_modbus") as (_, there):
            session = Session(wish(there), None, lambda _: None)  # type: ignore[arg-type]
            session._choose()
            return session.record()

    record = asyncio.run(run())
    assert record.profile is None
    assert "no profile fits" in record.advice[0]


def test_a_block_that_is_refused_is_read_in_parts() -> None:
    class Narrow:
        """Takes no more than ten registers at once."""

        def __init__(self, bus: Bus) -> None:
            self._bus = bus

        async def read(self, unit: int, function: int, address: int, count: int, timeout_s: float) -> list[int]:
            if count > 10:
                raise BusError("exception", "-", 2)
            return await self._bus.read(unit, function, address, count, timeout_s)

    async def run() -> None:
        async with fleet_of("station_cabinet") as (_, there), Bus(there) as bus:
            session = Session(wish(there, "station_cabinet"), Narrow(bus), lambda _: None)  # type: ignore[arg-type]
            assert await session.find()
            assert await session.poll()
            assert {row.quality for row in session.values} == {2}
            before = session.line.timing.requests
            assert await session.poll()
            assert session.line.timing.requests - before <= 3, "it remembers"
            assert session.advice == ()

    asyncio.run(run())


def test_a_guess_names_its_rivals() -> None:
    record, _ = asyncio.run(tried("remond_ph"))
    assert record.chosen == "possible"
    assert any("remond_turbidity would fit" in text and "--profile NAME" in text for text in record.advice)


def test_watching_goes_on_until_it_is_stopped() -> None:
    shown: list[int] = []

    async def run() -> Record:
        stop = asyncio.Event()

        def show(session: Session) -> None:
            shown.append(session.line.timing.requests)
            if len(shown) == 3:
                stop.set()

        async with fleet_of("station_cabinet") as (_, there):
            return await watch(wish(there, "station_cabinet"), lambda _: None, 0.01, show, stop)

    record = asyncio.run(asyncio.wait_for(run(), 20))
    assert shown == [1, 2, 3]
    assert record.timing.requests == 3


def test_watching_somebody_who_is_not_there_ends() -> None:
    shown: list[str] = []

    async def run() -> Record:
        where = wish(Endpoint("tcp", "127.0.0.1", 1))
        return await watch(where, lambda _: None, 1, lambda session: shown.append(session.presence), asyncio.Event())

    assert asyncio.run(asyncio.wait_for(run(), 20)).presence == "not reachable"
    assert shown == ["not reachable"]
