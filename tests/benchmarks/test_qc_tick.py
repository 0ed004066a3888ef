"""The tick that is timed is that of stations that have watched the water for days."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="module")
def beside() -> None:
    """Benchmarks import each other as scripts do."""
    sys.path.append(str(ROOT / "benchmarks"))


def test_many_blocks_go_on_as_the_one_that_was_watched() -> None:
    from benchmarks import _qc_tick as ticks

    rng = np.random.default_rng(1)
    block, rows = 20, 5 * ticks.DAY_ROWS
    one, many = ticks.Line(block), ticks.Line(3 * block)
    one.judge(*ticks.water(rows, block, -rows, rng))
    many.take_over(one)
    assert one.detector.ready.all()
    assert many.detector.ready.all()
    stamps, values = ticks.water(36, block, 0, rng)
    values[:, ticks.KEYS.index("ammonia_nitrogen")] += 0.02 * np.arange(36)
    single = one.quality.step(stamps, values)
    three = many.quality.step(stamps, np.tile(values, 3))
    # What a station's neighbours are worth depends on their number: drift and fouling are left aside here.
    aside = np.uint32(~((1 << 13) | (1 << 14)) & 0xFFFFFFFF)
    np.testing.assert_array_equal(np.tile(single.tests, 3) & aside, three.tests & aside)
    found = one.detector.step(stamps, values)
    again = many.detector.step(stamps, np.tile(values, 3))
    assert found
    assert len(again) == 3 * len(found)
    assert {(d.time_ms, d.determinand, d.evidence) for d in found} == {
        (d.time_ms, d.determinand, d.evidence) for d in again
    }


def test_a_state_is_repeated_along_its_series_only() -> None:
    from benchmarks._qc_tick import widened

    assert widened("x", np.array([[1, 2], [3, 4]]), (2, 4)).tolist() == [[1, 2, 1, 2], [3, 4, 3, 4]]
    assert widened("x", np.array([[1], [2]]), (4, 1)).tolist() == [[1], [2], [1], [2]]
    assert widened("times_ms", np.array([7, 8, 9]), (0,)).tolist() == [7, 8, 9]
    assert widened("x", np.zeros(0), (0,)).shape == (0,)
