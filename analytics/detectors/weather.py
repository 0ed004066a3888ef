"""What explains a rise without a discharge: rain, and inlets that are stopped or surge.

Runoff dilutes: where it passes, conductivity falls below its level before the rain. That tells station by station and
on any network whether, when and for how long rain is in the water; the rain gauge only says when to ask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import windows
from analytics.detectors.options import HOUR_MS, TICK_MS, Options

Floats = NDArray[np.float32]

#: Ticks of a day; half hours of conductivity before rain that are kept (36 h).
DAY_TICKS, REFERENCE_SLOTS = 24 * HOUR_MS // TICK_MS, 72
#: An inlet's flow below or above this share of its usual one at the hour is an operation.
STOPPED, SURGED = 0.6, 1.6
#: Inlets with less than this share of the largest one's flow are left out.
SMALL_INLET = 0.1
NAN = np.float32(np.nan)


@dataclass(slots=True)
class Rain:
    """Rain of the region and what it does to conductivity.

    Attributes
    ----------
    ticks : ndarray, shape (DAY_TICKS,)
        Rain of the newest ticks [mm]; newest last.
    dry_ticks : ndarray of int64, shape (1,)
        Ticks since there was rain context; large if never.
    before : ndarray, shape (REFERENCE_SLOTS, n_stations)
        Conductivity in the newest dry slots.
    reference : ndarray, shape (n_stations,)
        Median of it: the level before the rain.
    lowest : ndarray, shape (36, n_stations)
        Evidence of conductivity in the last 6 h.
    """

    ticks: Floats
    dry_ticks: NDArray[np.int64]
    before: Floats
    reference: Floats
    lowest: Floats

    @classmethod
    def empty(cls, n_stations: int) -> Rain:
        """Never any rain."""
        return cls(
            np.zeros(DAY_TICKS, np.float32), np.array([1_000_000]), np.full((REFERENCE_SLOTS, n_stations), NAN),
            np.full(n_stations, NAN), np.full((36, n_stations), NAN),
        )  # fmt: skip

    def add(self, rain_mm: float, options: Options) -> None:
        """Take the rain of a tick."""
        windows.push(self.ticks[:, None], np.array([rain_mm], np.float32))
        self.dry_ticks += 1
        if self.day_mm > options.rain_mm:
            self.dry_ticks[:] = 0

    @property
    def day_mm(self) -> float:
        """Rain of the last 24 h [mm]."""
        return float(self.ticks.sum())

    @property
    def dry_h(self) -> float:
        """Since the last 24 h held rain that counts [h]."""
        return float(self.dry_ticks[0]) * TICK_MS / HOUR_MS

    def context(self, options: Options) -> bool:
        """Whether rain may be in the water."""
        return self.dry_h < options.rain_h

    def dry(self) -> bool:
        """Whether it has been dry long enough to learn from."""
        return self.dry_h > 24

    def fresh(self, options: Options) -> bool:
        """Whether it rained within the last hours."""
        return float(self.ticks[-round(options.fresh_h * HOUR_MS / TICK_MS) :].sum()) > options.fresh_mm

    def close(self, conductivity: Floats) -> None:
        """End a slot: the level before the rain is learned in dry weather only."""
        if self.dry():
            windows.push(self.before, conductivity)
            middle = windows.median(self.before)
            self.reference[:] = np.where(middle == middle, middle, self.reference)


@dataclass(slots=True)
class Operation:
    """Flows of the inlets against what they usually are at the hour.

    Attributes
    ----------
    hourly : ndarray, shape (24, 7, n_inlets)
        Flow of each hour of day in the last days [m3/s].
    left_ticks : ndarray of int64, shape (1,)
        Ticks for which an operation still counts.
    """

    hourly: Floats
    left_ticks: NDArray[np.int64]

    @classmethod
    def empty(cls, n_inlets: int) -> Operation:
        """Nothing known."""
        return cls(np.full((24, 7, n_inlets), NAN), np.zeros(1, np.int64))

    def add(self, flow: Floats, hour: int, closing: bool, options: Options) -> None:
        """Take the newest flow of every inlet.

        Parameters
        ----------
        flow : ndarray, shape (n_inlets,)
            [m3/s]; NaN where unknown.
        hour : int
            Since the epoch.
        closing : bool
            Whether this is the last tick of the hour.
        options : Options
        """
        self.left_ticks[:] = max(0, int(self.left_ticks[0]) - 1)
        if not flow.size:
            return
        usual = windows.median(self.hourly[hour % 24], least=3)
        largest = np.nanmax(usual) if np.isfinite(usual).any() else NAN
        share = flow / np.maximum(usual, np.float32(1e-6))
        if (((share < STOPPED) | (share > SURGED)) & (usual > SMALL_INLET * largest)).any():
            self.left_ticks[:] = round(options.operation_h * HOUR_MS / TICK_MS)
        if closing:
            windows.push(self.hourly[hour % 24], flow)
