"""What happens when a deadline passes: reminder, supervision (督办), report to the next level; each step once.

Whoever has the next step has the deadline: the office for drafts, registered orders, those given back and those to be
reviewed; each department for its own part otherwise. Delays count in working hours after the deadline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import DEPARTMENT_STATES, OFFICE_STATES, SERVICE
from dashboard.casework.orders import apply
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.orders import Order, OrderPart

#: Steps in order, by `Order.escalation` - 1, and who hears of each when a department is late, or the office.
STEPS = ("remind", "supervise", "report")
HEARS = {"department": ("department", "office", "chief"), "office": ("office", "office", "chief")}

_LATE_ORDER = and_(Order.state.in_(OFFICE_STATES), Order.office_due_ms.is_not(None))
_LATE_PART = and_(Order.state.in_(DEPARTMENT_STATES), OrderPart.answered_ms.is_(None), OrderPart.due_ms.is_not(None))


@dataclass(frozen=True, slots=True)
class Overdue:
    """An order, or a department's part of it, that is late.

    Attributes
    ----------
    number : str
    department : str or None
        Whose part; None where the office is late.
    level : int
        Step that was reached: 1 reminded, 2 supervised, 3 reported upward.
    hears : str
        Role that is to hear of it: department, office, chief.
    due_ms : int
        Milliseconds since the epoch, UTC.
    """

    number: str
    department: str | None
    level: int
    hears: str
    due_ms: int

    @property
    def step(self) -> str:
        """Name of the step: remind, supervise, report."""
        return STEPS[self.level - 1]


def escalate(session: Session, desk: Desk, now_ms: int) -> list[Overdue]:
    """Take every step of the escalation that is due; what was taken, in order.

    Where nobody has looked for long, several steps of one order are taken at once, each with its own trace.
    """
    take_turn(session)
    taken = []
    for order, part, due_ms, reached in _late(session, now_ms):
        for level in range(reached + 1, _level(desk, due_ms, now_ms) + 1):
            step = _overdue(order, part, level, due_ms)
            if part is not None:
                part.escalation = level
            order.escalation = max(order.escalation, level)
            apply(session, desk, order.number, step.step, SERVICE, now_ms, text=_told(desk, step),
                  department=step.department)  # fmt: skip
            taken.append(step)
    return taken


def escalate_in(books: Books, desk: Desk, now_ms: int) -> list[Overdue]:
    """`escalate` in a change of its own, and only where a step is due.

    Raises
    ------
    BooksError
        If the books cannot be had.
    """
    with books.read() as session:
        due = any(_level(desk, due_ms, now_ms) > reached for _, _, due_ms, reached in _late(session, now_ms))
    if not due:
        return []
    with books.change(SERVICE.account, now_ms, "deadlines") as session:
        return escalate(session, desk, now_ms)


def overdue(session: Session) -> list[Overdue]:
    """What stands escalated now: an alert for each may be raised, and cleared when it is no longer here."""
    orders = select(Order).where(_LATE_ORDER, Order.escalation > 0).order_by(Order.number)
    found = [_overdue(order, None, order.escalation, order.office_due_ms or 0) for order in session.scalars(orders)]
    parts = (
        select(Order, OrderPart)
        .join(OrderPart.order)
        .where(_LATE_PART, OrderPart.escalation > 0)
        .order_by(Order.number, OrderPart.id)
    )
    found += [_overdue(order, part, part.escalation, part.due_ms or 0) for order, part in session.execute(parts)]
    return found


def _late(session: Session, now_ms: int) -> Iterator[tuple[Order, OrderPart | None, int, int]]:
    """Order, part, deadline and step reached of everything that is late and not escalated to the end."""
    orders = select(Order).where(_LATE_ORDER, Order.office_due_ms < now_ms, Order.escalation < len(STEPS))
    for order in session.scalars(orders.order_by(Order.number)).all():
        assert order.office_due_ms is not None
        yield order, None, order.office_due_ms, order.escalation
    parts = (
        select(Order, OrderPart)
        .join(OrderPart.order)
        .where(_LATE_PART, OrderPart.due_ms < now_ms, OrderPart.escalation < len(STEPS))
        .order_by(Order.number, OrderPart.id)
    )
    for order, part in session.execute(parts).all():
        assert part.due_ms is not None
        yield order, part, part.due_ms, part.escalation


def _level(desk: Desk, due_ms: int, now_ms: int) -> int:
    """Step that should have been reached."""
    times = desk.settings.deadlines
    late = desk.calendar.hours_between(due_ms, now_ms)
    return sum(late >= hours for hours in (times.remind_hours, times.supervise_hours, times.report_hours))


def _overdue(order: Order, part: OrderPart | None, level: int, due_ms: int) -> Overdue:
    who = "office" if part is None else "department"
    return Overdue(order.number, None if part is None else part.department, level, HEARS[who][level - 1], due_ms)


def _told(desk: Desk, step: Overdue) -> str:
    when = desk.calendar.minute(step.due_ms)
    _ = desk.words
    return _("Overdue since {time}", time=when)
