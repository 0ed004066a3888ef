"""What goals measure: one function each, from the books and the monthly grades, with everything that is still open.

A measure is a share: so much of a total. What stands in the way is listed item by item, so that a number can always be
taken apart into records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from analytics.grading import WaterClass
from dashboard.casework.desk import Desk
from dashboard.casework.grades import MonthGrade
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Pipe, SedimentClearing

#: Worst class that the year-end goal allows.
WORST_ALLOWED = WaterClass.IV


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that is still open.

    Attributes
    ----------
    kind : str
        outfall, shop, leak, pipe, reach, river.
    id : str
    river : str or None
    why : str
        State of it: a key of the table, or bad, partial, ungraded, uncleared.
    amount : float
        What it is of the total.
    """

    kind: str
    id: str
    river: str | None
    why: str
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """How far a goal is.

    Attributes
    ----------
    value, total : float
        In `unit`. A total of 0 means that the books know of nothing to measure, which is not success.
    unit : {'items', 'm'}
    obstacles : tuple of Obstacle
        Their amounts add up to total - value.
    basis : str
        What it was measured on, where that is not the books of the day: the month of the grades.
    """

    value: float
    total: float
    unit: str
    obstacles: tuple[Obstacle, ...]
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What measures are taken from.

    Attributes
    ----------
    session : Session
    desk : Desk
    begins_on : date
        Work done before it does not count where the goal is to do it once.
    grades : mapping of str to MonthGrade
        By river; of the last month that is over.
    """

    session: Session
    desk: Desk
    begins_on: date
    grades: Mapping[str, MonthGrade] = field(default_factory=dict)


def outfalls_surveyed(grounds: Grounds) -> Measured:
    """Outfalls of the site and of the books that were surveyed (排查)."""
    query = select(OutfallRecord.id, OutfallRecord.river, OutfallRecord.stage)
    known = {id_: (river, stage) for id_, river, stage in grounds.session.execute(query)}
    for outfall in grounds.desk.site.outfalls.values():
        known.setdefault(outfall.id, (outfall.river, "unsurveyed"))
    open_ = [Obstacle("outfall", id_, river, stage) for id_, (river, stage) in known.items() if stage == "unsurveyed"]
    return _items(len(known), open_)


def shops_surveyed(grounds: Grounds) -> Measured:
    """Riverside shops that were surveyed."""
    rows = grounds.session.execute(select(Shop.id, Shop.river, Shop.state)).all()
    return _items(len(rows), (Obstacle("shop", *row) for row in rows if row.state == "unsurveyed"))


def leaks_rectified(grounds: Grounds) -> Measured:
    """Leak points that were rectified, or confirmed to be."""
    rows = grounds.session.execute(select(LeakPoint.id, LeakPoint.river, LeakPoint.state)).all()
    return _items(len(rows), (Obstacle("leak", *row) for row in rows if row.state not in ("rectified", "confirmed")))


def pipes_dredged(grounds: Grounds) -> Measured:
    """Length of pipes that were dredged, or inspected and found sound [m]."""
    query = select(Pipe.id, Pipe.river, Pipe.state, Pipe.length_m, Pipe.dredged_on)
    rows = grounds.session.execute(query).all()
    open_ = [
        Obstacle("pipe", row.id, row.river, row.state, row.length_m)
        for row in rows
        if row.dredged_on is None and row.state not in ("sound", "done")
    ]
    return _measured(sum(row.length_m for row in rows), open_, "m")


def sediment_cleared(grounds: Grounds) -> Measured:
    """Length of river whose sediment was cleared since the goal began [m]."""
    cleared, open_ = _cleared(grounds), []
    for reach in grounds.desk.site.reaches.values():
        left = reach.length_m - cleared.get(reach.id, 0.0)
        if left > 0:
            open_.append(Obstacle("reach", reach.id, reach.river, "uncleared", left))
    return _measured(sum(reach.length_m for reach in grounds.desk.site.reaches.values()), open_, "m")


def rivers_cleaned(grounds: Grounds) -> Measured:
    """Rivers each of whose reaches was cleared since the goal began."""
    site, cleared = grounds.desk.site, _cleared(grounds)
    share = grounds.desk.settings.goals.cleared_share
    open_ = [
        Obstacle("river", river, river, "uncleared")
        for river in site.rivers
        if not site.reaches_of(river)
        or any(cleared.get(reach.id, 0.0) < share * reach.length_m for reach in site.reaches_of(river))
    ]
    return _items(len(site.rivers), open_)


def rivers_good(grounds: Grounds) -> Measured:
    """Rivers of class IV or better in the last month that is over, by the monthly evaluation.

    A river without a grade does not count, and neither does one whose grade is partial: with what is missing it may be
    worse. Both are said.
    """
    open_ = []
    for river in grounds.desk.site.rivers:
        grade = grounds.grades.get(river)
        if grade is None or grade.water_class is None:
            open_.append(Obstacle("river", river, river, "ungraded"))
        elif grade.water_class > WORST_ALLOWED:
            open_.append(Obstacle("river", river, river, "bad"))
        elif grade.partial:
            open_.append(Obstacle("river", river, river, "partial"))
    months = sorted({grade.month for grade in grounds.grades.values()})
    return _items(len(grounds.desk.site.rivers), open_, months[-1] if months else "")


Measure = Callable[[Grounds], Measured]

#: What a goal may measure, by the key in its row.
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "outfalls_surveyed": outfalls_surveyed,
        "shops_surveyed": shops_surveyed,
        "leaks_rectified": leaks_rectified,
        "pipes_dredged": pipes_dredged,
        "sediment_cleared": sediment_cleared,
        "rivers_good": rivers_good,
        "rivers_cleaned": rivers_cleaned,
    }
)


def _items(total: int, open_: Iterable[Obstacle], basis: str = "") -> Measured:
    return _measured(total, list(open_), "items", basis)


def _measured(total: float, open_: list[Obstacle], unit: str, basis: str = "") -> Measured:
    open_.sort(key=lambda item: (item.river or "", item.kind, item.id))
    return Measured(total - sum(item.amount for item in open_), total, unit, tuple(open_), basis)


def _cleared(grounds: Grounds) -> dict[str, float]:
    """Length of each reach that was cleared since the goal began [m]; what was cleared twice counts once."""
    query = select(SedimentClearing.reach, SedimentClearing.from_m, SedimentClearing.to_m).where(
        SedimentClearing.done_on >= grounds.begins_on
    )
    spans: dict[str, list[tuple[float, float]]] = {}
    for reach, from_m, to_m in grounds.session.execute(query):
        if (known := grounds.desk.site.reaches.get(reach)) is not None:
            low, high = sorted((from_m, to_m))
            spans.setdefault(reach, []).append((max(0.0, low), min(known.length_m, high)))
    return {reach: _union_m(found) for reach, found in spans.items()}


def _union_m(spans: list[tuple[float, float]]) -> float:
    total, reached = 0.0, float("-inf")
    for low, high in sorted(spans):
        total += max(0.0, high - max(low, reached))
        reached = max(reached, high)
    return total
