"""What has changed since yesterday and what is to be done, for each viewer's part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import Event, ReadingStore
from dashboard.access import Viewer
from dashboard.board import Today, narrowed
from dashboard.board_news import GoalNow, goals_now, news, orders_now
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.goals import seed_goals
from dashboard.casework.measures import Obstacle, Share
from dashboard.casework.seed.seed import seed
from dashboard.casework.tables.orders import Order, OrderPart
from sensors.durations import HOUR_MS
from sensors.site import Site
from tests.dashboard.made import NOW_MS

OFFICE = Viewer("wang", "Wang", "office")
CHIEF = Viewer("zhao", "Zhao", "chief", rivers=frozenset({"R01"}))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'events.sqlite'}")
    yield opened
    opened.close()


def event(name: str, hours_ago: float, station: str, kind: str = "discharge") -> Event:
    start = NOW_MS - round(hours_ago * HOUR_MS)
    return Event(name, kind, start, None, start, start, (station,))


def test_rivers_that_moved_and_events_of_the_day(morning: Today, xietang: Site, store: ReadingStore) -> None:
    store.put_events([event("e1", 2, "S01"), event("old", 30, "S01"), event("fault", 1, "S01", "fault")])
    found = news(store, morning, xietang)
    assert {one.river.id for one in found.worse} == {"R25", "R14"}
    assert found.better == ()
    assert found.known
    assert [one.id for one in found.events] == ["e1"]


def test_only_the_viewer_s_rivers(morning: Today, xietang: Site, store: ReadingStore) -> None:
    store.put_events([event("mine", 2, "S01"), event("other", 2, xietang.stations_of("R25")[0].id)])
    found = news(store, narrowed(morning, {"R01", "R14"}), xietang)
    assert [one.river.id for one in found.worse] == ["R14"]
    assert [one.id for one in found.events] == ["mine"]


def test_the_page_of_some_rivers_has_their_figures(morning: Today) -> None:
    page = narrowed(morning, {"R01", "R20", "R26"})
    figures = page.figures
    assert {one.river.id for one in page.rivers} == {"R01", "R20", "R26"}
    assert (figures.rivers, figures.stations) == (3, sum(len(one.stations) for one in page.rivers))
    assert (figures.by_class["INFERIOR_V"], figures.ungraded, figures.bad) == (1, 1, 1)
    assert sum(figures.by_status.values()) == figures.stations
    assert narrowed(morning, None) is morning
    assert narrowed(morning, set()).rivers == ()
    assert narrowed(morning, set()).figures.data_share is None


def order(number: str, state: str, *, river: str | None = "R01", due_h: float | None = None, grid: str | None = None,
          created_h: float = 100, done_h: float | None = None, department: str = "water") -> Order:  # fmt: skip
    due_ms = None if due_h is None else NOW_MS + round(due_h * HOUR_MS)
    office = state in ("draft", "registered", "returned", "done")
    return Order(
        number=number, title=f"title {number}", origin="event", state=state, river=river, grid=grid,
        created_ms=NOW_MS - round(created_h * HOUR_MS), due_ms=None if office else due_ms,
        office_due_ms=due_ms if office else None,
        done_ms=None if done_h is None else NOW_MS - round(done_h * HOUR_MS),
        parts=[OrderPart(department=department, lead=True)],
    )  # fmt: skip


@pytest.fixture
def worked(books: Books) -> Books:
    with books.change("t", NOW_MS) as session:
        session.add_all([
            order("A", "accepted", due_h=-5), order("B", "assigned", due_h=-50, river="R02", department="municipal"),
            order("C", "draft", due_h=3, created_h=2), order("D", "done", due_h=-1, done_h=3),
            order("E", "archived", done_h=50), order("F", "dismissed", created_h=1),
            order("G", "accepted", river=None, created_h=1), order("H", "archived", done_h=5, river="R02"),
        ])  # fmt: skip
    return books


def test_the_office_sees_every_order(worked: Books) -> None:
    with worked.read() as session:
        found = orders_now(session, OFFICE, NOW_MS)
    assert (found.open, found.overdue, found.to_review) == (4, 3, 1)
    assert [one.number for one in found.first] == ["B", "A", "D", "C", "G"]
    assert [one.overdue for one in found.first] == [True, True, True, False, False]
    assert [one.number for one in found.opened] == ["G", "C"]
    assert [one.number for one in found.closed] == ["D", "H"]
    assert (found.opened_count, found.closed_count) == (2, 2)


def test_a_chief_sees_those_of_their_rivers_and_of_none(worked: Books) -> None:
    with worked.read() as session:
        found = orders_now(session, CHIEF, NOW_MS)
    assert (found.open, found.overdue) == (3, 2)
    assert [one.number for one in found.closed] == ["D"]


def test_a_department_sees_its_own_and_a_grid_officer_theirs(worked: Books) -> None:
    with worked.change("t", NOW_MS) as session:
        session.add(order("I", "accepted", grid="G9"))
    with worked.read() as session:
        department = Viewer("li", "Li", "department", "municipal")
        assert [one.number for one in orders_now(session, department, NOW_MS).first] == ["B"]
        officer = Viewer("g", "G", "grid_officer", grids=frozenset({"G1"}))
        assert "I" not in {one.number for one in orders_now(session, officer, NOW_MS).first}


def test_nothing_at_all(books: Books) -> None:
    with books.read() as session:
        found = orders_now(session, OFFICE, NOW_MS)
    assert (found.open, found.overdue, found.to_review, found.first) == (0, 0, 0, ())


def test_goals_as_measured(books: Books, xietang: Site) -> None:
    seed(books, xietang, NOW_MS)
    with books.change("t", NOW_MS) as session:
        seed_goals(session, 2026)
    desk = Desk.of(xietang)
    with books.read() as session:
        goals = {one.id: one for one in goals_now(session, desk, date(2026, 11, 23), {})}
    outfalls = goals["near-outfalls"]
    assert (outfalls.value, outfalls.total, outfalls.share) == (0, len(xietang.outfalls), 0)
    assert outfalls.open_in("R01") == len(xietang.outfalls_of("R01"))
    assert goals["mid-shops"].unknown
    assert goals["mid-shops"].share is None
    mine = outfalls.narrowed(CHIEF)
    assert mine.total == len(xietang.outfalls_of("R01")) == len(mine.obstacles)
    assert outfalls.narrowed(OFFICE) is outfalls


def test_a_share_is_never_above_what_is_needed() -> None:
    goal = GoalNow("g", "目标", "", "near", date(2026, 1, 1), 0.5, 8, 10, "items", "", "", "reached",
                   (Share("R01", None, 8, 10),), (Obstacle("shop", "s", "R01", "unsurveyed"),))  # fmt: skip
    assert goal.share == 1.0
    elsewhere = goal.narrowed(Viewer("x", "X", "chief", rivers=frozenset({"R09"})))
    assert (elsewhere.total, elsewhere.unknown, elsewhere.obstacles) == (0, "nothing_known", ())
    assert replace(goal, unknown="not_evaluated").share is None
