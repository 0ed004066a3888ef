"""What a virtual instrument tells of the true water: noise, a gain of its own, resolution, faults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensors.determinand import DETERMINANDS
from sensors.place import Station
from sensors.profile import Profile, load_profiles
from sensors.reading import StationState
from sensors.simulate.chance import key, keys, normals
from sensors.simulate.faults import ALL, Fault, FaultKind, FaultSource, ListedFaults
from sensors.simulate.pulses import CARRIED

Values = NDArray[np.float64]
Times = NDArray[np.int64]


class Error(NamedTuple):
    """How far an instrument is off, one standard deviation each.

    Attributes
    ----------
    share, absolute : float
        Noise of one reading: share of the value [1] and in the determinand's unit, added in squares.
    gain, offset : float
        For good, of one instrument: share of the value [1], and in the determinand's unit.
    """

    share: float
    absolute: float
    gain: float
    offset: float


#: Sizes of the order met with stations in the field: optical and electrode heads a few per cent, analysers 2 to 3 %.
ERRORS: Mapping[str, Error] = MappingProxyType(
    {
        "water_temperature": Error(0.0, 0.03, 0.0, 0.05),
        "ph": Error(0.0, 0.015, 0.0, 0.04),
        "dissolved_oxygen": Error(0.008, 0.04, 0.008, 0.03),
        "conductivity": Error(0.004, 1.0, 0.006, 0.0),
        "turbidity": Error(0.05, 0.5, 0.02, 0.0),
        "permanganate_index": Error(0.025, 0.08, 0.015, 0.0),
        "ammonia_nitrogen": Error(0.025, 0.02, 0.015, 0.0),
        "total_phosphorus": Error(0.03, 0.004, 0.015, 0.0),
        "total_nitrogen": Error(0.03, 0.03, 0.015, 0.0),
        "chlorophyll_a": Error(0.05, 0.0005, 0.03, 0.0),
        "dissolved_oxygen_saturation": Error(0.008, 0.4, 0.008, 0.0),
        "orp": Error(0.0, 2.0, 0.0, 6.0),
        "transparency": Error(0.04, 1.0, 0.02, 0.0),
        "water_level": Error(0.0, 0.004, 0.0, 0.01),
        "velocity": Error(0.04, 0.002, 0.02, 0.0),
        "rainfall": Error(0.0, 0.0, 0.0, 0.0),  # tips are counted
    }
)

#: What is measured while people clean and check the heads: standards and air. Others go on as before.
STANDARDS: Mapping[str, float] = MappingProxyType(
    {
        "ph": 6.86, "dissolved_oxygen": 8.9, "conductivity": 1413.0, "turbidity": 0.1, "permanganate_index": 0.3,
        "ammonia_nitrogen": 1.0, "total_phosphorus": 0.01, "total_nitrogen": 0.1, "chlorophyll_a": 0.0,
    }
)  # fmt: skip

#: Nothing below zero can be told of these.
_NOT_NEGATIVE = frozenset({*CARRIED, "ph", "dissolved_oxygen", "dissolved_oxygen_saturation", "transparency"})

_NOISE, _FIXED = 0x4E4F, 0x4649


class Water(Protocol):
    """Where a probe hangs."""

    def series(self, station_id: str, time_ms: ArrayLike) -> dict[str, Values]:
        """True water at a station, each (n,), keyed by determinand."""
        ...


class VirtualProbe:
    """The instruments of one station.

    Parameters
    ----------
    water : Water
    station : Station
        Its profile says what is measured.
    faults : FaultSource
        Default: none ever.
    seed : int
        Of the noise and of the instruments' own errors.
    profile : Profile, optional
        The station's, where it is none of those that ship with the program.
    """

    def __init__(
        self,
        water: Water,
        station: Station,
        faults: FaultSource | None = None,
        seed: int = 1,
        profile: Profile | None = None,
    ) -> None:
        self.water = water
        self.station = station
        self.faults = faults or ListedFaults()
        profile = load_profiles()[station.profile] if profile is None else profile
        self.determinands = tuple(name for name in profile.determinands if name in ERRORS)
        self._row = {name: row for row, name in enumerate(self.determinands)}
        self._noise_key = (seed, _NOISE, key(station.id), keys(self.determinands)[:, None])
        share, absolute, gain, offset = np.array([ERRORS[name] for name in self.determinands]).T[:, :, None]
        fixed = normals(seed, _FIXED, key(station.id), keys(self.determinands)[:, None])
        self._share, self._absolute = share, absolute
        self._gain, self._offset = 1.0 + gain * fixed, offset * fixed
        self._steps = 10.0 ** np.array([[DETERMINANDS[name].decimals] for name in self.determinands])
        self._floor = np.array([[0.0 if name in _NOT_NEGATIVE else -np.inf] for name in self.determinands])

    def read(self, time_ms: ArrayLike) -> tuple[dict[str, Values], NDArray[np.str_]]:
        """What the instruments tell at instants.

        Parameters
        ----------
        time_ms : array of int, (n,)
            Milliseconds since the epoch, UTC, in any order.

        Returns
        -------
        values : dict of str to array, (n,)
            Keyed by determinand, in its unit; NaN where nothing was measured.
        states : array of str, (n,)
            Station states, letters of `StationState`.
        """
        times = np.asarray(time_ms, dtype=np.int64)
        told = self._told(times)
        states = np.full(len(times), str(StationState.NORMAL))
        if times.size:
            for fault in self.faults.of(self.station.id, int(times.min()), int(times.max()) + 1):
                self._fail(told, states, times, fault)
        told = np.rint(np.maximum(told, self._floor) * self._steps) / self._steps
        return dict(zip(self.determinands, told, strict=True)), states

    def _told(self, times: Times) -> Values:
        """Values before faults and rounding, (m, n)."""
        water = self.water.series(self.station.id, times)
        true = np.array([water[name] for name in self.determinands])
        noise = normals(*self._noise_key, times)
        return np.asarray(true * self._gain + self._offset + noise * np.hypot(self._share * true, self._absolute))

    def _fail(self, told: Values, states: NDArray[np.str_], times: Times, fault: Fault) -> None:
        on = (times >= fault.start_ms) & (times < fault.end_ms)
        rows = [row for name, row in self._row.items() if fault.determinand in (ALL, name)]
        if fault.kind is FaultKind.VISIT:
            states[on] = str(StationState.MAINTENANCE)
            for name in STANDARDS.keys() & self._row.keys():
                told[self._row[name], on] = STANDARDS[name]
            return
        for row in rows:
            if fault.kind is FaultKind.ABSENT:
                told[row, on] = np.nan
            elif fault.kind is FaultKind.STUCK:
                told[row, on] = self._told(np.array([fault.start_ms]))[row, 0]
            elif fault.kind is FaultKind.SPIKE:
                told[row, on] *= 1.0 + fault.size
            elif fault.kind is FaultKind.DRIFT:
                told[row, on] *= 1.0 + fault.size * (times[on] - fault.start_ms) / (fault.end_ms - fault.start_ms)
