"""What is said of the age of data, also where probes stopped answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.stores import ReadingStore, open_store
from collectors.stores.base import Assessment
from dashboard import freshness, scene
from dashboard.board import today
from dashboard.wording import Wording
from sensors.durations import HOUR_MS
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.dashboard.made import NOW_MS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    store = open_store(f"sqlite:///{tmp_path / 'small.sqlite'}")
    yield store
    store.close()


def fell_silent(store: ReadingStore, hours: float) -> None:
    """One probe that last answered so many hours ago, and has been asked in vain since."""
    store.write(
        Block.of(
            [
                Reading("S01", "ph", NOW_MS - int(hours * HOUR_MS), 7.0),
                Reading("S01", "ph", NOW_MS - 1000, None, Quality.MISSING),
            ]
        )
    )


def test_dead_probes_are_told_from_gateways_that_never_sent(
    store: ReadingStore, xietang: Site, zh: Wording, en: Wording
) -> None:
    fell_silent(store, 3)
    got = today(store, xietang, NOW_MS)
    assert got.figures.newest_ms is None
    assert got.figures.newest_hour_ms == (NOW_MS - 3 * HOUR_MS) // HOUR_MS * HOUR_MS
    drawn = scene.figures(got, zh)
    assert drawn["alert"] == "所有测站暂无可用读数；最近的可用读数在 05:00 起的一小时内"
    assert drawn["stats"][2]["note"] == "暂无可用读数，最近 05:00"
    english = scene.figures(got, en)
    assert english["alert"] == "No station has usable readings now; the last came in the hour from 05:00"
    assert english["stats"][2]["note"] == "no usable data; last 05:00"
    one = got.river("R01")
    assert freshness.age(one, got, zh) == "暂无可用读数"
    ages = {s.station.id: freshness.station_age(s, got, en) for s in one.stations}
    assert ages["S01"] == "nothing usable"
    assert ages["S02"] == "never"


def test_nothing_usable_in_the_whole_window(store: ReadingStore, xietang: Site, zh: Wording, en: Wording) -> None:
    fell_silent(store, 30)
    got = today(store, xietang, NOW_MS)
    assert got.figures.newest_hour_ms is None
    assert freshness.outage(got, zh) == "所有测站暂无可用读数：近 24 小时内均无"
    assert freshness.newest(got, zh) == "近 24 小时无可用读数"
    assert freshness.newest(got, en) == "no usable data in 24 h"


def test_a_river_with_valid_hours_never_had_no_data(store: ReadingStore, xietang: Site, zh: Wording) -> None:
    store.put_assessments(
        [Assessment("river", "R01", "window", NOW_MS // HOUR_MS * HOUR_MS, "II", detail={"hours": 5})]
    )
    got = today(store, xietang, NOW_MS)
    assert got.figures.ever
    assert freshness.age(got.river("R01"), got, zh) == "暂无可用读数"
    assert freshness.age(got.river("R02"), got, zh) == "从未"
    assert "从未" not in freshness.newest(got, zh)


def test_never_is_said_where_nothing_ever_came(store: ReadingStore, xietang: Site, zh: Wording) -> None:
    got = today(store, xietang, NOW_MS)
    assert not got.figures.ever
    assert freshness.outage(got, zh) == ""
    assert freshness.newest(got, zh) == "最新数据：从未"
