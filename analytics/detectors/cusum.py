"""Capped cumulative sums of evidence: persistence is needed, memory is short.

After E. S. Page (1954), Continuous inspection schemes, Biometrika 41, 100-115; the cap bounds how long an alarm lasts
after its cause is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.options import Options

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Most that one tick takes away.
FALL = -3.0


@dataclass(slots=True)
class Cusum:
    """One sum per pollutant and station.

    Attributes
    ----------
    total : ndarray, shape (n_pollutants, n_stations)
    active : ndarray of bool, same shape
        Whether it has alarmed and not come back to 0 since.
    since_ms : ndarray of int64, same shape
        When it last left 0 [ms].
    """

    total: Floats
    active: Flags
    since_ms: NDArray[np.int64]

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> Cusum:
        """All at 0."""
        return cls(np.zeros(shape, np.float32), np.zeros(shape, bool), np.zeros(shape, np.int64))

    def update(self, time_ms: int, evidence: Floats, restart: Flags, options: Options) -> Flags:
        """Add a tick; where the sum begins to alarm.

        Parameters
        ----------
        time_ms : int
        evidence : ndarray, shape (n_pollutants, n_stations)
            NaN counts as nothing known: the sum falls.
        restart : ndarray of bool, same shape
            Sums that begin anew.
        options : Options
        """
        step = np.clip(np.where(evidence == evidence, evidence - np.float32(options.threshold), FALL), FALL, 1)
        total = np.where(restart, 0, np.clip(self.total + step, 0, options.cap))
        left = (self.total <= 0) & (total > 0)
        self.since_ms = np.where(left, time_ms, self.since_ms)
        self.total = total.astype(np.float32)
        fires = self.total >= options.decision
        new: Flags = fires & ~self.active
        self.active = (self.active & (self.total > 0)) | fires
        return new
