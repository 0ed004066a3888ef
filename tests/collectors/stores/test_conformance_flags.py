"""Flags, changes, marks and events: what every backend must do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collectors.stores.base import Event, Flag, ReadingStore
from sensors.durations import HOUR_MS
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading, StationState

DAY_MS = 24 * HOUR_MS
T0 = 1_730_000_000_000 - 1_730_000_000_000 % DAY_MS
UNJUDGED = Quality.NOT_EVALUATED


def reading(
    n: int, value: float | None = 7.0, quality: Quality = Quality.NOT_EVALUATED, station: str = "S1"
) -> Reading:
    return Reading(station, "ph", T0 + n * 60_000, value, quality)


def flag(n: int, quality: Quality, test: str = "spike", **evidence: object) -> Flag:
    return Flag("S1", "ph", T0 + n * 60_000, test, quality, evidence)


def qualities(store: ReadingStore) -> list[int]:
    return store.range("S1", ["ph"], T0, T0 + DAY_MS).quality


class TestFlags:
    def test_a_reading_is_as_good_as_its_worst_flag(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(0), reading(1)]))
        store.put_flags([flag(0, Quality.SUSPECT), flag(0, Quality.FAIL, "range", limit=14), flag(1, Quality.SUSPECT)])
        assert qualities(store) == [Quality.FAIL, Quality.SUSPECT]
        assert store.flags("S1", T0, T0 + 60_000) == [
            flag(0, Quality.FAIL, "range", limit=14),
            flag(0, Quality.SUSPECT),
        ]
        (window,) = store.summary(["S1"], ["ph"], T0, T0 + HOUR_MS, HOUR_MS)
        assert (window.count, window.provisional, window.certain_count, window.certain_mean) == (1, 1, 0, None)

    def test_a_flag_that_is_withdrawn_leaves_the_others(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(0)]))
        store.put_flags([flag(0, Quality.SUSPECT), flag(0, Quality.FAIL, "range")])
        store.put_flags([flag(0, Quality.GOOD, "range")])
        assert qualities(store) == [Quality.SUSPECT]
        store.put_flags([flag(0, Quality.NOT_EVALUATED)])
        assert qualities(store) == [Quality.NOT_EVALUATED]
        assert store.flags("S1", T0, T0 + DAY_MS) == []
        assert store.revisions(T0, T0 + DAY_MS) == []

    def test_no_flag_makes_a_reading_better_than_the_gateway_said(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(0, quality=Quality.FAIL), reading(1, None, Quality.MISSING)]))
        store.put_flags([flag(0, Quality.SUSPECT), flag(1, Quality.FAIL), flag(0, Quality.GOOD, "range")])
        assert qualities(store) == [Quality.FAIL, Quality.MISSING]
        store.put_flags([flag(0, Quality.GOOD), flag(1, Quality.GOOD)])
        assert qualities(store) == [Quality.FAIL, Quality.MISSING]

    def test_the_same_flags_again_change_nothing(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(0)]))
        store.put_flags([flag(0, Quality.FAIL), flag(0, Quality.SUSPECT)])  # the later of one test wins
        _, cursor = store.changes("")
        store.put_flags([flag(0, Quality.SUSPECT)])
        assert (qualities(store), store.flags("S1", T0, T0 + 1)) == ([Quality.SUSPECT], [flag(0, Quality.SUSPECT)])
        assert store.changes(cursor)[0] == {}

    def test_a_flag_may_come_before_its_reading(self, open_again: Callable[..., ReadingStore]) -> None:
        store = open_again()
        store.put_flags([flag(0, Quality.SUSPECT, "clock"), flag(5, Quality.FAIL, "clock")])
        store.commit(Block.of([reading(0), reading(1)]), "gw1", "abc", 2)
        assert qualities(store) == [Quality.SUSPECT, Quality.NOT_EVALUATED]
        store.close()
        again = open_again()
        again.commit(Block.of([reading(5)]), "gw1", "abc", 3)
        assert qualities(again)[-1] == Quality.FAIL
        again.put_flags([flag(5, Quality.GOOD, "clock")])
        assert qualities(again)[-1] == Quality.NOT_EVALUATED

    def test_what_is_delivered_again_keeps_its_flags(self, store: ReadingStore) -> None:
        block = Block.of([reading(0), reading(1)])
        store.commit(block, "gw1", "abc", 2)
        store.put_flags([flag(0, Quality.SUSPECT)])
        store.commit(block, "gw1", "xyz", 2)
        assert qualities(store) == [Quality.SUSPECT, Quality.NOT_EVALUATED]
        assert len(store.flags("S1", T0, T0 + 1)) == 1
        store.put_flags([flag(0, Quality.GOOD)])
        assert qualities(store) == [Quality.NOT_EVALUATED] * 2

    def test_a_verdict_that_is_written_does_not_undo_flags(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(0)]))
        store.put_flags([flag(0, Quality.SUSPECT)])
        store.write(Block.of([reading(0, quality=Quality.GOOD)]))
        assert qualities(store) == [Quality.SUSPECT]
        store.put_flags([flag(0, Quality.GOOD)])
        assert qualities(store) == [Quality.GOOD]

    @pytest.mark.parametrize(
        "changed", [reading(0, 7.5), Reading("S1", "ph", T0, 7.0, Quality.NOT_EVALUATED, StationState.MAINTENANCE)]
    )
    def test_flags_of_a_reading_that_was_replaced_are_gone(self, store: ReadingStore, changed: Reading) -> None:
        store.write(Block.of([reading(0)]))
        store.put_flags([flag(0, Quality.FAIL), flag(0, Quality.SUSPECT, "range")])
        store.commit(Block.of([changed]), "gw1", "abc", 1)
        assert list(store.range("S1", ["ph"], T0, T0 + 1)) == [changed]
        assert store.flags("S1", T0, T0 + 1) == []
        assert [(one.value, one.quality) for one in store.revisions(T0, T0 + 1)] == [(7.0, Quality.FAIL)]

    def test_flags_are_of_one_station_and_half_open(self, store: ReadingStore) -> None:
        store.put_flags([flag(n, Quality.SUSPECT) for n in range(4)])
        assert [one.time_ms - T0 for one in store.flags("S1", T0 + 60_000, T0 + 180_000)] == [60_000, 120_000]
        assert store.flags("S2", T0, T0 + DAY_MS) == []

    def test_hours_and_days_that_are_over_follow_the_flags(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(n, 7.0 + n) for n in range(4)] + [reading(60 * 24 * 3)]))
        store.tidy()
        start_ms = T0 - 8 * HOUR_MS
        for step_ms in (HOUR_MS, DAY_MS):
            store.put_flags([flag(0, Quality.SUSPECT), flag(3, Quality.FAIL)])
            row = next(iter(store.summary(["S1"], ["ph"], start_ms, T0 + 2 * DAY_MS, step_ms)))
            assert (row.count, row.provisional, row.certain_count) == (3, 1, 2)
            assert (row.mean, row.certain_mean, row.maximum) == (8.0, 8.5, 9.0)
            store.tidy()
            store.put_flags([flag(0, Quality.GOOD), flag(3, Quality.GOOD)])
            row = next(iter(store.summary(["S1"], ["ph"], start_ms, T0 + 2 * DAY_MS, step_ms)))
            assert (row.count, row.provisional, row.certain_count) == (4, 0, 4)
            assert row.mean == row.certain_mean == 8.5
            store.tidy()


class TestChanges:
    def test_each_change_is_told_once(self, store: ReadingStore) -> None:
        store.commit(Block.of([reading(0), reading(9), reading(3, station="S2")]), "gw1", "abc", 3)
        found, cursor = store.changes("")
        assert found == {"S1": (T0, T0 + 540_000), "S2": (T0 + 180_000, T0 + 180_000)}
        assert store.changes(cursor) == ({}, cursor)
        store.write(Block.of([reading(2)]))
        store.commit(Block.of([reading(4)]), "gw1", "abc", 4)
        found, cursor = store.changes(cursor)
        assert found == {"S1": (T0 + 120_000, T0 + 240_000)}
        assert store.changes(cursor)[0] == {}

    def test_verdicts_and_flags_are_changes_and_repeats_are_none(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(n) for n in range(4)]))
        _, cursor = store.changes("")
        store.write(Block.of([reading(1, quality=Quality.GOOD), reading(0)]))
        found, cursor = store.changes(cursor)
        assert found == {"S1": (T0 + 60_000, T0 + 60_000)}
        store.write(Block.of([reading(1, quality=Quality.GOOD)]))
        assert store.changes(cursor)[0] == {}
        store.put_flags([flag(3, Quality.SUSPECT)])
        found, cursor = store.changes(cursor)
        assert found == {"S1": (T0 + 180_000, T0 + 180_000)}

    def test_other_writers_changes_are_told(self, open_again: Callable[..., ReadingStore]) -> None:
        one, other, reader = open_again(), open_again(), open_again(read_only=True)
        cursor = ""
        for n in range(6):
            (one, other)[n % 2].write(Block.of([reading(n, station=f"S{n % 2}")]))
            found, cursor = reader.changes(cursor)
            assert found == {f"S{n % 2}": (T0 + n * 60_000, T0 + n * 60_000)}
        assert open_again().changes(cursor)[0] == {}

    @pytest.mark.parametrize("cursor", ["another:3", "nonsense", "{}", "abc:", "[1]"])
    def test_a_cursor_of_another_store_means_the_beginning(self, store: ReadingStore, cursor: str) -> None:
        store.write(Block.of([reading(0)]))
        assert store.changes(cursor)[0] == {"S1": (T0, T0)}

    def test_an_empty_store_has_no_changes(self, store: ReadingStore) -> None:
        found, cursor = store.changes("")
        assert found == {}
        store.write(Block.of([reading(0)]))
        assert store.changes(cursor)[0] == {"S1": (T0, T0)}


class TestMarks:
    def test_the_last_text_is_kept(self, open_again: Callable[..., ReadingStore]) -> None:
        store = open_again()
        assert store.mark("judge") is None
        for text in ("one", "", '{"a": "斜塘 \\"x\\" \\\\ \\n"}'):
            store.put_mark("judge", text)
            assert store.mark("judge") == text
        store.put_mark("qc", "2")
        store.close()
        reader = open_again(read_only=True)
        assert (reader.mark("judge"), reader.mark("qc")) == ('{"a": "斜塘 \\"x\\" \\\\ \\n"}', "2")
        with pytest.raises(StoreError):
            reader.put_mark("judge", "no")


class TestEvents:
    def event(self, name: str, start: int, end: int | None, **more: object) -> Event:
        end_ms = None if end is None else T0 + end * HOUR_MS
        return Event(
            name, "discharge", T0 + start * HOUR_MS, end_ms, T0 + (start + 1) * HOUR_MS, T0 + 9 * HOUR_MS,
            ("S1", "S2"), {"probability": 0.75, "why": '斜塘 "x"\\', **more},
        )  # fmt: skip

    def test_what_is_put_comes_back_and_a_later_one_wins(self, store: ReadingStore) -> None:
        first = self.event("E1", 2, None)
        store.put_events([first])
        store.put_events([])
        assert store.events(T0, T0 + DAY_MS) == [first]
        for later in (self.event("E1", 2, 5, n=1), self.event("E1", 1, 4, n=2), self.event("E1", 1, None, n=3)):
            store.put_events([later])
            assert store.events(T0, T0 + DAY_MS) == [later]

    def test_events_that_lasted_within_a_span(self, store: ReadingStore) -> None:
        rows = {name: self.event(name, *span) for name, span in (
            ("before", (0, 2)), ("into", (1, 3)), ("over", (0, 9)), ("within", (3, 4)), ("open", (1, None)),
            ("after", (4, 6)),
        )}  # fmt: skip
        store.put_events(list(rows.values()))
        found = store.events(T0 + 2 * HOUR_MS, T0 + 4 * HOUR_MS)
        assert [one.id for one in found] == ["over", "into", "open", "within"]
        assert {one.id: one for one in found} == {one.id: rows[one.id] for one in found}


class TestMoving:
    def test_what_is_dumped_can_be_loaded_and_is_the_same(
        self, store: ReadingStore, open_again: Callable[..., ReadingStore]
    ) -> None:
        store.commit(Block.of([reading(n, 7.0 + n) for n in range(5)] + [reading(1, station="S2")]), "gw1", "abc", 5)
        store.write(Block.of([reading(1, 1.5), reading(1, 1.5, Quality.FAIL), reading(1, 2.5)]))
        store.put_flags([flag(0, Quality.SUSPECT, limit=1), flag(0, Quality.FAIL, "range"), flag(30, Quality.FAIL)])
        chunk = store.dump("S1", T0, T0 + DAY_MS)
        assert chunk.block.value == [7.0, 2.5, 9.0, 10.0, 11.0]
        assert chunk.block.quality == [Quality.NOT_EVALUATED] * 5
        assert [(one.value, one.quality) for one in chunk.revisions] == [(8.0, UNJUDGED), (1.5, Quality.FAIL)]
        for _ in range(2):
            store.load(chunk)
            assert store.dump("S1", T0, T0 + DAY_MS) == chunk
            assert qualities(store) == [Quality.FAIL] + [Quality.NOT_EVALUATED] * 4

    def test_series_have_a_beginning_and_an_end(self, store: ReadingStore) -> None:
        assert store.series() == {}
        store.write(Block.of([reading(n) for n in (3, 1, 2)] + [reading(5, None, Quality.MISSING, "S2")]))
        store.put_flags([Flag("S9", "ph", T0, "spike", Quality.FAIL)])
        assert store.series() == {
            ("S1", "ph"): (T0 + 60_000, T0 + 180_000),
            ("S2", "ph"): (T0 + 300_000, T0 + 300_000),
        }
