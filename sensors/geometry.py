"""Lengths and places on lines given in degrees; flat within a city, which is all that a site spans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from sensors.place import Position

#: Mean radius of the Earth [m] (IUGG 1980, R1).
EARTH_RADIUS_M = 6_371_008.8


def distance_m(a: Position, b: Position) -> float:
    """Distance between two positions [m], equirectangular: within 0.1 % over 50 km at these latitudes."""
    middle = math.radians((a[1] + b[1]) / 2)
    x = math.radians(b[0] - a[0]) * math.cos(middle)
    return EARTH_RADIUS_M * math.hypot(x, math.radians(b[1] - a[1]))


def length_m(line: Sequence[Position]) -> float:
    """Length of a line [m]."""
    return sum(distance_m(a, b) for a, b in pairwise(line))


def along(line: Sequence[Position], share: float) -> Position:
    """Position at a share (0 to 1) of a line's length, clamped to its ends."""
    rest = min(max(share, 0.0), 1.0) * length_m(line)
    for a, b in pairwise(line):
        step = distance_m(a, b)
        if step and rest <= step:
            part = rest / step
            return (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]))
        rest -= step
    return line[-1]


def area_m2(ring: Sequence[Position]) -> float:
    """Area of a ring of positions [m2], by the shoelace formula on the local plane."""
    if len(ring) < 3:
        return 0.0
    middle = math.radians(sum(p[1] for p in ring) / len(ring))
    x = [EARTH_RADIUS_M * math.radians(p[0]) * math.cos(middle) for p in ring]
    y = [EARTH_RADIUS_M * math.radians(p[1]) for p in ring]
    twice = sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(ring)))
    return abs(twice) / 2
