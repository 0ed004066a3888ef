"""The river page in words: what its parts draw, ready for JSON, in one language. Plain text only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from typing import Any

from dashboard.board import RiverToday, StationToday, Today
from dashboard.casework.explained import kind_word
from dashboard.casework.vocabulary import (
    LEAK_STATES,
    OUTFALL_KINDS,
    OUTFALL_STAGES,
    PIPE_STATES,
    SHOP_STATES,
    STRUCTURE_STATES,
    WORK_STATES,
    Words,
)
from dashboard.charts import axis, step_of
from dashboard.classes import CLASSES
from dashboard.freshness import station_age
from dashboard.links import Link, Linker, event_link, order_link, river_link, station_link
from dashboard.series import limit_lines
from dashboard.viewdata.river import Section
from dashboard.viewdata.river_calendar import DayGrade, MonthOf
from dashboard.viewdata.river_file import OutfallHere, RiverFile
from dashboard.viewdata.river_marks import Happening
from dashboard.viewdata.river_profile import Join, Lane, Span
from dashboard.wording import NOTHING, Wording
from sensors.determinand import DETERMINANDS
from sensors.site import Site

Data = dict[str, Any]

#: Stages of the survey, as the profile draws them.
STAGES = ("unsurveyed", "surveyed", "monitored", "traced", "rectified", "closed")


def profile(
    lanes: Sequence[Lane], found: Sequence[Section], key: str, file: RiverFile, hours: int, site: Site, w: Wording,
    link: Linker,
) -> Data:  # fmt: skip
    """The longitudinal profile for one determinand."""
    _ = w._
    by_station = {section.now.station.id: section for section in found}
    values = [section.values[key] for section in found if key in section.values]
    lines = limit_lines(key, [section.now.station for section in found])
    low, high = axis(key, lines, [number for one in values for number in (one.low, one.high, one.mean, one.newest)])
    outfalls = {one.id: one for one in file.outfalls}
    unit = w.unit(key)
    old = any(one.now.status == "silent" for one in found)
    return {
        "lang": _.code,
        "title": _("Along the river: {name}", name=w.determinand(key)),
        "note": (f"[{unit}] · " if unit else "")
        + _("mean and range of the last {hours} h, newest reading; distances run with the water", hours=hours),
        "axis": {"low": low, "high": high, "ticks": _ticks(low, high)} if values else None,
        "limits": [
            {"value": line.value, "cls": line.classes[-1], "mark": w.short_class(line.classes[-1])}
            for line in lines
            if low <= line.value <= high
        ],
        "lanes": [_lane(lane, by_station, outfalls, key, site, w, link) for lane in lanes],
        "keys": [
            {"kind": "mean", "text": _("mean")}, {"kind": "range", "text": _("minimum to maximum")},
            {"kind": "newest", "text": _("newest reading")}, {"kind": "flow", "text": _("way of the water")},
            {"kind": "band", "text": _("band: class at the nearest station of the reach, all determinands together")},
            *([{"kind": "old", "text": _("pale: no new data")}] if old else []),
        ],
        "stages": _stages(file, {mark.id for lane in lanes for mark in lane.outfalls}, w),
    }  # fmt: skip


def _ticks(low: float, high: float) -> list[Data]:
    step = step_of(high - low or 1.0)
    count = round((high - low) / step)
    return [{"value": low + number * step, "text": f"{round(low + number * step, 6):g}"} for number in range(count + 1)]


def _stages(file: RiverFile, placed: Set[str], w: Wording) -> list[Data]:
    """The legend of the outfalls: it counts what is drawn, and says how many have no place on the axis."""
    _ = w._
    drawn = [one for one in file.outfalls if one.id in placed]
    if file.entered is None:
        return [{"stage": "surveyed", "text": _("outfall")}]
    counts = Counter(one.stage or "surveyed" for one in drawn)
    shown: list[Data] = [
        {"stage": name, "text": f"{w.word(OUTFALL_STAGES, name)} {counts[name]}"} for name in STAGES if counts.get(name)
    ]
    if dry := sum(one.flows_in_dry_weather is True for one in drawn):
        told = _("red outline: flows in dry weather: {count}", count=dry)
        shown.append({"stage": "surveyed", "dry": True, "text": told})
    if away := len(file.outfalls) - len(drawn):
        shown.append({"stage": "", "text": _("without a place, not drawn: {count}", count=away)})
    return shown


def _lane(
    lane: Lane, sections: Mapping[str, Section], outfalls: Mapping[str, OutfallHere], key: str, site: Site, w: Wording,
    link: Linker,
) -> Data:  # fmt: skip
    _ = w._
    return {
        "length": lane.length_m,
        "aria": _("Reaches, stations and outfalls along {length}", length=w.measure(lane.length_m, "m")),
        "spans": [_span(span, _pieces(span, lane, sections), site, w) for span in lane.spans],
        "stations": [_station(mark.at_m, sections[mark.id], key, w, link) for mark in lane.stations],
        "outfalls": [
            {
                "at": mark.at_m, "side": mark.side, "stage": one.stage or "surveyed",
                "dry": bool(one.flows_in_dry_weather), "title": _outfall(one, w),
            }
            for mark in lane.outfalls
            if (one := outfalls.get(mark.id)) is not None
        ],
        "joins": [_join(join, site, w) for join in lane.joins],
        "scale": _scale(lane.length_m, w),
    }  # fmt: skip


def _scale(length_m: float, w: Wording) -> list[Data]:
    """Round distances, from nought on."""
    step = step_of(length_m or 1.0)
    return [{"at": n * step, "text": w.measure(n * step, "m")} for n in range(int(length_m / step + 1e-9) + 1)]


def _pieces(span: Span, lane: Lane, sections: Mapping[str, Section]) -> list[Data]:
    """A reach in the classes of its stations, each up to half the way to the next; without one it has no class."""
    found = [mark for mark in lane.stations if sections[mark.id].now.station.reach == span.reach]
    ends = [(one.at_m + after.at_m) / 2 for one, after in pairwise(found)]
    bounds = pairwise([span.from_m, *ends, span.to_m])
    nearest: list[StationToday | None] = [sections[mark.id].now for mark in found]
    nearest = nearest or [None]
    return [
        {
            "from": low, "to": high, "cls": None if now is None else now.water_class,
            "old": now is not None and now.status == "silent",
        }
        for (low, high), now in zip(bounds, nearest, strict=True)
    ]  # fmt: skip


def _span(span: Span, pieces: list[Data], site: Site, w: Wording) -> Data:
    _ = w._
    reach = site.reaches[span.reach]
    title = _(
        "{reach}: {length} long, {width} m wide, {depth} m deep, {velocity} m/s",
        reach=span.reach, length=w.measure(reach.length_m, "m"), width=f"{reach.width_m:g}", depth=f"{reach.depth_m:g}",
        velocity=f"{abs(reach.mean_velocity_m_s):g}",
    )  # fmt: skip
    return {"from": span.from_m, "to": span.to_m, "along": span.along, "pieces": pieces, "title": title}


def _station(at_m: float, section: Section, key: str, w: Wording, link: Linker) -> Data:
    _ = w._
    name, value = w.place(section.now.station), section.values.get(key)
    where = link(station_link(name, section.now.station.id))
    return {
        "at": at_m, "name": name, "mark": w.short_class(section.now.water_class), "cls": section.now.water_class,
        "old": _("no new data") if section.now.status == "silent" else "",
        "href": where.get("href"), "go": where.get("go"),
        "mean": value.mean if value else None, "mean_text": w.number(key, value.mean) if value else NOTHING,
        "value_cls": value.water_class if value else None,
        "low": value.low if value else None, "high": value.high if value else None,
        "newest": value.newest if value else None,
    }  # fmt: skip


def _outfall(one: OutfallHere, w: Wording) -> str:
    _ = w._
    told = [one.id, w.word(OUTFALL_KINDS, one.kind)]
    if one.stage is not None:
        told.append(w.word(OUTFALL_STAGES, one.stage))
    if one.flows_in_dry_weather:
        told.append(_("flows in dry weather"))
    return " · ".join(told)


def _join(join: Join, site: Site, w: Wording) -> Data:
    _ = w._
    name = w.place(site.rivers[join.river])
    if join.comes is None:
        return {"at": join.at_m, "text": _("↕ {name}", name=name)}
    return {"at": join.at_m, "text": _("↘ from {name}", name=name) if join.comes else _("↗ to {name}", name=name)}


def section_table(found: Sequence[Section], today: Today, w: Wording, link: Linker) -> Data:
    """Class by determinand at every station, with mean and newest value."""
    _ = w._
    keys = [key for key in DETERMINANDS if any(key in section.values for section in found)]
    return {
        "lang": _.code,
        "caption": _("Class by determinand"),
        "note": _("Mean of the last {hours} h as graded, below it the newest reading.", hours=today.window_hours),
        "head": [
            {"text": _("Monitoring station")}, {"text": _("Class")},
            *({"text": w.short_determinand(key), "unit": w.unit(key), "number": True} for key in keys),
            {"text": _("Newest data")},
        ],
        "rows": [
            {
                "key": section.now.station.id,
                "cells": [
                    {"link": link(station_link(w.place(section.now.station), section.now.station.id))},
                    {"chip": True, "text": w.short_class(section.now.water_class), "cls": section.now.water_class,
                     "old": section.now.status == "silent",
                     "tags": [_("worse than its river")] if section.now.worse else []},
                    *(_value(section, key, w) for key in keys),
                    {"text": station_age(section.now, today, w) if section.now.status == "online"
                     else w.status(section.now.status)},
                ],
            }
            for section in found
        ],
        "empty": _("This river has no stations."),
    }  # fmt: skip


def _value(section: Section, key: str, w: Wording) -> Data:
    value = section.values.get(key)
    if value is None:
        return {"text": NOTHING, "tone": "dim"}
    return {
        "text": w.number(key, value.mean), "cls": value.water_class or "none", "note": w.number(key, value.newest),
    }  # fmt: skip


def calendar(months: Sequence[MonthOf], year: int, w: Wording) -> Data:
    """The grades of a year, a row a month and a cell a day."""
    _ = w._
    judged = any(month.judged for month in months)
    return {
        "lang": _.code,
        "caption": _("Class of each day of {year}", year=year),
        "note": _("by the day's evaluation; at the right the month and its days in class V or worse"),
        "corner": _("Month"),
        "head": [str(day) for day in range(1, 32)],
        "tails": [_("Month"), _("V or worse")],
        "rows": [_month(month, w) for month in months] if judged else [],
        "empty": _("No day of {year} has been evaluated.", year=year),
        "legend": [
            *({"cls": name, "sample": w.short_class(name), "text": str(sum(month.counts[name] for month in months))}
              for name in CLASSES),
            {"cls": "none", "marks": "provisional", "text": _("provisional")},
            {"cls": "none", "marks": "partial", "sample": w.short_class("III"), "text": _("partial")},
        ],
    }  # fmt: skip


def _month(month: MonthOf, w: Wording) -> Data:
    shade = month.condition.shade
    bad = month.counts["V"] + month.counts["INFERIOR_V"]
    return {
        "label": str(month.month.month),
        "cells": [_day(day, w) for day in month.days] + [None] * (31 - len(month.days)),
        "tails": [
            {"chip": shade is not None, "text": w.mark(month.condition) if shade else NOTHING, "cls": shade},
            {"text": f"{bad} / {month.judged}" if month.judged else NOTHING},
        ],
    }  # fmt: skip


def _day(day: DayGrade | None, w: Wording) -> Data | None:
    _ = w._
    if day is None:
        return None
    told = [w.date(day.day), w.state_of(day.condition)]
    if day.deciding and day.condition.shade in ("IV", "V", "INFERIOR_V"):
        told.append(w.names(day.deciding))
    marks = []
    if day.provisional:
        marks.append("provisional")
        told.append(_("provisional"))
    if day.partial:
        marks.append("partial")
        told.append(_("partial"))
    shade = day.condition.shade
    return {"cls": shade, "text": w.short_class(shade), "title": " · ".join(told), "marks": " ".join(marks)}


def happenings(
    found: Sequence[Happening], orders: Mapping[str, str], site: Site, now_ms: int, w: Wording, link: Linker
) -> Data:
    """Events and orders of the chart's span as a table, newest first."""
    _ = w._
    rows = []
    for one in found:
        number = orders.get(one.id) if one.what == "event" else one.id
        stations = [w.place(site.stations[name]) for name in one.stations if name in site.stations]
        rows.append({
            "key": one.id,
            "cells": [
                {"text": w.from_until(one.start_ms, one.end_ms, now_ms)},
                {"text": _("event") if one.what == "event" else _("order")},
                {"link": link(event_link(kind_word(w._, one.kind), one.id)), "wide": True} if one.what == "event"
                else {"link": link(order_link(one.title, one.id)), "wide": True},
                {"text": w.join(stations) or NOTHING, "wide": True},
                {"link": link(order_link(number, number))} if number else {"text": NOTHING},
            ],
        })  # fmt: skip
    return {
        "lang": _.code,
        "caption": _("Events and orders in this span"),
        "head": [{"text": _("When")}, {"text": _("What")}, {"text": _("Kind or title")}, {"text": _("Seen at")},
                 {"text": _("Order")}],
        "rows": rows,
        "empty": _("Nothing happened here in this span that the board knows of."),
    }  # fmt: skip


def river_card(one: RiverToday, file: RiverFile, site: Site, w: Wording, link: Linker) -> Data:
    """The river's file (一河一档)."""
    _ = w._
    river = one.river
    water = [
        _fact(_("Length"), w.measure(file.length_m, "m"), _.plural("{count} reach", "{count} reaches", file.reaches)),
        _fact(_("Width"), _between(file.width_m, "m")),
        _fact(_("Depth"), _between(file.depth_m, "m")),
        _fact(_("Water surface"), f"{file.area_m2 / 10_000:,.1f} ha"),
        _fact(_("Target"), w.water_class(river.target_class)),
        {"label": _("Monitoring stations"), "value": str(file.stations)},
    ]
    people = [
        _fact(_("River chief"), river.chief_role),
        _fact(_("Department"), w.department(site, river.department)),
        _fact(_("Grids"), str(file.grids)),
        _fact(_("Grid officers"), w.join(file.officers) or NOTHING),
    ]
    cards = [
        {"key": "water", "title": _("The river"), "facts": water},
        {"key": "people", "title": _("Who answers for it"), "facts": people},
        {
            "key": "outfalls", "title": _("Outfalls"), "count": len(file.outfalls),
            "facts": [_fact(w.word(OUTFALL_KINDS, kind), str(count)) for kind, count in sorted(file.by_kind.items())],
            "lines": _states(file.by_stage, OUTFALL_STAGES, w), "empty": _("None is known."),
            "more": _books(link, river.id, "outfalls", w),
        },
    ]  # fmt: skip
    if file.entered is not None:
        cards += _entered(file, river.id, w, link)
    return {"lang": _.code, "label": _("The river's file"), "cards": cards}


def _entered(file: RiverFile, river: str, w: Wording, link: Linker) -> list[Data]:
    _ = w._
    told = file.entered
    assert told is not None
    cleared = [] if told.cleared_on is None else [
        _fact(_("Sediment last cleared"), w.date(told.cleared_on), w.measure(told.cleared_m, "m")),
    ]  # fmt: skip
    return [
        {"key": "shops", "title": _("Riverside shops"), "count": sum(told.shops.values()),
         "lines": _states(told.shops, SHOP_STATES, w), "empty": _("None is known."),
         "more": _books(link, river, "shops", w)},
        {"key": "leaks", "title": _("Leak points"), "count": sum(told.leaks.values()),
         "lines": _states(told.leaks, LEAK_STATES, w), "empty": _("None is known."),
         "more": _books(link, river, "leak_points", w)},
        {"key": "pipes", "title": _("Pipes and sediment"), "count": w.measure(sum(told.pipes_m.values()), "m"),
         "facts": cleared,
         "lines": [{"text": w.word(PIPE_STATES, state), "note": f"{told.pipes[state]} · {w.measure(length, 'm')}"}
                   for state, length in sorted(told.pipes_m.items())],
         "empty": _("None is known."), "more": _books(link, river, "pipes", w)},
        {"key": "others", "title": _("In the river and on its banks"),
         "facts": [
             _fact(_("Works and blockages"), _counted(told.works, WORK_STATES, w)),
             _fact(_("Illegal structures"), _counted(told.structures, STRUCTURE_STATES, w)),
             _fact(_("Boats not removed"), str(told.boats)),
         ]},
    ]  # fmt: skip


def _books(link: Linker, river: str, book: str, w: Wording) -> list[Data]:
    found = link(Link(w._("Open the list"), "books", {"book": book, "river": river}))
    return [found] if "href" in found else []


def _states(counts: Mapping[str, int], words: Words, w: Wording) -> list[Data]:
    return [{"text": w.word(words, state), "note": str(counts[state])} for state in words if counts.get(state)]


def _counted(counts: Mapping[str, int], words: Words, w: Wording) -> str:
    return w.join([f"{w.word(words, state)} {counts[state]}" for state in words if counts.get(state)]) or "0"


def _fact(label: str, value: str, note: str = "") -> Data:
    return {"label": label, "value": value, "note": note}


def _between(bounds: tuple[float, float], unit: str) -> str:
    low, high = bounds
    return f"{low:g} {unit}" if low == high else f"{low:g}–{high:g} {unit}"


def neighbours(lanes: Sequence[Lane], site: Site, w: Wording, link: Linker) -> list[Data]:
    """Links to the rivers that meet this one."""
    rivers = dict.fromkeys(join.river for lane in lanes for join in lane.joins)
    return [link(river_link(w.place(site.rivers[river]), river)) for river in rivers]
