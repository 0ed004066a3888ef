"""Rain over a site, and the runoff that it leaves: showers drawn day by day, without a state.

A shower is a rectangle of rain over the whole site. Runoff is kept in two linear reservoirs (a store drains in
proportion to what is in it: Nash, "The form of the instantaneous unit hydrograph", 1957), so what a shower leaves
behind at any later instant has a closed form. How often and how much it rains follows the plum-rain climate of the
lower Yangtze roughly: wettest around the end of June, about 1.1 m a year. All figures are settings of the simulation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensors.durations import DAY_MS, HOUR_MS
from sensors.simulate.chance import uniforms

#: Longest shower [h], and how long runoff is followed after one [d].
LONGEST_H = 8.0
MEMORY_DAYS = 5

#: Time constants of the runoff stores [h]: what flushes the gutters, and what thins the river for days.
FAST_H = 4.0
SLOW_H = 22.0

#: Showers that may begin on one day, with the chance of each on an average day.
CHANCES = (0.26, 0.16, 0.07)

#: Rain that tips the bucket of a gauge [mm].
TIP_MM = 0.2

#: Mean depth of a shower [mm] and how both chance and depth swing with the season (share of the mean).
MEAN_DEPTH_MM = 6.2
SEASON_SWING = 0.5

#: Day of the year (counted from 1 January) on which rain is likeliest: 25 June.
WETTEST_DAY = 176
YEAR_DAYS = 365.2425

_STREAM = 0x5241494E


@dataclass(frozen=True, slots=True)
class Shower:
    """Rain of one strength over the whole site.

    Attributes
    ----------
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    rate_mm_h : float
    """

    start_ms: int
    end_ms: int
    rate_mm_h: float

    @property
    def depth_mm(self) -> float:
        """Rain that it brings in all [mm]."""
        return self.rate_mm_h * (self.end_ms - self.start_ms) / HOUR_MS


class Weather:
    """Rain and runoff of a site.

    Parameters
    ----------
    seed : int
    offset_ms : int
        Local solar time minus UTC [ms]: days begin at local solar midnight.
    """

    def __init__(self, seed: int, offset_ms: int) -> None:
        self.seed = seed
        self.offset_ms = offset_ms
        self.showers = lru_cache(maxsize=128)(self._showers)
        self._recent = lru_cache(maxsize=64)(self._columns)

    def day(self, time_ms: int) -> int:
        """Number of the local solar day of an instant, counted from the epoch."""
        return (time_ms + self.offset_ms) // DAY_MS

    def start_of(self, day: int) -> int:
        """First instant of a local solar day [ms]."""
        return day * DAY_MS - self.offset_ms

    def _showers(self, day: int) -> tuple[Shower, ...]:
        season = 1.0 + SEASON_SWING * math.cos(2 * math.pi * (day - WETTEST_DAY) / YEAR_DAYS)
        draws = uniforms(self.seed, _STREAM, day, np.arange(4 * len(CHANCES))).reshape(-1, 4)
        found = []
        for chance, (happens, begins, lasts, brings) in zip(CHANCES, draws.tolist(), strict=True):
            if happens < chance * season:
                hours = 0.5 + (LONGEST_H - 0.5) * lasts**2
                depth = min(-MEAN_DEPTH_MM * season * math.log1p(-brings), 15.0 * hours)
                start = self.start_of(day) + int(begins * DAY_MS)
                found.append(Shower(start, start + int(hours * HOUR_MS), depth / hours))
        return tuple(sorted(found, key=lambda shower: shower.start_ms))

    def _columns(self, day: int) -> NDArray[np.float64]:
        shape: Sequence[tuple[int, int, float]] = [
            (shower.start_ms, shower.end_ms, shower.rate_mm_h)
            for before in range(day - MEMORY_DAYS, day + 1)
            for shower in self.showers(before)
        ]
        return np.array(shape, dtype=np.float64).reshape(-1, 3).T[:, :, None]

    def rain(self, time_ms: ArrayLike) -> NDArray[np.float64]:
        """Rain at instants [mm/h], in the shape of `time_ms`.

        Parameters
        ----------
        time_ms : array of int
            Milliseconds since the epoch, UTC.
        """
        times = np.asarray(time_ms, dtype=np.int64)
        found = np.zeros(times.shape)
        if times.size:
            days = range(self.day(int(times.min())) - 1, self.day(int(times.max())) + 1)
            for shower in (shower for day in days for shower in self.showers(day)):
                found += np.where((times >= shower.start_ms) & (times < shower.end_ms), shower.rate_mm_h, 0.0)
        return found

    def tipped(self, day: int, time_ms: NDArray[np.int64]) -> NDArray[np.float64]:
        """What a tipping bucket told in the minute before instants [mm], (n,): whole tips of `TIP_MM`.

        Parameters
        ----------
        day : int
            Local solar day in which all of `time_ms` lie.
        time_ms : array of int, (n,)
        """
        start, end, rate = self._recent(day)
        if not np.any((start < time_ms.max(initial=0)) & (end > time_ms.min(initial=np.iinfo(np.int64).max) - 60_000)):
            return np.zeros(len(time_ms))
        now, before = (
            np.floor((rate * np.clip(times - start, 0.0, end - start)).sum(axis=0) / (HOUR_MS * TIP_MM))
            for times in (time_ms, time_ms - 60_000)
        )
        return np.asarray(TIP_MM * (now - before))

    def runoff(self, day: int, time_ms: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Runoff not yet drained [mm]: fast and slow store, each (n,).

        Parameters
        ----------
        day : int
            Local solar day in which all of `time_ms` lie.
        time_ms : array of int, (n,)
        """
        start, end, rate = self._recent(day)
        if not start.size:
            return np.zeros(len(time_ms)), np.zeros(len(time_ms))
        filling = np.clip(time_ms - start, 0.0, end - start)
        draining = np.maximum(time_ms - end, 0.0)
        fast, slow = (
            (rate * hours * -np.expm1(filling / -(hours * HOUR_MS)) * np.exp(draining / -(hours * HOUR_MS))).sum(axis=0)
            for hours in (FAST_H, SLOW_H)
        )
        return fast, slow
