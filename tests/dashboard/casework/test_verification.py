from __future__ import annotations

from pathlib import Path

import pytest

from collectors.stores import open_store
from dashboard.casework.cases import open_case
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.verification import confirm_in, confirm_watched, coverage_of
from sensors.reading import Block, Quality, Reading
from tests.dashboard.casework.made import DAY_MS, HOUR_MS, NOW, OFFICE, WATER, assigned, event, given, order_of, take

DONE_MS = NOW + 3 * DAY_MS
OVER_MS = DONE_MS + 7 * DAY_MS


@pytest.fixture
def closed(books: Books, desk: Desk) -> str:
    """Number of a case that a department closed."""
    with books.change("riverchief", NOW) as session:
        detail = {"determinands": ["ammonia_nitrogen"]}
        number = open_case(session, desk, event("E1", stations=("S01", "S02"), detail=detail), NOW).number
    take(books, desk, number, "register", OFFICE, NOW)
    take(books, desk, number, "assign", OFFICE, NOW, assignment=given("water"))
    take(books, desk, number, "accept", WATER, NOW)
    take(books, desk, number, "close", WATER, DONE_MS)
    return number


def confirm(books: Books, desk: Desk, now_ms: int, share: float, asked: list | None = None) -> list[str]:
    def coverage(*about) -> float:
        if asked is not None:
            asked.append(about)
        return share

    with books.change("riverchief", now_ms) as session:
        return confirm_watched(session, desk, now_ms, coverage)


def test_the_water_confirms_a_closing(books: Books, desk: Desk, closed: str) -> None:
    asked: list = []
    assert confirm(books, desk, OVER_MS - 1, 1.0, asked) == []
    assert asked == []
    assert confirm(books, desk, OVER_MS, 0.8, asked) == [closed]
    assert asked == [(["S01", "S02"], ["ammonia_nitrogen"], DONE_MS, OVER_MS)]
    order = order_of(books, closed)
    assert (order.confirmed_ms, order.state) == (OVER_MS, "done")
    assert (order.steps[-1].action, order.steps[-1].text) == (
        "confirm", "No event came back; 80% of the hours have readings",
    )  # fmt: skip
    assert confirm(books, desk, OVER_MS + DAY_MS, 1.0) == []


def test_silence_is_no_proof(books: Books, desk: Desk, closed: str) -> None:
    take(books, desk, closed, "archive", OFFICE, DONE_MS)
    assert confirm(books, desk, OVER_MS, 0.5) == []
    order = order_of(books, closed)
    assert (order.confirmed_ms, order.watch_until_ms) == (None, OVER_MS + 7 * DAY_MS // 2)
    assert order.steps[-1].text == "Only 50% of the hours have readings: the watch goes on"
    assert confirm(books, desk, OVER_MS + 1, 1.0) == []
    assert confirm(books, desk, OVER_MS + 4 * DAY_MS, 0.9) == [closed]
    assert order_of(books, closed).state == "archived"


def test_a_confirmed_case_stays_closed(books: Books, desk: Desk, closed: str) -> None:
    confirm(books, desk, OVER_MS, 1.0)
    with books.change("riverchief", OVER_MS) as session:
        other = open_case(session, desk, event("E2", OVER_MS - DAY_MS, stations=("S01",)), OVER_MS)
        assert other.number != closed


def test_what_came_from_people_is_not_watched(books: Books, desk: Desk) -> None:
    number = assigned(books, desk)
    take(books, desk, number, "accept", WATER, NOW)
    take(books, desk, number, "close", WATER, NOW)
    assert confirm(books, desk, NOW + 100 * DAY_MS, 1.0) == []


def test_the_worst_station_decides(books: Books, desk: Desk, closed: str, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    hours = (OVER_MS - DONE_MS) // HOUR_MS
    for station, every in (("S01", 1), ("S02", 2)):
        store.write(
            Block.of(
                Reading(station, "ammonia_nitrogen", DONE_MS + hour * HOUR_MS, 1.0, Quality.GOOD)
                for hour in range(0, hours, every)
            )
        )
    coverage = coverage_of(store)
    assert coverage(["S01"], ["ammonia_nitrogen"], DONE_MS, OVER_MS) == 1.0
    assert coverage(["S01", "S02"], [], DONE_MS, OVER_MS) == 0.5
    assert coverage(["S01", "S03"], ["ammonia_nitrogen"], DONE_MS, OVER_MS) == 0.0
    assert coverage(["S01"], ["ph"], DONE_MS, OVER_MS) == 0.0
    assert coverage([], [], DONE_MS, OVER_MS) == coverage(["S01"], [], DONE_MS, DONE_MS) == 0.0
    assert confirm_in(books, desk, store, OVER_MS) == []
    assert confirm_in(books, desk, store, OVER_MS) == []
    order = order_of(books, closed)
    assert [step.action for step in order.steps].count("watch") == 1
    store.close()
