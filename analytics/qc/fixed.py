"""Tests with limits from the configuration: change across a gap, season and hour, a determinand against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.qc.config import Channel, Configuration
from analytics.qc.kernels import Mask
from analytics.qc.windows import Floats, Times

HOUR_MS = 3_600_000

#: Oxygen above this multiple of what water holds at its temperature is suspect: blooms reach two, rarely three.
OXYGEN_MULTIPLE = 3.0

#: Ammonia is a part of total nitrogen; both are measured to about 10 %.
NITROGEN_SHARE = 1.2
NITROGEN_SLACK = 0.5


@dataclass(frozen=True, slots=True)
class Season:
    """What a channel's water reaches in some months and hours.

    Attributes
    ----------
    months, hours : (first, last)
        Inclusive, local; ``(11, 2)`` and ``(22, 5)`` wrap.
    low, high : float
        [unit of the determinand]
    """

    months: tuple[int, int]
    hours: tuple[int, int]
    low: float
    high: float


class Climatology:
    """Ranges by season and hour of those channels that have any: (n, 12, 24) each way."""

    def __init__(self, channels: Sequence[Channel], configuration: Configuration) -> None:
        rules = [[Season(**rule) for rule in configuration.value(c, "climatology")] for c in channels]
        self.series = np.array([i for i, rule in enumerate(rules) if rule], np.intp)
        self.low = np.full((self.series.size, 12, 24), -np.inf, np.float32)
        self.high = np.full((self.series.size, 12, 24), np.inf, np.float32)
        for row, index in enumerate(self.series.tolist()):
            for rule in rules[index]:
                at = np.ix_([row], _cycle(rule.months, 1, 12), _cycle(rule.hours, 0, 24))
                self.low[at], self.high[at] = rule.low, rule.high
        self.offset_ms = round(float(configuration.sections["all"]["utc_offset_hours"]) * HOUR_MS)

    def judge(self, times_ms: Times, values: Floats) -> tuple[Mask, Floats]:
        """Where readings of the channels in `series` pass their season's range, and the end they pass (T, n)."""
        local = (times_ms + self.offset_ms).astype("datetime64[ms]")
        month = local.astype("datetime64[M]").astype(np.int64) % 12
        hour = (times_ms + self.offset_ms) // HOUR_MS % 24
        low, high = (np.moveaxis(table[:, month, hour], 0, 1) for table in (self.low, self.high))
        mine = values[:, self.series]
        return (mine < low) | (mine > high), np.where(mine < low, low, high)


def _cycle(ends: tuple[int, int], first: int, count: int) -> list[int]:
    """Positions from one end to the other, around the year or the day where they wrap."""
    begin, end = ends[0] - first, ends[1] - first
    return [(begin + step) % count for step in range((end - begin) % count + 1)]


class Consistency:
    """Pairs of determinands of one station that bound each other."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        place = {channel: index for index, channel in enumerate(channels)}
        self.oxygen = _pairs(channels, place, "dissolved_oxygen", "water_temperature")
        self.nitrogen = _pairs(channels, place, "ammonia_nitrogen", "total_nitrogen")

    def judge(self, values: Floats) -> list[tuple[npt.NDArray[np.intp], Mask, Floats]]:
        """For each pair the series that are bounded, where they pass (T, n), and the bound."""
        found = []
        for (series, others), bound in ((self.oxygen, _most_oxygen), (self.nitrogen, _most_ammonia)):
            if series.size:
                limit = bound(values[:, others])
                found.append((series, values[:, series] > limit, limit))
        return found


def _pairs(
    channels: Sequence[Channel], place: dict[Channel, int], first: str, second: str
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    pairs = [
        (index, place[Channel(c.station, second)])
        for index, c in enumerate(channels)
        if c.determinand == first and Channel(c.station, second) in place
    ]
    both = np.array(pairs, np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _most_oxygen(temperature: Floats) -> Floats:
    """Oxygen [mg/L] that is still credible at a temperature [degC]: a multiple of saturation, 468 / (31.6 + T).

    Source: HJ 506-2009 and GB 3838-2002 use the formula for fresh water at 101.3 kPa.
    """
    with np.errstate(invalid="ignore"):
        limit = OXYGEN_MULTIPLE * 468 / (31.6 + np.clip(temperature, 0, 40))
    return np.asarray(limit, np.float32)


def _most_ammonia(nitrogen: Floats) -> Floats:
    """Ammonia nitrogen [mg/L] that is still credible beside a total nitrogen [mg/L]."""
    return np.asarray(NITROGEN_SHARE * nitrogen + NITROGEN_SLACK, np.float32)


def rate_after_gap(
    values: Floats, times_ms: Times, last: Floats, last_ms: Times, before_ms: int
) -> tuple[Floats, Floats]:
    """Change of the first reading after a gap from the last one before it, and the length of the gap.

    Parameters
    ----------
    values : (T, S) float
    times_ms : (T,) int
    last : (S,) float
        Last reading before the rows; NaN where there was none.
    last_ms : (S,) int
        Its time.
    before_ms : int
        Time of the row before the rows.

    Returns
    -------
    change : (T, S) float
        Absolute; NaN in rows where the row before had a reading, and where there was none before.
    hours : (T, S) float
    """
    change = np.full(values.shape, np.nan, np.float32)
    hours = np.zeros(values.shape, np.float32)
    there = ~np.isnan(values)
    gone = np.empty_like(there)
    gone[:1] = last_ms != before_ms
    gone[1:] = ~there[:-1]
    rows, series = np.nonzero(there & gone)
    if not rows.size:
        return change, hours
    previous = _row_before(there, rows, series)
    inside = previous >= 0
    before = np.where(inside, values[np.maximum(previous, 0), series], last[series])
    since = np.where(inside, times_ms[np.maximum(previous, 0)], last_ms[series])
    change[rows, series] = np.abs(values[rows, series] - before)
    hours[rows, series] = (times_ms[rows] - since) / HOUR_MS
    return change, hours


def _row_before(there: Mask, rows: npt.NDArray[np.intp], series: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Row of the reading before each of some readings; -1 where the rows hold none."""
    columns = {int(s): np.flatnonzero(there[:, s]) for s in np.unique(series)}
    at = [int(np.searchsorted(columns[int(s)], row)) for row, s in zip(rows, series, strict=True)]
    return np.array([columns[int(s)][i - 1] if i else -1 for s, i in zip(series, at, strict=True)], np.intp)
