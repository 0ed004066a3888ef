"""The directed graph of reaches: what is upstream of a place, how far, and how long the water takes.

A reach whose mean velocity is negative is walked against its drawn direction: upstream is where the water comes from.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sensors.place import Reach

#: Slowest mean velocity used for travel times [m/s]; a survey that says 0 must not give an endless journey.
MIN_VELOCITY_M_S = 0.005


@dataclass(frozen=True, slots=True)
class Upstream:
    """A stretch of a reach from which water comes to a place.

    Attributes
    ----------
    reach : str
    low_m, high_m : float
        Chainages between which the stretch lies [m].
    outlet_m : float
        The end of the stretch nearest to the place: `low_m` or `high_m` [m].
    distance_m : float
        Along the water from ``outlet_m`` to the place [m].
    travel_s : float
        At mean velocities, from ``outlet_m`` to the place [s].
    """

    reach: str
    low_m: float
    high_m: float
    outlet_m: float
    distance_m: float
    travel_s: float


def velocity(reach: Reach) -> float:
    """Magnitude of the mean velocity, never below `MIN_VELOCITY_M_S` [m/s]."""
    return max(abs(reach.mean_velocity_m_s), MIN_VELOCITY_M_S)


class Network:
    """Directed graph of reaches.

    Parameters
    ----------
    reaches : mapping of str to Reach

    Examples
    --------
    >>> a = Reach("a", "r", "n1", "n2", 100.0, 8.0, 1.5, 0.1, ((0.0, 0.0), (0.0, 0.001)))
    >>> b = Reach("b", "r", "n2", "n3", 200.0, 8.0, 1.5, 0.1, ((0.0, 0.001), (0.0, 0.002)))
    >>> [(u.reach, u.distance_m) for u in Network({"a": a, "b": b}).upstream("b", 50.0)]
    [('b', 0.0), ('a', 50.0)]
    """

    def __init__(self, reaches: Mapping[str, Reach]) -> None:
        self.reaches = dict(reaches)
        self._ending_at: defaultdict[str, list[Reach]] = defaultdict(list)
        self._starting_at: defaultdict[str, list[Reach]] = defaultdict(list)
        for reach in self.reaches.values():
            source, sink = self.ends(reach)
            self._starting_at[source].append(reach)
            self._ending_at[sink].append(reach)

    @staticmethod
    def ends(reach: Reach) -> tuple[str, str]:
        """Nodes where the water enters and leaves a reach, by the sign of its mean velocity."""
        if reach.mean_velocity_m_s < 0:
            return reach.to_node, reach.from_node
        return reach.from_node, reach.to_node

    def inflows(self, reach: str) -> tuple[Reach, ...]:
        """Reaches whose water enters this one."""
        return tuple(self._ending_at[self.ends(self.reaches[reach])[0]])

    def outflows(self, reach: str) -> tuple[Reach, ...]:
        """Reaches that this one's water enters."""
        return tuple(self._starting_at[self.ends(self.reaches[reach])[1]])

    def upstream(self, reach: str, chainage_m: float, max_m: float = float("inf")) -> tuple[Upstream, ...]:
        """Every stretch whose water passes a place, nearest first; each reach once, by its shortest way.

        Parameters
        ----------
        reach : str
        chainage_m : float
            Place on the reach [m].
        max_m : float
            Stretches whose outlet is farther than this along the water are left out [m].
        """
        start = self.reaches[reach]
        forward = start.mean_velocity_m_s >= 0
        low, high = (0.0, chainage_m) if forward else (chainage_m, start.length_m)
        found = [Upstream(reach, low, high, chainage_m, 0.0, 0.0)]
        first_m = high - low
        queue = [(first_m, first_m / velocity(start), self.ends(start)[0])]
        seen = {reach}
        while queue:
            distance_m, travel_s, node = heapq.heappop(queue)
            for above in self._ending_at[node]:
                if above.id in seen or distance_m > max_m:
                    continue
                seen.add(above.id)
                outlet_m = above.length_m if above.mean_velocity_m_s >= 0 else 0.0
                found.append(Upstream(above.id, 0.0, above.length_m, outlet_m, distance_m, travel_s))
                heapq.heappush(
                    queue,
                    (
                        distance_m + above.length_m,
                        travel_s + above.length_m / velocity(above),
                        self.ends(above)[0],
                    ),
                )
        return tuple(found)


def components(reaches: Iterable[Reach]) -> list[set[str]]:
    """Sets of reach ids that hang together, direction ignored, largest first."""
    neighbours: defaultdict[str, list[Reach]] = defaultdict(list)
    reaches = list(reaches)
    for reach in reaches:
        neighbours[reach.from_node].append(reach)
        neighbours[reach.to_node].append(reach)
    left = {reach.id: reach for reach in reaches}
    found = []
    while left:
        todo = [next(iter(left.values()))]
        group: set[str] = set()
        while todo:
            reach = todo.pop()
            if reach.id in group:
                continue
            group.add(reach.id)
            todo += [r for node in (reach.from_node, reach.to_node) for r in neighbours[node]]
        for name in group:
            del left[name]
        found.append(group)
    return sorted(found, key=len, reverse=True)
