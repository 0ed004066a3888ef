"""What an order is about in the books, and what it leaves standing."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord
from dashboard.links import Link
from dashboard.viewdata import orders_place
from dashboard.wording import Wording
from sensors.site import Site

NOW = 1_777_867_500_000
OFFICE = Viewer("wang", "Wang", "office")


@pytest.fixture
def outfall(books: Books) -> str:
    with books.change("t", NOW) as session:
        session.add(OutfallRecord(id="PK1", river="R01", stage="monitored", department="water"))
        session.add_all([
            LeakPoint(id="L1", river="R01", outfall="PK1", found_on=date(2026, 1, 2), department="water"),
            LeakPoint(id="L2", river="R01", outfall="PK1", found_on=date(2026, 1, 2), state="confirmed"),
            LeakPoint(id="L3", river="R01", outfall="PK2", found_on=date(2026, 1, 2)),
        ])  # fmt: skip
    return "PK1"


def order(outfall: str | None, state: str = "done") -> Order:
    return Order(number="2026-000001", title="t", origin="event", state=state, outfall=outfall, created_ms=NOW)


def test_the_outfall_and_its_leak_points_with_their_next_step(
    books: Books, xietang: Site, outfall: str, en: Wording, zh: Wording
) -> None:
    with books.read() as session:
        found = orders_place.things(session, order(outfall), OFFICE, xietang)
    assert [(one.id, one.state, one.following, one.settled, one.mine) for one in found] == [
        ("PK1", "monitored", "traced", False, True), ("L1", "found", "rectified", False, True),
        ("L2", "confirmed", None, True, True),
    ]  # fmt: skip
    asked: list[Link] = []

    def link(one: Link) -> dict[str, str]:
        asked.append(one)
        return {"text": one.text}

    rows = orders_place.table(found, xietang, zh, link)["rows"]
    assert [cell["text"] for cell in rows[0]["cells"]] == ["PK1", "排口", "已监测", "已溯源", "水务"]
    assert [(one.path, one.query["book"], one.query["record"]) for one in asked] == [
        ("books", "outfalls", "PK1"), ("books", "leak_points", "L1"), ("books", "leak_points", "L2"),
    ]  # fmt: skip
    assert orders_place.table(found, xietang, en, link)["rows"][0]["cells"][2]["tone"] == "bad"


@pytest.mark.parametrize(("state", "left"), [("accepted", []), ("done", ["PK1", "L1"]), ("archived", ["PK1", "L1"])])
def test_what_an_order_leaves_standing(books: Books, xietang: Site, outfall: str, state: str, left: list[str]) -> None:
    with books.read() as session:
        found = orders_place.things(session, order(outfall), OFFICE, xietang)
    assert [one.id for one in orders_place.open_still(found, order(outfall, state))] == left


@pytest.mark.parametrize(
    ("viewer", "mine"),
    [
        (Viewer("li", "Li", "department", "water"), {"PK1": True, "L1": True, "L2": True}),
        (Viewer("ma", "Ma", "department", "city_management"), {"PK1": False, "L1": False, "L2": False}),
        (Viewer("e", "E", "engineer"), {"PK1": False, "L1": False, "L2": False}),
        (Viewer("z", "Z", "chief", rivers=frozenset({"R02"})), {}),
    ],
)
def test_whose_step_it_is(books: Books, xietang: Site, outfall: str, viewer: Viewer, mine: dict[str, bool]) -> None:
    with books.read() as session:
        found = orders_place.things(session, order(outfall), viewer, xietang)
    assert {one.id: one.mine for one in found} == mine


def test_an_order_about_no_outfall(books: Books, xietang: Site, outfall: str) -> None:
    with books.read() as session:
        assert orders_place.things(session, order(None), OFFICE, xietang) == ()
        assert [one.id for one in orders_place.things(session, order("PK2"), OFFICE, xietang)] == ["L3"]
