from __future__ import annotations

import pytest

from analytics.grading import WaterClass
from analytics.latest import evaluate_latest
from sensors.reading import Quality, Reading, StationState

GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}


def readings(time_ms: int, quality: Quality = Quality.GOOD, state: StationState = StationState.NORMAL, **values: float):
    return [Reading("s", key, time_ms, value, quality, state) for key, value in (GOOD | values).items()]


def test_the_newest_instant_counts() -> None:
    latest = evaluate_latest([*readings(2000, ammonia_nitrogen=1.2), *readings(1000)], "river", target=WaterClass.III)
    assert latest is not None
    assert (latest.time_ms, latest.grade.water_class, latest.grade.attained) == (2000, WaterClass.IV, False)
    assert latest.values["ammonia_nitrogen"] == 1.2
    assert (latest.provisional, latest.without_suspect) == (False, latest.grade)


def test_what_was_measured_before_says_nothing_about_now() -> None:
    newest = Reading("s", "ph", 2000, 7.0)
    latest = evaluate_latest([*readings(1000), newest], "river")
    assert latest is not None
    assert latest.values == {"ph": 7.0}
    assert latest.grade.partial


@pytest.mark.parametrize("quality", [Quality.FAIL, Quality.MISSING])
def test_failed_and_missing_never_grade(quality: Quality) -> None:
    latest = evaluate_latest(readings(1000, quality), "river")
    assert latest is not None
    assert (latest.values, latest.grade.water_class, latest.provisional) == ({}, None, False)


@pytest.mark.parametrize("state", [state for state in StationState if state is not StationState.NORMAL])
def test_other_states_than_normal_never_grade_and_are_told(state: StationState) -> None:
    latest = evaluate_latest(readings(1000, state=state), "river")
    assert latest is not None
    assert (latest.grade.water_class, latest.state) == (None, state)


def test_suspect_readings_grade_and_are_told_apart() -> None:
    spike = Reading("s", "ammonia_nitrogen", 1000, 9.0, Quality.SUSPECT)
    latest = evaluate_latest([*(r for r in readings(1000) if r.determinand != "ammonia_nitrogen"), spike], "river")
    assert latest is not None
    assert (latest.grade.water_class, latest.provisional) == (WaterClass.INFERIOR_V, True)
    assert (latest.without_suspect.water_class, latest.without_suspect.partial) == (WaterClass.I, True)


def test_a_suspect_reading_that_does_not_grade_is_not_provisional() -> None:
    warm = Reading("s", "water_temperature", 1000, 49.0, Quality.SUSPECT)
    latest = evaluate_latest([*readings(1000), warm], "river")
    assert latest is not None
    assert not latest.provisional


def test_without_readings_there_is_nothing() -> None:
    assert evaluate_latest([], "river") is None
