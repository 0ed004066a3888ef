"""How a station is looked after: probe health, valid hours, calibrations and visits, laboratory samples."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from dashboard import parts
from dashboard.board import StationToday, Today
from dashboard.page import Context
from dashboard.viewdata import station_scene as station_page_scene
from dashboard.viewdata.station_care import Care
from dashboard.viewdata.station_care import samples as samples_of
from dashboard.views import kept
from sensors.determinand import DETERMINANDS


def _day(context: Context, now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(context.site.timezone)).date()


def health(context: Context, today: Today, one: StationToday, found: Care | None) -> None:
    """Every head now."""
    sources, w = context.sources, context.words
    heads = kept.heads_of(sources, sources.url, one.station.id, today.now_ms)
    table = station_page_scene.health(heads, found, _day(context, today.now_ms), today.now_ms, w)
    parts.mount("grid", table, key="health")


def coverage(context: Context, today: Today, one: StationToday) -> None:
    """Valid hours of each day."""
    sources = context.sources
    keys = tuple(key for key in DETERMINANDS if key in one.measured)
    found = kept.coverage_of(sources, sources.url, one.station.id, keys, today.now_ms)
    parts.mount("heat", station_page_scene.coverage_heat(found, context.words), key="coverage")


def visits(context: Context, today: Today, one: StationToday, found: Care) -> None:
    """Calibrations with what is due next, and visits."""
    w, day = context.words, _day(context, today.now_ms)
    parts.mount("grid", station_page_scene.calibration_table(found, day, today.now_ms, w), key="calibrations")
    parts.mount("grid", station_page_scene.visit_table(found, today.now_ms, w), key="visits")


def samples(context: Context, today: Today, one: StationToday, found: Care) -> None:
    """Laboratory beside probe."""
    with context.books.read() as session:
        pairs = samples_of(session, context.sources.store, one.station.id, today.now_ms)
    parts.mount("grid", station_page_scene.sample_table(pairs, today.now_ms, context.words), key="samples")
