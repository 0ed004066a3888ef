"""Events as data: what became of them, which come first, and what is said of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import Event
from dashboard.access import Viewer
from dashboard.casework.cases import merge, open_case, reject
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import Actor
from dashboard.casework.settings import OfficeSettings
from dashboard.links import words_only
from dashboard.viewdata import events as events_page
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.casework.made import DAY_MS, NOW, event

OFFICE = Viewer("wang", "Wang", "office")
ACTOR = Actor("wang", "office")


@pytest.fixture
def desk(xietang: Site) -> Desk:
    return Desk.of(xietang, OfficeSettings(), "en")


def seen_of(tmp_path: Path, books: Books, desk: Desk, events: list[Event], viewer: Viewer = OFFICE) -> list:  # type: ignore[type-arg]
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    try:
        store.put_events(events)
        with books.read() as session:
            return events_page.seen(store, session, desk, NOW - 30 * DAY_MS, NOW + DAY_MS, viewer)
    finally:
        store.close()


def test_what_became_of_each_and_the_worst_first(tmp_path: Path, books: Books, desk: Desk) -> None:
    events = [
        event("E1", NOW - 3 * DAY_MS, detail={"peak": 4.0, "probabilities": {"discharge": 0.5}}),
        event("E2", NOW - 2 * DAY_MS, stations=("S20",), detail={"peak": 9.0, "probabilities": {"discharge": 0.9}}),
        event("E3", NOW - DAY_MS, stations=("S40",), kind="fault"),
    ]
    with books.change("t", NOW) as session:
        open_case(session, desk, events[0], NOW)
        reject(session, desk, ACTOR, events[1], NOW, "rain", "it rained")
    rows = seen_of(tmp_path, books, desk, events)
    assert [(one.event.id, one.standing) for one in rows] == [("E3", "new"), ("E2", "rejected"), ("E1", "waiting")]
    worst = events_page.chosen(rows, river=None, kinds=(), standings=(), worst_first=True)
    assert [one.event.id for one in worst] == ["E2", "E1", "E3"]
    assert [one.event.id for one in events_page.chosen(rows, river=None, kinds={"fault"}, standings=(),
                                                       worst_first=False)] == ["E3"]  # fmt: skip
    [rejected] = [one.order for one in rows if one.event.id == "E2"]
    assert rejected is not None
    assert events_page.verdict_word(desk.words, rejected) == "Rain runoff"


def test_events_that_were_merged_are_of_one_order(tmp_path: Path, books: Books, desk: Desk) -> None:
    events = [event("E1", NOW - 5 * DAY_MS), event("E2", NOW - DAY_MS, stations=("S02",))]
    with books.change("t", NOW) as session:
        first, second = (open_case(session, desk, one, NOW).number for one in events)
        merge(session, desk, ACTOR, second, first, NOW)
    rows = seen_of(tmp_path, books, desk, events)
    assert {one.order.number for one in rows} == {first}


def test_words_of_a_line(tmp_path: Path, books: Books, desk: Desk, en: Wording, zh: Wording) -> None:
    first = {"station": "S01", "determinand": "ammonia_nitrogen", "time_ms": NOW, "value": 3.0, "baseline": 0.8}
    detail = {"first": first, "rises": {"ammonia_nitrogen": 6.12}, "cannot_tell": 1.0,
              "candidates": [{"outfall": "PK001", "probability": 0.004}]}  # fmt: skip
    rows = seen_of(tmp_path, books, desk, [event("E1", NOW, end_ms=None, detail=detail)])
    [line] = events_page.event_list(rows, desk.site, NOW, en, words_only)["rows"]
    assert line["link"] == {"text": "Suspected discharge: Xietang River"}
    assert line["what"] == "Ammonia nitrogen 0.800 → 3.000 mg/L (6.1 times its usual variation)"
    assert line["source"] == "the outfall cannot be told"
    assert line["when"] == "since 2026-05-11 10:00"
    assert (line["state"], line["order"]) == ("New", None)
    [line] = events_page.event_list(rows, desk.site, NOW, zh, words_only)["rows"]
    assert (line["source"], line["state"]) == ("无法判断排口", "新发现")


def test_probabilities_for_people() -> None:
    assert [events_page.percent(share) for share in (0.0, 0.004, 0.8, 1.0)] == ["0 %", "< 1 %", "80 %", "100 %"]


def test_without_books_everything_is_new(tmp_path: Path, desk: Desk) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.put_events([event("E1", NOW)])
    rows = events_page.seen(store, None, desk, NOW - DAY_MS, NOW + DAY_MS, OFFICE)
    found = events_page.one_event(store, None, desk, "E1", NOW)
    store.close()
    assert [one.standing for one in rows] == ["new"]
    assert found is not None
    assert found.place.river == "R01"
