"""The public page as data: class and trend of each river, and what a class means. Nothing else of the water is told.

What is left out is left out here, before anything goes to a browser: stations, outfalls, orders, names of people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.descriptors import descriptor_of
from analytics.grading import WaterClass
from analytics.standards import GB3838_2002
from dashboard.board import RiverToday, Today
from dashboard.classes import CLASSES, worse
from dashboard.scene import trend
from dashboard.wording import Wording

#: Order in which labels find a place on the map, by how bad a river is.
_URGENT = {"INFERIOR_V": 5, "V": 4, "IV": 2}

Data = dict[str, Any]


def public(today: Today, w: Wording, ground: Mapping[str, Any]) -> Data:
    """Map and list of the rivers, worst first.

    Parameters
    ----------
    today : Today
    w : Wording
    ground : mapping
        `dashboard.ground.ground`; only boundary and reaches of it are kept.
    """
    _ = w._
    return {
        "lang": _.code,
        "ground": bare(ground),
        "when": f"{w.day(today.now_ms)} {w.weekday(today.now_ms)} {w.clock(today.now_ms)}",
        "note": _("mean of the valid hours of the last {hours} h", hours=today.window_hours),
        "rivers": [_river(one, w) for one in today.rivers],
        "stations": [],
        "classes": [_class(name, w) for name in CLASSES],
        "clause": clause(w),
        "words": {
            "map": _("Map of the rivers"), "north": _("N"), "list": _("All rivers, worst first"),
            "classes": _("What the classes mean"), "river": _("River"), "cls": _("Class"),
            "trend": _("Against yesterday"), "old": _("data old"),
        },
    }  # fmt: skip


def bare(ground: Mapping[str, Any]) -> Data:
    """The ground without places of stations and outfalls."""
    return {**ground, "stations": [], "outfalls": []}


def clause(w: Wording) -> str:
    """By what the classes are found."""
    _ = w._
    return _(
        "{standard} {title}: limits of table 1, the worst determinand decides (clause 5.1). Quality words and trends "
        "after MEP notice No. 22 of 2011. Automatic readings, not yet reviewed: they may be corrected.",
        standard=GB3838_2002.number, title=GB3838_2002.title if w.chinese else GB3838_2002.title_en,
    )  # fmt: skip


def moved(one: RiverToday, w: Wording) -> str:
    """How the class moved since yesterday, in words."""
    _ = w._
    previous = one.course.previous.shade if one.course else None
    if previous is None or one.shade is None:
        return _("not known")
    if previous == one.shade:
        return _("as yesterday")
    told = w.mark(one.course.previous) if one.course else ""
    if worse(one.shade, previous):
        return _("worse: was {cls}", cls=told)
    return _("better: was {cls}", cls=told)


def _river(one: RiverToday, w: Wording) -> Data:
    _ = w._
    told = trend(one, w)
    tone = told["to"] if told else ""
    words = moved(one, w)
    return {
        "id": one.river.id, "name": w.place(one.river), "cls": one.shade, "mark": w.mark(one.condition),
        "state": w.state_of(one.condition), "stale": one.stale, "age": _("data old") if one.stale else "",
        "urgent": _URGENT.get(one.shade or "", 1), "trend": {"to": tone, "text": words},
        "aria": f"{w.place(one.river)}: {w.state_of(one.condition)}, {words}",
    }  # fmt: skip


def _class(name: str, w: Wording) -> Data:
    return {
        "cls": name, "mark": w.short_class(name), "word": w.descriptor(descriptor_of(WaterClass[name])),
        "text": _uses(w)[name],
    }  # fmt: skip


def _uses(w: Wording) -> dict[str, str]:
    """What water of each class serves for: GB 3838-2002, clause 3, in short."""
    _ = w._
    return {
        "I": _("head waters, national nature reserves"),
        "II": _("first protection zone of drinking water, spawning grounds"),
        "III": _("second protection zone of drinking water, fishing, swimming"),
        "IV": _("industry, leisure without touching the water"),
        "V": _("farming, landscape"),
        "INFERIOR_V": _("worse than every class: fit for none of these uses"),
    }
