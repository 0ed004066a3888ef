"""What people wrote of a station."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.tables.stations import Calibration, Review, Sample, SampleResult, StationVisit
from dashboard.viewdata.station_care import care, samples
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block, Quality, Reading

NOW = 1_777_867_500_000
KEY = "ammonia_nitrogen"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def visit(name: str, days_ago: float, *, hours: float | None = 1, station: str = "S01", due: date | None = None,
          passed: bool | None = True) -> StationVisit:  # fmt: skip
    start = NOW - round(days_ago * DAY_MS)
    end = None if hours is None else start + round(hours * HOUR_MS)
    checks = [Calibration(determinand="ph", standard=6.86, before=6.9, after=6.86, tolerance=0.1, passed=passed,
                          next_due_on=due)] if due else []  # fmt: skip
    return StationVisit(id=name, station=station, kind="calibration", start_ms=start, end_ms=end, person="Li",
                        calibrations=checks)  # fmt: skip


def test_the_newest_calibration_counts_and_says_when_it_is_due(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add_all([
            visit("old", 90, due=date(2026, 3, 1), passed=False), visit("new", 40, due=date(2026, 5, 1)),
            visit("other", 1, station="S02", due=date(2026, 9, 1)), visit("ancient", 400),
        ])  # fmt: skip
    with books.read() as session:
        found = care(session, "S01", NOW)
    (one,) = found.checked
    assert (one.determinand, one.passed, one.next_due_on) == ("ph", True, date(2026, 5, 1))
    assert one.days_left(date(2026, 5, 4)) == -3
    assert [each.id for each in found.visits] == ["new", "old"]
    assert found.present is None


def test_somebody_is_there(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add(visit("now", 0.05, hours=None))
    with books.read() as session:
        present = care(session, "S01", NOW).present
    assert present is not None
    assert (present.id, present.end_ms) == ("now", None)


def test_runs_that_wait_and_runs_that_were_decided(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add_all([
            Review(station="S01", determinand=KEY, start_ms=NOW - HOUR_MS, end_ms=NOW, readings=3,
                   evidence={"tests": {"spike": 3}, "first": {"spike": {"statistic": 2.0, "limit": 1.0}}}),
            Review(station="S01", determinand="ph", start_ms=1, end_ms=2, readings=1, evidence={"tests": 7},
                   decision="rejected", reason="loose plug", decided_by="wu", decided_ms=NOW),
            Review(station="S02", determinand=KEY, start_ms=1, end_ms=2, readings=1),
        ])  # fmt: skip
    with books.read() as session:
        found = care(session, "S01", NOW)
    (waiting,), (decided,) = found.waiting, found.decided
    assert (waiting.readings, waiting.tests, waiting.first["spike"]["limit"]) == (3, {"spike": 3}, 1.0)
    assert (decided.decision, decided.reason, decided.tests) == ("rejected", "loose plug", {})


def test_samples_beside_the_probe(books: Books, store: ReadingStore) -> None:
    store.write(Block.of([
        Reading("S01", KEY, NOW - DAY_MS, 1.1), Reading("S01", KEY, NOW - DAY_MS + 60_000, 1.3),
        Reading("S01", KEY, NOW - DAY_MS + 120_000, 9.0, Quality.FAIL),
    ]))  # fmt: skip
    with books.change("t", NOW) as session:
        session.add_all([
            Sample(id="A", station="S01", taken_ms=NOW - DAY_MS,
                   results=[SampleResult(determinand=KEY, amount="1.0"), SampleResult(determinand="ph", amount="?")]),
            Sample(id="B", station="S01", taken_ms=NOW - HOUR_MS, results=[SampleResult(determinand=KEY, amount="ND")]),
            Sample(id="C", station="S02", taken_ms=NOW - HOUR_MS, results=[SampleResult(determinand=KEY, amount="1")]),
        ])  # fmt: skip
    with books.read() as session:
        newest, older = samples(session, store, "S01", NOW)
    assert (newest.sample, newest.probe, newest.agrees) == ("B", None, None)
    assert (older.sample, older.readings, older.agrees) == ("A", 2, True)
    assert older.relative == pytest.approx(0.2)
