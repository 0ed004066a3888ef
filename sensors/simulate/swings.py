"""Season, time of day and slow noise, as one sum of sinusoids per quantity and station.

The sinusoids are shared by the whole site: one for the year, two pairs for the day, and a set whose periods have no
common measure. What differs are the weights: over days they belong to the river, so that its stations move together;
over hours to the station.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.place import Station
from sensors.simulate.chance import key, normals, uniforms
from sensors.simulate.weather import YEAR_DAYS

Values = NDArray[np.float64]

#: Day of the year (counted from 1 January) of the warmest water: 31 July.
WARMEST_DAY = 211

#: Rows: logarithms of what is carried (`pulses.CARRIED`), then temperature [degC], oxygen [mg/L], pH, velocity [1],
#: stage [m]. Columns: season (top on the warmest day); amplitude of the day and hour of its top; amplitude of the half
#: day (same top); standard deviation of the noise over days and over hours.
SWINGS = np.array(
    [
        (0.05, 0.03, 20.0, 0.01, 0.060, 0.020),
        (-0.15, 0.07, 9.0, 0.04, 0.090, 0.030),
        (0.08, 0.03, 20.0, 0.01, 0.070, 0.025),
        (-0.08, 0.03, 9.0, 0.01, 0.050, 0.015),
        (-0.03, 0.012, 9.0, 0.004, 0.025, 0.005),
        (0.05, 0.06, 14.0, 0.02, 0.140, 0.060),
        (0.60, 0.12, 13.0, 0.0, 0.200, 0.060),
        (11.5, 0.0, 16.0, 0.0, 0.0, 0.05),
        (0.0, 0.0, 15.5, 0.0, 0.150, 0.050),
        (0.08, 0.10, 15.5, 0.0, 0.050, 0.015),
        (0.10, 0.0, 12.0, 0.0, 0.080, 0.040),
        (0.12, 0.0, 12.0, 0.0, 0.040, 0.004),
    ]
)
TEMPERATURE, OXYGEN, PH, VELOCITY, STAGE = range(7, 12)

#: Standard deviation of the weather in the water's temperature over days [degC].
WEATHER_DEGC = 1.1

#: Periods of the noise over days [d] and over hours [h].
SLOW_D = np.array([1.37, 1.93, 2.71, 3.89, 5.57, 7.93, 11.3, 16.7])
FAST_H = np.array([2.3, 3.7, 5.9, 9.1, 14.3])

_PHASE, _SLOW, _FAST, _BLOOM, _AIR = 0x5048, 0x534C, 0x4641, 0x424C, 0x4149


def basis(seed: int, offset_days: float) -> tuple[Values, Values]:
    """Rates [rad/d] and phases [rad] of the sinusoids in the time since the epoch [d, UTC], each (k, 1).

    Parameters
    ----------
    seed : int
    offset_days : float
        Local solar time minus UTC [d].
    """
    periods_d = np.concatenate(([YEAR_DAYS, 1.0, 1.0, 0.5, 0.5], SLOW_D, FAST_H / 24))
    rates = 2 * np.pi / periods_d
    phases = 2 * np.pi * uniforms(seed, _PHASE, np.arange(len(periods_d)))
    phases[:5] = np.array([np.pi / 2, np.pi / 2, 0.0, np.pi / 2, 0.0]) + rates[:5] * offset_days
    phases[0] -= rates[0] * WARMEST_DAY
    return rates[:, None], phases[:, None]


def weights(station: Station, depth_m: float, seed: int) -> Values:
    """Weights of the sinusoids at a station, (12, k)."""
    season, daily, top_h, half_daily, slow_sd, fast_sd = (column[:, None] for column in SWINGS.T)
    daily = daily.copy()
    daily[TEMPERATURE] = min(max(1.7 / depth_m, 0.4), 1.2)
    daily[OXYGEN] = 0.35 + 0.6 * uniforms(seed, _BLOOM, key(station.river))
    rows = np.arange(len(SWINGS))[:, None]
    slow = normals(seed, _SLOW, key(station.river), rows, np.arange(len(SLOW_D))) * slow_sd
    # The air is one for the whole site, whatever the river.
    slow[TEMPERATURE] = WEATHER_DEGC * normals(seed, _AIR, np.arange(len(SLOW_D)))
    fast = normals(seed, _FAST, key(station.id), rows, np.arange(len(FAST_H))) * fast_sd
    top = 2 * np.pi * top_h / 24
    day = daily * np.cos(top), daily * np.sin(top)
    half_day = half_daily * np.cos(2 * top), half_daily * np.sin(2 * top)
    return np.hstack((season, *day, *half_day, slow * np.sqrt(2 / len(SLOW_D)), fast * np.sqrt(2 / len(FAST_H))))
