from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from analytics.grading import WaterClass
from dashboard.casework.database import Books
from dashboard.casework.deadlines import escalate_in
from dashboard.casework.desk import Desk
from dashboard.casework.grades import MonthGrade, month_of
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.redblack import ListLine, compute_list, publish_list, published
from dashboard.casework.settings import ListSettings, OfficeSettings
from dashboard.casework.tables.goals import ListEntry
from dashboard.casework.tables.inspections import Inspection
from dashboard.casework.tables.orders import OrderStep
from sensors.site import Site
from tests.dashboard.casework.made import DAY_MS, NOW, OFFICE, WATER, assigned, at, order_of, take

#: R01 must be III, and every river here is III but those named.
GRADES = {"R01": WaterClass.INFERIOR_V, "R02": WaterClass.IV}


def grades(site: Site, *, partial: str = "", missing: str = "") -> dict[str, MonthGrade]:
    return {
        river: MonthGrade(river, "2026-05", None if river == missing else GRADES.get(river, WaterClass.II),
                          river == partial, False, 0)
        for river in site.rivers
    }  # fmt: skip


def lines(books: Books, desk: Desk, **more: str) -> dict[tuple[str, str], ListLine]:
    with books.read() as session:
        rows = compute_list(session, desk, month_of(desk.site, "2026-05"), grades(desk.site, **more))
    return {(row.scope, row.subject): row for row in rows}


@pytest.fixture
def full(books: Books, desk: Desk) -> Books:
    """Inspections, an overdue order and one that was sent back, in May; and things of other months."""
    with books.change("wang", NOW) as session:
        for id_, river, day, score, department in (
            ("I1", "R01", date(2026, 5, 1), 80.0, "water"),
            ("I2", "R01", date(2026, 5, 31), 60.0, None),
            ("I3", "R01", date(2026, 6, 1), 0.0, "water"),
            ("I4", "R03", date(2026, 4, 30), 0.0, "water"),
            ("I5", "R03", date(2026, 5, 3), None, "water"),
        ):
            session.add(Inspection(id=id_, kind="monthly", river=river, day=day, score=score, department=department))
    late = assigned(books, desk, "city_management", now_ms=NOW)
    escalate_in(books, desk, at("2026-05-25 11:00"))
    escalate_in(books, desk, at("2026-06-10 10:00"))
    assert order_of(books, late).escalation == 3
    again = assigned(books, desk, "water", river="R02", now_ms=NOW)
    for action, actor in (("accept", WATER), ("close", WATER), ("redo", OFFICE)):
        take(books, desk, again, action, actor, NOW + DAY_MS)
    return books


def test_every_point_of_a_river_has_its_record(full: Books, desk: Desk) -> None:
    found = lines(full, desk)
    with full.read() as session:
        steps = {row.action: f"order_step/{row.id}" for row in session.scalars(select(OrderStep))}
    worst = found["river", "R01"]
    assert [(part.rule, part.points, part.record) for part in worst.parts] == [
        ("inspection", -5.0, "inspection/I1"),
        ("inspection", -10.0, "inspection/I2"),
        ("remind", -1, steps["remind"]),
        # Three classes below III, and worse than V.
        ("water", -40, "assessment/river/R01/month/2026-05"),
    ]
    assert (worst.points, worst.colour) == (44.0, "black")
    sent_back = found["river", "R02"]
    assert (sent_back.points, sent_back.colour) == (100 - 2 - 10, None)
    assert (found["river", "R04"].points, found["river", "R04"].colour) == (100, "red")


def test_departments_answer_for_what_is_theirs(full: Books, desk: Desk) -> None:
    found = lines(full, desk)
    city = found["department", "city_management"]
    assert ([part.rule for part in city.parts if part.points], city.points) == (["remind"], 99)
    own = [river.id for river in desk.site.rivers.values() if river.department == "water"]
    water = found["department", "water"]
    by_rule = {rule: sum(part.points for part in water.parts if part.rule == rule) for rule in ("inspection", "redo")}
    assert by_rule == {"inspection": -10.0, "redo": -2}
    lost = sum(part.points for part in water.parts if part.rule == "water")
    assert lost == pytest.approx(-50 / len(own), abs=0.02)


@pytest.mark.parametrize("more", [{"partial": "R04"}, {"missing": "R04"}])
def test_unknown_water_is_never_praised(books: Books, desk: Desk, more: dict[str, str]) -> None:
    line = lines(books, desk, **more)["river", "R04"]
    assert (line.points, line.colour, line.open) == (100, None, True)


def test_water_that_misses_its_target_is_never_on_the_red_list(books: Books, desk: Desk) -> None:
    mild = Desk.of(desk.site, OfficeSettings(list=ListSettings(class_points=0, inferior_points=0)), "en")
    line = lines(books, mild)["river", "R01"]
    assert (line.points, line.colour, line.open) == (100, None, False)
    assert lines(books, mild)["river", "R04"].colour == "red"


def test_points_are_a_hundred_and_their_parts(full: Books, desk: Desk) -> None:
    hard = Desk.of(desk.site, OfficeSettings(list=ListSettings(class_points=50, inspection_weight=3)), "en")
    for setting in (desk, hard):
        for line in lines(full, setting).values():
            assert line.points == pytest.approx(100 + sum(part.points for part in line.parts), abs=1e-9)
            assert 0 <= line.points <= 100
    assert lines(full, hard)["river", "R01"].parts[-1].rule == "floor"


def test_a_published_list_stands(full: Books, desk: Desk) -> None:
    month, known = month_of(desk.site, "2026-05"), grades(desk.site)
    with pytest.raises(StepRefusedError, match="the month 2026-05 is not over"), full.change("wang", NOW) as session:
        publish_list(session, desk, month, known, month.end_ms - 1)
    with full.change("wang", NOW) as session:
        rows = publish_list(session, desk, month, known, month.end_ms)
        assert len(rows) == len(desk.site.rivers) + len(desk.site.departments)
    with full.change("wang", NOW) as session:
        session.add(Inspection(id="I9", kind="self", river="R04", day=date(2026, 5, 9), score=0.0))
    with (
        pytest.raises(StepRefusedError, match="the list of 2026-05 has been published"),
        full.change("wang", NOW) as session,
    ):
        publish_list(session, desk, month, known, month.end_ms)
    with full.read() as session:
        kept = published(session, "2026-05")
        assert published(session, "2026-04") == []
    best = next(row for row in kept if row.subject == "R04")
    assert (best.points, best.colour, best.parts[-1]["record"]) == (100, "red", "assessment/river/R04/month/2026-05")
    assert kept[0].scope == "river"
    assert isinstance(kept[0], ListEntry)
