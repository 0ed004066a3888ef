"""Answers that every viewer shares for a while: each costs a query, and many look at the same river at once.

What is kept is the same for everybody: what a viewer may see of it is decided where it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import streamlit as st

from collectors.stores.base import Flag
from dashboard.access import Viewer
from dashboard.board import RiverToday, Today
from dashboard.board_news import GoalNow, News, OrdersNow, goals_now, news, orders_now
from dashboard.casework.grades import MonthGrade, last_month, month_grades
from dashboard.series import Series, series
from dashboard.sources import Sources
from dashboard.viewdata.river import Section, sections
from dashboard.viewdata.river_calendar import MonthOf, year, years
from dashboard.viewdata.river_file import RiverFile, river_file
from dashboard.viewdata.river_marks import Happening, events_at
from dashboard.viewdata.river_profile import Lane, profile
from dashboard.viewdata.station import Coverage, Head, coverage, heads
from sensors.durations import DAY_MS

#: How long answers are kept [s]: of orders, of readings, of the books, of what changes once an hour or less.
ORDERS_S = 4
READINGS_S = 15
BOOKS_S = 20
SLOW_S = 120

#: Values of a series that go to the browser; flagged readings beside it keep the chart below 5,000.
MOST_VALUES = 4000

#: How far back a river's policy looks for events.
POLICY_DAYS = 30


@st.cache_resource(show_spinner=False, ttl=READINGS_S, max_entries=64)
def sections_of(_sources: Sources, url: str, river: str, _one: RiverToday, _now_ms: int) -> tuple[Section, ...]:
    """Stations of a river with their values."""
    return sections(_sources.store, _one, _now_ms)


@st.cache_resource(show_spinner=False, ttl=READINGS_S, max_entries=128)
def series_of(
    _sources: Sources, url: str, subject: str, key: str, hours: float, end_ms: int | None, _now_ms: int
) -> Series:
    """Course of a determinand over the last hours, or up to an instant."""
    end = _now_ms if end_ms is None else end_ms
    return series(_sources.store, _sources.site, subject, key, end - round(hours * 3_600_000), end, MOST_VALUES)


@st.cache_resource(show_spinner=False, ttl=READINGS_S, max_entries=128)
def events_of(_sources: Sources, url: str, subject: str, hours: float, _now_ms: int) -> tuple[Happening, ...]:
    """Events at a river's stations, or at one station, over the last hours."""
    site = _sources.site
    stations = [s.id for s in site.stations_of(subject)] if subject in site.rivers else [subject]
    return events_at(_sources.store, stations, _now_ms - round(hours * 3_600_000), _now_ms + 1)


@st.cache_resource(show_spinner=False, ttl=SLOW_S, max_entries=64)
def years_of(_sources: Sources, url: str, river: str, _now_ms: int) -> tuple[int, ...]:
    """Years with evaluated months."""
    return years(_sources.store, _sources.site, river, _now_ms)


@st.cache_resource(show_spinner=False, ttl=SLOW_S, max_entries=128)
def year_of(_sources: Sources, url: str, river: str, number: int) -> tuple[MonthOf, ...]:
    """Grades of a year."""
    return year(_sources.store, _sources.site, river, number)


@st.cache_resource(show_spinner=False, ttl=BOOKS_S, max_entries=64)
def file_of(_sources: Sources, url: str, books_url: str | None, river: str) -> RiverFile:
    """A river's file."""
    if books_url is None:
        return river_file(_sources.site, river)
    with _sources.books.read() as session:
        return river_file(_sources.site, river, session)


@st.cache_resource(show_spinner=False, ttl=BOOKS_S, max_entries=64)
def lanes_of(_sources: Sources, url: str, books_url: str | None, river: str) -> tuple[Lane, ...]:
    """A river laid out along its length."""
    return profile(_sources.site, river, file_of(_sources, url, books_url, river).found)


@st.cache_resource(show_spinner=False, ttl=SLOW_S, max_entries=4)
def _grades(_sources: Sources, url: str, day: date) -> Mapping[str, MonthGrade]:
    """Grades of the last month, by river: they change once a month, the books all day."""
    return month_grades(_sources.store, _sources.site, last_month(_sources.desk("zh"), day))


@st.cache_resource(show_spinner=False, ttl=BOOKS_S, max_entries=4)
def _goals(_sources: Sources, url: str, books_url: str, day: date) -> tuple[GoalNow, ...]:
    grades = _grades(_sources, url, day)
    with _sources.books.read() as session:
        return goals_now(session, _sources.desk("zh"), day, grades)


def goals_of(sources: Sources, now_ms: int) -> tuple[GoalNow, ...]:
    """Every goal of the site; none where there are no books."""
    if sources.books_url is None:
        return ()
    return _goals(sources, sources.url, sources.books_url, sources.desk("zh").calendar.day(now_ms))


@st.cache_resource(show_spinner=False, ttl=ORDERS_S, max_entries=64)
def orders_of(_sources: Sources, books_url: str, viewer: Viewer, _now_ms: int) -> OrdersNow:
    """Orders of a viewer's area."""
    with _sources.books.read() as session:
        return orders_now(session, viewer, _now_ms)


@st.cache_resource(show_spinner=False, ttl=READINGS_S, max_entries=16)
def news_of(_sources: Sources, url: str, rivers: frozenset[str] | None, _today: Today) -> News:
    """What has changed since yesterday at some rivers."""
    return news(_sources.store, _today, _sources.site)


@st.cache_resource(show_spinner=False, ttl=READINGS_S, max_entries=32)
def heads_of(_sources: Sources, url: str, station: str, _now_ms: int) -> tuple[Head, ...]:
    """Determinands of a station now."""
    return heads(_sources.store, station, _now_ms)


@st.cache_resource(show_spinner=False, ttl=SLOW_S, max_entries=32)
def coverage_of(_sources: Sources, url: str, station: str, keys: tuple[str, ...], _now_ms: int) -> Coverage:
    """Valid hours of a station's last days."""
    return coverage(_sources.store, _sources.site, station, keys, _now_ms)


@st.cache_resource(show_spinner=False, ttl=READINGS_S, max_entries=32)
def flags_of(_sources: Sources, url: str, station: str, days: int, _now_ms: int) -> tuple[Flag, ...]:
    """Flags of a station's last days."""
    return tuple(_sources.store.flags(station, _now_ms - days * DAY_MS, _now_ms + 1))
