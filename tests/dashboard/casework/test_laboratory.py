from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from analytics.below_detection import Amount, BelowDetection
from analytics.laboratory import LaboratoryResult
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.laboratory import (
    ComparisonSettings,
    Tolerance,
    changed_since,
    compare,
    pair,
    results_between,
)
from dashboard.casework.tables.stations import Sample, SampleResult
from sensors.reading import Block, Quality, Reading, StationState

MINUTE = 60_000
NOW = 1777867500000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def sample(books: Books, name: str, taken_ms: int, station: str = "S01", **amounts: str) -> None:
    results = [SampleResult(determinand=key, amount=amount) for key, amount in amounts.items()]
    with books.change("lab", NOW) as session:
        session.add(Sample(id=name, station=station, taken_ms=taken_ms, results=results))


def test_results_of_a_span_in_the_order_in_which_samples_were_taken(books: Books) -> None:
    sample(books, "B", NOW, total_phosphorus="0.01L", ammonia_nitrogen="0.5")
    sample(books, "A", NOW - 1, "S02", ph="7.1")
    sample(books, "C", NOW + 10, ammonia_nitrogen="ND", ph="garbled", orp="-")
    with books.read() as session:
        assert results_between(session, NOW - 1, NOW + 10) == [
            LaboratoryResult("S02", "ph", NOW - 1, 7.1), LaboratoryResult("S01", "ammonia_nitrogen", NOW, 0.5),
            LaboratoryResult("S01", "total_phosphorus", NOW, BelowDetection(0.01)),
        ]  # fmt: skip
        assert results_between(session, NOW + 10, NOW + 11) == [
            LaboratoryResult("S01", "ammonia_nitrogen", NOW + 10, BelowDetection())
        ]


def test_a_sample_is_held_against_the_usable_readings_around_it(books: Books, store: ReadingStore) -> None:
    block = Block()
    for minute, value, quality, state in (
        (-31, 9.0, Quality.GOOD, StationState.NORMAL), (-30, 0.5, Quality.GOOD, StationState.NORMAL),
        (0, 0.6, Quality.SUSPECT, StationState.NORMAL), (1, 9.0, Quality.FAIL, StationState.NORMAL),
        (2, 9.0, Quality.GOOD, StationState.CALIBRATION), (3, None, Quality.MISSING, StationState.NORMAL),
        (30, 0.7, Quality.NOT_EVALUATED, StationState.NORMAL), (31, 9.0, Quality.GOOD, StationState.NORMAL),
    ):  # fmt: skip
        block.append(Reading("S01", "ammonia_nitrogen", NOW + minute * MINUTE, value, quality, state))
    store.write(block)
    sample(books, "A", NOW, ammonia_nitrogen="0.5", ph="7.1")
    with books.read() as session:
        ammonia, ph = compare(session, store, NOW, NOW + 1)
        assert compare(session, store, NOW + 1, NOW + 2) == []
        narrow = ComparisonSettings(window_ms=MINUTE, tolerances={"ammonia_nitrogen": Tolerance(absolute=0.05)})
        assert [each.agrees for each in compare(session, store, NOW, NOW + 1, narrow)] == [False, None]
    assert (ammonia.sample, ammonia.station, ammonia.laboratory, ammonia.time_ms) == ("A", "S01", 0.5, NOW)
    assert (ammonia.probe, ammonia.readings, ammonia.difference, ammonia.relative) == (0.6, 3, 0.1, 0.2)
    assert ammonia.agrees is True
    assert (ph.determinand, ph.probe, ph.readings, ph.difference, ph.agrees) == ("ph", None, 0, None, None)


@pytest.mark.parametrize(
    ("laboratory", "probe", "tolerance", "agrees"),
    [
        (1.0, 1.3, Tolerance(relative=0.3), True), (1.0, 1.301, Tolerance(relative=0.3), False),
        (1.0, 0.7, Tolerance(relative=0.3), True), (0.1, 0.2, Tolerance(0.1, 0.3), True),
        (0.1, 0.201, Tolerance(0.1, 0.3), False), (0.0, 0.0, Tolerance(relative=0.3), True),
        (0.0, 0.1, Tolerance(relative=0.3), False), (-5.0, -5.5, Tolerance(relative=0.1), True),
        (7.05, 7.0, Tolerance(0.05), True), (1.0, 1.0, None, None),
        (BelowDetection(0.05), 0.05, Tolerance(relative=0.3), True), (BelowDetection(0.05), 0.06, Tolerance(), False),
        (BelowDetection(0.05), 0.15, Tolerance(0.1), True), (BelowDetection(), 0.01, Tolerance(0.1), None),
    ],
)  # fmt: skip
def test_both_sides_of_each_tolerance(
    laboratory: Amount, probe: float, tolerance: Tolerance | None, agrees: bool | None
) -> None:
    assert pair("A", "S01", "ammonia_nitrogen", NOW, laboratory, [probe], tolerance).agrees is agrees


def test_what_is_no_number_has_no_difference() -> None:
    below = pair("A", "S01", "ph", NOW, BelowDetection(0.05), [0.04], Tolerance(0.1))
    assert (below.difference, below.relative, below.probe) == (None, None, 0.04)
    nothing = pair("A", "S01", "ph", NOW, 0.0, [0.5], Tolerance(0.1))
    assert (nothing.difference, nothing.relative) == (0.5, None)


def test_months_of_samples_that_changed_are_known(books: Books) -> None:
    def told(seq: int) -> tuple[tuple[int, int] | None, int]:
        with books.read() as session:
            return changed_since(session, seq)

    assert told(0) == (None, 0)
    sample(books, "A", NOW, ph="7.1")
    sample(books, "B", NOW + 5, ph="7.2")
    span, seq = told(0)
    assert (span, seq) == ((NOW, NOW + 5), 4)
    assert told(seq) == (None, 4)
    with books.change("lab", NOW) as session:
        session.scalars(select(SampleResult).where(SampleResult.sample_id == "B")).one().amount = "7.3"
    span, seq = told(seq)
    assert (span, seq) == ((NOW + 5, NOW + 5), 5)
    with books.change("lab", NOW) as session:
        session.get_one(Sample, "A").taken_ms = NOW - 100
    span, seq = told(seq)
    assert span == (NOW - 100, NOW)
    with books.change("lab", NOW) as session:
        session.delete(session.scalars(select(SampleResult).where(SampleResult.sample_id == "A")).one())
        session.delete(session.get_one(Sample, "A"))
    assert told(seq)[0] == (NOW - 100, NOW - 100)
