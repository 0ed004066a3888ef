"""A person's decision on suspect readings reaches the grading, outlasts a second run of the tests, and is on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from collectors.stores import open_store
from collectors.stores.base import Flag, ReadingStore
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.reviews import GAP_MS, TEST, Queued, decide, queue, waiting
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.stations import Review
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading, StationState

MINUTE = 60_000
NOW = 1777867500000
KEY = "ammonia_nitrogen"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def put(store: ReadingStore, minutes: range, station: str = "S01", state: StationState = StationState.NORMAL) -> None:
    block = Block()
    for minute in minutes:
        block.append(Reading(station, KEY, NOW + minute * MINUTE, 1.0 + minute, Quality.GOOD, state))
    store.write(block)


def doubt(store: ReadingStore, minutes: range, test: str = "spike", station: str = "S01") -> None:
    store.put_flags([Flag(station, KEY, NOW + m * MINUTE, test, Quality.SUSPECT, {"jump": m}) for m in minutes])


def look(books: Books, store: ReadingStore, first: int = 0, last: int = 600) -> Queued:
    with books.change("riverchief", NOW) as session:
        return queue(session, store, {"S01": (NOW + first * MINUTE, NOW + last * MINUTE)})


def reviews(books: Books) -> list[Review]:
    with books.read() as session:
        return list(session.scalars(select(Review).order_by(Review.start_ms)))


def spans(books: Books) -> list[tuple[int, int, int]]:
    return [((r.start_ms - NOW) // MINUTE, (r.end_ms - NOW) // MINUTE, r.readings) for r in reviews(books)]


def qualities(store: ReadingStore) -> list[int]:
    return store.range("S01", [KEY], NOW, NOW + 10_000 * MINUTE).quality


def settle(books: Books, store: ReadingStore, decision: str, reason: str = "seen it", review: int = 1) -> None:
    with books.change("wu", NOW + 1) as session:
        decide(session, store, review, decision, reason, "wu", NOW + 1)


def test_runs_of_suspect_readings_wait_once(books: Books, store: ReadingStore) -> None:
    put(store, range(300))
    doubt(store, range(10, 13))
    doubt(store, range(12, 14), "flat")
    doubt(store, range(200, 201))
    assert look(books, store) == Queued(new=2)
    assert look(books, store) == Queued()
    assert spans(books) == [(10, 13, 4), (200, 200, 1)]
    first = reviews(books)[0]
    assert (first.station, first.determinand, first.decision) == ("S01", KEY, None)
    assert first.evidence == {
        "tests": {"spike": 3, "flat": 2},
        "first": {
            "spike": {"time_ms": NOW + 10 * MINUTE, "jump": 10},
            "flat": {"time_ms": NOW + 12 * MINUTE, "jump": 12},
        },
    }
    with books.read() as session:
        assert [review.id for review in waiting(session)] == [1, 2]
        assert [review.id for review in waiting(session, 1)] == [1]


def test_a_run_ends_where_the_next_reading_is_too_far(books: Books, store: ReadingStore) -> None:
    put(store, range(200))
    gap = GAP_MS // MINUTE
    doubt(store, range(0, 1))
    doubt(store, range(gap, gap + 1))
    doubt(store, range(2 * gap + 1, 2 * gap + 2))
    look(books, store)
    assert spans(books) == [(0, gap, 2), (2 * gap + 1, 2 * gap + 1, 1)]


def test_a_run_grows_and_late_readings_join_two(books: Books, store: ReadingStore) -> None:
    put(store, range(300))
    doubt(store, range(10, 12))
    look(books, store, 0, 20)
    doubt(store, range(12, 15))
    assert look(books, store, 12, 14) == Queued(grown=1)
    assert spans(books) == [(10, 14, 5)]
    doubt(store, range(120, 121))
    assert look(books, store, 120, 120) == Queued(new=1)
    doubt(store, range(70, 71))
    assert look(books, store, 70, 70) == Queued(grown=1)
    assert spans(books) == [(10, 120, 7)]
    assert reviews(books)[0].evidence["tests"] == {"spike": 7}


def test_readings_that_are_not_graded_anyway_do_not_wait(books: Books, store: ReadingStore) -> None:
    put(store, range(5), state=StationState.MAINTENANCE)
    doubt(store, range(5))
    put(store, range(5, 10))
    store.put_flags([Flag("S01", KEY, NOW + 6 * MINUTE, "range", Quality.FAIL)])
    assert look(books, store) == Queued()


def test_rejected_readings_fail_and_what_was_measured_stays(books: Books, store: ReadingStore) -> None:
    put(store, range(4))
    doubt(store, range(1, 3))
    look(books, store)
    values = store.range("S01", [KEY], NOW, NOW + 10 * MINUTE).value
    settle(books, store, "rejected", "  probe in the mud ")
    assert qualities(store) == [Quality.GOOD, Quality.FAIL, Quality.FAIL, Quality.GOOD]
    assert store.range("S01", [KEY], NOW, NOW + 10 * MINUTE).value == values
    flag = next(f for f in store.flags("S01", NOW, NOW + 10 * MINUTE) if f.test == TEST)
    assert flag.evidence == {"review": 1, "by": "wu", "reason": "probe in the mud"}
    (review,) = reviews(books)
    assert (review.decision, review.reason, review.decided_by, review.decided_ms) == (
        "rejected", "probe in the mud", "wu", NOW + 1,
    )  # fmt: skip
    with books.read() as session:
        assert waiting(session) == []
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).one()
    assert (last.actor, last.action, last.subject, last.after and last.after["decision"]) == (
        "wu", "update", "review", "rejected",
    )  # fmt: skip
    assert look(books, store) == Queued()


def test_accepted_readings_are_good_and_stay_so_when_the_tests_run_again(books: Books, store: ReadingStore) -> None:
    put(store, range(4))
    doubt(store, range(1, 3))
    doubt(store, range(1, 2), "flat")
    look(books, store)
    settle(books, store, "accepted")
    assert qualities(store) == [Quality.GOOD] * 4
    doubt(store, range(0, 4))
    assert look(books, store) == Queued(new=2, kept=1)
    # The decision was about two readings; those beside them are new.
    assert qualities(store) == [Quality.SUSPECT, Quality.GOOD, Quality.GOOD, Quality.SUSPECT]
    assert sum(review.readings for review in reviews(books) if review.decision is None) == 2


def test_a_decision_may_be_changed(books: Books, store: ReadingStore) -> None:
    put(store, range(4))
    doubt(store, range(1, 3))
    look(books, store)
    settle(books, store, "rejected")
    settle(books, store, "accepted", "was the storm after all")
    assert qualities(store) == [Quality.GOOD] * 4
    doubt(store, range(1, 3))
    settle(books, store, "rejected", "no, it was not")
    assert qualities(store)[1:3] == [Quality.FAIL] * 2


def test_a_decision_needs_a_reason_and_a_run(books: Books, store: ReadingStore) -> None:
    put(store, range(4))
    doubt(store, range(1, 3))
    look(books, store)
    with pytest.raises(RefusedError, match="a decision needs a reason"):
        settle(books, store, "accepted", "  ")
    with pytest.raises(RefusedError, match="9 is no run of readings"):
        settle(books, store, "accepted", review=9)
    with pytest.raises(ValueError, match="one of accepted, rejected"):
        settle(books, store, "maybe")
    assert reviews(books)[0].decision is None
    assert qualities(store)[1] == Quality.SUSPECT


def test_nothing_is_decided_where_the_store_cannot_be_written(
    books: Books, store: ReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, range(4))
    doubt(store, range(1, 3))
    look(books, store)

    def refuse(_flags: object) -> None:
        raise StoreError("disk full", retryable=True)

    monkeypatch.setattr(store, "put_flags", refuse)
    with pytest.raises(StoreError, match="disk full"):
        settle(books, store, "rejected")
    assert reviews(books)[0].decision is None
