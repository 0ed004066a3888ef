"""The signals of a station: the chart with flags, visits and events on it, the tests behind the flags, faults."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from dashboard import parts
from dashboard.board import StationToday, Today
from dashboard.casework.explained import kind_word
from dashboard.charts import Doubt, Mark
from dashboard.page import Context
from dashboard.viewdata import station_scene as station_page_scene
from dashboard.viewdata.station import doubts, faults, verdicts
from dashboard.viewdata.station_care import care
from dashboard.views import chosen, courses, kept
from dashboard.wording import Wording
from sensors.determinand import DETERMINANDS
from sensors.durations import DAY_MS, HOUR_MS

#: Longest span in which single flags are drawn and told; in longer ones a window says that it is provisional [h].
FLAGGED_H = 24 * 30

#: Flagged readings that a chart draws, the newest; with the series they keep to 5,000 values.
MOST_DOUBTS = 800


def signals(context: Context, today: Today, one: StationToday) -> None:
    """Chart and tables of the chosen determinand and span."""
    sources, w = context.sources, context.words
    _ = w._
    station = one.station.id
    measured = [key for key in DETERMINANDS if key in one.measured]
    if not measured:
        st.caption(_("Nothing has been read from this station yet."))
        return
    with st.container(horizontal=True, gap="small"):
        names = {key: w.determinand(key) for key in measured}
        key = chosen.box("determinand", _("Determinand"), names, _first(context, today, one, measured), _.code)
    span = chosen.segments("span", _("Span"), courses.spans(w), "7d", _.code)
    hours = courses.SPANS[span]
    course = kept.series_of(sources, sources.url, station, key, hours, None, today.now_ms)
    title = _("{name}, last {span}", name=w.determinand(key), span=courses.spans(w)[span])
    marks = happened(context, station, hours, today.now_ms)
    doubted = doubtful(context, station, key, hours, today.now_ms, w) if hours <= FLAGGED_H else []
    target = context.site.rivers[one.station.river].target_class
    courses.chart(course, w, title, target=target, marks=marks, doubts=doubted, height=340)
    if hours > FLAGGED_H:
        st.caption(_("Single flags are shown for spans of up to 30 days."))
        return
    flags = kept.flags_of(sources, sources.url, station, hours // 24, today.now_ms)
    table = station_page_scene.verdict_table(verdicts(flags), today.now_ms, w)
    parts.mount("grid", table, key="verdicts")
    lasted = faults(kept.flags_of(sources, sources.url, station, 30, today.now_ms))
    lasted = tuple(fault for fault in lasted if fault.end_ms >= today.now_ms - hours * HOUR_MS)
    parts.mount("grid", station_page_scene.fault_table(lasted, today.now_ms, w), key="faults")


def _first(context: Context, today: Today, one: StationToday, measured: list[str]) -> str:
    """What people want to see first: the determinand most doubted in the week, or what decided the class."""
    sources = context.sources
    flags = kept.flags_of(sources, sources.url, one.station.id, 7, today.now_ms)
    counts = Counter(flag.determinand for flag in flags if flag.determinand in measured)
    if counts:
        return counts.most_common(1)[0][0]
    deciding = today.river(one.station.river).deciding
    return next((key for key in deciding if key in measured), measured[0])


def doubtful(context: Context, station: str, key: str, hours: float, now_ms: int, w: Wording) -> list[Doubt]:
    """Readings that a test doubts over the last hours, with the tests' numbers."""
    sources = context.sources
    start_ms = now_ms - round(hours * HOUR_MS)
    flags = [
        flag
        for flag in kept.flags_of(sources, sources.url, station, max(1, round(hours / 24)), now_ms)
        if flag.determinand == key and flag.time_ms >= start_ms
    ]
    if not flags:
        return []
    flags = flags[-MOST_DOUBTS * 4 :]
    block = sources.store.range(station, [key], flags[0].time_ms, flags[-1].time_ms + 1)
    found = doubts(flags, block, key)[-MOST_DOUBTS:]
    return [
        Doubt(time_ms, value, f"{w.number(key, value)}: {station_page_scene.doubt_text(tests, w)}", failed)
        for time_ms, value, tests, failed in found
    ]


def happened(context: Context, station: str, hours: float, now_ms: int) -> list[Mark]:
    """Events that a station saw and visits to it, as the chart marks them."""
    sources, w = context.sources, context.words
    found = [
        Mark("event", kind_word(w._, one.kind), one.start_ms, one.end_ms)
        for one in kept.events_of(sources, sources.url, station, hours, now_ms)
    ]
    if sources.books_url is None:
        return found
    with context.books.read() as session:
        visits = care(session, station, now_ms).visits
    since_ms = now_ms - round(hours * HOUR_MS)
    return found + [
        Mark("visit", visit.id, visit.start_ms, visit.end_ms or min(now_ms, visit.start_ms + DAY_MS))
        for visit in visits
        if (visit.end_ms or visit.start_ms) >= since_ms
    ]
