from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.periods import PERIOD_KINDS, Period, PeriodKind, period_edges

CST = timezone(timedelta(hours=8))
ZONES = [CST, UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/Santiago"),
         ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]  # fmt: skip


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("kind", "label", "start", "end"),
    [
        ("4h", "2026-05-01T00", "2026-05-01T00:00+08:00", "2026-05-01T04:00+08:00"),
        ("day", "2026-05-01", "2026-05-01T00:00+08:00", "2026-05-02T00:00+08:00"),
        ("month", "2026-05", "2026-05-01T00:00+08:00", "2026-06-01T00:00+08:00"),
        ("quarter", "2026-Q2", "2026-04-01T00:00+08:00", "2026-07-01T00:00+08:00"),
        ("year", "2026", "2026-01-01T00:00+08:00", "2027-01-01T00:00+08:00"),
    ],
)
def test_periods_are_those_of_the_local_calendar(kind: PeriodKind, label: str, start: str, end: str) -> None:
    assert Period.at(kind, ms("2026-04-30T16:00:00+00:00"), CST) == Period(kind, ms(start), ms(end), CST)
    assert Period.at(kind, ms("2026-04-30T16:00:00+00:00"), CST).label == label


@pytest.mark.parametrize("kind", PERIOD_KINDS)
def test_a_period_includes_its_start_and_not_its_end(kind: PeriodKind) -> None:
    period = Period.at(kind, ms("2026-08-15T13:27:31+08:00"), CST)
    assert Period.at(kind, period.start_ms, CST) == period
    assert Period.at(kind, period.end_ms - 1, CST) == period
    assert Period.at(kind, period.end_ms, CST).start_ms == period.end_ms
    assert Period.at(kind, period.start_ms - 1, CST).end_ms == period.start_ms


@pytest.mark.parametrize(("hour", "start"), [(3, 0), (4, 4), (7, 4), (8, 8), (19, 16), (20, 20), (23, 20)])
def test_four_hours_begin_when_national_stations_report(hour: int, start: int) -> None:
    assert Period.at("4h", ms(f"2026-05-01T{hour:02}:59+08:00"), CST).label == f"2026-05-01T{start:02}"


@pytest.mark.parametrize(
    ("kind", "label", "previous", "year_before"),
    [
        ("4h", "2026-03-01T00", "2026-02-28T20", "2025-03-01T00"),
        ("day", "2024-03-01", "2024-02-29", "2023-03-01"),
        ("day", "2024-02-29", "2024-02-28", "2023-02-28"),
        ("month", "2026-01", "2025-12", "2025-01"),
        ("month", "2026-03", "2026-02", "2025-03"),
        ("quarter", "2026-Q1", "2025-Q4", "2025-Q1"),
        ("year", "2026", "2025", "2025"),
    ],
)
def test_what_a_period_is_compared_with(kind: PeriodKind, label: str, previous: str, year_before: str) -> None:
    starts = {"quarter": "2026-01-01", "year": "2026-01-01", "month": f"{label}-01"}
    text = starts.get(kind, label)
    period = Period.at(kind, ms(f"{text}{'' if 'T' in text else 'T00'}:00+08:00"), CST)
    assert period.label == label
    assert period.previous().label == previous
    assert period.year_before().label == year_before
    assert period.year_before().kind == kind


@pytest.mark.parametrize(
    ("kind", "part", "n"),
    [("day", "4h", 6), ("month", "day", 29), ("quarter", "month", 3), ("year", "month", 12), ("year", "day", 366),
     ("month", "month", 1), ("quarter", "4h", 91 * 6)],
)  # fmt: skip
def test_parts_make_up_the_whole(kind: PeriodKind, part: PeriodKind, n: int) -> None:
    period = Period.at(kind, ms("2024-02-10T00:00+08:00"), CST)
    parts = period.parts(part)
    assert len(parts) == n
    assert (parts[0].start_ms, parts[-1].end_ms) == (period.start_ms, period.end_ms)
    assert all(before.end_ms == after.start_ms for before, after in pairwise(parts))


def test_a_day_has_no_parts_of_a_month() -> None:
    with pytest.raises(ValueError, match="no parts of a month"):
        Period.at("day", 0, CST).parts("month")


def test_days_may_have_23_or_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = [
        (period.end_ms - period.start_ms) / 3_600_000
        for day in ("2026-03-29", "2026-03-30", "2026-10-25")
        for period in [Period.at("day", ms(f"{day}T10:00+00:00"), berlin)]
    ]
    assert hours == [23, 24, 25]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PERIOD_KINDS), st.integers(0, 4_000_000_000_000), st.sampled_from(ZONES))
def test_every_instant_lies_in_one_period(kind: PeriodKind, time_ms: int, zone: tzinfo) -> None:
    period = Period.at(kind, time_ms, zone)
    assert period.start_ms <= time_ms < period.end_ms
    assert period.previous().end_ms == period.start_ms
    assert Period.at(kind, period.end_ms, zone).start_ms == period.end_ms


def test_edges_cover_the_span() -> None:
    start, end = ms("2026-01-15T00:00+08:00"), ms("2026-03-01T00:00+08:00")
    edges = period_edges("month", start, end, CST)
    assert edges == tuple(ms(f"2026-{month:02}-01T00:00+08:00") for month in (1, 2, 3))
    assert len(period_edges("month", start, end + 1, CST)) == 4
    with pytest.raises(ValueError, match="empty span"):
        period_edges("month", end, end, CST)
