"""A river's policy (一河一策) in words: five cards, every line with links to the records that it was counted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.board import RiverToday
from dashboard.board_news import GoalNow
from dashboard.casework.vocabulary import POLICY_LISTS
from dashboard.links import Link, Linker, event_link, order_link, river_link, station_link
from dashboard.scene import reasons
from dashboard.viewdata.river_marks import Happening
from dashboard.viewdata.river_policy import LISTS, Line
from dashboard.wording import Wording
from sensors.site import Site

Data = dict[str, Any]

#: Book in which a kind of record stands.
_BOOK_OF = {
    "outfall": "outfalls", "shop": "shops", "leak": "leak_points", "pipe": "pipes", "work": "river_works",
    "structure": "structures", "boat": "boats", "clearing": "clearings", "policy": "river_policy",
}  # fmt: skip


def cards(
    lists: Mapping[str, Sequence[Line]], one: RiverToday, goals: Sequence[GoalNow], events: Sequence[Happening],
    now_ms: int, site: Site, w: Wording, link: Linker,
) -> Data:  # fmt: skip
    """The five lists as cards."""
    _ = w._
    names = {goal.id: goal for goal in goals}
    begun = {event.id: w.instant(event.start_ms, now_ms) for event in events}
    return {
        "lang": _.code,
        "label": _("The river's policy"),
        "look": "policy",
        "cards": [
            {
                "key": name, "title": w.word(POLICY_LISTS, name), "count": len(lists[name]),
                "lines": [_line(line, one, names, begun, site, w, link) for line in lists[name]],
                "empty": _("Nothing is on this list."),
            }
            for name in LISTS
        ],
    }  # fmt: skip


def _line(
    line: Line, one: RiverToday, goals: Mapping[str, GoalNow], begun: Mapping[str, str], site: Site, w: Wording,
    link: Linker,
) -> Data:  # fmt: skip
    _ = w._
    notes = []
    if line.department is not None and line.what not in ("lead_department", "outfalls_of"):
        notes.append(w.department(site, line.department))
    if line.done_on is not None:
        notes.append(_("done {day}", day=w.date(line.done_on)))
    elif line.due_on is not None:
        notes.append(_("by {day}", day=w.date(line.due_on)))
    more = int(line.amount) - len(line.records)
    records = (
        [] if line.what == "chief" else [_record(line.kind, name, one, begun, site, w, link) for name in line.records]
    )
    if line.kind not in ("pipe", "reach", "clearing", "goal", "policy") and line.records and more > 0:
        records.append({"text": _("and {count} more", count=more)})
    tone = "done" if line.done_on is not None else "bad" if line.what == "class_missed" else ""
    return {"text": saying(line, one, goals, site, w), "note": " · ".join(notes), "links": records, "tone": tone}


def _record(
    kind: str, name: str, one: RiverToday, begun: Mapping[str, str], site: Site, w: Wording, link: Linker
) -> Data:
    _ = w._
    river = one.river.id
    if kind == "order":
        return link(order_link(name, name))
    if kind == "event":
        return link(event_link(begun.get(name, name), name))
    if kind == "station":
        return link(station_link(w.place(site.stations[name]) if name in site.stations else name, name))
    if kind == "grade":
        return link(river_link(_("evaluation"), river, tab="calendar"))
    if kind == "goal":
        return link(Link(_("goal"), "goals", {"goal": name}))
    if kind == "finding":
        return link(Link(name, "inspections", {"river": river}))
    if kind == "policy":
        return link(Link(_("entered in the books"), "books", {"book": "river_policy", "river": river}))
    if kind == "reach":
        return link(Link(name, "books", {"book": "clearings", "river": river}))
    return link(Link(name, "books", {"book": _BOOK_OF.get(kind, kind), "river": river, "record": name}))


def saying(line: Line, one: RiverToday, goals: Mapping[str, GoalNow], site: Site, w: Wording) -> str:
    """What a line says."""
    _ = w._
    count = f"{line.amount:,.0f}"
    length = w.measure(line.amount, "m")
    match line.what:
        case "written" | "chief":
            return line.text
        case "class_missed":
            state, target = w.state_of(one.condition), w.water_class(one.river.target_class)
            said = _("Water is {state}, target {target}", state=state, target=target)
            why = reasons(one, w)
            return f"{said} ({why})" if why else said
        case "section_worse":
            return _("Sections worse than the river: {count}", count=count)
        case "discharges":
            return _("Discharges seen by the stations in the last 30 days: {count}", count=count)
        case "outfalls_dry":
            return _("Outfalls that flow in dry weather and are not rectified: {count}", count=count)
        case "leaks_open":
            return _("Leak points not rectified: {count}", count=count)
        case "shops_to_rectify":
            return _("Riverside shops to rectify: {count}", count=count)
        case "pipes_bad":
            return _("Pipes to dredge or to repair: {length}", length=length)
        case "flow_blocked":
            return _("Works that block the flow: {count}", count=count)
        case "structures":
            return _("Illegal structures not removed: {count}", count=count)
        case "boats":
            return _("Sunken or stray boats: {count}", count=count)
        case "findings":
            return _("Findings of inspections without an order, last 90 days: {count}", count=count)
        case "target_class":
            return _("Water of {target} or better", target=w.water_class(line.text))
        case "goal":
            goal = goals[line.text]
            name = goal.name if w.chinese else goal.name_en or goal.name
            if not line.amount:
                return _("{goal}: nothing open here", goal=name)
            return _("{goal}: {amount} open here", goal=name, amount=w.measure(line.amount, goal.unit))
        case "survey_outfalls":
            return _("Survey outfalls: {count}", count=count)
        case "survey_shops":
            return _("Survey riverside shops: {count}", count=count)
        case "rectify_leaks":
            return _("Rectify leak points: {count}", count=count)
        case "dredge_pipes":
            return _("Dredge or inspect pipes: {length}", length=length)
        case "clear_sediment":
            return _("Clear sediment: {length}", length=length)
        case "rectify_outfalls":
            return _("Rectify surveyed outfalls: {count}", count=count)
        case "orders_open":
            return _("Settle open orders: {count}", count=count)
    return _done(line, count, length, site, w)


def _done(line: Line, count: str, length: str, site: Site, w: Wording) -> str:
    """What was done or is planned, and who answers."""
    _ = w._
    match line.what:
        case "clearing_planned":
            return _("Clearing of sediment planned or begun: {length}", length=length)
        case "clearing_done":
            return _("Sediment cleared in the last 12 months: {length}", length=length)
        case "pipes_done":
            return _("Pipes dredged or repaired in the last 12 months: {length}", length=length)
        case "outfalls_rectified":
            return _("Outfalls rectified in the last 12 months: {count}", count=count)
        case "leaks_rectified":
            return _("Leak points rectified in the last 12 months: {count}", count=count)
        case "shops_rectified":
            return _("Riverside shops rectified: {count}", count=count)
        case "works_removed":
            return _("Works removed in the last 12 months: {count}", count=count)
        case "orders_done":
            return _("Orders reported done: {count}", count=count)
        case "lead_department":
            return _("Lead: {department}", department=w.department(site, line.department))
        case "outfalls_of":
            department = w.department(site, line.department)
            return _("Outfalls of {department}: {count}", department=department, count=count)
        case "grids_of":
            return _("{officer}: {count} grids", officer=line.text, count=count)
        case "stations":
            return _("Stations kept by the maintainer: {count}", count=count)
    raise KeyError(line.what)
