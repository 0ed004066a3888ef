"""What discharges add to the water at a station: release, travel, decay and dilution, summed up.

The time on the way has a log-logistic distribution: nothing arrives before it was released, and the tail is longer
than the front. A release of constant strength is the difference of two such fronts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.simulate.spills import OXYGEN_DEMAND, Discharge
from sensors.simulate.transport import Course

#: What dissolves and is carried, in the order of the rows of `Pulses`; two more rows follow.
CARRIED = (
    "permanganate_index", "ammonia_nitrogen", "total_phosphorus", "total_nitrogen", "conductivity", "turbidity",
    "chlorophyll_a",
)  # fmt: skip
SHIFT_OF_PH, DEFICIT = len(CARRIED), len(CARRIED) + 1

#: First-order decay of what is carried [1/d] (for turbidity: settling), of oxygen demand, and reaeration [1/d].
DECAY_PER_DAY = (0.10, 0.15, 0.05, 0.10, 0.0, 0.9, 0.0)
DEMAND_PER_DAY, REAERATION_PER_DAY = 0.35, 0.6

#: Part of the oxygen demand that is met at once, where the waters mix [1].
AT_ONCE = 0.12

#: Days after which a discharge is forgotten; less than a thousandth of its peak is left by then.
MEMORY_DAYS = 6

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pulses:
    """Every discharge that a station may feel on a day, by every way it takes.

    Attributes
    ----------
    starts, lasts : array, (p, 1)
        Beginning [ms since the epoch, UTC] and duration [ms] of the release.
    median, steepness : array, (p, 1)
        Of the log-logistic time on the way [ms, 1].
    sizes : array, (9, p)
        Rise at the station if the release lasted for ever: `CARRIED` in their units, pH, oxygen deficit [mg/L].
    """

    starts: Values
    lasts: Values
    median: Values
    steepness: Values
    sizes: Values

    @classmethod
    def of(cls, spills: Sequence[Discharge], ways: Mapping[str, Sequence[Course]], river_m3_s: float) -> Pulses:
        """Collect discharges at a station.

        Parameters
        ----------
        spills : sequence of Discharge
        ways : mapping of str to sequence of Course
            From an outfall to the station; other outfalls are not felt.
        river_m3_s : float
            Flow at the station.
        """
        times, sizes = [], []
        for spill in spills:
            for course in ways.get(spill.outfall, ()):
                # A median below twice the spread would have no front at all: mixing across the channel takes time, too.
                median_s = max(course.travel_s, 2 * course.spread_s)
                steepness = math.pi / math.sqrt(3) * median_s / course.spread_s
                times.append((spill.start_ms, spill.end_ms - spill.start_ms, median_s * 1000, steepness))
                sizes.append(rise(spill, course, river_m3_s))
        starts, lasts, median, steepness = np.array(times, dtype=np.float64).reshape(-1, 4).T[:, :, None]
        rows = np.array(sizes, dtype=np.float64).reshape(-1, len(CARRIED) + 2).T
        return cls(starts, lasts, median, steepness, rows)

    def at(self, time_ms: NDArray[np.int64]) -> Values:
        """Sum of the rises at instants, (9, n)."""
        if not len(self.starts):
            return np.zeros((len(CARRIED) + 2, len(time_ms)))
        since = time_ms - self.starts
        return np.asarray(self.sizes @ (self._passed(since) - self._passed(since - self.lasts)))

    def _passed(self, since: Values) -> Values:
        """Part of an instant's release that has passed the station, since [ms] later."""
        odds = (np.maximum(since, 1e-3) / self.median) ** self.steepness
        return odds / (1.0 + odds)


def rise(spill: Discharge, course: Course, river_m3_s: float) -> list[float]:
    """Rise at a station if a discharge lasted for ever: `CARRIED`, pH, oxygen deficit [mg/L]."""
    inflow = course.share * spill.flow_l_s / 1000
    mixed = inflow / (river_m3_s + inflow)
    days = course.travel_s / 86400
    used = math.exp(-DEMAND_PER_DAY * days) - math.exp(-REAERATION_PER_DAY * days)
    used *= DEMAND_PER_DAY / (REAERATION_PER_DAY - DEMAND_PER_DAY)
    taken = AT_ONCE * math.exp(-REAERATION_PER_DAY * days) + (1 - AT_ONCE) * used
    rises = [
        spill.strength.get(name, 0.0) * math.exp(-rate * days) * mixed
        for name, rate in zip(CARRIED, DECAY_PER_DAY, strict=True)
    ]
    return [*rises, spill.strength.get("ph", 0.0) * mixed, spill.strength.get(OXYGEN_DEMAND, 0.0) * mixed * taken]
