"""Instruments that must be started, and those that lack a register; on the event loop's own time."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from collectors.poller import Poller
from sensors.profile import Action, Profile, Register, Start, load_profiles, plan
from sensors.reading import Observation, Quality, StationState
from tests.collectors.loops import run_jumping
from tests.collectors.probes import Probe, ProbeBus, now_ms, station

PROFILES = load_profiles()
PLAIN = Profile("plain", "V", "M", "made up", (Register("ph", 3, 0, "float32"),))
STARTED = [profile.id for profile in PROFILES.values() if profile.start is not None]
WIDE = Profile(
    "wide", "V", "M", "made up",
    tuple(Register(name, 3, 2 * i, "float32") for i, name in enumerate(
        ("ph", "water_temperature", "dissolved_oxygen", "turbidity", "orp")
    )),
)  # fmt: skip


class Run:
    def __init__(self, probes: dict[int, Probe], period_s: float = 60.0) -> None:
        self.bus = ProbeBus(probes)
        self.found: list[Observation] = []
        stations = [(station(unit, probe.profile, period_s), probe.profile) for unit, probe in probes.items()]
        self.poller = Poller(self.bus, stations, self.sink, now_ms)

    async def sink(self, observation: Observation) -> None:
        self.found.append(observation)

    async def for_(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.poller.run()

    def of(self, unit: int) -> list[Observation]:
        return [observation for observation in self.found if observation.station == f"S{unit}"]


def usable(observation: Observation) -> bool:
    return observation.state is StationState.NORMAL and all(
        quality is not Quality.MISSING for _, quality in observation.values.values()
    )


@pytest.mark.parametrize("name", STARTED)
def test_every_shipped_instrument_that_must_be_started_is(name: str) -> None:
    profile = PROFILES[name]
    assert profile.start is not None
    start = profile.start

    async def work() -> None:
        probe = Probe(profile)
        probe.extras = {start.wait_by: 480.0} if start.wait_by else {}
        run = Run({3: probe})
        begin_s = asyncio.get_running_loop().time()
        await run.for_(600)
        assert len(run.found) >= 9
        for observation in run.found:
            assert observation.state is StationState.NORMAL
            assert not any(value is None for value, _ in observation.values.values())
        what, count = ("read", start.action.count) if start.action.reads else ("write", len(start.action.values))
        times = run.bus.times(3, what, start.action.address)
        assert all(n == count for _, _, how, at, n in run.bus.asked if (how, at) == (what, start.action.address))
        assert len(times) == (1 if start.each == "connect" else len(run.found))
        assert (run.found[0].time_ms - now_ms()) / 1000 + 600 >= start.wait_s - 1
        assert times[0] - begin_s < 0.1

    run_jumping(work())


def test_others_are_polled_while_one_settles() -> None:
    slow = replace(PLAIN, id="slow", start=Start(Action("start", 6, 50, (1,)), "poll", 8.0))

    async def work() -> None:
        run = Run({1: Probe(slow), 2: Probe(PLAIN)}, period_s=1.0)
        run.poller.apply([(station(1, slow, 10.0), slow), (station(2, PLAIN, 1.0), PLAIN)])
        await run.for_(100)
        assert len(run.of(2)) >= 99
        assert len(run.of(1)) >= 9
        measured = [value for observation in run.of(1) for value, _ in observation.values.values()]
        assert all(value is not None for value in measured)
        assert len(set(measured)) == len(measured), "each poll has a measurement of its own"

    run_jumping(work())


def test_after_an_absence_it_is_started_and_waited_for_again() -> None:
    profile = PROFILES["yosemitech_y511"]
    assert profile.start is not None
    address = profile.start.action.address

    async def work() -> None:
        probe = Probe(profile)
        run = Run({1: probe, 2: Probe(PLAIN)})
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(200)
        assert len(run.bus.times(1, "read", address)) == 1
        run.bus.silent, probe.started_s = {1}, None
        await asyncio.sleep(100)
        absent = run.of(1)[-1]
        assert absent.state is StationState.COMMUNICATION
        run.bus.silent = set()
        await asyncio.sleep(400)
        task.cancel()
        after = run.of(1)[run.of(1).index(absent) + 1 :]
        assert after
        assert all(usable(observation) for observation in after)
        assert len(run.of(2)) >= 11

    run_jumping(work())


def test_a_start_that_is_refused_gives_no_values() -> None:
    profile = replace(PLAIN, start=Start(Action("start", 3, 90, count=1), "connect", 1.0))

    async def work() -> None:
        probe = Probe(replace(profile, start=None), missing=[90])
        run = Run({1: probe})
        run.poller.apply([(station(1, profile), profile)])
        await run.for_(100)
        [observation] = run.found
        assert observation.state is StationState.COMMUNICATION
        assert "exception" in run.poller.states[0].reason

    run_jumping(work())


@pytest.mark.parametrize("missing", [range(1), range(4, 5), range(8, 10), (2, 6)])
def test_a_register_that_is_not_there_costs_its_neighbours_nothing(missing) -> None:
    async def work() -> None:
        assert len(plan(WIDE)) == 1
        run = Run({1: Probe(WIDE, missing)})
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(100)
        lost = {register.name for register in WIDE.registers if set(missing) & {register.address, register.address + 1}}
        for observation in run.found:
            assert {name for name, (value, _) in observation.values.items() if value is None} == lost
        asked = len(run.bus.asked)
        polls = len(run.found)
        # Remembered, over an absence too.
        run.bus.silent = {1}
        await asyncio.sleep(200)
        run.bus.silent = set()
        await asyncio.sleep(1000)
        task.cancel()
        assert {name for name, (value, _) in run.found[-1].values.items() if value is None} == lost
        wide = [at for at, count in [(at, count) for _, _, _, at, count in run.bus.asked[asked:]] if count == 10]
        assert wide == []
        assert len(run.found) > polls + 10

    run_jumping(work())


def test_a_gap_that_is_refused_is_left_out() -> None:
    gapped = replace(WIDE, registers=(WIDE.registers[0], WIDE.registers[3]))

    async def work() -> None:
        assert len(plan(gapped)) == 1
        run = Run({1: Probe(gapped, missing=[4])})
        await run.for_(200)
        assert all(usable(observation) for observation in run.found)
        assert [(at, count) for _, _, _, at, count in run.bus.asked][:5] == [(0, 8), (0, 2), (6, 2), (0, 2), (6, 2)]

    run_jumping(work())


def test_an_instrument_that_refuses_everything_is_absent_and_forgets_nothing_it_learned_of_it() -> None:
    async def work() -> None:
        probe = Probe(WIDE, missing=range(10))
        run = Run({1: probe})
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(300)
        assert {observation.state for observation in run.found} == {StationState.COMMUNICATION}
        probe.missing = frozenset()
        before = len(run.bus.asked)
        await asyncio.sleep(700)
        task.cancel()
        assert usable(run.found[-1])
        assert {count for _, _, _, _, count in run.bus.asked[before:]} == {10}

    run_jumping(work())


def test_a_block_that_is_silent_does_not_take_the_others_along() -> None:
    """The first of two blocks is never answered: the unit is not dead."""
    two = replace(WIDE, max_gap=0, registers=(WIDE.registers[0], WIDE.registers[3]))

    class Half(Probe):
        def read(self, function: int, address: int, count: int) -> list[int]:
            from collectors.bus import BusError

            if address == 0:
                raise BusError("timeout", "nothing for these")
            return super().read(function, address, count)

    async def work() -> None:
        run = Run({1: Half(two)})
        await run.for_(1200)
        there = [observation for observation in run.found if observation.state is StationState.NORMAL]
        assert len(there) >= 18
        assert all(observation.values["turbidity"][0] == 7.0 for observation in there)
        assert len(run.bus.times(1, "read", 0)) < 8

    run_jumping(work())
