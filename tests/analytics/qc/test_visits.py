from __future__ import annotations

import numpy as np

from analytics.qc.checks import Test
from analytics.qc.config import Channel
from analytics.qc.control import QualityControl
from analytics.qc.visits import Groups, Visit, VisitLog, near

MINUTE_MS = 60_000
START_MS = 1_700_006_400_000
CHANNELS = [Channel(s, d) for s in "AB" for d in ("water_temperature", "conductivity", "ph")]
ROWS = 300
STAMPS = START_MS + np.arange(ROWS, dtype=np.int64) * 15 * MINUTE_MS


def water() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([12.0, 400.0, 8.2] * 2) + rng.normal(0, [0.02, 0.5, 0.01] * 2, (ROWS, 6))


def visited(values: np.ndarray) -> np.ndarray:
    tests = QualityControl(CHANNELS).step(STAMPS, values).tests
    return (tests & np.uint32(Test.VISIT.bit)) != 0


def test_a_temperature_that_fails_shows_a_visit_and_flags_what_froze_or_jumped() -> None:
    values = water()
    values[200:202, 0] = -9999
    values[200:202, 1] = values[199, 1]
    values[202:, 2] += 0.4
    found = visited(values)
    assert found[200:202, 1].all()
    assert found[202, 2]
    assert not found[:, 3:].any()
    assert not found[:199].any()


def test_what_moves_together_without_an_impossible_value_is_a_storm() -> None:
    values = water()
    values[200:204, 1] -= 80
    values[200:204, 2] -= 0.5
    assert not visited(values).any()


def test_two_that_jump_of_which_one_reads_air_are_a_visit() -> None:
    values = water()
    values[200:202, 1] = 0.3
    values[200:202, 2] += 0.8
    assert visited(values)[200, 2]


def test_the_middle_of_a_long_outage_is_no_visit() -> None:
    values = water()
    values[100:260, 0] = -9999
    values[180, 2] = values[179, 2]
    assert not visited(values)[120:240].any()


def test_a_log_knows_its_stations_only() -> None:
    log = VisitLog(CHANNELS, [Visit("C", START_MS, START_MS + MINUTE_MS)])
    assert log.mask(STAMPS) is None
    log.add(Visit("B", int(STAMPS[3]), int(STAMPS[5])))
    mask = log.mask(STAMPS)
    assert mask is not None
    assert mask.nonzero()[0].tolist() == [3, 3, 3, 4, 4, 4, 5, 5, 5]
    assert set(mask.nonzero()[1]) == {3, 4, 5}
    assert log.mask(STAMPS[10:]) is None


def test_groups_count_by_station_in_any_order() -> None:
    mixed = Groups([Channel(s, d) for s, d in (("A", "ph"), ("B", "ph"), ("A", "orp"))])
    mask = np.array([[True, False, True], [False, True, True]])
    assert mixed.count(mask).tolist() == [[2, 0], [1, 1]]
    assert mixed.spread(mixed.count(mask)).tolist() == [[2, 0, 2], [1, 1, 1]]
    assert mixed.largest(np.array([1.0, 5.0, 3.0])).tolist() == [3.0, 5.0, 3.0]
    assert mixed.alone(np.array([[True, False, False], [False, False, True]])).tolist() == [
        [False, True, False],
        [False, True, False],
    ]


def test_near_is_told_in_time() -> None:
    stamps = np.array([0, 10, 20, 100, 110]) * MINUTE_MS
    mask = np.array([False, True, False, False, False])
    assert near(mask, stamps, 15 * MINUTE_MS).tolist() == [True, True, True, False, False]
