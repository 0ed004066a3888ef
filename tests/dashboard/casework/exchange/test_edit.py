"""Edits from a page: only what changed is written, nobody's entry is written over, and rules hold as in an import."""

from __future__ import annotations

import pickle
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.books import BOOKS
from dashboard.casework.database import Books
from dashboard.casework.exchange.edit import Cells, Edit, EditRefusedError, PartEdit, Saved, find_row, save, shown_of
from dashboard.casework.tables.inspections import Finding, Inspection
from dashboard.casework.tables.survey import OutfallRecord, RiverPolicy, Shop
from dashboard.i18n import translator
from dashboard.viewdata.books import site_context
from sensors.site import Site

#: The 23rd of December 2026.
NOW = 1798000000000


class Office:
    """Books with a few rows, and somebody who edits them."""

    def __init__(self, books: Books, site: Site) -> None:
        self.books, self.site, self.cells = books, site, site_context(site)
        with books.change("li", 1) as session:
            session.add(Shop(id="S1", name="张记", river="R01", note="=1+1", grease_trap=False))
            session.add(Shop(id="S2", name="洗车行", river="R02"))
            session.add(OutfallRecord(id="P1", river="R01", reach="R01-1", code="FA-1"))
            session.add(RiverPolicy(river="R01", list="task", position=1, text="a"))
            session.add(
                Inspection(
                    id="I1", kind="monthly", river="R01", day=date(2026, 5, 4), score=90.0,
                    findings=[Finding(id="I1-1", type="odour", points=4.0), Finding(id="I1-2", type="oil", points=6.0)],
                )
            )  # fmt: skip

    def shown(self, book: str, *key: Any) -> dict[str, Any]:
        with self.books.read() as session:
            return shown_of(find_row(session, BOOKS[book], key), BOOKS[book].columns, self.cells, "en")

    def parts(self, book: str, *key: Any) -> list[dict[str, Any]]:
        part = BOOKS[book].part
        assert part is not None
        with self.books.read() as session:
            row = find_row(session, BOOKS[book], key)
            return [shown_of(one, part.columns, self.cells, "en") for one in getattr(row, part.attribute)]

    def edit(self, book: str, *edits: Edit, actor: str = "wang", **more: Any) -> Saved:
        return save(self.books, self.site, BOOKS[book], edits, actor, NOW, language="en", **more)

    def get(self, model: Any, key: Any) -> Any:
        with self.books.read() as session:
            return session.get_one(model, key)

    def trail(self) -> list[AuditEntry]:
        with self.books.read() as session:
            assert verify(session).problems == ()
            return list(session.scalars(select(AuditEntry).order_by(AuditEntry.seq)))

    def refused(self, book: str, *edits: Edit, **more: Any) -> list[str]:
        before = len(self.trail())
        with pytest.raises(EditRefusedError) as caught:
            self.edit(book, *edits, **more)
        assert len(self.trail()) == before
        return [trouble.told(translator("en"), "en") for trouble in caught.value.troubles]


@pytest.fixture
def office(books: Books, xietang: Site) -> Office:
    return Office(books, xietang)


def test_only_what_changed_is_written_with_its_reason(office: Office) -> None:
    shown = office.shown("shops", "S1")
    saved = office.edit("shops", Edit(shown, {"trade": "餐饮", "name": "张记"}), reason="visited")
    assert saved == Saved((), ("S1",))
    last = office.trail()[-1]
    assert (last.actor, last.reason, last.before, last.after) == (
        "wang", "visited", {"trade": ""}, {"trade": "餐饮"},
    )  # fmt: skip
    assert office.edit("shops", Edit(office.shown("shops", "S1"), {"trade": "餐饮"})) == Saved()


def test_a_text_that_is_no_formula_comes_back_as_it_was(office: Office) -> None:
    shown = office.shown("shops", "S1")
    assert shown["note"] == "'=1+1"
    office.edit("shops", Edit(shown, {"note": "'=1+2", "trade": "x"}))
    assert office.get(Shop, "S1").note == "=1+2"


def test_cells_are_read_as_in_a_list(office: Office) -> None:
    cells: Cells = {"grease_trap": "yes", "grid": office.site.grids["G001"].name, "longitude": 120.7, "note": None}
    office.edit("shops", Edit(office.shown("shops", "S1"), cells))
    row = office.get(Shop, "S1")
    assert (row.grease_trap, row.grid, row.longitude, row.note) == (True, "G001", 120.7, "")


def test_who_was_faster_is_named_and_their_entry_stays(office: Office) -> None:
    shown = office.shown("shops", "S1")
    office.edit("shops", Edit(shown, {"trade": "餐饮"}), actor="sun")
    told = office.refused("shops", Edit(shown, {"trade": "五金", "address": "东路"}))
    assert told == ["S1 · Trade: sun has changed this to 餐饮 meanwhile: look at it again (五金)"]
    assert office.get(Shop, "S1").address == ""
    # Another cell of the same row, or the same entry twice, is no conflict.
    office.edit("shops", Edit(shown, {"address": "东路"}))
    office.edit("shops", Edit(shown, {"trade": "餐饮", "permit": "7"}))
    row = office.get(Shop, "S1")
    assert (row.trade, row.address, row.permit) == ("餐饮", "东路", "7")


def test_one_wrong_row_keeps_all_out_and_every_mistake_is_told(office: Office) -> None:
    first, second = office.shown("shops", "S1"), office.shown("shops", "S2")
    told = office.refused(
        "shops", Edit(first, {"trade": "x"}),
        Edit(second, {"longitude": 999.0, "surveyed_on": "2027-01-01", "outfall": "nowhere"}),
    )  # fmt: skip
    assert [line.split(":")[0] for line in told] == ["S2 · Longitude", "S2 · Outfall", "S2 · Surveyed on"]
    assert "not in the future: 2026-12-23" in told[2]
    assert office.get(Shop, "S1").trade == ""


def test_what_must_hold_of_a_row_holds(office: Office) -> None:
    shown = office.shown("outfalls", "P1")
    [line] = office.refused("outfalls", Edit(shown, {"chainage_m": 99_999.0}))
    assert line.startswith("P1 · Chainage (m): a number from 0 to 400")
    told = office.refused("shops", Edit(office.shown("shops", "S1"), {"name": None, "river": ""}))[0:2]
    assert told == ["S1 · Name: something that is not blank", "S1 · River: something that is not blank"]


@pytest.mark.parametrize(("book", "key", "cell"), [("outfalls", "P1", "stage"), ("shops", "S1", "state")])
def test_states_move_by_their_steps_and_numbers_stay(office: Office, book: str, key: str, cell: str) -> None:
    shown = office.shown(book, key)
    assert [line.split(":")[0] for line in office.refused(book, Edit(shown, {"id": "X", cell: "Rectified"}))] == [
        f"{key} · Number", f"{key} · {'Stage' if cell == 'stage' else 'State'}",
    ]  # fmt: skip


#: Somebody who says that a new shop is rectified is not believed.
NEW_SHOP = Edit(None, {"id": "S9", "name": "新店", "river": "Xietang River", "state": "Rectified"})


def test_new_rows(office: Office) -> None:
    saved = office.edit("shops", NEW_SHOP)
    assert saved == Saved(("S9",), ())
    assert office.get(Shop, "S9").state == "unsurveyed"
    made = office.edit("shops", Edit(None, {"name": "新店", "river": "R02"})).new[0]
    assert made.startswith("SH-")
    assert office.refused("shops", Edit(None, {"id": "S9", "name": "y", "river": "R01"})) == [
        ": there is such a row already: S9"
    ]
    assert "something that is not blank" in office.refused("shops", Edit(None, {"id": "S8", "name": "y"}))[0]
    assert office.refused("shops", Edit(None, {})) == [": something that is not blank"]


def test_a_book_whose_rows_have_no_number(office: Office) -> None:
    shown = office.shown("river_policy", "R01", "task", 1)
    assert office.edit("river_policy", Edit(shown, {"text": "b"})).changed == ("R01/task/1",)
    saved = office.edit("river_policy", Edit(None, {"river": "R01", "list": "Tasks", "position": 2, "text": "c"}))
    assert saved.new == ("R01/task/2",)


def test_what_belongs_to_a_row(office: Office) -> None:
    shown, parts = office.shown("inspections", "I1"), office.parts("inspections", "I1")
    edits = (PartEdit(parts[1], {"points": 8.0}), PartEdit(None, {"type": "Smell", "points": 1}))
    assert office.edit("inspections", Edit(shown, {"score": 87.0}, edits)).changed == ("I1",)
    with office.books.read() as session:
        rows = list(session.scalars(select(Finding).order_by(Finding.id)))
    assert [(row.id, row.type, row.points) for row in rows] == [
        ("I1-1", "odour", 4.0), ("I1-2", "oil", 8.0), ("I1-3", "odour", 1.0),
    ]  # fmt: skip
    # What somebody else changed elsewhere in the same finding stays.
    office.edit("inspections", Edit(shown, {}, (PartEdit(parts[0], {"place": "桥下"}),)), actor="sun")
    office.edit("inspections", Edit(shown, {}, (PartEdit(parts[0], {"text": "t"}),)))
    assert (office.get(Finding, "I1-1").place, office.get(Finding, "I1-1").text) == ("桥下", "t")
    told = office.refused("inspections", Edit(shown, {}, (PartEdit(parts[0], {"place": "岸边"}),)))
    assert told == ["I1 · Place of finding: sun has changed this to 桥下 meanwhile: look at it again (岸边)"]
    told = office.refused("inspections", Edit(shown, {}, (PartEdit(parts[0], {"id": "Z"}),)))
    assert told == ["I1 · Finding number: what stands there: it is fixed (Z)"]
    assert (
        "something that is not blank"
        in (office.refused("inspections", Edit(shown, {}, (PartEdit(None, {"text": "no kind"}),)))[0])
    )


def test_a_new_row_with_what_belongs_to_it(office: Office) -> None:
    cells: Cells = {"kind": "Random", "river": "R03", "day": date(2026, 6, 1), "score": 70}
    parts = (PartEdit(None, {"type": "oil"}), PartEdit(None, {"type": "别的", "points": 3}))
    [made] = office.edit("inspections", Edit(None, cells, parts)).new
    with office.books.read() as session:
        rows = list(session.scalars(select(Finding).where(Finding.inspection_id == made).order_by(Finding.id)))
    assert [(row.id, row.type) for row in rows] == [(f"{made}-1", "oil"), (f"{made}-2", "别的")]


def test_only_rows_that_are_ones_own_before_and_after(office: Office) -> None:
    def mine(row: Any) -> bool:
        return bool(row.river == "R01")

    office.edit("shops", Edit(office.shown("shops", "S1"), {"trade": "x"}), allowed=mine)
    told = office.refused("shops", Edit(office.shown("shops", "S2"), {"trade": "x"}), allowed=mine)
    assert told == ["S2: a row of your own area and books"]
    told = office.refused("shops", Edit(office.shown("shops", "S1"), {"river": "R02"}), allowed=mine)
    assert told == ["S1: a row of your own area and books"]
    assert office.refused("shops", Edit(None, {"id": "N", "name": "n", "river": "R02"}), allowed=mine) != []


def test_a_row_that_is_gone(office: Office) -> None:
    shown = {**office.shown("shops", "S1"), "id": "S7"}
    assert office.refused("shops", Edit(shown, {"trade": "x"})) == [": the row is gone"]


def test_a_refusal_survives_another_process(office: Office) -> None:
    with pytest.raises(EditRefusedError) as caught:
        office.edit("shops", Edit(None, {}))
    again = pickle.loads(pickle.dumps(caught.value))
    assert [str(one.said) for one in again.troubles] == ["something that is not blank"]
