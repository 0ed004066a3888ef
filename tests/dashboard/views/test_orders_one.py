"""One order on the page: its story for whoever may see it, and nothing for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from dashboard.casework.order_lists import story
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import OutfallRecord
from tests.dashboard import made
from tests.dashboard.views.cases_made import copied, of_state
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import columns, drawn
from tests.dashboard.views.lived_in import shown

Run = Callable[..., AppTest]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Books]:
    opened = copied(monkeypatch, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(page_test: PageTest, books: Books) -> Run:
    return shown(page_test, "orders")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("state", ["draft", "registered", "assigned", "accepted", "redo", "done", "archived"])
def test_every_state_in_both_languages(run: Run, books: Books, state: str, lang: str) -> None:
    app = run(lang=lang, order=of_state(books, state))
    [course] = drawn(app, "timeline")
    assert course["steps"][-1]["number"] == 1
    assert app.header[0].value


def test_the_story_has_photos_parts_and_notice(run: Run, books: Books) -> None:
    app = run(order=of_state(books, "archived"))
    [course] = drawn(app, "timeline")
    assert [step["what"] for step in course["steps"]][:2] == ["Archive", "Verified by water"]
    assert ["photo 2"] in [step["files"] for step in course["steps"]]
    assert "Archived" in columns(app, "facts-")["Value"]
    assert columns(app, "parts-")["Role"] == ["lead", "co-handling"]
    assert len(app.get("image")) == 2
    labels = [one.proto.label for one in app.get("download_button")]
    assert labels == ["Download", "Download", "Word", "PDF"]


@pytest.fixture
def surveyed(books: Books) -> tuple[str, str]:
    """A closed order, and its outfall, which stands in the books as monitored."""
    number = of_state(books, "done")
    with books.change("t", made.NOW_MS) as session:
        order = session.get_one(Order, number)
        row = session.get(OutfallRecord, order.outfall)
        if row is None:
            row = OutfallRecord(id=order.outfall or "", river=order.river or "")
            session.add(row)
        row.stage, row.department = "monitored", "water"
        return number, order.outfall or ""


@pytest.mark.parametrize(("role", "may"), [("office", True), ("engineer", False)])
def test_a_closed_order_says_what_the_books_still_wait_for(
    run: Run, surveyed: tuple[str, str], role: str, may: bool
) -> None:
    number, outfall = surveyed
    app = run(role, order=number)
    assert outfall in app.warning[0].value
    found = columns(app, "order-things")
    assert (found["Item"], found["Where it stands"], found["Next step"]) == ([outfall], ["Monitored"], ["Traced"])
    offered = f"Enter the step of {outfall}" in [one.value for one in app.text]
    assert offered == may
    assert any("The department that answers for it" in one.value for one in app.caption) == (not may)


def test_an_outfall_that_does_not_stand_in_the_books(run: Run, books: Books) -> None:
    app = run(order=of_state(books, "done"))
    assert any("does not stand in the books" in one.value for one in app.text)


@pytest.mark.parametrize("role", ["department", "chief", "grid_officer"])
def test_whoever_it_does_not_concern_sees_nothing_of_it(run: Run, books: Books, role: str) -> None:
    app = run(role, order=of_state(books, "draft"))
    assert [one.value for one in app.error] == ["This order is not in your area."]
    assert not drawn(app, "timeline")
    assert not drawn(app, "ledger")


def test_an_order_that_there_is_not(run: Run) -> None:
    app = run(order="<b>*x*")
    assert app.info[0].value.startswith("There is no order")
    assert "\\*x\\*" in app.info[0].value


def test_it_is_found_by_the_number_that_its_card_shows(run: Run, books: Books) -> None:
    number = of_state(books, "archived")
    with books.read() as session:
        found = story(session, number)
        assert found is not None
        code = found.order.code or ""
    assert code not in ("", number)
    facts = columns(run(order=code), "facts-")
    assert facts["Value"][1:3] == [code, number]
    assert facts["What"][1:3] == ["Official number", "Serial number"]
