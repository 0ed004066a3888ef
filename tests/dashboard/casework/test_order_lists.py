from __future__ import annotations

import pytest

from dashboard.casework.cases import open_case
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.notices import issue
from dashboard.casework.order_lists import Area, OrderFilter, order_counts, orders_page, story
from tests.dashboard.casework.made import DAY_MS, HOUR_MS, NOW, OFFICE, WATER, assigned, event, registered, take


def numbers(books: Books, wanted: OrderFilter, limit: int = 50) -> list[list[str]]:
    """Numbers, page by page."""
    pages, after = [], None
    with books.read() as session:
        while True:
            page = orders_page(session, wanted, limit=limit, after=after)
            pages.append([row.number for row in page.rows])
            after = page.after
            if after is None:
                return pages


@pytest.fixture
def five(books: Books, desk: Desk) -> list[str]:
    """Orders 1 to 5: two of one instant, one of another river, one with the departments, one done."""
    made = [registered(books, desk, NOW), registered(books, desk, NOW), registered(books, desk, NOW + 1, river="R02"),
            assigned(books, desk, "city_management", "water", now_ms=NOW + 2, urgency="urgent"),
            assigned(books, desk, "water", now_ms=NOW + 3, outfall="PK001", origin="chief")]  # fmt: skip
    take(books, desk, made[4], "accept", WATER, NOW)
    take(books, desk, made[4], "close", WATER, NOW + 4)
    return made


def test_newest_first_page_by_page(books: Books, five: list[str]) -> None:
    one, two, three, four, last = five
    for limit in (1, 2, 3, 4, 5, 6):
        pages = numbers(books, OrderFilter(), limit)
        assert [number for page in pages for number in page] == [last, four, three, two, one]
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (OrderFilter(states=("registered", "done")), [4, 2, 1, 0]),
        (OrderFilter(department="water"), [4, 3]),
        (OrderFilter(department="city_management"), [3]),
        (OrderFilter(department="market"), []),
        (OrderFilter(river="R02"), [2]),
        (OrderFilter(outfall="PK001"), [4]),
        (OrderFilter(origin="chief"), [4]),
        # The assignment said how urgent it is.
        (OrderFilter(urgency="normal", states=("assigned",)), [3]),
        (OrderFilter(states=("assigned",), department="water", river="R01"), [3]),
        (OrderFilter(area=Area(rivers=("R02",))), [2]),
        (OrderFilter(area=Area(rivers=("R09",), grids=("G001",))), []),
        (OrderFilter(said="污水"), [4, 3, 2, 1, 0]),
        (OrderFilter(said="2026-000003"), [2]),
        (OrderFilter(said="%"), []),
        (OrderFilter(overdue_ms=NOW), []),
        (OrderFilter(overdue_ms=NOW + 2 * DAY_MS), [2, 1, 0]),
        (OrderFilter(overdue_ms=NOW + 15 * DAY_MS), [4, 3, 2, 1, 0]),
    ],
)
def test_what_is_asked_for(books: Books, five: list[str], wanted: OrderFilter, found: list[int]) -> None:
    assert numbers(books, wanted) == [[five[index] for index in found]]


def test_a_line_of_the_list(books: Books, five: list[str]) -> None:
    with books.read() as session:
        done, with_departments, *_ = orders_page(session, OrderFilter()).rows
    assert (done.code, done.state, done.lead, done.river, done.outfall, done.done_ms) == (
        "2026-0005", "done", "water", "R01", "PK001", NOW + 4,
    )  # fmt: skip
    assert with_departments.lead == "city_management"
    assert with_departments.due_ms == NOW + 14 * DAY_MS
    assert not with_departments.overdue(NOW + 14 * DAY_MS)
    assert with_departments.overdue(NOW + 14 * DAY_MS + 1)
    assert not done.overdue(NOW + HOUR_MS)


def test_counts(books: Books, five: list[str]) -> None:
    with books.read() as session:
        everything = order_counts(session, OrderFilter(), NOW + 15 * DAY_MS)
        own = order_counts(session, OrderFilter(department="city_management"), NOW)
    assert (everything.states, everything.overdue) == ({"registered": 3, "assigned": 1, "done": 1}, 5)
    assert (own.states, own.overdue) == ({"assigned": 1}, 0)


def test_the_story_of_an_order(books: Books, desk: Desk, five: list[str]) -> None:
    with books.change("wang", NOW) as session:
        issue(session, desk, five[3], "supervision", OFFICE, NOW, "water")
        case = open_case(session, desk, event("E1"), NOW).number
    with books.read() as session:
        told, from_water, closed = (story(session, number) for number in (five[3], case, five[4]))
        assert story(session, "9") is None
    assert told is not None
    assert from_water is not None
    assert closed is not None
    assert [part.department for part in told.parts] == ["city_management", "water"]
    assert [step.action for step in told.steps] == ["open", "assign", "notice"]
    assert [notice.department for notice in told.notices] == ["water"]
    assert [link.event for link in from_water.events] == ["E1"]
    assert len(closed.files) == 2


def test_an_area_in_words_and_in_the_database_agree(books: Books, desk: Desk) -> None:
    places = [(None, None), ("R01", None), ("R02", None), ("R02", "G001"), ("R01", "G002")]
    made = {registered(books, desk, river=river, grid=grid): (river, grid) for river, grid in places}
    for area in (Area(), Area(("R01",)), Area(("R01",), ("G001",)), Area(None, ("G002",)), Area((), ())):
        [found] = numbers(books, OrderFilter(area=area))
        assert set(found) == {number for number, (river, grid) in made.items() if area.has(river, grid)}
