from __future__ import annotations

import math

import pytest

from analytics.window import (
    HourMean,
    WindowMean,
    hours_between,
    hours_by_station,
    hours_in_state,
    hours_of,
    mean_of,
    usable,
    window_means,
)
from sensors.durations import HOUR_MS
from sensors.reading import Quality, Reading, StationState

DAY = (0, 24 * HOUR_MS)


def hours(*means: float, first: int = 0, provisional: int = 0) -> list[HourMean]:
    return [HourMean((first + index) * HOUR_MS, mean, 60, provisional) for index, mean in enumerate(means)]


def test_mean_of_hours_not_of_readings() -> None:
    dense, sparse = HourMean(0, 1.0, 600), HourMean(HOUR_MS, 3.0, 1)
    assert window_means({"ph": [dense, sparse]}, *DAY) == {"ph": WindowMean(2.0, 2, False)}


def test_the_window_includes_its_start_and_not_its_end() -> None:
    values = {"ph": hours(100.0, 1.0, 3.0, 100.0)}
    assert window_means(values, HOUR_MS, 3 * HOUR_MS)["ph"] == WindowMean(2.0, 2, False)


def test_hours_without_usable_readings_are_not_valid() -> None:
    values = {"ph": [HourMean(0, 7.0, 5), HourMean(HOUR_MS, 0.0, 0), HourMean(2 * HOUR_MS, math.nan, 4)]}
    assert window_means(values, *DAY)["ph"] == WindowMean(7.0, 1, False)


@pytest.mark.parametrize(("min_hours", "there"), [(3, True), (4, False)])
def test_too_few_valid_hours_give_no_mean(min_hours: int, there: bool) -> None:
    assert ("ph" in window_means({"ph": hours(7, 7, 7)}, *DAY, min_hours=min_hours)) is there


def test_at_least_one_hour_is_asked_for() -> None:
    assert window_means({"ph": []}, *DAY) == {}
    with pytest.raises(ValueError, match="at least 1"):
        window_means({"ph": []}, *DAY, min_hours=0)


def test_one_suspect_reading_makes_a_mean_provisional() -> None:
    values = {"ph": [*hours(7.0, 7.0), HourMean(2 * HOUR_MS, 7.0, 60, provisional=1)]}
    assert window_means(values, *DAY)["ph"].provisional
    assert not window_means(values, 0, 2 * HOUR_MS)["ph"].provisional


@pytest.mark.parametrize("value", [0.1, 0.2, 0.15, 1.1, 2.675, 7.3, 0.00005, 123456.7])
@pytest.mark.parametrize("n", [3, 7, 24, 720])
def test_the_mean_of_equal_values_is_that_value(value: float, n: int) -> None:
    assert mean_of([value] * n) == value


def test_what_running_sums_add_is_taken_off() -> None:
    total = 0.0
    for _ in range(3600):
        total += 0.2
    assert total / 3600 != 0.2
    assert mean_of([total / 3600] * 24) == 0.2


@pytest.mark.parametrize(
    ("end_ms", "count"), [(0, 0), (1, 1), (HOUR_MS, 1), (HOUR_MS + 1, 2), (24 * HOUR_MS, 24), (-5, 0)]
)
def test_hours_between(end_ms: int, count: int) -> None:
    assert hours_between(0, end_ms) == count


def test_rows_are_sorted_by_station_and_determinand() -> None:
    rows = [("a", "ph", 0, 7.0, 60, 0), ("b", "ph", 0, 8.0, 60, 2), ("a", "ph", HOUR_MS, 7.5, 30, 0)]
    assert hours_by_station(rows) == {
        "a": {"ph": [HourMean(0, 7.0, 60), HourMean(HOUR_MS, 7.5, 30)]},
        "b": {"ph": [HourMean(0, 8.0, 60, 2)]},
    }


def reading(
    minute: int, value: float | None, quality: Quality = Quality.GOOD, state: StationState = StationState.NORMAL
) -> Reading:
    return Reading("s", "ph", minute * 60_000, value, quality, state)


@pytest.mark.parametrize(
    ("quality", "state", "takes_part"),
    [
        (Quality.GOOD, StationState.NORMAL, True),
        (Quality.NOT_EVALUATED, StationState.NORMAL, True),
        (Quality.SUSPECT, StationState.NORMAL, True),
        (Quality.FAIL, StationState.NORMAL, False),
        (Quality.MISSING, StationState.NORMAL, False),
        *((Quality.GOOD, state, False) for state in StationState if state is not StationState.NORMAL),
    ],
)
def test_what_takes_part_in_grading(quality: Quality, state: StationState, takes_part: bool) -> None:
    assert usable(reading(0, 7.0, quality, state)) is takes_part


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_takes_no_part(value: float | None) -> None:
    assert not usable(reading(0, value))


def test_readings_become_hours_with_and_without_the_suspect_ones() -> None:
    readings = [
        reading(60, 8.0), reading(0, 7.0), reading(30, 7.4), reading(59, 9.0, Quality.SUSPECT),
        reading(10, 1.0, Quality.FAIL), reading(121, 9.5, Quality.SUSPECT), reading(180, 7.0, state=StationState.FAULT),
    ]  # fmt: skip
    assert hours_of(readings) == {
        "s": {
            "ph": [
                HourMean(0, 7.8, 3, 1, 7.2), HourMean(HOUR_MS, 8.0, 1, 0, 8.0), HourMean(2 * HOUR_MS, 9.5, 1, 1, None),
            ]
        }
    }  # fmt: skip


def test_hours_in_another_state_are_counted_by_state() -> None:
    states = StationState
    readings = [
        reading(0, 7.0, state=states.MAINTENANCE), reading(30, 7.0),  # ran normally for a part of the hour
        reading(60, 7.0, state=states.MAINTENANCE), reading(119, 7.0, state=states.CALIBRATION),
        reading(125, None, Quality.MISSING, states.STOPPED), reading(185, None, Quality.MISSING, states.STOPPED),
        Reading("t", "ph", 0, 7.0),
    ]  # fmt: skip
    assert hours_in_state(readings) == {"s": {states.CALIBRATION: 1, states.STOPPED: 2}, "t": {}}
