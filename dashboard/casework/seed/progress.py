"""How far the goals of a demonstration were each day, by the days that its illustrative rows carry.

A service keeps one figure a day from the day on which it starts; a demonstration has the days before as well, so that
a pace and a forecast can be shown. Classes of past months are not made up: the goal that rests on them has no history.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.tables.goals import Goal, GoalProgress
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Pipe, SedimentClearing
from sensors.site import Site

#: Days before the first that have a figure.
DAYS = 90

#: Day from which something counts (None from the beginning), day on which it was done (None while open), and how much
#: of the total it is.
_Thing = tuple[date | None, date | None, float]


def illustrative_progress(session: Session, site: Site, day: date) -> list[GoalProgress]:
    """Progress of every goal on the days before a day; the goals stand in the books already."""
    rows: list[GoalProgress] = []
    for goal in session.scalars(select(Goal).order_by(Goal.id)):
        things = list(_things(session, site, goal))
        rows += _history(goal.id, things, max(goal.begins_on, day - timedelta(days=DAYS)), day)
    return rows


def _history(goal: str, things: Iterable[_Thing], first: date, day: date) -> Iterator[GoalProgress]:
    known = list(things)
    done, total = _summed((at, amount) for _from, at, amount in known), _summed((at, amount) for at, _, amount in known)
    for number in range((day - first).days):
        on = first + timedelta(days=number)
        if (whole := _until(total, on)) > 0:
            yield GoalProgress(goal=goal, day=on, value=_until(done, on), total=whole)


_Sums = tuple[list[date], list[float]]


def _summed(amounts: Iterable[tuple[date | None, float]]) -> _Sums:
    """Days in order, and the sum up to each; what has no day counts from the beginning, or never."""
    days: list[date] = []
    sums: list[float] = []
    for at, amount in sorted((at or date.min, amount) for at, amount in amounts):
        days.append(at)
        sums.append((sums[-1] if sums else 0.0) + amount)
    return days, sums


def _until(sums: _Sums, day: date) -> float:
    place = bisect_right(sums[0], day)
    return sums[1][place - 1] if place else 0.0


def _things(session: Session, site: Site, goal: Goal) -> Iterator[_Thing]:
    never = date.max
    match goal.measure:
        case "outfalls_surveyed":
            for row in session.scalars(select(OutfallRecord)):
                yield None, row.surveyed_on or never, 1.0
        case "shops_surveyed":
            for shop in session.scalars(select(Shop)):
                yield None, shop.surveyed_on or never, 1.0
        case "leaks_rectified":
            for leak in session.scalars(select(LeakPoint)):
                yield leak.found_on, leak.rectified_on or never, 1.0
        case "pipes_dredged":
            for pipe in session.scalars(select(Pipe)):
                sound = pipe.inspected_on if pipe.state in ("sound", "done") else None
                yield None, pipe.dredged_on or sound or never, pipe.length_m
        case "sediment_cleared":
            yield from (
                (None, at or never, site.reaches[reach].length_m) for reach, at in _cleared(session, site, goal)
            )
        case "rivers_cleaned":
            days: dict[str, list[date]] = {}
            for reach, at in _cleared(session, site, goal):
                days.setdefault(site.reaches[reach].river, []).append(at or never)
            yield from ((None, max(found), 1.0) for found in days.values())


def _cleared(session: Session, site: Site, goal: Goal) -> list[tuple[str, date | None]]:
    """Every reach, and the day on which a demonstration's clearing, always of a whole reach, was done."""
    query = select(SedimentClearing.reach, SedimentClearing.done_on).where(SedimentClearing.done_on >= goal.begins_on)
    done = {row.reach: row.done_on for row in session.execute(query)}
    return [(reach, done.get(reach)) for reach in site.reaches]
