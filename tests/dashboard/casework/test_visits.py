from __future__ import annotations

from datetime import date

import pytest

from analytics.qc.visits import Visit
from dashboard.casework.database import Books
from dashboard.casework.survey import RefusedError
from dashboard.casework.visits import (
    LONGEST_MS,
    Due,
    calibrate,
    calibrations_due,
    close_visit,
    due_by_week,
    in_maintenance,
    left_open,
    open_visit,
    passes,
    visits_between,
)

HOUR = 3_600_000
NOW = 1777867500000
DAY = date(2026, 5, 4)


def visit(books: Books, station: str, start_ms: int, end_ms: int | None = None) -> str:
    with books.change("wu", start_ms) as session:
        name = open_visit(session, station, "calibration", "吴", start_ms).id
        if end_ms is not None:
            session.flush()
            close_visit(session, name, end_ms, "ok")
        return name


def there(books: Books, station: str, now_ms: int) -> bool:
    with books.read() as session:
        return in_maintenance(session, station, now_ms) is not None


def test_a_station_is_in_maintenance_from_arrival_to_leaving(books: Books) -> None:
    name = visit(books, "S01", NOW)
    assert [there(books, "S01", NOW + d) for d in (-1, 0, HOUR)] == [False, True, True]
    assert not there(books, "S02", NOW)
    with pytest.raises(RefusedError, match=f"S01 is being visited already: {name}"):
        visit(books, "S01", NOW + HOUR)
    with books.change("wu", NOW + HOUR) as session:
        close_visit(session, name, NOW + HOUR)
    assert [there(books, "S01", NOW + d) for d in (HOUR - 1, HOUR)] == [True, False]
    with pytest.raises(RefusedError, match="is no open visit"), books.change("wu", NOW) as session:
        close_visit(session, name, NOW + 2 * HOUR)
    with pytest.raises(RefusedError, match="X is no open visit"), books.change("wu", NOW) as session:
        close_visit(session, "X", NOW)


def test_nobody_leaves_before_arriving(books: Books) -> None:
    name = visit(books, "S01", NOW)
    with pytest.raises(RefusedError), books.change("wu", NOW) as session:
        close_visit(session, name, NOW - 1)


def test_a_visit_that_was_forgotten_does_not_hide_the_water(books: Books) -> None:
    name = visit(books, "S01", NOW)
    assert there(books, "S01", NOW + LONGEST_MS - 1)
    assert not there(books, "S01", NOW + LONGEST_MS)
    with books.read() as session:
        assert left_open(session, NOW + LONGEST_MS - 1) == []
        assert [row.id for row in left_open(session, NOW + LONGEST_MS)] == [name]
        assert visits_between(session, NOW, NOW + 9 * HOUR) == [Visit("S01", NOW, NOW + LONGEST_MS)]
        assert visits_between(session, NOW + LONGEST_MS + 1, NOW + 9 * HOUR) == []
    assert visit(books, "S01", NOW + LONGEST_MS) != name


def test_quality_control_gets_the_visits_that_touch_a_span(books: Books) -> None:
    visit(books, "S02", NOW, NOW + HOUR)
    visit(books, "S01", NOW + 2 * HOUR)
    with books.read() as session:
        assert visits_between(session, NOW + HOUR, NOW + 3 * HOUR) == [
            Visit("S02", NOW, NOW + HOUR), Visit("S01", NOW + 2 * HOUR, NOW + 3 * HOUR),
        ]  # fmt: skip
        assert visits_between(session, NOW + HOUR + 1, NOW + 2 * HOUR) == []
        assert visits_between(session, NOW - HOUR, NOW) == []


@pytest.mark.parametrize(
    ("before", "after", "tolerance", "passed"),
    [
        (7.0, 6.91, 0.05, True), (7.0, 6.92, 0.05, False), (6.9, None, 0.05, True), (7.0, None, 0.05, False),
        (None, 6.81, 0.05, True), (None, None, 0.05, None), (7.0, 6.9, None, None), (6.86, 6.86, 0.0, True),
    ],
)  # fmt: skip
def test_a_calibration_passes_within_its_tolerance(
    before: float | None, after: float | None, tolerance: float | None, passed: bool | None
) -> None:
    assert passes(6.86, before, after, tolerance) is passed


def test_what_is_due_is_told_by_the_last_calibration_of_each_head(books: Books) -> None:
    first, second = (
        visit(books, "S01", NOW - 40 * 24 * HOUR, NOW - 40 * 24 * HOUR + 1),
        visit(books, "S01", NOW, NOW + 1),
    )
    other = visit(books, "S02", NOW, NOW + 1)
    with books.change("wu", NOW) as session:
        calibrate(session, first, "ph", 6.86, after=6.9, tolerance=0.1, next_due_on=date(2026, 4, 24))
        calibrate(session, first, "orp", 220.0, before=230.0, tolerance=5.0, next_due_on=date(2026, 4, 24))
        found = calibrate(session, second, "ph", 6.86, after=7.2, tolerance=0.1, next_due_on=date(2026, 5, 18))
        calibrate(session, other, "ph", 6.86, next_due_on=date(2026, 5, 19))
        calibrate(session, other, "turbidity", 20.0)
    assert found.passed is False
    with books.read() as session:
        assert [(due.station, due.determinand, due.days, due.passed) for due in calibrations_due(session, DAY)] == [
            ("S01", "orp", -10, False), ("S01", "ph", 14, False),
        ]  # fmt: skip
        assert [due.station for due in calibrations_due(session, DAY, 15, ["S02"])] == ["S02"]
    with pytest.raises(RefusedError, match="X is no visit"), books.change("wu", NOW) as session:
        calibrate(session, "X", "ph", 6.86)


def test_kinds_of_visit(books: Books) -> None:
    with pytest.raises(ValueError, match="one of maintenance, calibration"), books.change("wu", NOW) as session:
        open_visit(session, "S01", "holiday", "吴", NOW)


def test_what_is_due_is_a_list_for_each_week() -> None:
    """The 4th of May 2026 is a Monday."""
    dues = [
        Due("S02", "ph", date(2026, 5, 4), 0, True), Due("S01", "orp", date(2026, 5, 10), 6, True),
        Due("S01", "ph", date(2026, 5, 11), 7, None), Due("S03", "ph", date(2026, 5, 3), -1, False),
        Due("S01", "turbidity", date(2026, 5, 5), 1, True),
    ]  # fmt: skip
    found = due_by_week(dues, date(2026, 5, 4))
    assert [(monday, [(due.station, due.determinand) for due in week]) for monday, week in found] == [
        (None, [("S03", "ph")]),
        (date(2026, 5, 4), [("S01", "turbidity"), ("S01", "orp"), ("S02", "ph")]),
        (date(2026, 5, 11), [("S01", "ph")]),
    ]
    assert due_by_week([], date(2026, 5, 4)) == []
