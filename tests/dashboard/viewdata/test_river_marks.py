"""Events and orders of a river in a span."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import Event, ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.tables.orders import EventLink, Order
from dashboard.viewdata.river_marks import LOOK_BACK_DAYS, events_at, orders_at, orders_of_events
from sensors.durations import DAY_MS

NOW = 1_777_867_500_000


def event(name: str, days_ago: float, *stations: str, lasts: float | None = 0.1) -> Event:
    start = NOW - round(days_ago * DAY_MS)
    end = None if lasts is None else start + round(lasts * DAY_MS)
    return Event(name, "discharge", start, end, start, start, stations or ("S01",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def test_newest_first_and_only_of_these_stations(store: ReadingStore) -> None:
    store.put_events([event("old", 40), event("new", 2), event("else", 1, "S09"), event("both", 3, "S09", "S01")])
    found = events_at(store, ["S01", "S02"], NOW - 100 * DAY_MS, NOW + 1)
    assert [one.id for one in found] == ["new", "both", "old"]
    assert [one.id for one in events_at(store, ["S01"], NOW - 10 * DAY_MS, NOW + 1)] == ["new", "both"]


def test_an_event_that_lasts_over_pieces_is_told_once(store: ReadingStore) -> None:
    store.put_events([event("long", 80, lasts=None)])
    assert [one.id for one in events_at(store, ["S01"], NOW - 200 * DAY_MS, NOW + 1)] == ["long"]


def test_years_of_events_are_not_read(store: ReadingStore) -> None:
    store.put_events([event(f"e{n}", n + 1) for n in range(60)] + [event("ancient", LOOK_BACK_DAYS + 5)])
    found = events_at(store, ["S01"], NOW - 2000 * DAY_MS, NOW + 1)
    assert (len(found), found[0].id) == (40, "e0")
    store.put_events([replace(event("few", LOOK_BACK_DAYS + 9, "S40"))])
    assert events_at(store, ["S40"], NOW - 2000 * DAY_MS, NOW + 1) == ()


def order(number: str, created: float, state: str = "accepted", done: float | None = None, river: str = "R01") -> Order:
    done_ms = None if done is None else NOW - round(done * DAY_MS)
    return Order(number=number, title=f"title {number}", origin="event", state=state, river=river, done_ms=done_ms,
                 created_ms=NOW - round(created * DAY_MS))  # fmt: skip


def test_orders_that_were_open_in_the_span(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add_all([
            order("open-long", 300), order("settled-before", 300, "archived", 200), order("settled", 20, "archived", 2),
            order("dismissed", 1, "dismissed"), order("elsewhere", 1, river="R02"), order("new", 1, "draft"),
        ])  # fmt: skip
    with books.read() as session:
        found = orders_at(session, "R01", NOW - 7 * DAY_MS, NOW + 1)
    assert [(one.id, one.end_ms is None) for one in found] == [("new", True), ("settled", False), ("open-long", True)]
    assert found[0].title == "title new"


def test_orders_of_events(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add(order("A", 1))
        session.flush()
        session.add(EventLink(event="e1", order_number="A", joined_ms=NOW, start_ms=NOW, updated_ms=NOW))
    with books.read() as session:
        assert orders_of_events(session, ["e1", "e2"]) == {"e1": "A"}
        assert orders_of_events(session, []) == {}
