"""What goals measure: one function each, from the books and the monthly grades, with everything that is still open.

A measure is a share: so much of a total. What stands in the way is listed item by item, so that a number can always be
taken apart into records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

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
    grid : str or None
        Only where it is known to lie in one.
    """

    kind: str
    id: str
    river: str | None
    why: str
    amount: float = 1.0
    grid: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one river, or one grid of it, has of a measure.

    Attributes
    ----------
    river, grid : str or None
        None where it belongs to none.
    value, total : float
        In the measure's unit.
    """

    river: str | None
    grid: str | None
    value: float
    total: float


@dataclass(frozen=True, slots=True)
class Measured:
    """How far a goal is.

    Attributes
    ----------
    value, total : float
        In `unit`; no figure where `unknown` says why.
    unit : {'items', 'm'}
    obstacles : tuple of Obstacle
        Their amounts add up to total - value.
    shares : tuple of Share
        Value and total by river and grid; they add up.
    basis : str
        What it was measured on, where that is not the books of the day: the month of the grades.
    unknown : {'', 'nothing_known', 'not_evaluated'}
        Why there is no figure: the books know of nothing to measure, which is not success; or no river has a grade of
        the month, which is not failure.
    """

    value: float
    total: float
    unit: str
    obstacles: tuple[Obstacle, ...]
    shares: tuple[Share, ...] = ()
    basis: str = ""
    unknown: str = ""


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
    items = (_Item("outfall", id_, river, stage, stage == "unsurveyed") for id_, (river, stage) in known.items())
    return _measured(items)


def shops_surveyed(grounds: Grounds) -> Measured:
    """Riverside shops that were surveyed."""
    rows = grounds.session.execute(select(Shop.id, Shop.river, Shop.state, Shop.grid))
    return _measured(
        _Item("shop", id_, river, state, state == "unsurveyed", grid=grid) for id_, river, state, grid in rows
    )


def leaks_rectified(grounds: Grounds) -> Measured:
    """Leak points that were rectified, or confirmed to be; a leak lies in the grid of its shop."""
    query = select(LeakPoint.id, LeakPoint.river, LeakPoint.state, Shop.grid).outerjoin(Shop, Shop.id == LeakPoint.shop)
    return _measured(
        _Item("leak", id_, river, state, state not in ("rectified", "confirmed"), grid=grid)
        for id_, river, state, grid in grounds.session.execute(query)
    )


def pipes_dredged(grounds: Grounds) -> Measured:
    """Length of pipes that were dredged, or inspected and found sound [m]."""
    query = select(Pipe.id, Pipe.river, Pipe.state, Pipe.length_m, Pipe.dredged_on)
    items = (
        _Item("pipe", row.id, row.river, row.state, row.dredged_on is None and row.state not in ("sound", "done"),
              row.length_m)
        for row in grounds.session.execute(query)
    )  # fmt: skip
    return _measured(items, "m")


def sediment_cleared(grounds: Grounds) -> Measured:
    """Length of river whose sediment was cleared since the goal began [m]."""
    cleared = _cleared(grounds)
    items = (
        _Item("reach", reach.id, reach.river, "uncleared", True, reach.length_m,
              left_m=max(0.0, reach.length_m - cleared.get(reach.id, 0.0)))
        for reach in grounds.desk.site.reaches.values()
    )  # fmt: skip
    return _measured(items, "m")


def rivers_cleaned(grounds: Grounds) -> Measured:
    """Rivers each of whose reaches was cleared since the goal began."""
    site, cleared = grounds.desk.site, _cleared(grounds)
    share = grounds.desk.settings.goals.cleared_share
    return _measured(
        _Item(
            "river", river, river, "uncleared",
            not site.reaches_of(river)
            or any(cleared.get(reach.id, 0.0) < share * reach.length_m for reach in site.reaches_of(river)),
        )
        for river in site.rivers
    )  # fmt: skip


def rivers_good(grounds: Grounds) -> Measured:
    """Rivers of class IV or better in the last month that is over, by the monthly evaluation.

    A river without a grade does not count, and neither does one whose grade is partial: with what is missing it may be
    worse. Both are said. Where no river has a grade, nothing was evaluated, and there is no figure.
    """
    months = sorted({grade.month for grade in grounds.grades.values()})
    known = any(grade.water_class is not None for grade in grounds.grades.values())
    items = [_graded(river, grounds.grades.get(river)) for river in grounds.desk.site.rivers]
    return _measured(items, basis=months[-1] if months else "", unknown="" if known else "not_evaluated")


def _graded(river: str, grade: MonthGrade | None) -> _Item:
    if grade is None or grade.water_class is None:
        return _Item("river", river, river, "ungraded", True)
    if grade.water_class > WORST_ALLOWED:
        return _Item("river", river, river, "bad", True)
    return _Item("river", river, river, "partial", grade.partial)


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


class _Item(NamedTuple):
    """One thing that is measured, open or done; `left_m` where it may be done in part. A tuple: there are thousands."""

    kind: str
    id: str
    river: str | None
    why: str
    open: bool
    amount: float = 1.0
    grid: str | None = None
    left_m: float | None = None


def _measured(items: Iterable[_Item], unit: str = "items", basis: str = "", unknown: str = "") -> Measured:
    obstacles: list[Obstacle] = []
    places: dict[tuple[str, str], list[float]] = {}
    for item in items:
        left = (item.amount if item.left_m is None else item.left_m) if item.open else 0.0
        place = places.setdefault((item.river or "", item.grid or ""), [0.0, 0.0])
        place[0] += item.amount - left
        place[1] += item.amount
        if left > 0:
            obstacles.append(Obstacle(item.kind, item.id, item.river, item.why, left, item.grid))
    value, total = (sum(sums[which] for sums in places.values()) for which in (0, 1))
    obstacles.sort(key=lambda item: (item.river or "", item.kind, item.id))
    shares = tuple(Share(river or None, grid or None, *sums) for (river, grid), sums in sorted(places.items()))
    return Measured(
        value, total, unit, tuple(obstacles), shares, basis, unknown or ("" if total > 0 else "nothing_known")
    )


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
