"""Every distance between readings that the detector takes makes it ready, and lets it see a discharge."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.detectors import Detector
from tests.analytics.detectors.places import LEVELS, NOISES, SERIES, START_MS, column, layout

MINUTE_MS = 60_000


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 30])
def test_every_step_gets_ready_and_sees(minutes: int) -> None:
    per_day, step_ms = 1440 // minutes, minutes * MINUTE_MS
    rows = 6 * per_day + per_day // 2
    index = np.arange(rows)
    rng = np.random.default_rng(minutes)
    level, noise = (np.array([of[key] for _, key in SERIES]) for of in (LEVELS, NOISES))
    values = level + 3 * noise * np.sin(2 * np.pi * index / per_day)[:, None] + rng.normal(0, noise, (rows, level.size))
    values[:, column("S3", "ammonia_nitrogen")] += 0.5 * np.clip((index - 6.2 * per_day) * minutes / 60, 0, 1)
    detector = Detector(layout(), step_ms)
    found = detector.step(START_MS + index * step_ms, values)
    assert detector.ready.all()
    assert [(d.station, d.determinand) for d in found if d.kind == "discharge"] == [("S3", "ammonia_nitrogen")]
