from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.grading import WaterClass
from analytics.period_means import (
    HourColumns,
    PeriodSettings,
    cut_digits,
    period_classes,
    period_means,
    probe_means,
)
from analytics.periods import PeriodKind
from analytics.window import HourMean, mean_of
from sensors.durations import HOUR_MS

CST = timezone(timedelta(hours=8))
START = round(datetime(2026, 1, 1, tzinfo=CST).timestamp() * 1000)
DAY_MS = 24 * HOUR_MS
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}


def hours(values: dict[int, float], suspect: dict[int, float | None] | None = None) -> HourColumns:
    """Hours since the first of January: mean; and of those with suspect readings the mean without them."""
    suspect = suspect or {}
    return HourColumns.of(
        [
            HourMean(START + hour * HOUR_MS, value, 4, int(hour in suspect), suspect.get(hour, value))
            for hour, value in values.items()
        ]
    )


def means(columns: HourColumns, kind: PeriodKind, days: int = 1, **kwargs: object) -> list[float | None]:
    found = probe_means(columns, kind, START, START + days * DAY_MS, CST, **kwargs)  # type: ignore[arg-type]
    return [None if math.isnan(mean) else mean for mean in found.mean.tolist()]


def test_four_hours_are_the_mean_of_their_hours() -> None:
    assert means(hours({0: 1.0, 3: 2.0, 4: 5.0}), "4h") == [1.5, 5.0, None, None, None, None]


def test_a_day_is_the_mean_of_its_four_hours_not_of_its_hours() -> None:
    assert means(hours({0: 1.0, 1: 1.0, 2: 1.0, 4: 4.0, 8: 4.0}), "day") == [3.0]


@pytest.mark.parametrize(("n", "there"), [(2, False), (3, True)])
def test_a_day_needs_half_of_its_four_hours(n: int, there: bool) -> None:
    assert (means(hours({4 * index: 1.0 for index in range(n)}), "day") == [1.0]) is there


@pytest.mark.parametrize(("n", "there"), [(14, False), (15, True)])
def test_a_month_needs_half_of_its_days(n: int, there: bool) -> None:
    columns = hours({24 * day + hour: 1.0 for day in range(n) for hour in (0, 8, 16)})
    assert (means(columns, "month", 31) == [1.0]) is there


@pytest.mark.parametrize(
    ("kind", "n", "there"), [("quarter", 1, False), ("quarter", 2, True), ("year", 7, False), ("year", 8, True)]
)
def test_quarters_and_years_need_their_months(kind: PeriodKind, n: int, there: bool) -> None:
    columns = hours(dict.fromkeys(range(0, 24 * 30 * n, 4), 1.0))
    assert (means(columns, kind) == [1.0]) is there


def test_each_step_is_a_mean_of_means() -> None:
    """January 31 days of 1.0, February 28 days of 4.0: the quarter is 2.5, whatever their lengths."""
    columns = hours({hour: 1.0 if hour < 31 * 24 else 4.0 for hour in range(0, 59 * 24, 4)})
    assert means(columns, "month", 59) == [1.0, 4.0]
    assert means(columns, "quarter") == [2.5]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("min_hours_4h", 1, 4), ("min_4h_day", 1, 6), ("min_days_month", 1, 28), ("min_months_quarter", 1, 3),
     ("min_months_year", 1, 12), ("below_detection_share", 0, 1)],
)  # fmt: skip
def test_settings_have_a_range(name: str, low: int, high: int) -> None:
    for accepted in (low, high):
        assert getattr(PeriodSettings(**{name: accepted}), name) == accepted
    for refused in (low - 1, high + 1):
        with pytest.raises(ValueError, match=name):
            PeriodSettings(**{name: refused})


def test_settings_are_heeded() -> None:
    columns = hours({0: 1.0, 1: 3.0, 4: 9.0})
    strict, lenient = PeriodSettings(min_hours_4h=2), PeriodSettings(min_4h_day=2)
    assert means(columns, "4h", settings=strict)[:2] == [2.0, None]
    assert means(columns, "day", settings=lenient) == [5.5]


def test_days_are_local() -> None:
    before_midnight = round(datetime(2026, 1, 1, 23, tzinfo=CST).timestamp() * 1000)
    columns = HourColumns.of([HourMean(before_midnight, 1.0, 4), HourMean(before_midnight + HOUR_MS, 2.0, 4)])
    lenient = PeriodSettings(min_4h_day=1)
    assert means(columns, "day", 2, settings=lenient) == [1.0, 2.0]


def test_periods_are_told_with_and_without_suspect_readings() -> None:
    columns = hours({0: 9.0, 4: 1.0, 8: 2.0, 12: 3.0}, suspect={0: 1.2, 4: None})
    found = probe_means(columns, "4h", START, START + DAY_MS, CST)
    assert found.mean[:4].tolist() == [9.0, 1.0, 2.0, 3.0]
    assert found.provisional.tolist() == [True, True, False, False, False, False]
    assert means(columns, "4h", suspect=False)[:4] == [1.2, None, 2.0, 3.0]
    without = probe_means(columns, "day", START, START + DAY_MS, CST, suspect=False)
    assert not without.provisional.any()
    assert (means(columns, "day"), means(columns, "day", suspect=False)) == ([3.75], [mean_of([1.2, 2.0, 3.0])])


def test_a_suspect_hour_whose_rest_is_not_known_has_no_rest() -> None:
    columns = HourColumns.of([HourMean(START, 9.0, 4, 1), HourMean(START + HOUR_MS, 1.0, 4), HourMean(START, 0.0, 0)])
    assert columns.mean.tolist() == [9.0, 1.0]
    assert np.isnan(columns.without_suspect).tolist() == [True, False]


def test_hours_of_other_periods_are_passed_over() -> None:
    assert means(hours({-1: 9.0, 0: 1.0, 24: 9.0}), "4h")[:2] == [1.0, None]


def test_a_minimum_of_0_is_refused() -> None:
    one = np.array([0], np.int64)
    with pytest.raises(ValueError, match="at least 1"):
        period_means(one, np.ones(1), np.zeros(1, np.bool_), np.array([0, 1], np.int64), 0)


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_columns_are_cut_as_single_values_are(value: float) -> None:
    assert cut_digits(np.array([value]))[0] == mean_of([value])


def test_means_meet_an_inclusive_limit() -> None:
    columns = hours(dict.fromkeys(range(24), 0.2) | {0: 0.1, 1: 0.3})
    assert means(columns, "day") == [0.2]
    assert np.isnan(cut_digits(np.array([np.nan]))[0])


def test_classes_of_many_days() -> None:
    n = 3 * 24
    columns = {key: hours(dict.fromkeys(range(n), value)) for key, value in GOOD.items()}
    spike = dict.fromkeys(range(n), 0.1) | dict.fromkeys(range(24, 48), 1.4)
    columns["ammonia_nitrogen"] = hours(spike, suspect=dict.fromkeys(range(40, 48)))
    columns["ph"] = hours(dict.fromkeys(range(48), 7.0))
    columns["water_temperature"] = hours(dict.fromkeys(range(n), 20.0), suspect={0: None})
    found = period_classes(columns, "river", "day", START, START + 3 * DAY_MS, CST)
    assert found.grades.water_class.tolist() == [WaterClass.I, WaterClass.IV, WaterClass.I]
    assert found.grades.partial.tolist() == [False, False, True]
    assert found.provisional.tolist() == [False, True, False]
    assert found.means["ammonia_nitrogen"].count.tolist() == [6, 6, 6]
    without = period_classes(columns, "river", "day", START, START + 3 * DAY_MS, CST, suspect=False)
    assert without.grades.water_class.tolist() == [WaterClass.I, WaterClass.IV, WaterClass.I]
    assert not without.provisional.any()


def test_lakes_have_their_own_phosphorus() -> None:
    columns = {"total_phosphorus": hours(dict.fromkeys(range(24), 0.06))}
    classes = [
        period_classes(columns, body, "day", START, START + DAY_MS, CST).grades.water_class[0]
        for body in ("river", "lake")
    ]
    assert classes == [WaterClass.II, WaterClass.IV]
