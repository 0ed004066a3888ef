"""Lists of the books: filtered, searched, counted, turned page by page, within somebody's area."""

from __future__ import annotations

import pytest

from dashboard.casework.books import BOOKS
from dashboard.casework.books_list import NEWEST, STATE, Found, RowFilter, rows_of
from dashboard.casework.database import Books
from dashboard.casework.exchange.kinds import Choice
from dashboard.casework.tables.inspections import PublicReport
from dashboard.casework.tables.stations import StationVisit
from dashboard.casework.tables.survey import Shop
from sensors.site import Site


@pytest.fixture
def filled(books: Books) -> Books:
    with books.change("li", 1) as session:
        for number in range(1, 121):
            session.add(
                Shop(id=f"S{number:03}", name=f"店{number}", river="R01" if number % 2 else "R02",
                     grid="G001" if number % 3 else None, address="100%_东路" if number == 7 else "西路",
                     state=("unsurveyed", "in_order", "to_rectify")[number % 3])
            )  # fmt: skip
        session.add(StationVisit(id="V1", station="S01", start_ms=1000))
        session.add(StationVisit(id="V2", station="S02", start_ms=2000))
        session.add(PublicReport(id="R1", received_ms=1, river=None, text="臭", contact="13800000000"))
    return books


def found(books: Books, site: Site, book: str = "shops", offset: int = 0, **wanted: object) -> Found:
    with books.read() as session:
        return rows_of(session, site, BOOKS[book], RowFilter(**wanted), offset=offset)  # type: ignore[arg-type]


def test_pages_and_counts(filled: Books, xietang: Site) -> None:
    first = found(filled, xietang)
    assert (len(first.rows), first.total, first.rows[0].id) == (50, 120, "S001")
    assert first.states == {"unsurveyed": 40, "in_order": 40, "to_rectify": 40}
    last = found(filled, xietang, offset=100)
    assert [row.id for row in last.rows][::19] == ["S101", "S120"]


def test_filters_and_the_counts_beside_them(filled: Books, xietang: Site) -> None:
    one = found(filled, xietang, river="R01", state="to_rectify")
    assert one.total == 20
    assert {(row.river, row.state) for row in one.rows} == {("R01", "to_rectify")}
    # The other states stay countable, so that a person can change over.
    assert one.states == {"unsurveyed": 20, "in_order": 20, "to_rectify": 20}
    assert found(filled, xietang, grid="G001").total == 80
    assert found(filled, xietang, department="water").total == 0
    assert found(filled, xietang, state="nothing").total == 0


def test_every_word_is_looked_for_and_marks_are_not_wildcards(filled: Books, xietang: Site) -> None:
    assert [row.id for row in found(filled, xietang, text="店7 东路").rows] == ["S007"]
    assert [row.id for row in found(filled, xietang, text="100%_").rows] == ["S007"]
    assert found(filled, xietang, text="%").total == 1
    assert found(filled, xietang, text="s12").total == 1
    assert found(filled, xietang, text="不存在").rows == ()


def test_an_area_and_what_belongs_to_nobody(filled: Books, xietang: Site) -> None:
    assert found(filled, xietang, rivers=frozenset({"R02"})).total == 60
    assert found(filled, xietang, grids=frozenset({"G002"})).total == 40
    assert found(filled, xietang, "public_reports", rivers=frozenset()).total == 1
    river = xietang.stations["S01"].river
    assert "V1" in [row.id for row in found(filled, xietang, "visits", rivers=frozenset({river})).rows]
    others = frozenset(xietang.rivers) - {river, xietang.stations["S02"].river}
    assert found(filled, xietang, "visits", rivers=others).total == 0


def test_stations_are_found_by_river_and_the_newest_stands_first(filled: Books, xietang: Site) -> None:
    assert [row.id for row in found(filled, xietang, "visits").rows] == ["V2", "V1"]
    river = xietang.stations["S02"].river
    wanted = {"V2"} | ({"V1"} if xietang.stations["S01"].river == river else set())
    assert {row.id for row in found(filled, xietang, "visits", river=river).rows} == wanted
    assert [row.id for row in found(filled, xietang, "visits", station="S01").rows] == ["V1"]


def test_what_is_private_is_not_found(filled: Books, xietang: Site) -> None:
    assert found(filled, xietang, "public_reports", text="1380").total == 1
    assert found(filled, xietang, "public_reports", text="1380", private=frozenset({"contact"})).total == 0


@pytest.mark.parametrize("name", BOOKS)
def test_every_book_has_a_list(books: Books, xietang: Site, name: str) -> None:
    assert found(books, xietang, name, text="x", river="R01").total == 0
    if name in STATE:
        assert isinstance(BOOKS[name].column(STATE[name]).kind, Choice)
    if name in NEWEST:
        assert hasattr(BOOKS[name].model, NEWEST[name])
