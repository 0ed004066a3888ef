"""Readings in memory answer as a store does."""

from __future__ import annotations

import random

import pytest

from collectors.stores.base import Flag
from collectors.stores.sqlite import SqliteStore
from deploy.city.recent import Recent
from deploy.watch.grid import SLOT_MS
from sensors.reading import Block, Quality, Reading, StationState

START = 1_790_000_100_000 // SLOT_MS * SLOT_MS


def some(rng: random.Random, count: int) -> Block:
    return Block.of(
        Reading(rng.choice(("S01", "S02")), rng.choice(("ph", "turbidity")), START + rng.randrange(40) * 60_000,
                rng.choice((None, 1.0, 2.5)), Quality.NOT_EVALUATED, rng.choice((*StationState,)))
        for _ in range(count)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_it_answers_as_a_store_does(seed, tmp_path) -> None:
    rng, recent, store = random.Random(seed), Recent(), SqliteStore(str(tmp_path / "s.sqlite"))
    for _ in range(5):
        block = some(rng, 60)
        recent.put(block)
        store.write(block)
    for station in ("S01", "S02"):
        for keys in (["ph"], ["turbidity", "ph"]):
            for first, last in ((0, 40), (3, 17), (5, 5)):
                span = (START + first * 60_000, START + last * 60_000)
                assert recent.range(station, keys, *span) == store.range(station, keys, *span)
    assert recent.series() == store.series()
    assert sorted(recent.latest(), key=repr) == sorted(store.latest(), key=repr)
    store.close()


def test_what_is_there_already_is_no_change() -> None:
    recent, block = Recent(), Block.of([Reading("S01", "ph", START + 1, 7.0), Reading("S01", "ph", START + 9, 7.1)])
    assert recent.put(block) == 2
    assert recent.changes("") == ({"S01": (START + 1, START + 9)}, "")
    recent.touched.clear()
    assert recent.put(block) == 0
    assert recent.changes("") == ({}, "")
    assert not recent.touched
    assert recent.put(Block.of([Reading("S01", "ph", START + 9, 7.2)])) == 1
    assert recent.changes("") == ({"S01": (START + 9, START + 9)}, "")


def test_what_it_has_forgotten_stays_forgotten_but_was_heard() -> None:
    recent = Recent()
    recent.put(Block.of([Reading("S01", "ph", START + i * SLOT_MS, 7.0) for i in range(4)]))
    assert recent.forget(START + SLOT_MS) == [START, START + SLOT_MS]
    recent.changes("")
    recent.put(Block.of([Reading("S01", "ph", START, 7.0)]))
    assert recent.changes("")[0] == {"S01": (START, START)}
    assert recent.slots == [START + 2 * SLOT_MS, START + 3 * SLOT_MS]


def test_a_failed_reading_stays_failed_until_it_is_another_one() -> None:
    recent, again = Recent(), Block.of([Reading("S01", "ph", START, 7.0)])
    recent.put(again)
    recent.put_flags([Flag("S01", "ph", START, "gross_range", Quality.FAIL), Flag("S09", "ph", 1, "x", Quality.FAIL)])
    recent.put(again)
    assert recent.range("S01", ["ph"], START, START + 1).quality == [Quality.FAIL]
    recent.put(Block.of([Reading("S01", "ph", START, 7.3)]))
    assert recent.range("S01", ["ph"], START, START + 1).quality == [Quality.NOT_EVALUATED]


def test_it_becomes_what_another_one_was() -> None:
    one, other = Recent(), Recent()
    one.put(some(random.Random(1), 50))
    one.forget(START + SLOT_MS)
    other.restore([one.slot(slot_ms) for slot_ms in one.slots], one.from_ms, one.changed)
    assert (other.slots, other.changed, other.from_ms) == (one.slots, one.changed, one.from_ms)
    assert other.series() == one.series()
    assert not other.touched
