"""The orders page as data: whose orders somebody sees, board and story."""

from __future__ import annotations

import pytest

from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.order_lists import OrderFilter, story
from dashboard.casework.order_lists import orders_page as page_of
from dashboard.casework.settings import OfficeSettings
from dashboard.links import words_only
from dashboard.viewdata import orders as orders_page
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.casework.made import CITY, DAY_MS, NOW, OFFICE, WATER, assigned, registered, take


@pytest.fixture
def desk(xietang: Site) -> Desk:
    return Desk.of(xietang, OfficeSettings(), "en")


VIEWERS = (
    Viewer("a", "", "office"),
    Viewer("b", "", "chief", rivers=frozenset({"R01"})),
    Viewer("c", "", "department", department="water"),
    Viewer("d", "", "department"),
    Viewer("e", "", "grid_officer", rivers=frozenset({"R10"}), grids=frozenset({"G001"})),
    Viewer("f", "", "engineer"),
)


def test_the_list_and_a_single_order_agree_on_who_sees_what(books: Books, desk: Desk) -> None:
    made = [
        registered(books, desk), registered(books, desk, river="R02"), registered(books, desk, river=None),
        registered(books, desk, river="R10", grid="G001"), registered(books, desk, river="R10", grid="G002"),
        registered(books, desk, river="R10"), assigned(books, desk, "water"), assigned(books, desk, "market", "water"),
    ]  # fmt: skip
    counts = {}
    for viewer in VIEWERS:
        with books.read() as session:
            listed = {row.number for row in page_of(session, orders_page.own(viewer, desk.site)).rows}
            stories = [story(session, number) for number in made]
        assert listed == {
            one.order.number for one in stories if one is not None and orders_page.may_see(viewer, desk.site, one.order)
        }
        counts[viewer.account] = len(listed)
    assert counts == {"a": 8, "b": 4, "c": 2, "d": 0, "e": 3, "f": 8}


def test_the_board_counts_everything_and_shows_the_newest(books: Books, desk: Desk, en: Wording) -> None:
    for number in range(10):
        registered(books, desk, NOW + number)
    with books.read() as session:
        data = orders_page.board(session, OrderFilter(), desk.site, NOW + 3 * DAY_MS, en, words_only)
    columns = {one["state"]: one for one in data["columns"]}
    assert columns["registered"]["count"] == 10
    assert (len(columns["registered"]["cards"]), columns["registered"]["more"]) == (8, "2 more in the table")
    assert columns["registered"]["late"] == "10 overdue"
    assert columns["registered"]["cards"][0]["code"] == "2026-0010"
    assert columns["draft"]["cards"] == []


def test_the_course_tells_who_when_and_what(books: Books, desk: Desk, en: Wording, zh: Wording) -> None:
    number = assigned(books, desk, "water", "city_management")
    take(books, desk, number, "accept", WATER, NOW + 1)
    take(books, desk, number, "urge", OFFICE, NOW + 2, text="<b>hurry</b>")
    take(books, desk, number, "answer", CITY, NOW + 3)
    with books.read() as session:
        found = story(session, number)
        assert found is not None
        names = orders_page.people(session, found)
    lines = orders_page.timeline(found, desk.site, names | {"li": "Li Ming"}, en)["steps"]
    assert [line["what"] for line in lines] == ["Answer for own part", "Urge", "Accept", "Assign", "Opened"]
    assert (lines[1]["text"], lines[1]["open"]) == ("<b>hurry</b>", "not answered yet")
    assert (lines[2]["who"], lines[2]["as"], lines[2]["files"]) == ("Li Ming", "Water affairs", ["photo 1"])
    parts = orders_page.parts(found.order, desk.site, NOW + 30 * DAY_MS, en)
    shares = [[one["text"] for one in row["cells"]] for row in parts["rows"]]
    assert [(share[1], share[2], share[3].endswith("(overdue)")) for share in shares] == [
        ("lead", "Being worked on", True), ("co-handling", "Answered", False),
    ]  # fmt: skip
    assert [row["cells"][3].get("tone") for row in parts["rows"]] == ["bad", None]
    lines = orders_page.facts(found.order, desk.site, NOW + 30 * DAY_MS, zh)["rows"]
    facts = {name["text"]: value["text"] for name, value in (row["cells"] for row in lines)}
    assert (facts["状态"], facts["河道"]) == ("承办中", "斜塘河")
    assert facts["期限"].endswith("(已超期)")
