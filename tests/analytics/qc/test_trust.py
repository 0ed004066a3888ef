"""What detection may use of a row is what quality control knew then, however the rows were cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.qc.adaptive import Findings
from analytics.qc.checks import Test
from analytics.qc.control import LATENESS_MS, Flags
from analytics.qc.trust import HOLD_MS, STILL_MS, Trust, Trusted

STEP_MS = 600_000
ROWS = 120
TIMES = np.arange(ROWS, dtype=np.int64) * STEP_MS + 1_700_006_400_000
LATE, HOLD = LATENESS_MS // STEP_MS, HOLD_MS // STEP_MS


def flags(tests: np.ndarray, first: int, last: int) -> Flags:
    """What a step that took the rows up to `last` gives: final rows not given before, then provisional ones."""
    begin, end = max(0, first - LATE), max(0, last - LATE)
    part = tests[begin:last]
    verdict = Findings(*part.shape).verdict()
    return Flags(TIMES[begin:last], np.ones(part.shape, np.uint8), part, end - begin, verdict)


def whole(tests: np.ndarray) -> Trusted:
    return Trust(tests.shape[1]).rows(flags(tests, 0, ROWS), TIMES)


@pytest.mark.parametrize("test", [Test.DRIFT, Test.FOULING, Test.BIAS, Test.NOISE, Test.ATTENUATED])
def test_a_lasting_fault_is_doubted_from_when_it_is_final(test: Test) -> None:
    tests = np.zeros((ROWS, 2), np.uint32)
    tests[10:20, 0] = test.bit
    found = whole(tests)
    assert found.usable.all()
    assert np.flatnonzero(found.doubted[:, 0]).tolist() == list(range(10 + LATE, 20 + LATE + HOLD - 1))
    assert not found.doubted[:, 1].any()


def test_a_series_that_stands_still_says_nothing_while_it_does() -> None:
    tests = np.zeros((ROWS, 1), np.uint32)
    tests[10:20] = Test.FLAT_LINE.bit
    found = whole(tests)
    assert np.flatnonzero(~found.usable[:, 0]).tolist() == list(range(10 + LATE, 20 + LATE + STILL_MS // STEP_MS - 1))
    assert found.doubted[10 + LATE : 20 + LATE + HOLD - 1].all()


@pytest.mark.parametrize("test", [Test.GROSS_RANGE, Test.SENTINEL])
def test_what_is_impossible_is_known_at_once(test: Test) -> None:
    tests = np.zeros((ROWS, 1), np.uint32)
    tests[-1] = test.bit
    found = whole(tests)
    assert np.flatnonzero(~found.usable[:, 0]).tolist() == [ROWS - 1]
    assert not found.doubted.any()


@pytest.mark.parametrize("test", [Test.SPIKE, Test.STEP, Test.SPAN])
def test_what_does_not_last_is_left_to_detection(test: Test) -> None:
    found = whole(np.full((ROWS, 1), test.bit, np.uint32))
    assert found.usable.all()
    assert not found.doubted.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, ROWS - 1), max_size=12, unique=True))
def test_how_rows_are_cut_changes_nothing(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    tests = np.where(rng.random((ROWS, 3)) < 0.03, np.uint32(Test.DRIFT.bit | Test.FLAT_LINE.bit), np.uint32(0))
    trust, parts = Trust(3), []
    ends = [*sorted(cuts), ROWS]
    for first, last in zip([0, *ends[:-1]], ends, strict=True):
        parts.append(trust.rows(flags(tests, first, last), TIMES[first:last]))
    expected = whole(tests)
    assert (np.concatenate([part.usable for part in parts]) == expected.usable).all()
    assert (np.concatenate([part.doubted for part in parts]) == expected.doubted).all()
