"""Judgements in the form in which they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analytics.evaluation import RiverGrade, StationGrade
from analytics.grading import Grade, WaterClass
from analytics.latest import evaluate_latest
from analytics.pollutants import section_pollutants
from analytics.uncertainty import class_probabilities, sigmas_of, sigmas_of_sections
from collectors.stores.base import Assessment
from collectors.stores.detail import Detail
from sensors.durations import HOUR_MS
from sensors.place import Station, WaterBody
from sensors.reading import Reading

#: Classes that are less probable than this are not told.
TOLD = 0.0005


def latest_row(station: Station, readings: list[Reading]) -> Assessment:
    """Judge the readings that a station gave at one instant; one row an hour stays as history.

    Raises
    ------
    ValueError
        Without readings.
    """
    latest = evaluate_latest(readings, station.water_body)
    if latest is None:
        raise ValueError(f"no readings of {station.id} to judge")
    detail: Detail = {
        "time_ms": latest.time_ms,
        "values": dict(latest.values),
        "state": str(latest.state),
        **why(latest.grade),
        **how_sure(latest.values, sigmas_of(latest.values), station.water_body),
    }
    return Assessment(
        "station",
        station.id,
        "latest",
        latest.time_ms // HOUR_MS * HOUR_MS,
        name_of(latest.grade.water_class),
        latest.grade.partial,
        latest.provisional,
        latest.grade.deciding,
        detail,
    )


def station_row(station: StationGrade, hour_ms: int) -> Assessment:
    """The stored form of a station's class over the window."""
    means = means_of(station)
    detail: Detail = {
        "hours": station.hours_used,
        "window_hours": station.hours_in_window,
        "means": means,
        **why(station.grade),
        **how_sure(means, sigmas_of(means), station.water_body),
    }
    return Assessment(
        "station",
        station.station,
        "window",
        hour_ms,
        name_of(station.water_class),
        station.grade.partial,
        station.provisional,
        station.grade.deciding,
        detail,
    )


def river_row(river: RiverGrade, hour_ms: int, stations: Sequence[StationGrade]) -> Assessment:
    """The stored form of a river's state over the window, judged from its stations."""
    sigmas = sigmas_of_sections(means_of(station) for station in stations if station.station in river.classes)
    sure = how_sure(river.means, sigmas, river.water_body) if river.grade else Detail()
    return Assessment(
        "river",
        river.river,
        "window",
        hour_ms,
        name_of(river.water_class),
        river.partial,
        river.provisional,
        river.deciding,
        {**river_detail(river), **sure},
    )


def river_detail(river: RiverGrade) -> Detail:
    """Keys that say what the state of a river, or of all waters of a site, rests on."""
    return {
        "hours": max(river.hours_used.values(), default=0),
        "window_hours": river.hours_in_window,
        "means": dict(river.means),
        "sections": len(river.classes),
        "method": river.method,
        "descriptor": river.descriptor.key if river.descriptor else None,
        "water_body": river.water_body,
        "mixed_bodies": river.mixed_bodies,
        "sections_with": dict(river.sections_with),
        "ungraded": list(river.ungraded),
        "worse_stations": [{"station": name, "water_class": river.classes[name].name} for name in river.worse],
        "attained": river.attained,
        **(why(river.grade) if river.grade else Detail()),
    }


def name_of(water_class: WaterClass | None) -> str | None:
    """Class as it is stored."""
    return None if water_class is None else water_class.name


def means_of(station: StationGrade) -> dict[str, float]:
    """Means of a station over its window [unit of the determinand]."""
    return {key: mean.mean for key, mean in station.means.items()}


def why(graded: Grade) -> Detail:
    """Keys that say what a class rests on."""
    return {
        "classes": {key: water_class.name for key, water_class in graded.classes.items()},
        "exceedance": dict(graded.exceedances),
        "over_target": list(graded.over_target),
        "target_exceedance": dict(graded.target_exceedances or {}),
        "main_pollutants": [pollutant.determinand for pollutant in section_pollutants(graded)],
        "missing": list(graded.missing),
    }


def how_sure(values: Mapping[str, float], sigmas: Mapping[str, float], water_body: WaterBody) -> Detail:
    """Whether the class lies near a limit, what it is that does, and the classes that it may be."""
    found = class_probabilities(values, sigmas, water_body)
    if found is None:
        return {}
    told = {water_class.name: round(share, 3) for water_class, share in found.probability.items() if share >= TOLD}
    return {"near_limit": found.near_limit, "near": list(found.near), "probability": told}
