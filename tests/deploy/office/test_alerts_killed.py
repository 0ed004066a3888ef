"""kill -9 at any point between event and delivery: the alert is delivered at least once, the order is there once."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select

from collectors.stores.base import Event, Summary
from dashboard.alerts.channels.webhook import Webhook
from dashboard.alerts.contacts import Outside
from dashboard.alerts.looks import at_events
from dashboard.alerts.sender import Office
from dashboard.alerts.settings import AlertSettings, OutboxSettings, RaiseSettings
from dashboard.alerts.tokens import hash_of
from dashboard.casework.audit import verify
from dashboard.casework.database import Books, _engine, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.alerts import Alert, Message, Token
from dashboard.casework.tables.orders import EventLink, Order
from deploy.office.alerts import AlertService, Pace
from sensors.site import Site
from tests.dashboard.alerts.fakes import SECRET, serving, webhook
from tests.dashboard.alerts.staged import NOW_MS

ROUNDS = 200

_FORK = multiprocessing.get_context("fork")
_BEGUN_S = time.monotonic()


def now_ms() -> int:
    """The same clock in every process."""
    return NOW_MS + round((time.monotonic() - _BEGUN_S) * 1000)


def store_of(events: list[Event]) -> SimpleNamespace:
    """As much of a store as taking up events and telling of them needs."""
    return SimpleNamespace(
        events=lambda start, end: events, summary=lambda *about: Summary(), mark=lambda name: None,
        assessments=lambda *about: [], assessment_history=lambda *about: [],
    )  # fmt: skip


def happen(number: int) -> Event:
    return Event(f"E{number}", "discharge", NOW_MS, None, NOW_MS, NOW_MS, (), {})


def office_of(url: str, site: Site, hook: str) -> Office:
    settings = AlertSettings(
        board="https://board.example", outbox=OutboxSettings(attempts=1000, first_s=0.05, longest_s=0.1, lease_s=0.3),
        raising=RaiseSettings(clear_min=1440), language="en",
    )  # fmt: skip
    books = Books(_engine(url), Path())
    outside = Outside({"hook": Webhook(hook, SECRET, per_minute=10_000)}, {})
    return Office(books, Desk.of(site, language="en"), settings, outside)


def service_of(office: Office, events: list[Event]) -> AlertService:
    looks = {"events": at_events}
    return AlertService(office, store_of(events), now_ms, pace=Pace(tick_s=0.05), quick=looks, slow={})


def work(office: Office, events: list[Event], dies_at: int | None) -> None:
    """The service, until it is killed: from outside, or before the n-th statement that it sends, a commit included."""
    sent = 0

    def count(*_about: object) -> None:
        nonlocal sent
        if sent == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        sent += 1

    sql_event.listen(office.books.engine, "before_cursor_execute", count)
    sql_event.listen(office.books.engine, "commit", count)
    asyncio.run(service_of(office, events).run(asyncio.Event()))


def warm_up(office: Office, events: list[Event]) -> None:
    """Go through everything once, so that a process that is forked from this one need not begin with compiling."""

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(service_of(office, events).run(stop))
        async with asyncio.timeout(30):
            while not sent(office):
                await asyncio.sleep(0.02)
        stop.set()
        await running

    asyncio.run(main())
    office.books.engine.dispose()


def sent(office: Office) -> int:
    with office.books.read() as session:
        return session.scalar(select(func.count()).where(Message.state == "sent")) or 0


def receive(told: Connection, log: Path) -> None:
    """A receiver that writes down what it has taken before it says so; sometimes it says no, or nothing."""
    rng = random.Random(5)
    with log.open("ab", buffering=0) as file, serving(webhook) as fake:

        def behave(asked: object) -> tuple[int, bytes]:
            luck = rng.random()
            if luck < 0.1:
                return 503, b"busy"
            answer = webhook(asked)
            if answer[0] == 204:
                file.write(asked.body + b"\n")
            # What was taken may still look as if it had not been.
            return (500, b"lost") if luck < 0.2 else answer

        fake.behave = behave
        told.send(fake.url)
        told.recv()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A process of its own, so that this one may fork without threads."""
    ours, theirs = _FORK.Pipe()
    log = tmp_path / "received.jsonl"
    process = _FORK.Process(target=receive, args=(theirs, log))
    process.start()
    yield ours.recv(), log
    ours.send("stop")
    process.join()


def lines(log: Path) -> int:
    return len(log.read_bytes().splitlines()) if log.exists() else 0


def delivered(log: Path, books: Books) -> set[str]:
    """Events of the alerts whose links have arrived."""
    raws = [json.loads(line)["link"].rpartition("/")[2] for line in log.read_text("utf-8").splitlines()]
    with books.read() as session:
        tokens = {token.hash: token.alerts for token in session.scalars(select(Token))}
        events = {alert.id: alert.event for alert in session.scalars(select(Alert))}
    return {str(events[alert]) for raw in raws for alert in tokens[hash_of(raw)]}


@pytest.mark.timeout(240)
def test_every_alert_arrives_and_every_order_is_there_once(
    tmp_path: Path, xietang: Site, receiver: tuple[str, Path]
) -> None:
    hook, log = receiver
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    open_books(url).close()
    office = office_of(url, xietang, hook)
    # Who is killed loses nothing that the system has; waiting for the disk would only make the test slow.
    sql_event.listen(office.books.engine, "connect", lambda one, _record: one.execute("PRAGMA synchronous = OFF"))
    with office.books.change("t", NOW_MS) as session:
        session.add(Account(id="qian", name="q", role="office", contacts={"hook": "q"}, created_ms=NOW_MS))
    rng, events = random.Random(8), [happen(0)]
    warm_up(office, events)
    arrived, longest_s = [lines(log)], 0.15
    for round_ in range(1, ROUNDS):
        events.append(happen(round_))
        dies_at = rng.randrange(150) if round_ % 2 else None
        child = _FORK.Process(target=work, args=(office, events, dies_at))
        child.start()
        # Anywhere, in the middle of a write of the database or of a delivery as well.
        child.join(rng.uniform(0.01, longest_s))
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        arrived.append(lines(log))
        # On a slow machine it takes longer to get as far as a delivery.
        longest_s = min(max(longest_s * (1.1 if arrived[-1] == arrived[-2] else 0.8), 0.1), 0.6)
    last = _FORK.Process(target=work, args=(office, events, None))
    last.start()
    deadline_s = time.monotonic() + 60
    try:
        while sent(office) < ROUNDS and time.monotonic() < deadline_s:
            time.sleep(0.05)
    finally:
        last.kill()
        last.join()
    wanted = {event.id for event in events}
    assert delivered(log, office.books) == wanted
    with office.books.read() as session:
        assert session.scalars(select(Alert.event).order_by(Alert.id)).all() == [event.id for event in events]
        assert sorted(session.scalars(select(Order.event))) == sorted(wanted)
        links = session.execute(select(EventLink.event, EventLink.order_number)).all()
        assert len({number for _, number in links}) == len(links) == ROUNDS
        alerts = session.execute(select(Alert.event, Alert.order))
        assert {(event, order) for event, order in alerts} == {(event, number) for event, number in links}
        assert session.scalars(select(Message.state)).all() == ["sent"] * ROUNDS
        assert verify(session).problems == ()
    office.books.close()
    # It was killed often, and not only before it had begun.
    assert arrived[-1] >= ROUNDS // 10
    assert len(set(arrived)) >= ROUNDS // 20
