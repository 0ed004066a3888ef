"""ioos_qc as oracle, over many random courses, where its definitions and ours agree; docs/quality.md says where not."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from ioos_qc import qartod

from analytics.qc import Channel, default_configuration
from analytics.qc.fixed import Climatology
from analytics.qc.kernels import outside, run_starts
from analytics.qc.windows import Reach, bumps

MINUTE_MS = 60_000
STAMPS = np.arange(400, dtype=np.int64) * 5 * MINUTE_MS
SUSPECT = 3


@pytest.mark.parametrize("seed", range(20))
def test_a_range_with_missing_readings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 10, 400).astype(float)  # many of them are the ends themselves
    values[rng.random(400) < 0.1] = np.nan
    low, high = sorted(rng.choice(10, 2, replace=False).tolist())
    theirs = np.asarray(qartod.gross_range_test(values, fail_span=(low, high))) == 4
    np.testing.assert_array_equal(outside(values[:, None], np.array([low]), np.array([high]))[:, 0], theirs)


@pytest.mark.parametrize("seed", range(20))
def test_spikes_of_one_sample_well_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = 10 + rng.normal(0, 0.01, 400)
    at = np.arange(15, 385, 25) + rng.integers(0, 5, 15)
    values[at] += rng.choice([-5, -3, 3, 5], 15)
    up, down = bumps(values[:, None], Reach.of(STAMPS, 45 * MINUTE_MS))
    # Their neighbours' mean puts half the height beside a spike: the limit lies above that.
    theirs = np.asarray(qartod.spike_test(values, suspect_threshold=2.7, fail_threshold=100)) == SUSPECT
    np.testing.assert_array_equal(np.maximum(up, down)[:, 0] > 2.7, theirs)
    assert theirs.sum() == 15


@pytest.mark.parametrize("seed", range(20))
def test_standstill_with_a_tolerance_below_the_resolution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.permutation(400).astype(float), rng.integers(1, 40, 400))[:400]
    theirs = qartod.flat_line_test(
        values, STAMPS.astype("datetime64[ms]"), suspect_threshold=3600, fail_threshold=10**6, tolerance=0.5
    )
    since, _ = run_starts(values[:, None], STAMPS, np.array([np.nan]), np.array([0]))
    ours = STAMPS - since[:, 0] >= 60 * MINUTE_MS
    np.testing.assert_array_equal(ours, np.asarray(theirs) == SUSPECT)
    assert ours.any()


@pytest.mark.parametrize("months", [(3, 5), (1, 12), (7, 7)])
def test_climatology_by_month(months: tuple[int, int]) -> None:
    rng = np.random.default_rng(months[0])
    year_ms = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
    stamps = np.sort(year_ms + rng.integers(0, 365 * 86_400_000, 500))
    values = rng.integers(0, 12, 500).astype(float)
    rule = {"months": list(months), "hours": [0, 23], "low": 3.0, "high": 8.0}
    limits = default_configuration().overridden({"channel": {"A/ph": {"climatology": [rule]}}}, "x")
    ours = Climatology([Channel("A", "ph")], limits).judge(stamps, values[:, None])[0][:, 0]
    config = qartod.ClimatologyConfig()
    config.add(tspan=months, vspan=(3.0, 8.0), period="month")
    local = (stamps + 8 * 3_600_000).astype("datetime64[ms]")  # the default's months are those of UTC+8
    theirs = qartod.climatology_test(config, values, local, np.full(500, np.nan))
    np.testing.assert_array_equal(ours, np.asarray(theirs) == SUSPECT)
    assert ours.any()
