from __future__ import annotations

import numpy as np
import pytest

from analytics.qc.checks import Test
from analytics.qc.config import Channel
from analytics.qc.control import QualityControl
from analytics.qc.levels import NEED_H, RING, WARM_H, Levels
from analytics.qc.visits import Groups

HOUR_MS = 3_600_000
START_MS = 1_700_006_400_000
NAMES = ("conductivity", "dissolved_oxygen")
CHANNELS = [Channel(f"S{i}", name) for i in range(8) for name in NAMES]
FLOOR = np.array([15.0, 0.25] * 8, np.float32)
BASE = np.array([480.0, 7.0] * 8)
#: Hours of quiet water before anything happens.
QUIET = 150

#: A river of eight stations; each asks the one above and the one below.
NEAR = {f"S{i}": tuple(f"S{j}" for j in (i - 1, i + 1) if 0 <= j < 8) for i in range(8)}


def levels(near: dict[str, tuple[str, ...]] | None = None, channels: list[Channel] = CHANNELS) -> Levels:
    count = len(channels)
    return Levels(channels, Groups(channels), FLOOR[:count], np.full(count, 1e9, np.float32), near)


def quiet(hours: int = QUIET, *, restless: float = 1.0, near: dict[str, tuple[str, ...]] | None = None) -> Levels:
    """Levels of water that wanders a little, each station its own way; the first conductivity so many times as much."""
    kept, rng = levels(near), np.random.default_rng(5)
    wander = np.zeros(16)
    for hour in range(hours):
        wander += rng.normal(size=16) / 4 - wander / 24
        swing = wander * np.array([2.0, 0.03] * 8)
        swing[0] *= restless
        kept.hour(hour, (BASE + swing).astype(np.float32))
    return kept


def grow(kept: Levels, changes: dict[int, float], hours: int, *, over: int = 72, common: float = 0.0) -> list[int]:
    """Let channels leave in so many hours; how many are faulty after each hour."""
    found = []
    for hour in range(kept.hours, kept.hours + hours):
        share = min(1.0, (hour - QUIET + 1) / over)
        means = BASE + common * share * np.array([1.0, 0.0] * 8)
        for series, change in changes.items():
            means[series] += change * share
        kept.hour(hour, means.astype(np.float32))
        found.append(int(kept.faulty.sum()))
    return found


def faulty(kept: Levels) -> list[int]:
    return np.flatnonzero(kept.faulty).tolist()


def test_one_channel_that_drifts_away_alone_is_faulty() -> None:
    kept = quiet()
    grow(kept, {0: 150.0}, 72)
    assert faulty(kept) == [0]


def test_it_is_known_while_it_still_grows() -> None:
    found = grow(quiet(), {0: 150.0}, 72)
    assert NEED_H < found.index(1) < 48


def test_what_arrives_by_a_front_is_the_water_s() -> None:
    assert not any(grow(quiet(), {0: 150.0}, 72, over=1))


def test_what_reaches_all_stations_is_the_water_s() -> None:
    assert not any(grow(quiet(), {}, 72, common=150.0))


def test_two_determinands_of_a_station_that_leave_together_are_the_water_s() -> None:
    assert not any(grow(quiet(), {0: 150.0, 1: -3.0}, 72))


def test_what_the_next_station_shows_too_is_the_water_s() -> None:
    changes = {0: 150.0, 2: 140.0}
    kept = quiet()
    grow(kept, changes, 72)
    assert faulty(kept) == [0, 2]
    assert not any(grow(quiet(near=NEAR), changes, 72))


def test_what_a_station_far_away_or_the_other_way_shows_explains_nothing() -> None:
    for other, change in ((8, 150.0), (2, -150.0)):
        kept = quiet(near=NEAR)
        grow(kept, {0: 150.0, other: change}, 72)
        assert faulty(kept) == [0, other]


def test_a_channel_that_is_always_restless_must_show_more() -> None:
    calm, wild = quiet(300), quiet(300, restless=12.0)
    for kept in (calm, wild):
        kept.floor = kept.floor / 10
        for hour in range(300, 372):
            means = BASE.copy()
            means[0] = kept.reference[0] + 12 * (hour - 299) / 72
            kept.hour(hour, means.astype(np.float32))
    assert faulty(calm) == [0]
    assert faulty(wild) == []


def test_nothing_is_said_of_the_first_days() -> None:
    kept = quiet(WARM_H // 2)
    found = []
    for hour in range(WARM_H // 2, WARM_H):
        means = BASE.copy()
        means[0] += 4.0 * (hour - WARM_H // 2)
        kept.hour(hour, means.astype(np.float32))
        found.append(kept.faulty.any())
    assert not any(found)


def test_silence_ends_no_fault_and_begins_none() -> None:
    kept = quiet()
    grow(kept, {0: 150.0}, 72)
    gone = np.full(16, np.nan, np.float32)
    for hour in range(kept.hours, kept.hours + 2 * RING):
        kept.hour(hour, gone)
    assert faulty(kept) == [0]


def test_it_ends_where_the_level_is_back() -> None:
    kept = quiet()
    grow(kept, {0: 150.0}, 72)
    for hour in range(kept.hours, kept.hours + 2 * RING):
        kept.hour(hour, BASE.astype(np.float32))
    assert faulty(kept) == []


def test_a_jump_back_ends_it_at_once() -> None:
    kept = quiet()
    grow(kept, {0: 150.0}, 72)
    kept.forget(kept.faulty.copy())
    assert faulty(kept) == []


def test_the_course_of_the_day_is_known_as_common() -> None:
    kept = quiet()
    kept.hour(kept.hours, (BASE + np.array([0.0, 1.5] * 8)).astype(np.float32))
    assert kept.common[1] == pytest.approx(1.5, abs=0.1)
    assert kept.common[0] == pytest.approx(0.0, abs=2.0)


def test_five_stations_make_no_yardstick() -> None:
    kept = levels(channels=CHANNELS[:10])
    for hour in range(QUIET + 72):
        means = BASE[:10].copy()
        means[0] += max(0, hour - QUIET) * 4.0
        kept.hour(hour, means.astype(np.float32))
    assert not kept.faulty.any()


@pytest.mark.parametrize("cuts", [(97,), tuple(range(10, 890, 37))])
def test_slow_faults_of_a_network_do_not_depend_on_the_cut(cuts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    stamps = START_MS + np.arange(900, dtype=np.int64) * 30 * 60_000
    values = np.array([480.0, 7.0] * 8) + rng.normal(0, [1.0, 0.03] * 8, (900, 16))
    values[350:, 0] += np.linspace(0, 200, 550)
    values[600:720, 3] -= 2.5
    values[rng.random(values.shape) < 0.05] = np.nan
    whole = QualityControl(CHANNELS).step(stamps, values)
    control = QualityControl(CHANNELS)
    parts = [control.step(s, v) for s, v in zip(np.split(stamps, cuts), np.split(values, cuts), strict=True)]
    tests = np.concatenate([part.tests[: part.final] for part in parts])
    np.testing.assert_array_equal(tests, whole.tests[: whole.final])
    assert (tests[:, 0] & Test.DRIFT.bit).any()
    assert not (tests[:, 2] & Test.DRIFT.bit).any()
