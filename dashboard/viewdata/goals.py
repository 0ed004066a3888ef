"""The goals as the board shows them: what was promised, how far it is, when it will be reached, what is in the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.access import Viewer
from dashboard.casework import vocabulary
from dashboard.casework.goals import GoalState
from dashboard.casework.measures import Measured, Obstacle, Share
from dashboard.casework.tables.goals import GoalProgress
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Pipe
from dashboard.i18n import Translator
from dashboard.viewdata.books_ledger import Cell, Line
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: Open items on a page of the list.
ITEMS = 50

#: Days of history on the chart at the most.
HISTORY_DAYS = 731

_BOOKS = MappingProxyType({"outfall": "outfalls", "shop": "shops", "leak": "leak_points", "pipe": "pipes"})


@dataclass(frozen=True, slots=True)
class Area:
    """What of a goal is in somebody's area, or on one river.

    Attributes
    ----------
    value, total : float
    obstacles : tuple of Obstacle
    shares : tuple of Share
    """

    value: float
    total: float
    obstacles: tuple[Obstacle, ...]
    shares: tuple[Share, ...]


def term(name: str, translate: Translator) -> str:
    """Word of a term."""
    _ = translate
    words = {
        "near": _("Near"), "mid": _("Middle"), "long": _("Long"), "year_end": _("Year end"), "years": _("3 to 5 years"),
    }  # fmt: skip
    return words[name]


def definition(measure: str, translate: Translator) -> str:
    """What a measure counts, in a sentence."""
    _ = translate
    words = {
        "outfalls_surveyed": _(
            "Outfalls of the site and of the books whose stage is surveyed or later; what their record holds is not "
            "looked at."
        ),
        "shops_surveyed": _("Riverside shops that were visited one by one, whatever was found there."),
        "leaks_rectified": _("Leak points that were rectified, or confirmed by a second look or by the water."),
        "pipes_dredged": _("Metres of pipe that were dredged, or inspected and found sound."),
        "sediment_cleared": _(
            "Metres of river whose sediment was cleared since the goal began; what was cleared twice counts once."
        ),
        "rivers_good": _(
            "Rivers of class IV or better in the last month that is over, by the monthly evaluation. A partial grade "
            "does not count as good: what is missing can only make it worse."
        ),
        "rivers_cleaned": _("Rivers whose reaches were all cleared since the goal began."),
    }
    return words[measure]


def name(state: GoalState, w: Wording) -> str:
    """Name of a goal."""
    return state.goal.name if w.chinese else state.goal.name_en or state.goal.name


def amount(value: float, unit: str, w: Wording) -> str:
    """A figure of a measure: items as they are, lengths in metres or kilometres."""
    _ = w._
    if unit != "m":
        return f"{value:.0f}"
    return _("{count} km", count=f"{value / 1000:.2f}") if value >= 1000 else _("{count} m", count=f"{value:.0f}")


def standing(state: GoalState, w: Wording) -> tuple[str, str]:
    """How a goal stands, and the tone of it."""
    _ = w._
    if state.measured.unknown:
        return without_figure(state.measured.unknown, _), "dim"
    words = {
        "reached": (_("Reached"), "good"), "on_track": (_("On track"), "good"), "at_risk": (_("At risk"), "bad"),
        "missed": (_("Missed"), "bad"), "unknown": (_("Pace not known yet"), "dim"),
    }  # fmt: skip
    return words[state.standing]


def without_figure(unknown: str, translate: Translator) -> str:
    """Why a goal has no figure, wherever that is said: `Measured.unknown`."""
    _ = translate
    return _("Not evaluated yet") if unknown == "not_evaluated" else _("Nothing in the books yet")


def forecast(state: GoalState, day: date, w: Wording, min_days: int) -> str:
    """When a goal will be reached, and what that rests on."""
    _, one = w._, state.forecast
    unit = state.measured.unit
    if one.why == "not_evaluated":
        return _("No monthly evaluation of {month} yet: it comes after the end of a month.",
                 month=state.measured.basis or NOTHING)  # fmt: skip
    if one.why == "nothing_known":
        return _("The books know of nothing to measure; that is not success.")
    if one.why == "reached":
        return _("The target is reached.")
    if one.since is None or one.pace_per_day is None:
        since = _("history since {day}", day=one.since.isoformat()) if one.since else _("no history yet")
        return _("No forecast: a pace needs {count} days of history ({since}).", count=min_days, since=since)
    days = (day - one.since).days
    rests = _(
        "{then} were open on {since}, {now} are now: {pace} a day over {days} days",
        then=amount(one.left_then or 0.0, unit, w), since=one.since.isoformat(), now=amount(one.left or 0.0, unit, w),
        pace=_pace(one.pace_per_day, unit, w), days=days,
    )  # fmt: skip
    still = one.still_since
    stopped = _("Nothing has moved since {day}.", day=still.isoformat()) if (
        still is not None and (day - still).days >= min_days) else ""  # fmt: skip
    if one.reached_on is None:
        return _sentences(_("At this pace never: {rests}.", rests=rests), stopped, w)
    late = (one.reached_on - state.goal.due_on).days
    when = _("{count} days after the date", count=late) if late > 0 else _("{count} days before the date", count=-late)
    told = _("At this pace on {day}, {when}. {rests}.", day=one.reached_on.isoformat(), when=when, rests=rests)
    return _sentences(stopped, told, w)


def _sentences(first: str, second: str, w: Wording) -> str:
    return ("" if w.chinese else " ").join(filter(None, (first, second)))


def _pace(pace: float, unit: str, w: Wording) -> str:
    _ = w._
    return _("{count} m", count=f"{pace:.3g}") if unit == "m" else f"{pace:.3g}"


def summary(states: Iterable[GoalState], day: date, w: Wording, chosen: str) -> list[Line]:
    """A line for each goal."""
    _, lines = w._, []
    for state in states:
        word, tone = standing(state, w)
        measured, unknown = state.measured, bool(state.measured.unknown)
        figure = NOTHING if unknown else f"{amount(measured.value, measured.unit, w)} / " + (
            amount(state.needed, measured.unit, w))  # fmt: skip
        share = None if unknown or not state.needed else measured.value / state.needed
        when = state.forecast.reached_on
        cells = (
            name(state, w), term(state.goal.term, _), Cell(figure, share=share), Cell(word, tone),
            f"{state.goal.due_on.isoformat()} · {_left(state.goal.due_on, day, w)}",
            NOTHING if when is None else when.isoformat(), NOTHING if unknown else str(len(measured.obstacles)),
        )  # fmt: skip
        lines.append(Line(cells, "goals", {"goal": state.goal.id}, selected=state.goal.id == chosen))
    return lines


def _left(due: date, day: date, w: Wording) -> str:
    _, days = w._, (due - day).days
    if days < 0:
        return _.plural("{count} day late", "{count} days late", -days)
    return _.plural("{count} day left", "{count} days left", days)


def area_of(measured: Measured, viewer: Viewer, river: str | None = None, grid: str | None = None) -> Area:
    """What of a measure lies in somebody's area, on one river or in one grid of it."""

    def mine(of: Obstacle | Share) -> bool:
        if river is not None and of.river != river:
            return False
        if grid is not None and of.grid != grid:
            return False
        return viewer.sees_river(of.river) and viewer.sees_grid(of.grid)

    shares = tuple(share for share in measured.shares if mine(share))
    return Area(
        sum(share.value for share in shares), sum(share.total for share in shares),
        tuple(item for item in measured.obstacles if mine(item)), shares,
    )  # fmt: skip


def by_place(area: Area, unit: str, site: Site, w: Wording, goal: str, *, grids: bool) -> list[Line]:
    """A line for each river, or each grid, the one with most open first."""
    sums: dict[tuple[str | None, str | None], list[float]] = {}
    for share in area.shares:
        if grids and share.grid is None:
            continue
        at = sums.setdefault((share.river, share.grid if grids else None), [0.0, 0.0])
        at[0] += share.value
        at[1] += share.total
    _, lines = w._, []
    for (river, grid), (value, total) in sorted(sums.items(), key=lambda one: (one[1][0] - one[1][1], str(one[0]))):
        place = site.rivers.get(river or "")
        told = _("no river") if place is None else w.place(place)
        query = {"goal": goal} | ({"river": river} if river else {}) | ({"grid": grid} if grid else {})
        first = told if grid is None else site.grids[grid].name if grid in site.grids else grid
        cells: list[Cell | str] = [first, *([told] if grids else []),
                 Cell(f"{amount(value, unit, w)} / {amount(total, unit, w)}", share=value / total if total else None),
                 amount(total - value, unit, w)]  # fmt: skip
        lines.append(Line(cells, "goals", query))
    return lines


def has_grids(measured: Measured) -> bool:
    """Whether anything of a measure lies in a known grid."""
    return any(share.grid is not None for share in measured.shares)


def open_items(session: Session, obstacles: Iterable[Obstacle], unit: str, site: Site, w: Wording) -> list[Line]:
    """Lines of what is open, each opening its record."""
    found = list(obstacles)
    called, lines = _called(session, found, site, w), []
    for item in found:
        river = site.rivers.get(item.river or "")
        grid = site.grids.get(item.grid or "")
        what = w.place(river) if item.kind == "river" and river is not None else item.id
        path, query = _record(item)
        cells = [what, called.get((item.kind, item.id), ""), NOTHING if river is None else w.place(river),
                 NOTHING if grid is None else grid.name, _why(item, w)]  # fmt: skip
        if unit == "m":
            cells.append(amount(item.amount, unit, w))
        lines.append(Line(cells, path, query))
    return lines


def _called(session: Session, found: Sequence[Obstacle], site: Site, w: Wording) -> dict[tuple[str, str], str]:
    """What names a record beside its number: its name, or its kind and where it is."""
    ids = {kind: [item.id for item in found if item.kind == kind] for kind in _BOOKS}
    called: dict[tuple[str, str], str] = {}
    if ids["shop"]:
        for id_, told in session.execute(select(Shop.id, Shop.name).where(Shop.id.in_(ids["shop"]))):
            called["shop", id_] = told
    if ids["outfall"]:
        for outfall in (site.outfalls[id_] for id_ in ids["outfall"] if id_ in site.outfalls):
            called["outfall", outfall.id] = _at(w.word(vocabulary.OUTFALL_KINDS, outfall.kind), outfall.reach,
                                                outfall.chainage_m, w)  # fmt: skip
        record = OutfallRecord
        for row in session.execute(select(record.id, record.name, record.kind, record.reach, record.chainage_m).where(
                record.id.in_(ids["outfall"]))):  # fmt: skip
            kind = w.word(vocabulary.OUTFALL_KINDS, row.kind)
            called["outfall", row.id] = row.name or _at(kind, row.reach, row.chainage_m, w)
    if ids["leak"]:
        leak = LeakPoint
        query = select(leak.id, leak.kind, leak.reach, leak.chainage_m).where(leak.id.in_(ids["leak"]))
        for id_, told, reach, chainage_m in session.execute(query):
            called["leak", id_] = _at(told, reach, chainage_m, w)
    if ids["pipe"]:
        for id_, road in session.execute(select(Pipe.id, Pipe.road).where(Pipe.id.in_(ids["pipe"]))):
            called["pipe", id_] = road
    return called


def _at(kind: str, reach: str | None, chainage_m: float | None, w: Wording) -> str:
    where = "" if chainage_m is None else w.measure(chainage_m, "m")
    return " · ".join(filter(None, (kind, " ".join(filter(None, (reach, where))))))


def filled(
    head: Sequence[str], lines: Sequence[Line], always: Collection[int] = (0,)
) -> tuple[tuple[str, ...], list[Line], tuple[int, ...]]:
    """Only the columns that say something in some line: what is left of head and lines, and which columns."""

    def says(cell: Cell | str) -> bool:
        return (cell if isinstance(cell, str) else cell.text) not in ("", NOTHING)

    kept = tuple(n for n in range(len(head)) if n in always or not lines or any(says(one.cells[n]) for one in lines))
    return tuple(head[n] for n in kept), [replace(one, cells=[one.cells[n] for n in kept]) for one in lines], kept


def _record(item: Obstacle) -> tuple[str, Mapping[str, str]]:
    """Page and query of what is open."""
    if item.kind in _BOOKS:
        return "books", {"book": _BOOKS[item.kind], "record": item.id}
    if item.kind == "reach":
        return "books", {"book": "clearings", "river": item.river or "", "reach": item.id}
    if item.why == "uncleared":
        return "books", {"book": "clearings", "river": item.river or ""}
    return "river", {"river": item.river or ""}


def _why(item: Obstacle, w: Wording) -> str:
    _ = w._
    lists = {
        "outfall": vocabulary.OUTFALL_STAGES, "shop": vocabulary.SHOP_STATES, "leak": vocabulary.LEAK_STATES,
        "pipe": vocabulary.PIPE_STATES,
    }  # fmt: skip
    if item.kind in lists:
        return lists[item.kind].word(item.why, _.code)
    words = {
        "bad": _("class V or worse"), "partial": _("grade is partial"), "ungraded": _("not graded"),
        "uncleared": _("not cleared"),
    }  # fmt: skip
    return words.get(item.why, item.why)


def chart(state: GoalState, history: Iterable[GoalProgress], day: date, w: Wording) -> dict[str, Any]:
    """Course of a goal as an ECharts option: value of each day, what is needed, the way on at this pace, the date.

    Days without a record are gaps.
    """
    _ = w._
    rows = {row.day: row for row in history}
    factor = 0.001 if state.measured.unit == "m" else 1.0
    if not state.measured.unknown:
        rows[day] = GoalProgress(goal=state.goal.id, day=day, value=state.measured.value, total=state.measured.total)
    first = min(rows, default=day)
    days = [first + timedelta(days=n) for n in range((day - first).days + 1)]
    value = [[one.isoformat(), round(rows[one].value * factor, 3) if one in rows else None] for one in days]
    needed = [
        [one.isoformat(), round(rows[one].total * state.goal.target * factor, 3) if one in rows else None]
        for one in days
    ]
    names = {"value": _("measured"), "needed": _("needed"), "ahead": _("at this pace")}
    plain = {"type": "line", "symbol": "none", "connectNulls": False}
    series: list[dict[str, Any]] = [
        {**plain, "name": names["value"], "data": value, "showAllSymbol": True, "lineStyle": {"width": 2.4},
         "symbol": "circle", "symbolSize": 3, "areaStyle": {"opacity": 0.12}},
        {**plain, "name": names["needed"], "data": needed, "lineStyle": {"type": "dashed", "width": 1.4}},
    ]  # fmt: skip
    end = state.forecast.reached_on
    if end is not None:
        shown = min(end, max(state.goal.due_on, day) + timedelta(days=366))
        pace = (state.forecast.pace_per_day or 0.0) * factor
        way = [[day.isoformat(), round(state.measured.value * factor, 3)],
               [shown.isoformat(), round(state.measured.value * factor + pace * (shown - day).days, 3)]]  # fmt: skip
        series.append({**plain, "name": names["ahead"], "data": way, "lineStyle": {"type": "dotted", "width": 2}})
    due = state.goal.due_on.isoformat()
    last = max(due, *(row["data"][-1][0] for row in series if row["data"]))
    # On the side of its line where the chart goes on: a date at the left edge would stand over the axis.
    early = state.goal.due_on - min(state.goal.due_on, first) < date.fromisoformat(last) - state.goal.due_on
    beside = "insideEndBottom" if early else "insideEndTop"
    series[0]["markLine"] = {
        "silent": True, "symbol": "none", "animation": False,
        "data": [{"xAxis": due, "label": {"formatter": _("due {day}", day=due), "position": beside}}],
    }  # fmt: skip
    return {
        "animation": False, "color": ["#2a78b8", "#6b7780", "#c2620a"],
        "grid": {"left": 8, "right": 24, "top": 40, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "left": 0, "selectedMode": False, "itemWidth": 22},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "time", "min": min(due, days[0].isoformat()),
            "max": last,
            "axisLabel": {"hideOverlap": True}, "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "min": 0,
                  "axisLabel": {"formatter": "{value} km" if state.measured.unit == "m" else "{value}"},
                  "splitLine": {"lineStyle": {"opacity": 0.4}}},
        "series": series,
    }  # fmt: skip


def alt(state: GoalState, w: Wording) -> str:
    """The chart in words."""
    _ = w._
    unit = state.measured.unit
    return _("{name}: {value} of {needed} needed", name=name(state, w), value=amount(state.measured.value, unit, w),
             needed=amount(state.needed, unit, w))  # fmt: skip
