"""Turns stored readings into stored assessments: the analytics tick of the hub.

The hours of the window are those of the clock (UTC), the running hour included: a board that waits an hour to say that
a river is bad is of no use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.evaluation import RiverGrade, StationGrade, evaluate_river, evaluate_station
from analytics.grading import Grade, WaterClass
from analytics.latest import evaluate_latest
from analytics.pollutants import section_pollutants
from analytics.uncertainty import class_probabilities, sigmas_of, sigmas_of_sections
from analytics.window import HOUR_MS, HourMean, hours_by_station
from collectors.stores.base import Assessment, ReadingStore
from sensors.determinand import DETERMINANDS
from sensors.place import Station, WaterBody
from sensors.reading import Reading
from sensors.site import Site

#: Readings that come later than this change no assessment by themselves: history is regraded on purpose [ms].
MAX_BACK_MS = 31 * 24 * HOUR_MS

#: After a start these hours are judged again: what arrived before the last end may not have been judged [ms].
RESTART_BACK_MS = 7 * 24 * HOUR_MS

#: Hours of a river that one tick judges at most beside the running one: about a second's work.
HOURS_A_TICK = 500

#: Classes that are less probable than this are not told.
TOLD = 0.0005


class Judge:
    """Grades stations on their newest readings and on the window, and rivers on the window.

    Readings that come late, from a gateway that was cut off, change the window of every hour after them: those hours
    are judged again, back to `MAX_BACK_MS`, a part of them in each tick.

    Parameters
    ----------
    site : Site
    store : ReadingStore
        Readings come from it and assessments go to it.
    """

    def __init__(self, site: Site, store: ReadingStore) -> None:
        self._site, self._store = site, store
        self._graded: set[str] = set()
        self._hour_ms: int | None = None
        #: Stations whose newest readings, and rivers whose running hour, are to be judged.
        self._stations: set[str] = set()
        self._rivers: set[str] = set()
        #: Rivers with earlier hours to be judged, and the first of those [ms].
        self._since: dict[str, int] = {}

    @property
    def graded(self) -> int:
        """Stations that have a class over the window."""
        return len(self._graded)

    @property
    def behind(self) -> bool:
        """Whether earlier hours still wait to be judged."""
        return bool(self._since)

    def tick(self, now_ms: int, changed: Mapping[str, int]) -> list[Assessment]:
        """Judge the running hour of what has changed, of everything when it has just begun, and some earlier hours.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.
        changed : mapping of str to int
            Stations with new readings, and the time of the oldest of those [ms since the epoch, UTC]; ids that the
            site does not know are passed over. They are remembered until they are judged.

        Returns
        -------
        list of Assessment
            What was stored.

        Raises
        ------
        StoreError
            If the store cannot be read or written; the next tick makes up for it.
        """
        hour_ms = now_ms // HOUR_MS * HOUR_MS
        self._note(hour_ms, changed)
        rows = self._latest() + [row for river in sorted(self._rivers) for row in self._judge(river, hour_ms, hour_ms)]
        if rows:
            self._store.put_assessments(rows)
        for row in rows:
            if row.scope == "station" and row.basis == "window":
                (self._graded.add if row.water_class else self._graded.discard)(row.subject)
        self._stations.clear()
        self._rivers.clear()
        return rows + self._catch_up(hour_ms)

    def _note(self, hour_ms: int, changed: Mapping[str, int]) -> None:
        """Remember what is to be judged."""
        for name, time_ms in changed.items():
            if name in self._site.stations:
                self._stations.add(name)
                self._from(self._site.stations[name].river, max(time_ms, hour_ms - MAX_BACK_MS), hour_ms)
        if hour_ms != self._hour_ms:
            # The hour that has ended is judged once more: its last readings came after its last tick.
            back_ms = RESTART_BACK_MS if self._hour_ms is None else min(hour_ms - self._hour_ms, MAX_BACK_MS)
            self._stations.update(self._site.stations)
            for river in {station.river for station in self._site.stations.values()}:
                self._from(river, hour_ms - back_ms, hour_ms)
            self._hour_ms = hour_ms

    def _from(self, river: str, time_ms: int, hour_ms: int) -> None:
        self._rivers.add(river)
        first_ms = time_ms // HOUR_MS * HOUR_MS
        if first_ms < hour_ms:
            self._since[river] = min(first_ms, self._since.get(river, first_ms))

    def _catch_up(self, hour_ms: int) -> list[Assessment]:
        """Judge earlier hours, as many as one tick may."""
        done, left = [], HOURS_A_TICK
        for river, first_ms in list(self._since.items()):
            last_ms = min(hour_ms - HOUR_MS, first_ms + (left - 1) * HOUR_MS)
            # An hour of which nothing is known at all is a gap, not a judgement.
            rows = [row for row in self._judge(river, first_ms, last_ms) if row.water_class or row.detail.get("hours")]
            if rows:
                self._store.put_assessments(rows)
            done += rows
            left -= (last_ms - first_ms) // HOUR_MS + 1
            if last_ms >= hour_ms - HOUR_MS:
                del self._since[river]
            else:
                self._since[river] = last_ms + HOUR_MS
            if left <= 0:
                break
        return done

    def _judge(self, name: str, first_ms: int, last_ms: int) -> list[Assessment]:
        """Rows of a river and its stations for every hour from the first to the last."""
        river, stations = self._site.rivers[name], self._site.stations_of(name)
        start_ms = first_ms + HOUR_MS - self._site.assessment.window_hours * HOUR_MS
        summary = self._store.summary(
            [s.id for s in stations], list(DETERMINANDS), start_ms, last_ms + HOUR_MS, HOUR_MS
        )
        hours = hours_by_station(
            (r.station, r.determinand, r.start_ms, r.mean, r.count, r.provisional) for r in summary
        )
        rows = []
        for time_ms in range(first_ms, last_ms + 1, HOUR_MS):
            graded = [self._evaluate(station, hours.get(station.id, {}), time_ms) for station in stations]
            rows += [station_row(station, time_ms) for station in graded]
            whole = evaluate_river(name, graded, target=WaterClass[river.target_class])
            rows.append(river_row(whole, time_ms, graded))
        return rows

    def _evaluate(self, station: Station, hours: Mapping[str, Sequence[HourMean]], hour_ms: int) -> StationGrade:
        settings = self._site.assessment
        return evaluate_station(
            station.id,
            station.water_body,
            hours,
            hour_ms + HOUR_MS - settings.window_hours * HOUR_MS,
            hour_ms + HOUR_MS,
            min_hours=settings.min_hours,
            target=WaterClass[self._site.rivers[station.river].target_class],
        )

    def _latest(self) -> list[Assessment]:
        if not self._stations:
            return []
        newest: dict[str, list[Reading]] = {}
        for reading in self._store.latest():
            held = newest.get(reading.station)
            if held is None or reading.time_ms > held[0].time_ms:
                newest[reading.station] = [reading]
            elif reading.time_ms == held[0].time_ms:
                held.append(reading)
        stations = [self._site.stations[name] for name in sorted(self._stations & set(newest))]
        return [latest_row(station, newest[station.id]) for station in stations]


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
    detail = {
        "time_ms": latest.time_ms,
        "values": dict(latest.values),
        "state": str(latest.state),
        **_why(latest.grade),
        **_how_sure(latest.values, sigmas_of(latest.values), station.water_body),
    }
    return Assessment(
        "station",
        station.id,
        "latest",
        latest.time_ms // HOUR_MS * HOUR_MS,
        _name(latest.grade.water_class),
        latest.grade.partial,
        latest.provisional,
        latest.grade.deciding,
        detail,
    )


def station_row(station: StationGrade, hour_ms: int) -> Assessment:
    """The stored form of a station's class over the window."""
    means = _means(station)
    detail = {
        "hours": station.hours_used,
        "window_hours": station.hours_in_window,
        "means": means,
        **_why(station.grade),
        **_how_sure(means, sigmas_of(means), station.water_body),
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


def river_row(river: RiverGrade, hour_ms: int, stations: Sequence[StationGrade]) -> Assessment:
    """The stored form of a river's state over the window, judged from its stations."""
    sigmas = sigmas_of_sections(_means(station) for station in stations if station.station in river.classes)
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
        "attained": river.attained,
        **(_why(river.grade) if river.grade else {}),
        **(_how_sure(river.means, sigmas, river.water_body) if river.grade else {}),
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


def _means(station: StationGrade) -> dict[str, float]:
    return {key: mean.mean for key, mean in station.means.items()}


def _why(graded: Grade) -> dict[str, Any]:
    return {
        "classes": {key: water_class.name for key, water_class in graded.classes.items()},
        "exceedance": dict(graded.exceedances),
        "over_target": list(graded.over_target),
        "target_exceedance": dict(graded.target_exceedances or {}),
        "main_pollutants": [pollutant.determinand for pollutant in section_pollutants(graded)],
        "missing": list(graded.missing),
    }


def _how_sure(values: Mapping[str, float], sigmas: Mapping[str, float], water_body: WaterBody) -> dict[str, Any]:
    """Whether the class lies near a limit, what it is that does, and the classes that it may be."""
    found = class_probabilities(values, sigmas, water_body)
    if found is None:
        return {}
    told = {water_class.name: round(share, 3) for water_class, share in found.probability.items() if share >= TOLD}
    return {"near_limit": found.near_limit, "near": list(found.near), "probability": told}
