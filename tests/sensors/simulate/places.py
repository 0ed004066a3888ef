"""Small networks for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

from sensors.place import Outfall, OutfallKind, Reach, River, Station, WaterBody
from sensors.site import Site
from sensors.site_settings import AssessmentSettings

#: 2026-07-01T00:00Z.
JULY_MS = 1_782_864_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def station(
    name: str, on: str, chainage_m: float, profile: str = "station_cabinet", body: WaterBody = "river"
) -> Station:
    return Station(name, name, name, "r", on, chainage_m, body, profile, "tcp://127.0.0.1:502", 1, "gw", 60.0)


def reach(name: str, start: str, end: str, length_m: float, velocity_m_s: float, width_m: float = 10.0) -> Reach:
    return Reach(name, "r", start, end, length_m, width_m, 2.0, velocity_m_s, ((120.0, 31.0), (120.01, 31.0)))


def outfall(name: str, on: str, chainage_m: float, kind: OutfallKind = "sewage") -> Outfall:
    return Outfall(name, "r", on, chainage_m, "L", kind, "water")


def small_site(reaches: list[Reach], stations: list[Station], outfalls: list[Outfall]) -> Site:
    return Site(
        "s", "s", "s", "Asia/Shanghai", 1.0, Path(), {}, {}, {"r": River("r", "r", "r", "IV", "chief", "water")},
        {r.id: r for r in reaches}, {s.id: s for s in stations}, {o.id: o for o in outfalls}, {}, (), (),
        AssessmentSettings(),
    )  # fmt: skip
