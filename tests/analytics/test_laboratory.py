from __future__ import annotations

from datetime import timedelta, timezone

from analytics.below_detection import BelowDetection
from analytics.laboratory import LaboratoryResult, amounts_in
from analytics.periods import Period

MAY = Period.at("month", 1_777_564_800_000, timezone(timedelta(hours=8)))


def test_a_sample_belongs_to_the_period_in_which_it_was_taken() -> None:
    times = (MAY.start_ms - 1, MAY.start_ms, MAY.end_ms - 1, MAY.end_ms)
    results = [LaboratoryResult("s", "copper", time_ms, float(index)) for index, time_ms in enumerate(times)]
    results.append(LaboratoryResult("s", "copper", MAY.start_ms, BelowDetection(0.05)))
    assert amounts_in(results, MAY) == [1.0, 2.0, BelowDetection(0.05)]
