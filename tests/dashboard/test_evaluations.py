"""What the hub evaluated is what the board tells, and how it differs from before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.grading import WaterClass
from collectors.stores import ReadingStore, open_store
from dashboard.evaluations import period_report
from deploy.hub.period_judge import PeriodJudge
from sensors.reading import Block, Quality, Reading
from sensors.site import Site

CST = ZoneInfo("Asia/Shanghai")
HOUR_MS = 3_600_000
GOOD = {"ph": 7.2, "dissolved_oxygen": 8.0, "permanganate_index": 3.0, "ammonia_nitrogen": 0.4}


def at(year: int, month: int) -> int:
    return round(datetime(year, month, 1, tzinfo=CST).timestamp() * 1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def fill(store: ReadingStore, site: Site, start_ms: int, end_ms: int, ammonia: float, suspect: float = 0.0) -> None:
    """Every eighth hour at every station; the first day suspect where a value for it is given."""
    readings = []
    for station in site.stations:
        for time_ms in range(start_ms, end_ms, 8 * HOUR_MS):
            doubtful = suspect and time_ms < start_ms + 24 * HOUR_MS
            quality = Quality.SUSPECT if doubtful else Quality.GOOD
            for key, value in (GOOD | {"ammonia_nitrogen": suspect if doubtful else ammonia}).items():
                readings.append(Reading(station, key, time_ms, value, quality))
    store.write(Block.of(readings))


def test_months_and_their_changes(store: ReadingStore, xietang: Site) -> None:
    spans = {name: (at(*month), at(*after)) for name, month, after in (
        ("year", (2025, 5), (2025, 6)), ("before", (2026, 4), (2026, 5)), ("now", (2026, 5), (2026, 6)),
    )}  # fmt: skip
    fill(store, xietang, *spans["year"], 0.4)
    fill(store, xietang, *spans["before"], 3.0)
    fill(store, xietang, *spans["now"], 0.9, suspect=99.0)
    judge = PeriodJudge(xietang, store)
    for start_ms, end_ms in spans.values():
        judge.redo(start_ms, end_ms - 1)
    now_ms = at(2026, 6)
    judge.tick(now_ms)
    while judge.behind:
        judge.tick(now_ms)
    report = period_report(store, xietang, "month", at(2026, 5) + HOUR_MS)
    assert report is not None
    assert (report.period.label, report.running) == ("2026-05", False)
    with_suspect, without = report.evaluation.with_suspect, report.evaluation.without_suspect
    assert {section.water_class for section in without.sections.values()} == {WaterClass.III}
    assert {section.water_class for section in with_suspect.sections.values()} == {WaterClass.INFERIOR_V}
    assert all(section.provisional for section in with_suspect.sections.values())
    assert with_suspect.subdistrict.inferior_share == 100.0
    river = next(iter(xietang.rivers))
    assert report.on_previous is not None
    assert report.on_previous.rivers[river].extent == "none"
    assert report.on_year is not None
    assert (report.on_year.rivers[river].extent, report.on_year.rivers[river].direction) == ("marked", "worse")


def test_of_an_unknown_period_nothing_is_told(store: ReadingStore, xietang: Site) -> None:
    assert period_report(store, xietang, "month", at(2026, 5)) is None
