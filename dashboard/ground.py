"""The map's ground: reaches, stations, outfalls and boundary in metres from the north-west corner of the site."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from sensors.geometry import EARTH_RADIUS_M, along
from sensors.place import Outfall, Position, Reach
from sensors.site import Site

#: Widths from which a reach is drawn as a middle and as a main water course [m].
MIDDLE_WIDTH_M = 14.0
MAIN_WIDTH_M = 28.0

#: How far from the middle line an outfall is drawn beyond the bank [m].
BANK_M = 14.0


class _Plane:
    """Degrees to metres, x to the east and y to the south; flat, which holds within a city."""

    def __init__(self, positions: Iterable[Position]) -> None:
        lon, lat = zip(*positions, strict=True)
        self._lon, self._lat = min(lon), max(lat)
        self._x = EARTH_RADIUS_M * math.radians(1) * math.cos(math.radians((min(lat) + max(lat)) / 2))
        self._y = EARTH_RADIUS_M * math.radians(1)
        self.width_m, self.height_m = self.at((max(lon), min(lat)))

    def at(self, position: Position) -> tuple[int, int]:
        return round((position[0] - self._lon) * self._x), round((self._lat - position[1]) * self._y)

    def line(self, positions: Iterable[Position]) -> list[tuple[int, int]]:
        return [self.at(position) for position in positions]


def ground(site: Site) -> dict[str, Any]:
    """Everything on the map that does not change, ready for JSON.

    Returns
    -------
    dict
        ``width_m``, ``height_m``; ``boundary`` as a ring; ``reaches`` with river, line and a width class 0 to 2;
        ``stations`` and ``outfalls`` with x and y. All in whole metres.
    """
    positions = [*site.boundary, *(position for reach in site.reaches.values() for position in reach.line)]
    plane = _Plane(positions)
    stations = [
        (station.id, plane.at(site.position(station.reach, station.chainage_m))) for station in site.stations.values()
    ]
    return {
        "width_m": plane.width_m,
        "height_m": plane.height_m,
        "boundary": plane.line(site.boundary),
        "reaches": [
            {"river": reach.river, "w": _width(reach), "line": plane.line(reach.line)}
            for reach in site.reaches.values()
        ],
        "stations": [{"id": station, "x": x, "y": y} for station, (x, y) in stations],
        "outfalls": [
            {"x": x, "y": y} for x, y in (_bank(plane, site, outfall) for outfall in site.outfalls.values())
        ],
    }  # fmt: skip


def _width(reach: Reach) -> int:
    return (reach.width_m >= MIDDLE_WIDTH_M) + (reach.width_m >= MAIN_WIDTH_M)


def _bank(plane: _Plane, site: Site, outfall: Outfall) -> tuple[int, int]:
    """Place of an outfall, moved off the middle line to its bank as seen from ``from_node``."""
    reach = site.reaches[outfall.reach]
    share = outfall.chainage_m / reach.length_m
    before, after = (plane.at(_at(reach.line, share + step)) for step in (-0.02, 0.02))
    x, y = plane.at(_at(reach.line, share))
    dx, dy = after[0] - before[0], after[1] - before[1]
    off = (reach.width_m / 2 + BANK_M) / (math.hypot(dx, dy) or 1) * (1 if outfall.bank == "R" else -1)
    return round(x - dy * off), round(y + dx * off)


def _at(line: Sequence[Position], share: float) -> Position:
    return along(line, min(max(share, 0.0), 1.0))
