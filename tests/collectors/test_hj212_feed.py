from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.hj212.feed import OWED_MS, PATIENCE, Feed, Reach
from collectors.hj212.journal import Journal
from collectors.hj212.source import Record, Source
from collectors.stores.sqlite import SqliteStore
from sensors.durations import DAY_MS, HOUR_MS, MINUTE_MS
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading

#: Midnight of 1 August 2026 in Shanghai.
DAY = 1_785_513_600_000
REACH = Reach(settle_ms=MINUTE_MS, look_back_ms=2 * DAY_MS, reconcile_ms=HOUR_MS)


class Counting(SqliteStore):
    """Counts how often it is read, and fails when told to."""

    reads = 0
    broken = False

    def range(self, *arguments: Any) -> Block:
        if self.broken:
            raise StoreError("busy", retryable=True)
        self.reads += 1
        return super().range(*arguments)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Counting(folder / "store.sqlite")
        self.slot_ms = 0
        self.journal = Journal(folder / "journal.sqlite")

    def feed(self, cn: int = 2011, since_ms: int = DAY) -> Feed:
        source = Source(self.store, "Asia/Shanghai")
        return Feed("S1", cn, source, self.journal, since_ms, REACH, lambda: self.slot_ms)

    def restarted(self, cn: int = 2011) -> Feed:
        self.journal.close()
        self.journal = Journal(self.folder / "journal.sqlite")
        return self.feed(cn, since_ms=DAY + 300 * DAY_MS)

    def put(self, *times: int, value: float = 7.0) -> None:
        self.store.write(Block.of([Reading("S1", "ph", time_ms, value, Quality.GOOD) for time_ms in times]))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()
    bench.store.close()


def drain(feed: Feed, now_ms: int) -> list[int]:
    """Everything that is due, acknowledged."""
    found = []
    while record := refilled(feed, now_ms):
        found.append(record.time_ms)
        feed.acked(record, now_ms)
    return found


def refilled(feed: Feed, now_ms: int) -> Record | None:
    feed.refill(now_ms)
    return feed.head


def test_readings_are_sent_once_and_in_order(bench: Bench) -> None:
    bench.put(DAY - 1, DAY, DAY + 2 * DAY_MS, DAY + HOUR_MS)
    feed = bench.feed()
    now = DAY + 3 * DAY_MS
    assert drain(feed, now) == [DAY, DAY + HOUR_MS, DAY + 2 * DAY_MS]
    assert drain(feed, now) == []
    bench.put(now, now + 1)
    assert drain(feed, now) == [now]
    assert drain(feed, now + 1) == [now + 1]


def test_periods_are_sent_when_they_are_over_and_settled(bench: Bench) -> None:
    bench.put(DAY + 5 * MINUTE_MS)
    minutes, hours, days = bench.feed(2051), bench.feed(2061), bench.feed(2031)
    over = DAY + 10 * MINUTE_MS + REACH.settle_ms
    assert drain(minutes, over - 1) == []
    assert drain(minutes, over) == [DAY]
    assert drain(hours, over) == []
    assert drain(hours, DAY + HOUR_MS + REACH.settle_ms) == [DAY]
    assert drain(days, DAY + DAY_MS + REACH.settle_ms - 1) == []
    assert drain(days, DAY + DAY_MS + REACH.settle_ms) == [DAY]


def test_a_feed_begins_with_the_period_that_is_running(bench: Bench) -> None:
    bench.put(DAY, DAY + HOUR_MS)
    feed = bench.feed(2061, since_ms=DAY + HOUR_MS + 1)
    assert drain(feed, DAY + DAY_MS) == [DAY + HOUR_MS]


def test_a_restart_goes_on_where_the_platform_is(bench: Bench) -> None:
    bench.put(*range(DAY, DAY + 10))
    feed = bench.feed()
    for _ in range(4):
        record = refilled(feed, DAY + 100)
        assert record is not None
        feed.acked(record, DAY + 100)
    assert drain(bench.restarted(), DAY + 100) == list(range(DAY + 4, DAY + 10))


def test_data_behind_a_silence_are_found_without_being_told(bench: Bench) -> None:
    """A gateway was cut off; its backlog arrives after the feed had looked up to now."""
    bench.put(DAY)
    feed = bench.feed()
    now = DAY + 6 * HOUR_MS
    assert drain(feed, now) == [DAY]
    bench.put(*(DAY + hour * HOUR_MS for hour in range(1, 6)))
    assert drain(feed, now + 1) == [DAY + hour * HOUR_MS for hour in range(1, 6)]


def test_a_backlog_of_many_days_is_found_when_all_is_compared(bench: Bench) -> None:
    bench.put(DAY)
    feed = bench.feed()
    now = DAY + 30 * DAY_MS
    assert drain(feed, now) == [DAY]
    bench.put(DAY + DAY_MS)
    assert drain(feed, now + 1) == []
    assert drain(feed, now + REACH.reconcile_ms) == [DAY + DAY_MS]


def test_late_data_are_sent_when_told_of(bench: Bench) -> None:
    bench.put(DAY, DAY + HOUR_MS)
    feed = bench.feed()
    now = DAY + 20 * DAY_MS
    assert drain(feed, now) == [DAY, DAY + HOUR_MS]
    bench.put(DAY + 60_000)
    assert drain(feed, now) == []
    feed.look_again(DAY + 60_000, DAY + 60_001)
    assert drain(feed, now) == [DAY + 60_000]
    assert drain(feed, now) == []


def test_late_data_change_the_period_that_they_belong_to(bench: Bench) -> None:
    bench.put(DAY, DAY + 5 * HOUR_MS)
    feed = bench.feed(2061)
    now = DAY + 8 * HOUR_MS
    assert drain(feed, now) == [DAY, DAY + 5 * HOUR_MS]
    bench.put(DAY + MINUTE_MS, value=8.0)
    feed.look_again(DAY + MINUTE_MS, DAY + MINUTE_MS + 1)
    assert drain(feed, now) == [DAY]
    assert drain(bench.restarted(2061), now) == []


def test_revised_data_are_found_when_all_is_compared(bench: Bench) -> None:
    bench.put(DAY, DAY + 1)
    feed = bench.feed()
    assert drain(feed, DAY + 100) == [DAY, DAY + 1]
    bench.put(DAY, value=8.0)
    assert drain(feed, DAY + 100) == []
    assert drain(bench.restarted(), DAY + 100) == [DAY]


def test_what_is_told_while_it_lies_ahead_is_sent_once(bench: Bench) -> None:
    feed = bench.feed()
    bench.put(DAY, DAY + 1)
    feed.look_again(DAY, DAY + 2)
    assert drain(feed, DAY + 100) == [DAY, DAY + 1]


def test_nothing_is_skipped_when_the_store_fails(bench: Bench) -> None:
    bench.put(DAY, DAY + HOUR_MS)
    feed = bench.feed()
    assert drain(feed, DAY + DAY_MS) == [DAY, DAY + HOUR_MS]
    bench.put(DAY + 1, DAY + 2 * HOUR_MS)
    feed.look_again(DAY + 1, DAY + 2)
    bench.store.broken = True
    for _ in range(3):
        with pytest.raises(StoreError):
            feed.refill(DAY + DAY_MS)
    bench.store.broken = False
    assert drain(feed, DAY + DAY_MS) == [DAY + 1, DAY + 2 * HOUR_MS]


def test_a_record_that_fails_gives_way_and_is_owed_when_others_are_taken(bench: Bench) -> None:
    bench.put(DAY, DAY + 1, DAY + 2)
    feed = bench.feed()
    poison = refilled(feed, DAY + 100)
    assert poison is not None
    for _ in range(PATIENCE - 1):
        feed.failed(poison)
        assert feed.head is poison
    feed.failed(poison)
    other = feed.head
    assert other is not None
    assert other.time_ms == DAY + 1
    feed.acked(other, DAY + 100)
    feed.platform_answers(DAY + 100)
    assert feed.owed == 1
    assert drain(feed, DAY + 100) == [DAY + 2]
    assert drain(feed, DAY + 100 + OWED_MS) == [DAY]


def test_records_that_are_not_taken_are_tried_again_after_a_pause(bench: Bench) -> None:
    bench.put(DAY, DAY + 1, DAY + 2)
    feed = bench.feed()
    now = DAY + 100
    for wanted in (DAY, DAY + 1):
        poison = refilled(feed, now)
        assert poison is not None
        for _ in range(PATIENCE):
            feed.failed(poison)
        assert poison.time_ms == wanted
    taken = feed.head
    assert taken is not None
    feed.acked(taken, now)
    feed.platform_answers(DAY + 100)
    assert feed.owed == 2
    assert refilled(feed, now + OWED_MS - 1) is None
    later = now + OWED_MS
    first = refilled(feed, later)
    assert first is not None
    assert first.time_ms == DAY
    feed.failed(first)
    assert refilled(feed, later + OWED_MS - 1) is None
    assert feed.owed == 2
    # Others in turn; and once one is taken, the rest follow without a pause.
    assert drain(feed, later + OWED_MS) == [DAY + 1, DAY]
    assert feed.owed == 0
    assert bench.journal.owed("S1", 2011) == []


def test_debts_survive_a_restart_and_the_cursor_has_passed_them(bench: Bench) -> None:
    bench.put(DAY, DAY + 1)
    feed = bench.feed()
    poison = refilled(feed, DAY + 100)
    assert poison is not None
    for _ in range(PATIENCE):
        feed.failed(poison)
    assert feed.head is not None
    feed.acked(feed.head, DAY + 100)
    feed.platform_answers(DAY + 100)
    again = bench.restarted()
    assert again.owed == 1
    assert drain(again, DAY + 100) == [DAY]


def test_while_nobody_answers_the_cursor_stays(bench: Bench) -> None:
    bench.put(*range(DAY, DAY + 5))
    feed = bench.feed()
    refilled(feed, DAY + 100)
    for _ in range(100):
        assert feed.head is not None
        feed.failed(feed.head)
    assert feed.owed == 0
    # One is taken by chance: those before it are still to be sent, now and after a restart.
    assert feed.head is not None
    chance = feed.head.time_ms
    feed.acked(feed.head, DAY + 100)
    assert drain(bench.restarted(), DAY + 100) == [time_ms for time_ms in range(DAY, DAY + 5) if time_ms != chance]


def test_a_debt_that_left_the_store_is_forgiven(bench: Bench) -> None:
    bench.journal.owe("S1", 2011, [DAY + 50])
    feed = bench.feed()
    assert feed.owed == 1
    assert drain(feed, DAY + 100) == []
    assert feed.owed == 0
    assert bench.journal.owed("S1", 2011) == []


def test_a_quiet_station_is_not_read_from_the_beginning_each_time(bench: Bench) -> None:
    bench.put(DAY)
    feed = bench.feed()
    now = DAY + 400 * DAY_MS
    drain(feed, now)
    bench.store.reads = 0
    drain(feed, now + 1)
    assert bench.store.reads <= 3


def test_digests_do_not_pile_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.hj212.feed.PRUNE_EVERY", 10)
    times = [DAY + HOUR_MS * hour for hour in range(100)]
    bench.put(*times)
    now = times[-1]
    feed = bench.feed()
    drain(feed, now)
    assert min(bench.journal.digests("S1", 2011, 0, now + 1)) >= now - REACH.look_back_ms


def test_a_wish_for_fewer_data_thins_them_out(bench: Bench) -> None:
    bench.put(*range(DAY, DAY + 10_000, 1000))
    bench.slot_ms = 3000
    feed = bench.feed()
    assert drain(feed, DAY + 10_000) == [DAY + ms for ms in (0, 3000, 6000, 9000)]


def test_many_changes_are_remembered_as_one(bench: Bench) -> None:
    bench.put(*range(DAY, DAY + 10))
    feed = bench.feed()
    assert drain(feed, DAY + 1000) == list(range(DAY, DAY + 10))
    bench.put(*range(DAY, DAY + 10), value=8.0)
    for _ in range(1000):
        feed.look_again(DAY + 3, DAY + 4)
    feed.look_again(DAY + 5, DAY + 8)
    assert len(feed._again) <= 64
    assert set(drain(feed, DAY + 1000)) >= {DAY + 3, DAY + 5, DAY + 6, DAY + 7}


def test_changes_ahead_do_not_drag_old_ones_along(bench: Bench) -> None:
    """While a platform is away, a late reading of long ago is told of, and then thousands of new ones."""
    old, new = DAY, DAY + 100 * DAY_MS
    bench.put(old, old + DAY_MS, new)
    feed = bench.feed()
    assert drain(feed, new) == [old, old + DAY_MS, new]
    bench.journal.prune("S1", 2011, new)
    bench.put(old, value=8.0)
    feed.look_again(old, old + 1)
    for n in range(1, 1000):
        bench.put(new + n)
        feed.look_again(new + n, new + n + 1)
    assert drain(feed, new + 1000) == [old, *range(new + 1, new + 1000)]
