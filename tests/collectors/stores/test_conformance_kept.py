"""How long things are kept, and roll-ups that stay right through it; the same in every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.stores.base import DAY_OFFSET_MS, Flag, ReadingStore
from collectors.stores.influx import InfluxStore
from collectors.stores.retention import Retention, split_url
from collectors.stores.sqlite import SqliteStore
from sensors.durations import DAY_MS, HOUR_MS
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading

#: Midnight of UTC+8.
T0 = 1_730_000_000_000 // DAY_MS * DAY_MS - DAY_OFFSET_MS


class Clock:
    """A clock that is put where a test wants it."""

    def __init__(self) -> None:
        self.now_ms = T0 + 3 * DAY_MS

    def __call__(self) -> int:
        self.now_ms += 1
        return self.now_ms


Kept = Callable[[Retention], ReadingStore]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("influx", marks=pytest.mark.influxdb)])
def kept(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Kept]:
    """Open a store of each backend with a retention."""
    opened: list[ReadingStore] = []
    make = request.getfixturevalue("influx_url") if request.param == "influx" else None

    def open_(retention: Retention) -> ReadingStore:
        if make is not None:
            opened.append(InfluxStore(make(), retention=retention, now_ms=clock))
        else:
            opened.append(SqliteStore(tmp_path / "readings.sqlite", retention=retention, now_ms=clock))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


def hours(store: ReadingStore, days: int, value: float = 7.0) -> None:
    """Four readings an hour of so many days."""
    store.write(Block.of(Reading("S1", "ph", T0 + n * HOUR_MS // 4, value) for n in range(days * 96)))


def tidy(store: ReadingStore) -> int:
    pieces = 1
    while store.tidy():
        pieces += 1
        assert pieces < 500
    return pieces


def counts(store: ReadingStore, days: int, step_ms: int) -> list[int]:
    return store.summary(["S1"], ["ph"], T0, T0 + days * DAY_MS, step_ms).count


def test_everything_is_kept_unless_told_otherwise(kept: Kept, clock: Clock) -> None:
    store = kept(Retention())
    hours(store, 2)
    clock.now_ms = T0 + 4000 * DAY_MS
    tidy(store)
    assert len(store.range("S1", ["ph"], T0, T0 + DAY_MS)) == 96


def test_readings_go_and_their_roll_ups_stay(kept: Kept, clock: Clock) -> None:
    store = kept(Retention(raw=40 * DAY_MS, hour=50 * DAY_MS))
    hours(store, 5)
    store.write(Block.of([Reading("S1", "ph", T0, 9.0)]))
    store.put_flags([Flag("S1", "ph", T0 + HOUR_MS, "spike", Quality.SUSPECT)])
    tidy(store)
    before = [list(store.summary(["S1"], ["ph"], T0, T0 + 6 * DAY_MS, step_ms)) for step_ms in (HOUR_MS, DAY_MS)]
    assert before[0][0].maximum == 9.0
    clock.now_ms = T0 + 42 * DAY_MS + HOUR_MS
    tidy(store)
    assert len(store.range("S1", ["ph"], T0, T0 + 9 * DAY_MS)) == 3 * 96
    assert store.range("S1", ["ph"], T0, T0 + 9 * DAY_MS).time_ms[0] == T0 + 2 * DAY_MS
    assert (store.flags("S1", T0, T0 + DAY_MS), store.revisions(T0, T0 + DAY_MS)) == ([], [])
    after = [list(store.summary(["S1"], ["ph"], T0, T0 + 6 * DAY_MS, step_ms)) for step_ms in (HOUR_MS, DAY_MS)]
    assert after == before
    clock.now_ms = T0 + 51 * DAY_MS + HOUR_MS
    tidy(store)
    assert counts(store, 2, HOUR_MS) == [4] * 24
    assert counts(store, 6, DAY_MS) == [96] * 5
    assert list(store.summary(["S1"], ["ph"], T0, T0 + 6 * DAY_MS, DAY_MS)) == before[1]


def test_what_comes_after_its_time_does_not_spoil_a_roll_up(kept: Kept, clock: Clock) -> None:
    store = kept(Retention(raw=40 * DAY_MS))
    hours(store, 3)
    tidy(store)
    clock.now_ms = T0 + 42 * DAY_MS + HOUR_MS
    tidy(store)
    store.commit(Block.of([Reading("S1", "ph", T0 + 5, 100.0)]), "gw1", "e", 1)
    clock.now_ms += HOUR_MS
    tidy(store)
    assert counts(store, 3, DAY_MS) == [96] * 3
    assert counts(store, 1, HOUR_MS) == [4] * 24
    clock.now_ms += DAY_MS
    tidy(store)
    assert len(store.range("S1", ["ph"], T0, T0 + DAY_MS)) == 0


def test_late_and_revised_readings_correct_roll_ups(kept: Kept, clock: Clock) -> None:
    store = kept(Retention())
    hours(store, 3)
    tidy(store)
    changed = [
        Reading("S1", "ph", T0 + 7, 8.0),  # late
        Reading("S1", "ph", T0 + HOUR_MS, 9.0),  # revised
        *(Reading("S1", "ph", T0 + 2 * HOUR_MS + n * HOUR_MS // 4, 7.0, Quality.FAIL) for n in range(4)),
    ]
    store.write(Block.of(changed))
    store.put_flags([Flag("S1", "ph", T0 + 3 * HOUR_MS, "spike", Quality.SUSPECT)])
    expected = [(5, 7.2, 8.0, 5), (4, 7.5, 9.0, 4), (4, 7.0, 7.0, 3)]
    for _ in range(2):
        rows = list(store.summary(["S1"], ["ph"], T0, T0 + 4 * HOUR_MS, HOUR_MS))
        assert [(row.count, row.mean, row.maximum, row.certain_count) for row in rows] == expected
        assert [row.start_ms for row in rows] == [T0, T0 + HOUR_MS, T0 + 3 * HOUR_MS]
        (day,) = store.summary(["S1"], ["ph"], T0, T0 + DAY_MS, DAY_MS)
        assert (day.count, day.maximum, day.provisional) == (93, 9.0, 1)
        clock.now_ms += HOUR_MS
        tidy(store)
    store.write(Block.of(Reading("S1", "ph", T0 + n * HOUR_MS // 4, None, Quality.MISSING) for n in range(96)))
    for _ in range(2):
        assert counts(store, 3, DAY_MS) == [1, 96, 96]  # the one that came late lies between, and stays
        clock.now_ms += HOUR_MS
        tidy(store)


@pytest.mark.influxdb
def test_a_bucket_is_answered_from_its_roll_ups(influx_url: Callable[[], str], clock: Clock) -> None:
    with closing(InfluxStore(influx_url(), now_ms=clock)) as store:
        hours(store, 2)
        tidy(store)
        clock.now_ms += HOUR_MS  # what was written just now is not relied on yet
        tidy(store)
        store.bucket.delete(T0, T0 + 9 * DAY_MS, "reading")
        assert counts(store, 2, HOUR_MS) == [4] * 48
        assert counts(store, 2, DAY_MS) == [96] * 2
        store.bucket.delete(T0, T0 + 9 * DAY_MS, "hour")
        assert counts(store, 2, HOUR_MS) == []
        assert counts(store, 2, DAY_MS) == [96] * 2


@pytest.mark.influxdb
def test_the_log_of_a_bucket_is_folded_and_tells_no_less(influx_url: Callable[[], str], clock: Clock) -> None:
    with closing(InfluxStore(influx_url(), now_ms=clock)) as store:
        cursors = [""]
        for n in range(10):
            store.write(Block.of([Reading(f"S{n % 3}", "ph", T0 + n * HOUR_MS, 7.0)]))
            clock.now_ms += HOUR_MS
            cursors.append(store.changes(cursors[-1])[1])
        everything = store.changes("")[0]
        lines = len(store._log.read("change", 0, clock.now_ms * 2))
        clock.now_ms += 30 * HOUR_MS
        tidy(store)
        assert len(store._log.read("change", 0, clock.now_ms * 2)) == 1 < lines
        assert store.changes("")[0] == everything
        assert store.changes(cursors[5])[0] == everything
        assert store.changes(cursors[-1])[0] in ({}, everything)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Retention()),
        ("?raw=90d", Retention(raw=90 * DAY_MS)),
        ("?raw=3y&hour=10y&day=10y", Retention(3 * 366 * DAY_MS, 3660 * DAY_MS, 3660 * DAY_MS)),
    ],
)
def test_retention_in_a_url(query: str, expected: Retention) -> None:
    assert split_url(f"sqlite:///a/b.sqlite{query}") == ("sqlite:///a/b.sqlite", expected)


@pytest.mark.parametrize(
    "query",
    ["raw", "raw=", "raw=3", "raw=34d", "raw=0y", "raw=-90d", "hour=1y&raw=2y", "hour=1y", "raw=90d&raw=90d",
     "week=90d", "raw=90m"],
)  # fmt: skip
def test_retention_that_is_none(query: str) -> None:
    with pytest.raises(StoreError, match="accepted: raw, hour and day") as caught:
        split_url(f"sqlite:///x?{query}")
    assert not caught.value.retryable
