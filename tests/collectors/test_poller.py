from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import pairwise

import pytest

from collectors.bus import Bus, BusError, Reason
from collectors.poller import Poller, Settings
from sensors.endpoint import Endpoint
from sensors.errors import UsageError
from sensors.place import Station
from sensors.profile import Profile, Register, load_profiles, plan
from sensors.reading import Observation, Quality, StationState
from sensors.simulate.encode import encode
from tests.collectors.devices import real_server
from tests.collectors.loops import run_jumping

CABINET = load_profiles()["station_cabinet"]
SPLIT = Profile(
    "split", "nobody", "two blocks", "made up for tests",
    (Register("ph", 3, 0, "uint16", scale=0.01), Register("turbidity", 3, 100, "uint16")),
)  # fmt: skip
EPOCH_MS = 1_790_000_000_000


def station(unit: int, period_s: float = 60.0, name: str = "") -> Station:
    return Station(
        id=name or f"S{unit}", name="", name_en="", river="R1", reach="R1-1", chainage_m=0.0, water_body="river",
        profile="split", endpoint="tcp://10.66.1.11:502", unit=unit, gateway="gw1", period_s=period_s,
    )  # fmt: skip


def pauses(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


class FakeBus:
    """Answers after `delay_s`; units in `silent` cost their timeout, so do the blocks in `mute`;
    those in `refusing` answer an exception."""

    def __init__(self, delay_s: float = 0.02) -> None:
        self.endpoint = Endpoint("tcp", "10.66.1.11", 502)
        self.delay_s = delay_s
        self.silent: set[int] = set()
        self.refusing: set[tuple[int, int]] = set()
        self.mute: set[tuple[int, int]] = set()
        self.gone: Reason | None = None
        self.asked: list[tuple[float, int, int]] = []

    async def write(
        self, unit: int, function: int, address: int, values: Sequence[int], timeout_s: float | None = None
    ) -> None:
        raise AssertionError(f"polling wrote to {address}")

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        self.asked.append((asyncio.get_running_loop().time(), unit, address))
        if self.gone:
            await asyncio.sleep(3.0)
            raise BusError(self.gone, "the bus")
        if unit in self.silent or (unit, address) in self.mute:
            await asyncio.sleep(timeout_s or 1.0)
            raise BusError("timeout", f"unit {unit}")
        await asyncio.sleep(self.delay_s)
        if (unit, address) in self.refusing:
            raise BusError("exception", f"unit {unit}", 2)
        return [700 + address] * count

    def times(self, unit: int) -> list[float]:
        return [time for time, who, address in self.asked if who == unit and address == 0]


class Run:
    """A poller that runs for a while in jumping time."""

    def __init__(self, bus: FakeBus, stations: list[Station], settings: Settings | None = None) -> None:
        self.bus = bus
        self.found: list[Observation] = []
        self.poller = Poller(bus, [(s, SPLIT) for s in stations], self.sink, self.now_ms, settings)

    async def sink(self, observation: Observation) -> None:
        self.found.append(observation)

    def now_ms(self) -> int:
        return EPOCH_MS + round(asyncio.get_running_loop().time() * 1000)

    async def for_(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.poller.run()

    def of(self, name: str) -> list[Observation]:
        return [observation for observation in self.found if observation.station == name]


def test_a_station_is_read_through_real_registers() -> None:
    values = {name: 1.0 + n / 10 for n, name in enumerate(CABINET.determinands)}
    image = encode(CABINET, values, StationState.MAINTENANCE)
    words = [image.get((3, address), 0) for address in range(22)]
    found: list[Observation] = []
    first = asyncio.Event()

    async def sink(observation: Observation) -> None:
        found.append(observation)
        first.set()

    async def work() -> None:
        async with real_server({7: words}) as endpoint, Bus(endpoint) as bus:
            poller = Poller(bus, [(station(7), CABINET)], sink, lambda: EPOCH_MS)
            task = asyncio.create_task(poller.run())
            await asyncio.wait_for(first.wait(), 20)
            task.cancel()
            assert poller.states[0].answered_ms == EPOCH_MS

    asyncio.run(work())
    assert found == [
        Observation(
            "S7", EPOCH_MS, {name: (value, Quality.NOT_EVALUATED) for name, value in values.items()},
            StationState.MAINTENANCE,
        )
    ]  # fmt: skip


def test_first_at_once_then_every_period_spread_over_it() -> None:
    async def work() -> None:
        bus = FakeBus()
        run = Run(bus, [station(n) for n in range(1, 7)])
        start = asyncio.get_running_loop().time()
        await run.for_(600)
        seconds = sorted(time % 60 for n in range(1, 7) for time in bus.times(n)[-1:])
        gaps = pauses(seconds)
        assert gaps == pytest.approx([10.0] * 5, abs=0.5)
        for n in range(1, 7):
            times = bus.times(n)
            assert times[0] - start < 1
            assert 0 < times[1] - times[0] <= 60.1
            assert pauses(times[1:]) == pytest.approx([60.0] * 9, abs=0.1)

    run_jumping(work())


def test_the_time_stamp_is_the_midpoint_of_request_and_answer() -> None:
    async def work() -> None:
        run = Run(FakeBus(delay_s=0.5), [station(1)])
        begin_ms = run.now_ms()
        await run.for_(5)
        (observation,) = run.found
        assert observation.time_ms == begin_ms + 500  # two blocks of half a second
        assert observation.values == {
            "ph": (7.0, Quality.NOT_EVALUATED), "turbidity": (800.0, Quality.NOT_EVALUATED),
        }  # fmt: skip

    run_jumping(work())


def test_absence_is_news_once_and_then_every_few_minutes() -> None:
    async def work() -> None:
        bus = FakeBus()
        run = Run(bus, [station(1)], Settings(absent_s=300, most_wait_s=120))
        start_ms = run.now_ms()
        bus.silent = {1}
        await run.for_(1000)
        news = [(o.time_ms - start_ms) / 1000 for o in run.found]
        assert news[0] < 2
        assert pauses(news) == pytest.approx([300.0] * 3, abs=61)
        for observation in run.found:
            assert observation.state is StationState.COMMUNICATION
            assert observation.values == {"ph": (None, Quality.MISSING), "turbidity": (None, Quality.MISSING)}
        (state,) = run.poller.states
        assert (state.answered_ms, state.reason) == (None, "timeout: unit 1")

    run_jumping(work())


def test_a_unit_that_comes_back_is_found_by_one_probe() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.silent = {1}
        run = Run(bus, [station(1)])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(3600)
        asked = [time for time, _, _ in bus.asked]
        waits = pauses(asked)
        assert max(waits) <= 660
        assert min(waits) > 5  # one question an attempt
        assert len(asked) < 13
        assert waits[-3:] == pytest.approx([600.0] * 3, abs=61)
        assert {address for _, _, address in bus.asked} == {0, 100}  # whatever it may be that it still answers
        bus.silent = set()
        before = len(run.found)
        await asyncio.sleep(661)
        task.cancel()
        back = [o for o in run.found[before:] if o.state is StationState.NORMAL]
        assert back
        assert run.poller.states[0].failures == 0

    run_jumping(work())


def test_one_lost_frame_opens_nothing() -> None:
    async def work() -> None:
        bus = FakeBus()
        run = Run(bus, [station(1)])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(150)
        polls = len(bus.times(1))
        bus.silent = {1}
        while len(bus.times(1)) == polls:
            await asyncio.sleep(1)
        bus.silent = set()
        await asyncio.sleep(120)
        task.cancel()
        assert len(bus.times(1)) == polls + 3
        assert [o.state for o in run.found[-3:]] == ["B", "N", "N"]

    run_jumping(work())


def test_one_dead_unit_of_ten_costs_the_others_little() -> None:
    async def work() -> None:
        bus = FakeBus(delay_s=0.02)
        bus.silent = {4}
        run = Run(bus, [station(n, period_s=1.0) for n in range(1, 11)])
        await run.for_(600)
        for n in (1, 2, 3, 5, 6, 7, 8, 9, 10):
            kept = [o for o in run.of(f"S{n}") if o.state is StationState.NORMAL]
            assert len(kept) >= 0.95 * 600

    run_jumping(work())


def test_a_bus_that_is_gone_is_tried_once_for_all_its_units() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.gone = "unreachable"
        run = Run(bus, [station(n) for n in range(1, 21)])
        start = asyncio.get_running_loop().time()
        await run.for_(30)
        assert len(bus.asked) == 1
        assert {o.station for o in run.found} == {f"S{n}" for n in range(1, 21)}
        assert all((o.time_ms - EPOCH_MS) / 1000 - start < 4 for o in run.found)
        assert all(state.reason == "unreachable: the bus" for state in run.poller.states)

    run_jumping(work())


def test_missed_slots_are_skipped_not_made_up_for() -> None:
    async def work() -> None:
        bus = FakeBus(delay_s=1.3)  # two blocks: 2.6 s for a period of 1 s
        run = Run(bus, [station(1, period_s=1.0)])
        await run.for_(100)
        times = bus.times(1)
        gaps = pauses(times[1:])
        assert gaps == pytest.approx([3.0] * len(gaps))

    run_jumping(work())


def test_half_of_a_station_may_be_missing() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.refusing = {(1, 0)}
        run = Run(bus, [station(1)])
        await run.for_(5)
        (observation,) = run.found
        assert observation.state is StationState.NORMAL
        assert observation.values == {"ph": (None, Quality.MISSING), "turbidity": (800.0, Quality.NOT_EVALUATED)}

    run_jumping(work())


def test_a_block_that_is_never_answered_is_left_alone_and_found_again() -> None:
    """Some instruments answer nothing for registers that they do not have."""

    async def work() -> None:
        bus = FakeBus()
        bus.mute = {(1, 100)}
        run = Run(bus, [station(1, 10.0), station(2, 10.0)])
        await run.for_(1000)
        asked = [time for time, unit, address in bus.asked if (unit, address) == (1, 100)]
        assert len(asked) < 15, "of a hundred polls"
        assert len(run.of("S2")) >= 99
        last = run.of("S1")[-1]
        assert last.values == {"ph": (7.0, Quality.NOT_EVALUATED), "turbidity": (None, Quality.MISSING)}
        assert len(run.of("S1")) >= 99
        bus.mute.clear()
        run.found.clear()
        await run.for_(700)
        assert run.of("S1")[-1].values["turbidity"] == (800.0, Quality.NOT_EVALUATED)

    run_jumping(work())


def test_a_sink_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        bus = FakeBus()
        calls = 0

        async def sink(observation: Observation) -> None:
            nonlocal calls
            calls += 1
            raise OSError("no space left on device")

        poller = Poller(bus, [(station(1), SPLIT), (station(2), SPLIT)], sink, lambda: EPOCH_MS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(130):
                await poller.run()
        assert calls >= 4

    run_jumping(work())
    assert "no space left" in caplog.text


def test_two_gateways_with_the_same_unit_ids_do_not_affect_each_other() -> None:
    """One bus is dead, the other is not; both have units 1 to 5."""

    async def work() -> None:
        dead, sound = FakeBus(), FakeBus()
        dead.gone = "unreachable"
        here, there = (
            Run(dead, [station(n, 1.0) for n in range(1, 6)]),
            Run(sound, [station(n, 1.0) for n in range(1, 6)]),
        )
        await asyncio.gather(here.for_(100), there.for_(100))
        assert all(len(there.of(f"S{n}")) >= 99 for n in range(1, 6))
        assert {observation.state for observation in there.found} == {StationState.NORMAL}
        assert {observation.state for observation in here.found} == {StationState.COMMUNICATION}

    run_jumping(work())


def test_what_did_not_change_is_polled_on_as_if_nothing_had_happened() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.silent = {3}
        run = Run(bus, [station(n, 10.0) for n in (1, 2, 3)])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(100)
        before = {n: bus.times(n) for n in (1, 2, 3)}
        run.poller.apply([(station(n, 10.0), SPLIT) for n in (1, 3, 4)])
        await asyncio.sleep(100)
        task.cancel()
        assert len(bus.times(2)) == len(before[2]), "it is polled no more"
        assert pauses(bus.times(1)[1:]) == pytest.approx([10.0] * (len(bus.times(1)) - 2), abs=0.1)
        assert len(bus.times(3)) - len(before[3]) <= 2, "its breaker stays open"
        new = bus.times(4)
        assert new[0] - before[1][-1] < 10.1
        assert len(new) >= 9
        assert [state.station for state in run.poller.states] == ["S1", "S3", "S4"]

    run_jumping(work())


def test_an_edited_station_is_polled_at_once_with_what_is_known_about_its_unit() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.refusing = {(1, 0)}
        run = Run(bus, [station(1, 60.0), station(2, 60.0)])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(200)
        answered_ms = run.poller.states[0].answered_ms
        run.poller.apply([(station(1, 20.0), SPLIT), (station(2, 60.0), SPLIT)])
        assert run.poller.states[0].answered_ms == answered_ms
        first = len(bus.asked)
        await asyncio.sleep(0.5)
        assert {unit for _, unit, _ in bus.asked[first:]} == {1}
        await asyncio.sleep(100)
        task.cancel()
        assert len([1 for time, unit, address in bus.asked[first:] if (unit, address) == (1, 100)]) >= 5

    run_jumping(work())


def test_a_poller_waits_for_its_first_station() -> None:
    async def work() -> None:
        bus = FakeBus()
        run = Run(bus, [])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(100)
        assert bus.asked == []
        run.poller.apply([(station(1), SPLIT)])
        await asyncio.sleep(1)
        task.cancel()
        assert len(run.found) == 1
        assert run.poller.states[0].answered_ms is not None

    run_jumping(work())


def test_a_station_is_sampled_on_demand_whatever_its_breaker_says() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.silent = {1}
        run = Run(bus, [station(1), station(2)])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(3600)
        lost = await run.poller.sample("S1")
        assert (lost.state, lost.values["ph"]) == (StationState.COMMUNICATION, (None, Quality.MISSING))
        bus.silent = set()
        found = await run.poller.sample("S1")
        assert found.values["ph"] == (7.0, Quality.NOT_EVALUATED)
        assert run.found[-1] == found
        await asyncio.sleep(300)
        task.cancel()
        assert len(run.of("S1")) >= 5
        with pytest.raises(UsageError, match="S1, S2"):
            await run.poller.sample("S7")

    run_jumping(work())


def test_a_clock_that_is_not_believed_is_marked_on_every_observation() -> None:
    async def work() -> None:
        believed = True
        bus = FakeBus()
        bus.silent = {2}
        run = Run(bus, [])
        run.poller = Poller(
            bus, [(station(n, 10.0), SPLIT) for n in (1, 2)], run.sink, run.now_ms, Settings(absent_s=30),
            synchronised=lambda: believed,
        )  # fmt: skip
        await run.for_(100)
        sure = len(run.found)
        believed = False
        await run.for_(100)
        assert {o.synchronised for o in run.found[:sure]} == {True}
        assert {(o.station, o.synchronised) for o in run.found[sure:]} == {("S1", False), ("S2", False)}

    run_jumping(work())


def test_a_dtu_that_has_not_called_costs_no_pause() -> None:
    async def work() -> None:
        bus = FakeBus()
        bus.gone = "not dialled in"
        run = Run(bus, [station(1, 10.0)])
        task = asyncio.create_task(run.poller.run())
        await asyncio.sleep(1000)
        assert len(bus.asked) >= 99
        assert len(run.found) <= 5
        bus.gone = None
        await asyncio.sleep(12)
        task.cancel()
        assert run.found[-1].state is StationState.NORMAL

    run_jumping(work())


def test_the_profile_of_these_tests_needs_two_reads() -> None:
    assert [block.address for block in plan(SPLIT)] == [0, 100]
