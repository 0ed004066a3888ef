from __future__ import annotations

import pytest

from sensors.errors import Problem
from sensors.lists import Checker
from sensors.site_settings import AssessmentSettings, PeriodSettings, read_assessment, read_periods


def read(reader, raw: object) -> tuple[object, list[Problem]]:
    problems: list[Problem] = []
    return reader(raw, Checker("site.toml", problems)), problems


def test_what_is_given_is_taken_and_the_rest_is_the_default() -> None:
    assert read(read_periods, {"min_days_month": 20}) == (PeriodSettings(min_days_month=20), [])
    assert read(read_assessment, {"stale_after_s": 600}) == (AssessmentSettings(stale_after_s=600), [])
    assert read(read_periods, {}) == (PeriodSettings(), [])


@pytest.mark.parametrize(
    ("reader", "raw", "where", "accepted"),
    [
        (read_periods, {"min_days_month": 29}, "periods.min_days_month", "a whole number from 1 to 28"),
        (read_periods, {"min_4h_day": 2.5}, "periods.min_4h_day", "a whole number from 1 to 6"),
        (read_periods, {"below_detection_share": "half"}, "periods.below_detection_share", "a number from 0 to 1"),
        (read_periods, {"min_4h_day": True}, "periods.min_4h_day", "a whole number from 1 to 6"),
        (read_assessment, {"window_hours": 12, "min_hours": 13}, "assessment.min_hours", "at most window_hours, 12"),
    ],
)
def test_what_is_out_of_bounds_is_named(reader, raw: dict[str, object], where: str, accepted: str) -> None:
    _, problems = read(reader, raw)
    assert [(problem.where, problem.accepted) for problem in problems] == [(where, accepted)]


@pytest.mark.parametrize(("reader", "table"), [(read_periods, "periods"), (read_assessment, "assessment")])
def test_unknown_keys_and_no_table_are_named(reader, table: str) -> None:
    _, problems = read(reader, {"month_days": 3})
    assert [problem.where for problem in problems] == [f"{table}.month_days"]
    _, problems = read(reader, [1])
    assert [problem.where for problem in problems] == [table]


def test_settings_made_by_hand_keep_their_bounds() -> None:
    with pytest.raises(ValueError, match="min_days_month is 0; 1 to 28"):
        PeriodSettings(min_days_month=0)
