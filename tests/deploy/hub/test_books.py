"""Judging and the books: what a laboratory found, who was at a station, what a person has to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from collectors.stores import ReadingStore, open_store
from dashboard.casework.database import Books, open_books
from dashboard.casework.tables.stations import Review, Sample, SampleResult, StationVisit
from deploy.hub.books import QUEUE_MS, HubBooks
from sensors.errors import BooksError
from sensors.reading import Block, Quality, Reading

NOW_MS = 1_780_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    yield opened
    opened.close()


def sample(books: Books, name: str, taken_ms: int, amount: str) -> None:
    with books.change("li", NOW_MS) as session:
        session.add(Sample(id=name, station="S01", taken_ms=taken_ms))
        session.flush()
        session.add(SampleResult(sample_id=name, determinand="ammonia_nitrogen", amount=amount))


def test_results_and_their_news(books: Books, store: ReadingStore) -> None:
    hub = HubBooks(books, store)
    assert hub.news() is None
    sample(books, "L1", NOW_MS - 5 * HOUR_MS, "0.05L")
    assert hub.news() == (NOW_MS - 5 * HOUR_MS, NOW_MS - 5 * HOUR_MS)
    assert hub.news() is None
    assert HubBooks(books, store).news() is None, "another process goes on from there"
    (found,) = hub.results(NOW_MS - 6 * HOUR_MS, NOW_MS)
    assert (found.station, str(found.amount)) == ("S01", "0.05L")


def test_visits(books: Books, store: ReadingStore) -> None:
    with books.change("wang", NOW_MS) as session:
        session.add(StationVisit(id="V1", station="S01", start_ms=NOW_MS - HOUR_MS, end_ms=NOW_MS))
    (visit,) = HubBooks(books, store).visits(NOW_MS - 2 * HOUR_MS, NOW_MS)
    assert (visit.station, visit.start_ms, visit.end_ms) == ("S01", NOW_MS - HOUR_MS, NOW_MS)


def test_suspect_readings_are_queued_once_a_minute(books: Books, store: ReadingStore) -> None:
    hub = HubBooks(books, store)
    store.write(Block.of([Reading("S01", "ph", NOW_MS, 7.0, Quality.SUSPECT)]))
    hub.queue(NOW_MS, {"S01": (NOW_MS, NOW_MS)})
    store.write(Block.of([Reading("S02", "ph", NOW_MS, 7.0, Quality.SUSPECT)]))
    hub.queue(NOW_MS + 1, {"S02": (NOW_MS, NOW_MS)})

    def queued() -> list[str]:
        with books.read() as session:
            return list(session.scalars(select(Review.station).order_by(Review.station)))

    assert queued() == ["S01"]
    hub.queue(NOW_MS + QUEUE_MS, {})
    assert queued() == ["S01", "S02"]


def test_books_that_fail_do_not_stop_judging(books: Books, store: ReadingStore) -> None:
    hub = HubBooks(books, store)
    with books.engine.execution_options(changing=True).begin() as connection:
        for table in ("sample_result", "sample", "station_visit", "review"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO gone_{table}"))
    assert list(hub.visits(0, NOW_MS)) == []
    store.write(Block.of([Reading("S01", "ph", NOW_MS, 7.0, Quality.SUSPECT)]))
    hub.queue(NOW_MS, {"S01": (NOW_MS, NOW_MS)})
    with pytest.raises(BooksError):
        hub.results(0, NOW_MS)
    with books.engine.execution_options(changing=True).begin() as connection:
        for table in ("sample_result", "sample", "station_visit", "review"):
            connection.execute(text(f"ALTER TABLE gone_{table} RENAME TO {table}"))
    hub.queue(NOW_MS + QUEUE_MS, {})
    with books.read() as session:
        assert session.scalars(select(Review.station)).all() == ["S01"]
