"""kill -9 at any point between event and order: after the restart the order is there, and once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select

from collectors.stores.base import Event, Summary
from dashboard.casework.audit import verify
from dashboard.casework.cases import take_events
from dashboard.casework.database import Books, _engine, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.orders import EventLink, Order, OrderStep
from tests.dashboard.casework.made import NOW, event

ROUNDS = 200

_FORK = multiprocessing.get_context("fork")


def store_of(events: list[Event]) -> SimpleNamespace:
    """As much of a store as taking up events needs."""
    return SimpleNamespace(events=lambda start, end: events, summary=lambda *about: Summary())


def work(url: str, files: Path, desk: Desk, events: list[Event], dies_at: int | None) -> None:
    """What the service does after each start; dies before the n-th statement it sends, the commit included."""
    books = Books(_engine(url), files)
    sent = 0

    def count(*_about: object) -> None:
        nonlocal sent
        if sent == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        sent += 1

    sql_event.listen(books.engine, "before_cursor_execute", count)
    sql_event.listen(books.engine, "commit", count)
    take_events(books, desk, store_of(events), NOW)
    books.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'books.sqlite'}"
    open_books(made).close()
    return made


def statements_of_one(url: str, desk: Desk, events: list[Event]) -> int:
    """How many statements it takes to take up one event."""
    books, sent = Books(_engine(url), Path()), []
    sql_event.listen(books.engine, "before_cursor_execute", lambda *about: sent.append(about))
    sql_event.listen(books.engine, "commit", lambda *about: sent.append(about))
    take_events(books, desk, store_of(events), NOW)
    books.close()
    return len(sent)


def test_the_order_is_there_once_wherever_it_was_killed(url: str, desk: Desk, tmp_path: Path) -> None:
    rng = random.Random(8)
    events = [event("E0", stations=())]
    begun = time.monotonic()
    most = statements_of_one(url, desk, events)
    took_s = time.monotonic() - begun
    assert most > 10
    killed = 0
    for round_ in range(1, ROUNDS + 1):
        events.append(event(f"E{round_}", stations=()))
        at_statement = round_ % 2 == 0
        dies_at = rng.randrange(most) if at_statement else None
        child = _FORK.Process(target=work, args=(url, tmp_path, desk, events, dies_at))
        child.start()
        if not at_statement:
            # Anywhere, in the middle of a write of the database as well.
            child.join(rng.uniform(0, 3 * took_s))
            child.kill()
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL)
        killed += child.exitcode != 0
    books = open_books(url, tmp_path)
    with books.read() as session:
        before = session.scalar(select(func.count()).select_from(Order)) or 0
    work(url, tmp_path, desk, events, None)
    with books.read() as session:
        numbers = session.scalars(select(Order.number).order_by(Order.number)).all()
        assert numbers == [f"2026-{number:06d}" for number in range(1, ROUNDS + 2)]
        linked = session.execute(
            select(EventLink.event, Order.event).join(Order, Order.number == EventLink.order_number)
        )
        assert sorted(linked.all()) == sorted((each.id, each.id) for each in events)
        assert session.scalar(select(func.count()).select_from(OrderStep)) == ROUNDS + 1
        assert verify(session).problems == ()
    books.close()
    # It was killed often, and not only before it had begun.
    assert killed >= ROUNDS // 2
    assert before >= ROUNDS // 10
