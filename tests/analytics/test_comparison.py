from __future__ import annotations

from collections.abc import Sequence

import pytest

from analytics.comparison import (
    CHANGES,
    ComparisonSettings,
    Direction,
    Extent,
    change_by_grade,
    change_by_ratio,
    compare_rivers,
    compare_sections,
    ratio_points,
)
from analytics.descriptors import DESCRIPTORS
from analytics.evaluation import RiverGrade, StationGrade, evaluate_river, evaluate_station
from analytics.grading import WaterClass
from analytics.window import HourMean
from sensors.durations import HOUR_MS

FIRST, II, III, IV, V, INFERIOR_V = WaterClass
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}
AMMONIA = {FIRST: 0.1, II: 0.4, III: 0.9, IV: 1.4, V: 1.9, INFERIOR_V: 3.0}


def station(name: str, water_class: WaterClass, **values: float) -> StationGrade:
    whole = GOOD | {"ammonia_nitrogen": AMMONIA[water_class]} | values
    return evaluate_station(name, "river", {key: [HourMean(0, value, 1)] for key, value in whole.items()}, 0, HOUR_MS)


def river(classes: Sequence[WaterClass], names: str = "abcdefghijkl") -> RiverGrade:
    return evaluate_river("r", [station(name, each) for name, each in zip(names, classes, strict=False)])


@pytest.mark.parametrize(
    ("before", "after", "extent", "direction"),
    [
        ("good", "good", "none", None),
        ("good", "excellent", "some", "better"),
        ("good", "lightly_polluted", "some", "worse"),
        ("good", "moderately_polluted", "marked", "worse"),
        ("heavily_polluted", "lightly_polluted", "marked", "better"),
        ("excellent", "heavily_polluted", "marked", "worse"),
    ],
)
def test_by_grade_one_step_is_some_change_and_two_are_marked(
    before: str, after: str, extent: Extent, direction: Direction | None
) -> None:
    assert change_by_grade(DESCRIPTORS[before], DESCRIPTORS[after]) == (extent, direction)


@pytest.mark.parametrize(
    ("points", "extent", "direction"),
    [
        (0.0, "none", None),
        (10.0, "none", None),
        (-10.0, "none", None),
        (10.01, "some", "better"),
        (-10.01, "some", "worse"),
        (20.0, "some", "better"),
        (-20.0, "some", "worse"),
        (20.01, "marked", "better"),
        (-20.01, "marked", "worse"),
    ],
)
def test_by_ratio_ten_and_twenty_points_are_the_thresholds(
    points: float, extent: Extent, direction: Direction | None
) -> None:
    assert change_by_ratio(points) == (extent, direction)


def test_thresholds_are_settings() -> None:
    strict = ComparisonSettings(some_above=5.0, marked_above=8.0, marked_steps=1)
    assert change_by_ratio(7.0, strict) == ("some", "better")
    assert change_by_ratio(9.0, strict) == ("marked", "better")
    assert change_by_grade(DESCRIPTORS["good"], DESCRIPTORS["excellent"], strict) == ("marked", "better")


@pytest.mark.parametrize(
    ("before", "after", "points"),
    [
        ([III] * 10, [III] * 10, 0.0),
        ([IV] * 10, [III] + [IV] * 9, 10.0),  # one of ten more is fair
        ([IV] * 10, [INFERIOR_V] + [IV] * 9, -10.0),  # one of ten more is inferior
        ([INFERIOR_V] * 10, [III] + [INFERIOR_V] * 9, 20.0),  # both shares move
        ([FIRST, II, III], [IV, V, IV], -100.0),
        ([III, IV, IV], [III, III, IV, IV, IV, IV], 0.0),
        ([III] * 7 + [IV] * 23, [III] * 10 + [IV] * 20, 10.0),  # 23.33 % to 33.33 %: exactly ten points
    ],
)
def test_the_points_of_class_ratios(before: list[WaterClass], after: list[WaterClass], points: float) -> None:
    assert ratio_points(before, after) == points


@pytest.mark.parametrize(("before", "after"), [([], [III]), ([III], [])])
def test_there_are_no_ratios_of_nothing(before: list[WaterClass], after: list[WaterClass]) -> None:
    with pytest.raises(ValueError, match="no sections"):
        ratio_points(before, after)


def test_a_section_changes_by_its_descriptor_not_by_its_class() -> None:
    same = compare_sections(station("a", FIRST), station("a", II))
    worse = compare_sections(station("a", II), station("a", III))
    assert same is not None
    assert worse is not None
    assert (same.extent, same.direction, same.comparable) == ("none", None, True)
    assert (worse.extent, worse.direction, worse.text()) == ("some", "worse", "有所变差")
    assert (worse.before, worse.after) == (DESCRIPTORS["excellent"], DESCRIPTORS["good"])


def test_other_determinands_make_a_section_incomparable() -> None:
    change = compare_sections(station("a", II), station("a", II, total_phosphorus=0.1, conductivity=400.0))
    assert change is not None
    assert (change.determinands, change.comparable) == (("total_phosphorus",), False)


def test_without_a_class_there_is_no_change() -> None:
    silent = evaluate_station("a", "river", {}, 0, HOUR_MS)
    assert compare_sections(silent, station("a", II)) is None
    assert compare_sections(station("a", II), silent) is None
    assert compare_rivers(evaluate_river("r", [silent]), river([II])) is None


def test_rivers_with_means_change_by_descriptor() -> None:
    change = compare_rivers(river([II, II]), river([IV, IV]))
    assert change is not None
    assert (change.method, change.extent, change.direction, change.points) == ("grade", "marked", "worse", None)
    assert change.comparable


def test_rivers_with_ratios_change_by_points() -> None:
    change = compare_rivers(river([IV] * 10), river([III, III, *[IV] * 8]))
    assert change is not None
    assert (change.method, change.extent, change.direction, change.points) == ("ratio", "some", "better", 20.0)
    assert change.text(english=True) == "Somewhat better"


def test_where_only_one_period_has_ratios_the_descriptors_are_compared() -> None:
    change = compare_rivers(river([II] * 4), river([IV] * 5))
    assert change is not None
    assert (change.method, change.extent, change.sections) == ("grade", "marked", ("e",))


@pytest.mark.parametrize(
    ("after", "comparable", "differing"),
    [("abcdefghij", True, ()), ("abcdefghi", True, ("j",)), ("abcdefgh", False, ("i", "j"))],
)
def test_nearly_the_same_sections_are_asked_for(after: str, comparable: bool, differing: tuple[str, ...]) -> None:
    change = compare_rivers(river([II] * 10), river([II] * 10, after))
    assert change is not None
    assert (change.comparable, change.sections) == (comparable, differing)


def test_every_change_has_a_name() -> None:
    extents: list[tuple[Extent, Direction | None]] = [change_by_ratio(x) for x in (-30.0, -15.0, 0.0, 15.0, 30.0)]
    assert set(extents) == set(CHANGES)
