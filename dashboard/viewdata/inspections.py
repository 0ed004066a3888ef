"""Inspections and the red and black list as the board shows them: figures, lines, and where every point comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analytics.grading import WaterClass
from dashboard.access import Viewer
from dashboard.casework import vocabulary
from dashboard.casework.desk import Desk
from dashboard.casework.grades import MonthGrade
from dashboard.casework.redblack import ListLine, ListPart
from dashboard.casework.settings import ListSettings
from dashboard.casework.tables.goals import ListEntry
from dashboard.casework.tables.inspections import Finding, Inspection
from dashboard.casework.tables.orders import Order, OrderStep
from dashboard.i18n import Translator
from dashboard.viewdata.books_ledger import Cell, Line
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: Months that can be chosen, the running one included.
MONTHS = 25


@dataclass(frozen=True, slots=True)
class Figures:
    """What the inspections of a month found, in somebody's area.

    Attributes
    ----------
    inspections : int
    mean : float or None
        Mean score; None where none has one.
    findings : int
    without_order : int
        Findings that no order follows.
    kinds : mapping of str to int
    """

    inspections: int
    mean: float | None
    findings: int
    without_order: int
    kinds: Mapping[str, int]


def figures(session: Session, desk: Desk, start_ms: int, end_ms: int, viewer: Viewer) -> Figures:
    """Figures of a month [ms since the epoch, UTC]."""
    first, last = desk.calendar.day(start_ms), desk.calendar.day(end_ms - 1)
    query = select(Inspection.id, Inspection.kind, Inspection.river, Inspection.score).where(
        Inspection.day.between(first, last)
    )
    rows = [row for row in session.execute(query) if viewer.sees_river(row.river)]
    scores = [row.score for row in rows if row.score is not None]
    kinds: dict[str, int] = {}
    for row in rows:
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    found = open_ = 0
    ids = [row.id for row in rows]
    for start in range(0, len(ids), 500):
        counted = select(func.count(), func.count(Finding.order)).where(
            Finding.inspection_id.in_(ids[start : start + 500])
        )
        every, followed = session.execute(counted).one()
        found, open_ = found + every, open_ + every - followed
    return Figures(len(rows), fmean(scores) if scores else None, found, open_, kinds)


def finding_lines(session: Session, desk: Desk, start_ms: int, end_ms: int, viewer: Viewer, w: Wording) -> list[Line]:
    """Findings of a month's inspections, those without an order first; each opens its inspection."""
    first, last = desk.calendar.day(start_ms), desk.calendar.day(end_ms - 1)
    query = (
        select(Finding, Inspection.day, Inspection.river)
        .join(Finding.inspection)
        .where(Inspection.day.between(first, last))
        .order_by(Finding.order.is_not(None), Inspection.day.desc(), Finding.id)
    )
    lines = []
    for finding, day, river in session.execute(query):
        if not viewer.sees_river(river):
            continue
        department = desk.site.departments.get(finding.department or "")
        cells = (
            finding.id, day.isoformat(), _river(desk.site, river, w),
            vocabulary.PATROL_TYPES.word(finding.type, w._.code), finding.text, f"{finding.points:g}",
            NOTHING if department is None else department.name if w.chinese else department.name_en,
            finding.order or NOTHING,
        )  # fmt: skip
        lines.append(Line(cells, "inspections", {"book": "inspections", "record": finding.inspection_id}))
    return lines


def formula(settings: ListSettings, translate: Translator) -> list[str]:
    """The formula of the list with the numbers of this office, a sentence each."""
    _ = translate
    return [
        _("Each river and each department begins a month with 100 points; below 0 there is nothing."),
        _("− {weight} × (100 − mean score of its inspections)", weight=f"{settings.inspection_weight:g}"),
        _("− {remind} for each reminder, − {supervise} for each supervision, − {report} for each report upward",
          remind=f"{settings.remind_points:g}", supervise=f"{settings.supervise_points:g}",
          report=f"{settings.report_points:g}"),
        _("− {redo} each time that work was sent back or the water reopened a case", redo=f"{settings.redo_points:g}"),
        _("− {points} for each class that the month's grade is worse than the target, − {more} more where it is "
          "worse than V", points=f"{settings.class_points:g}", more=f"{settings.inferior_points:g}"),
        _("Red from {red} points on, where every grade is known and whole, and no river that misses its target; "
          "black below {black}.", red=f"{settings.red_from:g}", black=f"{settings.black_below:g}"),
        _("A department has the inspections and steps that name it, and the mean of the water points of its rivers."),
    ]  # fmt: skip


def of_entries(entries: Iterable[ListEntry]) -> list[ListLine]:
    """Lines of a list as it was published."""
    return [
        ListLine(
            entry.scope, entry.subject, entry.points, entry.colour,
            tuple(ListPart(str(p["rule"]), float(str(p["points"])), str(p["record"])) for p in entry.parts), False,
        )
        for entry in entries
    ]  # fmt: skip


def list_lines(
    lines: Iterable[ListLine], scope: str, site: Site, grades: Mapping[str, MonthGrade], w: Wording, viewer: Viewer,
    month: str, chosen: str,
) -> list[Line]:  # fmt: skip
    """Lines of a scope, best first; each opens its points."""
    _, found = w._, []
    of_scope = [one for one in lines if one.scope == scope]
    for line in of_scope:
        # Who has the same points has the same place.
        place = 1 + sum(1 for other in of_scope if other.points > line.points)
        if scope == "river" and not viewer.sees_river(line.subject):
            continue
        word, tone = colour(line, w)
        if scope == "river" and line.colour is None and not line.open and _misses(site, grades.get(line.subject)):
            word, tone = _("misses its target"), "dim"
        lost = sum(1 for part in line.parts if part.points)
        cells: list[Cell | str] = [
            name_of(scope, line.subject, site, w),
            str(place),
            f"{line.points:g}",
            Cell(word, tone),
        ]
        if scope == "river":
            grade = grades.get(line.subject)
            known = None if grade is None or grade.water_class is None else grade.water_class.name
            cells.append(Cell(w.short_class(known), water_class=known or "none"))
            cells.append(
                w.short_class(site.rivers[line.subject].target_class) if line.subject in site.rivers else NOTHING
            )
        cells.append(str(lost))
        query = {"tab": "list", "month": month, "scope": scope, "subject": line.subject}
        found.append(Line(cells, "inspections", query, selected=line.subject == chosen))
    return found


def _misses(site: Site, grade: MonthGrade | None) -> bool:
    """Whether a river's grade is worse than its target."""
    if grade is None or grade.water_class is None or grade.river not in site.rivers:
        return False
    return bool(grade.water_class > WaterClass[site.rivers[grade.river].target_class])


def colour(line: ListLine, w: Wording) -> tuple[str, str]:
    """Word of a colour, and its tone."""
    _ = w._
    if line.colour == "red":
        return _("Red (praised)"), "good"
    if line.colour == "black":
        return _("Black (criticised)"), "bad"
    return (_("grade missing or partial") if line.open else NOTHING), "dim"


def name_of(scope: str, subject: str, site: Site, w: Wording) -> str:
    """Name of a river or a department."""
    if scope == "river":
        return _river(site, subject, w)
    department = site.departments.get(subject)
    return subject if department is None else department.name if w.chinese else department.name_en


def part_lines(session: Session, line: ListLine, month: str, site: Site, w: Wording) -> list[Line]:
    """Every point of a line with its record; each opens it."""
    _ = w._
    numbers = [int(part.record.partition("/")[2]) for part in line.parts if part.record.startswith("order_step/")]
    steps: dict[int, tuple[str, str]] = {}
    if numbers:
        query = select(OrderStep.id, Order.number, Order.title).join(OrderStep.order).where(OrderStep.id.in_(numbers))
        steps = {row.id: (row.number, row.title) for row in session.execute(query)}
    return [_part(part, steps, month, site, w) for part in line.parts]


def _part(part: ListPart, steps: Mapping[int, tuple[str, str]], month: str, site: Site, w: Wording) -> Line:
    _ = w._
    points = Cell(f"{part.points:+g}" if part.points else "0", "bad" if part.points < 0 else "")
    kind, _slash, rest = part.record.partition("/")
    if kind == "inspection":
        return Line((rule(part.rule, w), points, rest), "inspections", {"book": "inspections", "record": rest})
    if kind == "order_step":
        number, title = steps.get(int(rest), ("", ""))
        cells = (rule(part.rule, w), points, f"{number} {title}".strip() or part.record)
        return Line(cells, "orders" if number else "", {"order": number})
    if kind == "assessment":
        river = rest.split("/")[1]
        told = _("evaluation of {river}, {month}", river=_river(site, river, w), month=month)
        return Line((rule(part.rule, w), points, told), "river", {"river": river})
    return Line((rule(part.rule, w), points, part.record or NOTHING))


def rule(name: str, w: Wording) -> str:
    """Word of a rule."""
    _ = w._
    words = {
        "inspection": _("Inspection"), "remind": _("Reminder"), "supervise": _("Supervision"),
        "report": _("Report upward"), "redo": _("Sent back"), "reopen": _("Reopened by the water"),
        "water": _("Water"), "floor": _("Not below 0"),
    }  # fmt: skip
    return words.get(name, name)


def months(day: date, count: int = MONTHS) -> Sequence[str]:
    """Labels of the running month and those before it, newest first."""
    found, first = [], day.replace(day=1)
    for _place in range(count):
        found.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def rules_of(kinds: Mapping[str, int], language: str) -> str:
    """How many inspections of each kind there were."""
    words = vocabulary.INSPECTION_KINDS
    return " · ".join(f"{words.word(kind, language)} {kinds[kind]}" for kind in words if kind in kinds)


def _river(site: Site, river: str, w: Wording) -> str:
    known = site.rivers.get(river)
    return river if known is None else w.place(known)
