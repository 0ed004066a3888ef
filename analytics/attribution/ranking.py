"""Which outfalls an event may have come from: ranked, each with a probability, or "cannot tell".

What speaks is who saw it first and who has not seen it yet. For every outfall and strength of discharge the network
says when each station would have crossed its threshold (`analytics.attribution.passage`); the station that alarmed must
come first, and stations that run well and are silent must come later. Velocities are surveyed with some 15 % error and
swing with rain and gates, so times are compared on a logarithmic scale with that uncertainty. Priors come from the kind
of an outfall, its survey and past cases; the nights of a campaign are independent witnesses and multiply.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from analytics.attribution.passage import Passage, passages
from analytics.attribution.transport import Transport
from sensors.place import Outfall, OutfallKind, Station

#: Standard deviation of the logarithm of a passage time: velocities, detection lag.
TIME_SIGMA = 0.6

#: Hours that a detection may lag behind the crossing, whatever the distance [h].
LAG_H = 1.5

#: How much silence counts: witnesses on one river are not independent.
TEMPER = 0.7

#: Probability that is spread over all outfalls of the network, for what nobody knows of: a pipe that is in no list.
UNKNOWN = 0.02

#: Above this many equally likely outfalls the answer is "cannot tell": a third of those of a sub-district.
MOST_CANDIDATES = 50.0

#: Relative probability that an outfall of a kind spills in dry weather. An outfall that runs by permit is watched.
KIND_PRIOR: Mapping[OutfallKind, float] = {
    "sewage": 1.5, "industrial": 1.2, "unknown": 1.0, "storm": 1.0, "combined": 1.0, "agriculture": 0.6,
    "treatment": 0.3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outfall that may have caused an event.

    Attributes
    ----------
    outfall : str
    probability : float
        0 to 1; those of all outfalls of the network sum to 1.
    travel_h : float or None
        From the start of a typical discharge there until the first station shows it [h]; None where it never does.
    """

    outfall: str
    probability: float
    travel_h: float | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Where an event may have come from.

    Attributes
    ----------
    candidates : tuple of Candidate
        Most probable first; empty where it cannot be told.
    effective : float
        How many equally likely outfalls would be as uncertain (exponential of the entropy).
    told : bool
        False: "cannot tell"; the candidates are empty.
    silent : tuple of str
        Stations whose silence counted.
    """

    candidates: tuple[Candidate, ...]
    effective: float
    told: bool
    silent: tuple[str, ...] = field(default=())


class Attribution:
    """Ranks the outfalls of one network; made once, asked often.

    Parameters
    ----------
    transport : Transport
    stations : mapping of str to Station
    outfalls : mapping of str to Outfall
    threshold : mapping of str to float, optional
        Smallest rise that a station shows, relative to the others.
    """

    def __init__(
        self,
        transport: Transport,
        stations: Mapping[str, Station],
        outfalls: Mapping[str, Outfall],
        threshold: Mapping[str, float] | None = None,
    ) -> None:
        self.stations, self.outfalls = tuple(stations), tuple(outfalls)
        self._column = {name: index for index, name in enumerate(self.stations)}
        self.passage: Passage = passages(
            transport,
            [(one.reach, one.chainage_m) for one in stations.values()],
            [(one.reach, one.chainage_m) for one in outfalls.values()],
            [threshold.get(name, 1.0) for name in stations] if threshold else None,
        )
        self._prior = np.array([KIND_PRIOR[one.kind] for one in outfalls.values()])
        with np.errstate(divide="ignore"):
            self._log_hours = np.log(self.passage.hours + np.float32(LAG_H))

    def likelihood(self, first: str, silent: Collection[str]) -> NDArray[np.float64]:
        """Probability that a station is the first to show a discharge, and others have not yet, for each outfall.

        Parameters
        ----------
        first : str
            Station that showed it first.
        silent : collection of str
            Stations that run well and show nothing.

        Returns
        -------
        ndarray of float64, (outfalls,)
        """
        own = self._log_hours[:, self._column[first], :]
        others = self._log_hours[:, [self._column[name] for name in silent if name != first], :]
        with np.errstate(invalid="ignore"):
            later = (others - own[:, None, :]) / (TIME_SIGMA * math.sqrt(2))
        # Never seen there: it is certainly later. Never seen here: it cannot have come from there.
        later = np.where(np.isposinf(others), 40.0, later)
        unseen = TEMPER * log_ndtr(later).sum(axis=1)
        likely = np.where(np.isfinite(own), np.exp(unseen), 0.0)
        return np.asarray(self.passage.weight @ likely)

    def rank(
        self,
        episodes: Sequence[tuple[str, Collection[str]]],
        weights: Mapping[str, float] | None = None,
    ) -> Ranking:
        """Rank the outfalls for an event.

        Parameters
        ----------
        episodes : sequence of (str, collection of str)
            First station and silent stations of each episode; the nights of a campaign are several.
        weights : mapping of str to float, optional
            By outfall: further prior knowledge, such as an open leak point (above 1) or a closed survey (below 1).

        Raises
        ------
        ValueError
            Without episodes.
        """
        if not episodes:
            raise ValueError("an event without an episode")
        prior = self._prior * np.array([(weights or {}).get(name, 1.0) for name in self.outfalls])
        prior = prior / prior.sum()
        post = prior.copy()
        for first, silent in episodes:
            likely = self.likelihood(first, silent)
            total = float(prior @ likely)
            if total > 0:
                post *= (1 - UNKNOWN) * likely / total + UNKNOWN
        post /= post.sum()
        effective = float(np.exp(-(post[post > 0] * np.log(post[post > 0])).sum()))
        told = effective <= MOST_CANDIDATES and bool(
            np.isfinite(self.passage.hours[:, self._column[episodes[0][0]], :]).any()
        )
        silent = tuple(sorted({name for _, of_episode in episodes for name in of_episode}))
        if not told:
            return Ranking((), effective, told, silent)
        travel = self.passage.hours[len(self.passage.weight) // 2, self._column[episodes[0][0]], :]
        order = sorted(range(len(self.outfalls)), key=lambda index: (-post[index], self.outfalls[index]))
        return Ranking(
            tuple(
                Candidate(
                    self.outfalls[index],
                    float(post[index]),
                    float(travel[index]) if np.isfinite(travel[index]) else None,
                )
                for index in order
            ),
            effective,
            told,
            silent,
        )
