from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from analytics.qc import Channel, default_configuration
from analytics.qc.checks import Test
from analytics.qc.control import QualityControl
from analytics.qc.fixed import Climatology, Consistency, rate_after_gap

HOUR_MS = 3_600_000


def at(month: int, hour_utc: int) -> np.ndarray:
    return np.array([int(datetime(2025, month, 15, hour_utc, tzinfo=UTC).timestamp() * 1000)])


@pytest.mark.parametrize(
    ("month", "hour_utc", "value", "beyond"),
    [(1, 18, 9.0, True), (1, 18, 8.0, False), (1, 4, 9.0, False), (6, 18, 9.0, False), (12, 18, 1.0, True)],
)
def test_a_season_wraps_around_the_year_and_the_night(month: int, hour_utc: int, value: float, beyond: bool) -> None:
    rule = {"months": [11, 2], "hours": [22, 5], "low": 2.0, "high": 8.0}
    limits = default_configuration().overridden({"channel": {"A/ph": {"climatology": [rule]}}}, "x")
    table = Climatology([Channel("A", "ph"), Channel("B", "ph")], limits)
    assert table.series.tolist() == [0]
    assert bool(table.judge(at(month, hour_utc), np.array([[value, value]]))[0][0, 0]) is beyond


def test_a_season_s_flag_carries_its_end() -> None:
    rule = {"months": [1, 12], "hours": [0, 23], "low": 2.0, "high": 8.0}
    limits = default_configuration().overridden({"channel": {"A/ph": {"climatology": [rule]}}}, "x")
    flags = QualityControl([("A", "ph")], limits).step(at(5, 0), np.array([[9.0]]))
    assert flags.tests[0, 0] == Test.CLIMATOLOGY.bit
    assert (flags.findings.statistic[0], flags.findings.limit[0]) == (9.0, 8.0)


def test_oxygen_is_bounded_by_temperature_and_ammonia_by_nitrogen() -> None:
    channels = [Channel("A", name) for name in ("dissolved_oxygen", "water_temperature")]
    channels += [Channel("B", name) for name in ("total_nitrogen", "ammonia_nitrogen", "dissolved_oxygen")]
    values = np.array([[30.0, 25.0, 2.0, 4.0, 30.0], [20.0, 25.0, 2.0, 2.5, np.nan]])
    [(oxygen, much, _), (ammonia, more, _)] = Consistency(channels).judge(values)
    assert oxygen.tolist() == [0]
    assert ammonia.tolist() == [3]
    assert much[:, 0].tolist() == [True, False]
    assert more[:, 0].tolist() == [True, False]


def test_a_change_is_told_across_a_gap_only_whatever_the_cut() -> None:
    values = np.array([[5.0], [np.nan], [9.0], [9.5]])
    stamps = np.arange(4, dtype=np.int64) * HOUR_MS + HOUR_MS
    nothing = (np.array([np.nan]), np.array([0]), 0)
    whole, hours = rate_after_gap(values, stamps, *nothing)
    assert np.nan_to_num(whole[:, 0], nan=-1).tolist() == [-1, -1, 4, -1]
    assert hours[2, 0] == 2
    second, _ = rate_after_gap(values[2:], stamps[2:], np.array([5.0]), stamps[:1], int(stamps[1]))
    np.testing.assert_array_equal(second, whole[2:])
    third, _ = rate_after_gap(values[3:], stamps[3:], np.array([9.0]), stamps[2:3], int(stamps[2]))
    assert np.isnan(third).all()
