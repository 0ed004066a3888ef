"""The profile of an unknown instrument is found, by few reads, and honestly called a guess where it is one."""

import asyncio
import struct

import pytest

from collectors.bus import Bus, BusError
from deploy.commissioning.fit import Fit, Seen, identify, knock, natural
from deploy.commissioning.probing import Line
from deploy.fleet.faults import InjectedFault, Mishap
from sensors.profile import ReadBlock, load_profiles, plan
from tests.fleets import NOW_MS, fleet_of

PROFILES = load_profiles()
ALL = list(PROFILES.values())

#: Instruments whose maps and values say the same about several models.
ALIKE = {"remond_turbidity", "remond_ph", "bgt_wnh4"}


def found(name: str, *, started: bool = True) -> tuple[list[Fit], Line, list[str]]:
    """Ranking, line and what the instrument was made to do."""

    async def run() -> tuple[list[Fit], Line, list[str]]:
        clock = [NOW_MS]
        async with fleet_of(name, now_ms=lambda: clock[0]) as (fleet, there), Bus(there) as bus:
            unit = fleet.units["unit-1"]
            if started and unit.profile.start is not None:
                action = unit.profile.start.action
                if action.reads:
                    await bus.read(1, action.function, action.address, action.count)
                else:
                    await bus.write(1, action.function, action.address, list(action.values))
                unit.done.clear()
                unit.written.clear()
                clock[0] += 60_000
            line = Line(bus, 1, 0.1)
            seen = Seen(line)
            await knock(seen, ALL)
            assert seen.answers
            fits = await identify(seen, ALL)
            assert unit.written == []
            return fits, line, unit.done

    return asyncio.run(run())


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_found_among_all(name: str) -> None:
    fits, line, done = found(name)
    best = fits[0]
    if best.match == "possible":
        near = {fit.profile for fit in fits if best.points - fit.points < 2 and fit.match == "possible"}
        assert name in near, "it is among those that it calls a guess"
        assert near == {name} or near <= ALIKE
    else:
        assert best.profile == name
    assert done == [], "nothing that acts when it is read was read"
    assert line.requests <= sum(len(plan(profile)) for profile in ALL), "fewer than by trying one after the other"
    assert all(fit.reasons for fit in fits)


@pytest.mark.parametrize("name", ["yosemitech_y504", "yosemitech_y520", "yosemitech_y4000"])
def test_who_says_who_it_is_is_believed_and_asked_little(name: str) -> None:
    fits, line, _ = found(name, started=False)
    assert (fits[0].profile, fits[0].match) == (name, "certain")
    assert "serial_number" in fits[0].reasons[0]
    assert line.requests <= 6
    assert [fit.match for fit in fits[1:]] == ["no"] * (len(fits) - 1)


def test_a_probe_that_has_not_been_started_can_only_be_narrowed_down() -> None:
    fits, _, done = found("aqualabo_c4e", started=False)
    possible = {fit.profile for fit in fits if fit.match != "no"}
    assert possible == {"aqualabo_c4e", "aqualabo_optod", "aqualabo_pheht"}
    assert done == []


def judged(words: dict[int, int], name: str, refused: dict[ReadBlock, BusError] | None = None) -> Fit:
    """What is thought of a profile, given what was read."""

    class Silent:
        async def read(self, *_: object) -> list[int]:
            raise BusError("timeout", "-")

    async def run() -> list[Fit]:
        seen = Seen(Line(Silent(), 1, 0.01), {(3, at): word for at, word in words.items()}, refused or {})
        return await identify(seen, [PROFILES[name]])

    return asyncio.run(run())[0]


def cabinet(order: str = ">2H", swap: bool = False, **values: float) -> dict[int, int]:
    told = {"water_temperature": 18.2, "ph": 7.4, "dissolved_oxygen": 8.1, "conductivity": 530.0} | values
    words = dict.fromkeys(range(22), 0)
    for register in PROFILES["station_cabinet"].registers:
        if register.name in told:
            pair = struct.unpack(order, struct.pack(">f", told[register.name]))
            words[register.address], words[register.address + 1] = pair[::-1] if swap else pair
    return words


def test_reasons_for_and_against() -> None:
    good = judged(cabinet(), "station_cabinet")
    assert good.match == "likely"
    assert "+ ph 7.4 pH makes sense" in good.reasons
    odd = judged(cabinet(ph=1e-30), "station_cabinet")
    assert odd.points < good.points
    assert any(reason.startswith("- ph") and "odd" in reason for reason in odd.reasons)
    out = judged(cabinet(ph=99.0), "station_cabinet")
    assert "- ph 99 pH: outside 0 to 14 pH" in out.reasons
    state = judged(cabinet() | {0: 77}, "station_cabinet")
    assert "- state is 77, which means nothing" in state.reasons


def test_values_that_make_sense_in_another_byte_order_are_recognised() -> None:
    swapped = judged(cabinet(swap=True), "station_cabinet")
    assert any("byte order CDAB, not in ABCD" in reason for reason in swapped.reasons)
    assert swapped.match == "possible"
    assert not any("byte order" in reason for reason in judged(cabinet(), "station_cabinet").reasons)


def test_what_is_not_answered_excludes() -> None:
    block = ReadBlock(3, 5, 1)
    fit = judged({}, "station_cabinet", {block: BusError("exception", "-", 2)})
    assert (fit.match, fit.reasons) == ("no", ("- registers 0 to 21: exception 2",))
    fit = judged({}, "station_cabinet", {ReadBlock(3, 500, 1): BusError("exception", "-", 1)})
    assert fit.reasons == ("- registers 0 to 21: exception 1",), "it does not know the function"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [("ph", 7.0, True), ("ph", 0.5, False), ("conductivity", 3.0, False), ("cod", 1e-20, False), ("copper", 0.0, True)],
)
def test_what_a_river_has(key: str, value: float, expected: bool) -> None:
    assert natural(key, value) is expected


@pytest.mark.parametrize("kind", [Mishap.SILENT, Mishap.EXCEPTION, Mishap.TRUNCATED])
def test_a_knock_tells_silence_from_refusal(kind: Mishap) -> None:
    async def run() -> None:
        async with fleet_of("station_cabinet") as (fleet, there), Bus(there) as bus:
            with fleet.faults.injected(kind, code=11):
                seen = Seen(Line(bus, 1, 0.1))
                await knock(seen, ALL)
                assert not seen.answers
                assert bool(seen.line.timeouts) == (kind is not Mishap.EXCEPTION)

    asyncio.run(run())


def test_a_lost_frame_is_no_silence() -> None:
    async def run() -> None:
        async with fleet_of("station_cabinet") as (fleet, there), Bus(there) as bus:
            fault = fleet.faults.add(InjectedFault(Mishap.SILENT))
            seen = Seen(Line(bus, 1, 0.1))
            task = asyncio.create_task(knock(seen, ALL))
            while not seen.line.timeouts:
                await asyncio.sleep(0)
            fleet.faults.remove(fault)
            await task
            assert seen.answers

    asyncio.run(run())
