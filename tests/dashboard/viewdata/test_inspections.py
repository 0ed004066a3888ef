"""Inspections and the red and black list as the board shows them."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.grading import WaterClass
from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.grades import MonthGrade, month_of
from dashboard.casework.redblack import ListLine, ListPart, compute_list, publish_list, published
from dashboard.casework.settings import ListSettings, OfficeSettings
from dashboard.casework.tables.inspections import Finding, Inspection
from dashboard.viewdata.inspections import (
    colour,
    figures,
    finding_lines,
    formula,
    list_lines,
    months,
    of_entries,
    part_lines,
    rules_of,
)
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.casework.made import DAY_MS, NOW, OFFICE, WATER, assigned, take

EVERYBODY = Viewer("o", "O", "office")
CHIEF = Viewer("c", "C", "chief", rivers=frozenset({"R02"}))


@pytest.fixture
def desk(xietang: Site) -> Desk:
    return Desk.of(xietang, OfficeSettings(), "en")


@pytest.fixture
def full(books: Books, desk: Desk) -> Books:
    with books.change("wang", NOW) as session:
        rows = (("I1", "R01", date(2026, 5, 1), 80.0), ("I2", "R02", date(2026, 5, 31), 60.0),
                ("I3", "R01", date(2026, 5, 9), None), ("I4", "R01", date(2026, 6, 1), 0.0))  # fmt: skip
        for id_, river, day, score in rows:
            session.add(
                Inspection(id=id_, kind="monthly" if id_ != "I2" else "random", river=river, day=day, score=score)
            )
        session.add(Finding(id="F1", inspection_id="I1", type="odour", points=3, department="water", order="2026-0001"))
        session.add(Finding(id="F2", inspection_id="I2", type="没有的类型", text="t", points=2))
    number = assigned(books, desk, "water", river="R02", now_ms=NOW)
    for action, actor in (("accept", WATER), ("close", WATER), ("redo", OFFICE)):
        take(books, desk, number, action, actor, NOW + DAY_MS)
    return books


def grades(site: Site) -> dict[str, MonthGrade]:
    worst = {"R01": WaterClass.INFERIOR_V, "R03": None}
    return {
        river: MonthGrade(river, "2026-05", worst.get(river, WaterClass.II), False, False, 0) for river in site.rivers
    }


def text(cell: object) -> str:
    return cell if isinstance(cell, str) else str(getattr(cell, "text"))  # noqa: B009


def test_figures_of_a_month(full: Books, desk: Desk, en: Wording) -> None:
    month = month_of(desk.site, "2026-05")
    with full.read() as session:
        found = figures(session, desk, month.start_ms, month.end_ms, EVERYBODY)
        own = figures(session, desk, month.start_ms, month.end_ms, CHIEF)
        empty = figures(session, desk, 0, 1, EVERYBODY)
    assert (found.inspections, found.mean, found.findings, found.without_order) == (3, 70.0, 2, 1)
    assert rules_of(found.kinds, "en") == "Monthly 2 · Random 1"
    assert (own.inspections, own.mean, own.without_order) == (1, 60.0, 1)
    assert (empty.inspections, empty.mean) == (0, None)


def test_findings_lead_to_their_inspection(full: Books, desk: Desk, en: Wording) -> None:
    month = month_of(desk.site, "2026-05")
    with full.read() as session:
        lines = finding_lines(session, desk, month.start_ms, month.end_ms, EVERYBODY, en)
        assert len(finding_lines(session, desk, month.start_ms, month.end_ms, CHIEF, en)) == 1
    assert [[text(cell) for cell in line.cells] for line in lines] == [
        ["F2", "2026-05-31", "Zhongtang River", "没有的类型", "t", "2", "—", "—"],
        ["F1", "2026-05-01", "Xietang River", "Smell", "", "3", "Water affairs", "2026-0001"],
    ]  # fmt: skip
    assert lines[0].query == {"book": "inspections", "record": "I2"}


def test_the_list_and_every_point_of_it(full: Books, desk: Desk, en: Wording) -> None:
    site, month = desk.site, month_of(desk.site, "2026-05")
    with full.read() as session:
        found = compute_list(session, desk, month, grades(site))
        lines = list_lines(found, "river", site, grades(site), en, EVERYBODY, "2026-05", "R02")
        named = {text(line.cells[0]): line for line in lines}
        second = next(line for line in found if line.subject == "R02")
        points = part_lines(session, second, "2026-05", site, en)
    assert len(lines) == len(site.rivers)
    # 40 points below 100 by half, and once sent back.
    assert [text(cell) for cell in named["Zhongtang River"].cells][2:5] == ["78", "—", "II"]
    assert named["Zhongtang River"].selected
    assert text(named["Shajing River"].cells[3]) == "grade missing or partial"
    assert [(text(line.cells[0]), text(line.cells[1]), line.path) for line in points] == [
        ("Inspection", "-20", "inspections"), ("Sent back", "-2", "orders"), ("Water", "0", "river"),
    ]  # fmt: skip
    assert points[0].query == {"book": "inspections", "record": "I2"}
    assert set(points[1].query) == {"order"}
    assert [text(line.cells[1]) for line in lines][:3] == ["1", "1", "1"]
    assert len(list_lines(found, "river", site, grades(site), en, CHIEF, "2026-05", "")) == 1
    offices = list_lines(found, "department", site, grades(site), en, CHIEF, "2026-05", "")
    assert len(offices) == len(site.departments)


def test_a_published_list_is_shown_as_it_was(full: Books, desk: Desk) -> None:
    month = month_of(desk.site, "2026-05")
    with full.change("wang", NOW) as session:
        before = compute_list(session, desk, month, grades(desk.site))
        publish_list(session, desk, month, grades(desk.site), month.end_ms)
    with full.change("wang", NOW) as session:
        session.get_one(Inspection, "I2").score = 0.0
    with full.read() as session:
        kept = of_entries(published(session, "2026-05"))
    assert {(one.subject, one.points, one.parts) for one in kept} == {
        (one.subject, one.points, one.parts) for one in before
    }


def test_colours_are_words_too(en: Wording, zh: Wording) -> None:
    def line(of: str | None, unknown: bool = False) -> ListLine:
        return ListLine("river", "R01", 50, of, (ListPart("floor", 1, ""),), unknown)

    assert [colour(line(of), en)[0] for of in ("red", "black", None)] == ["Red (praised)", "Black (criticised)", "—"]
    assert colour(line(None, True), zh) == ("缺评价或评价不全", "dim")


def test_the_formula_has_the_numbers_of_the_office(en: Wording, zh: Wording) -> None:
    told = formula(ListSettings(inspection_weight=0.25, class_points=7, red_from=95), en._)
    assert "− 0.25 × (100 − mean score of its inspections)" in told
    assert any("− 7 for each class" in one for one in told)
    assert any(one.startswith("Red from 95 points on") for one in told)
    assert len(formula(ListSettings(), zh._)) == len(told)


def test_months_back_over_the_year() -> None:
    assert months(date(2027, 1, 31), 3) == ["2027-01", "2026-12", "2026-11"]
