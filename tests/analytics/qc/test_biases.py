from __future__ import annotations

import numpy as np

from analytics.qc.biases import BACK_H, RENEWED_MS, Biases

HOUR_MS = 3_600_000
START_MS = 1_700_006_400_000


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
