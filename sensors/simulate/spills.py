"""What is discharged at outfalls, and when: drawn day by day for each outfall, without a state.

A minority of outfalls has the habit; the rest does it rarely. What flows depends on the kind of outfall: a storm drain
carries a kitchen's or a building site's water where it is wrongly connected, a combined sewer spills in heavy rain.
Strengths are of the order met in such waters and are settings of the simulation, not facts about any outfall.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from sensors.durations import HOUR_MS
from sensors.place import Outfall
from sensors.simulate.chance import keys, uniforms
from sensors.simulate.weather import Shower, Weather


class DischargeKind(StrEnum):
    """What enters the river."""

    SEWAGE = "sewage"
    RESTAURANT = "restaurant"
    SLURRY = "slurry"
    INDUSTRIAL = "industrial"
    OVERFLOW = "overflow"


#: Oxygen that a discharge will take from the river [mg/L], kept beside its concentrations.
OXYGEN_DEMAND = "oxygen_demand"

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of discharge comes about: spans from which each one is drawn.

    Attributes
    ----------
    start_h : Span
        Local solar hour of the beginning; above 24 is past midnight.
    lasts_h, flow_l_s : Span
    strength : mapping of str to Span
        Above the river's own, keyed by determinand (its unit) or `OXYGEN_DEMAND`; ``ph`` as the shift of an equal mix.
    """

    start_h: Span
    lasts_h: Span
    flow_l_s: Span
    strength: Mapping[str, Span]


#: One recipe per kind of discharge.
RECIPES: Mapping[DischargeKind, Recipe] = MappingProxyType(
    {
        DischargeKind.SEWAGE: Recipe((5.5, 22.5), (0.8, 5.0), (5.0, 26.0), {
            "ammonia_nitrogen": (22, 45), "permanganate_index": (35, 80), "total_phosphorus": (2.5, 6),
            "total_nitrogen": (32, 60), "conductivity": (450, 900), "turbidity": (60, 150), OXYGEN_DEMAND: (50, 140),
        }),
        DischargeKind.RESTAURANT: Recipe((18.5, 21.0), (0.8, 3.0), (2.0, 8.0), {
            "permanganate_index": (150, 420), "total_phosphorus": (2, 5), "ammonia_nitrogen": (2, 8),
            "total_nitrogen": (8, 20), "conductivity": (200, 500), "turbidity": (80, 250), OXYGEN_DEMAND: (120, 350),
        }),
        DischargeKind.SLURRY: Recipe((7.0, 26.0), (0.7, 4.0), (3.0, 15.0), {
            "turbidity": (3000, 15000), "conductivity": (100, 350), "total_phosphorus": (0.2, 1.0), "ph": (2, 5),
        }),
        DischargeKind.INDUSTRIAL: Recipe((20.0, 28.0), (1.0, 6.0), (4.0, 20.0), {
            "conductivity": (2500, 9000), "permanganate_index": (15, 60), "ammonia_nitrogen": (0, 4),
            "total_nitrogen": (4, 20), "ph": (-4, 1), OXYGEN_DEMAND: (20, 80),
        }),
        DischargeKind.OVERFLOW: Recipe((0.0, 0.0), (0.0, 0.0), (30.0, 110.0), {
            "turbidity": (120, 350), "permanganate_index": (12, 30), "ammonia_nitrogen": (1.0, 3.5),
            "total_phosphorus": (0.5, 1.2), "total_nitrogen": (4, 9), "conductivity": (-260, -120),
            OXYGEN_DEMAND: (25, 70),
        }),
    }
)  # fmt: skip

#: Chance of each kind of discharge, by kind of outfall; what is left of 1 is nothing at all.
MIXES: Mapping[str, Mapping[DischargeKind, float]] = MappingProxyType(
    {
        "storm": {DischargeKind.RESTAURANT: 0.4, DischargeKind.SLURRY: 0.3, DischargeKind.SEWAGE: 0.3},
        "sewage": {DischargeKind.SEWAGE: 1.0},
        "combined": {DischargeKind.SEWAGE: 0.7, DischargeKind.RESTAURANT: 0.3},
        "industrial": {DischargeKind.INDUSTRIAL: 0.9, DischargeKind.SLURRY: 0.1},
        "treatment": {DischargeKind.SEWAGE: 0.15},
        "agriculture": {DischargeKind.SEWAGE: 0.2},
        "unknown": {DischargeKind.SEWAGE: 0.4, DischargeKind.INDUSTRIAL: 0.2, DischargeKind.RESTAURANT: 0.2,
                    DischargeKind.SLURRY: 0.2},
    }
)  # fmt: skip

#: Share of outfalls with the habit, and the chance per day of a discharge with and without it.
HABITUAL_SHARE = 0.22
HABIT_PER_DAY, RARE_PER_DAY = 0.1, 0.006

#: A combined sewer spills once this much has fallen at this rate [mm, mm/h]; most of them do.
OVERFLOW_DEPTH_MM, OVERFLOW_RATE_MM_H, OVERFLOW_SHARE = 10.0, 4.0, 0.7

_HABIT, _DAY, _RAIN = 0x484142, 0x444159, 0x43534F
_DRAWS = 16


@dataclass(frozen=True, slots=True)
class Discharge:
    """One discharge at one outfall: the truth that detection and attribution are scored against.

    Attributes
    ----------
    outfall : str
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    kind : DischargeKind
    flow_l_s : float
    strength : mapping of str to float
        Above the river's own, keyed by determinand (its unit) or `OXYGEN_DEMAND` [mg/L].
    """

    outfall: str
    start_ms: int
    end_ms: int
    kind: DischargeKind
    flow_l_s: float
    strength: Mapping[str, float]

    @property
    def volume_m3(self) -> float:
        """Water discharged in all [m3]."""
        return self.flow_l_s * (self.end_ms - self.start_ms) / 1e6


class Spills:
    """The discharges of a site.

    Parameters
    ----------
    outfalls : sequence of Outfall
    weather : Weather
        Its seed is used, its days count, and its showers make combined sewers spill.
    """

    def __init__(self, outfalls: tuple[Outfall, ...], weather: Weather) -> None:
        self.outfalls = outfalls
        self.weather = weather
        self._keys = keys(outfall.id for outfall in outfalls)
        habit = uniforms(weather.seed, _HABIT, self._keys) < HABITUAL_SHARE
        self._chance = np.where(habit, HABIT_PER_DAY, RARE_PER_DAY)
        self.on = lru_cache(maxsize=64)(self._on)

    def _on(self, day: int) -> tuple[Discharge, ...]:
        """Discharges that begin on a local solar day, or with its showers, ordered by their beginning."""
        found = self._dry(day)
        for shower in self.weather.showers(day):
            if shower.depth_mm >= OVERFLOW_DEPTH_MM and shower.rate_mm_h >= OVERFLOW_RATE_MM_H:
                found += self._overflows(shower)
        return tuple(sorted(found, key=lambda discharge: (discharge.start_ms, discharge.outfall)))

    def _dry(self, day: int) -> list[Discharge]:
        happens = uniforms(self.weather.seed, _DAY, day, self._keys) < self._chance
        midnight = self.weather.start_of(day)
        found = []
        for index in np.flatnonzero(happens):
            draws = self._draws(_DAY, day, int(index))
            kind = _choose(MIXES[self.outfalls[index].kind], draws[0])
            if kind is not None:
                recipe = RECIPES[kind]
                start = midnight + int(_within(recipe.start_h, draws[1]) * HOUR_MS)
                end = start + int(_within(recipe.lasts_h, draws[2]) * HOUR_MS)
                found.append(_made(self.outfalls[index], kind, start, end, draws[3:]))
        return found

    def _overflows(self, shower: Shower) -> list[Discharge]:
        found = []
        for index, outfall in enumerate(self.outfalls):
            draws = self._draws(_RAIN, shower.start_ms, index) if outfall.kind == "combined" else []
            if draws and draws[0] < OVERFLOW_SHARE:
                start = shower.start_ms + int((0.2 + 0.4 * draws[1]) * HOUR_MS)
                end = shower.end_ms + int((0.3 + draws[2]) * HOUR_MS)
                found.append(_made(outfall, DischargeKind.OVERFLOW, start, end, draws[3:]))
        return found

    def _draws(self, stream: int, when: int, index: int) -> list[float]:
        drawn = uniforms(self.weather.seed, stream + 1, when, self._keys[index], np.arange(_DRAWS))
        return [float(draw) for draw in drawn]


def _choose(mix: Mapping[DischargeKind, float], draw: float) -> DischargeKind | None:
    for kind, chance in mix.items():
        draw -= chance
        if draw < 0:
            return kind
    return None


def _within(span: Span, draw: float) -> float:
    return span[0] + draw * (span[1] - span[0])


def _made(outfall: Outfall, kind: DischargeKind, start_ms: int, end_ms: int, draws: list[float]) -> Discharge:
    recipe = RECIPES[kind]
    flow_l_s, *rest = draws
    drawn = zip(recipe.strength.items(), rest, strict=False)
    strength = MappingProxyType({name: _within(span, draw) for (name, span), draw in drawn})
    return Discharge(outfall.id, start_ms, end_ms, kind, _within(recipe.flow_l_s, flow_l_s), strength)
