from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

from collectors.hj212.codes import COMMANDS_2025, Command
from collectors.hj212.frame import encode
from collectors.hj212.journal import Journal
from collectors.hj212.requests import Registration, Requests, Wishes
from collectors.hj212.segment import Flag, Frame, Group, Hj212Error
from collectors.hj212.source import Record, Source
from collectors.hj212.stream import FrameReader
from collectors.stores.sqlite import SqliteStore
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading

T = TypeVar("T")
DAY = 1_785_513_600_000  # midnight of 1 August 2026 in Shanghai
NOW = DAY + 12 * HOUR_MS
ME = Registration("S1", "320506000000000000000001", "654321")
QN = "20260801120000000"


async def run_here(work: Callable[[], T]) -> T:
    return work()


class Device:
    """The requests of one station, without a network."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "store.sqlite")
        self.journal = Journal(folder / "journal.sqlite")
        self.source = Source(self.store, "Asia/Shanghai")
        self.wishes = Wishes(lambda name, value: self.journal.set("S1", name, value), 0, False)
        numbers = count(20260801120000001)
        self.requests = Requests(
            ME, self.source, self.wishes, next_qn=lambda: str(next(numbers)), now_ms=lambda: NOW, run=run_here,
            minute_s=600, realtime_s=60,
        )  # fmt: skip
        self.sent: list[Frame] = []

    async def send(self, frame: Frame) -> None:
        encode(frame)
        self.sent.append(frame)

    def ask(self, cn: int, *cp: Group, **change: object) -> list[Frame]:
        """Answers to a request."""
        self.sent = []
        frame = Frame(cn, cp, QN, 21, ME.password, ME.mn, Flag(answer=True))
        asyncio.run(self.requests.answer(replace(frame, **change), self.send))  # type: ignore[arg-type]
        return self.sent


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path)
    for minute in range(0, 180, 5):
        readings = [
            Reading("S1", key, DAY + minute * MINUTE_MS, 7.0 + minute / 1000, Quality.GOOD) for key in ("ph", "mercury")
        ]
        device.store.write(Block.of(readings))
    yield device
    device.journal.close()
    device.store.close()


def said(frames: list[Frame]) -> list[tuple[int | None, str | None]]:
    """Command and code of each answer."""
    return [(frame.cn, frame.value("QnRtn") or frame.value("ExeRtn")) for frame in frames]


def between(begin: str, end: str) -> tuple[Group, ...]:
    return ((("BeginTime", begin), ("EndTime", end)),)


def test_answers_carry_the_name_of_the_exchange_and_ask_for_nothing(device: Device) -> None:
    frames = device.ask(Command.GET_TIME)
    assert said(frames) == [(9011, "1"), (1011, None), (9012, "1")]
    assert {frame.qn for frame in frames} == {QN}
    assert [frame.st for frame in frames] == [91, 21, 91]
    assert {(frame.mn, frame.pw, frame.flag) for frame in frames} == {(ME.mn, "654321", Flag())}
    assert frames[1].value("SystemTime") == "20260801120000"


def test_the_time_of_an_instrument_is_not_known(device: Device) -> None:
    assert said(device.ask(Command.GET_TIME, (("PolId", "w01018"),))) == [(9011, "1"), (9012, "3")]


def test_intervals(device: Device) -> None:
    assert device.ask(Command.GET_REALTIME_INTERVAL)[1].value("RtdInterval") == "60"
    assert said(device.ask(Command.SET_REALTIME_INTERVAL, (("RtdInterval", "300"),))) == [(9011, "1"), (9012, "1")]
    assert device.ask(Command.GET_REALTIME_INTERVAL)[1].value("RtdInterval") == "300"
    assert device.journal.setting("S1", "interval_s", 0) == device.wishes.interval_s == 300
    assert device.ask(Command.GET_MINUTE_INTERVAL)[1].value("MinInterval") == "10"


@pytest.mark.parametrize("interval", ["30", "3600"])
def test_the_limits_of_the_interval_are_allowed(device: Device, interval: str) -> None:
    assert said(device.ask(Command.SET_REALTIME_INTERVAL, (("RtdInterval", interval),)))[-1] == (9012, "1")


@pytest.mark.parametrize("interval", ["29", "3601", "", "x", "-60", "６０", "99999999999999999999"])
def test_other_intervals_are_a_wrong_condition(device: Device, interval: str) -> None:
    answers = said(device.ask(Command.SET_REALTIME_INTERVAL, (("RtdInterval", interval),)))
    assert answers == [(9011, "1"), (9012, "3")]
    assert device.wishes.interval_s == 0


def test_real_time_data_are_stopped_and_asked_for_again(device: Device) -> None:
    assert said(device.ask(Command.STOP_REALTIME)) == [(9013, None)]
    assert device.wishes.stopped
    assert device.journal.setting("S1", "stopped", 0) == 1
    assert said(device.ask(Command.REALTIME)) == [(9011, "1"), (9012, "1")]
    assert not device.wishes.stopped
    assert device.journal.setting("S1", "stopped", 1) == 0


def test_history_is_sent_between_answer_and_result(device: Device) -> None:
    frames = device.ask(Command.HOUR, *between("20260801000000", "20260801010000"))
    assert said(frames) == [(9011, "1"), (2061, None), (2061, None), (9012, "1")]
    hours = frames[1:-1]
    assert [hour.value("DataTime") for hour in hours] == ["20260801000000", "20260801010000"]
    assert hours[0].value("w01001-Avg") == "7.03"
    assert {hour.flag for hour in hours} == {Flag()}
    assert len({frame.qn for frame in frames}) == 3


def test_begin_and_end_may_stand_in_one_group_or_two(device: Device) -> None:
    apart = ((("BeginTime", "20260801000000"),), (("EndTime", "20260801000000"),))
    [_, minute, _] = device.ask(Command.MINUTE, *apart)
    assert minute.value("DataTime") == "20260801000000"
    assert minute.value("w01001-Max") == "7.00"


def test_history_has_complete_periods_only(device: Device) -> None:
    assert said(device.ask(Command.DAY, *between("20260701000000", "20300101000000"))) == [(9011, "1"), (9012, "100")]
    assert len(device.ask(Command.HOUR, *between("20260701000000", "99991231235959"))) == 2 + 3
    assert len(device.ask(Command.MINUTE, *between("20260801000001", "20260801005959"))) == 2 + 5


@pytest.mark.parametrize(
    "cp",
    [
        (), ((("BeginTime", "20260801000000"),),), between("x", "20260801000000"),
        between("20260801000001", "20260801000000"), between("20260801", "20260802"),
    ],
)  # fmt: skip
def test_history_without_a_sound_time_is_a_wrong_condition(device: Device, cp: tuple[Group, ...]) -> None:
    assert said(device.ask(Command.HOUR, *cp)) == [(9011, "1"), (9012, "3")]


@pytest.mark.parametrize("cn", sorted(set(Command) - {2012} - {2051, 2061, 2031, 2011, 1011, 1061, 1062, 1063}))
def test_what_touches_instruments_is_refused(device: Device, cn: int) -> None:
    if cn < 9000:
        assert said(device.ask(cn, (("PolId", "w01018"),))) == [(9011, "2")]


@pytest.mark.parametrize("cn", [*sorted(COMMANDS_2025 - {9015}), 1234, 3999])
def test_what_the_standard_does_not_know_is_a_wrong_command(device: Device, cn: int) -> None:
    assert said(device.ask(cn)) == [(9011, "8")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mn": "320506000000000000000002"}, "4"), ({"pw": "123456"}, "3"), ({"st": 32}, "5"),
        ({"qn": None}, "7"), ({"mn": "x", "pw": "x", "st": 1}, "4"),
    ],
)  # fmt: skip
def test_requests_of_strangers_are_refused(device: Device, change: dict[str, object], code: str) -> None:
    assert said(device.ask(Command.STOP_REALTIME, **change)) == [(9011, code)]
    assert not device.wishes.stopped


def test_a_request_that_wants_no_answer_gets_data_only(device: Device) -> None:
    assert said(device.ask(Command.GET_TIME, flag=Flag())) == [(1011, None)]
    assert device.ask(Command.STOP_REALTIME, flag=Flag()) == []
    assert device.wishes.stopped
    assert device.ask(Command.GET_TIME, flag=None) == []


def test_a_request_with_system_code_91_is_taken(device: Device) -> None:
    assert said(device.ask(Command.STOP_REALTIME, st=91)) == [(9013, None)]


def test_a_store_that_fails_is_a_fault(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Record]:
        raise StoreError("busy", retryable=True)

    monkeypatch.setattr(device.source, "records", broken)
    answers = said(device.ask(Command.HOUR, *between("20260801000000", "20260801010000")))
    assert answers == [(9011, "1"), (9012, "6")]
    assert said(device.ask(Command.GET_TIME))[-1] == (9012, "1")


def test_one_history_at_a_time(device: Device) -> None:
    async def play() -> None:
        free = asyncio.Event()

        async def slow(frame: Frame) -> None:
            await device.send(frame)
            if frame.cn == Command.HOUR:
                await free.wait()

        cp = between("20260801000000", "20260801010000")
        first = Frame(Command.HOUR, cp, QN, 21, ME.password, ME.mn, Flag(answer=True))
        running = asyncio.create_task(device.requests.answer(first, slow))
        while len(device.sent) < 2:
            await asyncio.sleep(0)
        # Sent again because the answer was lost: answered again, done once.
        await device.requests.answer(first, device.send)
        assert said(device.sent) == [(9011, "1"), (2061, None), (9011, "1")]
        await device.requests.answer(replace(first, qn="20260801120000009"), device.send)
        assert said(device.sent)[3:] == [(9011, "1"), (9012, "5")]
        free.set()
        await running
        assert said(device.sent)[5:] == [(2061, None), (9012, "1")]

    asyncio.run(play())


def test_a_request_with_a_wrong_checksum_is_asked_for_again(device: Device) -> None:
    data = encode(Frame(Command.STOP_REALTIME, (), QN, 21, ME.password, ME.mn, Flag(answer=True)))

    def hear(data: bytes) -> list[Frame]:
        [error] = FrameReader().feed(data)
        assert isinstance(error, Hj212Error)
        device.sent = []
        asyncio.run(device.requests.refuse_broken(error, device.send))
        return device.sent

    assert said(hear(data[:-6] + b"FFFF\r\n")) == [(9011, "9")]
    assert not device.wishes.stopped
    assert hear(data.replace(b"MN=3", b"MN=4")) == []
    assert hear(data.replace(b"CP", b"XP")) == []
    assert hear(b"noise") == []
    answer = encode(Frame(9014, (), QN, 91, ME.password, ME.mn, Flag(answer=True)))
    assert hear(answer[:-6] + b"FFFF\r\n") == []
