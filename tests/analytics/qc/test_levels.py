from __future__ import annotations

import numpy as np
import pytest

from analytics.qc.checks import Test
from analytics.qc.config import Channel
from analytics.qc.control import QualityControl
from analytics.qc.biases import BACK_H, RENEWED_MS, Biases
from analytics.qc.levels import NEED_H, Levels
from analytics.qc.visits import Groups

HOUR_MS = 3_600_000
START_MS = 1_700_006_400_000
NAMES = ("conductivity", "dissolved_oxygen")
CHANNELS = [Channel(f"S{i}", name) for i in range(8) for name in NAMES]
FLOOR = np.array([30.0, 0.5] * 8, np.float32)


#: A river of eight stations; each asks the one above and the one below.
NEAR = {f"S{i}": tuple(f"S{j}" for j in (i - 1, i + 1) if 0 <= j < 8) for i in range(8)}


def levels(near: dict[str, tuple[str, ...]] | None = None) -> Levels:
    return Levels(CHANNELS, Groups(CHANNELS), FLOOR, np.full(16, 1e9, np.float32), near)


def run(
    changes: dict[int, float], hours: int = 60, *, common: float = 0.0, near: dict[str, tuple[str, ...]] | None = None
) -> Levels:
    kept = levels(near)
    base = np.array([480.0, 7.0] * 8)
    for hour in range(30 + hours):
        means = base + np.sin(hour) * 0.01
        if hour >= 30:
            means = means + common * np.array([1.0, 0.0] * 8)
            for series, change in changes.items():
                means[series] += change
        kept.hour(hour, means.astype(np.float32))
    return kept


def test_one_channel_that_leaves_alone_is_faulty() -> None:
    assert run({0: 200.0}).faulty.nonzero()[0].tolist() == [0]


def test_what_reaches_all_stations_is_the_water_s() -> None:
    assert not run({}, common=200.0).faulty.any()


def test_two_determinands_of_a_station_that_leave_together_are_the_water_s() -> None:
    assert not run({0: 200.0, 1: -3.0}).faulty.any()


def test_what_the_next_station_shows_too_is_the_water_s() -> None:
    changes = {0: 200.0, 2: 180.0}
    assert run(changes).faulty.nonzero()[0].tolist() == [0, 2]
    assert not run(changes, near=NEAR).faulty.any()


def test_what_a_station_far_away_or_the_other_way_shows_explains_nothing() -> None:
    assert run({0: 200.0, 8: 200.0}, near=NEAR).faulty.nonzero()[0].tolist() == [0, 8]
    assert run({0: 200.0, 2: -200.0}, near=NEAR).faulty.nonzero()[0].tolist() == [0, 2]


def test_where_neighbours_can_be_asked_less_will_do() -> None:
    assert not run({0: 40.0}).faulty.any()
    assert run({0: 40.0}, near=NEAR).faulty.nonzero()[0].tolist() == [0]


def test_it_takes_hours_and_ends_where_the_level_is_back() -> None:
    assert not run({0: 200.0}, NEED_H // 2).faulty.any()
    kept = run({0: 200.0})
    for hour in range(90, 110):
        kept.hour(hour, np.array([480.0, 7.0] * 8, np.float32))
    assert not kept.faulty.any()


def test_five_stations_make_no_yardstick() -> None:
    few = CHANNELS[:10]
    kept = Levels(few, Groups(few), FLOOR[:10], np.full(10, 1e9, np.float32))
    for hour in range(80):
        means = np.array([480.0, 7.0] * 5, np.float32)
        means[0] += 300 if hour > 30 else 0
        kept.hour(hour, means)
    assert not kept.faulty.any()


def jumps(*rows: float) -> np.ndarray:
    return np.array(rows, np.float32)[:, None]


def held(biases: Biases, jump: np.ndarray, after: np.ndarray, start: int = 0) -> list[float]:
    stamps = START_MS + (start + np.arange(len(jump), dtype=np.int64)) * HOUR_MS
    return biases.rows(stamps, jump, after, np.array([1.0], np.float32), None)[:, 0].tolist()


def made(hours: float = 100) -> Biases:
    return Biases(1, np.array([hours * HOUR_MS], np.int64))


def test_a_jump_away_is_held_until_one_back() -> None:
    found = held(made(), jumps(0, 5, 0, 0, -4, 0), jumps(0, 5, 5, 5, 1, 0))
    assert found == [0, 5, 5, 5, 0, 0]


def test_a_jump_towards_what_was_usual_begins_nothing() -> None:
    assert held(made(), jumps(0, 5, 0), jumps(-5, 0, 0)) == [0, 0, 0]


def test_a_jump_is_believed_at_last() -> None:
    found = held(made(3), jumps(5, 0, 0, 0, 0, 0), jumps(5, 5, 5, 5, 5, 5))
    assert found == [5, 5, 5, 5, 0, 0]


def test_a_level_that_came_back_by_itself_ends_it() -> None:
    biases = made()
    held(biases, jumps(5), jumps(5))
    for _ in range(BACK_H):
        biases.hour(np.array([0.5]), np.array([True]))
    assert biases.height[0] == 0


def test_a_small_jump_of_a_visit_is_over_with_the_next() -> None:
    biases, limit = made(1000), np.array([10.0], np.float32)
    stamps = START_MS + np.array([0, RENEWED_MS // 2, 2 * RENEWED_MS], np.int64)
    visited = np.array([[True], [True], [True]])
    assert biases.rows(stamps, jumps(5, 0, 0), jumps(5, 5, 5), limit, visited)[:, 0].tolist() == [5, 5, 0]


@pytest.mark.parametrize("cuts", [(97,), tuple(range(10, 560, 13))])
def test_slow_faults_of_a_network_do_not_depend_on_the_cut(cuts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    stamps = START_MS + np.arange(570, dtype=np.int64) * 30 * 60_000
    values = np.array([480.0, 7.0] * 8) + rng.normal(0, [1.0, 0.03] * 8, (570, 16))
    values[200:, 0] += np.linspace(0, 200, 370)
    values[300:420, 3] -= 2.5
    values[rng.random(values.shape) < 0.05] = np.nan
    whole = QualityControl(CHANNELS).step(stamps, values)
    control = QualityControl(CHANNELS)
    parts = [control.step(s, v) for s, v in zip(np.split(stamps, cuts), np.split(values, cuts), strict=True)]
    tests = np.concatenate([part.tests[: part.final] for part in parts])
    np.testing.assert_array_equal(tests, whole.tests[: whole.final])
    assert (tests[:, 0] & Test.DRIFT.bit).any()
    assert not (tests[:, 2] & Test.DRIFT.bit).any()
