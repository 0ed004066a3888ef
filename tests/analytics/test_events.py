"""What belongs to one event, and what an event tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.detectors import Detection
from analytics.event_kinds import KINDS
from analytics.events import Event, Events
from tests.analytics.detectors.places import layout

HOUR_MS = 3_600_000
START_MS = 1_700_006_400_000


def found(station: str, hour: float, **other: Any) -> Detection:
    time_ms = START_MS + round(hour * HOUR_MS)
    values: dict[str, Any] = dict(  # noqa: C408
        station=station, determinand="ammonia_nitrogen", time_ms=time_ms, onset_ms=time_ms, kind="discharge",
        evidence=6.0, raw=7.0, slow=5.0, value=1.5, baseline=1.0, scale=0.07, against=(("rain", 1.0),),
        others=(("turbidity", 0.2),), neighbours=(("S2", -1.0, 0.1),), increments=(("ammonia_nitrogen", 0.5),),
        rain_mm=0.0, steadiness=1.0,
    )  # fmt: skip
    return Detection(**{**values, **other})


def fold(*detections: Detection) -> list[Event]:
    events, latest = Events(layout()), {}
    for detection in detections:
        for event in events.step([detection]):
            latest[event.id] = event
    return list(latest.values())


def test_downstream_within_the_travel_time_is_the_same_event() -> None:
    (event,) = fold(found("S1", 0), found("S4", 3), found("S9", 8))
    assert event.stations == ("S1", "S4", "S9")
    assert (event.station, event.detected_ms, event.detections) == ("S1", START_MS, 3)
    assert event.updated_ms == START_MS + 8 * HOUR_MS


@pytest.mark.parametrize(("hour", "events"), [(14.9, 1), (21.2, 1), (21.5, 2)])
def test_too_late_downstream_is_another_event(hour: float, events: int) -> None:
    assert len(fold(found("S0", 0), found("S1", 1), found("S9", hour))) == events


def test_upstream_hours_later_is_another_event() -> None:
    assert len(fold(found("S5", 0), found("S4", 2.9))) == 1
    assert len(fold(found("S5", 0), found("S4", 3.1))) == 2


def test_nights_of_a_campaign_are_one_event() -> None:
    (event,) = fold(*(found("S1", 24 * night) for night in range(5)))
    assert (event.episodes, event.detections) == (5, 5)


@pytest.mark.parametrize(("hour", "events"), [(8.9, 1), (9.1, 2), (14, 2), (18.9, 2), (19.1, 1), (28.9, 1), (29.1, 2)])
def test_a_station_alarms_again_soon_or_at_the_same_hour_of_the_next_night(hour: float, events: int) -> None:
    assert len(fold(found("S1", 0), found("S1", hour))) == events


def test_kinds_do_not_mix() -> None:
    kinds = [event.kind for event in fold(found("S1", 0), found("S1", 1, kind="fault"), found("S1", 2))]
    assert kinds == ["discharge", "fault"]


def test_an_overflow_is_one_for_the_network_and_a_fault_one_for_the_station() -> None:
    assert len(fold(found("S9", 0, kind="overflow"), found("S0", 20, kind="overflow"))) == 1
    assert len(fold(found("S9", 0, kind="fault"), found("S0", 1, kind="fault"))) == 2


def test_an_id_never_changes_and_probabilities_sum_to_one() -> None:
    events = Events(layout())
    (first,) = events.step([found("S1", 0)])
    (second,) = events.step([found("S2", 1, evidence=12.0)])
    assert first.id == second.id == "S1-ammonia_nitrogen-20231115T0000Z-discharge"
    for event in (first, second):
        assert set(event.probabilities) == set(KINDS)
        assert sum(event.probabilities.values()) == pytest.approx(1)
    assert second.probabilities["discharge"] > first.probabilities["discharge"]
    assert (second.peak, second.first) == (12.0, first.first)


def test_conductivity_alone_is_more_likely_a_fault_than_with_ammonia() -> None:
    (alone,) = fold(found("S1", 0, determinand="conductivity", evidence=4.5))
    (both,) = fold(found("S1", 0, determinand="conductivity", evidence=4.5, others=(("ammonia_nitrogen", 5.0),)))
    assert alone.probabilities["fault"] > 2 * both.probabilities["fault"]


def test_what_fired_as_an_overflow_is_most_probably_one() -> None:
    (event,) = fold(found("S1", 0, kind="overflow", against=(("rain", 6.0),), rain_mm=20.0))
    assert max(event.probabilities, key=lambda kind: event.probabilities[kind]) == "overflow"


def test_a_restart_goes_on() -> None:
    events = Events(layout())
    events.step([found("S1", 0), found("S2", 1)])
    again = Events(layout())
    again.load(json.loads(json.dumps(events.save())))
    assert again.open == events.open
    assert again.step([found("S3", 2)]) == events.step([found("S3", 2)])


def test_cuts_change_nothing() -> None:
    detections = [found("S1", 0), found("S2", 1), found("S7", 30), found("S1", 25)]
    whole, cut = Events(layout()), Events(layout())
    whole.step(detections)
    for detection in detections:
        cut.step([detection])
    assert whole.open == cut.open


def test_quiet_events_close() -> None:
    events = Events(layout())
    events.step([found("S1", 0)])
    events.step([found("S9", 40)])
    assert [event.station for event in events.open] == ["S9"]
