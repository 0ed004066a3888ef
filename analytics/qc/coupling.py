"""What the stations up and down the water say about a channel: regression on its neighbours, learned as it goes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analytics.qc.windows import Floats

#: What was seen of the coupling is forgotten with this time constant [h].
TAU_H = 240.0

#: Weight of "no coupling" beside what was seen [h of ordinary departures].
RIDGE_H = 30.0

#: Departures beyond so many times the ordinary one teach only as much as one of that size.
HUBER = 1.0


class Coupling:
    """How much of S channels' departures the same determinand's at their neighbours explains.

    Least squares with forgetting and without negative weights: water that rises here lowers nothing there. Every hour
    one sweep of coordinate descent moves the weights towards the solution: it converges within hours, and costs no
    solve.

    Attributes
    ----------
    weight : (N, S) float
        Of each neighbour.
    cross : (N, N, S), mine : (N, S) float
        Faded sums of products of the neighbours' departures with each other and with the channel's own.
    """

    def __init__(self, near: npt.NDArray[np.intp]) -> None:
        count, most = near.shape
        self.asked = near.T >= 0
        self.column = np.maximum(near.T, 0)
        self.weight = np.zeros((most, count), np.float32)
        self.cross = np.zeros((most, most, count), np.float32)
        self.mine = np.zeros((most, count), np.float32)

    def shown(self, departure: Floats, sound: npt.NDArray[np.bool_]) -> Floats:
        """Departures (N, S) of the neighbours; 0 where one is not sound or there is none."""
        usable = np.where(sound, departure, np.float32(0))
        return np.where(self.asked, usable[self.column], np.float32(0)).astype(np.float32)

    def beside(self, values: Floats) -> Floats:
        """What the neighbours have (N, S); 0 where there is none."""
        return np.where(self.asked, values[self.column], np.float32(0)).astype(np.float32)

    def explained(self, shown: Floats) -> Floats:
        """Departure (S,) that the neighbours make one expect."""
        return np.asarray((self.weight * shown).sum(axis=0), np.float32)

    def learn(self, shown: Floats, departure: Floats, usual: Floats, which: npt.NDArray[np.bool_]) -> None:
        """Take one hour.

        Parameters
        ----------
        shown : (N, S) float
            From `shown`.
        departure, usual : (S,) float
            The channel's own, and its ordinary size.
        which : (S,) bool
            Channels of which the hour is one to learn from.
        """
        if not len(self.weight):
            return
        keep = np.float32(1 - 1 / TAU_H)
        trust = np.where(which, 1 / np.fmax(1, np.abs(departure) / (HUBER * usual)), 0).astype(np.float32)
        fade = np.where(which, keep, np.float32(1))
        own = np.where(which, departure, 0).astype(np.float32) * trust
        self.cross *= fade
        self.mine *= fade
        self.mine += shown * own
        for one, row in enumerate(shown):
            self.cross[one] += shown * (row * trust)
        ridge = np.where(usual > 0, np.float32(RIDGE_H) * usual * usual, np.float32(1)).astype(np.float32)
        for one in range(len(self.weight)):
            others = (self.cross[one] * self.weight).sum(axis=0) - self.cross[one, one] * self.weight[one]
            self.weight[one] = np.fmax(0, (self.mine[one] - others) / (self.cross[one, one] + ridge))
