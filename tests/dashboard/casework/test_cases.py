from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from collectors.stores import open_store
from collectors.stores.base import Event
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.cases import accept, merge, open_case, reject, take_events
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.evidence import read_event
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.tables.orders import EventLink, Order
from sensors.errors import StoreError
from tests.dashboard.casework.made import CHIEF, DAY_MS, HOUR_MS, NOW, OFFICE, WATER, event, given, order_of, take


def opened(books: Books, desk: Desk, *events: Event, now_ms: int | None = None) -> list[str]:
    numbers = []
    for each in events:
        with books.change("riverchief", now_ms or each.updated_ms) as session:
            numbers.append(open_case(session, desk, each, now_ms or each.updated_ms).number)
    return numbers


def candidates(*pairs: tuple[str, float]) -> dict:
    return {"candidates": [{"outfall": outfall, "probability": share} for outfall, share in pairs]}


def finished(books: Books, desk: Desk, number: str, done_ms: int) -> None:
    """Bring a draft to done."""
    take(books, desk, number, "register", OFFICE, done_ms - 3)
    take(books, desk, number, "assign", OFFICE, done_ms - 2, assignment=given("water", due_ms=done_ms + DAY_MS))
    take(books, desk, number, "accept", WATER, done_ms - 1)
    take(books, desk, number, "close", WATER, done_ms)


def test_an_event_opens_a_draft_with_its_place(books: Books, desk: Desk) -> None:
    detail = {**candidates(("PK003", 0.2), ("PK001", 0.7)), "determinands": ["ammonia_nitrogen"], "rain_mm": 0.0}
    [number] = opened(books, desk, event("E1", detail=detail))
    order = order_of(books, number)
    assert (order.state, order.origin, order.event, order.code) == ("draft", "event", "E1", None)
    assert (order.river, order.outfall, order.case_key) == ("R01", "PK001", "outfall:PK001")
    assert order.title == "Suspected discharge in Xietang River, probably outfall PK001"
    assert (order.text, order.evidence) == (
        "Outside: Ammonia nitrogen\nNo rain in the 24 hours before\nMost likely from outfall PK001 (70 %)",
        {"stations": ["S01"], "department": "water"},
    )
    with books.read() as session:
        link = session.get(EventLink, "E1")
        assert link is not None
        assert link.evidence["candidates"][0] == {"outfall": "PK001", "probability": 0.7, "travel_h": None}
        assert link.evidence["rain_mm"] == 0.0


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {
            "candidates": None,
            "determinands": 3,
            "rain_mm": "much",
            "probabilities": [],
            "first": 7,
            "against": [],
            "rises": "x",
        },
        {"candidates": [1, {}, {"outfall": "PK001"}, {"outfall": "PK001", "probability": float("nan")}]},
        {"candidates": [{"outfall": "NOWHERE", "probability": 0.9}, {"outfall": "PK001", "probability": 0.49}]},
        {"candidates": [{"outfall": "PK001", "probability": 1.1}, {"outfall": ["x"], "probability": True}]},
    ],
)
def test_what_is_not_known_is_not_guessed(books: Books, desk: Desk, detail: dict) -> None:
    [number] = opened(books, desk, event("E1", detail=detail))
    order = order_of(books, number)
    assert (order.outfall, order.river, order.case_key) == (None, "R01", "station:R01/S01")
    assert order.text in ("", "No outfall stands out; the first in the ranking is PK001 (49 %)")
    assert order.title == "Suspected discharge in Xietang River, seen at Xizha Bridge"


def test_an_event_without_a_place_is_a_case_all_the_same(books: Books, desk: Desk) -> None:
    numbers = opened(books, desk, event("E1", stations=()), event("E2", stations=("gone",)))
    assert len(set(numbers)) == 2
    assert order_of(books, numbers[0]).title == "Suspected discharge, place unknown"


def test_the_same_event_again_changes_nothing(books: Books, desk: Desk) -> None:
    opened(books, desk, event("E1"))
    with books.read() as session:
        before = session.scalar(select(func.max(AuditEntry.seq)))
    numbers = opened(books, desk, event("E1"), event("E1"))
    with books.read() as session:
        assert session.scalars(select(Order.number)).all() == [numbers[0]]
        assert session.scalar(select(func.max(AuditEntry.seq))) == before


def test_what_is_learned_later_replaces_what_was_known(books: Books, desk: Desk) -> None:
    first = event("E1", end_ms=None)
    opened(books, desk, first, replace(first, updated_ms=first.updated_ms + 1, detail={"rain_mm": 12}))
    opened(books, desk, replace(first, detail={"rain_mm": 1}))
    with books.read() as session:
        link = session.get(EventLink, "E1")
        assert link is not None
        assert (link.evidence["rain_mm"], link.updated_ms) == (12.0, first.updated_ms + 1)


@pytest.mark.parametrize(
    ("second", "joins"),
    [
        (event("E2", NOW + DAY_MS), True),
        (event("E2", NOW + 7 * DAY_MS), True),
        (event("E2", NOW + 7 * DAY_MS + 1), False),
        (event("E2", NOW - 3 * DAY_MS), True),
        (event("E2", NOW + DAY_MS, stations=("S02", "S01")), True),
        (event("E2", NOW + DAY_MS, stations=("S02",)), False),
        (event("E2", NOW + DAY_MS, detail=candidates(("PK001", 0.9))), True),
        (event("E2", NOW + DAY_MS, detail=candidates(("PK002", 0.9))), False),
        (event("E2", NOW + DAY_MS, detail=candidates(("PK002", 0.4))), True),
        (event("E2", NOW + DAY_MS, stations=("S02",), detail=candidates(("PK001", 0.9))), True),
        # Another river.
        (event("E2", NOW + DAY_MS, stations=("S04",)), False),
    ],
)
def test_repeated_events_join_the_case(books: Books, desk: Desk, second: Event, joins: bool) -> None:
    numbers = opened(books, desk, event("E1", detail=candidates(("PK001", 0.8))), second)
    assert (len(set(numbers)) == 1) is joins
    steps = [step.action for step in order_of(books, numbers[0]).steps]
    assert steps == (["open", "join"] if joins else ["open"])


def test_a_chain_of_events_is_one_case_however_long(books: Books, desk: Desk) -> None:
    numbers = opened(books, desk, *(event(f"E{week}", NOW + week * 6 * DAY_MS) for week in range(5)))
    assert len(set(numbers)) == 1


def test_a_dismissed_case_takes_no_more_events(books: Books, desk: Desk) -> None:
    [first] = opened(books, desk, event("E1"))
    take(books, desk, first, "dismiss", OFFICE, NOW, text="rain")
    [second] = opened(books, desk, event("E2", NOW + DAY_MS))
    assert second != first


@pytest.mark.parametrize(
    ("start_h", "hours", "reopens"),
    [
        (1, 2, True),  # after the closing
        (-2, 2, False),  # before it
        (-2, 14, False),  # what was there flows by
        (-2, 15, True),  # and does not end
        (7 * 24 + 1, 2, None),  # the watch is over: another case
    ],
)
def test_a_case_reopens_when_the_pattern_returns(
    books: Books, desk: Desk, start_h: int, hours: int, reopens: bool | None
) -> None:
    [number] = opened(books, desk, event("E1"))
    done_ms = NOW + 3 * DAY_MS
    finished(books, desk, number, done_ms)
    assert order_of(books, number).watch_until_ms == done_ms + 7 * DAY_MS
    start_ms = done_ms + start_h * HOUR_MS
    again = event("E2", start_ms, end_ms=start_ms + hours * HOUR_MS, updated_ms=start_ms + hours * HOUR_MS)
    [found] = opened(books, desk, again)
    order = order_of(books, number)
    assert (found == number) is (reopens is not None)
    if reopens:
        assert (order.state, order.reopened, order.done_ms, order.watch_until_ms) == ("redo", 1, None, None)
        assert [step.action for step in order.steps[-2:]] == ["join", "reopen"]
        assert order.steps[-1].text == "The water shows it again: event E2"
        assert [part.state for part in order.parts] == ["redo"]
        assert order.due_ms is not None
        assert order.due_ms > again.updated_ms
    else:
        assert (order.state, order.reopened) == ("done", 0)


def test_an_event_that_goes_on_after_the_closing_reopens_it_too(books: Books, desk: Desk) -> None:
    lasting = event("E1", end_ms=None)
    [number] = opened(books, desk, lasting)
    done_ms = NOW + 3 * DAY_MS
    finished(books, desk, number, done_ms)
    take(books, desk, number, "archive", OFFICE, done_ms)
    for hours, state in ((12, "archived"), (13, "redo"), (14, "redo")):
        opened(books, desk, replace(lasting, updated_ms=done_ms + hours * HOUR_MS))
        assert order_of(books, number).state == state
    assert order_of(books, number).reopened == 1
    with books.read() as session:
        assert verify(session).problems == ()


def test_many_at_once_open_one_order(books: Books, desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: opened(books, desk, event("E1"))[0], range(16)))
    assert set(numbers) == {"2026-000001"}
    with books.read() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_events_of_a_store_are_taken_up_once(books: Books, desk: Desk, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.put_events(
        [
            event("E1"),
            event("E2", NOW + DAY_MS, stations=("S04",)),
            event("F", kind="fault"),
            event("O", NOW - 40 * DAY_MS),
        ]
    )
    now_ms = NOW + 2 * DAY_MS
    assert take_events(books, desk, store, now_ms) == ["2026-000001", "2026-000002"]
    assert take_events(books, desk, store, now_ms) == []
    store.put_events([replace(event("E1"), kind="fault", updated_ms=now_ms)])
    assert take_events(books, desk, store, now_ms) == ["2026-000001"]
    with books.read() as session:
        link = session.get(EventLink, "E1")
        assert link is not None
        assert link.evidence["kind"] == "fault"
        assert [row["event"] for row in link.evidence["similar"]] == []
    store.close()


def test_what_the_event_shows_is_the_text_of_the_draft(books: Books, desk: Desk) -> None:
    first = {"station": "S01", "determinand": "ammonia_nitrogen", "time_ms": NOW, "value": 4.2, "baseline": 0.61}
    [number] = opened(books, desk, event("E1", detail={"first": first, "rain_mm": 3, "cannot_tell": 1.0}))
    assert order_of(books, number).text.splitlines() == [
        "Ammonia nitrogen at Xizha Bridge rose from 0.610 to 4.200 mg/L",
        "Rain of the 24 hours before: 3.0 mm",
        "The outfall cannot be told from what the stations saw",
    ]
    [bare] = opened(books, desk, event("E2", NOW + 90 * DAY_MS, detail={"first": {**first, "station": "gone"}}))
    assert order_of(books, bare).text == ""


def test_an_event_that_fails_keeps_no_other_waiting(books: Books, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_once(store, site, about, now_ms):
        if about.id == "E1":
            raise StoreError("torn", retryable=False)
        return read_event(about, site)

    monkeypatch.setattr("dashboard.casework.cases.gather", fails_once)
    rows = [event("E1"), event("E2", stations=("S04",))]
    store = SimpleNamespace(events=lambda start, end: rows)
    with pytest.raises(StoreError, match="torn"):
        take_events(books, desk, store, NOW + DAY_MS)
    with books.read() as session:
        assert session.scalars(select(EventLink.event)).all() == ["E2"]


def test_the_office_accepts_an_event_once(books: Books, desk: Desk) -> None:
    one = event("E1", kind="fault")
    numbers = []
    for _ in range(2):
        with books.change("wang", NOW) as session:
            numbers.append(accept(session, desk, OFFICE, one, NOW).number)
    order = order_of(books, numbers[0])
    assert (len(set(numbers)), order.state, [step.action for step in order.steps]) == (
        1,
        "registered",
        ["open", "register"],
    )
    with pytest.raises(StepRefusedError), books.change("zhao", NOW) as session:
        accept(session, desk, CHIEF, event("E2"), NOW)
    with books.read() as session:
        assert session.get(EventLink, "E2") is None


def test_what_was_rejected_is_not_raised_again_and_the_books_know_why(books: Books, desk: Desk) -> None:
    one = event("E1")
    with books.change("wang", NOW) as session:
        number = reject(session, desk, OFFICE, one, NOW, "visit", "cleaned").number
    order = order_of(books, number)
    assert (order.state, order.evidence["verdict"], order.steps[-1].text) == ("dismissed", "visit", "cleaned")
    assert opened(books, desk, replace(one, updated_ms=NOW + DAY_MS)) == [number]
    assert order_of(books, number).state == "dismissed"
    for verdict, text in (("nonsense", "x"), ("fault", "")):
        with pytest.raises(StepRefusedError), books.change("wang", NOW) as session:
            reject(session, desk, OFFICE, event("E2", NOW + 30 * DAY_MS), NOW, verdict, text)
    with pytest.raises(StepRefusedError), books.change("wang", NOW) as session:
        accept(session, desk, OFFICE, one, NOW)


def test_two_cases_become_one(books: Books, desk: Desk) -> None:
    first, second = opened(books, desk, event("E1"), event("E2", NOW + 20 * DAY_MS, stations=("S02",)))
    assert first != second
    now_ms = NOW + 21 * DAY_MS
    with books.change("wang", now_ms) as session:
        merge(session, desk, OFFICE, second, first, now_ms)
    order, gone = order_of(books, first), order_of(books, second)
    assert order.evidence["stations"] == ["S01", "S02"]
    assert (gone.state, gone.evidence["merged"]) == ("dismissed", first)
    with books.read() as session:
        assert set(session.scalars(select(EventLink.order_number))) == {first}
        assert verify(session).problems == ()
    for number, into in ((first, first), (second, first), (first, second)):
        with pytest.raises(StepRefusedError), books.change("wang", now_ms) as session:
            merge(session, desk, OFFICE, number, into, now_ms)
