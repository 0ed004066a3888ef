"""Baselines follow the course of the day and the level, and begin anew after a jump."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.detectors.baseline import Baseline
from analytics.detectors.options import Options

OPTIONS = Options()


def run(baseline: Baseline, values: np.ndarray, first: int = 0, dry: bool = True) -> None:
    for i, value in enumerate(values, start=first):
        baseline.add(np.array([value], np.float32))
        baseline.close(i, np.array([0.1], np.float32), dry, OPTIONS)


def daily(slots: int) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 0.1, slots)
    return 10 + 2 * np.sin(2 * np.pi * np.arange(slots) / 48) + noise


def test_the_course_of_the_day_is_learned() -> None:
    baseline = Baseline.empty(1)
    run(baseline, daily(10 * 48))
    residuals = [float(baseline.residual(np.array([10 + 2 * np.sin(2 * np.pi * s / 48)], np.float32), s + 480)[0, 0])
                 for s in (0.5, 1.5)]  # fmt: skip
    assert np.abs(residuals) == pytest.approx([0, 0], abs=0.35)
    assert np.ptp(baseline.course) == pytest.approx(4, rel=0.2)


def test_noise_makes_no_course_of_the_day() -> None:
    baseline = Baseline.empty(1)
    run(baseline, 10 + np.random.default_rng(2).normal(0, 1, 10 * 48))
    assert np.ptp(baseline.course) < 1.2


def test_the_scale_holds_what_the_water_does() -> None:
    quiet, lively = Baseline.empty(1), Baseline.empty(1)
    # One series in 24 has its turn at each hour: with a single one, once a day.
    noise = np.random.default_rng(3).normal(0, 1, 8 * 48)
    run(quiet, 10 + 0.1 * noise)
    run(lively, 10 + noise)
    assert lively.scale[0, 0] == pytest.approx(10 * quiet.scale[0, 0], rel=0.1)
    assert 0.8 < lively.scale[0, 0] < 1.8


def test_wet_slots_teach_nothing() -> None:
    baseline = Baseline.empty(1)
    run(baseline, daily(6 * 48), dry=False)
    assert np.isnan(baseline.scale).all()
    assert (baseline.course == 0).all()
    assert baseline.fast[0] == baseline.fast[0]


def test_forgetting_needs_four_slots_and_the_guard_again() -> None:
    baseline = Baseline.empty(1)
    run(baseline, daily(3 * 48))
    baseline.forget(np.array([True]))
    assert np.isnan(baseline.fast[0])
    run(baseline, daily(7), first=144)
    assert np.isnan(baseline.fast[0])
    run(baseline, daily(1), first=151)
    assert baseline.fast[0] == baseline.fast[0]
