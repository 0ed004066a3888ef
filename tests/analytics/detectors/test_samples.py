"""Single samples: which are filled in, and what a jump is."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.detectors.options import Options
from analytics.detectors.samples import FILLED, Samples

STEP_MS = 300_000
NOISE = np.array([0.1], np.float32)
NAN = float("nan")


def taken(*values: float) -> Samples:
    """Samples of one series after some rows."""
    samples = Samples.empty(1, STEP_MS)
    for row, value in enumerate(values):
        samples.add((row + 1) * STEP_MS, np.array([value], np.float32), np.array([False]), NOISE, Options())
    return samples


def newest(samples: Samples, count: int) -> list[float]:
    return [float(value) for value in samples.recent[-count:, 0]]


def test_between_the_rows_of_a_slower_station_the_last_one_stands() -> None:
    samples = taken(1.0, NAN, 2.0, NAN, 3.0, NAN)
    assert newest(samples, 6) == [1, 1, 2, 2, 3, 3]
    assert float(samples.half_hour(STEP_MS)[0]) == 2
    assert int(samples.changes[0]) == 2


def test_a_lost_message_right_after_a_silence_is_filled() -> None:
    assert newest(taken(1.0, *[NAN] * 5, 2.0, NAN), 2) == [2, 2]


def test_more_lost_messages_than_that_are_a_silence() -> None:
    filled = newest(taken(1.0, *[NAN] * (FILLED + 2)), FILLED + 2)
    assert filled[:FILLED] == [1] * FILLED
    assert np.isnan(filled[FILLED:]).all()


@pytest.mark.parametrize("gap", [0, 1])
def test_a_jump_of_one_sample_is_seen_also_across_a_lost_message(gap: int) -> None:
    samples = taken(*[1.0, 1.05] * 4, *[NAN] * gap, *[3.0, 3.05] * 2)
    assert samples.jumped.all()


def test_a_jump_is_seen_at_a_slower_station() -> None:
    rows = [value for pair in ((1.0, NAN), (1.05, NAN), (3.0, NAN), (3.05, NAN)) for value in pair]
    assert taken(*rows).jumped.all()


def test_a_front_of_several_samples_is_water() -> None:
    assert not taken(1.0, 1.05, 1.0, 1.05, 1.5, 2.0, 2.5, 3.0).jumped.any()
