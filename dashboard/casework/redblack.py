"""Red and black list of a month (红黑榜): points of rivers and departments, each with the records that it comes from.

Points of a river, out of 100, never below 0::

    100
    - inspection_weight x (100 - mean score of the month's inspections), shared among the inspections
    - remind_points, supervise_points, report_points for each such step of its orders in the month
    - redo_points for each time that its orders were sent back by the office, or reopened by the water, in the month
    - class_points x classes by which the month's grade is worse than the target, + inferior_points where worse than V

Those of a department count the inspections and steps that name it, and the mean of the water points of its rivers. A
river without a grade, or with a partial one, cannot be on the red list: nobody knows that its water is good. Neither
can one that misses its target. Numbers are settings (`dashboard.casework.settings.ListSettings`), and none is quoted
from a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from analytics.grading import WaterClass
from analytics.periods import Period
from dashboard.casework.desk import Desk
from dashboard.casework.exchange.said import _
from dashboard.casework.grades import MonthGrade
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.goals import ListEntry
from dashboard.casework.tables.inspections import Inspection
from dashboard.casework.tables.orders import Order, OrderPart, OrderStep

SCOPES = ("river", "department")

#: Steps after which the lead department has to do its work again.
_AGAIN = ("redo", "reopen")

#: Decimals of points.
DECIMALS = 2


@dataclass(frozen=True, slots=True)
class ListPart:
    """Points of one record.

    Attributes
    ----------
    rule : str
        inspection, remind, supervise, report, redo, reopen, water, floor.
    points : float
        What it adds; mostly negative.
    record : str
        ``table/id``, or ``assessment/...`` of the store; empty for the floor.
    """

    rule: str
    points: float
    record: str


@dataclass(frozen=True, slots=True)
class ListLine:
    """A river or a department in the list of a month.

    Attributes
    ----------
    scope : {'river', 'department'}
    subject : str
    points : float
        100 and the sum of the parts.
    colour : {'red', 'black'} or None
        None in between, or where the water is not known.
    parts : tuple of ListPart
    open : bool
        Whether a grade of the month is missing or partial.
    """

    scope: str
    subject: str
    points: float
    colour: str | None
    parts: tuple[ListPart, ...]
    open: bool


def compute_list(session: Session, desk: Desk, month: Period, grades: Mapping[str, MonthGrade]) -> list[ListLine]:
    """The list of a month, best first within each scope.

    Parameters
    ----------
    session : Session
    desk : Desk
    month : Period
    grades : mapping of str to MonthGrade
        Of every river, from `dashboard.casework.grades.month_grades`.
    """
    site = desk.site
    inspections = _inspections(session, desk, month)
    steps = _steps(session, month)
    water = {river: _water(desk, river, grades.get(river)) for river in site.rivers}
    lines = []
    for river in site.rivers:
        parts = _scored(desk, [row for row in inspections if row.river == river])
        parts += _stepped(desk, [step for step, of, _who in steps if of == river])
        parts += water[river]
        kept_back = _missed(desk, river, grades.get(river))
        lines.append(_line(desk, "river", river, parts, _unknown(grades.get(river)), kept_back))
    for name in site.departments:
        own = [river.id for river in site.rivers.values() if river.department == name]
        parts = _scored(desk, [row for row in inspections if row.department == name])
        parts += _stepped(desk, [step for step, _of, who in steps if who == name])
        parts += [
            ListPart(part.rule, round(part.points / len(own), DECIMALS), part.record)
            for river in own
            for part in water[river]
        ]
        lines.append(_line(desk, "department", name, parts, any(_unknown(grades.get(river)) for river in own)))
    lines.sort(key=lambda line: (SCOPES.index(line.scope), -line.points, line.subject))
    return lines


def publish_list(
    session: Session, desk: Desk, month: Period, grades: Mapping[str, MonthGrade], now_ms: int
) -> list[ListEntry]:
    """Keep the list of a month as it goes out. It stands from then on, whatever the books become.

    Raises
    ------
    StepRefusedError
        If the month is not over, or its list was published before.
    """
    take_turn(session)
    if month.end_ms > now_ms:
        raise StepRefusedError(_("the month {month} is not over"), month=month.label)
    if published(session, month.label):
        raise StepRefusedError(_("the list of {month} has been published"), month=month.label)
    rows = [
        ListEntry(
            month=month.label, scope=line.scope, subject=line.subject, points=line.points, colour=line.colour,
            parts=[{"rule": part.rule, "points": part.points, "record": part.record} for part in line.parts],
            published_ms=now_ms,
        )
        for line in compute_list(session, desk, month, grades)
    ]  # fmt: skip
    session.add_all(rows)
    session.flush()
    return rows


def published(session: Session, month: str) -> list[ListEntry]:
    """The list of a month as it was published, best first; empty where it was not."""
    query = select(ListEntry).where(ListEntry.month == month, ListEntry.published_ms.is_not(None))
    return list(session.scalars(query.order_by(ListEntry.scope.desc(), ListEntry.points.desc(), ListEntry.subject)))


def _line(
    desk: Desk, scope: str, subject: str, parts: Sequence[ListPart], unknown: bool, missed: bool = False
) -> ListLine:
    total = round(100 + sum(part.points for part in parts), DECIMALS)
    kept = tuple(parts)
    if total < 0:
        kept, total = (*kept, ListPart("floor", -total, "")), 0.0
    settings, colour = desk.settings.list, None
    if total < settings.black_below:
        colour = "black"
    elif total >= settings.red_from and not unknown and not missed:
        colour = "red"
    return ListLine(scope, subject, total, colour, kept, unknown)


def _inspections(session: Session, desk: Desk, month: Period) -> list[Inspection]:
    first, last = desk.calendar.day(month.start_ms), desk.calendar.day(month.end_ms - 1)
    query = select(Inspection).where(Inspection.day.between(first, last), Inspection.score.is_not(None))
    return list(session.scalars(query.order_by(Inspection.day, Inspection.id)))


def _steps(session: Session, month: Period) -> list[tuple[OrderStep, str | None, str | None]]:
    """Steps of the month that cost points, with the river and the department that they count for."""
    query = (
        select(OrderStep, Order.river)
        .join(OrderStep.order)
        .where(
            OrderStep.time_ms >= month.start_ms,
            OrderStep.time_ms < month.end_ms,
            OrderStep.action.in_(("remind", "supervise", "report", *_AGAIN)),
        )
        .order_by(OrderStep.id)
    )
    rows = session.execute(query).all()
    redone = {step.order_number for step, _river in rows if step.action in _AGAIN}
    leads = dict(
        session.execute(
            select(OrderPart.order_number, OrderPart.department).where(
                OrderPart.lead, OrderPart.order_number.in_(redone)
            )
        ).all()
    )
    return [
        (step, river, leads.get(step.order_number) if step.action in _AGAIN else step.department)
        for step, river in rows
    ]


def _scored(desk: Desk, rows: Sequence[Inspection]) -> list[ListPart]:
    weight = desk.settings.list.inspection_weight
    return [
        ListPart("inspection", _minus(weight * (100 - (row.score or 0.0)) / len(rows)), f"inspection/{row.id}")
        for row in rows
    ]


def _stepped(desk: Desk, steps: Sequence[OrderStep]) -> list[ListPart]:
    settings = desk.settings.list
    costs = {
        "remind": settings.remind_points,
        "supervise": settings.supervise_points,
        "report": settings.report_points,
        **dict.fromkeys(_AGAIN, settings.redo_points),
    }
    return [ListPart(step.action, _minus(costs[step.action]), f"order_step/{step.id}") for step in steps]


def _water(desk: Desk, river: str, grade: MonthGrade | None) -> list[ListPart]:
    if grade is None or grade.water_class is None:
        return []
    settings = desk.settings.list
    worse = max(0, grade.water_class - WaterClass[desk.site.rivers[river].target_class])
    lost = worse * settings.class_points
    if grade.water_class is WaterClass.INFERIOR_V:
        lost += settings.inferior_points
    return [ListPart("water", _minus(lost), grade.record)]


def _missed(desk: Desk, river: str, grade: MonthGrade | None) -> bool:
    """Whether a river's grade is worse than its target: such water is not praised, whatever else went well."""
    if grade is None or grade.water_class is None:
        return False
    return bool(grade.water_class > WaterClass[desk.site.rivers[river].target_class])


def _unknown(grade: MonthGrade | None) -> bool:
    return grade is None or grade.water_class is None or grade.partial


def _minus(points: float) -> float:
    """Points lost, rounded; nothing lost is 0, not -0."""
    return 0.0 - round(points, DECIMALS)
