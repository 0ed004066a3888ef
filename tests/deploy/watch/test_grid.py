"""Readings of a store on the grid of slots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analytics.qc import default_configuration
from analytics.qc.checks import Test
from analytics.qc.control import QualityControl
from collectors.stores.sqlite import SqliteStore
from deploy.watch.grid import RAINFALL, SLOT_MS, Grid, channels_of, slot_of
from sensors.reading import Block, Quality, Reading, StationState

NOON = 1_790_000_100_000 // SLOT_MS * SLOT_MS
MINUTE = 60_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "s.sqlite")
    yield store
    store.close()


@pytest.fixture
def grid(xietang, store) -> Grid:
    channels = channels_of(xietang, default_configuration())
    return Grid(xietang, store, channels, QualityControl(channels).judge.limits)


@pytest.fixture
def column(xietang):
    channels = channels_of(xietang, default_configuration())
    return lambda key: [tuple(channel) for channel in channels].index(("S01", key))


def put(store: SqliteStore, *readings: tuple[str, int, float | None, str]) -> None:
    store.write(Block.of(Reading("S01", key, t, value, state=StationState(s)) for key, t, value, s in readings))


def test_a_slot_has_the_name_of_its_end() -> None:
    assert slot_of(NOON) == NOON
    assert slot_of(NOON + 1) == slot_of(NOON + SLOT_MS) == NOON + SLOT_MS


def test_channels_are_what_instruments_measure_and_quality_control_knows(xietang) -> None:
    channels = channels_of(xietang, default_configuration())
    assert len(channels) == len(set(channels))
    assert {channel.station for channel in channels} == set(xietang.stations)
    assert {channel.determinand for channel in channels} <= set(default_configuration().sections["determinand"])


def test_of_several_readings_the_lower_median_counts(grid, store, column) -> None:
    for i, value in enumerate((7.0, 7.3, 7.1, 7.2)):
        put(store, ("ph", NOON + 1 + i * MINUTE, value, "N"))
    put(store, ("ph", NOON + SLOT_MS + 1, 8.0, "N"), ("turbidity", NOON + SLOT_MS, 30.0, "N"))
    slots = grid.read(NOON, NOON + 3 * SLOT_MS)
    assert slots.time_ms.tolist() == [NOON + SLOT_MS, NOON + 2 * SLOT_MS, NOON + 3 * SLOT_MS]
    assert slots.values[:2, column("ph")].tolist() == [7.1, 8.0]
    assert np.isnan(slots.values[2]).all(), "a slot without readings is a row without values"
    assert slots.values[0, column("turbidity")] == 30.0
    assert np.isfinite(slots.values).sum() == 3


def test_what_a_station_disowns_is_no_reading_and_people_are_seen(grid, store, column) -> None:
    put(store, ("ph", NOON + 1, 7.0, "D"), ("ph", NOON + SLOT_MS + 1, 6.86, "C"), ("turbidity", NOON + 1, None, "N"))
    slots = grid.read(NOON, NOON + 2 * SLOT_MS)
    assert np.isnan(slots.values[0]).all()
    assert slots.values[1, column("ph")] == 6.86
    assert np.argwhere(slots.attended).tolist() == [[1, 0]]


def test_impossible_readings_are_told_one_by_one_where_nobody_has_failed_them(grid, store) -> None:
    put(store, ("ph", NOON + 1, 13.5, "N"), ("conductivity", NOON + 2, 7999.0, "N"), ("ph", NOON + 3, 13.5, "M"))
    store.write(Block.of([Reading("S01", "ph", NOON + 4, 13.9, Quality.FAIL)]))
    found = grid.read(NOON, NOON + SLOT_MS).impossible
    assert sorted((one.channel.determinand, one.time_ms, one.test, one.value, one.limit) for one in found) == [
        ("conductivity", NOON + 2, Test.SENTINEL, 7999.0, 7999.0),
        ("ph", NOON + 1, Test.GROSS_RANGE, 13.5, 12.5),
    ]


def test_rain_is_the_mean_of_the_gauges_and_unknown_where_none_tells(grid, store) -> None:
    put(store, (RAINFALL, NOON + 1, 0.2, "N"), (RAINFALL, NOON + 2, 0.4, "N"), ("ph", NOON + SLOT_MS + 1, 7.0, "N"))
    store.write(Block.of([Reading("S02", RAINFALL, NOON + 1, 0.2)]))
    rain = grid.read(NOON, NOON + 2 * SLOT_MS).rain_mm
    assert rain[0] == pytest.approx(0.4)
    assert np.isnan(rain[1])


def test_only_some_stations_and_only_since_can_be_read_again(grid, store, column) -> None:
    put(store, ("ph", NOON + 1, 7.0, "N"), ("ph", NOON + SLOT_MS + 1, 7.5, "N"))
    store.write(Block.of([Reading("S02", "ph", NOON + SLOT_MS + 1, 8.0)]))
    slots = grid.read(NOON, NOON + 2 * SLOT_MS, {"S01": NOON + SLOT_MS + 100})
    assert np.argwhere(np.isfinite(slots.values)).tolist() == [[1, column("ph")]]
