"""Turns stored readings into stored assessments: the analytics tick of the hub.

The hours of the window are those of the clock (UTC), the running hour included: a board that waits an hour to say that
a river is bad is of no use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analytics.evaluation import RiverGrade, StationGrade, evaluate_river, evaluate_station
from analytics.grading import Grade, WaterClass, grade
from analytics.window import HOUR_MS, hours_by_station
from collectors.stores.base import Assessment, ReadingStore
from sensors.determinand import DETERMINANDS
from sensors.place import River, Station
from sensors.reading import USABLE_QUALITIES, Quality, Reading, StationState
from sensors.site import Site


class Judge:
    """Grades stations on their newest readings and on the window, and rivers on the window.

    Parameters
    ----------
    site : Site
    store : ReadingStore
        Readings come from it and assessments go to it.
    """

    def __init__(self, site: Site, store: ReadingStore) -> None:
        self._site, self._store = site, store
        self._window: dict[str, StationGrade] = {}
        self._hour_ms: int | None = None

    @property
    def graded(self) -> int:
        """Stations that have a class over the window."""
        return sum(station.water_class is not None for station in self._window.values())

    def tick(self, now_ms: int, changed: Iterable[str]) -> list[Assessment]:
        """Judge the stations that have new readings and their rivers; every station when a new hour has begun.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.
        changed : iterable of str
            Stations with new readings; ids that the site does not know are passed over.

        Returns
        -------
        list of Assessment
            What was stored.

        Raises
        ------
        StoreError
            If the store cannot be read or written; the same tick may be tried again.
        """
        hour_ms = now_ms // HOUR_MS * HOUR_MS
        names = list(self._site.stations) if hour_ms != self._hour_ms else changed
        stations = [self._site.stations[name] for name in names if name in self._site.stations]
        if not stations:
            return []
        window = self._evaluate(stations, hour_ms)
        known = {**self._window, **window}
        rivers = {station.river for station in stations}
        rows = self._latest(stations)
        rows += [station_row(station, hour_ms) for station in window.values()]
        rows += [self._river_row(self._site.rivers[river], known, hour_ms) for river in sorted(rivers)]
        self._store.put_assessments(rows)
        self._window, self._hour_ms = known, hour_ms
        return rows

    def _evaluate(self, stations: list[Station], hour_ms: int) -> dict[str, StationGrade]:
        settings = self._site.assessment
        end_ms = hour_ms + HOUR_MS
        start_ms = end_ms - settings.window_hours * HOUR_MS
        summary = self._store.summary(
            [station.id for station in stations], list(DETERMINANDS), start_ms, end_ms, HOUR_MS
        )
        hours = hours_by_station(
            (r.station, r.determinand, r.start_ms, r.mean, r.count, r.provisional) for r in summary
        )
        return {
            station.id: evaluate_station(
                station.id,
                station.water_body,
                hours.get(station.id, {}),
                start_ms,
                end_ms,
                min_hours=settings.min_hours,
                target=WaterClass[self._site.rivers[station.river].target_class],
            )
            for station in stations
        }

    def _river_row(self, river: River, known: Mapping[str, StationGrade], hour_ms: int) -> Assessment:
        stations = [known[s.id] for s in self._site.stations_of(river.id) if s.id in known]
        return river_row(evaluate_river(river.id, stations, target=WaterClass[river.target_class]), hour_ms)

    def _latest(self, stations: list[Station]) -> list[Assessment]:
        newest: dict[str, list[Reading]] = {}
        for reading in self._store.latest():
            held = newest.get(reading.station)
            if held is None or reading.time_ms > held[0].time_ms:
                newest[reading.station] = [reading]
            elif reading.time_ms == held[0].time_ms:
                held.append(reading)
        return [latest_row(station, newest[station.id]) for station in stations if station.id in newest]


def latest_row(station: Station, readings: list[Reading]) -> Assessment:
    """Judge the readings that a station gave at one instant."""
    state = readings[0].state
    values = {
        r.determinand: r.value
        for r in readings
        if r.value is not None and r.quality in USABLE_QUALITIES and r.state is StationState.NORMAL
    }
    graded = grade(values, station.water_body)
    suspect = any(r.quality is Quality.SUSPECT for r in readings if r.determinand in graded.classes)
    detail = {"values": values, "state": str(state), **_why(graded)}
    return Assessment(
        "station",
        station.id,
        "latest",
        readings[0].time_ms,
        _name(graded.water_class),
        graded.partial,
        suspect,
        graded.deciding,
        detail,
    )


def station_row(station: StationGrade, hour_ms: int) -> Assessment:
    """The stored form of a station's class over the window."""
    detail = {
        "hours": station.hours_used,
        "window_hours": station.hours_in_window,
        "means": {key: mean.mean for key, mean in station.means.items()},
        **_why(station.grade),
    }
    return Assessment(
        "station",
        station.station,
        "window",
        hour_ms,
        _name(station.water_class),
        station.grade.partial,
        station.provisional,
        station.grade.deciding,
        detail,
    )


def river_row(river: RiverGrade, hour_ms: int) -> Assessment:
    """The stored form of a river's state over the window."""
    detail = {
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
        **(_why(river.grade) if river.grade else {}),
    }
    return Assessment(
        "river",
        river.river,
        "window",
        hour_ms,
        _name(river.water_class),
        river.partial,
        river.provisional,
        river.deciding,
        detail,
    )


def _name(water_class: WaterClass | None) -> str | None:
    return None if water_class is None else water_class.name


def _why(graded: Grade) -> dict[str, Any]:
    return {
        "classes": {key: water_class.name for key, water_class in graded.classes.items()},
        "exceedance": dict(graded.exceedances),
        "over_target": list(graded.over_target),
        "missing": list(graded.missing),
    }
