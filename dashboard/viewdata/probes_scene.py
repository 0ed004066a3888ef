"""The page of all probes in words: what its parts draw, ready for JSON, in one language. Plain text only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from dashboard.links import Linker, station_link
from dashboard.viewdata.probes import FAILED_SHARE, Looked, Probe
from dashboard.viewdata.station_care import Checked
from dashboard.viewdata.station_scene import due, share, with_unit
from dashboard.viewdata.station_words import fault_name, name_of_test, state_name
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

Data = dict[str, Any]

#: Share of doubted readings of a day from which on it is marked.
MARKED_SHARE = 0.2

#: Longest table that goes to the browser at once.
MOST_ROWS = 600


def overdue(one: Checked | None, today: date) -> bool:
    """Whether a head is past the day of its calibration."""
    left = None if one is None else one.days_left(today)
    return left is not None and left < 0


def troubled(found: Iterable[Probe], looked: Looked | None, today: date) -> tuple[Probe, ...]:
    """Probes that somebody has to look at; those that only wait for calibration or review last."""
    all_of_them = tuple(found)
    bad = [one for one in all_of_them if one.trouble != "none"]
    if looked is None:
        return tuple(bad)
    waits = [one for one in all_of_them if one.trouble == "none" and _waits(one, looked, today)]
    return (*bad, *waits)


def _waits(one: Probe, looked: Looked, today: date) -> bool:
    key = (one.station, one.determinand or "")
    return key in looked.waiting or overdue(looked.checked.get(key), today)


def summary(found: Sequence[Probe], looked: Looked | None, today: date, w: Wording) -> list[tuple[str, str]]:
    """Figures above the table: what each is called, and how many."""
    _ = w._
    count = Counter(one.trouble for one in found)
    figures = [
        (_("Lying"), str(count["lies"])), (_("Faulty or silent"), str(count["device"] + count["silent"])),
        (_("Single doubts"), str(count["doubted"])), (_("In order"), str(count["none"])),
    ]  # fmt: skip
    if looked is not None:
        stations = {one.station for one in found}
        late = sum(key[0] in stations and overdue(one, today) for key, one in looked.checked.items())
        runs = sum(many for key, many in looked.waiting.items() if key[0] in stations)
        figures += [(_("Calibrations late"), str(late)), (_("Runs to review"), str(runs))]
    return figures


def table(
    found: Sequence[Probe], looked: Looked | None, site: Site, today: date, now_ms: int, w: Wording, link: Linker
) -> Data:
    """The table, a line each probe."""
    _ = w._
    return {
        "lang": _.code, "level": 2, "stack": True,
        "caption": _("Probes, the worst first"),
        "note": _("shares of the readings of the last 24 h"),
        "head": [
            {"text": _("Monitoring station")}, {"text": _("Determinand")}, {"text": _("Trouble")}, {"text": _("Since")},
            {"text": _("Doubted"), "number": True}, {"text": _("Failed"), "number": True},
            {"text": _("Newest"), "number": True},
            *([{"text": _("Calibration")}, {"text": _("Last visit")}, {"text": _("Review")}] if looked else []),
        ],
        "rows": [_row(one, looked, site, today, now_ms, w, link) for one in found[:MOST_ROWS]],
        "empty": _("Every probe is in order."),
    }  # fmt: skip


def _row(one: Probe, looked: Looked | None, site: Site, today: date, now_ms: int, w: Wording, link: Linker) -> Data:
    station = site.stations[one.station]
    query = {} if one.determinand is None else {"determinand": one.determinand}
    name = f"{w.place(station)} ({station.id})"
    return {
        "key": f"{one.station}/{one.determinand or ''}",
        "cells": [
            {"link": link(station_link(name, station.id, **query)), "note": w.place(site.rivers[station.river])},
            {"text": w._("all") if one.determinand is None else w.determinand(one.determinand)},
            _wrong(one, _late(one, looked, today), w),
            {"text": _since(one, now_ms, w)},
            _share(one, one.flagged, MARKED_SHARE), _share(one, one.failed, FAILED_SHARE),
            {"text": NOTHING if one.determinand is None else with_unit(one.determinand, one.value, w),
             "note": w.age(one.time_ms, now_ms)},
            *(_care(one, looked, today, now_ms, w, link) if looked else []),
        ],
    }  # fmt: skip


def _share(one: Probe, part: float, marked: float) -> Data:
    if one.trouble == "silent":
        return {"text": NOTHING}
    return {"text": share(part), "tone": "bad" if part >= marked else ""}


def _late(one: Probe, looked: Looked | None, today: date) -> bool:
    return looked is not None and overdue(looked.checked.get((one.station, one.determinand or "")), today)


def _wrong(one: Probe, late: bool, w: Wording) -> Data:
    """What is wrong, in words; what the tests said below it."""
    _ = w._
    tests = w.join([name_of_test(test, w) for test in one.tests])
    if one.trouble == "none":
        return {"text": _("calibration late")} if late else {"text": _("in order"), "tone": "good"}
    if one.trouble == "silent":
        return {"text": _("no readings"), "tone": "bad"}
    if one.trouble == "device":
        return {"text": _("says itself: {state}", state=state_name(one.state, w)), "tone": "bad", "note": tests}
    if one.fault:
        name = fault_name(one.fault, w)
        return {"text": name, "tone": "bad", "note": "" if tests == name else tests, "wide": True}
    text = _("readings that cannot be water's") if one.trouble == "lies" else _("single readings")
    return {"text": text, "tone": "bad" if one.trouble == "lies" else "", "note": tests, "wide": True}


def _since(one: Probe, now_ms: int, w: Wording) -> str:
    if one.since_ms is None:
        return NOTHING
    instant = w.instant(one.since_ms, now_ms)
    return w._("before {instant}", instant=instant) if one.at_least else instant


def _care(one: Probe, looked: Looked, today: date, now_ms: int, w: Wording, link: Linker) -> list[Data]:
    _ = w._
    key = (one.station, one.determinand or "")
    visited = looked.visited.get(one.station)
    return [
        {"text": NOTHING} if one.determinand is None else _calibrated(looked.checked.get(key), today, now_ms, w),
        {"text": NOTHING if visited is None else w.age(visited, now_ms)},
        _review(one, looked.waiting.get(key, 0), w, link),
    ]  # fmt: skip


def _calibrated(one: Checked | None, today: date, now_ms: int, w: Wording) -> Data:
    if one is None:
        return due(one, today, w)
    next_one = due(one, today, w)
    failed = one.passed is False
    text = w.day(one.day_ms) + (f" · {w._('not passed')}" if failed else "")
    tone = "bad" if failed or next_one.get("tone") == "bad" else ""
    return {"text": text, "note": next_one["text"], "tone": tone}


def _review(one: Probe, waiting: int, w: Wording, link: Linker) -> Data:
    if not waiting:
        return {"text": NOTHING}
    text = w._.plural("{count} waits", "{count} wait", waiting)
    return {"link": link(station_link(text, one.station, tab="review"))}
