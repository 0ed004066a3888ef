from __future__ import annotations

import math

import pytest

from analytics.below_detection import BelowDetection
from analytics.trophic import TERMS, trophic_index, trophic_state
from sensors.determinand import DETERMINANDS

LAKE = {
    "chlorophyll_a": 0.017, "total_phosphorus": 0.078, "total_nitrogen": 1.93, "transparency": 40.0,
    "permanganate_index": 4.09,
}  # fmt: skip


def test_the_check_example() -> None:
    found = trophic_index(LAKE)
    assert found is not None
    assert found.index == pytest.approx(56.2724, abs=5e-5)
    assert found.terms == pytest.approx(
        {"chlorophyll_a": 55.769, "total_phosphorus": 52.931, "total_nitrogen": 65.668, "transparency": 68.956,
         "permanganate_index": 38.571},
        abs=5e-4,
    )  # fmt: skip
    assert found.state.key == "lightly_eutrophic"
    assert not found.partial


def test_our_units_are_turned_into_those_of_the_formula() -> None:
    assert (DETERMINANDS["chlorophyll_a"].unit, DETERMINANDS["transparency"].unit) == ("mg/L", "cm")
    one = trophic_index({"chlorophyll_a": 0.001})  # 1 mg/m3, whose logarithm is 0
    metre = trophic_index({"transparency": 100.0})
    assert one is not None
    assert metre is not None
    assert one.index == pytest.approx(25.0)
    assert metre.index == pytest.approx(51.18)


@pytest.mark.parametrize(
    ("index", "state"),
    [
        (29.999, "oligotrophic"), (30.0, "mesotrophic"), (50.0, "mesotrophic"), (50.001, "lightly_eutrophic"),
        (60.0, "lightly_eutrophic"), (60.001, "moderately_eutrophic"), (70.0, "moderately_eutrophic"),
        (70.001, "highly_eutrophic"),
    ],
)  # fmt: skip
def test_both_sides_of_every_bound(index: float, state: str) -> None:
    assert trophic_state(index).key == state


def test_what_is_no_number_has_no_state() -> None:
    with pytest.raises(ValueError, match="not a number"):
        trophic_state(math.nan)


def test_the_weights_of_what_was_measured_are_taken_to_one() -> None:
    two = {"chlorophyll_a": 0.017, "total_phosphorus": 0.078}
    found = trophic_index({**two, "ammonia_nitrogen": 9.0})
    assert found is not None
    assert found.index == pytest.approx((55.769 + 0.7056 * 52.931) / 1.7056, abs=1e-3)
    assert (found.partial, found.missing) == (True, ("total_nitrogen", "transparency", "permanganate_index"))


@pytest.mark.parametrize("value", [0.0, -1.0, None, math.nan, math.inf, BelowDetection(None)])
def test_what_has_no_logarithm_is_missing(value: float | None) -> None:
    found = trophic_index({**LAKE, "total_phosphorus": value})
    assert found is not None
    assert found.missing == ("total_phosphorus",)
    assert trophic_index({"total_phosphorus": value}) is None


def test_below_detection_counts_half() -> None:
    half = trophic_index({"total_phosphorus": BelowDetection(0.02)})
    number = trophic_index({"total_phosphorus": 0.01})
    assert half is not None
    assert number is not None
    assert half.index == number.index
    whole = trophic_index({"total_phosphorus": BelowDetection(0.01)}, mean_share=1.0)
    assert whole is not None
    assert whole.index == number.index


def test_without_any_of_them_there_is_no_index() -> None:
    assert trophic_index({"ph": 7.0}) is None


def test_terms_are_of_determinands_that_exist() -> None:
    assert set(TERMS) <= set(DETERMINANDS)
