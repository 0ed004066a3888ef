"""What the first page says, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collectors.stores import ReadingStore, open_store
from collectors.stores.base import Assessment
from dashboard.board import Today, today
from dashboard.classes import CLASSES, is_bad, worse
from sensors.durations import HOUR_MS
from sensors.reading import Block, Quality, Reading, StationState
from sensors.site import Site
from tests.dashboard import made


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = open_store(f"sqlite:///{tmp_path / 'small.sqlite'}")
    yield store
    store.close()


def judged(river: str, water_class: str | None, time_ms: int, **detail: Any) -> Assessment:
    return Assessment("river", river, "window", time_ms, water_class, False, False, ("ph",), detail)


def read(store: ReadingStore, station: str, time_ms: int, state: str = "N", value: float | None = 7.0) -> None:
    quality = Quality.MISSING if value is None else Quality.GOOD
    store.write(Block.of([Reading(station, "ph", time_ms, value, quality, StationState(state))]))


def test_worst_first_and_those_without_a_class_last(morning: Today) -> None:
    ranks = [len(CLASSES) - CLASSES.index(one.shade) if one.shade else 99 for one in morning.rivers]
    assert ranks == sorted(ranks)
    assert len(ranks) == 28
    assert morning.rivers[-1].river.id == "R26"
    same = [max(one.exceedance.values(), default=0.0) for one in morning.rivers if one.shade == "INFERIOR_V"]
    assert same == sorted(same, reverse=True)


def test_key_figures_agree_with_the_rivers(morning: Today) -> None:
    figures = morning.figures
    assert figures.by_class["INFERIOR_V"] == 3
    assert figures.by_class["V"] == 4
    assert figures.bad == 7
    assert figures.ungraded == 1
    assert figures.graded == sum(figures.by_class.values()) == 27
    assert (figures.attained, figures.missed) == (20, 7)
    assert figures.by_status == {"online": 50, "maintenance": 2, "fault": 0, "silent": 4}
    assert sum(figures.by_status.values()) == figures.stations == 56
    assert figures.data_share == pytest.approx(1 - (2 * 3 + 2 * 24) / (56 * 24))


def test_a_station_worse_than_its_river_is_named(morning: Today) -> None:
    one = morning.river("R01")
    assert one.shade == "III"
    assert [station.station.id for station in one.worse_stations] == ["S02"]
    assert one.worse_stations[0].water_class == "V"


def test_old_data_are_old_even_with_a_class(morning: Today, now_ms: int) -> None:
    one = morning.river("R18")
    assert one.shade == "IV"
    assert one.stale
    assert now_ms - (one.newest_ms or 0) == pytest.approx(made.SILENT["R18"] * HOUR_MS, abs=60_000)
    assert not morning.river("R01").stale


def test_partial_and_provisional_are_kept(morning: Today) -> None:
    assert morning.river("R22").partial
    assert "ammonia_nitrogen" in morning.river("R22").missing
    assert morning.river("R15").provisional
    assert not morning.river("R01").partial


def test_unknown_river(morning: Today) -> None:
    with pytest.raises(KeyError):
        morning.river("R99")


@pytest.mark.parametrize(
    ("age_s", "state", "value", "expected"),
    [
        (1800, "N", 7.0, "online"),
        (1801, "N", 7.0, "silent"),
        (10, "M", 7.0, "maintenance"),
        (10, "C", None, "maintenance"),
        (10, "D", 7.0, "fault"),
        (10, "F", None, "fault"),
        (10, "B", None, "silent"),
        (10, "N", None, "silent"),
        (3600, "M", 7.0, "silent"),
    ],
)
def test_status_of_a_station(
    store: ReadingStore, xietang: Site, age_s: int, state: str, value: float | None, expected: str
) -> None:
    read(store, "S01", made.NOW_MS - age_s * 1000, state, value)
    station = next(s for s in today(store, xietang, made.NOW_MS).river("R01").stations if s.station.id == "S01")
    assert station.status == expected


def test_one_dead_probe_does_not_make_a_station_silent(store: ReadingStore, xietang: Site) -> None:
    when = made.NOW_MS - 1000
    store.write(Block.of([Reading("S01", "ph", when, 7.0), Reading("S01", "turbidity", when, None, Quality.MISSING)]))
    one = today(store, xietang, made.NOW_MS).river("R01")
    assert one.newest_ms == when
    assert one.stations[0].status == "online"
    assert one.stations[0].measured == {"ph", "turbidity"}


def test_an_empty_store_is_a_page_without_figures(store: ReadingStore, xietang: Site) -> None:
    page = today(store, xietang, made.NOW_MS)
    assert page.figures.newest_ms is None
    assert page.figures.data_share is None
    assert page.figures.ungraded == len(page.rivers) == 28
    assert page.figures.by_status["silent"] == 56
    assert all(one.stale and one.attained is None and one.hours == 0 for one in page.rivers)


@pytest.mark.parametrize(("hours", "stale"), [(2, False), (3, True)])
def test_a_hub_that_stopped_judging_is_seen(store: ReadingStore, xietang: Site, hours: int, stale: bool) -> None:
    now_ms = made.NOW_MS - made.NOW_MS % HOUR_MS
    read(store, "S01", now_ms)
    store.put_assessments([judged("R01", "II", now_ms - hours * HOUR_MS, hours=20, window_hours=24, sections=1)])
    assert today(store, xietang, now_ms).river("R01").stale is stale


def test_judgements_of_strangers_are_passed_over(store: ReadingStore, xietang: Site) -> None:
    stranger = Assessment("station", "X1", "window", made.NOW_MS, "I", detail={"hours": 24})
    store.put_assessments([judged("R77", "I", made.NOW_MS), stranger])
    page = today(store, xietang, made.NOW_MS)
    assert page.figures.graded == 0
    assert page.figures.data_share is None


def test_target_and_order_of_classes(morning: Today) -> None:
    one = morning.river("R24")
    assert (one.shade, one.river.target_class, one.attained) == ("V", "IV", False)
    assert worse("INFERIOR_V", "V")
    assert not worse("II", "II")
    assert is_bad("V")
    assert not is_bad("IV")
    assert not is_bad(None)
