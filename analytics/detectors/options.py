"""What a detector can be told; one default for every network."""

from __future__ import annotations

from dataclasses import dataclass

#: Determinands that sewage, slurry, kitchens and factories raise, in the order of the evidence arrays.
POLLUTANTS = ("ammonia_nitrogen", "permanganate_index", "total_phosphorus", "turbidity", "conductivity")
AMMONIA, PERMANGANATE, PHOSPHORUS, TURBIDITY, CONDUCTIVITY = range(5)

HOUR_MS = 3_600_000
#: How often evidence is weighed [ms].
TICK_MS = 600_000
#: Length of one aggregate from which baselines are made [ms].
SLOT_MS = 1_800_000


@dataclass(frozen=True, slots=True)
class Options:
    """Thresholds of detection, in multiples of each series' own dry-weather scale where nothing else is said.

    Attributes
    ----------
    threshold : float
        Evidence above this adds to the cumulative sum.
    decision, cap : float
        Cumulative sum at which a station alarms, and its largest value; one tick adds at most 1.
    slow_extra : float
        What the rise over a day must have beyond `threshold`; it counts only in two determinands at once.
    front : float
        Evidence of a single determinand is at most this many times its largest rise within two hours of the last four:
        water arrives, probes drift.
    ramp : float
        Share of its rise within eight hours that a single determinand must show within two; what it lacks is taken off.
    alone : float
        Counts against conductivity and against turbidity where no other determinand of the station rises.
    company : float
        Share of the evidence of a station's other determinands that is lent to each.
    hold_h : float
        After a visit nothing is believed for this long [h].
    step_sizes, step_share, step_calm : float
        A jump of this many typical differences, of which one sample carries this share, and the mean of the other
        differences nearby less than this share, is the instrument's.
    rough : float
        Noise of up to this many times the usual at such a level is let pass; evidence is divided by what is beyond.
    doubt : float
        Counts against a series that quality control knows to drift, foul, be noisy or stand still.
    rain_mm, rain_h : float
        More rain than this in 24 h [mm] begins rain context, which lasts this long after [h].
    fresh_mm, fresh_h, fresh : float
        Rain of this much [mm] within the last hours [h] counts against turbidity, permanganate index and phosphorus.
    dilution, dilution_solids : float
        What each unit by which conductivity is below its level before the rain counts against ammonia, and against
        what runoff brings itself.
    blind : float
        Counts against every determinand in rain where conductivity cannot be read.
    returning : float
        Counts against conductivity in rain context, besides its having to be above its level before the rain.
    washed : float
        In rain, solids are not believed at all while a fifth of the stations exceed this.
    common : float
        Share of what a fifth of the stations exceed at the same time that counts against each; double in rain.
    operation, operation_h : float
        Counts against all after an inlet was stopped or surged, and for how long [h].
    unsteady, unsteady_rain : float
        What missing steadiness of the reach (below .9) is multiplied with, and in addition during rain.
    scale_share, scale_days : float
        The scale is the `scale_days` quantile over 12 dry days of the daily `scale_share` quantile of residuals.
    ready_days : int
        Days of scale below which a series is not ready.
    """

    threshold: float = 3.7
    decision: float = 2.0
    cap: float = 8.0
    slow_extra: float = 2.0
    front: float = 1.1
    ramp: float = 0.6
    alone: float = 2.0
    company: float = 0.15
    hold_h: float = 1.5
    step_sizes: float = 4.0
    step_share: float = 0.7
    step_calm: float = 0.25
    rough: float = 1.5
    doubt: float = 5.0
    rain_mm: float = 1.0
    rain_h: float = 96.0
    fresh_mm: float = 0.5
    fresh_h: float = 12.0
    fresh: float = 5.0
    dilution: float = 0.5
    dilution_solids: float = 2.0
    blind: float = 4.0
    returning: float = 1.0
    washed: float = 3.5
    common: float = 0.7
    operation: float = 2.0
    operation_h: float = 12.0
    unsteady: float = 6.0
    unsteady_rain: float = 14.0
    scale_share: float = 0.95
    scale_days: float = 0.7
    ready_days: int = 3
