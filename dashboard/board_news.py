"""What has changed since yesterday and what is to be done, for one viewer's part of the water."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from collectors.stores.base import ReadingStore
from dashboard.access import Viewer
from dashboard.board import RiverToday, Today
from dashboard.casework.desk import Desk
from dashboard.casework.goals import goal_states
from dashboard.casework.grades import MonthGrade
from dashboard.casework.lifecycle import OFFICE_STATES, OPEN_STATES
from dashboard.casework.measures import Obstacle, Share
from dashboard.casework.order_lists import Area, late_at
from dashboard.casework.tables.orders import Order, OrderPart
from dashboard.classes import worse
from dashboard.viewdata.river_marks import Happening, events_at
from sensors.durations import DAY_MS
from sensors.site import Site

#: Lines of each list; more are counted.
MOST = 5

#: Kinds of events that are the water's; faults are the maintainer's and stand on the stations' pages.
WATER_KINDS = ("discharge", "overflow", "operation", "unknown")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order as the first page names it.

    Attributes
    ----------
    number, title, state, urgency : str
    river : str or None
    due_ms : int or None
        Of the next step; milliseconds since the epoch, UTC.
    overdue : bool
    """

    number: str
    title: str
    state: str
    urgency: str
    river: str | None
    due_ms: int | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class OrdersNow:
    """Orders of the viewer's part.

    Attributes
    ----------
    open, overdue, to_review : int
        Not settled; of these (and of those to be reviewed) late; reported done and waiting for the office.
    first : tuple of OrderLine
        Open ones, the most overdue first; at most `MOST`.
    opened, closed : tuple of OrderLine
        Since yesterday, newest first; at most `MOST`.
    opened_count, closed_count : int
    """

    open: int
    overdue: int
    to_review: int
    first: tuple[OrderLine, ...]
    opened: tuple[OrderLine, ...]
    closed: tuple[OrderLine, ...]
    opened_count: int
    closed_count: int


@dataclass(frozen=True, slots=True)
class GoalNow:
    """A goal and how far it is, as measured; see `dashboard.casework.goals.GoalState`.

    Attributes
    ----------
    id, name, name_en, term : str
    due_on : date
    target : float
        Share of the total at which it is reached.
    value, total : float
        In `unit`; no figures where `unknown` says why.
    unit, basis, unknown : str
    standing : str
        Of the whole site.
    shares : tuple of Share
    obstacles : tuple of Obstacle
    """

    id: str
    name: str
    name_en: str
    term: str
    due_on: date
    target: float
    value: float
    total: float
    unit: str
    basis: str
    unknown: str
    standing: str
    shares: tuple[Share, ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def share(self) -> float | None:
        """Of what is needed, 0 to 1; None where there is no figure."""
        needed = self.target * self.total
        return None if self.unknown or needed <= 0 else min(self.value / needed, 1.0)

    def narrowed(self, viewer: Viewer) -> GoalNow:
        """The same goal in the viewer's rivers and grids alone."""
        if viewer.rivers is None and viewer.grids is None:
            return self
        shares = tuple(one for one in self.shares if viewer.sees_river(one.river) and viewer.sees_grid(one.grid))
        obstacles = tuple(one for one in self.obstacles if viewer.sees_river(one.river) and viewer.sees_grid(one.grid))
        total = sum(one.total for one in shares)
        return replace(
            self, value=sum(one.value for one in shares), total=total, shares=shares, obstacles=obstacles,
            unknown=self.unknown or ("" if total else "nothing_known"),
        )  # fmt: skip

    def open_in(self, river: str) -> float:
        """What is open in a river, in `unit`."""
        return sum(one.amount for one in self.obstacles if one.river == river)


@dataclass(frozen=True, slots=True)
class News:
    """What has changed since yesterday.

    Attributes
    ----------
    worse, better : tuple of RiverToday
        Rivers whose class was another one 24 h ago, worst first.
    known : bool
        Whether anything is known of yesterday.
    events : tuple of Happening
        That were seen since then and are the water's, newest first.
    """

    worse: tuple[RiverToday, ...]
    better: tuple[RiverToday, ...]
    known: bool
    events: tuple[Happening, ...]


def news(store: ReadingStore, today: Today, site: Site) -> News:
    """Changes since yesterday at the rivers of a page.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    before = [one for one in today.rivers if one.course and one.course.previous.shade and one.shade]
    fell = [one for one in before if _fell(one)]
    rose = [one for one in before if not _fell(one) and one.course and one.course.previous.shade != one.shade]
    stations = [station.id for one in today.rivers for station in site.stations_of(one.river.id)]
    found = events_at(store, stations, today.now_ms - DAY_MS, today.now_ms + 1, most=500)
    since_ms = today.now_ms - DAY_MS
    return News(
        tuple(fell), tuple(rose), bool(before),
        tuple(one for one in found if one.kind in WATER_KINDS and one.start_ms >= since_ms),
    )  # fmt: skip


def _fell(one: RiverToday) -> bool:
    return bool(one.shade and one.course and one.course.previous.shade and worse(one.shade, one.course.previous.shade))


def orders_now(session: Session, viewer: Viewer, now_ms: int) -> OrdersNow:
    """Orders of the viewer's rivers, grids and department, as they stand.

    Parameters
    ----------
    session : Session
    viewer : Viewer
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    own, since_ms = _own(viewer), now_ms - DAY_MS
    open_, late = Order.state.in_(OPEN_STATES), late_at(now_ms)
    done = Order.state == "done"
    counts = select(_sum(open_), _sum(late), _sum(done)).where(*own, or_(open_, done))
    # A count of nothing is null.
    open_count, overdue, to_review = (int(count or 0) for count in session.execute(counts).one())
    opened = [*own, Order.created_ms > since_ms, Order.state != "dismissed"]
    closed = [*own, Order.done_ms > since_ms, Order.state.in_(("done", "archived"))]
    return OrdersNow(
        open=open_count,
        overdue=overdue,
        to_review=to_review,
        first=_lines(session, now_ms, [*own, or_(open_, late)], (_DUE.is_(None), _DUE, Order.number)),
        opened=_lines(session, now_ms, opened, (Order.created_ms.desc(), Order.number.desc())),
        closed=_lines(session, now_ms, closed, (Order.done_ms.desc(), Order.number.desc())),
        opened_count=session.scalar(select(func.count()).select_from(Order).where(*opened)) or 0,
        closed_count=session.scalar(select(func.count()).select_from(Order).where(*closed)) or 0,
    )


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(_flag(condition))


#: When the next step is to be taken.
_DUE = case((Order.state.in_(OFFICE_STATES), Order.office_due_ms), else_=Order.due_ms)


def _own(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Conditions for the orders of a viewer's area and department."""
    rivers, grids = (None if names is None else tuple(sorted(names)) for names in (viewer.rivers, viewer.grids))
    conditions = [Area(rivers, grids).condition()]
    if viewer.role == "department":
        parts = select(OrderPart.order_number).where(OrderPart.department == viewer.department)
        conditions.append(Order.number.in_(parts))
    return conditions


def _lines(
    session: Session, now_ms: int, conditions: Sequence[ColumnElement[bool]], order: Sequence[Any]
) -> tuple[OrderLine, ...]:
    query = (
        select(Order.number, Order.title, Order.state, Order.urgency, Order.river, _DUE, _flag(late_at(now_ms)))
        .where(*conditions)
        .order_by(*order)
        .limit(MOST)
    )
    return tuple(
        OrderLine(number, title, state, urgency, river, due_ms, bool(late))
        for number, title, state, urgency, river, due_ms, late in session.execute(query)
    )


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def goals_now(session: Session, desk: Desk, day: date, grades: Mapping[str, MonthGrade]) -> tuple[GoalNow, ...]:
    """Every goal as it stands on a day, as plain data that outlives the session."""
    return tuple(
        GoalNow(
            goal.id, goal.name, goal.name_en, goal.term, goal.due_on, goal.target, measured.value, measured.total,
            measured.unit, measured.basis, measured.unknown, one.standing, measured.shares, measured.obstacles,
        )
        for one in goal_states(session, desk, day, grades)
        for goal, measured in [(one.goal, one.measured)]
    )  # fmt: skip
