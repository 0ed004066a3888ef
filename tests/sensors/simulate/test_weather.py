from __future__ import annotations

import numpy as np
import pytest

from sensors.simulate.weather import FAST_H, SLOW_H, TIP_MM, Shower, Weather
from tests.sensors.simulate.places import DAY_MS, HOUR_MS, JULY_MS

OFFSET_MS = 8 * HOUR_MS
MINUTES = np.arange(0, DAY_MS, 60_000, dtype=np.int64)


class Given(Weather):
    """Weather with given showers."""

    def __init__(self, *showers: Shower) -> None:
        super().__init__(1, OFFSET_MS)
        self.given = showers
        self.showers = lambda day: tuple(s for s in self.given if self.day(s.start_ms) == day)  # type: ignore[assignment]


def test_a_year_has_about_a_metre_of_rain_most_of_it_in_summer() -> None:
    weather = Weather(1, OFFSET_MS)
    first = weather.day(JULY_MS)
    depth = np.array([sum(s.depth_mm for s in weather.showers(day)) for day in range(first, first + 1825)])
    assert 900 < depth.sum() / 5 < 1300
    assert 110 < (depth > 0.1).sum() / 5 < 170
    summer = depth.reshape(5, 365)[:, :90].sum()
    winter = depth.reshape(5, 365)[:, 150:240].sum()
    assert summer > 2 * winter


def test_a_shower_begins_on_its_solar_day() -> None:
    weather = Weather(3, OFFSET_MS)
    for day in range(20_000, 20_100):
        for shower in weather.showers(day):
            assert weather.start_of(day) <= shower.start_ms < weather.start_of(day + 1)
            assert 0.5 <= (shower.end_ms - shower.start_ms) / HOUR_MS <= 8.0


def test_rain_integrates_to_the_depth_of_the_shower() -> None:
    shower = Shower(JULY_MS + HOUR_MS, JULY_MS + 3 * HOUR_MS, 6.0)
    rain = Given(shower).rain(JULY_MS + MINUTES)
    assert rain.sum() / 60 == pytest.approx(shower.depth_mm)
    assert rain[59] == 0.0  # the minute before
    assert rain[60] == 6.0  # the beginning belongs to it
    assert rain[180] == 0.0  # the end does not


def test_rain_that_runs_past_midnight_is_there_on_the_next_day() -> None:
    midnight = Weather(1, OFFSET_MS).start_of(20_000)
    weather = Given(Shower(midnight - HOUR_MS, midnight + HOUR_MS, 2.0))
    assert weather.rain(np.array([midnight + 60_000])).tolist() == [2.0]
    assert float(weather.rain(midnight + 60_000)) == 2.0


def test_runoff_balances_the_rain_and_drains_at_its_own_pace() -> None:
    shower = Shower(JULY_MS, JULY_MS + HOUR_MS, 10.0)
    weather = Given(shower)
    times = JULY_MS + np.array([0, HOUR_MS, 5 * HOUR_MS])
    fast, slow = weather.runoff(weather.day(JULY_MS), times)
    assert fast[0] == slow[0] == 0.0
    assert fast[1] == pytest.approx(10 * FAST_H * (1 - np.exp(-1 / FAST_H)))
    assert fast[2] / fast[1] == pytest.approx(np.exp(-4 / FAST_H))
    assert slow[2] / slow[1] == pytest.approx(np.exp(-4 / SLOW_H))


def test_runoff_has_no_step_where_the_day_changes() -> None:
    weather = Given(Shower(JULY_MS, JULY_MS + HOUR_MS, 10.0))
    midnight = weather.start_of(weather.day(JULY_MS) + 1)
    before, after = (
        weather.runoff(weather.day(t), np.array([t]))[0][0] for t in (midnight - 1, midnight)
    )  # fmt: skip
    assert before > 0.01
    assert after == pytest.approx(before, rel=1e-5)


def test_a_gauge_tips_as_much_as_fell_in_whole_tips_and_only_while_it_rains() -> None:
    shower = Shower(JULY_MS + HOUR_MS, JULY_MS + 3 * HOUR_MS, 6.1)
    weather = Given(shower)
    tipped = weather.tipped(weather.day(JULY_MS + HOUR_MS), JULY_MS + MINUTES)
    assert tipped.sum() == pytest.approx(shower.depth_mm, abs=TIP_MM)
    assert set(np.rint(tipped / TIP_MM).tolist()) == {0.0, 1.0}
    assert not tipped[:61].any()
    assert not tipped[181:].any()
