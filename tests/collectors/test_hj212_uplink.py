from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.hj212 import Command, Flag, Frame, Hj212Uplink, Reach, Registration, Result
from collectors.hj212.data import CODED
from collectors.hj212.frame import encode
from collectors.hj212.segment import encode_cp
from collectors.hj212.source import Source
from collectors.hj212.times import DAY_MS, HOUR_MS, MINUTE_MS
from collectors.stores.sqlite import SqliteStore
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading, StationState
from tests.collectors.brokers import until
from tests.collectors.bureau import HOST, QUICK, Held, Line, Platform, answer_to, chaos, platform, request

DAY = 1_785_513_600_000  # midnight of 1 August 2026 in Shanghai
MN = "320506000000000000000001"
KINDS = (2011, 2051, 2061, 2031)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 100))


class Flaky(SqliteStore):
    """A store that fails a share of the reads."""

    share = 0.0
    source = random.Random(5)

    def range(self, *arguments: Any) -> Block:
        if self.source.random() < self.share:
            raise StoreError("busy", retryable=True)
        return super().range(*arguments)


class Hub:
    """A store, a clock, and an uplink that can be started and stopped."""

    def __init__(self, folder: Path, stations: int = 1) -> None:
        self.folder = folder
        self.stations = [Registration(f"S{n}", MN[:-1] + str(n)) for n in range(stations)]
        self.store = Flaky(folder / "store.sqlite")
        self.now = DAY

    @asynccontextmanager
    async def uplink(self, port: int, **more: Any) -> Any:
        settings: dict[str, Any] = {"timezone": "Asia/Shanghai", "since_ms": DAY, "timing": QUICK}
        async with Hj212Uplink(
            HOST, port, self.stations, self.store, self.folder / "journal.sqlite",
            now_ms=lambda: self.now, **settings | more,
        ) as uplink:  # fmt: skip
            yield uplink

    def put(self, *times: int, station: str = "S0", value: float = 7.0, keys: tuple[str, ...] = ("ph",)) -> Block:
        block = Block.of([Reading(station, key, time, value, Quality.GOOD) for time in times for key in keys])
        self.store.write(block)
        return block

    def expected(self, kinds: tuple[int, ...] = KINDS) -> Held:
        """What a platform should have by now."""
        source = Source(self.store, "Asia/Shanghai")
        found: Held = {}
        for station in self.stations:
            for cn in kinds:
                settle_ms = 0 if cn == 2011 else Reach().settle_ms
                for record in source.records(station.station, cn, DAY, source.complete(cn, self.now - settle_ms)):
                    found[station.mn, cn, source.local.text(record.time_ms)] = encode_cp(record.cp)
        return found


@contextmanager
def hub(folder: Path, stations: int = 1) -> Iterator[Hub]:
    made = Hub(folder, stations)
    try:
        yield made
    finally:
        made.store.close()


def idle(uplink: Hj212Uplink) -> bool:
    return all(state.idle for state in uplink.states)


def test_the_platform_gets_all_four_kinds(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.now = DAY + DAY_MS + HOUR_MS
            here.put(*range(DAY, here.now, 20 * MINUTE_MS), keys=("ph", "dissolved_oxygen"))
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink))
                assert there.held == here.expected()
                assert counts(there) == {2011: 75, 2051: 75, 2061: 24, 2031: 1}
                assert set(there.times.values()) == {1}
                [state] = uplink.states
                assert (state.acked, state.acked_ms, state.connections, state.error) == (175, here.now, 1, "")
            hours = [frame for frame in there.heard if frame.cn == 2061]
            assert [frame.value("DataTime") for frame in hours[:2]] == ["20260801000000", "20260801010000"]
            assert len({frame.qn for frame in there.heard}) == 175
            assert {(f.st, f.pw, f.mn, f.flag) for f in there.heard} == {
                (21, "123456", here.stations[0].mn, Flag(answer=True))
            }

    run(play())


def counts(there: Platform) -> dict[int, int]:
    return {cn: sum(key[1] == cn for key in there.held) for cn in KINDS}


def test_new_and_late_and_revised_readings_follow(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            async with platform() as there, here.uplink(there.port) as uplink:
                for minute in (0, 1, 65, 30):
                    here.now = max(here.now, DAY + minute * MINUTE_MS)
                    uplink.changed(here.put(DAY + minute * MINUTE_MS, value=7.0 + minute / 100))
                    await until(lambda: idle(uplink))
                    assert there.held == here.expected()
                uplink.changed(here.put(DAY, value=6.0))
                await until(lambda: idle(uplink))
                assert there.held == here.expected()
                assert there.held[here.stations[0].mn, 2061, "20260801000000"].startswith(
                    "DataTime=20260801000000;w01001-Min=6.00"
                )
                unchanged = there.times[here.stations[0].mn, 2011, "20260801000100"]
                assert unchanged == 1

    run(play())


def test_nobody_has_to_tell_of_new_readings(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink))
                here.now += MINUTE_MS
                here.put(DAY + 1)
                await until(lambda: there.held)
                assert there.held == here.expected()

    run(play())


def test_one_connection_for_each_station(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path, 3) as here:
            here.now = DAY + HOUR_MS
            for n in range(3):
                here.put(DAY + n, station=f"S{n}")
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink) and len(there.lines) == 3)
                assert there.held == here.expected()
                assert sorted({frame.mn for frame in line.heard} for line in there.lines) == sorted(
                    {station.mn} for station in here.stations
                )

    run(play())


def test_long_messages_are_split_and_every_packet_is_answered(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            keys = CODED
            here.now = DAY + 2 * HOUR_MS
            here.put(DAY, keys=keys, value=0.1)

            seen: set[tuple[int | None, int | None]] = set()

            def forgetful(there: Platform, line: Line, frame: Frame) -> None:
                """Do not answer a packet when it comes for the first time."""
                if (frame.cn, frame.pno) in seen:
                    there.take(line, frame)
                seen.add((frame.cn, frame.pno))

            timing = replace(QUICK, answer_s=0.03)
            async with platform(forgetful) as there, here.uplink(there.port, timing=timing) as uplink:
                await until(lambda: idle(uplink))
                assert there.held == here.expected()
                hours = [frame for frame in there.heard if frame.cn == 2061]
                assert {frame.pnum for frame in hours} == {3}
                assert {frame.pno for frame in hours} == {1, 2, 3}
                assert {frame.flag for frame in hours} == {Flag(parts=True, answer=True)}
                assert all(frame.value("DataTime") for frame in hours)

    run(play())


def test_without_an_answer_the_same_bytes_come_again_and_then_another_connection(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.put(DAY)
            timing = replace(QUICK, answer_s=0.02)
            async with platform(lambda *_: None) as there, here.uplink(there.port, timing=timing) as uplink:
                await until(lambda: there.connections >= 3)
                assert uplink.states[0].acked == 0
                assert "no answer" in uplink.states[0].error or uplink.states[0].connected
                there.behave = Platform.take
                await until(lambda: idle(uplink))
                assert there.held == here.expected()
                assert uplink.states[0].resent >= 4
            names = [frame.qn for frame in there.heard]
            assert names[0] == names[1] == names[2] != names[3] == names[4]

    run(play())


@pytest.mark.parametrize("cn", [Command.DATA_ANSWER, Command.NOTICE_ANSWER])
def test_either_answer_is_good(tmp_path: Path, cn: int) -> None:
    def behave(there: Platform, line: Line, frame: Frame) -> None:
        there.keep(line, frame)
        line.say(answer_to(frame, cn))

    async def play() -> None:
        with hub(tmp_path) as here:
            here.put(DAY)
            async with platform(behave) as there, here.uplink(there.port) as uplink:
                await until(lambda: uplink.states[0].acked == 1)
                assert set(there.times.values()) == {1}

    run(play())


@pytest.mark.parametrize(
    "answer",
    [
        lambda frame: [],
        lambda frame: [replace(answer_to(frame), qn="20000101000000000")],
        lambda frame: [replace(answer_to(frame), qn=None)],
        lambda frame: [answer_to(frame, Command.REQUEST_ANSWER, QnRtn=1)],
        lambda frame: [answer_to(frame, Command.RESULT, ExeRtn=1)],
        lambda frame: [Frame()],
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(tmp_path: Path, answer: Callable[[Frame], list[Frame]]) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.put(DAY)

            def behave(there: Platform, line: Line, frame: Frame) -> None:
                for one in answer(frame):
                    line.say(one)

            timing = replace(QUICK, answer_s=0.02)
            async with platform(behave) as there, here.uplink(there.port, timing=timing) as uplink:
                await until(lambda: there.connections >= 2)
                assert uplink.states[0].acked == 0

    run(play())


def test_a_platform_that_does_not_know_the_station_is_told_of(tmp_path: Path) -> None:
    def refuse(there: Platform, line: Line, frame: Frame) -> None:
        line.say(answer_to(frame, Command.REQUEST_ANSWER, QnRtn=4))

    async def play() -> None:
        with hub(tmp_path) as here:
            here.put(DAY)
            async with platform(refuse) as there, here.uplink(there.port) as uplink:
                await until(lambda: len(there.heard) > 3)
                assert uplink.states[0].error == "the platform refuses 2011: wrong mn"
                assert there.connections == 1
                there.behave = Platform.take
                await until(lambda: idle(uplink))
                assert uplink.states[0].error == ""
                assert there.held == here.expected()

    run(play())


@pytest.mark.parametrize("refuse", [True, False])
def test_one_record_that_is_not_taken_holds_up_no_other(tmp_path: Path, refuse: bool) -> None:
    """And comes again, and is taken in the end."""
    poison = True

    def picky(there: Platform, line: Line, frame: Frame) -> None:
        if poison and frame.value("DataTime") == "20260801000000" and frame.cn == 2011:
            if refuse:
                line.say(answer_to(frame, Command.REQUEST_ANSWER, QnRtn=2))
        else:
            there.take(line, frame)

    async def play() -> None:
        nonlocal poison
        with hub(tmp_path) as here:
            here.now = DAY + 3 * HOUR_MS
            here.put(*range(DAY, here.now, 10 * MINUTE_MS))
            timing = replace(QUICK, answer_s=0.05, resends=0)
            async with platform(picky) as there, here.uplink(there.port, timing=timing) as uplink:
                await until(lambda: idle(uplink))
                missing = here.expected().keys() - there.held.keys()
                assert missing == {(here.stations[0].mn, 2011, "20260801000000")}
                assert uplink.states[0].owed == 1
                poison = False
                here.now += 11 * MINUTE_MS
                uplink.changed(Block())
                await until(lambda: there.held == here.expected())
                await until(lambda: idle(uplink))
                assert uplink.states[0].owed == 0

    run(play())


def test_a_platform_that_is_down_loses_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink))
                await there.stop()
                for minute in range(90):
                    here.now = DAY + minute * MINUTE_MS
                    uplink.changed(here.put(here.now))
                await until(lambda: "refused" in uplink.states[0].error.lower() or "111" in uplink.states[0].error)
                assert not uplink.states[0].connected
                await there.start()
                await until(lambda: idle(uplink) and uplink.states[0].connected)
                assert there.held == here.expected()

    run(play())


def test_a_store_that_fails_loses_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.now = DAY + 4 * HOUR_MS
            here.put(*range(DAY, here.now, 10 * MINUTE_MS))
            here.store.share = 0.5
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink))
                here.store.share = 0.0
                assert there.held == here.expected()

    run(play())


def test_nothing_is_lost_on_a_bad_day(tmp_path: Path) -> None:
    """Everything at once, restarts included; and what is taken is what the store has."""
    source = random.Random(7)

    async def play() -> None:
        with hub(tmp_path, 3) as here:
            timing = replace(QUICK, answer_s=0.03)
            async with platform(chaos(7)) as there:
                for life in range(6):
                    async with here.uplink(there.port, timing=timing) as uplink:
                        for step in range(20):
                            here.now = DAY + (life * 20 + step) * 3 * MINUTE_MS
                            for n in range(3):
                                time = here.now if source.random() < 0.8 else here.now - source.randrange(HOUR_MS)
                                value = round(source.uniform(6, 9), 2)
                                block = here.put(max(time, DAY), station=f"S{n}", value=value)
                                if source.random() < 0.8:
                                    uplink.changed(block)
                            await asyncio.sleep(0)
                        await until(lambda life=life, uplink=uplink: sum(s.acked for s in uplink.states) > 10 * life)
                        if life == 3:
                            await there.stop()
                            await there.start()
                here.now += HOUR_MS
                async with here.uplink(there.port, timing=timing) as uplink:

                    def whole() -> bool:
                        if not idle(uplink):
                            return False
                        if any(state.owed for state in uplink.states):
                            here.now += MINUTE_MS  # refused three times in a row: they come again after a pause
                            return False
                        return there.held == here.expected()

                    await until(whole, 60)
                assert there.broken == []
                assert there.connections > 20

    run(play())


def test_an_uplink_that_takes_silence_for_an_answer_would_be_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before."""

    async def trusting(self: Any, frame: Frame) -> None:
        await self.send(frame)

    monkeypatch.setattr("collectors.hj212.connection.Connection.ask", trusting)

    async def play() -> None:
        with hub(tmp_path) as here:
            here.now = DAY + 5 * HOUR_MS
            here.put(*range(DAY, here.now, MINUTE_MS))
            async with platform(chaos(7)) as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink))
                assert len(there.held) < len(here.expected())

    run(play())


def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with hub(tmp_path, 2) as here:
        here.stations = [Registration(f"S{n}", f"{n:024d}") for n in range(2)]
        here.now = DAY + 20 * HOUR_MS
        for n in range(2):
            here.put(*range(DAY + n, here.now, 5 * MINUTE_MS), station=f"S{n}")
        wanted = here.expected()

        async def play() -> None:
            code = "import sys, tests.collectors.bureau as b; b.report(*sys.argv[1:3], *map(int, sys.argv[3:]))"
            async with platform() as there:
                arguments = map(str, (here.folder / "store.sqlite", tmp_path / "j", there.port, DAY, here.now, 2))
                command = [sys.executable, "-c", code, *arguments]
                for kill_at in (50, 300, 500):
                    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2])
                    await until(lambda kill_at=kill_at: len(there.held) >= kill_at)
                    process.kill()
                    process.wait()
                process = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2])
                await until(lambda: there.held == wanted)
                process.kill()
                process.wait()
                # At most what was under way at each kill came twice: one record for each station.
                assert sum(there.times.values()) <= len(wanted) + 2 * 3

        run(play())


def test_requests_are_answered_while_data_flow(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.now = DAY + 6 * HOUR_MS
            here.put(*range(DAY, here.now, MINUTE_MS))
            mn = here.stations[0].mn
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: there.held)
                [line] = there.lines
                line.say(request(Command.GET_TIME, mn, "20250801060000001"))
                line.say(
                    request(Command.HOUR, mn, "20250801060000002", BeginTime="20260801010000", EndTime="20260801020000")
                )
                line.say(request(Command.CALIBRATE, mn, "20250801060000003", PolId="w01018"))
                line.writer.write(encode(request(Command.STOP_REALTIME, mn, "20250801060000004"))[:-6] + b"FFFF\r\n")
                await until(lambda: idle(uplink))

                def answers(qn: int) -> list[tuple[int | None, str | None]]:
                    name = f"2025080106000000{qn}"
                    return [(f.cn, f.value("QnRtn") or f.value("ExeRtn")) for f in there.heard if f.qn == name]

                await until(lambda: len(answers(2)) == 2)
                assert answers(1) == [(9011, "1"), (1011, None), (9012, "1")]
                assert answers(2) == [(9011, "1"), (9012, str(int(Result.DONE)))]
                assert answers(3) == [(9011, "2")]
                assert answers(4) == [(9011, "9")]
                asked = [frame for frame in there.heard if frame.cn == 2061 and not frame.wants_answer]
                assert [frame.value("DataTime") for frame in asked] == ["20260801010000", "20260801020000"]
                assert there.held == here.expected()

    run(play())


def test_stopped_real_time_data_wait_and_are_not_lost(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            mn = here.stations[0].mn
            async with platform() as there:
                async with here.uplink(there.port) as uplink:
                    await until(lambda: there.lines and idle(uplink))
                    there.lines[0].say(request(Command.STOP_REALTIME, mn, "20260801000000001"))
                    await until(lambda: uplink.states[0].stopped)
                    here.now = DAY + 65 * MINUTE_MS
                    uplink.changed(here.put(*range(DAY, here.now, 5 * MINUTE_MS)))
                    await until(lambda: idle(uplink) and len(there.held) == 6 + 1)
                    assert there.held == here.expected((2051, 2061))
                async with here.uplink(there.port) as uplink:
                    await until(lambda: there.lines and idle(uplink))
                    assert uplink.states[0].stopped
                    there.lines[0].say(request(Command.REALTIME, mn, "20260801000000002"))
                    await until(lambda: there.held == here.expected())

    run(play())


def test_an_interval_that_the_platform_sets_is_kept(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            mn = here.stations[0].mn
            async with platform() as there:
                async with here.uplink(there.port, kinds=[2011]):
                    await until(lambda: there.lines)
                    there.lines[0].say(request(1062, mn, "20260801000000001", RtdInterval="300"))
                    await until(lambda: any(frame.cn == 9012 for frame in there.heard))
                here.now = DAY + HOUR_MS
                here.put(*range(DAY, here.now, MINUTE_MS))
                async with here.uplink(there.port, kinds=[2011]) as uplink:
                    await until(lambda: idle(uplink))
                    assert len(there.held) == 12

    run(play())


def test_without_a_beginning_it_begins_now(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.now = DAY + 90 * MINUTE_MS
            here.put(DAY, DAY + 65 * MINUTE_MS, here.now)
            async with platform() as there, here.uplink(there.port, since_ms=None) as uplink:
                here.now += HOUR_MS
                uplink.changed(Block())
                await until(lambda: idle(uplink) and len(there.held) == 3)
                times = sorted((cn, time) for _, cn, time in there.held)
                assert times == [(2011, "20260801013000"), (2051, "20260801013000"), (2061, "20260801010000")]

    run(play())


def test_a_bug_in_one_link_ends_no_other_and_not_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        with hub(tmp_path, 2) as here:
            for n in range(2):
                here.put(DAY, station=f"S{n}")
            whole = Source.records

            def buggy(self: Source, station: str, *arguments: Any) -> Any:
                if station == "S0":
                    raise RuntimeError("a bug")
                return whole(self, station, *arguments)

            async with platform() as there, here.uplink(there.port) as uplink:
                with monkeypatch.context() as patch:
                    patch.setattr(Source, "records", buggy)
                    uplink.changed(here.put(DAY, station="S0", value=8.0))
                    await until(lambda: "a bug" in uplink.states[0].error and uplink.states[1].idle)
                await until(lambda: idle(uplink))
                assert there.held == here.expected()

    run(play())


def test_stations_may_not_share_a_number(tmp_path: Path) -> None:
    with hub(tmp_path, 2) as here, pytest.raises(ValueError, match="there twice"):
        Hj212Uplink(
            HOST, 1, [replace(station, mn=MN) for station in here.stations], here.store, tmp_path / "j",
            timezone="Asia/Shanghai", now_ms=lambda: 0,
        )  # fmt: skip


def test_two_uplinks_may_not_share_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.hj212.journal.LOCK_S", 0.01)

    async def play() -> None:
        with hub(tmp_path) as here:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(here.uplink(1))
                with pytest.raises(StoreError, match="locked"):
                    await stack.enter_async_context(here.uplink(1))
            async with here.uplink(1):
                pass

    run(play())


def test_states_and_gaps_reach_the_platform(tmp_path: Path) -> None:
    async def play() -> None:
        with hub(tmp_path) as here:
            here.store.write(
                Block.of(
                    [
                        Reading("S0", "ph", DAY, 7.0, Quality.GOOD, StationState.MAINTENANCE),
                        Reading("S0", "dissolved_oxygen", DAY, None, Quality.MISSING),
                    ]
                )
            )
            async with platform() as there, here.uplink(there.port) as uplink:
                await until(lambda: idle(uplink))
                assert list(there.held.values()) == [
                    "DataTime=20260801000000;w01001-Rtd=7.00,w01001-Flag=M;w01009-Flag=B"
                ]

    run(play())
