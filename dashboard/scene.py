"""The first page in words: what each part of it gets to draw, ready for JSON, in one language.

Plain text only: the parts put it on the page as text nodes, so a name may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from analytics.grading import WaterClass
from dashboard.board import RiverToday, StationToday, Status, Today
from dashboard.classes import CLASSES, Condition, is_bad, worse
from dashboard.freshness import age, newest, outage, station_age
from dashboard.links import Linker, station_link, words_only
from dashboard.wording import NOTHING, Wording
from sensors.durations import HOUR_MS
from sensors.site import Site

#: Order in which labels find a place on the map, by how bad a river is.
_URGENT = {"INFERIOR_V": 5, "V": 4, "IV": 2}

#: Determinands of the table, in the order in which the national board prints them.
TABLED = ("ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen", "total_phosphorus")

#: Classes that are less probable than this are not named.
LEAST = 0.01

Data = dict[str, Any]


def figures(today: Today, w: Wording) -> Data:
    """The strip of key figures: how many rivers are V and inferior V and which, the spread, goals, data."""
    _ = w._
    counts = today.figures
    return {
        "lang": _.code,
        "title": _("Key figures"),
        "alarms": [_alarm(today, name, w) for name in ("INFERIOR_V", "V")] if counts.bad or not counts.graded
        else [_calm(today, w)],
        "alert": outage(today, w),
        "bar": _spread(today, w),
        "stats": [_target_stat(today, w), _station_stat(today, w), _data_stat(today, w)],
    }  # fmt: skip


def _calm(today: Today, w: Wording) -> Data:
    """No river is bad; a section may be, which a mean or a ratio of many does not show."""
    _ = w._
    bad = [station for one in today.rivers for station in one.stations if is_bad(station.water_class)]
    names = w.join([w.place(station.station) for station in bad])
    return {
        "cls": "mixed" if bad else "calm", "count": 0, "label": _("rivers in class V or worse"),
        "names": _("Stations in class V or worse: {names}", names=names) if bad
        else _("All graded rivers are class IV or better"),
    }  # fmt: skip


def _alarm(today: Today, name: str, w: Wording) -> Data:
    _ = w._
    rivers = [one for one in today.rivers if one.shade == name]
    before = [one for one in today.rivers if one.course and one.course.previous.shade == name]
    known = any(one.course and one.course.previous.shade for one in today.rivers)
    change = len(rivers) - len(before)
    text = _("{change} on yesterday", change=f"{change:+d}".replace("-", "−")) if change and known else ""
    return {
        "cls": name,
        "count": len(rivers),
        "label": w.water_class(name),
        "change": text,
        "names": w.join([w.place(one.river) for one in rivers]) or _("none"),
    }


def _spread(today: Today, w: Wording) -> Data:
    _ = w._
    counts = today.figures
    parts = [{"cls": name, "count": counts.by_class[name], "mark": w.short_class(name)} for name in reversed(CLASSES)]
    parts.append({"cls": "none", "count": counts.ungraded, "mark": w.short_class(None)})
    text = w.join([f"{w.water_class(name)} {counts.by_class[name]}" for name in reversed(CLASSES)])
    return {
        "title": _.plural("Class of {count} river", "Classes of {count} rivers", counts.rivers),
        "when": f"{w.day(today.now_ms)} {w.weekday(today.now_ms)} {w.clock(today.now_ms)}",
        "note": _("mean of the valid hours of the last {hours} h", hours=today.window_hours),
        "aria": f"{text}; {_('no class')} {counts.ungraded}",
        "parts": parts,
    }


def _target_stat(today: Today, w: Wording) -> Data:
    _ = w._
    counts = today.figures
    return {
        "key": "target",
        "label": _("Target reached"),
        "value": str(counts.attained),
        "of": f"/ {counts.graded}",
        "note": _("{count} short of target", count=counts.missed) if counts.missed else _("of the graded rivers"),
    }


def _station_stat(today: Today, w: Wording) -> Data:
    _ = w._
    counts = today.figures
    states: tuple[Status, ...] = ("maintenance", "fault", "silent")
    off = [f"{w.status(status)} {counts.by_status[status]}" for status in states if counts.by_status[status]]
    return {
        "key": "stations",
        "label": _("Stations online"),
        "value": str(counts.by_status["online"]),
        "of": f"/ {counts.stations}",
        "note": " · ".join(off) or _("all online"),
        "warn": bool(counts.by_status["silent"] or counts.by_status["fault"]),
    }


def _data_stat(today: Today, w: Wording) -> Data:
    _ = w._
    share = today.figures.data_share
    return {
        "key": "data",
        "label": _("Valid hours"),
        "value": NOTHING if share is None else f"{share:.0%}".replace("%", " %"),
        "of": "",
        "note": newest(today, w),
    }


def rivers(today: Today, w: Wording, ground: Mapping[str, Any], selected: str) -> Data:
    """The map and the list of rivers that need a look."""
    _ = w._
    return {
        "lang": _.code,
        "selected": selected,
        "ground": ground,
        "rivers": [_on_map(one, today, w) for one in today.rivers],
        "stations": [_mark(station, today, w) for one in today.rivers for station in one.stations],
        "watch": {
            "title": _("Rivers to look at"),
            "items": [_watch(one, today, w) for one in today.rivers if _needs_look(one)],
            "empty": _("Every river reaches its target, and all data are fresh."),
        },
        "legend": _legend(w),
        "words": {"map": _("Map of the rivers"), "outfalls": _("outfalls"), "north": _("N")},
    }


def _needs_look(one: RiverToday) -> bool:
    return one.attained is not True or one.stale or bool(one.worse_stations)


def _on_map(one: RiverToday, today: Today, w: Wording) -> Data:
    return {
        "id": one.river.id,
        "name": w.place(one.river),
        "cls": one.shade,
        "mark": w.mark(one.condition),
        "stale": one.stale,
        "age": age(one, today, w) if one.stale else "",
        "urgent": _URGENT.get(one.shade or "", 1),
        "aria": f"{w.place(one.river)}: {w.state_of(one.condition)}",
        "tip": _tip(one, today, w),
    }


def _tip(one: RiverToday, today: Today, w: Wording) -> list[tuple[str, str]]:
    _ = w._
    lines = [(_("Class"), w.state_of(one.condition)), (_("Target"), w.water_class(one.river.target_class))]
    if why := reasons(one, w):
        lines.append((_("Decided by"), why))
    if when := since(one, today, w):
        lines.append((_("This bad or worse"), when))
    lines += [(_("Basis"), basis(one, w)), (_("Newest data"), age(one, today, w))]
    if marks := remarks(one, w):
        lines.append((_("Note"), w.join(marks)))
    return lines


def _mark(station: StationToday, today: Today, w: Wording) -> Data:
    _ = w._
    return {
        "id": station.station.id,
        "river": station.station.river,
        "name": w.place(station.station),
        "cls": station.water_class,
        "mark": w.short_class(station.water_class),
        "status": station.status,
        "worse": station.worse,
        "tip": [
            (_("Class"), w.water_class(station.water_class)),
            (_("State"), w.status(station.status)),
            (_("Newest data"), station_age(station, today, w)),
        ],
    }


def _watch(one: RiverToday, today: Today, w: Wording) -> Data:
    _ = w._
    lines = []
    if why := reasons(one, w):
        lines.append({"kind": "why", "text": why})
    worst_first = sorted(one.worse_stations, key=lambda station: -CLASSES.index(station.water_class or CLASSES[0]))
    for name, group in groupby(worst_first, key=lambda station: station.water_class):
        names = [w.place(station.station) for station in group]
        text = _.plural(
            "station {names}: {cls}",
            "stations {names}: {cls}",
            len(names),
            names=w.join(names),
            cls=w.water_class(name),
        )
        lines.append({"kind": "alert", "text": text})
    if one.stale:
        lines.append({"kind": "old", "text": age(one, today, w)})
    when = since(one, today, w) if one.attained is False else ""
    return {
        "river": one.river.id,
        "name": w.place(one.river),
        "cls": one.shade,
        "mark": w.mark(one.condition),
        "stale": one.stale,
        "since": _("this bad or worse {when}", when=when) if when else "",
        "trend": trend(one, w),
        "lines": lines,
    }


def _legend(w: Wording) -> Data:
    _ = w._
    classes = [{"cls": name, "old": False, "text": w.short_class(name)} for name in CLASSES]
    classes.append({"cls": "III", "old": True, "text": _("data old")})
    classes.append({"cls": "none", "old": False, "text": _("no class")})
    stations = [
        {"status": "online", "cls": "none", "text": _("station")},
        {"status": "maintenance", "cls": "none", "text": w.status("maintenance")},
        {"status": "silent", "cls": "none", "text": _("silent or faulty")},
        {"status": "online", "worse": True, "cls": "V", "text": _("station worse than its river")},
    ]
    return {"classes": classes, "stations": stations}


def head(one: RiverToday, today: Today, site: Site, w: Wording, link: Linker = words_only) -> Data:
    """The head of a river's panel: class, target, reason, basis and stations, each with the way to its page."""
    _ = w._
    facts = [(_("Target"), w.water_class(one.river.target_class)), (_("Responsible"), w.answers(site, one.river))]
    if deciding := _deciding(one):
        facts.append((_("Decided by"), w.join([w.short_determinand(key) for key in deciding])))
    if named := pollutants(one, w):
        facts.append((_("Main pollutants"), named))
    if when := since(one, today, w):
        facts.append((_("This bad or worse"), when))
    facts += [(_("Basis"), basis(one, w)), (_("Newest data"), age(one, today, w))]
    return {
        "lang": _.code,
        "name": w.place(one.river),
        "cls": one.shade,
        "mark": w.state_of(one.condition),
        "stale": one.stale,
        "trend": trend(one, w),
        "verdict": _verdict(one, w),
        "facts": facts,
        "remarks": [*near_limit(one, w), *remarks(one, w)],
        "stations": [
            {
                "name": w.place(station.station), "cls": station.water_class,
                "mark": w.short_class(station.water_class), "status": station.status, "worse": station.worse,
                "text": _standing(station, today, w),
                "link": link(station_link(w.place(station.station), station.station.id)),
            }
            for station in one.stations
        ],
    }  # fmt: skip


def _standing(station: StationToday, today: Today, w: Wording) -> str:
    return w.age(station.newest_ms, today.now_ms) if station.status == "online" else w.status(station.status)


def _verdict(one: RiverToday, w: Wording) -> Data:
    _ = w._
    if one.attained is None:
        return {"tone": "", "text": ""}
    if one.attained:
        return {"tone": "good", "text": _("target reached")}
    return {"tone": "bad", "text": _("target missed")}


def table(today: Today, w: Wording, selected: str) -> Data:
    """All rivers, worst first, with the means that were graded."""
    _ = w._
    return {
        "lang": _.code,
        "selected": selected,
        "caption": _("All rivers, worst first"),
        "note": _("Means of the last {hours} h; the mark before a value is its own class.", hours=today.window_hours),
        "head": [
            {"text": _("River")}, {"text": _("Class")}, {"text": _("Target")}, {"text": _("Decided by")},
            {"text": _("This bad or worse")}, {"text": _("Yesterday")},
            *({"text": w.short_determinand(key), "unit": w.unit(key), "number": True} for key in TABLED),
            {"text": _("Valid hours"), "number": True}, {"text": _("Sections"), "number": True},
            {"text": _("Newest data")},
        ],
        "rows": [_row(one, today, w) for one in today.rivers],
    }  # fmt: skip


def _row(one: RiverToday, today: Today, w: Wording) -> Data:
    return {
        "river": one.river.id,
        "name": w.place(one.river),
        "cls": one.shade,
        "mark": w.mark(one.condition),
        "stale": one.stale,
        "marks": remarks(one, w, brief=True),
        "target": w.short_class(one.river.target_class),
        "missed": one.attained is False,
        "why": reasons(one, w),
        "since": since(one, today, w) if one.attained is False else "",
        "previous": w.mark(one.course.previous) if one.course else NOTHING,
        "trend": trend(one, w),
        "values": [_value(one, key, w) for key in TABLED],
        "hours": f"{one.hours}/{one.window_hours}",
        "sections": f"{one.sections}/{len(one.stations)}",
        "age": age(one, today, w),
    }


def _value(one: RiverToday, key: str, w: Wording) -> Data:
    value = one.means.get(key)
    return {"text": w.number(key, value), "cls": None if value is None else one.classes.get(key)}


def reasons(one: RiverToday, w: Wording) -> str:
    """Determinands that decided a class worse than III, with their exceedance of class III.

    Class ratios have none that decide: there it is the main pollutants, and at how many sections they are.
    """
    if one.water_class is None:
        return pollutants(one, w)
    return w.join([exceeded(key, one.exceedance.get(key), w) for key in _deciding(one)])


def _deciding(one: RiverToday) -> list[str]:
    """Determinands that decided a class worse than III, the most exceeded first."""
    if one.water_class is None or not worse(one.water_class, "III"):
        return []
    return sorted(one.deciding, key=lambda key: -one.exceedance.get(key, 0.0))


def pollutants(one: RiverToday, w: Wording) -> str:
    """Main pollutants: by how much each is over class III, or at how many of five sections or more it is."""
    _ = w._
    if one.method != "ratio" or not one.pollutants:
        return w.join([exceeded(each.determinand, each.multiple, w) for each in one.pollutants])
    counts = [(each.determinand, round((each.share or 0.0) * one.sections / 100)) for each in one.pollutants]
    shares = w.join([f"{w.short_determinand(key)} {count}/{one.sections}" for key, count in counts])
    return _("{shares} sections", shares=shares)


def near_limit(one: RiverToday, w: Wording) -> list[str]:
    """That another class is nearly as probable as the one that is printed, in one line; nothing where none is."""
    _ = w._
    likely = [(name, share) for name, share in sorted(one.near.items(), key=lambda item: -item[1]) if share >= LEAST]
    if len(likely) < 2:
        return []
    limit = WaterClass(max(WaterClass[name] for name, _share in likely[:2]) - 1).name
    shares = w.join([f"{w.short_class(name)} {share * 100:.0f} %" for name, share in likely])
    return [_("near the limit of class {name}: {shares}", name=w.short_class(limit), shares=shares)]


def exceeded(key: str, multiple: float | None, w: Wording) -> str:
    """Determinand and by how much it is over class III: 氨氮(1.2), Ammonia nitrogen +120 %."""
    _ = w._
    if multiple is None:
        return w.short_determinand(key)
    times = f"{multiple:.1f}" if multiple >= 1 else f"{multiple:.2f}"
    return _("{name} +{percent} %", name=w.short_determinand(key), percent=f"{multiple * 100:.0f}", times=times)


def since(one: RiverToday, today: Today, w: Wording) -> str:
    """Since when a river has been as bad as it is now or worse: said after "this bad or worse"."""
    _ = w._
    if one.course is None or one.course.since_ms is None:
        return ""
    if one.course.at_least:
        known_ms = today.now_ms - one.course.since_ms
        # The first hour ever judged says nothing about since when.
        return "" if known_ms < HOUR_MS else _("for at least {span}", span=w.span(known_ms / 1000))
    return _("since {instant}", instant=w.instant(one.course.since_ms, today.now_ms))


def trend(one: RiverToday, w: Wording) -> Data | None:
    """How the class moved since yesterday; None where it stayed or is not known."""
    _ = w._
    previous = one.course.previous if one.course else Condition()
    if previous.shade is None or one.shade is None or previous.shade == one.shade:
        return None
    fell = worse(one.shade, previous.shade)
    arrow = "↓" if fell else "↑"
    text = _("{arrow} from {cls}", arrow=arrow, cls=w.mark(previous))
    return {"to": "worse" if fell else "better", "text": text}


def basis(one: RiverToday, w: Wording) -> str:
    """What a class rests on: 21 of 24 h, mean of 2 sections."""
    _ = w._
    hours = _("{hours} of {window} h valid", hours=one.hours, window=one.window_hours)
    if not one.sections:
        return hours
    if one.method == "ratio":
        part = _("class ratio of {count} sections", count=one.sections)
    else:
        part = _.plural("{count} section", "mean of {count} sections", one.sections)
    return f"{hours} · {part}"


def remarks(one: RiverToday, w: Wording, *, brief: bool = False) -> list[str]:
    """What must be said beside a class: partial, provisional."""
    _ = w._
    words = []
    if one.partial and one.shade is not None:
        missing = w.names(one.missing)
        words.append(_("partial") if brief or not missing else _("partial: without {names}", names=missing))
    if one.provisional:
        words.append(_("provisional") if brief else _("provisional: suspect readings took part"))
    return words
