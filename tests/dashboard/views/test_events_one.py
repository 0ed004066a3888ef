"""One event on the page: evidence, picture, sources, and the office's verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from dashboard.casework.tables.orders import EventLink, Order
from tests.dashboard.views.cases_made import copied
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn
from tests.dashboard.views.lived_in import VIEWERS, press

Run = Callable[..., AppTest]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Books]:
    opened = copied(monkeypatch, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(page_test: PageTest, books: Books) -> Run:
    def opened(event: str, role: str = "office", lang: str = "en") -> AppTest:
        app = page_test("events", lang=lang, viewer=dict(VIEWERS[role]), event=event).run()
        assert not app.exception
        return app

    return opened


def of(books: Books, state: str) -> tuple[str, str]:
    """An event and the order that it opened, the newest of a state."""
    with books.read() as session:
        query = select(EventLink.event, Order.number).join(Order, Order.number == EventLink.order_number)
        rows = session.execute(query.where(Order.state == state).order_by(EventLink.start_ms.desc())).all()
    return rows[0][0], rows[0][1]


def state_of(books: Books, number: str) -> Order:
    with books.read() as session:
        found = session.get(Order, number)
        assert found is not None
        return found


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", ["office", "engineer"])
def test_evidence_picture_and_sources(run: Run, books: Books, role: str, lang: str) -> None:
    event, _number = of(books, "draft")
    app = run(event, role, lang)
    [picture] = drawn(app, "multiples")
    seen = [row for row in picture["rows"] if row["seen"]]
    assert [row["courses"][0] is not None for row in seen] == [True]
    assert sum(len(c) for row in picture["rows"] for course in row["courses"] if course for c in course) <= 5000
    assert any(("stand in no curve" in one.value or "数值为演示编造" in one.value) for one in app.markdown)
    [sources] = drawn(app, "sources")
    assert sources["list"][0]["share"] >= 0.5
    assert sources["map"]["outfalls"]
    assert len(app.markdown) >= 5
    assert bool([one for one in app.button if one.key.startswith("accept-")]) is (role == "office")


def test_the_office_accepts(run: Run, books: Books) -> None:
    event, number = of(books, "draft")
    press(run(event), "Accept: register the order")
    order = state_of(books, number)
    assert order.state == "registered"
    assert order.code is not None


def test_the_office_rejects_with_a_reason_only(run: Run, books: Books) -> None:
    event, number = of(books, "draft")
    app = press(run(event), "Reject")
    assert [one.value for one in app.error] == ["Dismiss needs a text"]
    assert state_of(books, number).state == "draft"
    app.text_area[0].set_value("y" * 2001).run()
    app = press(app, "Reject")
    assert "2001" in app.error[0].value
    assert len(app.text_area[0].value or "") == 2001, "what was typed is kept"
    app.text_area[0].set_value("mud on the probe").run()
    app = press(app, "Reject")
    assert app.success[0].value.startswith("The event was rejected")
    order = state_of(books, number)
    assert (order.state, order.evidence["verdict"]) == ("dismissed", "fault")
    assert not [one for one in app.button if one.key.startswith("accept-")]


def test_two_events_of_a_river_become_one_case(run: Run, books: Books) -> None:
    event, number = of(books, "draft")
    with books.change("test", 0) as session:
        into = session.get(Order, of(books, "accepted")[1])
        assert into is not None
        into.river = state_of(books, number).river
        target = into.number
    app = press(run(event), "Merge")
    assert not app.error
    assert of(books, "dismissed")
    with books.read() as session:
        link = session.get(EventLink, event)
        assert link is not None
        assert link.order_number == target


def test_an_event_that_there_is_not(run: Run) -> None:
    assert run("x").info[0].value == "There is no event x."


def test_a_chief_of_other_rivers_sees_nothing_of_it(run: Run, books: Books) -> None:
    event, number = of(books, "draft")
    assert state_of(books, number).river not in ("R01", "R02")
    app = run(event, "chief")
    assert [one.value for one in app.error] == ["This event is not in your area."]
    assert not drawn(app, "sources")
