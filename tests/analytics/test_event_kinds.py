"""How probable each kind is: what must raise and lower it."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.event_kinds import COEFFICIENTS, KINDS, features, probabilities
from tests.analytics.test_events import found


def of(peak: float = 6.0, stations: int = 1, **other: Any) -> dict[str, float]:
    return probabilities(found("S1", 0, **other), peak=peak, stations=stations, determinands=1, episodes=1)


def test_every_feature_has_a_coefficient() -> None:
    assert list(features(found("S1", 0), peak=5.0, stations=2)) == list(COEFFICIENTS)


def test_they_are_of_all_kinds_and_sum_to_one() -> None:
    for kind in KINDS:
        told = of(kind=kind)
        assert tuple(told) == KINDS
        assert sum(told.values()) == pytest.approx(1)
        assert min(told.values()) > 0


@pytest.mark.parametrize(("less", "more"), [
    ({"peak": 4.0}, {"peak": 9.0}),
    ({"stations": 1}, {"stations": 3}),
    ({"against": (("operation", 2.0),)}, {"against": ()}),
    ({"against": (("rain", 8.0),)}, {"against": (("rain", 1.0),)}),
    ({"kind": "unknown"}, {"kind": "discharge"}),
])  # fmt: skip
def test_what_makes_a_discharge_more_probable(less: dict[str, Any], more: dict[str, Any]) -> None:
    assert of(**less)["discharge"] < of(**more)["discharge"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_told_as_a_kind_is_most_probably_of_it(kind: str) -> None:
    told = of(peak=5.0, kind=kind, against=())
    assert max(told, key=lambda one: told[one]) == kind


def test_little_evidence_after_an_operation_is_no_certain_discharge() -> None:
    assert of(peak=4.0, against=(("operation", 2.0),))["discharge"] < 0.6 < of(peak=4.0, against=())["discharge"]
