from __future__ import annotations

import pytest

from analytics.below_detection import Amount, BelowDetection
from analytics.evaluation import StationGrade, evaluate_station
from analytics.grading import Grade, WaterClass, grade
from analytics.pollutants import MainPollutant, river_pollutants, section_pollutants
from analytics.window import HourMean
from sensors.durations import HOUR_MS

FIRST, II, III, IV, V, INFERIOR_V = WaterClass
GOOD: dict[str, Amount | None] = {
    "ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1,
}  # fmt: skip


def graded(**values: Amount) -> Grade:
    return grade(GOOD | values)


def named(**values: Amount) -> list[str]:
    return [pollutant.text() for pollutant in section_pollutants(graded(**values))]


@pytest.mark.parametrize("ammonia", [0.1, 0.5, 1.0])
def test_a_section_that_is_excellent_or_good_has_none(ammonia: float) -> None:
    assert named(ammonia_nitrogen=ammonia) == []


def test_just_worse_than_class_iii_is_named() -> None:
    (pollutant,) = section_pollutants(graded(ammonia_nitrogen=1.0001))
    assert (pollutant.determinand, pollutant.water_class) == ("ammonia_nitrogen", IV)
    assert pollutant.multiple == pytest.approx(0.0001)


def test_it_is_printed_with_its_multiple() -> None:
    assert named(ammonia_nitrogen=2.2) == ["氨氮(1.2)"]
    assert section_pollutants(graded(ammonia_nitrogen=2.2))[0].text(english=True) == "Ammonia nitrogen(1.2)"


@pytest.mark.parametrize(
    ("multiple", "text"),
    [(1.25, "1.2"), (1.35, "1.4"), (0.06, "0.1"), (0.05, "0.05"), (0.04, "0.04"), (0.0004, "0.0004"), (12.0, "12.0")],
)
def test_a_small_multiple_is_not_printed_as_nothing(multiple: float, text: str) -> None:
    assert MainPollutant("ammonia_nitrogen", IV, multiple).text() == f"氨氮({text})"


def test_the_worst_class_comes_first_whatever_its_multiple() -> None:
    # COD: IV, 0.45 over 20; ammonia: V, 0.6; phosphorus: inferior V, 1.05
    assert named(cod=29.0, ammonia_nitrogen=1.6, total_phosphorus=0.41) == ["总磷(1.0)", "氨氮(0.6)", "化学需氧量(0.4)"]


def test_of_one_class_the_greater_multiple_comes_first() -> None:
    assert named(cod=21.0, ammonia_nitrogen=1.4, permanganate_index=9.0) == [
        "高锰酸盐指数(0.5)",
        "氨氮(0.4)",
        "化学需氧量(0.05)",
    ]


def test_at_most_three_are_named_and_the_number_is_a_setting() -> None:
    values = {"cod": 21.0, "ammonia_nitrogen": 1.4, "permanganate_index": 9.0, "bod5": 5.9}
    assert named(**values) == ["高锰酸盐指数(0.5)", "五日生化需氧量(0.5)", "氨氮(0.4)"]
    assert len(section_pollutants(graded(**values), named=5)) == 4


def test_metals_and_cyanide_come_first_even_where_others_are_worse() -> None:
    # lead: V (0.06 over 0.05), cyanide: inferior V
    values = {"ammonia_nitrogen": 9.0, "lead": 0.06, "cyanide": 0.3, "cod": 100.0}
    assert named(**values) == ["氰化物(0.5)", "铅(0.2)", "氨氮(8.0)"]
    without = section_pollutants(graded(**values), named_first=frozenset())
    assert [pollutant.determinand for pollutant in without] == ["ammonia_nitrogen", "cod", "cyanide"]


def test_a_metal_within_class_iii_is_not_named() -> None:
    assert named(lead=0.05, ammonia_nitrogen=1.4) == ["氨氮(0.4)"]


def test_oxygen_and_ph_have_no_multiple_and_come_after_those_that_have() -> None:
    assert named(dissolved_oxygen=4.0, ammonia_nitrogen=1.01) == ["氨氮(0.01)", "溶解氧"]
    assert named(dissolved_oxygen=1.0, ammonia_nitrogen=1.4) == ["溶解氧", "氨氮(0.4)"]
    assert named(dissolved_oxygen=1.0, ph=9.1) == ["pH值", "溶解氧"]


def test_what_may_only_be_there_is_not_named() -> None:
    assert named(ammonia_nitrogen=BelowDetection(1.2)) == []
    assert graded(ammonia_nitrogen=BelowDetection(1.2)).water_class == IV


def station(name: str, **values: float) -> StationGrade:
    hours = {key: [HourMean(0, value, 1)] for key, value in (GOOD | values).items() if isinstance(value, float)}
    return evaluate_station(name, "river", hours, 0, HOUR_MS)


def test_a_river_names_what_is_worse_than_iii_at_most_of_its_sections() -> None:
    sections = [
        station("a", ammonia_nitrogen=1.2, total_phosphorus=0.9),
        station("b", ammonia_nitrogen=1.1, cod=25.0),
        station("c", cod=35.0, total_phosphorus=0.1),
        station("d", permanganate_index=7.0, cod=21.0),
        station("e"),
    ]
    assert river_pollutants(sections) == (
        MainPollutant("cod", V, 0.75, 60.0),
        MainPollutant("ammonia_nitrogen", IV, pytest.approx(0.2), 40.0),
        MainPollutant("total_phosphorus", INFERIOR_V, pytest.approx(3.5), 20.0),
    )
    assert [pollutant.determinand for pollutant in river_pollutants(sections, named=9)][3:] == ["permanganate_index"]


def test_of_one_share_the_worse_class_and_then_the_greater_multiple_comes_first() -> None:
    sections = [
        station("a", ammonia_nitrogen=1.2, total_phosphorus=0.35, dissolved_oxygen=4.0, cod=29.0),
        *(station(name) for name in "bcde"),
    ]
    found = [pollutant.determinand for pollutant in river_pollutants(sections, named=9)]
    assert found == ["total_phosphorus", "cod", "ammonia_nitrogen", "dissolved_oxygen"]


@pytest.mark.parametrize(("n", "there"), [(4, False), (5, True)])
def test_below_five_sections_each_tells_its_own(n: int, there: bool) -> None:
    sections = [station(str(index), ammonia_nitrogen=1.2) for index in range(n)]
    silent = evaluate_station("silent", "river", {}, 0, HOUR_MS)
    assert bool(river_pollutants([*sections, silent])) is there
