"""Lists of orders as the board needs them: pages, counts, and the whole story of one order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from dashboard.casework.lifecycle import DEPARTMENT_STATES, OFFICE_STATES
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.orders import EventLink, Notice, Order, OrderPart, OrderStep


@dataclass(frozen=True, slots=True)
class Area:
    """Somebody's rivers or grids. What belongs to no river or grid is everybody's.

    Attributes
    ----------
    rivers : tuple of str or None
        None for all.
    grids : tuple of str or None
        None where grids do not matter. An order of a grid is in the area if the grid is; one without, if its river is.
    """

    rivers: tuple[str, ...] | None = None
    grids: tuple[str, ...] | None = None

    def has(self, river: str | None, grid: str | None) -> bool:
        """Whether a place is in it."""
        if self.grids is not None and grid is not None:
            return grid in self.grids
        return self.rivers is None or river is None or river in self.rivers

    def condition(self) -> ColumnElement[bool]:
        """The same for the database."""
        there: ColumnElement[bool] = true()
        if self.rivers is not None:
            there = or_(Order.river.is_(None), Order.river.in_(self.rivers))
        if self.grids is None:
            return there
        return or_(Order.grid.in_(self.grids), and_(Order.grid.is_(None), there))


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; what is None or empty does not matter.

    Attributes
    ----------
    states : tuple of str
    department : str or None
        With a part of this department.
    river, outfall, origin, urgency : str or None
    overdue_ms : int or None
        Late at this instant, milliseconds since the epoch, UTC.
    area : Area or None
        Only what lies in an area; None for everywhere.
    said : str or None
        Words that number, code or title contain.
    """

    states: tuple[str, ...] = ()
    department: str | None = None
    river: str | None = None
    outfall: str | None = None
    origin: str | None = None
    urgency: str | None = None
    overdue_ms: int | None = None
    area: Area | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of the list; instants are milliseconds since the epoch, UTC."""

    number: str
    code: str | None
    title: str
    state: str
    urgency: str
    origin: str
    river: str | None
    outfall: str | None
    created_ms: int
    due_ms: int | None
    office_due_ms: int | None
    done_ms: int | None
    confirmed_ms: int | None
    reopened: int
    escalation: int
    lead: str | None

    def overdue(self, now_ms: int) -> bool:
        """Whether its next step is late."""
        due_ms = self.office_due_ms if self.state in OFFICE_STATES else self.due_ms
        return self.state in (*OFFICE_STATES, *DEPARTMENT_STATES) and due_ms is not None and due_ms < now_ms


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """A page of the list, newest first.

    Attributes
    ----------
    rows : tuple of OrderRow
    after : tuple of (int, str) or None
        Where the next page begins; None where this is the last.
    """

    rows: tuple[OrderRow, ...]
    after: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Orders by state, how many of them are late, and those by state."""

    states: dict[str, int]
    overdue: int
    late: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """One order with everything that belongs to it; steps in the order in which they were taken."""

    order: Order
    parts: tuple[OrderPart, ...]
    steps: tuple[OrderStep, ...]
    events: tuple[EventLink, ...]
    notices: tuple[Notice, ...]
    files: tuple[Attachment, ...]


def orders_page(
    session: Session, wanted: OrderFilter, *, limit: int = 50, after: tuple[int, str] | None = None
) -> OrdersPage:
    """A page of orders, newest first.

    Parameters
    ----------
    session : Session
    wanted : OrderFilter
    limit : int, optional
    after : tuple of (int, str), optional
        `OrdersPage.after` of the page before.
    """
    conditions = _conditions(wanted, few=True)
    if after is not None:
        at, number = after
        conditions.append(or_(Order.created_ms < at, and_(Order.created_ms == at, Order.number < number)))
    query = select(*_columns()).where(*conditions).order_by(Order.created_ms.desc(), Order.number.desc())
    found = session.execute(query.limit(limit + 1)).all()
    leads = _leads(session, [row.number for row in found[:limit]])
    made = tuple(OrderRow(**row._mapping, lead=leads.get(row.number)) for row in found[:limit])
    return OrdersPage(made, (made[-1].created_ms, made[-1].number) if len(found) > limit else None)


def order_counts(session: Session, wanted: OrderFilter, now_ms: int) -> Counts:
    """How many there are of each state, and how many are late at an instant."""
    late = func.sum(case((late_at(now_ms), 1), else_=0))
    query = select(Order.state, func.count(), late).where(*_conditions(wanted)).group_by(Order.state)
    rows = session.execute(query).all()
    by_state = {state: int(count) for state, _total, count in rows if count}
    return Counts({state: total for state, total, _late in rows}, sum(by_state.values()), by_state)


def story(session: Session, number: str) -> Story | None:
    """Everything about one order; None where there is none. It is found by its own number, or by its official one."""
    query = select(Order).where(or_(Order.number == number, Order.code == number))
    # Should a site number so that one order's official number is another's own, the own one is meant.
    query = query.order_by((Order.number == number).desc()).limit(1)
    order = session.scalars(query.options(selectinload(Order.parts), selectinload(Order.steps))).first()
    if order is None:
        return None
    number = order.number
    events = select(EventLink).where(EventLink.order_number == number).order_by(EventLink.start_ms, EventLink.event)
    notices = select(Notice).where(Notice.order_number == number).order_by(Notice.id)
    files = select(Attachment).where(Attachment.subject == Order.__tablename__, Attachment.subject_id == number)
    return Story(
        order,
        tuple(order.parts),
        tuple(order.steps),
        tuple(session.scalars(events)),
        tuple(session.scalars(notices)),
        tuple(session.scalars(files.order_by(Attachment.id))),
    )


def late_at(now_ms: int) -> ColumnElement[bool]:
    """Condition: the next step is late at an instant [ms since the epoch, UTC]."""
    return or_(
        and_(Order.state.in_(OFFICE_STATES), Order.office_due_ms < now_ms),
        and_(Order.state.in_(DEPARTMENT_STATES), Order.due_ms < now_ms),
    )


def _conditions(wanted: OrderFilter, *, few: bool = False) -> list[ColumnElement[bool]]:
    """What rows have to meet; with `few`, so that the first of them are found without looking at all."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(Order.state.in_(wanted.states))
    for column, value in (
        (Order.river, wanted.river),
        (Order.outfall, wanted.outfall),
        (Order.origin, wanted.origin),
        (Order.urgency, wanted.urgency),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.department is not None:
        own = OrderPart.department == wanted.department
        conditions.append(
            select(OrderPart.id).where(OrderPart.order_number == Order.number, own).exists()
            if few else Order.number.in_(select(OrderPart.order_number).where(own))
        )  # fmt: skip
    if wanted.overdue_ms is not None:
        conditions.append(late_at(wanted.overdue_ms))
    if wanted.area is not None:
        conditions.append(wanted.area.condition())
    if wanted.said:
        words = wanted.said.replace("\0", "")
        columns = (Order.number, Order.code, Order.title)
        conditions.append(or_(*(column.contains(words, autoescape=True) for column in columns)))
    return conditions


def _columns() -> list[Any]:
    return [getattr(Order, name) for name in OrderRow.__slots__ if name != "lead"]


def _leads(session: Session, numbers: list[str]) -> dict[str, str]:
    query = select(OrderPart.order_number, OrderPart.department)
    found = session.execute(query.where(OrderPart.order_number.in_(numbers), OrderPart.lead))
    return dict(found.all())
