"""What each generated scenario is: one frozen record per scenario, everything else follows from its seed."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

Shape = Literal["grid", "tree", "ring", "ladder"]
Season = Literal["spring", "plum", "summer", "typhoon", "winter"]

#: How much water temperature swings within a day, by season, relative to summer.
SEASON_NOISE: dict[Season, float] = {"spring": 1.2, "plum": 0.8, "summer": 1.1, "typhoon": 1.0, "winter": 0.5}


@dataclass(frozen=True, slots=True)
class Plan:
    """One scenario.

    Attributes
    ----------
    name : str
    seed : int
    shape : {'grid', 'tree', 'ring', 'ladder'}
    size : (int, int)
        Rows and columns, ring nodes and spokes, or trunk and branches, by shape.
    spacing_m : float
        Typical distance between confluences [m].
    dead_ends : int
        Blind channels beside those that the shape has.
    stations, outfalls : int
    rich, hydro : float
        Share of stations that measure permanganate index and total phosphorus; velocity and level.
    speed_m_s : float
        Velocity aimed at in the trunk [m/s].
    inlets : int
    season : str
        Rain, temperature and their days.
    start : str
        First local day.
    days : int
    events : int
        Illicit discharges, after the first five days.
    ammonia, conductivity, turbidity, permanganate, phosphorus : float
        Levels of the boundary water [mg/L, uS/cm, NTU, mg/L, mg/L].
    """

    name: str
    seed: int
    shape: Shape
    size: tuple[int, int]
    spacing_m: float
    dead_ends: int
    stations: int
    outfalls: int
    rich: float
    hydro: float
    speed_m_s: float
    inlets: int
    season: Season
    start: str
    days: int
    events: int
    ammonia: float = 0.8
    conductivity: float = 480.0
    turbidity: float = 25.0
    permanganate: float = 4.5
    phosphorus: float = 0.15


#: For tuning. The published cases A101 to A104 are kept for testing.
TUNING = (
    Plan("T01", 11, "ladder", (3, 6), 1000, 4, 44, 120, 0.4, 0.3, 0.07, 2, "spring", "2025-04-10", 30, 30),
    Plan("T02", 12, "tree", (9, 9), 900, 3, 34, 90, 0.35, 0.25, 0.08, 3, "summer", "2025-07-05", 18, 18,
         0.5, 380, 35, 3.8, 0.12),
    Plan("T03", 13, "ring", (12, 6), 1000, 6, 52, 150, 0.4, 0.25, 0.05, 3, "plum", "2025-06-12", 30, 30,
         1.3, 620, 20, 5.5, 0.2),
    Plan("T04", 24, "grid", (4, 4), 800, 5, 30, 85, 0.3, 0.2, 0.05, 2, "summer", "2025-08-01", 18, 0),
    Plan("T05", 15, "tree", (5, 5), 1200, 2, 26, 62, 0.5, 0.3, 0.15, 2, "typhoon", "2025-09-05", 18, 18,
         0.3, 260, 45, 3.2, 0.09),
    Plan("T06", 16, "grid", (6, 5), 850, 8, 66, 190, 0.35, 0.25, 0.06, 4, "winter", "2025-12-01", 30, 30,
         1.8, 700, 15, 5.0, 0.18),
    Plan("T07", 17, "ring", (7, 4), 900, 3, 26, 70, 0.45, 0.3, 0.09, 2, "plum", "2025-06-15", 18, 0,
         0.9, 450, 30, 4.8, 0.16),
    Plan("T08", 18, "ladder", (3, 5), 1000, 5, 36, 100, 0.3, 0.2, 0.04, 3, "summer", "2025-08-10", 30, 30,
         1.0, 520, 28, 5.2, 0.17),
)  # fmt: skip


def crowded(count: int) -> tuple[Plan, ...]:
    """Short scenarios with many discharges, for the reliability of outfall probabilities."""
    shapes: tuple[tuple[Shape, tuple[int, int]], ...] = (
        ("grid", (4, 4)), ("tree", (6, 6)), ("ring", (8, 4)), ("ladder", (2, 6)),
    )  # fmt: skip
    plans = []
    for index in range(count):
        base = TUNING[index % len(TUNING)]
        shape, size = shapes[index % 4]
        plans.append(
            replace(base, name=f"C{index + 1:02d}", seed=200 + index, shape=shape, size=size, stations=36, outfalls=100,
                    dead_ends=3, days=20, events=50)
        )  # fmt: skip
    return tuple(plans)


#: Sizes that each shape may take, and the first day that each season may have, in networks nobody has seen.
SIZES: dict[Shape, tuple[tuple[int, int], ...]] = {
    "grid": ((4, 4), (5, 4), (5, 5)), "tree": ((6, 6), (8, 7), (9, 9)),
    "ring": ((8, 4), (10, 5), (12, 6)), "ladder": ((2, 6), (3, 5), (3, 6)),
}  # fmt: skip
STARTS: dict[Season, str] = {
    "spring": "2025-04-08", "plum": "2025-06-10", "summer": "2025-07-20", "typhoon": "2025-09-03",
    "winter": "2025-11-25",
}  # fmt: skip


def unseen(seed: int, count: int = 8) -> tuple[Plan, ...]:
    """Networks that follow from a seed: one that nobody has tuned on is a blind test, and another is always at hand.

    Parameters
    ----------
    seed : int
    count : int
        How many; two of eight have no discharge.
    """
    rng = np.random.default_rng(seed)
    shapes, seasons = list(SIZES), list(STARTS)
    plans = []
    for index in range(count):
        shape, season = shapes[index % len(shapes)], seasons[int(rng.integers(len(seasons)))]
        sizes = SIZES[shape]
        stations = int(rng.integers(28, 60))
        plans.append(
            Plan(
                f"U{seed}-{index + 1}", int(rng.integers(2**31)), shape, sizes[int(rng.integers(len(sizes)))],
                float(rng.integers(8, 12) * 100), int(rng.integers(2, 7)), stations,
                int(stations * rng.uniform(2.4, 3)), round(rng.uniform(0.3, 0.5), 2),
                round(rng.uniform(0.2, 0.3), 2), round(rng.uniform(0.04, 0.12), 3),
                int(rng.integers(2, 5)), season, STARTS[season], 30, 30 * (index % 8 not in (3, 6)),
                round(rng.uniform(0.3, 1.8), 2), float(rng.integers(25, 75) * 10), float(rng.integers(15, 45)),
                round(rng.uniform(3, 6), 1), round(rng.uniform(0.09, 0.22), 2),
            )
        )  # fmt: skip
    return tuple(plans)


PLANS = {plan.name: plan for plan in (*TUNING, *crowded(22))}


def home() -> Path:
    """Where generated scenarios are kept: $RIVERCHIEF_SCENARIOS, or a folder in the user's cache."""
    given = os.environ.get("RIVERCHIEF_SCENARIOS")
    return Path(given) if given else Path.home() / ".cache" / "riverchief" / "scenarios"
