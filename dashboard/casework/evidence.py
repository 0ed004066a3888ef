"""What the water says of an event, as an order carries it: readings, ranked outfalls, rain, similar events before.

The keys of an event's `detail` are those that `deploy.watch.rows.event_row` writes. Each may be missing or of another
form: what cannot be read is left out, never guessed. `dashboard.casework.explained` puts it into words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypedDict

from collectors.stores.base import Event, ReadingStore
from sensors.determinand import DETERMINANDS
from sensors.durations import DAY_MS, HOUR_MS
from sensors.site import Site

#: Readings before the event that it is compared with.
BASELINE_MS = DAY_MS

#: How far back similar events are looked for, and how many are told.
SIMILAR_MS = 365 * DAY_MS
SIMILAR_MOST = 5

#: Outfalls that are told, best first.
CANDIDATES_MOST = 10

#: From here on, that the outfall cannot be told is said; the watch says 0 or 1.
CANNOT_TELL = 0.5


class Candidate(TypedDict):
    """An outfall that may be the cause; ``travel_h`` is how long its water takes to the first station [h]."""

    outfall: str
    probability: float
    travel_h: float | None


class Neighbour(TypedDict):
    """A station up (negative hours) or down the water, and its strongest rise [multiples of the series' scale]."""

    station: str
    travel_h: float
    rise: float


class Arrival(TypedDict):
    """Since when a station has shown it [ms since the epoch, UTC]."""

    station: str
    onset_ms: int


class ReadingsOf(TypedDict):
    """Hourly means of one determinand at one station, in its unit: before the event, and during it."""

    station: str
    determinand: str
    before_mean: float | None
    mean: float
    minimum: float
    maximum: float
    hours: int


class Similar(TypedDict):
    """An earlier event at the same stations."""

    event: str
    kind: str
    start_ms: int
    end_ms: int | None


class First(TypedDict):
    """The detection that began an event: value and what it had been before, in the determinand's unit."""

    station: str
    determinand: str
    time_ms: int
    value: float
    baseline: float


class Evidence(TypedDict, total=False):
    """Kept with the link between event and order; only what JSON can carry. Instants are ms since the epoch, UTC."""

    kind: str
    start_ms: int
    end_ms: int | None
    detected_ms: int
    updated_ms: int
    stations: list[str]
    determinands: list[str]
    probabilities: dict[str, float]
    candidates: list[Candidate]
    cannot_tell: float
    effective: float
    rain_mm: float
    rain_known: bool
    episodes: float
    peak: float
    first: First
    rises: dict[str, float]
    increments: dict[str, float]
    against: dict[str, float]
    neighbours: list[Neighbour]
    arrivals: list[Arrival]
    silent: list[str]
    illustrative: bool
    readings: list[ReadingsOf]
    similar: list[Similar]


def read_event(event: Event, site: Site) -> Evidence:
    """What the event itself says."""
    detail = event.detail
    told: Evidence = {
        "kind": event.kind,
        "start_ms": event.start_ms,
        "end_ms": event.end_ms,
        "detected_ms": event.detected_ms,
        "updated_ms": event.updated_ms,
        "stations": list(event.stations),
        "determinands": [key for key in _listed(detail.get("determinands")) if key in DETERMINANDS],
        "candidates": _candidates(detail.get("candidates"), site),
    }
    for key in ("cannot_tell", "effective", "rain_mm", "episodes", "peak"):
        if (number := _number(detail.get(key))) is not None:
            told[key] = number
    for mark in ("rain_known", "illustrative"):
        if isinstance(detail.get(mark), bool):
            told[mark] = detail[mark]
    for table in ("probabilities", "against"):
        if isinstance(raw := detail.get(table), dict):
            told[table] = _numbers(raw)
    for column in ("rises", "increments"):
        if isinstance(raw := detail.get(column), dict):
            told[column] = {name: number for name, number in _numbers(raw).items() if name in DETERMINANDS}
    if (first := _first(detail.get("first"), site)) is not None:
        told["first"] = first
    if neighbours := _neighbours(detail.get("neighbours"), site):
        told["neighbours"] = neighbours
    if arrivals := _arrivals(detail.get("arrivals"), site):
        told["arrivals"] = arrivals
    if silent := [name for name in _listed(detail.get("silent")) if name in site.stations]:
        told["silent"] = silent
    return told


def gather(store: ReadingStore, site: Site, event: Event, now_ms: int) -> Evidence:
    """What the event and the store say; to be had before the books are locked.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    told = read_event(event, site)
    told["readings"] = _readings(store, event, told["determinands"], now_ms)
    told["similar"] = _similar(store, event)
    return told


def _readings(store: ReadingStore, event: Event, determinands: Sequence[str], now_ms: int) -> list[ReadingsOf]:
    start_ms = event.start_ms // HOUR_MS * HOUR_MS
    end_ms = max(start_ms + HOUR_MS, min(now_ms, event.end_ms or now_ms))
    keys = determinands or list(DETERMINANDS)
    before = {
        (row.station, row.determinand): row.mean
        for row in store.summary(event.stations, keys, start_ms - BASELINE_MS, start_ms, BASELINE_MS)
    }
    hours: dict[tuple[str, str], list[Any]] = {}
    for row in store.summary(event.stations, keys, start_ms, end_ms, HOUR_MS):
        hours.setdefault((row.station, row.determinand), []).append(row)
    return [
        {
            "station": station,
            "determinand": determinand,
            "before_mean": before.get((station, determinand)),
            "mean": sum(row.mean * row.count for row in rows) / sum(row.count for row in rows),
            "minimum": min(row.minimum for row in rows),
            "maximum": max(row.maximum for row in rows),
            "hours": len(rows),
        }
        for (station, determinand), rows in sorted(hours.items())
    ]


def _similar(store: ReadingStore, event: Event) -> list[Similar]:
    earlier = [
        other
        for other in store.events(event.start_ms - SIMILAR_MS, event.start_ms)
        if other.id != event.id and other.kind == event.kind and set(other.stations) & set(event.stations)
    ]
    earlier.sort(key=lambda other: other.start_ms, reverse=True)
    return [
        {"event": other.id, "kind": other.kind, "start_ms": other.start_ms, "end_ms": other.end_ms}
        for other in earlier[:SIMILAR_MOST]
    ]


def _candidates(raw: Any, site: Site) -> list[Candidate]:
    found: list[Candidate] = []
    for row in raw if isinstance(raw, list) else []:
        if not isinstance(row, dict):
            continue
        outfall, probability = row.get("outfall"), _number(row.get("probability"))
        if isinstance(outfall, str) and outfall in site.outfalls and probability is not None and 0 <= probability <= 1:
            travel_h = _number(row.get("travel_h"))
            found.append({"outfall": outfall, "probability": probability, "travel_h": travel_h})
    found.sort(key=lambda row: -row["probability"])
    return found[:CANDIDATES_MOST]


def _neighbours(raw: Any, site: Site) -> list[Neighbour]:
    found: list[Neighbour] = []
    for row in _rows(raw, site):
        travel_h, rise = _number(row.get("travel_h")), _number(row.get("rise"))
        if travel_h is not None and rise is not None:
            found.append({"station": row["station"], "travel_h": travel_h, "rise": rise})
    return found


def _arrivals(raw: Any, site: Site) -> list[Arrival]:
    found: list[Arrival] = []
    for row in _rows(raw, site):
        if (onset_ms := _number(row.get("onset_ms"))) is not None:
            found.append({"station": row["station"], "onset_ms": round(onset_ms)})
    return found


def _rows(raw: Any, site: Site) -> list[dict[str, Any]]:
    """Those of some rows that name a station of the site."""
    rows = raw if isinstance(raw, list) else []
    return [row for row in rows if isinstance(row, dict) and row.get("station") in site.stations]


def _first(raw: Any, site: Site) -> First | None:
    if not isinstance(raw, dict) or raw.get("station") not in site.stations:
        return None
    value, baseline, time_ms = (_number(raw.get(key)) for key in ("value", "baseline", "time_ms"))
    if raw.get("determinand") not in DETERMINANDS or value is None or baseline is None or time_ms is None:
        return None
    return {
        "station": raw["station"],
        "determinand": raw["determinand"],
        "time_ms": round(time_ms),
        "value": value,
        "baseline": baseline,
    }


def _listed(raw: Any) -> list[str]:
    return [item for item in raw if isinstance(item, str)] if isinstance(raw, list) else []


def _numbers(raw: dict[Any, Any]) -> dict[str, float]:
    return {str(key): number for key, value in raw.items() if (number := _number(value)) is not None}


def _number(raw: Any) -> float | None:
    usable = isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)
    return float(raw) if usable else None
