"""A river's policy (一河一策): problems, goals, tasks, measures and responsibilities, compiled from grades and books.

What people wrote in the policy's book comes first in each list; what follows is counted from records, and every line
names the records that it was counted from. Nothing is kept: the lists are as new as the books.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.board import RiverToday
from dashboard.board_news import GoalNow
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import OPEN_STATES
from dashboard.casework.tables.inspections import Finding, Inspection
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, RiverPolicy, Shop
from dashboard.casework.tables.works import Boat, Pipe, RiverWork, SedimentClearing, Structure
from dashboard.classes import is_bad
from dashboard.viewdata.river_marks import Happening

#: The five lists, in their order.
LISTS = ("problem", "goal", "task", "measure", "responsibility")

#: How far back done work is listed [days], and findings of inspections.
DONE_DAYS = 365
FINDING_DAYS = 90

#: Records that a line names; more are counted.
NAMED = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list.

    Attributes
    ----------
    list : {'problem', 'goal', 'task', 'measure', 'responsibility'}
    what : str
        What it says: a case of `dashboard.viewdata.river_policy_words.saying`; ``written`` for what people wrote.
    amount : float
        How many, or how long [m].
    text : str
        What people wrote, a goal's id, a department's or an office's name.
    kind : str
        Of its records: outfall, shop, leak, pipe, work, structure, boat, clearing, finding, order, event, station,
        grade, goal, policy.
    records : tuple of str
        Ids, at most `NAMED`.
    department : str or None
    due_on, done_on : date or None
    """

    list: str
    what: str
    amount: float = 1.0
    text: str = ""
    kind: str = ""
    records: tuple[str, ...] = ()
    department: str | None = None
    due_on: date | None = None
    done_on: date | None = None


def policy(
    session: Session, desk: Desk, one: RiverToday, goals: Sequence[GoalNow], events: Sequence[Happening], day: date
) -> Mapping[str, tuple[Line, ...]]:
    """The five lists of a river.

    Parameters
    ----------
    session : Session
    desk : Desk
    one : RiverToday
        How the river is now.
    goals : sequence of GoalNow
        Of the whole site.
    events : sequence of Happening
        Of the river, in the last weeks.
    day : date
        Today, in the site's time zone.
    """
    river = one.river.id
    lines = [*_written(session, river)]
    lines += _problems(session, one, events, day)
    lines += _goals(one, goals)
    lines += _tasks(session, river, goals)
    lines += _measures(session, river, day)
    lines += _responsibilities(desk, one)
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.list].append(line)
    return {name: tuple(found[name]) for name in LISTS}


def _written(session: Session, river: str) -> list[Line]:
    query = select(RiverPolicy).where(RiverPolicy.river == river).order_by(RiverPolicy.list, RiverPolicy.position)
    return [
        Line(row.list, "written", text=row.text, kind="policy", records=(str(row.id),), department=row.department,
             due_on=row.due_on, done_on=row.done_on)
        for row in session.scalars(query)
    ]  # fmt: skip


def _counted(list_: str, what: str, kind: str, ids: Iterable[str], amount: float | None = None) -> list[Line]:
    names = tuple(sorted(ids))
    if not names:
        return []
    return [Line(list_, what, len(names) if amount is None else amount, kind=kind, records=names[:NAMED])]


def _problems(session: Session, one: RiverToday, events: Sequence[Happening], day: date) -> list[Line]:
    river, lines = one.river.id, []
    if one.attained is False or is_bad(one.shade):
        lines.append(Line("problem", "class_missed", kind="grade", records=(river,)))
    worse = [station.station.id for station in one.worse_stations]
    lines += _counted("problem", "section_worse", "station", worse)
    water = [event.id for event in events if event.kind in ("discharge", "overflow")]
    lines += _counted("problem", "discharges", "event", water)
    dry = select(OutfallRecord.id).where(
        OutfallRecord.river == river, OutfallRecord.flows_in_dry_weather.is_(True), OutfallRecord.rectified_on.is_(None)
    )
    lines += _counted("problem", "outfalls_dry", "outfall", session.scalars(dry))
    leaks = select(LeakPoint.id).where(LeakPoint.river == river, LeakPoint.state == "found")
    lines += _counted("problem", "leaks_open", "leak", session.scalars(leaks))
    shops = select(Shop.id).where(Shop.river == river, Shop.state == "to_rectify")
    lines += _counted("problem", "shops_to_rectify", "shop", session.scalars(shops))
    pipes = session.execute(
        select(Pipe.id, Pipe.length_m).where(Pipe.river == river, Pipe.state.in_(("to_dredge", "to_repair")))
    ).all()
    lines += _counted("problem", "pipes_bad", "pipe", (row.id for row in pipes), sum(row.length_m for row in pipes))
    blocks = select(RiverWork.id).where(
        RiverWork.river == river, RiverWork.state == "present", RiverWork.blocks_flow.is_(True)
    )
    lines += _counted("problem", "flow_blocked", "work", session.scalars(blocks))
    huts = select(Structure.id).where(Structure.river == river, Structure.state.in_(("found", "ordered")))
    lines += _counted("problem", "structures", "structure", session.scalars(huts))
    boats = select(Boat.id).where(Boat.river == river, Boat.removed_on.is_(None))
    lines += _counted("problem", "boats", "boat", session.scalars(boats))
    findings = select(Finding.id).join(Finding.inspection).where(
        Inspection.river == river, Inspection.day >= day - timedelta(days=FINDING_DAYS), Finding.order.is_(None)
    )  # fmt: skip
    return lines + _counted("problem", "findings", "finding", session.scalars(findings))


def _goals(one: RiverToday, goals: Sequence[GoalNow]) -> list[Line]:
    river = one.river.id
    return [
        Line("goal", "target_class", text=one.river.target_class, kind="grade", records=(river,)),
        *(
            Line("goal", "goal", goal.open_in(river), text=goal.id, kind="goal", records=(goal.id,),
                 due_on=goal.due_on)
            for goal in goals
            if not goal.unknown
        ),
    ]  # fmt: skip


#: Which line of the tasks an open item of a goal makes, by its kind and state.
_TASKS = {
    "outfall": "survey_outfalls", "shop": "survey_shops", "leak": "rectify_leaks", "pipe": "dredge_pipes",
    "reach": "clear_sediment",
}  # fmt: skip


def _tasks(session: Session, river: str, goals: Sequence[GoalNow]) -> list[Line]:
    lines = []
    for goal in goals:
        open_ = [item for item in goal.obstacles if item.river == river and item.kind in _TASKS]
        for kind in dict.fromkeys(item.kind for item in open_):
            these = [item for item in open_ if item.kind == kind]
            lines.append(
                Line("task", _TASKS[kind], sum(item.amount for item in these), kind=kind,
                     records=tuple(item.id for item in these)[:NAMED], due_on=goal.due_on)
            )  # fmt: skip
    traced = select(OutfallRecord.id).where(
        OutfallRecord.river == river, OutfallRecord.stage.in_(("surveyed", "monitored", "traced"))
    )
    lines += _counted("task", "rectify_outfalls", "outfall", session.scalars(traced))
    query = select(Order.number).where(Order.river == river, Order.state.in_(OPEN_STATES))
    return lines + _counted("task", "orders_open", "order", session.scalars(query))


def _measures(session: Session, river: str, day: date) -> list[Line]:
    since, lines = day - timedelta(days=DONE_DAYS), []
    clearings = session.scalars(select(SedimentClearing).where(SedimentClearing.river == river)).all()
    planned = [row for row in clearings if row.done_on is None]
    done = [row for row in clearings if row.done_on is not None and row.done_on >= since]
    for what, rows in (("clearing_planned", planned), ("clearing_done", done)):
        length = sum(abs(row.to_m - row.from_m) for row in rows)
        lines += _counted("measure", what, "clearing", (row.id for row in rows), length)
    pipes = session.execute(
        select(Pipe.id, Pipe.length_m).where(
            Pipe.river == river, (Pipe.dredged_on >= since) | (Pipe.repaired_on >= since)
        )
    ).all()
    lines += _counted("measure", "pipes_done", "pipe", (row.id for row in pipes), sum(row.length_m for row in pipes))
    outfalls = select(OutfallRecord.id).where(OutfallRecord.river == river, OutfallRecord.rectified_on >= since)
    lines += _counted("measure", "outfalls_rectified", "outfall", session.scalars(outfalls))
    leaks = select(LeakPoint.id).where(LeakPoint.river == river, LeakPoint.rectified_on >= since)
    lines += _counted("measure", "leaks_rectified", "leak", session.scalars(leaks))
    shops = select(Shop.id).where(Shop.river == river, Shop.state == "rectified")
    lines += _counted("measure", "shops_rectified", "shop", session.scalars(shops))
    works = select(RiverWork.id).where(RiverWork.river == river, RiverWork.removed_on >= since)
    lines += _counted("measure", "works_removed", "work", session.scalars(works))
    orders = select(Order.number).where(Order.river == river, Order.state.in_(("done", "archived")))
    return lines + _counted("measure", "orders_done", "order", session.scalars(orders))


def _responsibilities(desk: Desk, one: RiverToday) -> list[Line]:
    site, river = desk.site, one.river
    lines = [
        Line("responsibility", "chief", text=river.chief_role),
        Line("responsibility", "lead_department", department=river.department),
    ]
    outfalls: defaultdict[str, list[str]] = defaultdict(list)
    for outfall in site.outfalls_of(river.id):
        outfalls[outfall.department].append(outfall.id)
    for department, names in sorted(outfalls.items()):
        lines.append(
            Line("responsibility", "outfalls_of", len(names), kind="outfall", records=tuple(names[:NAMED]),
                 department=department)
        )  # fmt: skip
    grids: defaultdict[str, int] = defaultdict(int)
    for grid in site.grids.values():
        if grid.river == river.id:
            grids[grid.officer_role] += 1
    lines += [Line("responsibility", "grids_of", count, text=role) for role, count in sorted(grids.items())]
    stations = tuple(station.id for station in site.stations_of(river.id))
    if stations:
        lines.append(Line("responsibility", "stations", len(stations), kind="station", records=stations[:NAMED]))
    return lines
