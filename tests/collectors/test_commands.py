"""What a person orders: written once, read back, refused where the profile does not say so."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from collectors.commands import words_of
from collectors.poller import Poller
from sensors.errors import UsageError
from sensors.profile import Command, load_profiles
from sensors.reading import Observation
from tests.collectors.loops import run_jumping
from tests.collectors.probes import Probe, ProbeBus, now_ms, station

PROFILES = load_profiles()
Y511 = PROFILES["yosemitech_y511"]


async def nothing(observation: Observation) -> None:
    pass


def with_probe(profile_name: str, work: Any) -> None:
    async def run() -> None:
        profile = PROFILES[profile_name]
        probe = Probe(profile)
        bus = ProbeBus({1: probe})
        await work(Poller(bus, [(station(1, profile), profile)], nothing, now_ms), bus, probe)

    coroutine: Coroutine[Any, Any, None] = run()
    run_jumping(coroutine)


def test_a_setting_is_written_and_read_back() -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        planned = await poller.look("S1", "damping", 4)
        assert (planned.before, planned.after, planned.wrote, probe.done) == (0, None, (4,), [])
        outcome = await poller.execute("S1", "damping", 4)
        assert (outcome.ok, outcome.kind, outcome.before, outcome.after, outcome.wrote) == (True, "setting", 0, 4, (4,))
        assert probe.done == [(6, 22, (4,))]
        assert outcome.time_ms >= planned.time_ms

    with_probe("remond_do", work)


def test_a_calibration_has_the_bytes_of_the_manual_s_example() -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        outcome = await poller.execute("S1", "calibration_point", 10.0)
        assert (outcome.ok, outcome.kind, outcome.after) == (True, "calibration", 10.0)
        assert probe.done == [(16, 10, (0x0000, 0x4120))]

    with_probe("remond_do", work)


def test_what_did_not_stay_is_told() -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        probe.write = lambda *_: None  # type: ignore[method-assign]
        outcome = await poller.execute("S1", "damping", 4)
        assert (outcome.ok, outcome.reason) == (False, "written was 4, read back is 0")
        bus.silent = {1}
        outcome = await poller.execute("S1", "damping", 4)
        assert (outcome.ok, outcome.reason, probe.done) == (False, "timeout: unit 1", [])

    with_probe("remond_do", work)


def test_after_an_action_an_instrument_is_started_again() -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        task = asyncio.create_task(poller.run())
        await asyncio.sleep(100)
        outcome = await poller.execute("S1", "wipe")
        assert (outcome.ok, outcome.wrote, probe.done) == (True, (), [(16, 12544, ())])
        await asyncio.sleep(100)
        task.cancel()
        assert Y511.start is not None
        assert len(bus.times(1, "read", Y511.start.action.address)) == 2

    with_probe("yosemitech_y511", work)


@pytest.mark.parametrize(
    ("station", "command", "value", "accepted"),
    [
        ("S9", "damping", 1, "S1"),
        ("S1", "explode", None, "damping"),
        ("S1", "damping", 11, "0 to 10"),
        ("S1", "damping", None, "0 to 10"),
        ("S1", "damping", float("nan"), "0 to 10"),
        ("S1", "damping", 2.5, "fit"),
        ("S1", "mode", 0, "1 (mg/L)"),
    ],
)
def test_what_the_profile_does_not_say_is_refused_before_anything_is_sent(station, command, value, accepted) -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        with pytest.raises(UsageError, match=r"accepted|fit") as caught:
            await poller.execute(station, command, value)
        assert accepted in str(caught.value)
        assert bus.asked == []

    with_probe("remond_do", work)


def test_an_action_takes_no_value() -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        with pytest.raises(UsageError, match="takes no value"):
            await poller.execute("S1", "wipe", 3)
        assert bus.asked == []

    with_probe("yosemitech_y511", work)


def test_polling_writes_nothing_but_the_start() -> None:
    async def work(poller: Poller, bus: ProbeBus, probe: Probe) -> None:
        task = asyncio.create_task(poller.run())
        await asyncio.sleep(600)
        task.cancel()
        start = PROFILES["aqualabo_c4e"].start
        assert start is not None
        assert set(probe.done) == {(start.action.function, start.action.address, start.action.values)}

    with_probe("aqualabo_c4e", work)


def test_a_number_is_never_cut_to_fit() -> None:
    command = Command("x", 6, 1, kind="setting", type="int16", order="DCBA")
    assert words_of(command, -2) == (0xFEFF,)
    for value in (40_000, 0.5, float("inf")):
        with pytest.raises(UsageError, match="does not fit"):
            words_of(command, value)
    wide = replace(command, function=16, type="float32", order="CDAB")
    with pytest.raises(UsageError, match="does not fit"):
        words_of(wide, 1e39)
