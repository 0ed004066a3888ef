"""An instrument in ordinary river water that breathes a little: for profiles that no virtual river has values for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from sensors.determinand import DETERMINANDS
from sensors.profile import Profile
from sensors.reading import StationState

#: What an ordinary river of the plain has, in each determinand's unit.
TYPICAL: Mapping[str, float] = MappingProxyType(
    {
        "water_temperature": 18.4, "ph": 7.6, "dissolved_oxygen": 7.9, "dissolved_oxygen_saturation": 84.0,
        "conductivity": 520.0, "turbidity": 24.0, "permanganate_index": 3.9, "ammonia_nitrogen": 0.42,
        "total_phosphorus": 0.12, "total_nitrogen": 2.3, "chlorophyll_a": 0.009, "orp": 210.0, "transparency": 62.0,
        "water_level": 2.1, "velocity": 0.22, "ammonium": 0.55, "suspended_solids": 31.0, "dissolved_solids": 330.0,
        "salinity": 0.25, "phycocyanin": 3.2, "cod": 14.0, "bod5": 2.6, "nitrate_nitrogen": 1.6, "chloride": 46.0,
        "sulfate": 58.0, "fluoride": 0.5,
    }
)  # fmt: skip

#: How far a value swings about its mean [1], and how long a swing takes [ms].
_SWING, _PERIOD_MS = 0.03, 900_000


class Steady:
    """Values of every determinand of a profile.

    Parameters
    ----------
    profile : Profile
        Values stay within what its registers can measure.
    phase : int
        Instruments of different phases do not tell the same.
    """

    def __init__(self, profile: Profile, phase: int = 0) -> None:
        self._phase = phase
        ranges = {register.name: register.range for register in profile.registers}
        self._means = {key: _mean(key, ranges.get(key)) for key in profile.determinands}

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """Values by determinand at an instant [ms since the epoch, UTC], and the station's state."""
        values = {}
        for index, (key, mean) in enumerate(self._means.items()):
            swing = math.sin(2 * math.pi * (time_ms / _PERIOD_MS + self._phase / 7 + index / 3))
            values[key] = round(mean * (1 + _SWING * swing), DETERMINANDS[key].decimals + 1)
        return values, StationState.NORMAL


def _mean(key: str, measured: tuple[float, float] | None) -> float:
    determinand = DETERMINANDS[key]
    mean = TYPICAL.get(key, determinand.low + (determinand.high - determinand.low) / 1000)
    low, high = measured or (determinand.low, determinand.high)
    return mean if low <= mean <= high else low + (high - low) / 4
