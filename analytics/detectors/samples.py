"""Single samples: what of them is usable, the median of half an hour, and jumps that only an instrument makes.

A jump counts as the instrument's if the medians of four samples before and after differ by several typical differences
and a single sample carries most of that, the others being calm. Water mixes on its way: its fronts take several
samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import windows
from analytics.detectors.options import HOUR_MS, SLOT_MS, Options

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Samples on either side of a possible jump.
SIDE = 4
#: Samples from which the present noise is taken.
ROUGH = 13
#: Lost samples in a row that are taken to be as the last one.
FILLED = 2


@dataclass(slots=True)
class Samples:
    """Newest samples of every series.

    Attributes
    ----------
    recent : ndarray, shape (n, n_series)
        Newest last.
    held_until_ms : ndarray of int64, shape (n_series,)
        End of the time in which a visit's traces are not believed; 0 without [ms].
    change, changes : ndarray, shape (n_series,)
        Sum and number of differences between samples since the last slot.
    age : ndarray of uint8, shape (n_series,)
        Rows since there was a value, at most 255.
    jumped : ndarray of bool, shape (n_series,)
        Series that jumped since the last tick.
    renewed : ndarray of bool, shape (n_series,)
        Series of which a visit ended since the last tick.
    """

    recent: Floats
    held_until_ms: NDArray[np.int64]
    change: Floats
    changes: Floats
    age: NDArray[np.uint8]
    jumped: Flags
    renewed: Flags

    @classmethod
    def empty(cls, n_series: int, step_ms: int) -> Samples:
        """Nothing seen yet."""
        rows = max(ROUGH, round(SLOT_MS / step_ms))
        return cls(
            recent=np.full((rows, n_series), np.nan, np.float32),
            held_until_ms=np.zeros(n_series, np.int64),
            change=np.zeros(n_series, np.float32),
            changes=np.zeros(n_series, np.float32),
            age=np.full(n_series, 255, np.uint8),
            jumped=np.zeros(n_series, bool),
            renewed=np.zeros(n_series, bool),
        )

    def add(self, time_ms: int, value: Floats, visited: Flags, noise: Floats, options: Options) -> None:
        """Take one row of samples.

        Parameters
        ----------
        time_ms : int
        value : ndarray of float32, shape (n_series,)
            NaN where there is none, or none that can be used.
        visited : ndarray of bool, shape (n_series,)
            Whether the station is being visited.
        noise : ndarray, shape (n_series,)
            Typical difference of successive samples; NaN while unknown.
        options : Options
        """
        if visited.any():
            self.held_until_ms[visited] = time_ms + round(options.hold_h * HOUR_MS)
        held = self.held_until_ms > 0
        if held.any():
            value = np.where(held, np.float32(np.nan), value)
            over = held & (self.held_until_ms <= time_ms)
            self.held_until_ms[over] = 0
            self.renewed |= over
        there = value == value
        difference = np.abs(value - self.recent[-1])
        known = difference == difference
        self.change += np.where(known, difference, np.float32(0))
        self.changes += known
        # One or two lost messages must not hide a jump, nor the rows between those of a slower station.
        missing = ~there & (self.age < FILLED)
        self.age = np.where(there, 0, np.minimum(self.age + 1, 255)).astype(np.uint8)
        windows.push(self.recent, np.where(missing & ~held, self.recent[-1], value))
        self.jumped |= self._jump(noise, options)

    def _jump(self, noise: Floats, options: Options) -> Flags:
        before, after = self.recent[-2 * SIDE : -SIDE], self.recent[-SIDE:]
        jump = _middle(after) - _middle(before)
        single = after[0] - before[-1]
        steps = np.abs(np.diff(self.recent[-2 * SIDE :], axis=0))
        steps[SIDE - 1] = 0
        calm = steps.mean(axis=0) < options.step_calm * np.abs(jump)
        loud = np.abs(jump) > options.step_sizes * noise
        found: Flags = loud & calm & (np.abs(single) > options.step_share * np.abs(jump)) & (single * jump > 0)
        return found

    def began_anew(self, station_of: NDArray[np.int64]) -> Flags:
        """Which series began anew since the last call, shape (n_series,).

        A jump of two determinands of a station at once is the water's, unless there was a visit: probes fail singly.

        Parameters
        ----------
        station_of : ndarray of int, shape (n_series,)
        """
        found = self.jumped | self.renewed
        if self.jumped.any():
            jumps = np.bincount(station_of, weights=self.jumped)
            found = (self.jumped & (jumps[station_of] < 2)) | self.renewed
        self.jumped[:] = False
        self.renewed[:] = False
        return found

    def half_hour(self, step_ms: int) -> Floats:
        """Median of the last half hour, shape (n_series,); NaN with fewer than half of its samples."""
        rows = max(1, round(SLOT_MS / step_ms))
        return windows.median(self.recent[-rows:], least=(rows + 1) // 2)

    def roughness(self) -> Floats:
        """Present noise as the standard deviation of differences, ramps left out, shape (n_series,).

        Notes
        -----
        From second differences: of white noise they are .866 times as large as first ones, of a ramp 0.
        """
        newest = self.recent[-ROUGH:]
        bends = np.abs(newest[1:-1] - (newest[:-2] + newest[2:]) * np.float32(0.5))
        return windows.mean(bends, least=4) / np.float32(0.8 * 0.866)

    def typical_change(self) -> Floats:
        """Standard deviation of differences since the last call, from their mean size; starts anew."""
        found = np.where(self.changes >= 1, self.change / np.maximum(self.changes, 1) / np.float32(0.8), np.nan)
        self.change[:] = 0
        self.changes[:] = 0
        return found.astype(np.float32)


def _middle(four: Floats) -> Floats:
    """Mean of the two middle ones of four values; NaN if one is missing."""
    middle: Floats = (four.sum(axis=0) - four.max(axis=0) - four.min(axis=0)) * np.float32(0.5)
    return middle
