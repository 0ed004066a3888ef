"""The grade history: every day where it belongs, gaps empty, months beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from collectors.stores import open_store
from collectors.stores.base import Assessment, Basis, ReadingStore
from dashboard.viewdata.river_calendar import year, years
from sensors.site import Site

ZONE = ZoneInfo("Asia/Shanghai")


def at(*when: int) -> int:
    return round(datetime(*when, tzinfo=ZONE).timestamp() * 1000)


def judged(basis: str, when: int, name: str | None, **more: bool) -> Assessment:
    return Assessment("river", "R01", cast(Basis, basis), when, name, deciding=("ph",), **more)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    opened.put_assessments([
        judged("day", at(2026, 1, 1), "V", provisional=True),
        judged("day", at(2026, 1, 31), "II"),
        judged("day", at(2026, 2, 28), None),
        judged("day", at(2026, 12, 31), "INFERIOR_V", partial=True),
        judged("day", at(2025, 12, 31), "I"),
        judged("month", at(2026, 1, 1), "IV"),
        judged("month", at(2024, 6, 1), "III"),
    ])  # fmt: skip
    yield opened
    opened.close()


def test_days_stand_at_their_place(store: ReadingStore, xietang: Site) -> None:
    months = year(store, xietang, "R01", 2026)
    assert [len(month.days) for month in months] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    first, last = months[0].days[0], months[11].days[30]
    assert first is not None
    assert (first.day, first.condition.shade, first.provisional) == (date(2026, 1, 1), "V", True)
    assert last is not None
    assert (last.condition.shade, last.partial) == ("INFERIOR_V", True)
    assert sum(day is not None for month in months for day in month.days) == 3


def test_a_day_that_could_not_be_graded_is_a_gap(store: ReadingStore, xietang: Site) -> None:
    february = year(store, xietang, "R01", 2026)[1]
    assert february.days[27] is None
    assert february.judged == 0
    assert february.condition.shade is None


def test_months_are_counted_and_judged(store: ReadingStore, xietang: Site) -> None:
    january = year(store, xietang, "R01", 2026)[0]
    assert {name: count for name, count in january.counts.items() if count} == {"V": 1, "II": 1}
    assert january.condition.water_class == "IV"


def test_years_that_have_anything_and_this_one(store: ReadingStore, xietang: Site) -> None:
    assert years(store, xietang, "R01", at(2027, 3, 1)) == (2027, 2026, 2024)
    assert years(store, xietang, "R02", at(2027, 3, 1)) == (2027,)


def test_a_leap_year(store: ReadingStore, xietang: Site) -> None:
    assert len(year(store, xietang, "R01", 2028)[1].days) == 29
