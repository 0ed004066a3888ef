"""The picture of an event: the stations up and down the same water, each in the time of its own water.

The window of the event is moved by the travel time between stations: what passed one at nine passes the next one, two
hours down the water, at eleven. Where it is seen says where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.standards import GB3838_2002
from collectors.stores.base import Event, ReadingStore
from dashboard.casework.evidence import Evidence
from dashboard.series import STEPS_MS
from dashboard.viewdata.orders_words import minute
from dashboard.wording import Wording
from sensors.durations import HOUR_MS
from sensors.network import Network, velocity
from sensors.place import Station
from sensors.site import Site

#: Stations shown at most besides those of the event, up and down the water.
UP, DOWN = 3, 3

#: Farthest of them, in travel time [h].
FARTHEST_H = 12.0

#: Determinands shown at most.
KEYS = 2

#: Shown before and after the event [ms], and most of it altogether.
BEFORE_MS, AFTER_MS = 12 * HOUR_MS, 6 * HOUR_MS
LONGEST_MS = 96 * HOUR_MS

#: Values that the picture brings to the browser at most.
VALUES = 4500

_CLASS_III = 3

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A station of the picture.

    Attributes
    ----------
    station : Station
    travel_h : float or None
        Of the water from the first station, negative upstream [h]; None where no water connects them.
    seen : bool
        Whether the event was seen there.
    """

    station: Station
    travel_h: float | None
    seen: bool


def travel_h(network: Network, source: Station, target: Station) -> float | None:
    """How long the water takes from a station to another [h]; None where it does not go there."""
    for stretch in network.upstream(target.reach, target.chainage_m):
        if stretch.reach == source.reach and stretch.low_m <= source.chainage_m <= stretch.high_m:
            way_m = abs(stretch.outlet_m - source.chainage_m)
            return (stretch.travel_s + way_m / velocity(network.reaches[source.reach])) / 3600
    return None


def rows(told: Evidence, site: Site) -> list[Row]:
    """Stations of the event and their neighbours, from up the water to down the water."""
    seen = [name for name in told.get("stations", []) if name in site.stations]
    first = told.get("first")
    origin = first["station"] if first is not None else (seen[0] if seen else None)
    if origin is None:
        return []
    start = site.stations[origin]
    hours: dict[str, float | None] = {origin: 0.0}
    for station in site.stations.values():
        if station.id == origin:
            continue
        down = travel_h(site.network, start, station)
        up = travel_h(site.network, station, start)
        if down is not None:
            hours[station.id] = down
        elif up is not None:
            hours[station.id] = -up
    near = sorted(((abs(h), name) for name, h in hours.items() if h is not None and name != origin))
    above = [name for h, name in near if (hours[name] or 0) < 0 and h <= FARTHEST_H and name not in seen][:UP]
    below = [name for h, name in near if (hours[name] or 0) > 0 and h <= FARTHEST_H and name not in seen][:DOWN]
    names = dict.fromkeys([origin, *seen, *above, *below])
    found = [Row(site.stations[name], hours.get(name), name in seen or name == origin) for name in names]
    return sorted(found, key=lambda row: (row.travel_h is None, row.travel_h or 0.0))


def picture(store: ReadingStore, site: Site, event: Event, told: Evidence, now_ms: int, w: Wording) -> Data:
    """Small pictures, a row for each station and a column for each determinand.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    _ = w._
    lines = rows(told, site)
    keys = _keys(told, lines, site)
    last_ms = min(now_ms, (event.end_ms or event.updated_ms) + AFTER_MS)
    latest_ms = max(last_ms, event.start_ms + HOUR_MS)
    start_ms = max(event.start_ms - BEFORE_MS, latest_ms - LONGEST_MS)
    step_ms = _step(latest_ms - start_ms, len(lines) * len(keys), lines)
    start_ms -= start_ms % step_ms
    count = -(-(latest_ms - start_ms) // step_ms)
    courses = _courses(store, lines, keys, start_ms, step_ms, count)
    arrivals = {one["station"]: one["onset_ms"] for one in told.get("arrivals", [])}
    return {
        "lang": _.code, "title": _("Stations up and down the water"), "start": start_ms, "step": step_ms,
        "end": start_ms + count * step_ms, "ticks": _ticks(start_ms, latest_ms, w),
        "keys": [_column(key, lines, courses, w) for key in keys],
        "window": _("the event's water"), "onset": _("seen since"), "gap": _("no readings"),
        "rows": [_line(row, event, keys, courses, arrivals, latest_ms, w) for row in lines],
        "note": _(
            "From up the water to down the water. The shaded window is the event at the first station, moved by the "
            "travel time; the band is minimum to maximum of {minutes} min, the line their mean.",
            minutes=step_ms // 60_000,
        ),
    }  # fmt: skip


def _keys(told: Evidence, lines: Sequence[Row], site: Site) -> list[str]:
    """What fired first, and then what most of the stations measure."""

    def measured(key: str) -> int:
        profiles = [site.profiles.get(row.station.profile) for row in lines]
        return sum(profile is None or key in profile.determinands for profile in profiles)

    first = told.get("first")
    keys = dict.fromkeys([first["determinand"]] if first is not None else [])
    keys |= dict.fromkeys(sorted(told.get("determinands", []), key=measured, reverse=True))
    return list(keys)[:KEYS] or ["ammonia_nitrogen"]


def _step(span_ms: int, panels: int, lines: Sequence[Row]) -> int:
    least_ms = max(span_ms * panels * 3 // VALUES, 2000 * max((row.station.period_s for row in lines), default=0))
    return next((step for step in STEPS_MS if step >= least_ms), STEPS_MS[-1])


Courses = Mapping[tuple[str, str], list[list[float | None]]]


def _courses(
    store: ReadingStore, lines: Sequence[Row], keys: Sequence[str], start_ms: int, step_ms: int, count: int
) -> Courses:
    """Minimum, mean and maximum of each window; None where nothing was measured."""
    found: dict[tuple[str, str], list[list[float | None]]] = {}
    names = [row.station.id for row in lines]
    for row in store.summary(names, list(keys), start_ms, start_ms + count * step_ms, step_ms):
        course = found.setdefault((row.station, row.determinand), [[None] * count for _ in range(3)])
        place = (row.start_ms - start_ms) // step_ms
        if 0 <= place < count:
            course[0][place], course[1][place], course[2][place] = row.minimum, row.mean, row.maximum
    return found


def _column(key: str, lines: Sequence[Row], courses: Courses, w: Wording) -> Data:
    """Head of a column: the determinand, one scale for all stations, and the limit of class III."""
    tops = [v for row in lines for v in (courses.get((row.station.id, key)) or [[], [], []])[2] if v is not None]
    bottoms = [v for row in lines for v in (courses.get((row.station.id, key)) or [[]])[0] if v is not None]
    bodies = {row.station.water_body for row in lines}
    limit = GB3838_2002.limit(key, bodies.pop()) if len(bodies) == 1 else None
    unit = w.unit(key)
    line = limit.at(_CLASS_III) if limit is not None and limit.direction != "range" else None
    return {
        "key": key, "name": w.determinand(key) + (f" [{unit}]" if unit else ""),
        "low": min(bottoms, default=0.0), "high": max(tops, default=1.0), "limit": line,
        "limit_name": w.water_class("III"), "low_text": w.number(key, min(bottoms, default=0.0)),
        "high_text": w.number(key, max(tops, default=1.0)),
    }  # fmt: skip


def _line(
    row: Row, event: Event, keys: Sequence[str], courses: Courses, arrivals: Mapping[str, int], latest_ms: int,
    w: Wording,
) -> Data:  # fmt: skip
    _ = w._
    shift_ms = None if row.travel_h is None else round(row.travel_h * HOUR_MS)
    end_ms = event.end_ms or latest_ms
    onset_ms = arrivals.get(row.station.id)
    return {
        "station": w.place(row.station), "seen": row.seen, "where": _where(row, w),
        "from": None if shift_ms is None else event.start_ms + shift_ms,
        "to": None if shift_ms is None else max(end_ms, event.start_ms + HOUR_MS) + shift_ms,
        "onset": onset_ms, "onset_text": minute(onset_ms, w) if onset_ms is not None else "",
        "courses": [courses.get((row.station.id, key)) for key in keys],
    }  # fmt: skip


def _where(row: Row, w: Wording) -> str:
    _ = w._
    if row.travel_h is None:
        return _("no water between them")
    if abs(row.travel_h) < 0.05:
        return _("seen here first") if row.seen else _("at the same place")
    hours = f"{abs(row.travel_h):.1f}"
    return _("{hours} h upstream", hours=hours) if row.travel_h < 0 else _("{hours} h downstream", hours=hours)


def _ticks(start_ms: int, end_ms: int, w: Wording) -> list[Data]:
    """Marks of the axis at whole hours of the site's clock, a day's name at midnight."""
    hours = next(h for h in (3, 6, 12, 24, 48) if (end_ms - start_ms) / HOUR_MS / h <= 6)
    here = datetime.fromtimestamp(start_ms / 1000, w.zone).replace(minute=0, second=0, microsecond=0)
    found = []
    while (time_ms := round(here.timestamp() * 1000)) < end_ms:
        if time_ms >= start_ms and (here.hour % hours == 0 if hours < 24 else here.hour == 0):
            found.append({"at": time_ms, "text": w.day(time_ms) if here.hour == 0 else w.clock(time_ms)})
        here += timedelta(hours=1)
    return found
