"""How water carries what is let into it: advection and dispersion on the directed network, solved backwards.

Channels are cut into cells; a cell loses mass to the next one downstream by its velocity, shares it at a confluence by
the flows that leave, and exchanges it with its neighbours by dispersion. What an instrument sees of a discharge at any
place is the adjoint of that: one backward solve from each station answers for every place at once, and all stations
share one factorised matrix. Method: backward location probability, Neupauer & Wilson, Water Resour. Res. 37 (2001).

Where water goes back and forth, the mean velocity says little: the swing that its steadiness implies is added as
dispersion, with the length of a tide's or a gate's half turn as its memory.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csc_matrix, identity
from scipy.sparse.linalg import splu

from sensors.network import Network, velocity
from sensors.place import Reach

#: Length of a cell, as near as a reach allows [m].
CELL_M = 30.0

#: Dispersion of steady channel flow [m2/s]: a floor, and a share of velocity times depth.
FLOOR_M2_S = 0.03
PER_VELOCITY_DEPTH = 1.0

#: How long water that goes back and forth keeps one direction [s].
SWING_S = 2 * 3600.0

#: Steadiness is cut to this much below 1: no survey proves that water never turns.
MOST_STEADY = 0.995

#: A place on the network: reach and chainage [m].
Spot = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Response:
    """What stations see of a unit of mass that is let in at once.

    Attributes
    ----------
    step_s : float
        Between two instants [s].
    kernel : ndarray of float32, (steps, stations, spots)
        Concentration at a station, so many steps after a unit of mass went in at a spot [1/m3].
    """

    step_s: float
    kernel: NDArray[np.float32]


class Transport:
    """Advection and dispersion on a network, linear and with constant flows.

    Parameters
    ----------
    network : Network
    steadiness : mapping of str to float, optional
        By reach: share of the time in which the water runs as its mean velocity says, 0.5 to 1.
    flow_m3_s : mapping of str to float, optional
        By reach: magnitude of the mean flow; without it, from velocity and cross-section [m3/s].
    """

    def __init__(
        self,
        network: Network,
        steadiness: Mapping[str, float] | None = None,
        flow_m3_s: Mapping[str, float] | None = None,
    ) -> None:
        self._network, self._steadiness = network, steadiness or {}
        self._flow = {name: abs((flow_m3_s or {}).get(name, 0.0)) for name in network.reaches}
        for name, reach in network.reaches.items():
            self._flow[name] = self._flow[name] or velocity(reach) * reach.width_m * reach.depth_m
        self._first: dict[str, int] = {}
        self._count: dict[str, int] = {}
        total = 0
        for name, reach in network.reaches.items():
            self._first[name], self._count[name] = total, max(2, round(reach.length_m / CELL_M))
            total += self._count[name]
        self.cells = total
        self._volume = np.empty(total)
        for name, reach in network.reaches.items():
            cells = slice(self._first[name], self._first[name] + self._count[name])
            # Mass must move with the water: the cross-section is what carries the flow at its velocity.
            self._volume[cells] = self._flow[name] / velocity(reach) * reach.length_m / self._count[name]
        self.rates = self._rates()

    def cell(self, spot: Spot) -> int:
        """Number of the cell in which a place lies."""
        reach = self._network.reaches[spot[0]]
        count = self._count[reach.id]
        along = int(min(max(spot[1] / reach.length_m, 0.0), 1.0) * count)
        return self._first[reach.id] + min(along, count - 1)

    def response(self, stations: Sequence[Spot], spots: Sequence[Spot], step_s: float, steps: int) -> Response:
        """Backward solve: what each station sees of a unit of mass at each spot.

        Parameters
        ----------
        stations, spots : sequence of (str, float)
        step_s : float
            [s]
        steps : int
        """
        solve = splu(csc_matrix(identity(self.cells) - step_s * self.rates.T)).solve
        at = np.array([self.cell(spot) for spot in stations], np.intp)
        seen = np.array([self.cell(spot) for spot in spots], np.intp)
        state = np.zeros((self.cells, len(at)))
        state[at, np.arange(len(at))] = 1 / self._volume[at]
        kernel = np.empty((steps, len(at), len(seen)), np.float32)
        for step in range(steps):
            state = solve(state)
            kernel[step] = state[seen].T
        return Response(step_s, kernel)

    def _rates(self) -> csc_matrix:
        """Rates of mass between cells, column to row [1/s]."""
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []

        def move(source: int, target: int | None, rate: float) -> None:
            rows.append(source)
            columns.append(source)
            values.append(-rate)
            if target is not None:
                rows.append(target)
                columns.append(source)
                values.append(rate)

        entering: defaultdict[str, list[Reach]] = defaultdict(list)
        touching: defaultdict[str, list[tuple[Reach, int]]] = defaultdict(list)
        for reach in self._network.reaches.values():
            entering[self._network.ends(reach)[0]].append(reach)
            touching[reach.from_node].append((reach, self._first[reach.id]))
            touching[reach.to_node].append((reach, self._first[reach.id] + self._count[reach.id] - 1))
        for reach in self._network.reaches.values():
            order = self._order(reach)
            rate = velocity(reach) * self._count[reach.id] / reach.length_m
            for source, target in pairwise(order):
                move(source, target, rate)
                self._exchange(move, source, target, reach, reach)
            below = entering[self._network.ends(reach)[1]]
            total = sum(self._flow[one.id] for one in below)
            for one in below:
                move(order[-1], self._order(one)[0], rate * self._flow[one.id] / total)
            if not below:
                move(order[-1], None, rate)
        for ends in touching.values():
            for index, (reach, cell) in enumerate(ends):
                for other, neighbour in ends[index + 1 :]:
                    if cell != neighbour:
                        self._exchange(move, cell, neighbour, reach, other, share=1 / (len(ends) - 1))
        return csc_matrix(
            coo_matrix((np.array(values), (np.array(rows), np.array(columns))), shape=(self.cells, self.cells))
        )

    def _order(self, reach: Reach) -> range:
        """Cells of a reach as the water passes them."""
        first, count = self._first[reach.id], self._count[reach.id]
        if reach.mean_velocity_m_s < 0:
            return range(first + count - 1, first - 1, -1)
        return range(first, first + count)

    def _exchange(self, move, cell: int, neighbour: int, one: Reach, other: Reach, share: float = 1.0) -> None:  # type: ignore[no-untyped-def]
        dispersion = min(self.dispersion_m2_s(one), self.dispersion_m2_s(other))
        area = min(self._flow[reach.id] / velocity(reach) for reach in (one, other))
        length = (one.length_m / self._count[one.id] + other.length_m / self._count[other.id]) / 2
        passed = share * dispersion * area / length
        move(cell, neighbour, passed / self._volume[cell])
        move(neighbour, cell, passed / self._volume[neighbour])

    def dispersion_m2_s(self, reach: Reach) -> float:
        """Longitudinal dispersion of a reach, what its swings mix included [m2/s]."""
        speed = velocity(reach)
        share = min(max(self._steadiness.get(reach.id, 1.0), 0.5), MOST_STEADY)
        swing = speed / max(NormalDist().inv_cdf(share), 0.1)
        return FLOOR_M2_S + PER_VELOCITY_DEPTH * speed * reach.depth_m + swing**2 * SWING_S / math.pi
