from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from analytics.black_odorous import (
    LIMITS,
    BlackOdour,
    Point,
    Sample,
    degree_of,
    judge_point,
    judge_water,
    shortcomings,
)
from sensors.determinand import DETERMINANDS

NONE, MILD, SEVERE = BlackOdour
DAY_MS = 86_400_000
CLEAN = {"transparency": 60.0, "dissolved_oxygen": 6.0, "orp": 200.0, "ammonia_nitrogen": 1.0}
BAD = {"transparency": 5.0, "dissolved_oxygen": 0.1, "orp": -300.0, "ammonia_nitrogen": 20.0}
HALF_BAD = {"transparency": 20.0, "dissolved_oxygen": 1.0, "orp": 0.0, "ammonia_nitrogen": 10.0}


@pytest.mark.parametrize(
    ("determinand", "value", "degree"),
    [
        ("transparency", 25.1, NONE), ("transparency", 25.0, MILD), ("transparency", 10.0, MILD),
        ("transparency", 9.9, SEVERE),
        ("dissolved_oxygen", 2.01, NONE), ("dissolved_oxygen", 2.0, MILD), ("dissolved_oxygen", 0.2, MILD),
        ("dissolved_oxygen", 0.19, SEVERE),
        ("orp", 51.0, NONE), ("orp", 50.0, MILD), ("orp", -200.0, MILD), ("orp", -201.0, SEVERE),
        ("ammonia_nitrogen", 7.99, NONE), ("ammonia_nitrogen", 8.0, MILD), ("ammonia_nitrogen", 15.0, MILD),
        ("ammonia_nitrogen", 15.01, SEVERE),
    ],
)  # fmt: skip
def test_both_sides_of_every_limit(determinand: str, value: float, degree: BlackOdour) -> None:
    assert degree_of(determinand, value) is degree


@pytest.mark.parametrize(
    ("depth_cm", "value", "degree"),
    [
        (25.0, 10.0, MILD),  # deep enough: the limits of the table
        (24.9, 10.0, NONE),  # 40 % of it is 9.96
        (20.0, 8.1, NONE),
        (20.0, 8.0, MILD),
        (20.0, 7.9, SEVERE),
        (None, 9.0, SEVERE),
    ],
)
def test_in_shallow_water_40_percent_of_the_depth_take_the_place_of_the_limit(
    depth_cm: float | None, value: float, degree: BlackOdour
) -> None:
    assert degree_of("transparency", value, depth_cm) is degree


def test_depth_matters_to_transparency_only() -> None:
    assert degree_of("dissolved_oxygen", 1.0, 10.0) is MILD


def test_only_the_four_determinands_are_judged() -> None:
    with pytest.raises(KeyError):
        degree_of("total_phosphorus", 1.0)
    assert set(LIMITS) <= set(DETERMINANDS)
    assert DETERMINANDS["transparency"].unit == "cm"


def point(*samples: dict[str, float], id: str = "p", distance_m: float = 0.0) -> Point:
    return Point(id, distance_m, tuple(Sample(index * DAY_MS, values) for index, values in enumerate(samples)))


def mix(bad: int, clean: int, *keys: str, of: dict[str, float] = BAD) -> Point:
    """Samples of which `bad` ones are bad in some determinands."""
    return point(*[CLEAN | {key: of[key] for key in keys}] * bad, *[CLEAN] * clean)


@pytest.mark.parametrize(("bad", "clean", "degree"), [(3, 2, SEVERE), (59, 41, NONE), (60, 40, SEVERE)])
def test_one_item_severe_in_60_percent_of_its_data_makes_a_point_severe(
    bad: int, clean: int, degree: BlackOdour
) -> None:
    assert judge_point(mix(bad, clean, "ammonia_nitrogen")).degree is degree


@pytest.mark.parametrize(("bad", "clean", "degree"), [(3, 7, SEVERE), (29, 71, NONE), (30, 70, SEVERE)])
def test_two_items_severe_in_30_percent_make_a_point_severe(bad: int, clean: int, degree: BlackOdour) -> None:
    assert judge_point(mix(bad, clean, "ammonia_nitrogen", "orp")).degree is degree
    assert judge_point(mix(bad, clean, "ammonia_nitrogen")).degree is NONE


def test_the_two_items_need_not_be_severe_in_the_same_samples() -> None:
    samples = [CLEAN | {key: BAD[key]} for key in ("orp", "transparency")] + [CLEAN]
    assert judge_point(point(*samples)).degree is SEVERE  # a third of the data of each


@pytest.mark.parametrize(("bad", "clean", "degree"), [(3, 2, MILD), (1, 1, NONE)])
def test_mild_by_the_same_shares(bad: int, clean: int, degree: BlackOdour) -> None:
    assert judge_point(mix(bad, clean, "dissolved_oxygen", of=HALF_BAD)).degree is degree


def test_severe_data_count_as_affected_too() -> None:
    verdict = judge_point(point(CLEAN | {"orp": -300.0}, CLEAN | {"orp": 0.0}, CLEAN | {"orp": 0.0}, CLEAN))
    assert verdict.degree is MILD
    assert (verdict.severe_share["orp"], verdict.affected_share["orp"]) == (25.0, 75.0)


def test_shares_are_of_the_data_that_there_are() -> None:
    verdict = judge_point(point({"orp": -300.0}, {"ammonia_nitrogen": 1.0}, {"ammonia_nitrogen": 1.0}))
    assert verdict.severe_share == {"orp": 100.0, "ammonia_nitrogen": 0.0}
    assert verdict.degree is SEVERE
    assert judge_point(point({"total_phosphorus": 1.0})).degree is None


def water(letters: str, spacing_m: float = 300.0) -> list[Point]:
    kinds = {"s": BAD, "m": HALF_BAD, ".": CLEAN, "?": {}}
    return [
        point(*[kinds[letter]] * 3, id=str(index), distance_m=index * spacing_m) for index, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("letters", "degree"),
    [
        ("sss..", SEVERE), ("ss.s.m", MILD), ("ss...", MILD), ("s....", MILD), ("m....", MILD), (".....", NONE),
        ("?s?", SEVERE), ("???", None), ("", None),
    ],
)  # fmt: skip
def test_a_water_is_severe_from_60_percent_of_its_points_on(letters: str, degree: BlackOdour | None) -> None:
    assert judge_water(water(letters)).degree is degree


@pytest.mark.parametrize(
    ("letters", "stretches"),
    [
        ("sss......", (("0", "2"),)),
        ("ss.ss.ss.", ()),
        ("..ssss...", (("2", "5"),)),
        ("sss...sss", (("0", "2"), ("6", "8"))),
        ("ss?s.....", ()),
        ("......sss", (("6", "8"),)),
    ],
)
def test_three_severe_points_in_a_row_make_their_stretch_severe(
    letters: str, stretches: tuple[tuple[str, str], ...]
) -> None:
    assert judge_water(water(letters)).severe_stretches == stretches
    assert judge_water(water(letters)[::-1]).severe_stretches == stretches  # along the water, whatever the order


@pytest.mark.parametrize(
    ("points", "found"),
    [
        (water("..."), ()),
        (water(".."), ("points",)),
        (water("...", 200.0), ()),
        (water("...", 199.0), ("spacing",)),
        (water("...", 600.0), ()),
        (water("...", 601.0), ("spacing",)),
        ([*water(".."), point(CLEAN, CLEAN, distance_m=600.0)], ("times",)),
        ([*water(".."), point(*[CLEAN | {"orp": math.inf}] * 3, distance_m=600.0)], ()),
        ([*water(".."), point(*[{"orp": 1.0}] * 3, distance_m=600.0)], ("items",)),
    ],
)
def test_where_a_sampling_falls_short(points: list[Point], found: tuple[str, ...]) -> None:
    assert shortcomings(points) == found


@pytest.mark.parametrize(("days", "short"), [(0.99, True), (1, False), (7, False), (7.01, True)])
def test_samples_are_one_to_seven_days_apart(days: float, short: bool) -> None:
    samples = tuple(Sample(round(index * days * DAY_MS), CLEAN) for index in (2, 0, 1))
    points = [Point(str(index), 300.0 * index, samples) for index in range(3)]
    assert judge_water(points).shortcomings == (("interval",) if short else ())


def test_limits_are_those_of_the_facts(shared: Path) -> None:
    ours = {"transparency": "transparency", "do": "dissolved_oxygen", "orp": "orp", "nh3n": "ammonia_nitrogen"}
    with (shared / "facts" / "black_odorous.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {ours[row["indicator"]] for row in rows} == set(LIMITS)
    for row in rows:
        limit = LIMITS[ours[row["indicator"]]]
        ends = (float(row["mild_low"]), float(row["mild_high"]))
        assert limit.rising == (row["direction"] == "higher_is_worse")
        assert ((limit.mild, limit.severe) if limit.rising else (limit.severe, limit.mild)) == ends
        assert float(row["severe"].lstrip("<>")) == limit.severe
