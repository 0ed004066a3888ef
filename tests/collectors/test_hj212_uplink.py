"""The platform gets what the store has, as the protocol wants it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.hj212 import Command, Flag, Frame, Hj212Uplink, Result
from collectors.hj212.data import CODED
from collectors.hj212.frame import encode
from sensors.durations import DAY_MS, HOUR_MS, MINUTE_MS
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading, StationState
from tests.collectors.brokers import until
from tests.collectors.bureau import HOST, QUICK, Line, Platform, answer_to, platform, request
from tests.collectors.uplinks import DAY, MN, counts, hub, idle, run


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
