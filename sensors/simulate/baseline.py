"""What a river is like on an ordinary day: a level per river and station, and concentrations that fit it.

A level is a class with decimals: a river at level 2.5 lies in the middle of class III. Rivers are ranked by what is
likely to enter them in proportion to their flow, with some luck, and share out a typical mix of classes by that rank;
so a site of any size shows a bit of everything. The ladders follow the limits of GB 3838-2002, table 1, up to
level 5 and go on at the same pace beyond; in between they are straight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from sensors.place import Station
from sensors.simulate.chance import key, keys, normals, uniforms
from sensors.simulate.transport import flow_m3_s
from sensors.site import Site

#: Value at level 0, 1, ... 7; those at 1 to 5 are the limits of classes I to V, GB 3838-2002 table 1.
LADDERS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "permanganate_index": (1.0, 2.0, 4.0, 6.0, 10.0, 15.0, 21.0, 28.0),
        "ammonia_nitrogen": (0.05, 0.15, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
        "total_phosphorus": (0.01, 0.02, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9),
        "dissolved_oxygen": (8.6, 7.5, 6.0, 5.0, 3.0, 2.0, 1.0, 0.5),
    }
)

#: Total phosphorus of lakes and reservoirs, GB 3838-2002 table 1.
LAKE_PHOSPHORUS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.45)

#: Share of rivers in class II, III, IV, V and worse on an ordinary day.
MIX = (0.1, 0.32, 0.35, 0.14, 0.09)

#: What an outfall of a kind tends to bring into a river, relative to a storm drain.
PRESSURE: Mapping[str, float] = MappingProxyType(
    {
        "storm": 1, "sewage": 3, "combined": 2.5, "industrial": 2, "treatment": 2, "agriculture": 1.5,
        "unknown": 1.5,
    }
)  # fmt: skip

#: Part of a river's rank that pressure decides; the rest is luck.
PRESSURE_WEIGHT = 0.55

#: Which determinand is the worst of a river, and how far the others stay behind it [levels].
WORST: Mapping[str, float] = MappingProxyType(
    {"total_phosphorus": 0.4, "ammonia_nitrogen": 0.35, "permanganate_index": 0.25}
)
BEHIND = (0.45, 1.5)

#: Stations differ from their river by this much (standard deviation) [levels], and some lie where it is bad.
STATION_SPREAD, BAD_SHARE, BAD_LEVELS = 0.12, 0.2, 1.15

#: Oxygen ladders hold at 20 degC; the share of saturation there is what a station keeps through the year.
SATURATION_20_MG_L = 468.0 / (31.6 + 20.0)

_LUCK, _RIVER, _STATION = 0x4C55434B, 0x5249, 0x5354


@dataclass(frozen=True, slots=True)
class Baseline:
    """An ordinary day at a station, rain and discharges apart.

    Attributes
    ----------
    level : float
        Class with decimals of its worst determinand.
    permanganate_index, ammonia_nitrogen, total_phosphorus, total_nitrogen : float
        [mg/L]
    conductivity : float
        [uS/cm]
    turbidity : float
        [NTU]
    chlorophyll_a : float
        [mg/L]
    oxygen_share : float
        Dissolved oxygen as a share of saturation, daily mean [1].
    ph : float
    """

    level: float
    permanganate_index: float
    ammonia_nitrogen: float
    total_phosphorus: float
    total_nitrogen: float
    conductivity: float
    turbidity: float
    chlorophyll_a: float
    oxygen_share: float
    ph: float


def on_ladder(ladder: tuple[float, ...], level: float) -> float:
    """Value at a level, straight between whole levels."""
    return float(np.interp(level, np.arange(len(ladder)), ladder))


def river_levels(site: Site, seed: int) -> dict[str, float]:
    """Level of each river on an ordinary day."""
    names = list(site.rivers)
    pressure = np.array([_pressure(site, river) for river in names])
    rank = np.argsort(np.argsort(pressure)) / max(len(names) - 1, 1) - 0.5
    luck = uniforms(seed, _LUCK, keys(names)) - 0.5
    order = np.argsort(PRESSURE_WEIGHT * rank + (1 - PRESSURE_WEIGHT) * luck, kind="stable")
    edges = np.cumsum((0.0, *MIX))
    levels = {}
    for place, index in enumerate(order):
        share = (place + 0.5) / len(names)
        step = min(int(np.searchsorted(edges, share, side="right")) - 1, len(MIX) - 1)
        inside = (share - edges[step]) / MIX[step]
        levels[names[index]] = 1 + step + 0.3 + 0.45 * float(inside)
    return {river: levels[river] for river in names}


def _pressure(site: Site, river: str) -> float:
    inflow = sum(PRESSURE[outfall.kind] for outfall in site.outfalls_of(river))
    flows = [flow_m3_s(reach) for reach in site.reaches_of(river)]
    return math.log((inflow + 0.5) / (sum(flows) / len(flows)))


def station_levels(site: Site, seed: int) -> dict[str, float]:
    """Level of each station: its river's, some better, some worse, the mean over a river kept."""
    rivers = river_levels(site, seed)
    levels = {}
    for river, level in rivers.items():
        stations = site.stations_of(river)
        if not stations:
            continue
        names = keys(station.id for station in stations)
        shift = STATION_SPREAD * normals(seed, _STATION, names, 1)
        shift += np.where(uniforms(seed, _STATION, names, 2) < BAD_SHARE, BAD_LEVELS, 0.0)
        for station, by in zip(stations, (shift - shift.mean()).tolist(), strict=True):
            levels[station.id] = level + by
    return levels


def baseline(station: Station, level: float, seed: int) -> Baseline:
    """An ordinary day at a station of a given level; alike on one river."""
    river = uniforms(seed, _RIVER, key(station.river), np.arange(8)).tolist()
    own = normals(seed, _STATION, key(station.id), np.arange(3, 8)).tolist()
    worst = _pick(river[0])
    behind = [BEHIND[0] + (BEHIND[1] - BEHIND[0]) * draw for draw in river[1:5]]

    def graded(name: str, draw: float) -> float:
        lake = name == "total_phosphorus" and station.water_body == "lake"
        at = level if name == worst else max(level - draw, 0.4)
        return on_ladder(LAKE_PHOSPHORUS if lake else LADDERS[name], at)

    ammonia = graded("ammonia_nitrogen", behind[1])
    oxygen = on_ladder(LADDERS["dissolved_oxygen"], max(level - behind[3], 0.4))
    return Baseline(
        level=level,
        permanganate_index=graded("permanganate_index", behind[0]),
        ammonia_nitrogen=ammonia,
        total_phosphorus=graded("total_phosphorus", behind[2]),
        total_nitrogen=1.15 * ammonia + 1.1 + 0.3 * level + 0.8 * river[5],
        conductivity=390 + 55 * level + 90 * river[6] + 12 * own[0],
        turbidity=(11 + 6 * level) * math.exp(0.35 * (river[7] - 0.5) + 0.15 * own[1]),
        chlorophyll_a=(0.005 + 0.003 * level) * math.exp(0.3 * own[2]),
        oxygen_share=oxygen / SATURATION_20_MG_L,
        ph=7.75 - 0.09 * level + 0.07 * own[3],
    )


def _pick(draw: float) -> str:
    for name, share in WORST.items():
        draw -= share
        if draw < 0:
            return name
    return name
