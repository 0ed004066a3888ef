"""Small networks to reason about."""

from __future__ import annotations

from sensors.network import Network
from sensors.place import Outfall, Reach, Station


def reach(name: str, start: str, end: str, length_m: float = 1000.0, velocity: float = 0.1) -> Reach:
    return Reach(name, name, start, end, length_m, 10.0, 1.5, velocity, ((0.0, 0.0), (0.0, 0.01)))


def network(*reaches: Reach) -> Network:
    return Network({one.id: one for one in reaches})


def station(name: str, on: str, chainage_m: float) -> Station:
    return Station(name, name, name, on, on, chainage_m, "river", "", "", 1, "", 300.0)


def outfall(name: str, on: str, chainage_m: float, kind: str = "unknown") -> Outfall:
    return Outfall(name, on, on, chainage_m, "L", kind, "")
