"""Causal baselines and scales of every series from rings of aggregates: constant work and memory per sample.

Residuals stand against the median of what the series showed 2 to 8 hours ago (fast) and 6 to 36 hours ago (slow), both
freed of the usual course of the day: the median over 7 dry days of each hour's distance from the mean of its last 24 h,
shrunk by its own uncertainty. The scale is a high quantile of residuals over 12 dry days, so that it holds what the
water does without anybody's help.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import windows
from analytics.detectors.options import Options

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Slots of half an hour that are kept, and those of the fast window (2 to 8 h ago) among them, newest last.
SLOTS, FAST = 16, slice(0, 12)
#: Aggregates of three hours that are kept, and those of the slow window (6 to 36 h ago).
THIRDS, SLOW = 12, slice(0, 10)
#: Days of each hour of day in the course of the day; days of the scale; slots of a day.
COURSE_DAYS, SCALE_DAYS, DAY = 7, 12, 48
NAN = np.float32(np.nan)


@dataclass(slots=True)
class Baseline:
    """Rings of aggregates and what follows from them, shapes (..., n_series).

    Attributes
    ----------
    slots, thirds, hours : ndarray
        Newest half hours, three hours, hours; newest last.
    course, hourly : ndarray
        Distance of each hour of day (UTC) from the day's mean; of the last `COURSE_DAYS` dry days.
    fast, slow : ndarray
        Medians of the windows, freed of the course of the day.
    residuals : ndarray, shape (2, DAY, n_series)
        Sizes of the fast and slow residuals in the dry slots of the last day.
    high, middle : ndarray, shape (2, SCALE_DAYS, n_series)
        Daily quantile and median of them.
    scale : ndarray, shape (2, n_series)
        NaN while not ready.
    changes, noisy, noise : ndarray
        Typical differences of samples by slot and by day, and what is made of them.
    sums, counts : ndarray
        Running sums of the tick values of the slot.
    """

    slots: Floats
    thirds: Floats
    hours: Floats
    hourly: Floats
    course: Floats
    fast: Floats
    slow: Floats
    residuals: Floats
    high: Floats
    middle: Floats
    scale: Floats
    changes: Floats
    noisy: Floats
    noise: Floats
    sums: Floats
    counts: Floats

    @classmethod
    def empty(cls, n_series: int) -> Baseline:
        """Nothing seen yet."""

        def nans(*shape: int) -> Floats:
            return np.full((*shape, n_series), np.nan, np.float32)

        return cls(
            slots=nans(SLOTS), thirds=nans(THIRDS), hours=nans(24), hourly=nans(24, COURSE_DAYS),
            course=np.zeros((24, n_series), np.float32), fast=nans(), slow=nans(), residuals=nans(2, DAY),
            high=nans(2, SCALE_DAYS), middle=nans(2, SCALE_DAYS), scale=nans(2), changes=nans(DAY),
            noisy=nans(COURSE_DAYS), noise=nans(),
            sums=np.zeros(n_series, np.float32), counts=np.zeros(n_series, np.float32),
        )  # fmt: skip

    def usual(self, slot: float) -> Floats:
        """Course of the day at a time [slots of half an hour since the epoch], shape (n_series,)."""
        hour = (slot / 2 - 0.5) % 24
        first = int(hour)
        share = np.float32(hour - first)
        course: Floats = self.course[first] * (1 - share) + self.course[(first + 1) % 24] * share
        return course

    def forget(self, jumped: Flags) -> None:
        """Begin anew where the series jumped: what was before says nothing about what comes."""
        if not jumped.any():
            return
        for ring in (self.slots, self.thirds, self.hours):
            ring[:, jumped] = NAN
        for row in (self.fast, self.slow):
            row[jumped] = NAN
        self.sums[jumped] = 0
        self.counts[jumped] = 0

    def residual(self, value: Floats, slot: float) -> Floats:
        """Distances from the fast and the slow baseline, shape (2, n_series)."""
        freed = value - self.usual(slot)
        return np.stack([freed - self.fast, freed - self.slow])

    def add(self, value: Floats) -> None:
        """Take the values of a tick into the slot."""
        there = value == value
        self.sums += np.where(there, value, np.float32(0))
        self.counts += there

    def close(self, slot: int, change: Floats, dry: bool, options: Options) -> None:
        """End a slot: rings, windows, and in turn a part of the series' scales.

        Parameters
        ----------
        slot : int
            Number of the slot that ends [half hours since the epoch].
        change : ndarray, shape (n_series,)
            Typical difference of samples in it.
        dry : bool
            Whether it belongs to dry weather: only such slots make the course of the day and the scale.
        options : Options
        """
        value = np.where(self.counts > 0, self.sums / np.maximum(self.counts, 1), NAN)
        self.sums[:] = 0
        self.counts[:] = 0
        size = np.abs(self.residual(value, slot + 0.5)) if dry else NAN
        self.residuals[:, slot % DAY] = size
        self.changes[slot % DAY] = change
        windows.push(self.slots, value)
        if slot % 2:
            self._hour(slot // 2, dry)
            self._scales((slot // 2) % 24, options)
        if slot % 6 == 5:
            windows.push(self.thirds, windows.median(self.slots[-6:], least=3))
        self._windows(slot)

    def _windows(self, slot: int) -> None:
        ago = np.stack([self.usual(slot + 0.5 - (SLOTS - 1 - i)) for i in range(SLOTS)][FAST])
        self.fast[:] = windows.median(self.slots[FAST] - ago, least=4)
        if slot % 6 == 5:
            middles = [slot - 2.0 - 6 * (THIRDS - 1 - i) for i in range(THIRDS)][SLOW]
            ago = np.stack([(self.usual(m - 1.5) + self.usual(m + 0.5) + self.usual(m + 2.5)) / 3 for m in middles])
            self.slow[:] = windows.median(self.thirds[SLOW] - ago, least=4)

    def _hour(self, hour: int, dry: bool) -> None:
        value = windows.mean(self.slots[-2:])
        windows.push(self.hours, value)
        if not dry:
            return
        distance = value - windows.mean(self.hours, least=20)
        mine = self.hourly[hour % 24]
        windows.push(mine, distance, distance == distance)
        middle = windows.median(mine, least=3)
        count = np.count_nonzero(mine == mine, axis=0)
        unsure = windows.median(np.abs(mine - middle)) * np.float32(1.48 * 1.25) / np.sqrt(np.maximum(count, 1))
        shrunk = np.sign(middle) * np.maximum(0, np.abs(middle) - unsure)
        self.course[hour % 24] = np.where(middle == middle, shrunk, 0)

    def _scales(self, hour: int, options: Options) -> None:
        """Scale of every 24th series: each has its turn once a day, so that no tick bears them all."""
        part = slice(hour, None, 24)
        if self.scale[0, part].size == 0:
            return
        windows.push(self.noisy[:, part], windows.median(self.changes[:, part], least=12))
        self.noise[part] = windows.median(self.noisy[:, part])
        for window in range(2):
            sizes = self.residuals[window][:, part]
            high = windows.quantile(sizes, options.scale_share, least=16)
            ok = high == high
            windows.push(self.high[window][:, part], high, ok)
            windows.push(self.middle[window][:, part], windows.median(sizes, least=16), ok)
            # A normal residual's 95 % quantile is 1.96 of its standard deviation, its median .674.
            tails = windows.quantile(self.high[window][:, part], options.scale_days, least=options.ready_days)
            usual = windows.median(self.middle[window][:, part])
            least = np.maximum(tails / np.float32(1.96), usual * np.float32(1.48))
            # What never moves has no scale: its residuals are rounding.
            self.scale[window, part] = np.maximum(least, windows.positive(self.noise[part]) / 3)
