"""A river that behaves: the true water at every station, as a pure function of a seed and of time.

The physics is simple on purpose; each piece stands alone in a module of this folder.

temperature
    Season, time of day (weaker where it is deep) and weather that changes over days.
oxygen
    Saturation 468 / (31.6 + T) mg/L (T in degC; the form used in GB 3838-2002 for class I), a share of it that fits the
    river, a bow by photosynthesis with its top in the afternoon, less what discharges take: at once, and on the way
    down by decay against reaeration (Streeter and Phelps, 1925).
rain (`weather`)
    Thins salt and ammonia, brings turbidity, phosphorus and organic matter, and drains from two linear stores.
discharges (`spills`, `transport`, `pulses`)
    What an outfall releases comes down each way to a station after its travel time, spread, decayed and diluted by the
    flow there.
ordinary days (`baseline`, `swings`)
    A level per river, alike along it, with the swings of season and day and slow noise.

Velocities in the transport are the surveyed means of the site; the velocity a station measures moves around it. Days
and hours are local solar time, from the mean longitude of the reaches. Every coefficient is a setting of the
simulation, none is a finding about the site.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensors.durations import DAY_MS, HOUR_MS
from sensors.network import velocity
from sensors.place import Station
from sensors.simulate.baseline import Baseline, baseline, station_levels
from sensors.simulate.pulses import CARRIED, DEFICIT, MEMORY_DAYS, SHIFT_OF_PH, Pulses
from sensors.simulate.spills import Discharge, Spills
from sensors.simulate.swings import OXYGEN, PH, STAGE, SWINGS, TEMPERATURE, VELOCITY, basis, weights
from sensors.simulate.transport import Course, courses, flow_m3_s
from sensors.simulate.weather import Weather
from sensors.site import Site

Values = NDArray[np.float64]
Times = NDArray[np.int64]

#: Everything `VirtualWater.series` tells, each in its determinand's unit.
DETERMINANDS_LIVE = (
    "water_temperature", "ph", "dissolved_oxygen", *CARRIED, "dissolved_oxygen_saturation", "orp", "transparency",
    "water_level", "velocity", "rainfall",
)  # fmt: skip

#: Change of what is carried when the fast or the slow runoff store is full, relative to an ordinary day [1].
WHEN_FAST = np.array([0.45, -0.12, 0.75, 0.20, -0.10, 6.5, -0.25])[:, None]
WHEN_SLOW = np.array([0.06, -0.06, 0.10, 0.04, -0.30, 0.25, -0.20])[:, None]

#: A runoff store is half full in this sense at [mm].
HALF_FAST_MM, HALF_SLOW_MM = 12.0, 35.0

#: Water level of an ordinary day above the local datum [m]; mean water temperature of the year [degC].
STAGE_M, MEAN_TEMPERATURE = 3.05, 17.4


@dataclass(frozen=True, slots=True)
class _Place:
    """A station with all that does not depend on time."""

    station: Station
    usual: Baseline
    base: Values  # (7, 1) of what is carried
    swings: Values  # (12, k) weights of the basis
    mean: Values  # (12, 1)
    ways: dict[str, list[Course]]
    flow_m3_s: float
    velocity_m_s: float


class VirtualWater:
    """The true water of a site.

    Parameters
    ----------
    site : Site
    seed : int
        The same seed gives the same water, rain and discharges, at any instant and in any order of asking.

    Examples
    --------
    ``VirtualWater(site).series("S01", times)["ammonia_nitrogen"]`` is the ammonia nitrogen [mg/L] at those times.
    """

    def __init__(self, site: Site, seed: int = 1) -> None:
        self.site = site
        self.seed = seed
        positions = [position for reach in site.reaches.values() for position in reach.line]
        longitude = sum(position[0] for position in positions) / len(positions)
        self.weather = Weather(seed, round(longitude / 15 * HOUR_MS))
        self.spills = Spills(tuple(site.outfalls.values()), self.weather)
        self._rates, self._phases = basis(seed, self.weather.offset_ms / DAY_MS)
        levels = station_levels(site, seed)
        self._places = {name: self._place(station, levels[name]) for name, station in site.stations.items()}
        self._pulses = lru_cache(maxsize=1024)(self._arriving)

    def series(self, station_id: str, time_ms: ArrayLike) -> dict[str, Values]:
        """True water at a station.

        Parameters
        ----------
        station_id : str
        time_ms : array of int, (n,)
            Milliseconds since the epoch, UTC, in any order.

        Returns
        -------
        dict of str to array, (n,)
            Keyed by determinand (`DETERMINANDS_LIVE`), in its unit; never NaN.

        Raises
        ------
        KeyError
            If the site has no such station.
        """
        place = self._places[station_id]
        times = np.asarray(time_ms, dtype=np.int64)
        if times.size == 1:
            return self._on_day(place, self.weather.day(int(times[0])), times)
        days = (times + self.weather.offset_ms) // DAY_MS
        found = {name: np.empty(len(times)) for name in DETERMINANDS_LIVE}
        for day in sorted(set(days.tolist())):
            on = days == day
            for name, values in self._on_day(place, day, times[on]).items():
                found[name][on] = values
        return found

    def rain(self, time_ms: ArrayLike) -> Values:
        """Rain over the site [mm/h], in the shape of `time_ms` (milliseconds since the epoch, UTC)."""
        return self.weather.rain(time_ms)

    def discharges(self, start_ms: int, end_ms: int) -> list[Discharge]:
        """Discharges that run at any instant of [start_ms, end_ms), ordered by their beginning.

        Parameters
        ----------
        start_ms, end_ms : int
            Milliseconds since the epoch, UTC.
        """
        days = range(self.weather.day(start_ms) - 2, self.weather.day(end_ms) + 1)
        running = [spill for day in days for spill in self.spills.on(day)]
        return sorted(
            (spill for spill in running if spill.start_ms < end_ms and spill.end_ms > start_ms),
            key=lambda spill: (spill.start_ms, spill.outfall),
        )

    def level(self, station_id: str) -> float:
        """Class with decimals of a station on an ordinary day: 2.5 is the middle of class III."""
        return self._places[station_id].usual.level

    def _place(self, station: Station, level: float) -> _Place:
        reach = self.site.reaches[station.reach]
        usual = baseline(station, level, self.seed)
        ways: defaultdict[str, list[Course]] = defaultdict(list)
        for course in courses(self.site, station):
            ways[course.outfall].append(course)
        mean = np.zeros((len(SWINGS), 1))
        mean[[TEMPERATURE, PH], 0] = MEAN_TEMPERATURE, usual.ph
        return _Place(
            station=station,
            usual=usual,
            base=np.array([[getattr(usual, name)] for name in CARRIED]),
            swings=weights(station, reach.depth_m, self.seed),
            mean=mean,
            ways=dict(ways),
            flow_m3_s=flow_m3_s(reach),
            velocity_m_s=math.copysign(velocity(reach), reach.mean_velocity_m_s),
        )

    def _on_day(self, place: _Place, day: int, times: Times) -> dict[str, Values]:
        swing = place.swings @ np.sin(self._rates * (times / DAY_MS) + self._phases)
        swing += place.mean
        fast, slow = self.weather.runoff(day, times)
        gutters, thinned = fast / (fast + HALF_FAST_MM), slow / (slow + HALF_SLOW_MM)
        carried = place.base * np.exp(swing[: len(CARRIED)]) * (1.0 + WHEN_FAST * gutters + WHEN_SLOW * thinned)
        added = self._pulses(place.station.id, day).at(times)
        carried = np.maximum(carried + added[:SHIFT_OF_PH], 1e-4)
        temperature = np.maximum(swing[TEMPERATURE] - 0.03 * slow, 0.2)
        saturation = 468.0 / (31.6 + temperature)
        oxygen = saturation * (place.usual.oxygen_share - 0.08 * gutters) + swing[OXYGEN] - added[DEFICIT]
        oxygen = np.minimum(np.maximum(oxygen, 0.15), 1.9 * saturation)
        found = dict(zip(CARRIED, carried, strict=True))
        found["water_temperature"] = temperature
        found["ph"] = np.minimum(np.maximum(swing[PH] - 0.15 * gutters + added[SHIFT_OF_PH], 6.05), 9.4)
        found["dissolved_oxygen"] = oxygen
        found["dissolved_oxygen_saturation"] = 100.0 * oxygen / saturation
        found["orp"] = 90.0 + 60.0 * np.sqrt(oxygen) + 8.0 * oxygen
        found["transparency"] = 1900.0 / (found["turbidity"] + 8.0)
        found["water_level"] = STAGE_M + swing[STAGE] + 0.008 * slow + 0.004 * fast
        found["velocity"] = place.velocity_m_s * (1.0 + swing[VELOCITY] + fast / 12.0)
        found["rainfall"] = self.weather.tipped(day, times)
        return found

    def _arriving(self, station_id: str, day: int) -> Pulses:
        place = self._places[station_id]
        spills = [spill for before in range(day - MEMORY_DAYS, day + 1) for spill in self.spills.on(before)]
        return Pulses.of(spills, place.ways, place.flow_m3_s)
