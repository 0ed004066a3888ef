"""Where series stand in a network: which station, which pollutant, how steady the water, how long it takes between."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.options import POLLUTANTS
from sensors.network import velocity
from sensors.place import Reach, Station

#: A reach whose water keeps its direction for less of the dry time goes back and forth.
STEADY = 0.9

#: Stations whose water takes no longer are neighbours [h].
NEAR_H = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Series, stations and the ways between them.

    Attributes
    ----------
    stations : tuple of str
    series : tuple of (station, determinand)
        Columns of the readings.
    columns : ndarray of int, shape (n_used,)
        Those columns that detection uses: pollutants.
    place : ndarray of int, shape (n_pollutants, n_stations)
        Position among `columns`; -1 where a station does not measure it.
    steadiness : ndarray, shape (n_stations,)
        Share of dry time in which the water at the station keeps its direction, .5 to 1.
    travel_h : tuple of mapping of int to float
        Of each station: the stations its water reaches, and after how long at surveyed velocities [h].
    """

    stations: tuple[str, ...]
    series: tuple[tuple[str, str], ...]
    columns: NDArray[np.int64]
    place: NDArray[np.int64]
    steadiness: NDArray[np.float32]
    travel_h: tuple[Mapping[int, float], ...]

    @classmethod
    def build(
        cls,
        series: Sequence[tuple[str, str]],
        stations: Mapping[str, Station] | None = None,
        reaches: Mapping[str, Reach] | None = None,
        steadiness: Mapping[str, float] | None = None,
        *,
        farthest_h: float = 72.0,
    ) -> Layout:
        """Layout of some series.

        Parameters
        ----------
        series : sequence of (station, determinand)
        stations, reaches : mapping by id, optional
            Stations of `series` that are not in it are taken to be connected with none.
        steadiness : mapping of str to float, optional
            By reach; 1 where absent.
        farthest_h : float
            Ways that take longer are left out [h].
        """
        stations, reaches, steadiness = stations or {}, reaches or {}, steadiness or {}
        names = tuple(dict.fromkeys(name for name, _ in series))
        order = {name: index for index, name in enumerate(names)}
        used = [(i, name, key) for i, (name, key) in enumerate(series) if key in POLLUTANTS]
        place = np.full((len(POLLUTANTS), len(names)), -1, dtype=np.int64)
        for position, (_, name, key) in enumerate(used):
            place[POLLUTANTS.index(key), order[name]] = position
        there = {name: stations[name] for name in names if name in stations and stations[name].reach in reaches}
        steady = [steadiness.get(there[name].reach, 1.0) if name in there else 1.0 for name in names]
        ways = _ways(there.values(), reaches, steadiness)
        travel = tuple(
            {order[to]: s / 3600 for to, s in _reached(name, ways, farthest_h * 3600).items() if to in order}
            for name in names
        )
        columns = np.array([i for i, _, _ in used], dtype=np.int64)
        return cls(names, tuple(series), columns, place, np.array(steady, np.float32), travel)

    def near(self, farthest_h: float = NEAR_H) -> dict[str, tuple[str, ...]]:
        """Of each station those up and down the water no farther than some hours, nearest first."""
        found: list[dict[int, float]] = [{} for _ in self.stations]
        for start, reached in enumerate(self.travel_h):
            for to, hours in reached.items():
                if hours <= farthest_h:
                    found[start][to] = min(hours, found[start].get(to, hours))
                    found[to][start] = min(hours, found[to].get(start, hours))
        return {
            name: tuple(self.stations[to] for to in sorted(ways, key=lambda to: (ways[to], to)))
            for name, ways in zip(self.stations, found, strict=True)
        }


#: A point of the graph: ("node", id) or ("station", id).
_Point = tuple[str, str]
_Ways = Mapping[_Point, Sequence[tuple[_Point, float]]]


def _ways(stations: Iterable[Station], reaches: Mapping[str, Reach], steadiness: Mapping[str, float]) -> _Ways:
    """Ways of the water between nodes and stations [s]; both ways where it goes back and forth."""
    on: defaultdict[str, list[Station]] = defaultdict(list)
    for station in stations:
        on[station.reach].append(station)
    ways: defaultdict[_Point, list[tuple[_Point, float]]] = defaultdict(list)
    for reach in reaches.values():
        points: list[tuple[float, _Point]] = [
            (0.0, ("node", reach.from_node)),
            (reach.length_m, ("node", reach.to_node)),
        ]
        points += [(station.chainage_m, ("station", station.id)) for station in on[reach.id]]
        points.sort(key=lambda point: point[0])
        both = steadiness.get(reach.id, 1.0) < STEADY
        for (a_m, a), (b_m, b) in pairwise(points):
            seconds = (b_m - a_m) / velocity(reach)
            if both or reach.mean_velocity_m_s >= 0:
                ways[a].append((b, seconds))
            if both or reach.mean_velocity_m_s < 0:
                ways[b].append((a, seconds))
    return ways


def _reached(station: str, ways: _Ways, farthest_s: float) -> dict[str, float]:
    """Stations that a station's water reaches, and after how long [s]; itself left out."""
    start = ("station", station)
    best = {start: 0.0}
    queue = [(0.0, start)]
    while queue:
        seconds, point = heapq.heappop(queue)
        if seconds > best[point]:
            continue
        for to, way_s in ways.get(point, ()):
            total = seconds + way_s
            if total <= farthest_s and total < best.get(to, np.inf):
                best[to] = total
                heapq.heappush(queue, (total, to))
    return {name: seconds for (kind, name), seconds in best.items() if kind == "station" and name != station}
