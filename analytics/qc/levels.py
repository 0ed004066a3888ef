"""Slow faults: a drift, a probe that fouls.

A channel's level is the mean of its last twelve hourly means. It is compared with a reference that follows it over days
and stands still while the two are apart. What the other stations' channels of the same determinand do at the same time
is taken off (rain, season, a diversion reach many stations), then what its neighbours along the water make one expect.
The yardstick for what is left is the channel's own: how far it usually is from that, told from the spread among the
stations at first; and longer while the stations disagree more than they usually do.

Water that changes changes in several determinands: a channel is called faulty only while the others of its station stay
where they were and no neighbour goes the same way. And water arrives, probes drift: what came by a front is no drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from analytics.qc.config import Channel
from analytics.qc.coupling import Coupling
from analytics.qc.visits import Groups
from analytics.qc.windows import Floats

#: Hours whose mean is the level.
RING = 12

#: Channels of a determinand that make a yardstick; with fewer there is none and nothing is said.
COMPANY = 6

#: The reference follows the level while the two are close: the mean of all there is at first, then with this time
#: constant [h]. What a jump is compared with follows more slowly.
FOLLOW_H, SLOW_H = 360, 480

#: After so long the new level is taken for what it is [h].
PATIENCE_H = 200

#: The yardstick is so many times the usual departure, and never less than the determinand's floor.
SPREADS = 3.5

#: The usual departure is followed like a median, with about this memory [h]; the spread among stations weighs as much
#: as so many hours of it; and it is never taken for less or more than so many times that spread.
SCALE_H, LEAST_H, LEARNING, PRIOR_H, CALMEST, WILDEST = 240, 24, 1.6, 240.0, 0.5, 6.0

#: Hours of readings before anything is said.
WARM_H = 96

#: Begins where the departure passes its yardstick for `NEED_H` hours while the station's other determinands stay below
#: `SHARE` of it (`SHARE_LEAST` at least), and ends below `OFF` for `QUIET_H` hours.
ON, OFF, NEED_H, QUIET_H, SHARE, SHARE_LEAST = 1.0, 0.7, 6, 2, 0.3, 0.4

#: The same where there is nobody to compare with.
ON_ALONE, NEED_ALONE_H = 2.0, 10

#: A neighbour that shows this share of the departure in the same direction has seen the same water.
BESIDE = 0.4

#: The steepest rise of an excursion is told from a trail that follows the departure with a time constant [h]; where it
#: is more than this share of the departure, water came. An excursion ends below `REST`.
TRAIL_H, FRONT, REST = 12, 0.6, 0.3

#: Neighbours along the water that are asked, nearest first.
NEIGHBOURS = 4

#: Where fouling moves a determinand; elsewhere, and the other way, it is called drift.
FOULING_SIGN = {"dissolved_oxygen": -1, "turbidity": 1, "conductivity": -1}


class Levels:
    """Levels of S channels and what they say: about 250 bytes a channel.

    Parameters
    ----------
    channels : sequence of Channel, length S
    stations : Groups
    floor, alone : (S,) float
        Least departure that counts, among others and without any.
    near : mapping of str to sequence of str, optional
        Stations up and down the water of each station, nearest first.

    Attributes
    ----------
    z : (S,) float
        Departure in units of its yardstick; 0 where the level is not known.
    faulty : (S,) bool
    common : (S,) float
        What the last hour's means of a determinand were from the usual at the middle one of its stations.
    ordinary : (kinds,) float
        Usual spread among the stations of each determinand.
    usual, learned : (S,) float
        ln of the channel's own usual departure in that spread, and the hours that it was learned from, up to `SCALE_H`
    trail, front : (S,) float
        What the departure rises from, and the steepest rise of the present excursion.
    """

    def __init__(
        self, channels: Sequence[Channel], stations: Groups, floor: Floats, alone: Floats,
        near: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        count = len(channels)
        names = list(dict.fromkeys(channel.determinand for channel in channels))
        self.floor = floor
        self.kinds = [
            np.array([i for i, channel in enumerate(channels) if channel.determinand == name], np.intp)
            for name in names
        ]
        self.kinds = [kind for kind in self.kinds if len(kind) >= COMPANY and bool((floor[kind] < 1e6).all())]
        self.judged = np.zeros(count, bool)
        for kind in self.kinds:
            self.judged[kind] = True
        self.compared = self.judged.copy()
        self.alone = np.where(~self.judged & (alone < 1e6), alone, np.float32(np.inf)).astype(np.float32)
        self.judged |= np.isfinite(self.alone)
        self.on = np.where(self.compared, ON, ON_ALONE).astype(np.float32)
        self.need = np.where(self.compared, NEED_H, NEED_ALONE_H).astype(np.int16)
        self.stations = stations
        self.coupling = Coupling(_columns(channels, near or {}))
        self.fouling = np.array([FOULING_SIGN.get(channel.determinand, 0) for channel in channels], np.int8)
        self.ring = np.full((RING, count), np.nan, np.float32)
        self.reference = np.full(count, np.nan, np.float32)
        self.slow = np.full(count, np.nan, np.float32)
        self.age = np.zeros(count, np.int32)
        self.hours = 0
        self.ordinary = np.full(len(self.kinds), np.nan)
        self.usual = np.zeros(count, np.float32)
        self.learned = np.zeros(count, np.float32)
        self.common = np.zeros(count, np.float32)
        self.z = np.zeros(count, np.float32)
        self.trail, self.front = np.zeros((2, count), np.float32)
        self.away, self.run, self.quiet = (np.zeros(count, np.int16) for _ in range(3))
        self.faulty = np.zeros(count, bool)

    def hour(self, hour: int, means: Floats) -> None:
        """Take the means (S,) of one hour; NaN where a channel has no reading that can be trusted."""
        self.hours += 1
        self.ring[hour % RING] = means
        there = ~np.isnan(self.ring)
        count = there.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            level = np.where(there, self.ring, 0).sum(axis=0, dtype=np.float64) / count
        level = np.where(count >= RING // 2, level, np.nan).astype(np.float32)
        np.copyto(self.reference, level, where=np.isnan(self.reference))
        known = ~np.isnan(level)
        self._weigh(level - self.reference)
        self._decide(known)
        close = (np.abs(self.z) < 1) & known
        np.copyto(self.slow, level, where=np.isnan(self.slow))
        self.age += close
        step = (level - self.slow) / np.clip(self.age, 1, SLOW_H).astype(np.float32)
        self.slow += np.where(close, step, 0).astype(np.float32)
        self.away = np.where(np.abs(self.z) < 1, 0, self.away + known).astype(np.int16)
        enough = self.away > PATIENCE_H
        follow = np.clip(self.age + RING, 1, FOLLOW_H).astype(np.float32)
        self.reference += np.where(close, (level - self.reference) / follow, 0).astype(np.float32)
        np.copyto(self.reference, level, where=enough & known)
        self.away[enough] = 0
        self._note_common(means - self.slow)

    def forget(self, series: npt.NDArray[np.bool_]) -> None:
        """Where a jump took a departure back: the hours before it say nothing any more."""
        self.ring[:, series] = np.nan
        self.faulty &= ~series
        self.run[series] = 0

    def _weigh(self, departure: Floats) -> None:
        """Departures in units of their yardsticks, and what the hour teaches about these."""
        own = np.full(len(departure), np.nan, np.float32)
        restless = np.ones(len(departure), np.float32)
        ordinary = np.ones(len(departure), np.float32)
        for number, kind in enumerate(self.kinds):
            mine = departure[kind]
            there = mine[~np.isnan(mine) & ~self.faulty[kind]]
            if there.size < COMPANY:
                continue
            middle = np.median(there)
            spread = max(1.4826 * float(np.median(np.abs(there - middle))), 1e-9)
            known = self.ordinary[number]
            known = spread if np.isnan(known) else known + (spread - known) / min(max(1, self.hours - RING), SCALE_H)
            self.ordinary[number] = known
            ordinary[kind], restless[kind] = known, max(1.0, spread / known)
            own[kind] = (mine - middle) / restless[kind]
        learned = self.usual * (self.learned / (PRIOR_H + self.learned))
        usual = (ordinary * np.clip(np.exp(learned), CALMEST, WILDEST)).astype(np.float32)
        there = ~np.isnan(own)
        shown = self.coupling.shown(own, there & ~self.faulty)
        left = own - self.coupling.explained(shown)
        yardstick = np.fmax(self.floor / restless, SPREADS * usual)
        z = np.where(self.compared, left / yardstick, departure / self.alone)
        self.z = np.where(np.isnan(z), np.float32(0), z).astype(np.float32)
        which = there & ~self.faulty & (self.hours > RING)
        self.coupling.learn(shown, own, usual, which)
        rate = LEARNING / np.fmax(self.learned, LEAST_H)
        above = np.abs(left) * np.float32(1.4826) > ordinary * np.exp(self.usual)
        self.usual += np.where(which, np.where(above, rate, -rate), 0).astype(np.float32)
        self.learned = np.where(which, np.fmin(self.learned + 1, SCALE_H), self.learned).astype(np.float32)

    def _note_common(self, departure: Floats) -> None:
        """What an hour's readings (S,) of a determinand show at all stations: the course of the day, rain."""
        self.common[:] = 0
        for kind in self.kinds:
            there = departure[kind][~np.isnan(departure[kind])]
            if there.size >= COMPANY:
                self.common[kind] = np.median(there)

    def _decide(self, known: npt.NDArray[np.bool_]) -> None:
        size, sign = np.abs(self.z), np.sign(self.z)
        rise = (self.z - self.trail) * sign
        excursion = (size >= REST) & (np.sign(self.trail) == sign)
        self.front = np.where(known, np.where(excursion, np.fmax(self.front, rise), rise), self.front).astype(
            np.float32
        )
        self.trail += np.where(known, (self.z - self.trail) / np.float32(TRAIL_H), 0).astype(np.float32)
        away = size > self.on
        largest = self.stations.largest(size)
        moved = self.stations.count((size > np.fmax(SHARE_LEAST, SHARE * largest))[None] & self.judged)[0]
        own = (moved[self.stations.group] <= 1) & (size >= largest)
        own &= self.front < FRONT * size
        own &= ~(self.coupling.beside(self.z) * sign > BESIDE * size).any(axis=0)
        run = np.where(away & own, self.run + 1, np.where(away, self.run, 0))
        self.run = np.where(known, run, self.run).astype(np.int16)
        self.quiet = np.where(known, np.where(size < OFF, self.quiet + 1, 0), self.quiet).astype(np.int16)
        ready = (self.hours > WARM_H) | ~self.compared
        self.faulty = (self.faulty | ((self.run >= self.need) & ready)) & (self.quiet < QUIET_H)


def _columns(channels: Sequence[Channel], near: Mapping[str, Sequence[str]]) -> npt.NDArray[np.intp]:
    """Columns of the same determinand at the nearest stations that measure it (S, at most `NEIGHBOURS`); -1: none."""
    place = {channel: column for column, channel in enumerate(channels)}
    rows = [
        [place[there] for name in near.get(station, ()) if (there := Channel(name, key)) in place][:NEIGHBOURS]
        for station, key in channels
    ]
    most = max(map(len, rows), default=0)
    return np.array([row + [-1] * (most - len(row)) for row in rows], np.intp).reshape(len(rows), most)
