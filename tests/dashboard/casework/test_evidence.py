from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from dashboard.casework.evidence import gather
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.dashboard.casework.made import DAY_MS, HOUR_MS, NOW, event


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def hourly(store: ReadingStore, station: str, determinand: str, values: dict[int, float]) -> None:
    """One reading in each of some hours after `NOW`."""
    rows = [Reading(station, determinand, NOW + hour * HOUR_MS + 60_000, value, Quality.GOOD)
            for hour, value in values.items()]  # fmt: skip
    store.write(Block.of(rows))


def test_readings_before_and_during_the_event(store: ReadingStore, xietang: Site) -> None:
    hourly(store, "S01", "ammonia_nitrogen", {-30: 9.0, -10: 1.0, -2: 2.0, 0: 4.0, 1: 6.0, 2: 99.0})
    hourly(store, "S01", "ph", {0: 7.0})
    told = gather(store, xietang, event("E1", detail={"determinands": ["ammonia_nitrogen", "x"]}), NOW + DAY_MS)
    assert told["determinands"] == ["ammonia_nitrogen"]
    assert told["readings"] == [
        {"station": "S01", "determinand": "ammonia_nitrogen", "before_mean": 1.5, "mean": 5.0, "minimum": 4.0,
         "maximum": 6.0, "hours": 2},
    ]  # fmt: skip


def test_everything_that_is_measured_where_nothing_is_named(store: ReadingStore, xietang: Site) -> None:
    hourly(store, "S01", "ammonia_nitrogen", {0: 4.0})
    hourly(store, "S01", "ph", {1: 7.0})
    told = gather(store, xietang, event("E1", end_ms=None), NOW + HOUR_MS)
    assert [(row["determinand"], row["before_mean"]) for row in told["readings"]] == [("ammonia_nitrogen", None)]


def test_similar_events_the_latest_first(store: ReadingStore, xietang: Site) -> None:
    store.put_events(
        [event(f"P{day}", NOW - day * DAY_MS) for day in (1, 2, 3, 4, 5, 6, 400)]
        + [event("other", NOW - DAY_MS, stations=("S02",)), event("rain", NOW - DAY_MS, kind="overflow"), event("E1")]
    )
    similar = gather(store, xietang, event("E1"), NOW + DAY_MS)["similar"]
    assert [row["event"] for row in similar] == ["P1", "P2", "P3", "P4", "P5"]


def test_kinds_with_their_probabilities(store: ReadingStore, xietang: Site) -> None:
    detail = {"probabilities": {"discharge": 0.7, "fault": float("inf"), "overflow": "x"}, "cannot_tell": 0.3}
    told = gather(store, xietang, event("E1", detail=detail), NOW)
    assert (told["probabilities"], told["cannot_tell"]) == ({"discharge": 0.7}, 0.3)
