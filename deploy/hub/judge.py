"""Turns stored readings into stored assessments: the analytics tick of the hub.

The hours of the window are those of the clock (UTC), the running hour included: a board that waits an hour to say that
a river is bad is of no use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.evaluation import StationGrade, evaluate_river, evaluate_station
from analytics.grading import WaterClass
from analytics.window import HourMean, hours_by_station
from collectors.stores.base import Assessment, ReadingStore
from deploy.hub.judge_rows import latest_row, river_row, station_row
from sensors.determinand import DETERMINANDS
from sensors.durations import HOUR_MS
from sensors.place import Station
from sensors.reading import Reading
from sensors.site import Site

#: Readings that come later than this change no assessment by themselves: history is regraded on purpose [ms].
MAX_BACK_MS = 31 * 24 * HOUR_MS

#: After a start these hours are judged again: what arrived before the last end may not have been judged [ms].
RESTART_BACK_MS = 7 * 24 * HOUR_MS

#: Hours of a river that one tick judges at most beside the running one: about a second's work.
HOURS_A_TICK = 500


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

    def left(self) -> dict[str, Any]:
        """What has been asked for and is not judged yet, as plain data for `take_up`."""
        return {"hour_ms": self._hour_ms, "since": dict(self._since)}

    def take_up(self, left: Mapping[str, Any]) -> None:
        """Go on where another judge of the same rules has left off, the running hour once more.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is not what `left` gives; nothing is taken up then.
        StoreError
            If the store cannot be read.
        """
        hour_ms = left["hour_ms"]
        since = {str(river): int(first_ms) for river, first_ms in left["since"].items()}
        newest = self._store.assessments("station", "window")
        if hour_ms is None:
            return
        self._hour_ms = int(hour_ms)
        self._since = {river: first_ms for river, first_ms in since.items() if river in self._site.rivers}
        self._stations.update(self._site.stations)
        self._rivers.update(station.river for station in self._site.stations.values())
        self._graded = {row.subject for row in newest if row.water_class and row.time_ms == self._hour_ms}

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
