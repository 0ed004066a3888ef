from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analytics.grading import WaterClass
from collectors.stores import open_store
from collectors.stores.base import Assessment
from dashboard.casework.desk import Desk
from dashboard.casework.grades import last_month, month_grades, month_of
from tests.dashboard.casework.made import at


def test_months_are_those_of_the_site(desk: Desk) -> None:
    month = month_of(desk.site, "2026-05")
    assert (month.start_ms, month.end_ms) == (at("2026-05-01 00:00"), at("2026-06-01 00:00"))
    assert last_month(desk, date(2026, 6, 1)) == month
    assert last_month(desk, date(2026, 6, 30)) == month
    assert last_month(desk, date(2026, 1, 15)).label == "2025-12"
    with pytest.raises(ValueError, match="month must be"):
        month_of(desk.site, "2026-13")


def test_every_river_has_its_grade_or_none(desk: Desk, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    month = month_of(desk.site, "2026-05")
    store.put_assessments(
        [
            Assessment("river", "R01", "month", month.start_ms, "V", partial=True, provisional=True),
            Assessment("river", "R02", "month", month.start_ms, None),
            Assessment("river", "R03", "month", month.previous().start_ms, "II"),
            Assessment("river", "R04", "day", month.start_ms, "II"),
        ]
    )
    found = month_grades(store, desk.site, month)
    assert list(found) == list(desk.site.rivers)
    first = found["R01"]
    assert (first.water_class, first.partial, first.provisional) == (WaterClass.V, True, True)
    assert first.record == "assessment/river/R01/month/2026-05"
    assert [found[river].water_class for river in ("R02", "R03", "R04")] == [None, None, None]
    store.close()
