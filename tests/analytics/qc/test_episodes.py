from __future__ import annotations

import numpy as np

from analytics.qc.checks import MEANING, Test
from analytics.qc.episodes import RULES, fault_episodes
from sensors.reading import Quality

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
CHANNELS = [("A", "ph"), ("A", "turbidity")]
STAMPS = np.arange(600, dtype=np.int64) * 5 * MINUTE_MS


def episodes(marks: dict[Test, list[int]], there: np.ndarray | None = None) -> list[tuple[str, str | None, int, int]]:
    tests = np.zeros((600, 2), np.uint32)
    for test, rows in marks.items():
        tests[rows, 1] |= np.uint32(test.bit)
    there = np.ones((600, 2), bool) if there is None else there
    found = fault_episodes(CHANNELS, STAMPS, tests, there, HOUR_MS)
    assert all(e.known_ms == e.start_ms + HOUR_MS for e in found)
    return [(e.kind, e.determinand, e.start_ms // 300_000, e.end_ms // 300_000) for e in found]


def test_one_spike_is_no_episode_and_the_second_begins_it() -> None:
    assert episodes({Test.SPIKE: [20]}) == []
    assert episodes({Test.SPIKE: [20, 40, 60, 400]}) == [("spikes", "turbidity", 40, 60)]


def test_flags_of_one_kind_join_over_hours_and_part_over_more() -> None:
    found = episodes({Test.FLAT_LINE: [*range(10, 30), *range(50, 60), *range(200, 210)]})
    assert found == [("flatline", "turbidity", 10, 59), ("flatline", "turbidity", 200, 209)]


def test_what_fails_in_a_visit_is_maintenance_and_no_spike() -> None:
    rows = list(range(30, 36))
    assert episodes({Test.VISIT: rows, Test.GROSS_RANGE: rows}) == [("maintenance", "turbidity", 30, 35)]


def test_silence_of_the_whole_station_is_a_dropout() -> None:
    there = np.ones((600, 2), bool)
    there[100:150] = False
    there[300:400, 0] = False
    assert episodes({}, there) == [("dropout", None, 99, 150)]


def test_every_test_has_a_meaning_and_only_the_impossible_fails() -> None:
    assert set(MEANING) == set(Test)
    assert {test for test in Test if MEANING[test].flag is Quality.FAIL} == {
        Test.GROSS_RANGE, Test.SENTINEL, Test.VISIT,
    }  # fmt: skip
    assert len({test.bit for test in Test}) == len(Test)


def test_no_test_speaks_for_two_kinds() -> None:
    masks = [rule.tests for rule in RULES]
    assert sum(masks) == np.bitwise_or.reduce(masks)
