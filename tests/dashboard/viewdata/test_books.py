"""The books as the board shows them."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.casework.books import BOOKS
from dashboard.casework.books_list import RowFilter
from dashboard.casework.database import Books
from dashboard.casework.tables.inspections import PublicReport
from dashboard.casework.tables.survey import OutfallRecord, RiverPolicy, Shop
from dashboard.viewdata.books import (
    LISTED,
    filter_of,
    history,
    key_of,
    key_text,
    lines,
    listed,
    options,
    shown,
    site_context,
    stages,
    state_words,
    today,
)
from dashboard.wording import NOTHING, Wording
from sensors.site import Site


@pytest.mark.parametrize("name", BOOKS)
def test_every_book_has_a_list_of_its_columns(name: str, xietang: Site) -> None:
    assert [column.attribute for column in listed(BOOKS[name])] == list(LISTED[name])
    context = site_context(xietang)
    for column in BOOKS[name].all_columns:
        words = options(column, xietang, context, "zh")
        assert words is None or words
    assert (state_words(BOOKS[name]) is None) is (name in ("clearings", "patrols", "public_reports", "samples"))


def test_a_row_in_both_languages(xietang: Site, zh: Wording, en: Wording) -> None:
    row = Shop(
        id="S1", name="<b>*x*</b>", river="R01", state="to_rectify", grease_trap=False, surveyed_on=date(2026, 5, 4)
    )
    context = site_context(xietang)
    [line] = lines([row], BOOKS["shops"], context, en, "books", {"q": "x"})
    assert list(line.cells) == ["S1", "<b>*x*</b>", NOTHING, "Xietang River", NOTHING, "To rectify", "2026-05-04",
                                NOTHING, "no"]  # fmt: skip
    assert (line.path, line.query) == ("books", {"q": "x", "book": "shops", "record": "S1"})
    [line] = lines([row], BOOKS["shops"], context, zh, "books")
    assert list(line.cells)[3:6] == ["斜塘河", NOTHING, "待整改"]


def test_reaches_and_grids_are_those_of_the_river(xietang: Site) -> None:
    context = site_context(xietang)
    reach = BOOKS["outfalls"].column("reach")
    assert options(reach, xietang, context, "en", "R01") == [one.id for one in xietang.reaches_of("R01")]
    assert len(options(reach, xietang, context, "en") or []) == len(xietang.reaches)


def test_addresses_of_rows() -> None:
    row = RiverPolicy(river="R01", list="task", position=3, text="x")
    assert key_text(BOOKS["river_policy"], row) == "R01~task~3"
    assert key_of(BOOKS["river_policy"], "R01~task~3") == ["R01", "task", 3]
    for wrong in ("R01", "R01~task~x", "R01~task~3~4", ""):
        assert key_of(BOOKS["river_policy"], wrong) == []
    assert key_of(BOOKS["shops"], "S~1") == ["S~1"]


def test_what_stands_in_an_address_filters() -> None:
    one = filter_of(
        BOOKS["shops"],
        {"q": "x" * 99, "river": "R01", "state": "", "other": "y"},
        frozenset({"R01"}),
        None,
        frozenset(),
    )
    assert (len(one.text), one.river, one.state, one.rivers) == (80, "R01", None, frozenset({"R01"}))


def test_filters_of_another_book_do_not_narrow_this_one() -> None:
    left = {
        "river": "R01",
        "state": "to_rectify",
        "grid": "G001",
        "department": "water",
        "station": "S01",
        "reach": "R",
    }
    samples = filter_of(BOOKS["samples"], left, None, None, frozenset())
    assert samples == RowFilter(river="R01", station="S01")
    assert filter_of(BOOKS["pipes"], left, None, None, frozenset()) == RowFilter(
        river="R01", state="to_rectify", department="water"
    )


def test_what_became_of_a_row_in_words(books: Books, xietang: Site, en: Wording) -> None:
    with books.change("li", 1000, "first") as session:
        session.add(OutfallRecord(id="P1", river="R01"))
        session.add(PublicReport(id="R1", received_ms=1, text="t", contact="1380"))
    with books.change("wang", 2000, "second") as session:
        row = session.get_one(OutfallRecord, "P1")
        row.surveyed_on, row.bank, row.name = date(2026, 5, 4), "L", "桥下"
        session.get_one(PublicReport, "R1").contact = "1390"
    context = site_context(xietang)
    with books.read() as session:
        told = history(session, BOOKS["outfalls"], session.get_one(OutfallRecord, "P1"), context, en)
        assert [(one.actor, one.reason, one.time_ms) for one in told] == [
            ("wang", "second", 2000),
            ("li", "first", 1000),
        ]
        assert set(told[0].what.split("; ")) == {
            "Surveyed on: — → 2026-05-04", "Bank: — → Left bank", "Name: — → 桥下",
        }  # fmt: skip
        assert told[1].what == "entered"
        report = session.get_one(PublicReport, "R1")
        private = history(session, BOOKS["public_reports"], report, context, en, frozenset({"contact"}))
        assert "1390" not in private[0].what


def test_the_life_of_an_outfall() -> None:
    assert stages("monitored", "zh") == [
        ("未排查", True, False), ("已排查", True, False), ("已监测", True, True), ("已溯源", False, False),
        ("已整治", False, False), ("已销号", False, False),
    ]  # fmt: skip


def test_cells_as_people_read_them(en: Wording, xietang: Site) -> None:
    assert [shown(cell, en) for cell in (None, "", 12.0, 12.5, "x")] == [NOTHING, NOTHING, "12", "12.5", "x"]
    assert today(xietang, 1798000000000) == date(2026, 12, 23)
