"""Nothing is lost when the line, the platform, the store or the process fails."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.hj212 import Command, Frame, Registration
from collectors.hj212.source import Source
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.reading import Block
from tests.collectors.brokers import until
from tests.collectors.bureau import QUICK, Line, Platform, answer_to, chaos, platform
from tests.collectors.uplinks import DAY, hub, idle, run


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
