"""What the office's work gives reason to tell: overdue orders, goals at risk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dashboard.alerts.kinds import Wanted
from dashboard.casework.deadlines import Overdue
from dashboard.casework.desk import Desk
from dashboard.casework.goals import GoalState
from dashboard.casework.tables.orders import Order

#: How much each step of the escalation matters: reminded, supervised, reported upward.
_SEVERITIES = ("info", "warning", "serious", "serious")


def of_orders(desk: Desk, late: Iterable[Overdue], orders: Mapping[str, Order]) -> Iterator[Wanted]:
    """One alert for each department, or the office, that is late with an order; further each time that it escalates.

    Parameters
    ----------
    desk : Desk
    late : iterable of Overdue
    orders : mapping of str to Order
        By number.
    """
    _ = desk.words
    for one in late:
        order = orders.get(one.number)
        if order is None:
            continue
        number = order.code or order.number
        department = desk.site.departments.get(one.department or "")
        who = _("the office") if department is None else desk.department(department.id)
        lines = [order.title, _("Late: {who}", who=who)]
        yield Wanted(
            f"order:{one.number}:{one.department or 'office'}"[:200], "order", _SEVERITIES[min(one.level, 3)],
            _("Order {number} is overdue", number=number), "\n".join(lines), one.level,
            river=order.river, grid=order.grid, department=one.department, order=order.number, event=order.event,
            detail={"hears": one.hears, "due_ms": one.due_ms},
        )  # fmt: skip


def of_goals(desk: Desk, states: Iterable[GoalState]) -> Iterator[Wanted]:
    """One alert for each goal that will not be reached in time, or was not."""
    _ = desk.words
    for state in states:
        if state.standing not in ("at_risk", "missed"):
            continue
        goal = state.goal
        name = goal.name if _.code == "zh" else goal.name_en or goal.name
        missed = state.standing == "missed"
        title = _("Goal missed: {name}", name=name) if missed else _("Goal at risk: {name}", name=name)
        lines = [_("Due {day}", day=goal.due_on.isoformat())]
        if state.forecast.reached_on is not None:
            lines.append(_("At this pace: {day}", day=state.forecast.reached_on.isoformat()))
        yield Wanted(
            f"goal:{goal.id}", "goal", "serious" if missed else "warning", title, "\n".join(lines), int(missed)
        )
