from __future__ import annotations

import numpy as np
import pytest

from sensors.simulate.faults import (
    ALL,
    BLANKING,
    HABITS,
    HEADS,
    QUIET_MS,
    Fault,
    FaultKind,
    ListedFaults,
    SeededFaults,
)
from tests.sensors.simulate.places import DAY_MS, HOUR_MS, JULY_MS

STATIONS = [f"S{n:02d}" for n in range(1, 57)]


@pytest.fixture(scope="module")
def month() -> list[Fault]:
    source = SeededFaults(1)
    return [fault for name in STATIONS for fault in source.of(name, JULY_MS, JULY_MS + 30 * DAY_MS)]


def test_all_but_a_few_station_hours_are_clean(month: list[Fault]) -> None:
    touched = np.zeros((len(STATIONS), 30 * 24), dtype=bool)
    for fault in month:
        first = max((fault.start_ms - JULY_MS) // HOUR_MS, 0)
        last = (fault.end_ms - 1 - JULY_MS) // HOUR_MS
        touched[STATIONS.index(fault.station), first : last + 1] = True
    assert 0.005 < touched.mean() < 0.05


def test_every_kind_happens_within_its_habit(month: list[Fault]) -> None:
    assert {fault.kind for fault in month} == set(FaultKind) == set(HABITS)
    for fault in month:
        habit = HABITS[fault.kind]
        assert habit.lasts_h[0] - 0.001 <= (fault.end_ms - fault.start_ms) / HOUR_MS <= habit.lasts_h[1]
        assert abs(fault.size) <= habit.size[1]
        assert 1 + fault.size > 0  # nothing is pulled below zero
        assert (fault.determinand == ALL) is (fault.kind is FaultKind.VISIT)
        assert fault.determinand in (ALL, *HEADS)


def test_people_come_by_daylight(month: list[Fault]) -> None:
    hours = [(f.start_ms / HOUR_MS + 8) % 24 for f in month if f.kind is FaultKind.VISIT]
    assert min(hours) >= 8.5
    assert max(hours) <= 15.5


def test_no_head_is_away_for_half_a_day(month: list[Fault]) -> None:
    assert all(fault.end_ms - fault.start_ms < DAY_MS / 2 for fault in month if fault.kind in BLANKING)


def test_faults_do_not_depend_on_the_question(month: list[Fault]) -> None:
    fresh = SeededFaults(1)
    for fault in month[::-7]:
        instant = max(fault.start_ms, JULY_MS)
        assert fault in fresh.of(fault.station, instant, instant + 1)
        assert fault not in fresh.of(fault.station, fault.end_ms, fault.end_ms + 1)
        assert fault not in fresh.of(fault.station, fault.start_ms - 1, fault.start_ms)
    assert SeededFaults(2).of("S01", JULY_MS, JULY_MS + 30 * DAY_MS) != fresh.of("S01", JULY_MS, JULY_MS + 30 * DAY_MS)


def test_a_start_is_not_hidden_by_faults(month: list[Fault]) -> None:
    visit = next(fault for fault in month if fault.kind is FaultKind.VISIT)
    for start_ms in (visit.start_ms - QUIET_MS + 1, visit.start_ms, visit.end_ms - 1):
        source = SeededFaults(1, from_ms=start_ms)
        for name in STATIONS:
            found = source.of(name, start_ms, start_ms + QUIET_MS)
            assert not BLANKING & {fault.kind for fault in found}
    earlier = SeededFaults(1, from_ms=visit.start_ms - QUIET_MS)
    assert visit in earlier.of(visit.station, visit.start_ms, visit.end_ms)


def test_a_list_is_told_as_it_was_given() -> None:
    late = Fault("a", "ph", FaultKind.STUCK, 100, 200)
    early = Fault("a", "ph", FaultKind.ABSENT, 0, 50)
    source = ListedFaults([late, early, Fault("b", ALL, FaultKind.VISIT, 0, 500)])
    assert source.of("a", 0, 500) == (early, late)
    assert source.of("a", 50, 100) == ()
    assert source.of("a", 49, 50) == (early,)
    assert source.of("a", 199, 300) == (late,)
    assert source.of("c", 0, 500) == ()
