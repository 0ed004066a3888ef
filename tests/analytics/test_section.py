from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from analytics.below_detection import Amount, BelowDetection
from analytics.evaluation import evaluate_river
from analytics.grading import WaterClass
from analytics.laboratory import LaboratoryResult
from analytics.period_means import HourColumns
from analytics.periods import Period, PeriodKind
from analytics.section import PeriodValue, SectionGrade, evaluate_section
from analytics.window import HourMean
from sensors.durations import HOUR_MS
from sensors.reading import StationState
from sensors.site_settings import PeriodSettings

CST = timezone(timedelta(hours=8))
FIRST, II, III, IV, V, INFERIOR_V = WaterClass
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}


def at(month: int, day: int = 1, hour: int = 0) -> int:
    return round(datetime(2026, month, day, hour, tzinfo=CST).timestamp() * 1000)


def period(kind: PeriodKind, month: int = 5) -> Period:
    return Period.at(kind, at(month), CST)


def hours(value: float, start_ms: int, end_ms: int, suspect: float | None = None) -> HourColumns:
    """Every fourth hour; with `suspect`, one reading of each is suspect and this is the mean without it."""
    return HourColumns.of(
        [
            HourMean(time_ms, value, 4, int(suspect is not None), suspect)
            for time_ms in range(start_ms, end_ms, 4 * HOUR_MS)
        ]
    )


def probes(over: Period, **values: float) -> dict[str, HourColumns]:
    return {key: hours(value, over.start_ms, over.end_ms) for key, value in (GOOD | values).items()}


def result(amount: Amount, month: int = 5, day: int = 5, key: str = "ammonia_nitrogen", station: str = "s"):
    return LaboratoryResult(station, key, at(month, day), amount)


def evaluate(over: Period, columns: dict[str, HourColumns], *results: LaboratoryResult, **kwargs) -> SectionGrade:
    return evaluate_section("s", "river", over, columns, results, **kwargs)


@pytest.mark.parametrize("kind", ["4h", "day", "month", "quarter", "year"])
def test_probe_values_alone(kind: PeriodKind) -> None:
    over = period(kind)
    section = evaluate(over, probes(over, ammonia_nitrogen=0.9), target=II)
    possible = {"4h": 4, "day": 6, "month": 31, "quarter": 3, "year": 12}[kind]
    count = {"4h": 1, "day": 6, "month": 31, "quarter": 3, "year": 12}[kind]
    assert section.values["ammonia_nitrogen"] == PeriodValue(0.9, "probe", count, possible, False)
    assert (section.water_class, section.source, section.grade.attained) == (III, "probe", False)
    assert section.descriptor is not None
    assert section.descriptor.key == "good"
    assert section.hours_in_window == (over.end_ms - over.start_ms) // HOUR_MS
    assert section.hours_used == section.hours_in_window // 4


def test_a_month_takes_the_laboratory_where_it_has_a_result() -> None:
    may = period("month")
    section = evaluate(may, probes(may, ammonia_nitrogen=0.1), result(1.2), result(1.6, day=20))
    assert section.values["ammonia_nitrogen"] == PeriodValue(1.4, "laboratory", 2, None, False)
    assert section.values["ph"].source == "probe"
    assert (section.water_class, section.source) == (IV, "both")


def test_a_determinand_that_only_the_laboratory_measures_grades() -> None:
    may = period("month")
    section = evaluate(may, probes(may), result(2.0, key="copper"))
    assert section.water_class == INFERIOR_V
    assert section.grade.deciding == ("copper",)


@pytest.mark.parametrize("kind", ["4h", "day"])
def test_one_sample_says_nothing_about_a_day(kind: PeriodKind) -> None:
    over = period(kind)
    section = evaluate(over, probes(over), LaboratoryResult("s", "ammonia_nitrogen", over.start_ms, 1.9))
    assert section.values["ammonia_nitrogen"].source == "probe"
    assert section.water_class == FIRST


def test_results_of_other_months_and_stations_do_not_count() -> None:
    may = period("month")
    section = evaluate(may, probes(may), result(1.9, month=4, day=30), result(1.9, month=6), result(1.9, station="t"))
    assert (section.water_class, section.source) == (FIRST, "probe")


def test_a_quarter_is_the_mean_of_months_of_either_source() -> None:
    over = period("quarter")
    section = evaluate(over, probes(over, ammonia_nitrogen=0.3), result(1.2, month=4), result(1.2, month=4, day=9))
    assert section.values["ammonia_nitrogen"] == PeriodValue(0.6, "both", 3, 3, False)


@pytest.mark.parametrize(
    ("kind", "n", "there"), [("quarter", 1, False), ("quarter", 2, True), ("year", 7, False), ("year", 8, True)]
)
def test_quarters_and_years_need_their_results(kind: PeriodKind, n: int, there: bool) -> None:
    first = 4 if kind == "quarter" else 1
    results = [result(0.9, month=first + index) for index in range(n)]
    section = evaluate(period(kind), {}, *results)
    assert ("ammonia_nitrogen" in section.values) is there
    assert (section.water_class == III) is there


def test_one_result_is_enough_for_a_month() -> None:
    section = evaluate(period("month"), {}, result(0.9))
    assert (section.water_class, section.grade.partial, section.hours_used) == (III, True, 0)


def test_below_detection_counts_half_among_numbers_and_stays_below_alone() -> None:
    may = period("month")
    mixed = evaluate(may, {}, result(BelowDetection(0.2)), result(0.4, day=9))
    assert mixed.values["ammonia_nitrogen"].amount == 0.25
    alone = evaluate(may, {}, result(BelowDetection(0.2)), result(BelowDetection(0.1), day=9))
    assert alone.values["ammonia_nitrogen"].amount == BelowDetection(0.2)
    assert (alone.water_class, alone.grade.best_class) == (II, FIRST)
    whole = evaluate(
        may, {}, result(BelowDetection(0.2)), result(0.4, day=9), settings=PeriodSettings(below_detection_share=1)
    )
    assert whole.values["ammonia_nitrogen"].amount == 0.3


def test_below_detection_goes_up_to_the_quarter_by_the_same_rule() -> None:
    over = period("quarter")
    section = evaluate(over, {}, result(BelowDetection(0.2), month=4), result(0.5, month=5), result(0.3, month=6))
    assert section.values["ammonia_nitrogen"].amount == 0.3


def test_a_period_is_told_with_and_without_suspect_readings() -> None:
    may = period("month")
    columns = probes(may) | {"ammonia_nitrogen": hours(2.4, may.start_ms, may.end_ms, suspect=0.9)}
    told, without = evaluate(may, columns), evaluate(may, columns, suspect=False)
    assert (told.suspect, told.water_class, told.provisional) == (True, INFERIOR_V, True)
    assert (without.suspect, without.water_class, without.provisional) == (False, III, False)
    assert told.values["ammonia_nitrogen"].provisional


def test_without_anything_that_is_not_suspect_the_class_is_partial() -> None:
    may = period("month")
    only_suspect = HourColumns.of([HourMean(t, 2.4, 1, 1, None) for t in range(may.start_ms, may.end_ms, 4 * HOUR_MS)])
    columns = probes(may) | {"ammonia_nitrogen": only_suspect}
    without = evaluate(may, columns, suspect=False)
    assert (without.water_class, without.grade.missing) == (FIRST, ("ammonia_nitrogen",))


def test_suspect_readings_of_what_does_not_grade_leave_it_final() -> None:
    may = period("month")
    columns = probes(may) | {"water_temperature": hours(20.0, may.start_ms, may.end_ms, suspect=19.0)}
    section = evaluate(may, columns)
    assert not section.provisional
    assert section.values["water_temperature"].provisional


def test_a_laboratory_result_is_never_provisional() -> None:
    may = period("month")
    columns = probes(may) | {"ammonia_nitrogen": hours(9.0, may.start_ms, may.end_ms, suspect=0.1)}
    section = evaluate(may, columns, result(0.4))
    assert (section.water_class, section.provisional) == (II, False)


def test_a_provisional_month_makes_its_quarter_provisional() -> None:
    over, may = period("quarter"), period("month")
    columns = probes(over)
    april = hours(0.1, over.start_ms, may.start_ms)
    spike = hours(1.9, may.start_ms, may.end_ms, suspect=0.1)
    joined = HourColumns(
        *(
            np.concatenate([getattr(april, name), getattr(spike, name)])
            for name in ("start_ms", "mean", "without_suspect", "suspect")
        )
    )
    section = evaluate(over, columns | {"ammonia_nitrogen": joined})
    assert section.values["ammonia_nitrogen"] == PeriodValue(1.0, "probe", 2, 3, True)
    assert section.provisional


def test_a_silent_station_has_no_class_and_tells_its_states() -> None:
    section = evaluate(period("day"), {}, states={StationState.MAINTENANCE: 24})
    assert (section.water_class, section.descriptor, section.source) == (None, None, None)
    assert section.states == {StationState.MAINTENANCE: 24}
    assert (section.hours_used, section.hours_in_window) == (0, 24)


def test_a_lake_has_its_own_limits() -> None:
    may = period("month")
    lake = evaluate_section("s", "lake", may, probes(may, total_phosphorus=0.06))
    assert lake.water_class == IV
    assert evaluate(may, probes(may, total_phosphorus=0.06)).water_class == II


def test_sections_make_a_river() -> None:
    may = period("month")
    sections = [
        evaluate_section(name, "river", may, probes(may), [result(amount, station=name)])
        for name, amount in (("a", 0.4), ("b", BelowDetection(0.4)), ("c", 2.4))
    ]
    river = evaluate_river("r", sections, target=III)
    assert river.means["ammonia_nitrogen"] == 1.0  # 0.4, half of 0.4, 2.4
    assert (river.water_class, river.attained) == (III, True)
    assert river.worse == ("c",)
    assert river.hours_used["a"] == 186


def test_a_determinand_that_no_section_could_detect_stays_below_in_the_river() -> None:
    may = period("month")
    sections = [
        evaluate_section(name, "river", may, probes(may), [result(BelowDetection(limit), station=name, key="copper")])
        for name, limit in (("a", 0.005), ("b", 0.05))
    ]
    river = evaluate_river("r", sections)
    assert river.amounts["copper"] == BelowDetection(0.05)
    assert river.means["copper"] == 0.025
    assert river.grade is not None
    assert (river.water_class, river.grade.best_class) == (II, FIRST)
