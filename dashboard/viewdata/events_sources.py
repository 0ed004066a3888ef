"""Where an event may come from: the ranked outfalls, and the map of the water around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.casework.evidence import CANNOT_TELL, Evidence
from dashboard.casework.vocabulary import OUTFALL_KINDS
from dashboard.links import Link, Linker
from dashboard.viewdata.events import percent
from dashboard.viewdata.orders_words import department_names
from dashboard.wording import Wording
from sensors.site import Site

#: Outfalls that are listed, best first.
LISTED = 8

#: Outfalls below this probability are listed and not drawn: they would make the map of the others small.
DRAWN = 0.02

#: Room around what is shown on the map [m].
MARGIN_M = 250

Data = dict[str, Any]


def sources(told: Evidence, site: Site, ground: Mapping[str, Any], w: Wording, link: Linker, *, may_open: bool) -> Data:
    """Ranked outfalls with their probabilities, on the map and in a list.

    Parameters
    ----------
    told : Evidence
    site : Site
    ground : mapping
        From `dashboard.ground.ground`.
    w : Wording
    link : Linker
    may_open : bool
        Whether the reader may open orders.
    """
    _ = w._
    untold = told.get("cannot_tell", 0.0) >= CANNOT_TELL
    listed = told["candidates"][:LISTED]
    outfalls = dict(zip(site.outfalls, ground["outfalls"], strict=True))
    stations = {one["id"]: one for one in ground["stations"]}
    seen = [name for name in told.get("stations", []) if name in stations]
    marks = [
        {"rank": rank, "x": outfalls[one["outfall"]]["x"], "y": outfalls[one["outfall"]]["y"],
         "share": one["probability"], "name": one["outfall"]}
        for rank, one in enumerate(listed, 1)
        if rank == 1 or one["probability"] >= DRAWN
    ]  # fmt: skip
    here = [{"x": stations[name]["x"], "y": stations[name]["y"], "name": w.place(site.stations[name])} for name in seen]
    silent = [
        {"x": stations[name]["x"], "y": stations[name]["y"], "name": w.place(site.stations[name])}
        for name in told.get("silent", [])
        if name in stations and name not in seen
    ]
    return {
        "lang": _.code, "title": _("Where it may come from"),
        "verdict": _("It cannot be told which outfall it was.") if untold else "",
        "none": "" if listed else _("No outfall was ranked for this event."),
        "effective": _("as uncertain as {count} outfalls that are all alike", count=f"{told['effective']:.1f}")
        if "effective" in told and listed else "",
        "list": [_candidate(rank, one, site, w, link, may_open) for rank, one in enumerate(listed, 1)],
        "map": _map(ground, marks, here, silent) if marks or here else None,
        "words": {"station": _("station that saw it"), "silent": _("station that saw nothing"),
                  "outfall": _("outfall, by probability")},
    }  # fmt: skip


def _candidate(rank: int, one: Mapping[str, Any], site: Site, w: Wording, link: Linker, may_open: bool) -> Data:
    _ = w._
    outfall = site.outfalls[one["outfall"]]
    hours = one.get("travel_h")
    told = [OUTFALL_KINDS.word(outfall.kind, _.code), w.place(site.rivers[outfall.river])]
    if hours is not None:
        told.append(_("{hours} h upstream", hours=f"{hours:.1f}"))
    told.append(department_names(site, w).get(outfall.department, ""))
    return {
        "rank": rank, "name": outfall.id, "share": one["probability"], "text": percent(one["probability"]),
        "about": " · ".join(filter(None, told)),
        "open": link(Link(_("Open an order about it"), "orders", {"new": "1", "outfall": outfall.id}))
        if may_open else None,
    }  # fmt: skip


def _map(ground: Mapping[str, Any], marks: list[Data], here: list[Data], silent: list[Data]) -> Data:
    """The part of the ground around the marks; silent stations far away do not widen it."""
    xs = [one["x"] for one in (*marks, *here)]
    ys = [one["y"] for one in (*marks, *here)]
    left, right, top, bottom = min(xs) - MARGIN_M, max(xs) + MARGIN_M, min(ys) - MARGIN_M, max(ys) + MARGIN_M
    width, height = max(right - left, 900), max(bottom - top, 600)
    left, top = (left + right - width) // 2, (top + bottom - height) // 2
    lines = [
        {"w": reach["w"], "line": reach["line"]}
        for reach in ground["reaches"]
        if any(
            left - width <= x <= left + 2 * width and top - height <= y <= top + 2 * height for x, y in reach["line"]
        )
    ]
    return {
        "box": [left, top, width, height], "reaches": lines, "outfalls": marks, "stations": here, "silent": silent,
    }  # fmt: skip
