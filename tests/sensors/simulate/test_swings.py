from __future__ import annotations

import numpy as np
import pytest

from sensors.simulate.pulses import CARRIED
from sensors.simulate.swings import SWINGS, TEMPERATURE, basis, weights
from tests.sensors.simulate.places import DAY_MS, JULY_MS, station

OFFSET_DAYS = 8 / 24


def swings(name: str, days: np.ndarray, seed: int = 1) -> np.ndarray:
    rates, phases = basis(seed, OFFSET_DAYS)
    return weights(station(name, "a", 10), 2.0, seed) @ np.sin(rates * days + phases)


def test_one_row_per_quantity() -> None:
    assert len(SWINGS) == len(CARRIED) + 5
    assert len(CARRIED) == TEMPERATURE


def test_the_warmest_day_is_at_the_end_of_july_and_the_warmest_hour_in_the_afternoon() -> None:
    year = JULY_MS / DAY_MS + np.arange(365)
    monthly = swings("s", year)[TEMPERATURE]
    smooth = np.convolve(monthly, np.ones(31) / 31, mode="valid")
    assert 15 <= int(smooth.argmax()) + 15 <= 45  # days after 1 July
    # Over a year of hours the weather averages out and the day remains.
    hours = JULY_MS / DAY_MS + np.arange(365 * 24) / 24
    by_hour = swings("s", hours)[TEMPERATURE].reshape(365, 24).mean(axis=0)
    assert (int(by_hour.argmax()) + 8) % 24 == 16


def test_noise_is_as_large_as_the_table_says() -> None:
    days = JULY_MS / DAY_MS + np.arange(0, 1095, 0.29)
    row = CARRIED.index("ammonia_nitrogen")
    spreads = [swings(f"s{n}", days, seed=n)[row].std() for n in range(12)]
    season, daily, _, half_daily, slow, fast = SWINGS[row]
    expected = np.sqrt((season**2 + daily**2 + half_daily**2) / 2 + slow**2 + fast**2)
    assert np.sqrt(np.mean(np.square(spreads))) == pytest.approx(expected, rel=0.2)


def test_stations_of_one_river_move_together_over_days() -> None:
    days = JULY_MS / DAY_MS + np.arange(0, 365, 0.5)
    row = CARRIED.index("turbidity")
    a, b = swings("a", days)[row], swings("b", days)[row]
    assert not np.allclose(a, b)
    assert np.corrcoef(a, b)[0, 1] > 0.7
