"""A station's instruments as data: health, verdicts, lasting faults, valid hours, clock, what suspect readings do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collectors.stores import open_store
from collectors.stores.base import Assessment, Flag, ReadingStore
from dashboard.viewdata import station as station_page
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block, Quality, Reading, StationState
from sensors.site import Site

#: 2026-05-04 12:05 in Shanghai.
NOW = 1_777_867_500_000
MINUTE = 60_000
KEY = "ammonia_nitrogen"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def put(store: ReadingStore, hours: range, key: str = KEY, state: StationState = StationState.NORMAL) -> None:
    """A reading for each of some hours ago."""
    rows = [Reading("S01", key, NOW - hour * HOUR_MS, 1.0, Quality.GOOD, state) for hour in hours]
    store.write(Block.of(rows))


def flag(minutes_ago: int, test: str, quality: Quality = Quality.SUSPECT, key: str = KEY, **evidence: Any) -> Flag:
    return Flag("S01", key, NOW - minutes_ago * MINUTE, test, quality, evidence)


def test_health_of_each_head(store: ReadingStore) -> None:
    put(store, range(24))
    put(store, range(24), "ph")
    store.put_flags([
        flag(60, "spike"), flag(120, "spike"), flag(120, "drift"), flag(180, "gross_range", Quality.FAIL),
        flag(60 * 30, "spike"),
    ])  # fmt: skip
    ph, ammonia = station_page.heads(store, "S01", NOW)
    assert (ph.determinand, ph.flagged, ph.tests) == ("ph", 0.0, ())
    assert ammonia.flagged == pytest.approx(3 / 24)
    assert ammonia.failed == pytest.approx(1 / 24)
    assert ammonia.tests[0] == "spike"
    assert set(ammonia.tests) == {"spike", "drift", "gross_range"}
    assert station_page.measured(store, "S01") == ("ph", KEY)
    assert station_page.heads(store, "S02", NOW) == ()


def test_verdicts_tell_the_reading_that_is_farthest_beyond_its_limit() -> None:
    flags = [
        flag(30, "spike", statistic=2.0, limit=1.0, **{"is": "height", "limit_is": "largest"}),
        flag(20, "spike", statistic=9.0, limit=1.0, **{"is": "height", "limit_is": "largest"}),
        flag(10, "review", Quality.FAIL, review=3), flag(5, "drift", Quality.GOOD),
    ]  # fmt: skip
    spike, review = station_page.verdicts(flags)
    assert (spike.test, spike.readings, spike.statistic, spike.limit) == ("spike", 2, 9.0, 1.0)
    assert (spike.first_ms, spike.last_ms, spike.means) == (NOW - 30 * MINUTE, NOW - 20 * MINUTE, ("height", "largest"))
    assert (review.test, review.flag, review.statistic) == ("review", Quality.FAIL, None)


def test_faults_that_last_by_the_rules_of_quality_control() -> None:
    flags = [flag(minutes, "flat_line") for minutes in (600, 590, 580, 10)] + [flag(400, "spike"), flag(300, "noise")]
    found = station_page.faults(flags)
    assert [(one.kind, one.readings, (NOW - one.start_ms) // MINUTE) for one in found] == [
        ("flatline", 1, 10), ("flatline", 3, 600),
    ]  # fmt: skip
    two = station_page.faults([flag(400, "spike"), flag(350, "spike")])
    assert [(one.kind, (NOW - one.start_ms) // MINUTE) for one in two] == [("spikes", 350)]


def test_valid_hours_are_those_of_the_site_s_days(store: ReadingStore, xietang: Site) -> None:
    put(store, range(30))
    put(store, range(2), "ph", StationState.MAINTENANCE)
    found = station_page.coverage(store, xietang, "S01", [KEY, "ph"], NOW, days=3)
    assert found.days == (date(2026, 5, 2), date(2026, 5, 3), date(2026, 5, 4))
    assert found.hours == {KEY: (0, 17, 13), "ph": (0, 0, 0)}


def test_the_gateway_s_clock(store: ReadingStore, xietang: Site) -> None:
    station = xietang.stations["S01"]
    assert station_page.gateway_now(store, station) is None
    told = {
        "heard_ms": NOW, "online": True, "backlog": 7, "silent": {"S01": "timeout"},
        "clock": {"synchronised": False, "source": "none", "jumps": 2, "jump_ms": -5000},
    }  # fmt: skip
    store.put_mark("hub.state/all", json.dumps({"time_ms": NOW, "gateways": {station.gateway: told}}))
    one = station_page.gateway_now(store, station)
    assert one is not None
    assert (one.synchronised, one.source, one.jumps, one.jump_ms, one.backlog) == (False, "none", 2, -5000, 7)
    assert (one.online, one.silent, one.heard_ms) == (True, "timeout", NOW)


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"gateways": 3}', '{"gateways": {"gw-04": {"clock": 3}}}'])
def test_a_hub_that_says_strange_things(store: ReadingStore, xietang: Site, text: str) -> None:
    store.put_mark("hub.state/all", text)
    one = station_page.gateway_now(store, xietang.stations["S01"])
    assert one is None or one.synchronised is None


def test_what_suspect_readings_do_to_a_day(store: ReadingStore, xietang: Site) -> None:
    midnight = NOW - (12 * 60 + 5) * MINUTE
    store.put_assessments([
        Assessment("station", "S01", "day", midnight, "V", False, True, (KEY,),
                   {"end_ms": midnight + DAY_MS, "certain": {"water_class": "III"}}),
        Assessment("station", "S01", "day", midnight - DAY_MS, "II", detail={"end_ms": midnight}),
    ])  # fmt: skip
    (one,) = station_page.effects(store, xietang, "S01", NOW - HOUR_MS, NOW)
    assert (one.day, one.with_suspect, one.without) == (date(2026, 5, 4), "V", "III")
    both = station_page.effects(store, xietang, "S01", midnight - HOUR_MS, NOW)
    assert [(each.with_suspect, each.without) for each in both] == [("II", "II"), ("V", "III")]


def test_doubted_readings_with_the_numbers_of_their_tests(store: ReadingStore) -> None:
    put(store, range(5))
    flags = [
        flag(60, "spike", statistic=3.0, limit=1.0), flag(60, "drift"), flag(120, "gross_range", Quality.FAIL),
        flag(180, "spike", key="ph"),
    ]  # fmt: skip
    block = store.range("S01", [KEY], NOW - DAY_MS, NOW + 1)
    failed, doubted = station_page.doubts(flags, block, KEY)
    assert (failed[0], failed[3]) == (NOW - 2 * HOUR_MS, True)
    assert doubted[1:] == (1.0, {"spike": (3.0, 1.0), "drift": (None, None)}, False)
