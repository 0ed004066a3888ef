from __future__ import annotations

from datetime import datetime, timedelta, timezone

from analytics.below_detection import BelowDetection
from analytics.descriptors import DESCRIPTORS
from analytics.grading import WaterClass
from analytics.laboratory import LaboratoryResult
from analytics.period_evaluation import Evaluation, PeriodEvaluation, compare_evaluations, evaluate_period
from analytics.period_means import HourColumns
from analytics.periods import Period
from analytics.window import HourMean
from sensors.durations import HOUR_MS
from sensors.place import River, Station
from sensors.reading import StationState
from sensors.site_settings import PeriodSettings

CST = timezone(timedelta(hours=8))
FIRST, II, III, IV, V, INFERIOR_V = WaterClass
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}
MAY = Period.at("month", round(datetime(2026, 5, 1, tzinfo=CST).timestamp() * 1000), CST)


def river(name: str, target: str) -> River:
    return River(name, name, name, target, "chief", "d")


def station(name: str, river: str) -> Station:
    return Station(name, name, name, river, "reach", 0.0, "river", "p", "tcp://127.0.0.1:502", 1, "g", 60.0)


RIVERS = [river("A", "III"), river("B", "IV")]
STATIONS = [station("a1", "A"), station("a2", "A"), station("b1", "B")]


def hours(period: Period, ammonia: float, without: float | None = None) -> dict[str, HourColumns]:
    times = range(period.start_ms, period.end_ms, 4 * HOUR_MS)
    columns = {key: HourColumns.of([HourMean(t, value, 1) for t in times]) for key, value in GOOD.items()}
    suspect = without is not None
    columns["ammonia_nitrogen"] = HourColumns.of([HourMean(t, ammonia, 2, int(suspect), without) for t in times])
    return columns


def evaluate(period: Period = MAY, *results: LaboratoryResult, **ammonia: dict[str, HourColumns]) -> PeriodEvaluation:
    return evaluate_period("X", period, RIVERS, STATIONS, ammonia, results)


def classes(evaluation: Evaluation) -> dict[str, WaterClass | None]:
    return {name: section.water_class for name, section in evaluation.sections.items()}


def test_a_month_of_all_waters() -> None:
    told = evaluate(a1=hours(MAY, 0.4), a2=hours(MAY, 1.4), b1=hours(MAY, 1.4)).with_suspect
    assert classes(told) == {"a1": II, "a2": IV, "b1": IV}
    assert told.sections["a2"].grade.attained is False
    assert told.sections["b1"].grade.attained is True
    assert (told.rivers["A"].water_class, told.rivers["A"].attained) == (III, True)  # mean of 0.4 and 1.4
    assert told.rivers["B"].target == IV
    assert told.subdistrict.attaining == ("A", "B")
    assert told.subdistrict.attaining_sections == 2
    assert told.subdistrict.overall.river == "X"


def test_it_is_told_with_and_without_suspect_readings() -> None:
    both = evaluate(a1=hours(MAY, 3.0, without=0.1), b1=hours(MAY, 0.4))
    told, without = both.with_suspect, both.without_suspect
    assert (told.suspect, without.suspect) == (True, False)
    assert classes(told) == {"a1": INFERIOR_V, "a2": None, "b1": II}
    assert classes(without) == {"a1": FIRST, "a2": None, "b1": II}
    assert (told.rivers["A"].provisional, without.rivers["A"].provisional) == (True, False)
    assert (told.subdistrict.failing, without.subdistrict.failing) == (("A",), ())
    assert told.rivers["B"] == without.rivers["B"]


def test_laboratory_results_find_their_section() -> None:
    result = LaboratoryResult("a1", "ammonia_nitrogen", MAY.start_ms, 1.9)
    told = evaluate(MAY, result, a1=hours(MAY, 0.1), a2=hours(MAY, 0.1)).with_suspect
    assert classes(told) == {"a1": V, "a2": FIRST, "b1": None}
    assert told.sections["a1"].values["ammonia_nitrogen"].source == "laboratory"


def test_the_share_of_a_detection_limit_is_one_setting_for_all_steps() -> None:
    found = {"a1": BelowDetection(0.2), "a2": 0.4}
    results = [LaboratoryResult(name, "copper", MAY.start_ms, amount) for name, amount in found.items()]
    for share, mean in ((0.5, 0.25), (1.0, 0.3)):
        settings = PeriodSettings(below_detection_share=share)
        told = evaluate_period("X", MAY, RIVERS, STATIONS, {}, results, settings=settings).with_suspect
        assert told.rivers["A"].means["copper"] == mean
        assert told.subdistrict.overall.means["copper"] == mean


def test_states_find_their_station() -> None:
    states = {"b1": {StationState.STOPPED: 744}}
    told = evaluate_period("X", MAY, RIVERS, STATIONS, {}, states=states).with_suspect
    assert told.sections["b1"].states == states["b1"]
    assert told.sections["a1"].states == {}
    assert told.subdistrict.descriptor is None


def test_a_month_beside_the_one_before_and_that_of_last_year() -> None:
    now = evaluate(MAY, a1=hours(MAY, 1.4), a2=hours(MAY, 1.4), b1=hours(MAY, 0.4)).with_suspect
    for earlier in (MAY.previous(), MAY.year_before()):
        then = evaluate(earlier, a1=hours(earlier, 0.4), b1=hours(earlier, 1.9)).with_suspect
        change = compare_evaluations(then, now)
        assert set(change.sections) == {"a1", "b1"}  # a2 had no class then
        assert (change.sections["a1"].extent, change.sections["a1"].direction) == ("marked", "worse")
        assert (change.rivers["A"].direction, change.rivers["B"].direction) == ("worse", "better")
        assert change.rivers["A"].sections == ("a2",)
        assert not change.rivers["A"].comparable
        assert change.subdistrict is not None
        assert change.subdistrict.method == "grade"
        assert change.subdistrict.before == DESCRIPTORS["lightly_polluted"]  # mean of 0.4 and 1.9


def test_what_is_new_or_silent_has_no_change() -> None:
    now = evaluate(MAY, a1=hours(MAY, 0.1)).with_suspect
    silent = evaluate(MAY.previous()).with_suspect
    change = compare_evaluations(silent, now)
    assert (change.sections, change.rivers, change.subdistrict) == ({}, {}, None)
    fewer = evaluate_period("X", MAY.previous(), RIVERS[:1], STATIONS[:1], {}).with_suspect
    assert compare_evaluations(fewer, now).rivers == {}
