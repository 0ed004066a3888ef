"""A small river with ten stations and what their probes show, for the tests of detection."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from analytics.detectors import Detection, Detector, Layout
from sensors.place import Reach, Station

STEP_MS = 600_000
DAY = 144
#: Midnight of a day, UTC.
START_MS = 1_700_006_400_000
KEYS = ("ammonia_nitrogen", "conductivity", "turbidity", "water_temperature")
LEVELS = {"ammonia_nitrogen": 1.0, "conductivity": 500.0, "turbidity": 20.0, "water_temperature": 18.0}
NOISES = {"ammonia_nitrogen": 0.02, "conductivity": 2.0, "turbidity": 0.5, "water_temperature": 0.1}
STATIONS = tuple(f"S{i}" for i in range(10))
SERIES = tuple((station, key) for station in STATIONS for key in KEYS)
TRAINED_DAYS = 6

_LINE = ((120.7, 31.3), (120.71, 31.3))


def station(name: str, reach: str, chainage_m: float) -> Station:
    return Station(name, name, name, "river", reach, chainage_m, "river", "", "", 1, "", 600.0)


def reach(name: str, a: str, b: str, velocity: float = 0.1) -> Reach:
    return Reach(name, "river", a, b, 3600.0, 10.0, 2.0, velocity, _LINE)


#: 360 m an hour; a station every 360 m: one hour apart.
REACHES = {"r": reach("r", "a", "b")}
PLACES = {name: station(name, "r", 360.0 * i) for i, name in enumerate(STATIONS)}


def layout() -> Layout:
    return Layout.build(SERIES, PLACES, REACHES)


def water(rows: int, seed: int, first: int = 0) -> tuple[Any, Any]:
    """Times and readings of quiet water with the course of a day, shapes (rows,) and (rows, n_series)."""
    rng = np.random.default_rng(seed)
    index = first + np.arange(rows)
    day = np.sin(2 * np.pi * index / DAY)[:, None]
    level = np.array([LEVELS[key] for _, key in SERIES])
    noise = np.array([NOISES[key] for _, key in SERIES])
    return START_MS + index * STEP_MS, level + 3 * noise * day + rng.normal(0, noise, (rows, level.size))


def column(name: str, key: str) -> int:
    return SERIES.index((name, key))


def rise(rows: int, start: int, hours: float, size: float) -> Any:
    """A front: nothing, a smooth rise over some hours, and that height from then on."""
    return size * np.clip((np.arange(rows) - start) / (hours * 6), 0, 1)


@cache
def _trained() -> bytes:
    detector = Detector(layout(), STEP_MS, 1)
    times, values = water(TRAINED_DAYS * DAY, seed=1)
    found = detector.step(times, values, flow=np.ones((times.size, 1)))
    assert [d for d in found if d.kind == "discharge"] == []
    return detector.save()


def trained() -> Detector:
    """A detector that has watched quiet water for six days."""
    detector = Detector(layout(), STEP_MS, 1)
    detector.load(_trained())
    return detector


def after(rows: int, seed: int = 2) -> tuple[Any, Any]:
    """Quiet water from where `trained` ends."""
    return water(rows, seed, first=TRAINED_DAYS * DAY)


def told(found: list[Detection], kind: str = "discharge") -> list[tuple[str, str]]:
    return [(d.station, d.determinand) for d in found if d.kind == kind]
