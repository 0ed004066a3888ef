from __future__ import annotations

from datetime import date, time

import pytest

from dashboard.casework.calendar import WorkCalendar
from dashboard.casework.settings import CalendarSettings
from tests.dashboard.casework.made import ZONE, at


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    return WorkCalendar(ZONE)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-05-11", True),  # a Monday
        ("2026-05-10", False),  # a Sunday
        ("2026-05-09", True),  # a Saturday on which people work for the days in May
        ("2026-05-05", False),  # the day off for it
        ("2026-02-23", False),  # the end of the Spring Festival
        ("2026-02-28", True),  # and its make-up day
        ("2026-01-02", False),
        ("2026-10-07", False),
        ("2026-10-10", True),
        ("2025-01-26", True),
        # The make-up day of a January lies in the December before.
        ("2006-12-30", True),
        ("2006-12-31", True),
    ],
)
def test_holidays_and_make_up_days(calendar: WorkCalendar, day: str, works: bool) -> None:
    assert calendar.works(date.fromisoformat(day)) is works


def test_a_make_up_day_is_known_before_its_holiday_is_asked_for() -> None:
    assert WorkCalendar(ZONE).works(date(2006, 12, 30))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-05-11 10:00", 1, "2026-05-12 17:00"),
        ("2026-05-11 23:59", 1, "2026-05-12 17:00"),
        ("2026-05-15 10:00", 1, "2026-05-18 17:00"),
        # From before the days in May over the make-up Saturday.
        ("2026-04-30 10:00", 4, "2026-05-09 17:00"),
        ("2026-02-13 10:00", 2, "2026-02-24 17:00"),
        ("2026-12-31 10:00", 1, "2027-01-04 17:00"),
    ],
)
def test_deadlines_in_days(calendar: WorkCalendar, start: str, days: int, due: str) -> None:
    assert calendar.add_days(at(start), days) == at(due)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-05-11 10:00", 0, "2026-05-11 10:00"),
        ("2026-05-11 10:00", 2, "2026-05-11 12:00"),
        ("2026-05-11 10:00", 2.5, "2026-05-11 13:30"),
        ("2026-05-11 12:30", 1, "2026-05-11 14:00"),
        ("2026-05-11 03:00", 7, "2026-05-11 17:00"),
        ("2026-05-15 16:00", 2, "2026-05-18 10:00"),
    ],
)
def test_deadlines_in_hours(calendar: WorkCalendar, start: str, hours: float, due: str) -> None:
    assert calendar.add_hours(at(start), hours) == at(due)
    assert calendar.hours_between(at(start), at(due)) == pytest.approx(hours)


def test_time_runs_forward_only(calendar: WorkCalendar) -> None:
    assert calendar.hours_between(at("2026-05-12 10:00"), at("2026-05-11 10:00")) == 0


def test_a_year_that_was_not_announced_is_said(calendar: WorkCalendar) -> None:
    assert calendar.unannounced(at("2026-05-11 10:00"), at("2026-12-31 23:00")) == ()
    assert calendar.unannounced(at("2026-12-01 10:00"), at("2028-01-01 10:00")) == (2027, 2028)
    # What the law itself sets is a holiday all the same.
    assert not calendar.works(date(2027, 10, 1))
    assert not calendar.works(date(2027, 5, 8))


def test_a_site_s_own_days() -> None:
    own = CalendarSettings(((time(8), time(16)),), (date(2027, 5, 7),), (date(2027, 5, 8),))
    calendar = WorkCalendar(ZONE, own)
    assert not calendar.works(date(2027, 5, 7))
    assert calendar.works(date(2027, 5, 8))
    assert calendar.add_days(at("2027-05-06 10:00"), 1) == at("2027-05-08 16:00")
    assert calendar.unannounced(at("2027-05-06 10:00"), at("2027-05-08 10:00")) == ()
