"""What a report says of the work: orders by department, goals, the red and black list.

All of it is what the books say of the period, not of the moment in which the report is made: a report that is made
again later over the same books is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from analytics.periods import Period
from dashboard.casework.desk import Desk
from dashboard.casework.goals import TERMS
from dashboard.casework.grades import MonthGrade
from dashboard.casework.redblack import ListLine, compute_list, published
from dashboard.casework.tables.goals import Goal, GoalProgress, ListEntry
from dashboard.casework.tables.orders import Order, OrderPart
from dashboard.reports.figures import bars
from dashboard.reports.model import Cell, Figure, Section, Table, cells, number, table
from dashboard.viewdata.goals import term
from dashboard.viewdata.orders_words import department_names, minute, river_name, state_word
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: Order states in which the departments have reported their work done.
_DONE = ("done", "archived")


@dataclass(frozen=True, slots=True)
class Tally:
    """Orders of a department in a period, counted by its lead part."""

    opened: int = 0
    closed: int = 0
    in_time: int = 0
    open: int = 0
    overdue: int = 0


def orders_between(session: Session, start_ms: int, end_ms: int) -> list[tuple[Order, str | None]]:
    """Orders open in a span, or opened or closed in it, each with its lead department; dismissed ones are left out.

    Parameters
    ----------
    session : Session
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    """
    query = select(Order).where(
        Order.created_ms < end_ms, Order.state != "dismissed", or_(Order.done_ms.is_(None), Order.done_ms >= start_ms)
    )
    orders = list(session.scalars(query.order_by(Order.created_ms, Order.number)))
    leads: dict[str, str] = {}
    numbers = [order.number for order in orders]
    for begin in range(0, len(numbers), 500):
        parts = select(OrderPart.order_number, OrderPart.department).where(
            OrderPart.lead, OrderPart.order_number.in_(numbers[begin : begin + 500])
        )
        leads |= dict(session.execute(parts).all())
    return [(order, leads.get(order.number)) for order in orders]


def tally(found: Sequence[tuple[Order, str | None]], start_ms: int, end_ms: int) -> dict[str | None, Tally]:
    """Figures of each department; None for orders that no department leads."""
    counts: dict[str | None, list[int]] = {}
    for order, lead in found:
        one = counts.setdefault(lead, [0] * 5)
        closed = _closed(order, end_ms)
        one[0] += start_ms <= order.created_ms < end_ms
        one[1] += closed
        one[2] += closed and (order.due_ms is None or (order.done_ms or 0) <= order.due_ms)
        one[3] += not closed
        one[4] += _late(order, end_ms)
    return {lead: Tally(*one) for lead, one in counts.items()}


def _closed(order: Order, end_ms: int) -> bool:
    return order.state in _DONE and order.done_ms is not None and order.done_ms < end_ms


def _late(order: Order, end_ms: int) -> bool:
    """Whether the departments' time had run out at the end while the order was open."""
    return not _closed(order, end_ms) and order.due_ms is not None and order.due_ms < end_ms


def orders(found: Sequence[tuple[Order, str | None]], start_ms: int, end_ms: int, site: Site, w: Wording) -> Section:
    """Orders opened, closed, open and overdue at the end, by department, and one by one."""
    _ = w._
    names = department_names(site, w)

    def called(lead: str | None) -> str:
        return _("not handed out") if lead is None else names.get(lead, lead)

    rows = [
        cells(called(lead), *(number(value) for value in (one.opened, one.closed, one.in_time, one.open, one.overdue)))
        for lead, one in sorted(
            tally(found, start_ms, end_ms).items(), key=lambda item: (item[0] is None, item[0] or "")
        )
    ]
    if rows:
        sums = [sum(row[column].value or 0 for row in rows) for column in range(1, 6)]
        rows.append(cells(_("Total"), *(number(value) for value in sums)))
    head = (_("Lead department"), _("Opened in it"), _("Closed"), _("Closed in time"), _("Open at the end"),
            _("Overdue at the end"))  # fmt: skip
    by_department = table(_("Orders by department"), head, rows, empty=_("No order in this period."))
    ordered = sorted(found, key=lambda one: (not _late(one[0], end_ms), _closed(one[0], end_ms), one[0].created_ms))
    lines = [
        cells(
            order.code or order.number, order.title, river_name(site, order.river, w), called(lead),
            minute(order.created_ms, w)[2:], minute(order.due_ms, w)[2:] or NOTHING,
            minute(order.done_ms, w)[2:] if _closed(order, end_ms) else NOTHING,
            _("overdue") if _late(order, end_ms) else state_word(_, order.state),
        )
        for order, lead in ordered
    ]  # fmt: skip
    titles = (_("Order number"), _("Title"), _("River"), _("Lead department"), _("Opened on"), _("Due on"),
              _("Closed on"), _("State"))  # fmt: skip
    listed = table(_("Orders one by one"), titles, lines, empty=_("No order in this period."), most=40,
                   more=_("{count} more stand in the Excel file of this report."))  # fmt: skip
    note = _("States are those of the books when the report was made; counts and dates are those of the period.")
    return Section(_("Orders"), (note,), (), (by_department, listed))


def goals(session: Session, first: date, last: date, w: Wording) -> Section:
    """How far each goal was at the end of the period, and how far it came in it, by what was kept day by day."""
    _ = w._
    found = sorted(session.scalars(select(Goal)), key=lambda goal: (TERMS.index(goal.term), goal.due_on, goal.id))
    rows, drawn = [], []
    for goal in found:
        if goal.begins_on > last:
            continue
        now, then = _kept(session, goal.id, last), _kept(session, goal.id, first - timedelta(days=1))
        name = goal.name if w.chinese else goal.name_en or goal.name
        needed = goal.target * now.total if now is not None else 0.0
        share = now.value / needed if now is not None and needed > 0 else None
        text = NOTHING if share is None else f"{share:.0%}".replace("%", " %")
        drawn.append((name, share, text))
        gained = None if now is None or then is None else now.value - then.value
        rows.append(
            cells(name, term(goal.term, _), goal.due_on.isoformat(), _amount(None if now is None else now.value),
                  _amount(needed if share is not None else None), text, _amount(gained),
                  NOTHING if now is None else now.day.isoformat())
        )  # fmt: skip
    head = (_("Goal"), _("Term"), _("Due"), _("Reached"), _("Needed"), _("Share"), _("Gained in the period"),
            _("As kept on"))  # fmt: skip
    figure = (Figure(_("Goals"), bars(drawn), _("Goals")),) if drawn else ()
    return Section(_("Goals"), (), figure, (table(_("Goals"), head, rows, empty=_("No goals yet.")),))


def _kept(session: Session, goal: str, day: date) -> GoalProgress | None:
    """The newest record of a goal up to a day."""
    query = select(GoalProgress).where(GoalProgress.goal == goal, GoalProgress.day <= day)
    return session.scalars(query.order_by(GoalProgress.day.desc()).limit(1)).first()


def _amount(value: float | None) -> Cell:
    return Cell(NOTHING) if value is None else number(value, f"{value:,.0f}")


def red_black(
    session: Session, desk: Desk, months: Sequence[tuple[Period, Mapping[str, MonthGrade]]], w: Wording,
    wanted: Collection[str],
) -> Section:  # fmt: skip
    """The list of each month, as it was published, or as it would be now where it was not."""
    _ = w._
    tables = []
    for month, grades in months:
        lines: Sequence[ListLine | ListEntry] = published(session, month.label)
        title = _("Red and black list of {month}, as published", month=month.label)
        if not lines:
            lines = compute_list(session, desk, month, grades)
            title = _("Red and black list of {month}, not published", month=month.label)
        tables.append(_list(title, lines, desk.site, w, wanted))
    return Section(_("Red and black list"), (), (), tuple(tables))


def _list(title: str, lines: Sequence[ListLine | ListEntry], site: Site, w: Wording, wanted: Collection[str]) -> Table:
    _ = w._
    colours = {"red": _("red list"), "black": _("black list")}
    names = department_names(site, w)
    rows = [
        cells(_("River") if line.scope == "river" else _("Department"),
              river_name(site, line.subject, w) if line.scope == "river" else names.get(line.subject, line.subject),
              number(line.points), colours.get(line.colour or "", NOTHING))
        for line in lines if line.scope != "river" or line.subject in wanted
    ]  # fmt: skip
    return table(title, (_("Scope"), _("Name"), _("Points"), _("List")), rows)
