"""A time series as an ECharts option."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.charts import Doubt, Mark, time_series
from dashboard.i18n import translator
from dashboard.series import Series, SeriesPoint, limit_lines
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard import made

HOUR_MS = 3_600_000


@pytest.fixture
def w(xietang: Site) -> Wording:
    return Wording.of(xietang, translator("zh"))


@pytest.fixture
def course(xietang: Site) -> Series:
    at = made.NOW_MS - 3 * HOUR_MS
    points = (
        SeriesPoint(at, 1.0, 1.2, 1.4),
        SeriesPoint(at + HOUR_MS, None, None, None),
        SeriesPoint(at + 2 * HOUR_MS, 1.6, 1.8, 3.1, provisional=True),
    )
    limits = limit_lines("ammonia_nitrogen", [xietang.stations["S01"]])
    return Series("ammonia_nitrogen", at, made.NOW_MS, HOUR_MS, points, limits)


def values(row: dict[str, object]) -> list[float | None]:
    return [pair["value"][1] if isinstance(pair, dict) else pair[1] for pair in row["data"]]  # type: ignore[attr-defined]


def test_never_an_average_alone_and_gaps_stay(course: Series, w: Wording) -> None:
    low, band, mean, high, provisional = time_series(course, w)["series"]
    assert [row["name"] for row in (low, band, mean, high)] == ["最小", "最小至最大", "均值", "最大"]
    assert values(low) == [1.0, None, 1.6]
    assert values(band) == [0.4, None, 1.5]
    assert values(mean) == [1.2, None, 1.8]
    assert values(high) == [1.4, None, 3.1]
    assert values(provisional) == [3.1]
    assert all(row["connectNulls"] is False for row in (low, band, mean, high))


def test_a_lone_point_is_a_dot(course: Series, w: Wording) -> None:
    mean = time_series(course, w)["series"][2]
    assert mean["data"][0]["symbol"] == "circle"
    joined = replace(course, points=(course.points[0], replace(course.points[2], time_ms=course.start_ms + HOUR_MS)))
    assert time_series(joined, w)["series"][2]["data"][0] == [course.start_ms + 8 * HOUR_MS, 1.2]


def test_times_read_as_the_site_clock(course: Series, w: Wording) -> None:
    option = time_series(course, w)
    assert option["useUTC"] is True
    assert option["xAxis"]["max"] == made.NOW_MS + 8 * HOUR_MS


def test_limits_have_their_class_and_the_miss_is_tinted(course: Series, w: Wording) -> None:
    mean = time_series(course, w, "III")["series"][2]
    marks = [(mark["yAxis"], mark["label"]["formatter"]) for mark in mean["markLine"]["data"]]
    assert marks == [(0.15, "Ⅰ"), (0.5, "Ⅱ"), (1.0, "Ⅲ"), (1.5, "Ⅳ"), (2.0, "Ⅴ")]
    assert mean["markArea"]["data"] == [[{"yAxis": 1.0}, {"yAxis": 4.0}]]
    assert "markArea" not in time_series(course, w)["series"][2]


def test_ph_has_two_limits_for_all_classes(course: Series, xietang: Site, w: Wording) -> None:
    points = tuple(SeriesPoint(p.time_ms, 7.0, 7.1, 7.2) for p in course.points)
    limits = limit_lines("ph", [xietang.stations["S01"]])
    option = time_series(replace(course, determinand="ph", points=points, limits=limits), w, "III")
    mean = option["series"][2]
    assert [(m["yAxis"], m["label"]["formatter"]) for m in mean["markLine"]["data"]] == [(6.0, "Ⅰ–Ⅴ"), (9.0, "Ⅰ–Ⅴ")]
    assert len(mean["markArea"]["data"]) == 2
    assert option["yAxis"]["min"] < 6.0 < 9.0 < option["yAxis"]["max"]


def test_oxygen_is_missed_below(course: Series, xietang: Site, w: Wording) -> None:
    limits = limit_lines("dissolved_oxygen", [xietang.stations["S01"]])
    mean = time_series(replace(course, determinand="dissolved_oxygen", limits=limits), w, "III")["series"][2]
    assert mean["markArea"]["data"] == [[{"yAxis": 0.0}, {"yAxis": 5.0}]]


@pytest.mark.parametrize("top", [0.01, 0.9, 3.0, 42.0, 5000.0])
def test_the_axis_holds_the_data(course: Series, w: Wording, top: float) -> None:
    points = (replace(course.points[0], maximum=top, mean=top / 2, minimum=0.0),)
    option = time_series(replace(course, points=points), w)
    assert option["yAxis"]["min"] == 0.0
    assert option["yAxis"]["max"] > top
    assert option["yAxis"]["max"] < max(4 * top, 0.4)


def test_no_points_still_draw(course: Series, w: Wording) -> None:
    option = time_series(replace(course, points=(), limits=()), w)
    assert option["yAxis"]["max"] > option["yAxis"]["min"]


def test_events_and_orders_are_marked_within_the_chart(course: Series, w: Wording) -> None:
    marks = [
        Mark("event", "排放", course.start_ms, course.start_ms + 60_000),
        Mark("event", "溢流", course.start_ms + 1000, course.start_ms + 2000),
        Mark("order", "2026-1", course.start_ms - 10**9, None),
    ]
    option = time_series(course, w, marks=marks)
    rows = {row["name"]: row for row in option["series"] if row["data"] == []}
    assert set(rows) == {"事件", "工单"}
    events = rows["事件"]["markArea"]["data"]
    # The second one would stand on the name of the first: the list below the chart has it.
    assert [pair[0]["name"] for pair in events] == ["排放", ""]
    low, high = option["xAxis"]["min"], option["xAxis"]["max"]
    areas = [pair for row in rows.values() for pair in row["markArea"]["data"]]
    assert all(low <= begin["xAxis"] < end["xAxis"] <= high for begin, end in areas)
    names = [entry["name"] for entry in option["legend"]["data"] if isinstance(entry, dict)]
    assert names[1:] == ["事件", "工单"]


def test_doubted_readings_carry_their_tests(course: Series, w: Wording) -> None:
    doubts = [Doubt(course.start_ms, 1.1, "尖峰 3 / 1"), Doubt(course.start_ms, 999.0, "量程", failed=True)]
    option = time_series(course, w, doubts=doubts)
    rows = {row["name"]: row for row in option["series"]}
    assert rows["可疑读数"]["data"][0]["name"] == "尖峰 3 / 1"
    # What lies off the chart is drawn at its edge.
    assert rows["无效读数"]["data"][0]["value"][1] == option["yAxis"]["max"]
