"""Events and flags in the store's form."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from analytics.attribution.ranking import Candidate, Ranking
from analytics.detectors import Detection
from analytics.detectors.options import TICK_MS
from analytics.event_kinds import KINDS
from analytics.events import Event
from analytics.qc import Channel
from analytics.qc.checks import Test
from deploy.watch.cases import Told
from deploy.watch.grid import Impossible
from deploy.watch.rows import CANDIDATES, EARLIER, WAITED, event_row, prompt_flags
from sensors.reading import Quality

T = 1_790_000_400_000


@pytest.fixture
def told() -> Told:
    first = Detection(
        station="S01", determinand="ammonia_nitrogen", time_ms=T, onset_ms=T - 1, kind="discharge", evidence=6.0,
        raw=7.5, slow=math.nan, value=1.7, baseline=0.8, scale=0.12, against=(("rain", 1.5),),
        others=(("turbidity", 2.0),), neighbours=(("S02", -1.25, 0.5),),
        increments=(("ammonia_nitrogen", 0.9),), rain_mm=2.5, steadiness=0.95,
    )  # fmt: skip
    event = Event(
        id="e", kind="discharge", probabilities=dict.fromkeys(KINDS, 0.2), detected_ms=T, onset_ms=T - 1,
        updated_ms=T + 5, first=first, arrivals=(("S01", T - 1, 6.0), ("S02", T, 4.5)),
        determinands=("ammonia_nitrogen",), peak=6.0, episodes=2, detections=3, last=(("S01", T),),
    )  # fmt: skip
    ranking = Ranking(tuple(Candidate(f"PK{n}", 0.02, None if n else 1.5) for n in range(50)), 9.0, True, ("S03",))
    return Told(event, ((T, ranking), (T + 5, ranking)), over=False)


def test_a_row_carries_the_whole_explanation(told) -> None:
    row = event_row(told, rain_known=True)
    assert json.loads(json.dumps(row.detail, allow_nan=False)) == row.detail
    assert (row.id, row.kind, row.start_ms, row.end_ms) == ("e", "discharge", T - 1, None)
    assert (row.detected_ms, row.updated_ms, row.stations) == (T, T + 5, ("S01", "S02"))
    detail = row.detail
    assert detail["first"]["slow"] is None, "what is not known is not a number"
    assert detail["rises"] == {"ammonia_nitrogen": 7.5, "turbidity": 2.0}
    assert detail["against"] == {"rain": 1.5}
    assert detail["neighbours"] == [{"station": "S02", "travel_h": -1.25, "rise": 0.5}]
    assert detail["arrivals"][1] == {"station": "S02", "onset_ms": T, "evidence": 4.5}
    assert detail["candidates"][:2] == [
        {"outfall": "PK0", "probability": 0.02, "travel_h": 1.5},
        {"outfall": "PK1", "probability": 0.02, "travel_h": None},
    ]
    assert len(detail["candidates"]) == CANDIDATES
    assert [(one["at_ms"], len(one["candidates"])) for one in detail["rankings"]] == [(T, EARLIER), (T + 5, EARLIER)]
    assert (detail["rain_mm"], detail["cannot_tell"], detail["silent"]) == (2.5, 0.0, ["S03"])


def test_without_a_gauge_no_rain_is_told(told) -> None:
    detail = event_row(told, rain_known=False).detail
    assert "rain_mm" not in detail
    assert detail["rain_known"] is False


def test_what_cannot_be_told_is_said(told) -> None:
    unknown = replace(told, rankings=((T, Ranking((), 80.0, False)),))
    detail = event_row(unknown, rain_known=False).detail
    assert (detail["cannot_tell"], detail["candidates"], detail["effective"]) == (1.0, [], 80.0)
    fault = event_row(replace(told, rankings=()), rain_known=False).detail
    assert "candidates" not in fault, "nobody was asked"


def test_an_event_that_is_over_ends_with_its_last_detection(told) -> None:
    assert event_row(replace(told, over=True), rain_known=False).end_ms == T + 5 + TICK_MS


def test_an_impossible_value_fails_its_reading(told) -> None:
    one = Impossible(Channel("S01", "ph"), T, Test.GROSS_RANGE, 13.5, 12.5)
    [flag] = prompt_flags([one])
    assert (flag.station, flag.determinand, flag.time_ms, flag.test, flag.flag) == (
        "S01", "ph", T, "gross_range", Quality.FAIL,
    )  # fmt: skip
    assert (flag.evidence["statistic"], flag.evidence["limit"]) == (13.5, 12.5)


def test_every_test_is_told_once() -> None:
    at_once = {Test.GROSS_RANGE, Test.SENTINEL}
    assert {test for test in Test if test.bit & WAITED} == set(Test) - at_once
