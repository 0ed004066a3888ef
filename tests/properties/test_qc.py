"""No test of quality control asks how its readings were cut, in which order they came, or what stood there first."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.qc.biases import Biases
from analytics.qc.checks import Test
from analytics.qc.control import GRACE_MS, LATENESS_MS, Flags, QualityControl
from analytics.qc.fixed import rate_after_gap
from analytics.qc.kernels import run_starts
from analytics.qc.trust import Trust
from tests.analytics.qc.faults import CHANNELS, NEAR, ROWS, STAMPS, STEP_MS, control, faulty, limits

HOUR_MS = 3_600_000
CUTS = st.lists(st.integers(1, ROWS - 1), min_size=1, max_size=12, unique=True).map(sorted)


def final(parts: list[Flags]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32], list[tuple[float, ...]]]:
    """Final flags, tests, and the numbers behind them."""
    numbers = []
    for part in parts:
        found = part.findings.head(part.final)
        columns = (part.times_ms[found.row], found.series, found.test, found.statistic, found.limit)
        numbers += zip(*(column.tolist() for column in columns), strict=True)
    flags, tests = ([getattr(part, name)[: part.final] for part in parts] for name in ("flags", "tests"))
    return np.concatenate(flags), np.concatenate(tests), sorted(numbers)


@cache
def at_once(river: bool) -> Flags:
    return control(river=river).step(STAMPS, faulty())


@cache
def whole(river: bool) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32], list[tuple[float, ...]]]:
    return final([at_once(river)])


def assert_whole(parts: list[Flags], river: bool) -> None:
    flags, tests, numbers = final(parts)
    np.testing.assert_array_equal(flags, whole(river)[0])
    np.testing.assert_array_equal(tests, whole(river)[1])
    assert numbers == whole(river)[2]


@pytest.mark.parametrize("test", Test, ids=lambda test: test.key)
@pytest.mark.parametrize("river", [True, False])
def test_every_test_has_something_to_say_in_these_readings(test: Test, river: bool) -> None:
    assert (whole(river)[1] & np.uint32(test.bit)).any()


@settings(max_examples=6)
@given(CUTS)
@pytest.mark.parametrize("river", [True, False])
def test_no_test_depends_on_how_the_data_are_cut(river: bool, cuts: list[int]) -> None:
    kept = control(river=river)
    blocks = zip(np.split(STAMPS, cuts), np.split(faulty(), cuts), strict=True)
    assert_whole([kept.step(stamps, values) for stamps, values in blocks], river)


@settings(max_examples=8)
@given(CUTS)
def test_trust_does_not_depend_on_how_the_data_are_cut(cuts: list[int]) -> None:
    """What detection may use, and what it must doubt, is what was known at each row's own time."""
    expected = Trust(len(CHANNELS)).rows(at_once(True), STAMPS)
    kept, trust, parts = control(), Trust(len(CHANNELS)), []
    for stamps, values in zip(np.split(STAMPS, cuts), np.split(faulty(), cuts), strict=True):
        parts.append(trust.rows(kept.step(stamps, values), stamps))
    for have, want in zip(zip(*parts, strict=True), expected, strict=True):
        np.testing.assert_array_equal(np.concatenate(have), want)
    assert (~expected.usable).any()
    assert expected.doubted.any()


@settings(max_examples=6)
@given(CUTS, st.integers(0, 10_000))
@pytest.mark.parametrize("river", [True, False])
def test_no_test_depends_on_what_was_missing_or_wrong_at_first(river: bool, cuts: list[int], seed: int) -> None:
    """What is newer than a quarter of an hour comes with holes and wrong values, and is put right afterwards."""
    rng, kept, parts = np.random.default_rng(seed), control(river=river), []
    values = faulty()
    for begin, end in zip([0, *cuts], [*cuts, ROWS], strict=True):
        first = max(begin, end - GRACE_MS // STEP_MS)
        early = values[begin:end].copy()
        tail = early[first - begin :]
        fate = rng.random(tail.shape)
        tail[(fate < 0.3) & np.isfinite(tail)] += 1e4
        tail[fate > 0.7] = np.nan
        order = rng.permutation(end - begin)
        parts.append(kept.step(STAMPS[begin:end][order], early[order]))
        again = rng.permutation(np.arange(first, end))
        parts.append(kept.step(STAMPS[again], values[again]))
    assert_whole(parts, river)


def test_one_reading_at_a_time_is_all_of_them_at_once() -> None:
    """As a live hub does; enough rows for everything that looks back, and ten cuts of the future."""
    rows = 40
    kept, parts = control(), []
    for row in range(rows):
        parts.append(kept.step(STAMPS[row : row + 1], faulty()[row : row + 1]))
    have, want = final(parts), final([control().step(STAMPS[:rows], faulty()[:rows])])
    np.testing.assert_array_equal(have[1], want[1])
    assert len(have[0]) == rows - LATENESS_MS // STEP_MS
    assert have[2] == want[2]


Rough = st.lists(st.sampled_from([1.0, 1.0, 2.0, 9.0, float("nan")]), min_size=2, max_size=40)


@given(Rough, st.data())
def test_standstill_of_any_course_in_any_blocks(course: list[float], data: st.DataObject) -> None:
    values, stamps = np.array(course)[:, None], np.arange(len(course), dtype=np.int64) * HOUR_MS
    cut = data.draw(st.integers(1, len(course) - 1))
    nothing = (np.array([np.nan]), np.array([0]))
    expected, last = run_starts(values, stamps, *nothing)
    first, kept = run_starts(values[:cut], stamps[:cut], *nothing)
    second, end = run_starts(values[cut:], stamps[cut:], kept, first[-1])
    np.testing.assert_array_equal(np.vstack([first, second]), expected)
    np.testing.assert_array_equal(end, last)


@given(Rough, st.data())
def test_changes_across_gaps_of_any_course_in_any_blocks(course: list[float], data: st.DataObject) -> None:
    values, stamps = np.array(course)[:, None], np.arange(1, len(course) + 1, dtype=np.int64) * HOUR_MS
    expected, hours = rate_after_gap(values, stamps, np.array([np.nan]), np.array([0]), 0)
    cut = data.draw(st.integers(1, len(course) - 1))
    there = np.flatnonzero(np.isfinite(values[:cut, 0]))
    last = values[there[-1]] if there.size else np.array([np.nan])
    last_ms = stamps[there[-1:]] if there.size else np.array([0])
    change, after = rate_after_gap(values[cut:], stamps[cut:], last, last_ms, int(stamps[cut - 1]))
    np.testing.assert_array_equal(change, expected[cut:])
    told = np.isfinite(change)
    np.testing.assert_array_equal(after[told], hours[cut:][told])


@given(st.lists(st.tuples(st.sampled_from([0, 0, 5, -5, 2]), st.floats(-9, 9)), min_size=2, max_size=30), st.data())
def test_jumps_that_hold_in_any_blocks(rows: list[tuple[float, float]], data: st.DataObject) -> None:
    jump, after = (np.array(column, np.float32)[:, None] for column in zip(*rows, strict=True))
    stamps = STAMPS[0] + np.arange(len(rows), dtype=np.int64) * HOUR_MS
    visited = np.arange(len(rows))[:, None] % 7 == 3
    limit, longest = np.array([3.0], np.float32), np.array([12 * HOUR_MS], np.int64)
    expected = Biases(1, longest).rows(stamps, jump, after, limit, visited)
    cuts, kept = sorted(data.draw(st.sets(st.integers(1, len(rows) - 1), max_size=5))), Biases(1, longest)
    parts = [kept.rows(s, j, a, limit, v) for s, j, a, v in zip(
        np.split(stamps, cuts), np.split(jump, cuts), np.split(after, cuts), np.split(visited, cuts), strict=True
    )]  # fmt: skip
    np.testing.assert_array_equal(np.concatenate(parts), expected)


def test_no_series_depends_on_where_it_stands() -> None:
    order = np.random.default_rng(2).permutation(len(CHANNELS))
    flags = QualityControl([CHANNELS[i] for i in order], limits(), near=NEAR).step(STAMPS, faulty()[:, order])
    np.testing.assert_array_equal(flags.tests[: flags.final], whole(True)[1][:, order])
