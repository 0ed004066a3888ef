"""What was kept of a period is what it was, and longer periods of kept ones are those of the hours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.below_detection import BelowDetection
from analytics.laboratory import LaboratoryResult
from analytics.period_means import HourColumns
from analytics.period_record import records_of, values_of
from analytics.periods import Period
from analytics.section import PeriodValue, evaluate_section, section_of_values, values_of_parts
from analytics.window import HourMean
from sensors.durations import HOUR_MS

CST = timezone(timedelta(hours=8))
START_MS = round(datetime(2026, 4, 1, tzinfo=CST).timestamp() * 1000)
QUARTER = Period.at("quarter", START_MS, CST)


def test_records_survive_json() -> None:
    values = {
        "ph": PeriodValue(7.1, "probe", 20, 30, True),
        "ammonia_nitrogen": PeriodValue(BelowDetection(0.05), "laboratory", 2, None, False),
        "total_phosphorus": PeriodValue(BelowDetection(), "laboratory", 1, None, False),
    }
    assert values_of(json.loads(json.dumps(records_of(values)))) == values


def test_a_record_that_is_no_amount_is_refused() -> None:
    record = records_of({"ph": PeriodValue(7.1, "probe", 20, 30, True)})
    record["ph"]["amount"] = "--"
    with pytest.raises(ValueError, match="'--' is no amount"):
        values_of(record)


def history(seed: int) -> dict[str, HourColumns]:
    """A quarter of hours with gaps of hours and of weeks, and suspect ones."""
    rng = np.random.default_rng(seed)
    found = {}
    for key, level in {"ammonia_nitrogen": 1.0, "dissolved_oxygen": 6.0, "permanganate_index": 4.0, "ph": 7.3}.items():
        edges = range(QUARTER.start_ms, QUARTER.end_ms, HOUR_MS)
        share = np.repeat(rng.random(len(edges) // 500 + 1), 500)[: len(edges)]
        hours = []
        for index, time_ms in enumerate(edges):
            if rng.random() < share[index] * 1.3:
                suspect = rng.random() < 0.1
                mean = round(level * rng.lognormal(0, 0.3), 3)
                hours.append(HourMean(time_ms, mean, 4, int(suspect), None if rng.random() < 0.5 else mean * 0.5))
        found[key] = HourColumns.of(hours)
    return found


def same(kept: dict[str, PeriodValue], whole: Mapping[str, PeriodValue]) -> bool:
    """Sums run in another order: the tenth digit may differ by one, nothing else."""
    assert kept.keys() == whole.keys()
    for key, value in kept.items():
        assert value.amount == pytest.approx(whole[key].amount, rel=1.1e-9, abs=0)
        assert replace(value, amount=0.0) == replace(whole[key], amount=0.0)
    return True


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), suspect=st.booleans(), sampled=st.booleans())
def test_longer_periods_of_kept_ones_are_those_of_the_hours(seed: int, suspect: bool, sampled: bool) -> None:
    hours = history(seed)
    results = [LaboratoryResult("s", "ammonia_nitrogen", START_MS + 40 * 24 * HOUR_MS, 1.25)] * sampled
    months = []
    for month in QUARTER.parts("month"):
        days = [evaluate_section("s", "river", day, hours, suspect=suspect).values for day in month.parts("day")]
        kept = values_of_parts(month, days, results)
        whole = evaluate_section("s", "river", month, hours, results, suspect=suspect)
        assert same(kept, whole.values)
        assert section_of_values("s", "river", month, whole.values, suspect=suspect).grade == whole.grade
        months.append(kept)
    whole = evaluate_section("s", "river", QUARTER, hours, results, suspect=suspect)
    assert same(values_of_parts(QUARTER, months, results), whole.values)


def test_a_day_is_not_made_of_days() -> None:
    with pytest.raises(ValueError, match="a day is not made of days or months"):
        values_of_parts(Period.at("day", START_MS, CST), [])
