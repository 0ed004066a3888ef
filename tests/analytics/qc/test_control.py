from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.qc.checks import Test
from analytics.qc.control import GRACE_MS, LATENESS_MS, Flags, QualityControl
from analytics.qc.visits import Visit
from sensors.reading import Quality

from .water import CHANNELS, MINUTE_MS, times, water


def final(parts: list[Flags]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    stamps = np.concatenate([part.times_ms[: part.final] for part in parts])
    return (
        stamps,
        np.concatenate([part.flags[: part.final] for part in parts]),
        np.concatenate([part.tests[: part.final] for part in parts]),
    )


def evidence(parts: list[Flags]) -> set[tuple[int, int, int, float, float]]:
    rows = set()
    for part in parts:
        found = part.findings.head(part.final)
        columns = (found.series, found.test, found.statistic, found.limit)
        rows |= set(zip(part.times_ms[found.row].tolist(), *(c.tolist() for c in columns), strict=True))
    return rows


def whole(stamps: np.ndarray, values: np.ndarray) -> list[Flags]:
    return [QualityControl(CHANNELS).step(stamps, values)]


@settings(max_examples=5, deadline=None)
@given(st.data())
@pytest.mark.parametrize("step_min", [5, 15, 90])
def test_flags_and_their_numbers_do_not_depend_on_how_the_data_are_cut(step_min: int, data: st.DataObject) -> None:
    rows = {5: 400, 15: 300, 90: 200}[step_min]
    stamps = times(rows, step_min, uneven=data.draw(st.sampled_from([None, 1, 2])))
    values = water(stamps, seed=step_min)
    expected = whole(stamps, values)
    cuts = sorted(data.draw(st.lists(st.integers(1, len(stamps) - 1), max_size=8, unique=True)))
    control = QualityControl(CHANNELS)
    parts = [control.step(s, v) for s, v in zip(np.split(stamps, cuts), np.split(values, cuts), strict=True)]
    for have, want in zip(final(parts), final(expected), strict=True):
        np.testing.assert_array_equal(have, want)
    assert evidence(parts) == evidence(expected)
    assert (final(expected)[1] == Quality.SUSPECT).any()


@settings(max_examples=4, deadline=None)
@given(st.data())
@pytest.mark.parametrize("step_min", [1, 5])
def test_late_and_revised_rows_give_what_they_would_have_given_in_time(step_min: int, data: st.DataObject) -> None:
    stamps = times(300, step_min)
    values = water(stamps, seed=3)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrival = stamps + rng.integers(0, GRACE_MS // 2 + 1, len(stamps))
    order = np.argsort(arrival, kind="stable")
    control, parts = QualityControl(CHANNELS), []
    for rows in np.array_split(order, data.draw(st.integers(20, 60))):
        wrong = values[rows].copy()
        revised = stamps[rows] > stamps[rows].max() - GRACE_MS
        wrong[revised] += 1000.0
        parts.append(control.step(stamps[rows], wrong))
        parts.append(control.step(stamps[rows[revised]], values[rows[revised]]))
    have, want = final(parts), final(whole(stamps, values))
    for mine, theirs in zip(have, want, strict=True):
        np.testing.assert_array_equal(mine, theirs[: len(mine)])
    assert len(have[0]) > len(want[0]) - 10


@pytest.mark.parametrize("step_min", [5, 15, 90])
def test_what_comes_later_changes_no_flag_that_is_older_than_the_lateness(step_min: int) -> None:
    stamps = times(400, step_min, uneven=7)
    values = water(stamps, seed=1)
    all_times, flags, _ = final(whole(stamps, values))
    lateness = max(LATENESS_MS, int(step_min * MINUTE_MS * 1.3))
    for cut in np.random.default_rng(5).choice(stamps[30:], 10, replace=False):
        part = whole(stamps[stamps <= cut], values[stamps <= cut])[0]
        old = part.times_ms <= cut - lateness
        known = np.searchsorted(all_times, part.times_ms[old])
        np.testing.assert_array_equal(part.flags[old], flags[known])


def test_a_tick_gives_what_became_final_first_and_the_rest_as_provisional() -> None:
    stamps = times(60)
    control = QualityControl(CHANNELS)
    control.step(stamps[:-1], water(stamps)[:-1])
    flags = control.step(stamps[-1:], water(stamps)[-1:])
    assert flags.final == 1
    assert flags.times_ms[0] == stamps[-1] - LATENESS_MS
    assert len(flags.times_ms) == 13


def test_a_row_older_than_the_grace_is_left_out() -> None:
    stamps = times(40)
    control = QualityControl(CHANNELS)
    control.step(stamps[10:], water(stamps)[10:])
    assert control.step(stamps[:10], water(stamps)[:10]).times_ms[0] >= stamps[10]


def test_a_missing_reading_is_missing_and_does_not_take_back_what_was_there() -> None:
    stamps = times(3)
    values = np.full((3, len(CHANNELS)), 7.0)
    control = QualityControl(CHANNELS)
    control.step(stamps, values)
    flags = control.step(stamps[-1:], np.full((1, len(CHANNELS)), np.nan))
    assert (flags.flags != Quality.MISSING).all()
    later = control.step(stamps[-1:] + 300_000, np.full((1, len(CHANNELS)), np.nan))
    assert (later.flags[-1] == Quality.MISSING).all()


def test_readings_of_a_logged_visit_fail() -> None:
    stamps = times(60)
    visit = Visit("A", int(stamps[10]), int(stamps[14]))
    flags = QualityControl(CHANNELS, visits=[visit]).step(stamps, water(stamps))
    inside = flags.flags[10:15, :3]
    assert set(np.unique(inside)) <= {Quality.FAIL, Quality.MISSING}
    assert not (flags.tests[:, 3:] & Test.VISIT.bit).any()


def test_nothing_at_all_is_no_rows() -> None:
    flags = QualityControl(CHANNELS).step(np.empty(0, np.int64), np.empty((0, len(CHANNELS))))
    assert len(flags.times_ms) == 0
    assert flags.final == 0


def test_what_follows_a_spike_within_an_hour_is_suspect() -> None:
    stamps = times(400)
    values = np.rint(450 + np.random.default_rng(1).normal(0, 1, (400, 1)))
    values[300] += 400
    values[303] = np.nan
    flags = QualityControl([("A", "conductivity")]).step(stamps, values)
    marked = np.flatnonzero(flags.tests[:, 0] & Test.AFTER_SPIKE.bit)
    assert marked.tolist() == [301, 302, *range(304, 313)]
    found = flags.findings
    hours = found.statistic[found.test == Test.AFTER_SPIKE]
    np.testing.assert_allclose(hours[[0, -1]], [1 / 12, 1.0])


def test_a_standstill_that_ends_with_a_jump_begins_no_bias() -> None:
    stamps = times(2000)
    day = 2 * np.pi * (stamps % 86_400_000) / 86_400_000
    values = np.rint(10 * (20 + 4 * np.sin(day) + np.random.default_rng(2).normal(0, 0.06, 2000)))[:, None] / 10
    values[1500:1600] = values[1500]
    flags = QualityControl([("A", "water_temperature")]).step(stamps, values)
    assert (flags.tests[1500:1600, 0] & Test.FLAT_LINE.bit).any()
    assert abs(values[1600, 0] - values[1599, 0]) > 1.5
    assert not (flags.tests[:, 0] & (Test.STEP.bit | Test.BIAS.bit)).any()


def test_an_hour_after_a_spike_is_as_long_row_by_row() -> None:
    stamps = times(360)
    values = np.rint(450 + np.random.default_rng(1).normal(0, 1, (360, 1)))
    values[300] += 400
    control = QualityControl([("A", "conductivity")])
    parts = [control.step(stamps[:290], values[:290])]
    parts += [control.step(stamps[row : row + 1], values[row : row + 1]) for row in range(290, 360)]
    kept = final(parts)[2][:, 0]
    assert np.flatnonzero(kept & Test.AFTER_SPIKE.bit).tolist() == list(range(301, 313))
