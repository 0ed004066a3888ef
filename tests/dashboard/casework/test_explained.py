"""Evidence in the words of people: with the keys that the watch writes."""

from __future__ import annotations

import pytest

from dashboard.casework.evidence import read_event
from dashboard.casework.explained import described, explained, kind_word, reason_word
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.casework.made import NOW, event

#: As `deploy.watch.rows.event_row` writes it.
DETAIL = {
    "first": {"station": "S01", "determinand": "ammonia_nitrogen", "time_ms": NOW, "value": 3.0, "baseline": 0.8,
              "scale": 0.4, "evidence": 4.0, "fast": 5.5, "slow": 5.0, "steadiness": 1.0},
    "rises": {"ammonia_nitrogen": 5.5, "conductivity": 3.0, "turbidity": 0.2},
    "against": {"rough": 0.5, "rain": 1.25, "front": 0.0},
    "neighbours": [{"station": "S02", "travel_h": 2.0, "rise": 0.4}, {"station": "S05", "travel_h": -1.5, "rise": 6.0}],
    "rain_known": True, "rain_mm": 4.0, "episodes": 3, "silent": ["S03"],
    "candidates": [{"outfall": "PK001", "probability": 0.8, "travel_h": 0.5}], "cannot_tell": 0.0,
}  # fmt: skip


def test_everything_that_is_known_is_told(xietang: Site, en: Wording) -> None:
    told = explained(read_event(event("E1", detail=DETAIL), xietang), xietang, en)
    assert told.shows == (
        "Ammonia nitrogen at Xizha Bridge rose from 0.800 to 3.000 mg/L, 5.5 times what it usually varies",
        "Also outside at this station: Conductivity (3.0 times its usual variation)",
        "Seen 3 times so far",
    )
    assert told.against == ("Speaks against a discharge: rain washes it in (−1.2), the readings are restless (−0.5)",)
    assert told.rain == ("Rain of the 24 hours before: 4.0 mm",)
    assert told.neighbours[0].startswith("1.5 h upstream, ")
    assert told.neighbours[1].startswith("2.0 h downstream, ")
    assert told.neighbours[2].startswith("Nothing unusual at ")
    assert told.source == ("Most likely from outfall PK001 (80 %)",)


def test_no_key_of_the_program_reaches_a_reader(xietang: Site, zh: Wording) -> None:
    text = described(read_event(event("E1", detail=DETAIL), xietang), xietang, zh._)
    assert not any(word in text for word in ("ammonia", "rough", "rain", "cannot", "S01", "travel"))
    assert text.splitlines()[0].startswith("西闸桥氨氮由 0.800 升至 3.000 mg/L")


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        ({"cannot_tell": 1.0, "candidates": DETAIL["candidates"]},
         "The outfall cannot be told from what the stations saw"),
        ({"rain_known": False}, "No rain gauge reported: rain cannot be ruled out"),
        ({"rain_known": True, "rain_mm": 0.0}, "No rain in the 24 hours before"),
        ({"against": {}}, "Nothing speaks against it"),
        ({"determinands": ["ph"]}, "Outside: pH"),
        ({"first": {**DETAIL["first"], "determinand": "dissolved_oxygen", "value": 2.0, "baseline": 6.0}},
         "Dissolved oxygen at Xizha Bridge fell from 6.00 to 2.00 mg/L"),
    ],
)  # fmt: skip
def test_one_thing_alone(xietang: Site, en: Wording, detail: dict, line: str) -> None:  # type: ignore[type-arg]
    assert explained(read_event(event("E1", detail=detail), xietang), xietang, en).lines == (line,)


def test_every_kind_and_reason_has_words(zh: Wording) -> None:
    for kind in ("discharge", "overflow", "operation", "fault", "unknown"):
        assert kind_word(zh._, kind) != kind
    for reason in ("rough", "doubt", "common", "unsteady", "rain", "operation", "alone", "front"):
        assert reason_word(zh._, reason) != reason
