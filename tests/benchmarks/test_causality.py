"""A replay of the input cut at any time says the same up to that time: nothing looks into the future."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.scenarios.weather import PER_DAY
from deploy.replay.folder import replay
from deploy.replay.scenario import load_scenario
from tests.benchmarks.causality import LATENESS, cut, faulty, known_by

START = datetime(2025, 7, 5)
CUTS = sorted(np.random.default_rng(20).integers(2 * PER_DAY, 9 * PER_DAY, 10).tolist())


@pytest.fixture(scope="module")
def whole(tiny: Path) -> dict[str, Any]:
    return replay(load_scenario(tiny))


@pytest.mark.parametrize("step", CUTS)
def test_a_cut_replay_says_the_same(tiny: Path, whole: dict[str, Any], step: int, tmp_path: Path) -> None:
    until = START + timedelta(minutes=5 * step)
    part = replay(load_scenario(cut(tiny / "public", tmp_path / "cut", until)))
    assert known_by(part, until.isoformat()) == known_by(whole, until.isoformat())
    before = until - LATENESS
    assert_same(faulty(part, START, before), faulty(whole, START, before))


def assert_same(part: dict[tuple[str, str], np.ndarray], whole: dict[tuple[str, str], np.ndarray]) -> None:
    assert set(part) == set(whole)
    for key, mask in part.items():
        np.testing.assert_array_equal(mask, whole[key], err_msg=str(key))


def test_there_is_something_to_compare(whole: dict[str, Any]) -> None:
    assert len(whole["detections"]) >= 2
    assert len(whole["faults"]) >= 5


def test_a_replay_cut_in_memory_is_that_of_the_cut_files(tiny: Path, tmp_path: Path) -> None:
    scenario = load_scenario(tiny)
    until = START + timedelta(minutes=5 * CUTS[4])
    files = load_scenario(cut(tiny / "public", tmp_path / "cut", until))
    memory = scenario.until(scenario.time_ms[0] + 300_000 * (CUTS[4] - 1))
    np.testing.assert_array_equal(files.values, memory.values)
    np.testing.assert_array_equal(files.rain_mm, memory.rain_mm)
    np.testing.assert_array_equal(files.flow_m3_s, memory.flow_m3_s)
    assert files.visits == memory.visits
    np.testing.assert_array_equal(files.visited, memory.visited)
