"""Readings as they are found in files and stores, put into records: one for each station and instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.regrade.part import Counts
from sensors.determinand import DETERMINANDS

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int32]

#: Keys of the determinands; `Rows.determinand` counts in it.
KEYS = tuple(DETERMINANDS)

_LOW = np.array([float(DETERMINANDS[key].low) for key in KEYS])
_HIGH = np.array([float(DETERMINANDS[key].high) for key in KEYS])


@dataclass(frozen=True, slots=True)
class Rows:
    """Readings as they were found.

    Attributes
    ----------
    time_ms : ndarray of int64, (m,)
        Milliseconds since the epoch, UTC. Columns of one wide table share one array.
    station : ndarray of int32, (m,)
        Position in `deploy.regrade.part.Ground.stations`.
    determinand : ndarray of int8 (m,), or int
        Position in `KEYS`; one number for a column of a wide table.
    value : ndarray of float64, (m,)
        NaN where missing.
    usable, suspect, below : ndarray of bool (m,), or None
        None: all are usable, none is suspect, none is below detection.
    """

    time_ms: Times
    station: Codes
    determinand: NDArray[np.int8] | int
    value: Floats
    usable: Flags | None = None
    suspect: Flags | None = None
    below: Flags | None = None


@dataclass(slots=True)
class Records:
    """Records of a part, ordered by time and station; each station and instant once.

    Attributes
    ----------
    time_ms : ndarray of int64, (n,)
        Milliseconds since the epoch, UTC.
    station : ndarray of int32, (n,)
        Position in `deploy.regrade.part.Ground.stations`.
    values : dict of str to (ndarray of float64, (n,))
        Usable values by determinand, in the order of `KEYS`; NaN where there is none, the detection limit where below.
    suspect, below : dict of str to (ndarray of bool, (n,))
        Which of them are suspect (quality 3), and which are below detection; only determinands with such values.
    counts : Counts
    """

    time_ms: Times
    station: Codes
    values: dict[str, Floats]
    suspect: dict[str, Flags]
    below: dict[str, Flags]
    counts: Counts


def to_records(rows: Sequence[Rows], stations: int, unknown: Mapping[str, int] | None = None) -> Records:
    """Put readings into records; of a station, time and determinand given twice the later row wins, also without value.

    Parameters
    ----------
    rows : sequence of Rows
        In the order of their sources.
    stations : int
        Number of stations of the site.
    unknown : mapping of str to int, optional
        See `deploy.regrade.part.Counts`.
    """
    counts = Counts(unknown=dict(unknown or {}))
    # Columns of one sheet share their instants: one key for all of them.
    sheets = {id(part.time_ms): part for part in rows}
    distinct, places = _distinct([part.time_ms * stations + part.station for part in sheets.values()])
    if len(sheets) == 1 and places[0] is None and not isinstance(rows[0].determinand, np.ndarray):
        columns = _as_they_lie(rows, counts)
    else:
        columns = _scattered(rows, distinct.size, dict(zip(sheets, places, strict=True)), counts)
    counts.records = distinct.size
    counts.values = sum(int(np.count_nonzero(np.isfinite(value))) for value in columns[0].values())
    counts.below = sum(int(np.count_nonzero(flags)) for flags in columns[2].values())
    return Records(distinct // stations, (distinct % stations).astype(np.int32), *columns, counts)


_Columns = tuple[dict[str, Floats], dict[str, Flags], dict[str, Flags]]


def _as_they_lie(rows: Sequence[Rows], counts: Counts) -> _Columns:
    """Columns of one wide table that is in order already: as they are."""
    values: dict[str, Floats] = {}
    suspect: dict[str, Flags] = {}
    below: dict[str, Flags] = {}
    for part in sorted(rows, key=lambda part: int(part.determinand)):
        key = KEYS[int(part.determinand)]
        values[key] = _plausible(part, counts)
        for found, flags in ((suspect, part.suspect), (below, part.below)):
            if flags is not None and flags.any():
                found[key] = flags & np.isfinite(values[key])
    return values, suspect, below


def _scattered(rows: Sequence[Rows], n: int, place_of: Mapping[int, Any], counts: Counts) -> _Columns:
    """Columns filled value by value, in the order of the rows."""
    present = sorted({int(code) for part in rows for code in np.flatnonzero(np.bincount(np.ravel(part.determinand)))})
    line = np.zeros(len(KEYS), np.intp)
    line[present] = np.arange(len(present))
    values = np.full((len(present), n), np.nan)
    filled = np.zeros((len(present), n), np.bool_)
    marks: dict[str, Flags] = {}
    for part in rows:
        place = place_of[id(part.time_ms)]
        at = (line[part.determinand], slice(None) if place is None else place)
        values[at], filled[at] = _plausible(part, counts), True
        for name, flags in (("suspect", part.suspect), ("below", part.below)):
            if flags is not None or name in marks:
                marks.setdefault(name, np.zeros((len(present), n), np.bool_))[at] = False if flags is None else flags
        counts.repeated += part.value.size
    counts.repeated -= int(np.count_nonzero(filled))

    def marked(name: str) -> dict[str, Flags]:
        flags = marks[name] & np.isfinite(values) if name in marks else ()
        return {KEYS[code]: row for code, row in zip(present, flags, strict=False) if row.any()}

    return {KEYS[code]: values[i] for i, code in enumerate(present)}, marked("suspect"), marked("below")


def _distinct(keys: Sequence[Times]) -> tuple[Times, list[NDArray[np.intp] | None]]:
    """Different keys in order, and where each of the given ones is among them; None where it is the same list."""
    key = keys[0] if len(keys) == 1 else np.concatenate([np.zeros(0, np.int64), *keys])
    step = key[1:] > key[:-1]
    if len(keys) == 1 and step.all():
        return key, [None]
    if (step | (key[1:] == key[:-1])).all():  # in order, as files are written
        first = np.concatenate([np.ones(min(key.size, 1), np.bool_), step])
        distinct, place = key[first], np.cumsum(first) - 1
    else:
        distinct, place = np.unique(key, return_inverse=True)
    ends = np.cumsum([each.size for each in keys])[:-1]
    return distinct, [*np.split(place, ends)] if keys else []


def _plausible(part: Rows, counts: Counts) -> Floats:
    """Values that take part in grading; -9999 for a permanganate index would otherwise be class I."""
    value, low, high = part.value, _LOW[part.determinand], _HIGH[part.determinand]
    refused = (value < low) | (value > high)
    if part.usable is not None:
        unusable = ~part.usable & ~np.isnan(value)
        counts.unusable += int(np.count_nonzero(unusable))
        refused &= part.usable
        counts.implausible += int(np.count_nonzero(refused))
        return np.where(refused | unusable, np.nan, value)
    count = int(np.count_nonzero(refused))
    counts.implausible += count
    return np.where(refused, np.nan, value) if count else value
