"""The course of a determinand: minimum, mean and maximum, gaps and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.stores import ReadingStore, open_store
from dashboard.series import Series, limit_lines, series, window_ms
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block, Quality, Reading
from sensors.site import Site

START_MS = 1_795_305_600_000
MINUTE_MS = 60_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    store = open_store(f"sqlite:///{tmp_path / 'series.sqlite'}")
    yield store
    store.close()


def write(store: ReadingStore, station: str, values: dict[int, float], quality: Quality = Quality.GOOD) -> None:
    rows = [Reading(station, "ammonia_nitrogen", START_MS + m * MINUTE_MS, v, quality) for m, v in values.items()]
    store.write(Block.of(rows))


def hours(store: ReadingStore, site: Site, subject: str, count: int, max_points: int = 5000) -> Series:
    return series(store, site, subject, "ammonia_nitrogen", START_MS, START_MS + count * HOUR_MS, max_points)


def test_a_peak_of_one_minute_is_seen_in_a_month(store: ReadingStore, xietang: Site) -> None:
    write(store, "S01", dict.fromkeys(range(0, 24 * 60), 1.0) | {700: 7.0})
    got = hours(store, xietang, "S01", 24 * 30)
    assert got.step_ms >= 30 * MINUTE_MS
    assert max(p.maximum for p in got.points if p.maximum is not None) == 7.0
    assert max(p.mean for p in got.points if p.mean is not None) < 1.5


def test_a_gap_is_a_gap(store: ReadingStore, xietang: Site) -> None:
    write(store, "S01", dict.fromkeys(range(0, 60), 1.0) | dict.fromkeys(range(120, 180), 2.0))
    got = hours(store, xietang, "S01", 4)
    empty = [p.time_ms for p in got.points if p.mean is None]
    assert empty == [START_MS + 60 * MINUTE_MS]
    assert got.points[0].mean == 1.0
    assert got.points[-1].mean == 2.0


def test_a_river_is_the_mean_of_its_sections(store: ReadingStore, xietang: Site) -> None:
    for station, value in {"S01": 1.0, "S02": 2.0, "S03": 6.0}.items():
        write(store, station, dict.fromkeys(range(0, 60), value))
    point = hours(store, xietang, "R01", 1).points[0]
    assert (point.minimum, point.mean, point.maximum) == (1.0, 3.0, 6.0)


def test_suspect_readings_are_marked(store: ReadingStore, xietang: Site) -> None:
    write(store, "S01", dict.fromkeys(range(0, 30), 1.0))
    write(store, "S01", {30: 9.0}, Quality.SUSPECT)
    got = hours(store, xietang, "S01", 1)
    assert [p.time_ms - START_MS for p in got.points if p.provisional] == [30 * MINUTE_MS]


@pytest.mark.parametrize(("span_hours", "max_points"), [(1, 5000), (24, 5000), (24 * 30, 5000), (24 * 365, 900)])
def test_never_more_points_than_asked_for(xietang: Site, span_hours: int, max_points: int) -> None:
    step_ms = window_ms([xietang.stations["S01"]], span_hours * HOUR_MS, max_points)
    assert 3 * span_hours * HOUR_MS / step_ms <= max_points
    assert step_ms >= 2 * xietang.stations["S01"].period_s * 1000


def test_windows_beyond_the_table_are_whole_days(xietang: Site) -> None:
    step_ms = window_ms([xietang.stations["S01"]], 20 * 365 * 24 * HOUR_MS, 100)
    assert step_ms % DAY_MS == 0
    assert 3 * 20 * 365 * 24 * HOUR_MS / step_ms <= 100


def test_an_empty_span_is_refused(store: ReadingStore, xietang: Site) -> None:
    with pytest.raises(ValueError, match="empty"):
        hours(store, xietang, "S01", 0)


def test_unknown_subject(store: ReadingStore, xietang: Site) -> None:
    with pytest.raises(KeyError):
        hours(store, xietang, "X", 1)


def test_readings_rarer_than_the_list_says_do_not_stand_alone(store: ReadingStore, xietang: Site) -> None:
    write(store, "S01", dict.fromkeys(range(0, 24 * 60, 30), 1.0))
    got = hours(store, xietang, "S01", 24)
    assert got.step_ms == 60 * MINUTE_MS
    assert all(p.mean is not None for p in got.points)


def test_limits_of_each_kind(xietang: Site) -> None:
    station = xietang.stations["S01"]
    ammonia = limit_lines("ammonia_nitrogen", [station])
    assert [(line.classes, line.value) for line in ammonia][:3] == [(("I",), 0.15), (("II",), 0.5), (("III",), 1.0)]
    assert all(line.worse_above for line in ammonia)
    assert [line.worse_above for line in limit_lines("dissolved_oxygen", [station])] == [False] * 5
    ph = limit_lines("ph", [station])
    assert [(line.value, line.worse_above, len(line.classes)) for line in ph] == [(9.0, True, 5), (6.0, False, 5)]
    assert limit_lines("conductivity", [station]) == ()


def test_lakes_have_their_own_phosphorus_and_mixed_waters_none(xietang: Site) -> None:
    river = xietang.stations["S01"]
    lake = replace(river, water_body="lake")
    assert limit_lines("total_phosphorus", [lake])[2].value == 0.05
    assert limit_lines("total_phosphorus", [river])[2].value == 0.2
    assert limit_lines("total_phosphorus", [river, lake]) == ()


def midnights(site: Site, got: Series) -> list[datetime]:
    return [datetime.fromtimestamp(p.time_ms / 1000, ZoneInfo(site.timezone)) for p in got.points if p.mean is not None]


@pytest.mark.parametrize(("max_points", "days"), [(60, 2), (130, 1), (15, 7)])
def test_days_begin_at_midnight_of_the_site(store: ReadingStore, xietang: Site, max_points: int, days: int) -> None:
    write(store, "S01", dict.fromkeys(range(0, 32 * 24 * 60, 180), 1.0))
    got = hours(store, xietang, "S01", 24 * 32, max_points)
    assert got.step_ms == days * DAY_MS
    starts = midnights(xietang, got)
    assert {(start.hour, start.minute) for start in starts} == {(0, 0)}
    assert got.start_ms == got.points[0].time_ms <= START_MS
    assert {(start.toordinal() - 1) % days for start in starts} == {0}, "windows stay where they are as time goes on"
    if days == 7:
        assert {start.weekday() for start in starts} == {0}


def test_a_day_of_25_hours_is_one_window_and_no_gap(store: ReadingStore, xietang: Site) -> None:
    site = replace(xietang, timezone="Europe/Berlin")
    start_ms = round(datetime(2026, 10, 22, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)
    rows = [Reading("S01", "ph", start_ms + h * HOUR_MS, float(h)) for h in range(7 * 24 + 1)]
    store.write(Block.of(rows))
    got = series(store, site, "S01", "ph", start_ms + HOUR_MS, start_ms + (7 * 24 + 1) * HOUR_MS, 21)
    starts = midnights(site, got)
    assert [start.day for start in starts] == [22, 23, 24, 25, 26, 27, 28]
    assert {start.hour for start in starts} == {0}
    assert all(point.mean is not None for point in got.points)
    long = got.points[3]
    assert (long.minimum, long.maximum) == (72.0, 96.0)
