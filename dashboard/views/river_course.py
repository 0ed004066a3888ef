"""The parts of the river page that follow the water: along its length, over time, day by day."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import parts
from dashboard.board import RiverToday, Today
from dashboard.casework.explained import kind_word
from dashboard.charts import Mark
from dashboard.page import Context
from dashboard.viewdata import river_scene as river_page_scene
from dashboard.viewdata.river_marks import LOOK_BACK_DAYS, Happening, orders_at, orders_of_events
from dashboard.views import chosen, courses, going, kept
from dashboard.wording import Wording
from sensors.determinand import DETERMINANDS


def along(context: Context, today: Today, one: RiverToday) -> None:
    """The longitudinal profile and the classes by determinand."""
    sources, w = context.sources, context.words
    key = determinand(one, w)
    found = kept.sections_of(sources, sources.url, one.river.id, one, today.now_ms)
    lanes = kept.lanes_of(sources, sources.url, sources.books_url, one.river.id)
    file = kept.file_of(sources, sources.url, sources.books_url, one.river.id)
    link = going.linker(context)
    if key is not None:
        drawn = river_page_scene.profile(lanes, found, key, file, today.window_hours, sources.site, w, link)
        parts.mount("profile", drawn, key="profile", on_pick=going.on_pick("profile"))
    table = river_page_scene.section_table(found, today, w, link)
    parts.mount("grid", table, key="sections", on_pick=going.on_pick("sections"))


def over_time(context: Context, today: Today, one: RiverToday) -> None:
    """The course of a determinand with events and orders on it."""
    sources, w = context.sources, context.words
    _ = w._
    with st.container(horizontal=True, gap="small"):
        key = determinand(one, w)
        subject = _subject(one, w)
    span = chosen.segments("span", _("Span"), courses.spans(w), "7d", _.code)
    if key is None:
        st.caption(_("Nothing has been measured in this river yet."))
        return
    hours = courses.SPANS[span]
    course = kept.series_of(sources, sources.url, subject, key, hours, None, today.now_ms)
    found = happened(context, one, hours, today.now_ms)
    title = _("{name}, last {span}", name=w.determinand(key), span=courses.spans(w)[span])
    courses.chart(course, w, title, target=one.river.target_class, marks=marks(found, w))
    if hours > 24 * LOOK_BACK_DAYS:
        st.caption(_("Events are marked for the last 12 months."))
    numbers: dict[str, str] = {}
    if sources.books_url is not None:
        with context.books.read() as session:
            numbers = orders_of_events(session, [each.id for each in found if each.what == "event"])
    table = river_page_scene.happenings(found, numbers, sources.site, today.now_ms, w, going.linker(context))
    parts.mount("grid", table, key="happenings", on_pick=going.on_pick("happenings"))


def happened(context: Context, one: RiverToday, hours: float, now_ms: int) -> list[Happening]:
    """Events and orders of a river over the last hours, newest first."""
    sources = context.sources
    found = list(kept.events_of(sources, sources.url, one.river.id, hours, now_ms))
    if sources.books_url is not None:
        with context.books.read() as session:
            found += orders_at(session, one.river.id, now_ms - round(hours * 3_600_000), now_ms + 1)
    return sorted(found, key=lambda each: -each.start_ms)


def marks(found: Sequence[Happening], w: Wording) -> list[Mark]:
    """What happened, as a chart marks it."""
    return [
        Mark(each.what, kind_word(w._, each.kind) if each.what == "event" else each.id, each.start_ms, each.end_ms)
        for each in found
    ]


def days(context: Context, today: Today, one: RiverToday) -> None:
    """The grade history calendar."""
    sources, w = context.sources, context.words
    _ = w._
    known = kept.years_of(sources, sources.url, one.river.id, today.now_ms)
    names = {str(number): str(number) for number in known}
    number = int(chosen.segments("year", _("Year"), names, next(iter(names)), _.code))
    months = kept.year_of(sources, sources.url, one.river.id, number)
    parts.mount("heat", river_page_scene.calendar(months, number, w), key="calendar")


def determinand(one: RiverToday, w: Wording) -> str | None:
    """The determinand of the address, the worst where it names none; None where nothing was measured."""
    measured = [key for key in DETERMINANDS if any(key in station.measured for station in one.stations)]
    if not measured:
        return None
    names = {key: w.determinand(key) for key in measured}
    return chosen.box("determinand", w._("Determinand"), names, worst(one, measured), w._.code)


def worst(one: RiverToday, measured: Sequence[str]) -> str:
    """The determinand that people want to see first: the most exceeded of those that decide, or the main pollutant."""
    deciding = [key for key in one.deciding if key in measured]
    named = [each.determinand for each in one.pollutants if each.determinand in measured]
    return max(deciding, key=lambda key: one.exceedance.get(key, 0.0), default=next(iter(named), measured[0]))


def _subject(one: RiverToday, w: Wording) -> str:
    """The river as a whole or one of its stations."""
    if len(one.stations) < 2:
        return one.river.id
    names = {one.river.id: w._("all sections")} | {s.station.id: w.place(s.station) for s in one.stations}
    return chosen.box("section", w._("Section"), names, one.river.id, w._.code)
