"""The course of one determinand as windows of minimum, mean and maximum, and the class limits that belong to it.

Never an average alone: a discharge of ten minutes vanishes in the mean of an hour. A gap is a gap: one point without
values stands between what was measured before and after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from statistics import median_low
from zoneinfo import ZoneInfo

from analytics.grading import WaterClass
from analytics.standards import GB3838_2002
from collectors.stores.base import ReadingStore, SummaryRow
from sensors.durations import DAY_MS
from sensors.place import Station
from sensors.site import Site

#: Widths of windows that people can read off an axis [ms].
STEPS_MS = tuple(minutes * 60_000 for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10080))


#: Values that one window brings to the browser.
VALUES_PER_POINT = 3

_CLASSES = tuple(one.name for one in WaterClass if one < WaterClass.INFERIOR_V)


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One window; None in all three where nothing usable was measured.

    Attributes
    ----------
    time_ms : int
        Start of the window, milliseconds since the epoch, UTC.
    minimum, mean, maximum : float or None
        In the determinand's unit; the mean of several stations is the mean of their means.
    provisional : bool
        Whether suspect readings took part.
    """

    time_ms: int
    minimum: float | None
    mean: float | None
    maximum: float | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit of GB 3838-2002, and the classes that end there.

    Attributes
    ----------
    classes : tuple of str
        Best first; several where the standard has one limit for all of them.
    value : float
        In the determinand's unit, inclusive.
    worse_above : bool
        Whether water above the line is worse; False for oxygen and for the lower limit of pH.
    """

    classes: tuple[str, ...]
    value: float
    worse_above: bool


@dataclass(frozen=True, slots=True)
class Series:
    """Course of one determinand of a river or station.

    Attributes
    ----------
    determinand : str
    start_ms, end_ms, step_ms : int
        Milliseconds since the epoch, UTC; width of a window [ms]. Days are those of the site's calendar, so that one
        with a change of the clock is an hour shorter or longer.
    points : tuple of SeriesPoint
        Ordered by time.
    limits : tuple of LimitLine
        Empty where the standard has none for this water.
    """

    determinand: str
    start_ms: int
    end_ms: int
    step_ms: int
    points: tuple[SeriesPoint, ...]
    limits: tuple[LimitLine, ...]


def series(
    store: ReadingStore, site: Site, subject: str, determinand: str, start_ms: int, end_ms: int, max_points: int = 5000
) -> Series:
    """Windows of one determinand over a river's stations, or over one station.

    Parameters
    ----------
    store : ReadingStore
    site : Site
    subject : str
        Id of a river or of a station.
    determinand : str
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC; the start is moved back to a whole window: to a local
        midnight of the site where windows are a day or more.
    max_points : int
        Most values that are returned.

    Raises
    ------
    KeyError
        If the site has neither a river nor a station with that id.
    ValueError
        If the time span is empty.
    StoreError
        If the store cannot be read.
    """
    stations = site.stations_of(subject) if subject in site.rivers else (site.stations[subject],)
    zone = ZoneInfo(site.timezone)
    step_ms = window_ms(stations, end_ms - start_ms, max_points)
    runs = _runs(start_ms, end_ms, step_ms, zone)
    points = _points(store, stations, determinand, runs)
    if (wider_ms := _sparse(points, step_ms)) > step_ms:
        step_ms = wider_ms
        runs = _runs(start_ms, end_ms, step_ms, zone)
        points = _points(store, stations, determinand, runs)
    return Series(
        determinand=determinand,
        start_ms=runs[0][0],
        end_ms=end_ms,
        step_ms=step_ms,
        points=tuple(_with_gaps(points, step_ms)),
        limits=limit_lines(determinand, stations),
    )


def _sparse(points: Sequence[SeriesPoint], step_ms: int) -> int:
    """A wider window where readings come more rarely than the list of stations says, else the same [ms].

    Without it every reading of such a station would stand alone between two gaps.
    """
    if len(points) < 3:
        return step_ms
    usual_ms = median_low([after.time_ms - before.time_ms for before, after in pairwise(points)])
    if usual_ms <= step_ms:
        return step_ms
    return next((step for step in STEPS_MS if step >= 2 * usual_ms), step_ms)


def window_ms(stations: Sequence[Station], span_ms: int, max_points: int) -> int:
    """Narrowest readable window that keeps to the number of values and holds two polls [ms].

    A window as short as the polling period would show gaps where a poll came a moment late.
    """
    if span_ms <= 0:
        raise ValueError(f"a time span of {span_ms} ms is empty")
    polls_ms = 2000 * max((station.period_s for station in stations), default=0)
    least_ms = max(polls_ms, span_ms * VALUES_PER_POINT / max_points)
    for step_ms in STEPS_MS:
        if step_ms >= least_ms:
            return step_ms
    return -(-int(least_ms) // DAY_MS) * DAY_MS


def _runs(start_ms: int, end_ms: int, step_ms: int, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """Runs of windows of one length, each as start, end and length [ms]; several where the clock changes between days.

    Windows of several days begin on days that do not move as time goes on, those of a week on Mondays.
    """
    if step_ms < DAY_MS:
        return [(start_ms - start_ms % step_ms, end_ms, step_ms)]
    days = step_ms // DAY_MS
    number = datetime.fromtimestamp(start_ms / 1000, zone).toordinal() - 1
    first = date.fromordinal(number - number % days + 1)
    edges = [_midnight_ms(first, zone)]
    while edges[-1] < end_ms:
        edges.append(_midnight_ms(first + timedelta(days=days * len(edges)), zone))
    runs = [list(group) for _, group in groupby(pairwise(edges), key=lambda pair: pair[1] - pair[0])]
    return [(run[0][0], min(run[-1][1], end_ms), run[0][1] - run[0][0]) for run in runs]


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    """Beginning of a day in a time zone, milliseconds since the epoch, UTC."""
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)


def _points(
    store: ReadingStore, stations: Sequence[Station], determinand: str, runs: Sequence[tuple[int, int, int]]
) -> list[SeriesPoint]:
    ids = [station.id for station in stations]
    return _pooled(row for start, end, step in runs for row in store.summary(ids, [determinand], start, end, step))


def _pooled(rows: Iterable[SummaryRow]) -> list[SeriesPoint]:
    """One point a window over all stations: lowest minimum, mean of means, highest maximum."""
    windows: defaultdict[int, list[SummaryRow]] = defaultdict(list)
    for row in rows:
        windows[row.start_ms].append(row)
    return [
        SeriesPoint(
            start_ms,
            min(row.minimum for row in group),
            sum(row.mean for row in group) / len(group),
            max(row.maximum for row in group),
            any(row.provisional for row in group),
        )
        for start_ms, group in sorted(windows.items())
    ]


def _with_gaps(points: Sequence[SeriesPoint], step_ms: int) -> list[SeriesPoint]:
    """Put one empty point where windows are missing between two that are there.

    A day on which the clock was put back is an hour longer than a window, and no gap.
    """
    found: list[SeriesPoint] = []
    for point in points:
        if found and 2 * (point.time_ms - found[-1].time_ms) >= 3 * step_ms:
            found.append(SeriesPoint(found[-1].time_ms + step_ms, None, None, None))
        found.append(point)
    return found


def limit_lines(determinand: str, stations: Sequence[Station]) -> tuple[LimitLine, ...]:
    """Limits of GB 3838-2002 table 1 for the water of some stations; none where they lie in different waters."""
    bodies = {station.water_body for station in stations}
    if len(bodies) != 1:
        return ()
    limit = GB3838_2002.limit(determinand, bodies.pop())
    if limit is None:
        return ()
    lines = []
    for value, group in groupby(zip(_CLASSES, limit.values, strict=True), key=lambda pair: pair[1]):
        lines.append(LimitLine(tuple(name for name, _ in group), value, limit.direction != "ge"))
    if limit.low is not None:
        lines.append(LimitLine(_CLASSES, limit.low, False))
    return tuple(lines)
