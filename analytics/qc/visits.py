"""Service visits: what the maintenance log says, and what the readings themselves give away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.qc.config import Channel
from analytics.qc.kernels import Mask
from analytics.qc.windows import Times, beside


@dataclass(frozen=True, slots=True)
class Visit:
    """People at a station: probes are in air, in a bucket or in a calibration standard.

    Attributes
    ----------
    station : str
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    """

    station: str
    start_ms: int
    end_ms: int


class VisitLog:
    """The maintenance log of the stations of S series."""

    def __init__(self, channels: Sequence[Channel], visits: Iterable[Visit]) -> None:
        self._series: dict[str, list[int]] = {}
        for index, channel in enumerate(channels):
            self._series.setdefault(channel.station, []).append(index)
        self._visits: set[Visit] = set()
        for visit in visits:
            self.add(visit)

    def add(self, visit: Visit) -> None:
        """Add a visit; of a station without series it is ignored."""
        if visit.station in self._series:
            self._visits.add(Visit(visit.station, visit.start_ms, visit.end_ms))

    def mask(self, times_ms: Times) -> Mask | None:
        """True where a series was visited (T, S); None where nothing was."""
        if not len(times_ms):
            return None
        near = [v for v in self._visits if v.start_ms <= times_ms[-1] and v.end_ms >= times_ms[0]]
        if not near:
            return None
        mask = np.zeros((len(times_ms), sum(map(len, self._series.values()))), bool)
        for visit in near:
            first, last = np.searchsorted(times_ms, [visit.start_ms, visit.end_ms + 1])
            mask[first:last, self._series[visit.station]] = True
        return mask


class Groups:
    """Series by station: counts over the series of one station, given back to each of them."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        names = list(dict.fromkeys(channel.station for channel in channels))
        number = {name: index for index, name in enumerate(names)}
        self.group: npt.NDArray[np.intp] = np.array([number[channel.station] for channel in channels], np.intp)
        self.order = np.argsort(self.group, kind="stable")
        self.sorted = bool((self.order == np.arange(len(self.order))).all())
        self.starts = np.flatnonzero(np.diff(self.group[self.order], prepend=-1))

    def count(self, mask: Mask) -> npt.NDArray[np.int16]:
        """How many series of each station are marked, (T, groups)."""
        ordered = mask if self.sorted else mask[:, self.order]
        return np.add.reduceat(ordered, self.starts, axis=1, dtype=np.int16)

    def largest(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """The largest value (S,) of each station, for each of its series (S,)."""
        ordered = values if self.sorted else values[self.order]
        return np.asarray(np.maximum.reduceat(ordered, self.starts)[self.group])

    def alone(self, mask: Mask) -> Mask:
        """True where no other series of the station is marked in the same row or in the rows beside it (T, S)."""
        around = beside(mask)
        return np.asarray(self.spread(self.count(around)) - around == 0)

    def spread(self, by_group: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """What holds for a station (T, groups), for each of its series (T, S)."""
        return by_group[:, self.group]


def near(mask: npt.NDArray[np.bool_], times_ms: Times, around_ms: int) -> npt.NDArray[np.bool_]:
    """True in rows that lie at most so long before or after a marked one (T, ...)."""
    first = np.searchsorted(times_ms, times_ms - around_ms)
    last = np.searchsorted(times_ms, times_ms + around_ms, side="right")
    total = np.zeros((len(mask) + 1, *mask.shape[1:]), np.int32)
    np.cumsum(mask, axis=0, out=total[1:])
    return total[last] > total[first]


#: Around what gives a visit away, readings are looked at this long [ms], or one sample on either side.
AROUND_MS = 60 * 60_000

#: Temperature of water that jumps so far between two samples [degC] was not in the water.
TEMPERATURE_PERIOD_MS = 30 * 60_000


class People:
    """Visits that nobody logged: what readings give away about people at a station.

    A temperature that is impossible or jumps; or two determinands or more that jump together of which at least one
    reads what no water is. Without the last a storm would count as a visit wherever samples are an hour apart.
    """

    def __init__(self, channels: Sequence[Channel], groups: Groups, jump: npt.NDArray[np.float32]) -> None:
        self.groups, self.jump = groups, jump
        self.temperature = np.array([channel.determinand == "water_temperature" for channel in channels])

    def context(self, times_ms: Times, impossible: Mask, across: npt.NDArray[np.floating]) -> tuple[Mask, Mask] | None:
        """Rows in which a station was probably visited, and those beside them (T, S); None where it never was."""
        if len(times_ms) < 2:
            return None
        edge = impossible.copy()
        edge[1:] ^= impossible[:-1]
        edge[0] = False
        jumped = across >= self.jump
        dense = np.concatenate([[False], np.diff(times_ms) <= TEMPERATURE_PERIOD_MS])
        given = self.temperature & (edge | (jumped & dense[:, None]))
        strong = edge | jumped
        if not strong.any():
            return None
        core = self.groups.count(given) > 0
        if edge.any():
            core |= (self.groups.count(beside(strong)) >= 2) & beside(self.groups.count(edge) > 0)
        if not core.any():
            return None
        out = self.groups.count(impossible & self.temperature) > 0
        if out.any():
            core |= out & near(core, times_ms, AROUND_MS)
        spread = self.groups.spread
        return spread(core).astype(bool), spread(beside(core)).astype(bool)
