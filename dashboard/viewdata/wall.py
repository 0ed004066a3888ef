"""The wall page as data: slides that are read from five metres, and what the browser needs to tell time and age itself.

The age of the data is counted in the browser: it goes on where the server, or the way to it, is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.board import RiverToday, Today
from dashboard.board_news import WATER_KINDS, GoalNow, News, OrderLine, OrdersNow
from dashboard.casework.explained import kind_word
from dashboard.casework.lifecycle import STATES
from dashboard.classes import CLASSES
from dashboard.freshness import outage
from dashboard.scene import reasons, since, trend
from dashboard.viewdata.goals import without_figure
from dashboard.viewdata.public import bare, moved
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: How long a slide is shown [s].
SLIDE_S = 20

#: Lines of a slide: more cannot be read from where people stand.
WORST, LINES, GOALS = 7, 6, 7

#: Order in which labels find a place on the map, by how bad a river is.
_URGENT = {"INFERIOR_V": 5, "V": 4, "IV": 2}

Data = dict[str, Any]


def wall(
    today: Today, found: News, orders: OrdersNow | None, goals: Sequence[GoalNow], site: Site, w: Wording,
    ground: Mapping[str, Any], *, kiosk: bool, banner: str = "",
) -> Data:  # fmt: skip
    """Everything that the wall shows.

    Parameters
    ----------
    today : Today
    found : News
    orders : OrdersNow or None
        None where the board has no books.
    goals : sequence of GoalNow
        Empty where it has none.
    site : Site
    w : Wording
    ground : mapping
        `dashboard.ground.ground`.
    kiosk : bool
        Whether the page is a screen on a wall and nothing else.
    banner : str
        What must be said of the readings: that they are simulated.
    """
    _ = w._
    slides = [_map(today, w, ground), _worst(today, w), _work(today, found, orders, site, w)]
    if goals:
        slides.append(_goals(goals, w))
    return {
        "lang": _.code, "kiosk": kiosk, "site": w.site(site), "banner": banner, "slide_s": SLIDE_S,
        "now_ms": today.now_ms, "newest_ms": today.figures.newest_ms, "zone": site.timezone,
        "stale_s": site.assessment.stale_after_s, "alert": outage(today, w), "slides": slides,
        "words": {
            "data": _("Newest data"), "now": _("just now"), "never": _("never"), "ago": _("{span} ago"),
            "minutes": _("{count} min"), "hours": _("{count} h"),
            "old": _("Data are old: what is shown is not the present"), "slides": _("Slides"), "stop": _("Pause"),
            "go": _("Go on"),
        },
    }  # fmt: skip


def _map(today: Today, w: Wording, ground: Mapping[str, Any]) -> Data:
    _, counts = w._, today.figures
    figures = [{"cls": name, "mark": w.water_class(name), "count": counts.by_class[name]} for name in reversed(CLASSES)]
    if counts.ungraded:
        figures.append({"cls": "none", "mark": w.water_class(None), "count": counts.ungraded})
    return {
        "kind": "map", "title": _("Rivers today"), "ground": bare(ground), "stations": [],
        "words": {"map": _("Map of the rivers"), "north": _("N")}, "figures": figures,
        "rivers": [
            {"id": one.river.id, "name": w.place(one.river), "cls": one.shade, "mark": w.mark(one.condition),
             "stale": one.stale, "age": _("data old") if one.stale else "",
             "urgent": _URGENT.get(one.shade or "", 1), "aria": ""}
            for one in today.rivers
        ],
        "stats": [
            {"label": _("Target reached"), "value": str(counts.attained), "of": f"/ {counts.graded}"},
            {"label": _("Stations online"), "value": str(counts.by_status["online"]), "of": f"/ {counts.stations}"},
        ],
    }  # fmt: skip


def _worst(today: Today, w: Wording) -> Data:
    _ = w._
    missed = [one for one in today.rivers if one.attained is False or one.stale]
    return {
        "kind": "list", "title": _("Worst rivers"), "count": _("{count} short of target", count=today.figures.missed),
        "lines": [_river(one, today, w) for one in missed[:WORST]],
        "empty": _("Every river reaches its target, and all data are fresh."),
    }  # fmt: skip


def _river(one: RiverToday, today: Today, w: Wording) -> Data:
    _ = w._
    when = since(one, today, w) if one.attained is False else ""
    told = trend(one, w)
    notes = [reasons(one, w), _("this bad or worse {when}", when=when) if when else ""]
    return {
        "cls": one.shade, "mark": w.mark(one.condition), "stale": one.stale, "name": w.place(one.river),
        "trend": {"to": told["to"], "text": told["text"]} if told else {"to": "", "text": moved(one, w)},
        "note": " · ".join(note for note in notes if note),
    }  # fmt: skip


def _work(today: Today, found: News, orders: OrdersNow | None, site: Site, w: Wording) -> Data:
    _ = w._
    events = [one for one in found.events if one.kind in WATER_KINDS]
    return {
        "kind": "work", "title": _("Events and orders") if orders is not None else _("Events"),
        "events": {
            "title": _("Since yesterday"), "count": len(events), "empty": _("No event began."),
            "lines": [
                {"name": kind_word(_, one.kind),
                 "note": " · ".join([w.join([w.place(site.stations[name]) for name in one.stations
                                             if name in site.stations]) or NOTHING,
                                     w.from_until(one.start_ms, one.end_ms, today.now_ms)])}
                for one in events[:LINES]
            ],
        },
        "orders": None if orders is None else {
            "title": _("Open orders"), "count": orders.open, "empty": _("No order is open."),
            "late": _("{count} overdue", count=orders.overdue) if orders.overdue else "",
            "note": _("none overdue") if not orders.overdue else "",
            "lines": [_order(one, today, site, w) for one in orders.first[:LINES]],
        },
    }  # fmt: skip


def _order(one: OrderLine, today: Today, site: Site, w: Wording) -> Data:
    _ = w._
    notes = [_(STATES.get(one.state, one.state))]
    if one.river is not None and one.river in site.rivers:
        notes.append(w.place(site.rivers[one.river]))
    if one.due_ms is not None:
        late_s = (today.now_ms - one.due_ms) / 1000
        notes.append(_("{span} late", span=w.span(late_s)) if one.overdue
                     else _("due {instant}", instant=w.instant(one.due_ms, today.now_ms)))  # fmt: skip
    return {"name": one.title or one.number, "note": " · ".join(notes), "tone": "bad" if one.overdue else ""}


def _goals(goals: Sequence[GoalNow], w: Wording) -> Data:
    _ = w._
    lines = []
    for one in goals[:GOALS]:
        share, name = one.share, one.name if w.chinese else one.name_en or one.name
        late = one.standing in ("missed", "at_risk")
        note = without_figure(one.unknown, _) if share is None else _(
            "{value} of {total}, by {day}", value=w.measure(one.value, one.unit),
            total=w.measure(one.total, one.unit), day=w.date(one.due_on),
        )  # fmt: skip
        lines.append({"name": name, "note": note, "share": share, "tone": "late" if late else "",
                      "text": NOTHING if share is None else f"{share * 100:.0f} %"})  # fmt: skip
    return {"kind": "goals", "title": _("Goals"), "lines": lines}
