"""Goals (目标): what was promised, how far it is, when it will be reached at this pace, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from math import ceil, isclose
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.stores.base import ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.exchange.said import _
from dashboard.casework.grades import MonthGrade, last_month, month_grades
from dashboard.casework.lifecycle import SERVICE, StepRefusedError
from dashboard.casework.measures import MEASURES, Grounds, Measured
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.goals import Goal, GoalProgress

TERMS = ("near", "mid", "long", "year_end", "years")

#: Forecasts that lie farther away are as good as never [d].
FARTHEST_DAYS = 36_500

#: What is added when a site begins: id, term, measure, name, English name, due (years after the begin, month, day).
_DEFAULTS = (
    ("near-outfalls", "near", "outfalls_surveyed", "排口全部排查", "Every outfall surveyed", (0, 6, 30)),
    ("mid-shops", "mid", "shops_surveyed", "沿河商户逐一排查", "Every riverside shop surveyed", (0, 12, 31)),
    ("mid-leaks", "mid", "leaks_rectified", "渗漏点全部整改", "Every leak point rectified", (0, 12, 31)),
    ("long-pipes", "long", "pipes_dredged", "管网清疏", "Pipes dredged", (2, 12, 31)),
    ("long-sediment", "long", "sediment_cleared", "河道清淤", "Sediment cleared", (2, 12, 31)),
    ("year-end", "year_end", "rivers_good", "年底消除Ⅴ类及劣Ⅴ类河道", "No river of class V or worse", (0, 12, 31)),
    ("years-rivers", "years", "rivers_cleaned", "河道轮疏一遍", "Every river cleaned once", (4, 12, 31)),
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a goal will be reached at this pace.

    The pace is what was open at the begin of the span less what is open now, over the days between; the span is the
    last `GoalSettings.pace_days` of the progress history.

    Attributes
    ----------
    reached_on : date or None
    pace_per_day : float or None
        In the measure's unit.
    since : date or None
        First day of the span.
    why : str
        reached, pace, or why there is none: no_history, no_progress, nothing_known, not_evaluated.
    left : float or None
        What is open now, in the measure's unit.
    left_then : float or None
        What was open on the first day of the span.
    still_since : date or None
        First recorded day from which on nothing moved: as much was open on every one as is now.
    """

    reached_on: date | None
    pace_per_day: float | None
    since: date | None
    why: str
    left: float | None = None
    left_then: float | None = None
    still_since: date | None = None


@dataclass(frozen=True, slots=True)
class GoalState:
    """A goal and how far it is.

    Attributes
    ----------
    goal : Goal
    measured : Measured
    needed : float
        Value at which it is reached: target times total.
    forecast : Forecast
    standing : {'reached', 'on_track', 'at_risk', 'missed', 'unknown'}
    """

    goal: Goal
    measured: Measured
    needed: float
    forecast: Forecast
    standing: str


#: How a goal stands, as source strings for people.
STANDINGS: Mapping[str, str] = MappingProxyType(
    {
        "reached": _("Reached"),
        "on_track": _("On track"),
        "at_risk": _("At risk"),
        "missed": _("Missed"),
        "unknown": _("Pace not known yet"),
    }
)


def seed_goals(session: Session, year: int) -> list[str]:
    """Add the goals that a site begins with, where they are missing; the ids of those that were added.

    Dates are proposals from the promise; the office changes them in the books.
    """
    known = set(session.scalars(select(Goal.id)))
    added = []
    for id_, term, measure, name, name_en, (years, month, day) in _DEFAULTS:
        if id_ not in known:
            session.add(
                Goal(id=id_, term=term, measure=measure, name=name, name_en=name_en, target=1.0,
                     begins_on=date(year, 1, 1), due_on=date(year + years, month, day), note="")
            )  # fmt: skip
            added.append(id_)
    session.flush()
    return added


def goal_states(session: Session, desk: Desk, day: date, grades: Mapping[str, MonthGrade]) -> list[GoalState]:
    """Every goal as it stands on a day, the nearest term first.

    Parameters
    ----------
    session : Session
    desk : Desk
    day : date
        Today; progress of later days is not looked at.
    grades : mapping of str to MonthGrade
        Of the last month that is over: `dashboard.casework.grades`.
    """
    goals = sorted(session.scalars(select(Goal)), key=lambda goal: (TERMS.index(goal.term), goal.due_on, goal.id))
    return [_state(session, desk, goal, day, grades) for goal in goals]


def record_progress(session: Session, desk: Desk, day: date, grades: Mapping[str, MonthGrade]) -> None:
    """Keep how far every goal is on a day; again on the same day, the later one stays."""
    for goal in session.scalars(select(Goal)):
        measured = _measure(session, desk, goal, grades)
        if measured.unknown:
            # No figure is no progress of 0: a pace would be taken from it.
            continue
        row = session.get(GoalProgress, (goal.id, day)) or GoalProgress(goal=goal.id, day=day)
        row.value, row.total = measured.value, measured.total
        session.add(row)
    session.flush()


def record_progress_in(books: Books, desk: Desk, store: ReadingStore, now_ms: int) -> None:
    """`record_progress` of today, in a change of its own.

    Raises
    ------
    BooksError, StoreError
        If the books or the store cannot be had.
    """
    day = desk.calendar.day(now_ms)
    grades = month_grades(store, desk.site, last_month(desk, day))
    with books.change(SERVICE.account, now_ms, "progress") as session:
        record_progress(session, desk, day, grades)


def progress(session: Session, goal: str, since: date, until: date) -> list[GoalProgress]:
    """History of a goal, first and last day included, in order."""
    query = select(GoalProgress).where(GoalProgress.goal == goal, GoalProgress.day.between(since, until))
    return list(session.scalars(query.order_by(GoalProgress.day)))


def change_goal(
    session: Session, goal_id: str, *, target: float, due_on: date, note: str, shown: tuple[float, date]
) -> Goal:
    """Give a goal another target or date; the reason is that of the change.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    goal_id : str
    target : float
        Share of the total, over 0 up to 1.
    due_on : date
    note : str
    shown : (float, date)
        Target and date as whoever changes them saw them.

    Raises
    ------
    StepRefusedError
        If there is no such goal, somebody else has changed it meanwhile, or target or date cannot be.
    """
    take_turn(session)
    goal = session.get(Goal, goal_id, populate_existing=True)
    if goal is None:
        raise StepRefusedError(_("there is no goal {goal}"), goal=goal_id)
    if (goal.target, goal.due_on) != shown:
        raise StepRefusedError(_("the goal was changed meanwhile: look at it again"))
    if not 0 < target <= 1:
        raise StepRefusedError(_("a target is a share over 0 % up to 100 %"))
    if due_on <= goal.begins_on:
        raise StepRefusedError(
            _("the date must come after the begin of the goal, {day}"), day=goal.begins_on.isoformat()
        )
    goal.target, goal.due_on, goal.note = target, due_on, note
    session.flush()
    return goal


def _measure(session: Session, desk: Desk, goal: Goal, grades: Mapping[str, MonthGrade]) -> Measured:
    return MEASURES[goal.measure](Grounds(session, desk, goal.begins_on, grades))


def _state(session: Session, desk: Desk, goal: Goal, day: date, grades: Mapping[str, MonthGrade]) -> GoalState:
    measured = _measure(session, desk, goal, grades)
    needed = goal.target * measured.total
    forecast = _forecast(session, desk, goal, measured, day)
    return GoalState(goal, measured, needed, forecast, _standing(goal, forecast, day))


def _forecast(session: Session, desk: Desk, goal: Goal, measured: Measured, day: date) -> Forecast:
    if measured.unknown:
        return Forecast(None, None, None, measured.unknown)
    left = goal.target * measured.total - measured.value
    if left <= 0:
        return Forecast(None, None, None, "reached", 0.0)
    settings = desk.settings.goals
    history = progress(session, goal.id, day - timedelta(days=settings.pace_days), day - timedelta(days=1))
    first = history[0] if history else None
    if first is None or (day - first.day).days < settings.pace_min_days:
        return Forecast(None, None, first.day if first else None, "no_history", left)
    left_then = goal.target * first.total - first.value
    pace = (left_then - left) / (day - first.day).days
    same = list(takewhile(lambda row: isclose(goal.target * row.total - row.value, left), reversed(history)))
    still = same[-1].day if same else None
    if pace <= 0 or left / pace > FARTHEST_DAYS:
        return Forecast(None, pace, first.day, "no_progress", left, left_then, still)
    return Forecast(day + timedelta(days=ceil(left / pace)), pace, first.day, "pace", left, left_then, still)


def _standing(goal: Goal, forecast: Forecast, day: date) -> str:
    if forecast.why == "reached":
        return "reached"
    if forecast.why in ("nothing_known", "not_evaluated"):
        return "unknown"
    if day > goal.due_on:
        return "missed"
    if forecast.why == "no_history":
        return "unknown"
    on_time = forecast.reached_on is not None and forecast.reached_on <= goal.due_on
    return "on_track" if on_time else "at_risk"
