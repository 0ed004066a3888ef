"""Made readings and judgements over the example site, for the tests of the board; the same for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

from analytics.grading import WaterClass, grade
from analytics.pollutants import section_pollutants
from collectors.stores.base import Assessment, ReadingStore
from sensors.durations import HOUR_MS
from sensors.place import River, Station
from sensors.reading import Block, Quality, Reading, StationState
from sensors.site import Site, load_site

SITE_FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "sites" / "xietang"

#: 2026-11-23 08:00:20 in Shanghai: a Monday at eight in the morning.
NOW_MS = 1_795_392_020_000

#: Middle values of each class: permanganate index, ammonia, phosphorus, oxygen, pH.
LEVELS = {
    "I": (1.6, 0.10, 0.015, 8.6, 7.4),
    "II": (3.1, 0.32, 0.07, 7.0, 7.5),
    "III": (5.0, 0.74, 0.15, 5.7, 7.6),
    "IV": (7.6, 1.22, 0.24, 4.1, 7.4),
    "V": (9.1, 1.78, 0.34, 2.6, 7.2),
    "INFERIOR_V": (11.2, 2.95, 0.52, 1.6, 7.1),
}
MEASURED = ("permanganate_index", "ammonia_nitrogen", "total_phosphorus", "dissolved_oxygen", "ph")

#: Class that each river is made to have; III where it is not named.
CLASS_OF = {
    "R05": "II", "R02": "II", "R19": "II", "R12": "I", "R03": "IV", "R04": "IV", "R06": "IV", "R11": "IV",
    "R14": "V", "R15": "INFERIOR_V", "R17": "IV", "R18": "IV", "R20": "INFERIOR_V", "R22": "V", "R24": "V",
    "R25": "INFERIOR_V", "R26": "IV", "R28": "V", "R08": "IV",
}  # fmt: skip
#: A station that is worse than its river.
WORSE = {"S02": "V", "S05": "IV"}
#: Rivers whose stations fell silent, and for how many hours.
SILENT = {"R18": 3.2, "R26": 26.0}
#: Stations in maintenance.
MAINTENANCE = {"R10"}
#: Rivers that were better a day ago, and hours since they fell.
FELL = {"R25": 11, "R14": 5, "R28": 40}


def example_site() -> Site:
    """The example site."""
    return load_site(SITE_FOLDER)


def fill(
    store: ReadingStore, site: Site, now_ms: int = NOW_MS, days: int = 1, step_min: int = 30, seed: int = 1
) -> None:
    """Write readings and judgements of some days up to now."""
    rng = random.Random(seed)
    for river in site.rivers.values():
        for station in site.stations_of(river.id):
            store.write(Block.of(_readings(site, river, station, now_ms, days, step_min, rng)))
    store.put_assessments(list(_judgements(site, now_ms, days)))


def _level(river: str, station: str) -> tuple[float, ...]:
    return level_of(river, WORSE.get(station, CLASS_OF.get(river, "III")))


def level_of(river: str, name: str) -> tuple[float, ...]:
    """Values of a class that one or two determinands decide, others for each river; the rest are a class better."""
    order = list(LEVELS)
    better = LEVELS[order[max(order.index(name) - 1, 0)]]
    number = int(river[1:])
    deciding = {number % 4, (number * 3 + 1) % 4}
    return tuple(LEVELS[name][i] if i in deciding else better[i] for i in range(len(MEASURED)))


def _readings(
    site: Site, river: River, station: Station, now_ms: int, days: int, step_min: int, rng: random.Random
) -> Iterator[Reading]:
    level = dict(zip(MEASURED, _level(river.id, station.id), strict=True))
    sonde = station.profile != "station_cabinet"
    end_ms = now_ms - int(SILENT.get(river.id, 0) * HOUR_MS)
    phase = rng.random() * math.tau
    for time_ms in range(end_ms - 20_000, now_ms - days * 24 * HOUR_MS, -step_min * 60_000):
        if station.id in {"S07", "S10"} and 0.3 < (now_ms - time_ms) / (24 * HOUR_MS) % 1 < 0.42:
            continue  # a gap that must stay a gap
        wave = math.sin(time_ms / (24 * HOUR_MS) * math.tau + phase)
        state = StationState.NORMAL
        if river.id in MAINTENANCE and now_ms - time_ms < 2 * HOUR_MS:
            state = StationState.MAINTENANCE
        for key in MEASURED:
            if sonde and key in {"permanganate_index", "ammonia_nitrogen", "total_phosphorus"}:
                continue
            value = level[key] * (1 + 0.06 * wave + rng.gauss(0, 0.02))
            if key == "ammonia_nitrogen" and rng.random() < 0.004:
                value *= 1.9  # a short discharge that an average hides
            if key == "ph":
                value = level[key] + 0.1 * wave + rng.gauss(0, 0.02)
            yield Reading(station.id, key, time_ms, round(value, 3), Quality.GOOD, state)
        yield Reading(station.id, "water_temperature", time_ms, round(12 + wave, 1), Quality.GOOD, state)


def _judgements(site: Site, now_ms: int, days: int) -> Iterator[Assessment]:
    hour_ms = now_ms - now_ms % HOUR_MS
    for river in site.rivers.values():
        stations = site.stations_of(river.id)
        for hour in range(days * 24 + 1):
            time_ms = hour_ms - hour * HOUR_MS
            yield _river(river, stations, time_ms, hour)
        for station in stations:
            yield _station(river, station, hour_ms)


def _values(river: str, station: Station) -> dict[str, float]:
    values = dict(zip(MEASURED, _level(river, station.id), strict=True))
    if station.profile != "station_cabinet":
        for key in ("permanganate_index", "ammonia_nitrogen", "total_phosphorus"):
            del values[key]
    return values


def _hours(river: str) -> int:
    return max(0, 24 - round(SILENT.get(river, 0)))


def _station(river: River, station: Station, time_ms: int) -> Assessment:
    values = _values(river.id, station)
    got = grade(values, station.water_body)
    hours = _hours(river.id)
    detail = {
        "hours": hours, "window_hours": 24, "means": values if hours else {}, "missing": list(got.missing),
        "classes": {key: one.name for key, one in got.classes.items()}, "exceedance": dict(got.exceedances),
    }  # fmt: skip
    name = got.water_class.name if got.water_class and hours else None
    return Assessment("station", station.id, "window", time_ms, name, got.partial, False, got.deciding, detail)


def _river(river: River, stations: tuple[Station, ...], time_ms: int, hours_ago: int) -> Assessment:
    level = level_of(river.id, "IV" if FELL.get(river.id, 1000) < hours_ago else CLASS_OF.get(river.id, "III"))
    values = dict(zip(MEASURED, level, strict=True))
    full = any(station.profile == "station_cabinet" for station in stations)
    if not full:
        values = {key: values[key] for key in ("dissolved_oxygen", "ph")}
    got = grade(values, target=WaterClass[river.target_class])
    hours = _hours(river.id)
    graded = got.water_class if hours else None
    over = [
        {"station": station.id, "water_class": one.name}
        for station in stations
        if graded and (one := grade(_values(river.id, station), station.water_body).water_class) and one > graded
    ]
    detail = {
        "hours": hours, "window_hours": 24, "means": values if hours else {}, "missing": list(got.missing),
        "classes": {key: one.name for key, one in got.classes.items()}, "exceedance": dict(got.exceedances),
        "sections": len(stations) if hours else 0, "method": "mean", "worse_stations": over,
        "attained": got.attained if hours else None,
        "main_pollutants": [pollutant.determinand for pollutant in section_pollutants(got)],
    }  # fmt: skip
    return Assessment(
        "river", river.id, "window", time_ms, graded.name if graded else None, got.partial, river.id == "R15",
        got.deciding, detail,
    )  # fmt: skip
