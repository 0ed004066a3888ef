"""Replay: the pipeline over a folder, and the spans that become faults."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analytics.qc.checks import Test
from analytics.qc.config import Channel
from analytics.qc.control import QualityControl
from deploy.replay.detections_file import FaultSpan
from deploy.replay.folder import fault_spans, replay, ticks
from deploy.replay.scenario import Scenario, load_scenario
from sensors.errors import UsageError
from tests.deploy.site.topologies import write_small


def rows(steps: int) -> list[tuple[int, str, str, float]]:
    """Quiet water with a little noise, at both stations."""
    noise = np.random.default_rng(1).normal(0, 1, (steps, 3))
    return [
        row
        for k in range(steps)
        for row in (
            (5 * k + 5, "S01", "nh3n", round(1 + 0.03 * noise[k, 0], 2)),
            (5 * k + 5, "S01", "do", round(7 + 0.05 * noise[k, 1], 2)),
            (5 * k + 5, "S02", "nh3n", round(0.8 + 0.03 * noise[k, 2], 2)),
        )
    ]


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    readings = rows(200)
    for k in (120, 122, 124):
        readings[3 * k + 1] = (5 * k + 5, "S01", "do", 60.0)
    return load_scenario(write_small(tmp_path / "public", readings))


def test_ticks_cover_every_row_once(scenario: Scenario) -> None:
    ranges = list(ticks(scenario))
    assert ranges[0][0] == 0
    assert ranges[-1][1] == scenario.time_ms.size
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    assert all(scenario.time_ms[end - 1] % 600_000 == 0 for _, end in ranges[:-1])


def test_impossible_values_are_a_fault_and_quiet_water_no_event(scenario: Scenario) -> None:
    done: list[int] = []
    found = replay(scenario, done.append)
    assert found["detections"] == []
    [fault] = found["faults"]
    assert (fault["station"], fault["parameter"], fault["kind"]) == ("S01", "do", "spikes")
    assert fault["start"] <= "2025-05-01T10:15:00" <= fault["end"]
    assert sum(done) == 200


def test_readings_too_far_apart_are_refused(tmp_path: Path) -> None:
    readings = [(240 * k, "S01", "nh3n", 1.0) for k in range(9)]
    with pytest.raises(UsageError, match="every 240 min"):
        replay(load_scenario(write_small(tmp_path, readings)))


def spans_of(scenario: Scenario, marks: dict[int, int]) -> list[FaultSpan]:
    channels = [Channel(*pair) for pair in scenario.series]
    flags = QualityControl(channels).step(scenario.time_ms, scenario.values)
    flags.tests[:] = 0
    for row, bits in marks.items():
        flags.tests[row, 0] = bits
    return fault_spans(scenario, channels, flags)


def test_a_fault_lasts_until_nothing_was_flagged_for_its_time(scenario: Scenario) -> None:
    [span] = spans_of(scenario, {10: Test.FLAT_LINE.bit, 40: Test.FLAT_LINE.bit})
    assert (span.kind, span.determinand) == ("flatline", "dissolved_oxygen")
    assert span.start_ms == scenario.time_ms[10]
    assert span.end_ms == scenario.time_ms[40] + 3 * 3_600_000
    assert len(spans_of(scenario, {10: Test.FLAT_LINE.bit, 140: Test.FLAT_LINE.bit})) == 2


def test_one_spike_is_no_fault(scenario: Scenario) -> None:
    assert spans_of(scenario, {10: Test.SPIKE.bit}) == []
    [span] = spans_of(scenario, {10: Test.SPIKE.bit, 20: Test.SPIKE.bit})
    assert span.start_ms == scenario.time_ms[20]


def test_silence_is_a_fault_before_it_has_ended(tmp_path: Path) -> None:
    silent = [row for row in rows(60) if row[1] == "S02" or row[0] <= 100]
    scenario = load_scenario(write_small(tmp_path, silent))
    [span] = spans_of(scenario, {})
    assert (span.station, span.determinand, span.kind) == ("S01", None, "dropout")
    assert (span.start_ms, span.end_ms) == (scenario.time_ms[20], scenario.time_ms[-1])
