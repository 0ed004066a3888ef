"""The cases of a demonstration: every state, everything marked, nothing past the program."""

from __future__ import annotations

import pytest

from dashboard.casework.audit import verify
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.files import read
from dashboard.casework.order_lists import OrderFilter, order_counts, orders_page, story
from dashboard.casework.seed.demo import NOTE
from dashboard.casework.seed.demo_cases import demo_events, seed_demo_cases
from sensors.site import Site
from tests.dashboard.casework.made import HOUR_MS, NOW


def test_events_are_marked_and_follow_from_the_seed(xietang: Site) -> None:
    events = demo_events(xietang, NOW, 1)
    assert len(events) == 11
    assert all(event.detail["illustrative"] and event.id.startswith("DEMO-") for event in events)
    assert len({event.id for event in events}) == len({event.stations for event in events}) == 11
    assert events == demo_events(xietang, NOW, 1)
    assert events != demo_events(xietang, NOW, 2)
    for event in events:
        shares = sum(one["probability"] for one in event.detail["candidates"])
        assert 0.5 < shares <= 1.0
        assert event.end_ms is not None
        assert event.start_ms < event.detected_ms < event.end_ms


def test_orders_in_every_state(books: Books, desk: Desk, xietang: Site) -> None:
    assert seed_demo_cases(books, desk, NOW, 1) == 12
    with books.read() as session:
        counts = order_counts(session, OrderFilter(), NOW)
        assert counts.states == {
            "draft": 2, "registered": 1, "assigned": 2, "accepted": 2, "redo": 1, "done": 1, "archived": 2,
            "dismissed": 1,
        }  # fmt: skip
        assert counts.overdue >= 2
        assert verify(session).problems == ()
        titles = [row.title for row in orders_page(session, OrderFilter()).rows]
        assert all("示例" in title or "illustrative" in title for title in titles)
        late = [row for row in orders_page(session, OrderFilter(overdue_ms=NOW)).rows if row.state == "accepted"]
        assert late
        for row in orders_page(session, OrderFilter(states=("archived", "done", "redo"))).rows:
            found = story(session, row.number)
            assert found is not None
            assert any(NOTE in step.text for step in found.steps)
            assert len(found.files) == 2
            assert read(books.files, found.files[0].sha256).startswith(b"\x89PNG")
            assert found.notices
            assert max(step.time_ms for step in found.steps) <= NOW + HOUR_MS


@pytest.mark.parametrize("seed", [1, 2, 3, 7])
def test_other_seeds_go_through_as_well(books: Books, desk: Desk, seed: int) -> None:
    assert seed_demo_cases(books, desk, NOW, seed) == 12
