from __future__ import annotations

import pytest

from analytics.evaluation import StationGrade, evaluate_river, evaluate_station
from analytics.grading import WaterClass
from analytics.window import HourMean
from sensors.durations import HOUR_MS
from sensors.place import WaterBody

FIRST, II, III, IV, V, INFERIOR_V = WaterClass
END = 24 * HOUR_MS
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}


def station(
    name: str, values: dict[str, float], body: WaterBody = "river", n: int = 24, suspect: tuple[str, ...] = ()
) -> StationGrade:
    hours = {
        key: [HourMean(hour * HOUR_MS, value, 60, int(key in suspect and hour == 0)) for hour in range(n)]
        for key, value in values.items()
    }
    return evaluate_station(name, body, hours, 0, END)


def ammonia(name: str, value: float) -> StationGrade:
    return station(name, GOOD | {"ammonia_nitrogen": value})


def test_a_station_is_graded_on_its_means() -> None:
    hours = {key: [HourMean(0, value, 60)] for key, value in GOOD.items()}
    hours["ammonia_nitrogen"] = [HourMean(0, 0.9, 60), HourMean(HOUR_MS, 1.1, 60)]
    graded = evaluate_station("s", "river", hours, 0, END, target=II)
    assert graded.water_class == III  # 1.0 is the limit of III, and meets it
    assert graded.grade.deciding == ("ammonia_nitrogen",)
    assert graded.grade.over_target == ("ammonia_nitrogen",)
    assert graded.means["ammonia_nitrogen"].hours == 2
    assert (graded.hours_used, graded.hours_in_window) == (2, 24)


def test_hours_used_are_those_of_what_grades() -> None:
    hours = {"ph": [HourMean(HOUR_MS, 7.0, 1)], "conductivity": [HourMean(h * HOUR_MS, 500.0, 1) for h in range(24)]}
    graded = evaluate_station("s", "river", hours, 0, END)
    assert graded.hours_used == 1
    assert graded.means["conductivity"].hours == 24


@pytest.mark.parametrize(("n", "partial"), [(6, False), (5, True)])
def test_a_determinand_with_too_few_hours_makes_the_grade_partial(n: int, partial: bool) -> None:
    hours = {key: [HourMean(h * HOUR_MS, value, 60) for h in range(24)] for key, value in GOOD.items()}
    hours["ammonia_nitrogen"] = hours["ammonia_nitrogen"][:n]
    graded = evaluate_station("s", "river", hours, 0, END, min_hours=6)
    assert graded.grade.partial is partial
    assert graded.water_class == FIRST


def test_suspect_readings_make_it_provisional_only_where_they_grade() -> None:
    values = GOOD | {"water_temperature": 20.0}
    assert not station("s", values).provisional
    assert station("s", values, suspect=("ammonia_nitrogen",)).provisional
    assert not station("s", values, suspect=("water_temperature",)).provisional


def test_a_silent_station_has_no_class() -> None:
    silent = station("s", {})
    assert silent.water_class is None
    assert silent.grade.partial
    assert (silent.hours_used, silent.hours_in_window) == (0, 24)


def test_a_lake_station_uses_the_lake_column() -> None:
    values = GOOD | {"total_phosphorus": 0.06}
    assert station("s", values, "river").water_class == II
    assert station("s", values, "lake").water_class == IV


def test_fewer_than_five_sections_are_averaged_and_graded_as_one() -> None:
    river = evaluate_river("r", [ammonia("a", 0.2), ammonia("b", 0.2), ammonia("c", 2.6)], target=III)
    assert river.method == "mean"
    assert river.means["ammonia_nitrogen"] == 1.0
    assert river.water_class == III
    assert river.descriptor is not None
    assert river.descriptor.key == "good"
    assert river.deciding == ("ammonia_nitrogen",)
    assert river.worse == ("c",)
    assert river.grade is not None
    assert river.grade.attained is True
    assert river.classes == {"a": II, "b": II, "c": INFERIOR_V}


def test_a_river_of_one_station_is_its_station() -> None:
    river = evaluate_river("r", [ammonia("a", 1.2)])
    assert (river.water_class, river.worse, river.mixed_bodies) == (IV, (), False)


@pytest.mark.parametrize(("n", "method"), [(4, "mean"), (5, "ratio")])
def test_from_five_sections_on_ratios_count(n: int, method: str) -> None:
    river = evaluate_river("r", [ammonia(str(index), 0.1) for index in range(n)])
    assert river.method == method
    assert river.descriptor is not None
    assert river.descriptor.key == "excellent"
    assert (river.water_class is None) == (method == "ratio")


def test_with_ratios_there_is_no_average_class_and_stations_compare_by_descriptor() -> None:
    sections = [ammonia("a", 0.1), ammonia("b", 0.9), ammonia("c", 0.9), ammonia("d", 1.4), ammonia("e", 1.9)]
    river = evaluate_river("r", sections)
    assert river.water_class is None
    assert river.grade is None
    assert river.deciding == ()
    assert river.means == {}
    assert river.descriptor is not None
    assert river.descriptor.key == "lightly_polluted"  # 60 % fair, none inferior
    assert river.worse == ("e",)  # class V is moderately polluted; class IV is not worse than its river


def test_stations_without_a_class_do_not_count_as_sections() -> None:
    sections = [*(ammonia(str(index), 0.1) for index in range(4)), station("silent", {"water_temperature": 20.0})]
    river = evaluate_river("r", sections)
    assert river.method == "mean"
    assert river.ungraded == ("silent",)
    assert "water_temperature" not in river.means
    assert river.hours_used["silent"] == 0


def test_a_sonde_beside_a_full_station_leaves_the_river_complete() -> None:
    full, sonde = ammonia("full", 0.9), station("sonde", {"ph": 7.0, "dissolved_oxygen": 4.0})
    assert sonde.grade.partial
    river = evaluate_river("r", [full, sonde])
    assert not river.partial
    assert river.sections_with == {"ph": 2, "dissolved_oxygen": 2, "permanganate_index": 1, "ammonia_nitrogen": 1}
    assert river.means["dissolved_oxygen"] == 6.0
    assert river.water_class == III
    assert river.worse == ("sonde",)


def test_a_river_of_sondes_is_partial() -> None:
    river = evaluate_river("r", [station("s", {"ph": 7.0, "dissolved_oxygen": 4.0})])
    assert river.partial
    assert river.grade is not None
    assert river.grade.missing == ("permanganate_index", "ammonia_nitrogen")


def test_by_ratios_one_partial_section_makes_the_river_partial() -> None:
    sections = [ammonia(str(index), 0.1) for index in range(5)]
    assert not evaluate_river("r", sections).partial
    assert evaluate_river("r", [*sections, station("s", {"ph": 7.0})]).partial


def test_a_provisional_section_makes_the_river_provisional() -> None:
    sections = [ammonia("a", 0.1), station("b", GOOD, suspect=("ph",))]
    assert evaluate_river("r", sections).provisional
    assert not evaluate_river("r", sections[:1]).provisional


@pytest.mark.parametrize(
    ("bodies", "graded_as", "mixed"),
    [
        (("river", "river", "lake"), "river", True),
        (("river", "lake", "lake"), "lake", True),
        (("river", "lake"), "lake", True),
        (("river", "river"), "river", False),
        (("lake",), "lake", False),
    ],
)
def test_sections_of_different_water_are_judged_as_the_majority(
    bodies: tuple[WaterBody, ...], graded_as: WaterBody, mixed: bool
) -> None:
    values = GOOD | {"total_phosphorus": 0.06}
    river = evaluate_river("r", [station(str(index), values, body) for index, body in enumerate(bodies)])
    assert (river.water_body, river.mixed_bodies) == (graded_as, mixed)
    assert river.water_class == (IV if graded_as == "lake" else II)


@pytest.mark.parametrize("sections", [[], [station("s", {})]])
def test_a_river_without_a_graded_section_has_no_state(sections: list[StationGrade]) -> None:
    river = evaluate_river("r", sections)
    assert river.method == "none"
    assert (river.water_class, river.descriptor, river.grade, river.worse) == (None, None, None, ())
    assert river.partial


def test_means_over_sections_meet_an_inclusive_limit() -> None:
    river = evaluate_river("r", [ammonia("a", 0.1), ammonia("b", 0.2)])
    assert river.means["ammonia_nitrogen"] == 0.15
    assert river.water_class == FIRST


@pytest.mark.parametrize(("target", "attained"), [(II, False), (III, True)])
def test_a_river_with_means_reaches_its_target_by_its_class(target: WaterClass, attained: bool) -> None:
    river = evaluate_river("r", [ammonia("a", 0.4), ammonia("b", 1.4)], target=target)
    assert (river.target, river.attained) == (target, attained)
    assert river.attaining == {"a": True, "b": False}


@pytest.mark.parametrize(("worst", "attained"), [(1.0, True), (1.01, False)])
def test_a_river_with_ratios_reaches_its_target_where_every_section_does(worst: float, attained: bool) -> None:
    sections = [*(ammonia(str(index), 0.1) for index in range(4)), ammonia("e", worst)]
    assert evaluate_river("r", sections, target=III).attained is attained
    assert evaluate_river("r", sections).attained is None
    assert evaluate_river("r", sections).attaining == {}


def test_a_river_without_a_class_reaches_nothing() -> None:
    assert evaluate_river("r", [station("s", {})], target=III).attained is None
