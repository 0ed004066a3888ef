from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from dashboard.alerts.channels.base import Answer, Channel, Told
from dashboard.alerts.sender import Office, Pace, Sender, try_once
from dashboard.alerts.settings import OutboxSettings
from tests.dashboard.alerts.staged import NOW_MS, Recorder, messages, see, wanted


@dataclass
class Hanging:
    per_minute: int = 1000
    begun: int = 0

    async def send(self, address: str, told: Told) -> Answer:
        self.begun += 1
        await asyncio.Event().wait()
        raise AssertionError


@dataclass
class Broken:
    per_minute: int = 1000
    tries: list[str] = field(default_factory=list)

    async def send(self, address: str, told: Told) -> Answer:
        self.tries.append(address)
        raise ValueError("k3y")


def run(office: Office, until: Callable[[], bool], clock: Callable[[], int]) -> Sender:
    """Run a sender until something is so."""

    async def main() -> Sender:
        stop = asyncio.Event()
        sender = Sender(office, clock)
        task = asyncio.create_task(sender.run(stop))
        async with asyncio.timeout(20):
            while not until():
                sender.wake()
                await asyncio.sleep(0.01)
        stop.set()
        await task
        return sender

    return asyncio.run(main())


def ticking() -> Callable[[], int]:
    begun = time.monotonic()
    return lambda: NOW_MS + round((time.monotonic() - begun) * 1000)


def with_channels(office: Office, outbox: OutboxSettings | None = None, **channels: Channel) -> Office:
    settings = replace(office.settings, outbox=outbox or office.settings.outbox)
    return replace(office, settings=settings, outside=replace(office.outside, channels=channels))


def test_a_channel_that_hangs_holds_up_no_other(sqlite_office: Office) -> None:
    hanging, mail = Hanging(), Recorder()
    office = with_channels(sqlite_office, OutboxSettings(timeout_s=0.05, first_s=5), chat=hanging, mail=mail)
    see(office, NOW_MS, wanted())
    run(office, lambda: ("li", "mail", "raised-1", "sent") in messages(office) and hanging.begun > 0, ticking())
    assert [address for address, _ in mail.sent] == ["li@a.example"]
    assert ("li", "chat", "raised-1", "waiting") in messages(office)


def test_a_channel_with_a_fault_of_ours_is_given_up_after_its_tries(sqlite_office: Office, caplog) -> None:
    broken = Broken()
    office = with_channels(sqlite_office, OutboxSettings(attempts=3, first_s=0.01), chat=broken, mail=Recorder())
    see(office, NOW_MS, wanted())
    run(office, lambda: ("li", "chat", "raised-1", "dead") in messages(office), ticking())
    assert broken.tries == ["153-li"] * 3


def test_what_is_due_is_sent_and_remembered(sqlite_office: Office) -> None:
    chat = Recorder()
    office = with_channels(sqlite_office, chat=chat, mail=Recorder())
    see(office, NOW_MS, wanted(text="line"))
    sender = run(office, lambda: {state for *_, state in messages(office)} == {"sent"}, ticking())
    [(address, told)] = chat.sent
    assert address == "153-li"
    assert told.lines == ("line", "Since 2026-11-23 08:00")
    assert told.link.startswith("https://board.example/alert/")
    assert sender.last["chat"].ok


def test_messages_of_no_channel_go_to_the_dead(sqlite_office: Office) -> None:
    see(sqlite_office, NOW_MS, wanted())
    office = with_channels(sqlite_office, mail=Recorder())
    run(office, lambda: ("li", "chat", "raised-1", "dead") in messages(office), ticking())


def test_a_try_always_ends_in_an_answer() -> None:
    told = Told.of("1", "info", "t", [])
    assert asyncio.run(try_once(Hanging(), "a", told, 0.01)) == Answer(False, "no answer in 0.01 s")
    assert asyncio.run(try_once(Broken(), "a", told, 1)) == Answer(False, "fault of the channel: ValueError")


@pytest.mark.parametrize("limit", [1, 20])
def test_no_minute_has_more_than_the_limit(limit: int) -> None:
    pace, now_s = Pace(limit), 1000.0
    sent = []
    for _ in range(5 * limit):
        now_s += pace.wait_s(now_s)
        pace.sent(now_s)
        sent.append(now_s)
        now_s += 0.1
    for begin in sent:
        assert sum(begin <= at < begin + 60 for at in sent) <= limit
    pace.pause(now_s, 600)
    assert pace.wait_s(now_s + 1) == pytest.approx(599)
