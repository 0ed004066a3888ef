from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.grading import WaterClass, grade, grade_columns
from analytics.standards import GB3838_2002
from analytics.uncertainty import (
    ACCURACY,
    ION_SELECTIVE,
    SURE,
    Accuracy,
    class_probabilities,
    sigma_of_mean,
    sigmas_of,
    sigmas_of_sections,
)
from sensors.determinand import DETERMINANDS
from sensors.place import WaterBody

FIRST, II, III, IV, V, INFERIOR_V = WaterClass
FIVE = {
    "ph": 7.4, "dissolved_oxygen": 5.1, "permanganate_index": 5.9, "ammonia_nitrogen": 0.97, "total_phosphorus": 0.19,
}  # fmt: skip


def probability(values: dict[str, float], sigmas: dict[str, float], body: WaterBody = "river") -> list[float]:
    found = class_probabilities(values, sigmas, body)
    assert found is not None
    return list(found.probability.values())


@pytest.mark.parametrize(
    ("accuracy", "value", "bound"),
    [
        (Accuracy(0.3, 0.01, "x"), 5.0, 0.3),
        (Accuracy(0.3, 0.01, "x"), 30.0, 0.3),
        (Accuracy(0.3, 0.01, "x"), 40.0, 0.4),
        (Accuracy(0.3, 0.1, "x"), -5.0, 0.5),
        (ION_SELECTIVE, 1.5, 0.275),  # what the makers' data sheet comes to at the limits of IV and V
        (ION_SELECTIVE, 2.0, 0.3),
    ],
)
def test_the_bound_of_an_accuracy(accuracy: Accuracy, value: float, bound: float) -> None:
    assert accuracy.bound(value) == pytest.approx(bound)
    assert accuracy.sigma(value) == pytest.approx(bound / math.sqrt(3))


def test_accuracies_are_of_determinands_that_exist_and_say_where_they_come_from() -> None:
    assert set(ACCURACY) <= set(DETERMINANDS)
    assert all(accuracy.source and accuracy.bound(1.0) > 0 for accuracy in ACCURACY.values())
    assert sigmas_of({"ph": 7.0, "conductivity": 400.0, "ammonia_nitrogen": None}) == {"ph": 0.1 / math.sqrt(3)}


def test_the_mean_of_sections_is_surer_than_each() -> None:
    assert sigma_of_mean([0.2]) == pytest.approx(0.2)
    assert sigma_of_mean([0.2] * 4) == pytest.approx(0.1)
    only_one = sigmas_of_sections([{"ph": 7.0, "ammonia_nitrogen": 1.0}, {"ph": 8.0}])
    assert only_one["ph"] == pytest.approx(0.1 / math.sqrt(3) / math.sqrt(2))
    assert only_one["ammonia_nitrogen"] == pytest.approx(0.1 / math.sqrt(3))


@pytest.mark.parametrize("value", [0.14, 0.15, 0.151, 0.5, 0.51, 1.0, 1.2, 1.5, 1.9, 2.0, 2.1])
def test_an_exact_value_has_its_class_for_sure(value: float) -> None:
    found = class_probabilities({"ammonia_nitrogen": value}, {})
    assert found is not None
    assert found.water_class == grade({"ammonia_nitrogen": value}).water_class
    assert found.probability == {each: float(each == found.water_class) for each in WaterClass}
    assert (found.near_limit, found.near) == (False, ())


def test_at_a_limit_both_sides_are_as_probable() -> None:
    shares = probability({"ammonia_nitrogen": 1.0}, {"ammonia_nitrogen": 0.05})
    assert shares == pytest.approx([0, 0, 0.5, 0.5, 0, 0], abs=1e-12)


@pytest.mark.parametrize(("sigmas", "share"), [(1.0, 0.841344746), (2.0, 0.977249868), (3.0, 0.998650102)])
def test_the_normal_law(sigmas: float, share: float) -> None:
    shares = probability({"permanganate_index": 6.0 - sigmas * 0.1}, {"permanganate_index": 0.1})
    assert shares[:3] == pytest.approx([0, 0, share], abs=1e-8)


def test_oxygen_is_better_above() -> None:
    shares = probability({"dissolved_oxygen": 5.1}, {"dissolved_oxygen": 0.1})
    assert shares == pytest.approx([0, 0, 0.841344746, 0.158655254, 0, 0], abs=1e-8)


@pytest.mark.parametrize(
    ("value", "sigma", "inside"), [(9.0, 0.1, 0.5), (6.1, 0.1, 0.841344746), (7.5, 1.5, 0.682689492), (9.1, 0.0, 0.0)]
)
def test_ph_has_two_limits(value: float, sigma: float, inside: float) -> None:
    shares = probability({"ph": value}, {"ph": sigma})
    assert shares == pytest.approx([inside, 0, 0, 0, 0, 1 - inside], abs=1e-8)


def test_the_probability_of_independent_determinands_is_a_product() -> None:
    values, sigmas = {"ammonia_nitrogen": 1.0, "permanganate_index": 6.0}, {"ammonia_nitrogen": 0.01}
    assert probability(values, sigmas)[2:4] == pytest.approx([0.5, 0.5])
    both = {**sigmas, "permanganate_index": 0.01}
    assert probability(values, both)[2:4] == pytest.approx([0.25, 0.75])


def test_phosphorus_has_its_own_limits_in_lakes() -> None:
    values, sigmas = {"total_phosphorus": 0.05}, {"total_phosphorus": 0.001}
    assert probability(values, sigmas)[:2] == pytest.approx([0, 1])
    assert probability(values, sigmas, "lake")[2:4] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("body", ["river", "lake"])
def test_it_agrees_with_simulation(body: WaterBody) -> None:
    """The model drawn: true values around the measured ones, each draw graded by the kernel."""
    rng = np.random.default_rng(20240607)
    n = 200_000
    values = {**FIVE, "dissolved_oxygen": 6.05, "permanganate_index": 4.2, "ammonia_nitrogen": 0.52}
    sigmas = sigmas_of(values)
    draws = {key: value + sigmas[key] * rng.standard_normal(n) for key, value in values.items()}
    classes = grade_columns(draws, np.full(n, body == "lake")).water_class
    seen = np.bincount(classes, minlength=7)[1:] / n
    shares = probability(values, sigmas, body)
    assert sum(share > 0.02 for share in shares) >= 2  # something to be told apart
    assert shares == pytest.approx(seen, abs=4 * math.sqrt(0.25 / n))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen", "total_phosphorus"]),
        st.tuples(st.floats(0, 20), st.floats(0, 5)),
        min_size=1,
    )
)
def test_probabilities_are_probabilities(drawn: dict[str, tuple[float, float]]) -> None:
    values = {key: value for key, (value, _) in drawn.items()}
    found = class_probabilities(values, {key: sigma for key, (_, sigma) in drawn.items()})
    assert found is not None
    shares = list(found.probability.values())
    assert all(-1e-12 <= share <= 1 + 1e-12 for share in shares)
    assert math.fsum(shares) == pytest.approx(1)
    assert found.water_class == grade(values).water_class
    assert set(found.near) <= set(values)
    assert bool(found.near) == found.near_limit


def test_near_the_limit_is_a_matter_of_how_sure() -> None:
    sigma = {"permanganate_index": 0.1}
    sure, unsure = 6.0 - 0.1282, 6.0 - 0.1281  # P = 0.90008 and 0.89990
    for value, near in ((sure, False), (unsure, True)):
        found = class_probabilities({"permanganate_index": value}, sigma)
        assert found is not None
        assert (found.probability[III] < SURE, found.near_limit) == (near, near)
    asked = class_probabilities({"permanganate_index": sure}, sigma, sure=0.95)
    assert asked is not None
    assert asked.near_limit


def test_the_cause_of_the_doubt_is_named_the_greatest_first() -> None:
    values = {**FIVE, "permanganate_index": 5.0, "total_phosphorus": 0.11}
    found = class_probabilities(values, sigmas_of(values))
    assert found is not None
    assert found.near == ("ammonia_nitrogen", "dissolved_oxygen")


def test_a_class_that_may_be_better_is_the_doubt_of_what_decides_it() -> None:
    values = {"ammonia_nitrogen": 1.01, "permanganate_index": 3.0}
    found = class_probabilities(values, {"ammonia_nitrogen": 0.05, "permanganate_index": 0.05})
    assert found is not None
    assert (found.water_class, found.near) == (IV, ("ammonia_nitrogen",))
    also = class_probabilities(values | {"total_phosphorus": 0.25}, {"ammonia_nitrogen": 0.05})
    assert also is not None
    assert not also.near_limit  # phosphorus decides class IV by itself


def test_what_does_not_grade_or_was_not_measured_takes_no_part() -> None:
    values = {"ammonia_nitrogen": 0.1, "total_nitrogen": 9.0, "ph": None, "dissolved_oxygen": math.nan}
    found = class_probabilities(values, {"total_nitrogen": 5.0})
    assert found is not None
    assert found.probability[FIRST] == 1.0
    assert class_probabilities({"conductivity": 400.0, "ph": None}, {}) is None


@pytest.mark.parametrize("sigma", [-0.1, math.nan])
def test_a_standard_uncertainty_is_a_number_from_0_on(sigma: float) -> None:
    with pytest.raises(ValueError, match="ammonia_nitrogen; 0 or more"):
        class_probabilities({"ammonia_nitrogen": 1.0}, {"ammonia_nitrogen": sigma})


@pytest.mark.parametrize("key", ["ammonia_nitrogen", "dissolved_oxygen"])
def test_every_limit_of_a_class_is_crossed_where_it_lies(key: str) -> None:
    limit = GB3838_2002.limit(key, "river")
    assert limit is not None
    for number, bound in enumerate(limit.values, start=1):
        shares = probability({key: bound}, {key: bound * 1e-4})
        assert shares[number - 1 : number + 1] == pytest.approx([0.5, 0.5])
    assert all(better != worse for better, worse in pairwise(limit.values))
