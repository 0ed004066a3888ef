"""Typical sizes of a statistic for each series: log-binned histograms that forget, quantiles in O(bins).

Counts of the present period are whole numbers and past periods fade by one factor where a period ends, so that nothing
depends on how the data were cut: no sum of floats is ever built in the order in which blocks happened to come.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int16]

#: Edges of the bins grow by this factor: a quantile is known to +-10 %.
RATIO = 1.2

#: Number of bins: a span of 1.2^47 = 5,300 between the smallest size and the largest.
BINS = 48


def encode(statistic: npt.NDArray[np.floating], unit: npt.NDArray[np.floating]) -> Codes:
    """Bin of each value: 0 at or below `unit` (S,), -1 where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        code = np.log(statistic / unit)
        code *= 1 / np.log(RATIO)
    np.clip(code, -1, BINS - 2, out=code)
    code = np.floor(code, out=code) + 1
    return np.where(np.isnan(code), -1, code).astype(np.int16)


def decode(code: npt.NDArray[np.floating], unit: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Upper edge of a bin, in the statistic's unit."""
    return np.asarray(unit * RATIO**code)


@dataclass(slots=True)
class Scale:
    """Sizes of one statistic of S series.

    Attributes
    ----------
    unit : (S,) float
        Upper edge of the smallest bin, in the statistic's unit: below it sizes make no difference.
    keep : float
        Weight of all that was counted before, at the end of a period.
    past : (S, BINS) float32
        Faded counts of the periods that ended.
    open : (S, BINS) uint16
        Counts of the present period.
    """

    unit: npt.NDArray[np.floating]
    keep: float
    past: npt.NDArray[np.float32] = field(init=False)
    open: npt.NDArray[np.uint16] = field(init=False)

    def __post_init__(self) -> None:
        self.past = np.zeros((len(self.unit), BINS), np.float32)
        self.open = np.zeros((len(self.unit), BINS), np.uint16)

    def count(self, codes: Codes) -> None:
        """Count rows (T, S) of codes into the present period."""
        series = len(self.unit)
        if len(codes) == 1:
            there = np.flatnonzero(codes[0] >= 0)
            self.open[there, codes[0, there]] += 1
            return
        flat = (codes + np.arange(series, dtype=np.int64) * BINS)[codes >= 0]
        self.open += np.bincount(flat, minlength=series * BINS).reshape(series, BINS).astype(np.uint16)

    def close(self) -> None:
        """End the period. A series without readings forgets nothing."""
        seen = self.open.any(axis=1)
        self.past[seen] *= np.float32(self.keep)
        self.past += self.open
        self.open[:] = 0

    def quantiles(self, shares: tuple[float, ...], least: float) -> list[npt.NDArray[np.floating]]:
        """Quantiles of the periods that ended, in the statistic's unit; NaN with fewer than `least` counts.

        Returns
        -------
        list of (S,) float
            One for each share.
        """
        total = np.cumsum(self.past, axis=1, dtype=np.float32)
        known = total[:, -1] >= least
        found = []
        for share in shares:
            code = (total < np.float32(share) * total[:, -1:]).sum(axis=1)
            found.append(np.where(known, decode(code.astype(np.float32), self.unit), np.float32(np.nan)))
        return found

    def mean(self, least: float) -> npt.NDArray[np.floating]:
        """Mean code (S,) of the periods that ended: the geometric mean in bins; NaN with fewer than `least` counts."""
        total = self.past.sum(axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.past @ np.arange(BINS, dtype=np.float64) / total
        return np.where(total >= least, mean, np.nan).astype(np.float32)

    def share_of_least(self, least: float) -> npt.NDArray[np.floating]:
        """Share of the smallest bin (S,): readings that did not change; NaN with fewer than `least` counts."""
        total = self.past.sum(axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total >= least, self.past[:, 0] / total, np.nan)
