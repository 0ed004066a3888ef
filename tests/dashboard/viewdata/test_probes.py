"""Every probe of the site: which lies, which is silent, which is in order, and who looked after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

import pytest

from collectors.stores import open_store
from collectors.stores.base import Flag, ReadingStore
from dashboard.board import StationToday
from dashboard.casework.database import Books
from dashboard.casework.tables.stations import Calibration, Review, StationVisit
from dashboard.viewdata.probes import Probe, looked_after, probes
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
    for station in ("S01", "S02", "S03"):
        put(opened, station, KEY)
        put(opened, station, "ph")
    yield opened
    opened.close()


def put(store: ReadingStore, station: str, key: str, state: StationState = StationState.NORMAL, ago: int = 0) -> None:
    """A reading every hour of a day that ended some hours ago."""
    times = [NOW - (ago + hour) * HOUR_MS for hour in range(24)]
    store.write(Block.of([Reading(station, key, time_ms, 1.0, Quality.GOOD, state) for time_ms in times]))


def flag(station: str, minutes_ago: int, test: str, quality: Quality = Quality.SUSPECT) -> Flag:
    return Flag(station, KEY, NOW - minutes_ago * MINUTE, test, quality, {})


def now_of(site: Site, name: str, status: Literal["online", "silent"] = "online") -> StationToday:
    return StationToday(site.stations[name], status, NOW, None, False)


def of(found: tuple[Probe, ...], station: str, key: str | None = KEY) -> Probe:
    return next(one for one in found if (one.station, one.determinand) == (station, key))


def test_what_lies_stands_before_what_is_silent_and_what_is_doubted(store: ReadingStore, xietang: Site) -> None:
    stuck = [flag("S02", minutes, "flat_line") for minutes in range(0, 26 * 60, 60)]
    store.put_flags([*stuck, flag("S01", 60, "spike")])
    stations = [now_of(xietang, "S01"), now_of(xietang, "S02"), now_of(xietang, "S03", "silent")]
    found = probes(store, stations, NOW)
    assert [(one.station, one.determinand, one.trouble) for one in found[:3]] == [
        ("S02", KEY, "lies"), ("S03", None, "silent"), ("S01", KEY, "doubted"),
    ]  # fmt: skip
    worst = found[0]
    assert (worst.fault, worst.since_ms, worst.at_least) == ("flatline", NOW - 25 * HOUR_MS, False)
    assert (worst.flagged, worst.tests, worst.value) == (1.0, ("flat_line",), 1.0)
    assert of(found, "S01").flagged == pytest.approx(1 / 24)
    assert {one.trouble for one in found[3:]} == {"none"}
    assert len(found) == 5, "a silent station is one line"


def test_a_fault_that_is_older_than_the_look_back_began_before(store: ReadingStore, xietang: Site) -> None:
    store.put_flags([flag("S01", hours * 60, "drift") for hours in range(0, 24 * 31, 6)])
    lies = of(probes(store, [now_of(xietang, "S01")], NOW), "S01")
    assert (lies.fault, lies.at_least) == ("drift", True)


def test_readings_that_cannot_be_waters_are_a_lie_without_a_lasting_fault(store: ReadingStore, xietang: Site) -> None:
    store.put_flags([flag("S01", minutes, "consistency", Quality.FAIL) for minutes in (60, 120)])
    lies = of(probes(store, [now_of(xietang, "S01")], NOW), "S01")
    assert (lies.trouble, lies.fault) == ("lies", "")
    assert lies.failed == pytest.approx(2 / 24)
    assert lies.since_ms == NOW - 2 * HOUR_MS


def test_people_at_the_station_are_no_fault_and_what_was_withdrawn_is_none(store: ReadingStore, xietang: Site) -> None:
    store.put_flags([flag("S01", 60, "visit"), flag("S01", 120, "spike", Quality.GOOD)])
    assert of(probes(store, [now_of(xietang, "S01")], NOW), "S01").trouble == "none"


def test_what_says_so_itself_and_what_says_nothing_for_a_day(store: ReadingStore, xietang: Site) -> None:
    put(store, "S01", "turbidity", StationState.FAULT)
    put(store, "S01", "total_phosphorus", ago=30)
    found = probes(store, [now_of(xietang, "S01")], NOW)
    assert of(found, "S01", "turbidity").trouble == "device"
    old = of(found, "S01", "total_phosphorus")
    assert (old.trouble, old.since_ms) == ("silent", NOW - 30 * HOUR_MS)


def test_a_station_that_never_said_anything_is_silent(store: ReadingStore, xietang: Site) -> None:
    found = probes(store, [now_of(xietang, "S10"), now_of(xietang, "S11", "silent")], NOW)
    assert {(one.station, one.determinand, one.trouble, one.since_ms) for one in found} == {
        ("S10", None, "silent", None), ("S11", None, "silent", None),
    }  # fmt: skip


def test_the_store_is_asked_about_stations_and_not_about_probes(store: ReadingStore, xietang: Site) -> None:
    class Counting:
        """The store, and how often it was asked."""

        def __init__(self) -> None:
            self.asked: list[str] = []

        def __getattr__(self, name: str) -> object:
            self.asked.append(name)
            return getattr(store, name)

    for key in ("turbidity", "conductivity", "dissolved_oxygen", "total_phosphorus"):
        put(store, "S01", key)
    store.put_flags([replace(flag("S01", 60, "spike"), determinand=key) for key in ("turbidity", "conductivity")])
    counting = Counting()
    probes(counting, [now_of(xietang, name) for name in ("S01", "S02", "S03")], NOW)  # type: ignore[arg-type]
    assert sorted(counting.asked) == ["flags"] * 4 + ["latest", "range"]


def calibration(name: str, station: str, days_ago: int, due: date, *, passed: bool = True) -> StationVisit:
    start = NOW - days_ago * DAY_MS
    checks = [Calibration(determinand="ph", standard=6.86, before=6.9, after=6.86, tolerance=0.1, passed=passed,
                          next_due_on=due)]  # fmt: skip
    return StationVisit(id=name, station=station, kind="calibration", start_ms=start, end_ms=start + HOUR_MS,
                        calibrations=checks)  # fmt: skip


def test_who_looked_after_them(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add_all([
            calibration("a", "S01", 90, date(2026, 3, 1), passed=False), calibration("b", "S01", 40, date(2026, 5, 1)),
            calibration("c", "S02", 10, date(2026, 6, 1)), calibration("later", "S02", -3, date(2026, 9, 1)),
            StationVisit(id="d", station="S01", kind="maintenance", start_ms=NOW - DAY_MS, end_ms=None),
            *(Review(station="S01", determinand=KEY, start_ms=at, end_ms=at + 1, readings=2) for at in (1, 5)),
            Review(station="S02", determinand=KEY, start_ms=1, end_ms=2, readings=2, decision="accepted"),
        ])  # fmt: skip
    with books.read() as session:
        found = looked_after(session, NOW)
    assert found.checked["S01", "ph"].next_due_on == date(2026, 5, 1)
    assert found.checked["S01", "ph"].passed
    assert found.checked["S02", "ph"].next_due_on == date(2026, 6, 1), "what is to come is no calibration yet"
    assert dict(found.visited) == {"S01": NOW - DAY_MS, "S02": NOW - 10 * DAY_MS}
    assert dict(found.waiting) == {("S01", KEY): 2}
