"""One part of a history regraded: a class for each record, and the hourly means that evaluations rest on.

The class comes from `analytics.grading.grade_columns`, the kernel that grades live readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.below_detection import MEAN_SHARE
from analytics.grading import PHOSPHORUS_REQUIRED_UNTIL_MS, GradeColumns, WaterClass, grade_columns
from deploy.regrade.arrow import arrow_of, coded
from deploy.regrade.manifest import Manifest, finish, finished
from deploy.regrade.part import Ground, digest
from deploy.regrade.records import KEYS, Flags, Floats, Records
from sensors.durations import HOUR_MS

#: What is written where; another number makes every part new.
FORMAT = 1

#: Decimals of an hourly mean: what binary sums add lies beyond. The same as in the stores.
MEAN_DECIMALS = 10


class Part(Protocol):
    """A part of a history, wherever it lies."""

    @property
    def key(self) -> str:
        """Name of the part, unlike that of any other part."""

    @property
    def month(self) -> str:
        """Local month that it belongs to, as in 2026-04."""

    def token(self, ground: Ground) -> str:
        """Fingerprint of what the part will read: another one, another input."""

    def read(self, ground: Ground) -> Records:
        """Read it."""


@dataclass(frozen=True, slots=True)
class GradesJob:
    """Regrading of a part.

    Attributes
    ----------
    part : Part
    ground : Ground
    out : str
        Output folder.
    hours : bool
        Whether hourly means are wanted beside the classes.
    """

    part: Part
    ground: Ground
    out: str
    hours: bool

    @property
    def key(self) -> str:
        """Name of the task."""
        return f"parts/{self.part.key}"


@dataclass(frozen=True, slots=True)
class Done:
    """A finished task: its manifest, and whether it had been finished before."""

    manifest: Manifest
    reused: bool


def regrade_part(job: GradesJob) -> Done:
    """Grade a part and write what comes of it, unless that was done before."""
    out, ground = Path(job.out), job.ground
    fingerprint = digest(FORMAT, version("riverchief"), ground, job.part.token(ground))
    made = ("grades", "hours") if job.hours else ("grades",)
    before = finished(out, job.key, fingerprint, made)
    if before is not None:
        return Done(before, reused=True)
    records = job.part.read(ground)
    folder, _, number = job.part.key.partition("/")
    tables = {f"grades/month={folder}/{number}.parquet": grades_table(records, ground)}
    if job.hours:
        tables[f"hours/month={folder}/{number}.parquet"] = hours_table(records, ground)
    return Done(finish(out, job.key, fingerprint, made, tables, asdict(records.counts)), reused=False)


def grades_table(records: Records, ground: Ground) -> pa.Table:
    """Class of each record, and what decides it; counts them in `records`.

    Returns
    -------
    pyarrow.Table
        ``time`` (UTC), ``station``, ``water_class`` (I to V, INFERIOR_V, or nothing), ``partial``, ``provisional``
        (suspect values took part), ``deciding`` (determinands, joined by semicolons); ordered by time and station.
    """
    lake = ground.lake[records.station]
    graded = grade_columns(_judged(records, lake), lake)
    partial = graded.partial | _phosphorus_missing(records, graded)
    provisional = np.zeros(records.time_ms.size, np.bool_)
    for key, classes in zip(graded.determinands, graded.classes, strict=True):
        if key in records.suspect:
            provisional |= records.suspect[key] & (classes > 0)
    counts = records.counts
    occurred = np.bincount(graded.water_class, minlength=len(WaterClass) + 1).tolist()
    counts.classes = dict(zip(counts.classes, occurred, strict=True))
    counts.partial = int(np.count_nonzero(partial & (graded.water_class > 0)))
    none = graded.water_class == 0
    return pa.table(
        {
            "time": instants_column(records.time_ms),
            "station": names_column(records.station, ground.stations),
            "water_class": coded(graded.water_class - 1, [each.name for each in WaterClass], none),
            "partial": arrow_of(partial),
            "provisional": arrow_of(provisional),
            "deciding": _deciding(graded),
        }
    )


def _judged(records: Records, lake: Flags) -> dict[str, Floats]:
    """Values without those below a detection limit that meets no class: what lies below it may be of any class."""
    values = dict(records.values)
    for key, below in records.below.items():
        at = np.flatnonzero(below)
        ends = {"limit": values[key][at], "none": np.zeros(at.size)}
        worst, best = (grade_columns({key: end}, lake[at]).water_class for end in ends.values())
        values[key] = values[key].copy()
        values[key][at[(worst == WaterClass.INFERIOR_V) & (best < worst)]] = np.nan
    return values


def _phosphorus_missing(records: Records, graded: GradeColumns) -> Flags:
    """Records of the days when no class was complete without phosphorus, and that have none."""
    early: Flags = records.time_ms < PHOSPHORUS_REQUIRED_UNTIL_MS
    if "total_phosphorus" in graded.determinands and early.any():
        early &= graded.classes[graded.determinands.index("total_phosphorus")] == 0
    return early


def _deciding(graded: GradeColumns) -> pa.DictionaryArray:
    """Semicolon-joined determinands of each record; few combinations occur, so each is spelled once."""
    if len(graded.determinands) <= 16:
        masks = np.flatnonzero(np.bincount(graded.deciding, minlength=1))
        line = np.zeros(int(masks.max(initial=0)) + 1, np.int32)
        line[masks] = np.arange(masks.size, dtype=np.int32)
        code = line[graded.deciding]
    else:
        masks, which = np.unique(graded.deciding, return_inverse=True)
        code = which.astype(np.int32)
    texts = [
        ";".join(key for bit, key in enumerate(graded.determinands) if mask >> bit & 1) or None
        for mask in masks.tolist()
    ]
    return coded(code, texts)


def hours_table(records: Records, ground: Ground) -> pa.Table:
    """Hourly means of the usable values.

    Returns
    -------
    pyarrow.Table
        ``time`` (start of the hour, UTC), ``station``, ``determinand``, ``minimum``, ``maximum``, ``mean``,
        ``without_suspect`` (mean of the others; nothing where all are suspect), ``count``, ``provisional`` (how many
        are suspect), ``below`` (how many are below detection, of which the mean takes half the limit); ordered by
        determinand, station and hour.
    """
    n = records.time_ms.size
    hour = records.time_ms // HOUR_MS
    first = int(hour.min()) if n else 0
    span = int(hour.max()) - first + 1 if n else 1
    cell = records.station.astype(np.int64) * span + (hour - first)
    order = np.argsort(cell, kind="stable")
    cells, starts = np.unique(cell[order], return_index=True)
    columns = [_hours_of(key, records, order, starts, cells) for key in KEYS if key in records.values and n]
    joined = {name: np.concatenate([_NONE[name], *(column[name] for column in columns)]) for name in _NONE}
    cell = joined["cell"].astype(np.int64)
    return pa.table(
        {
            "time": instants_column((cell % span + first) * HOUR_MS),
            "station": names_column((cell // span).astype(np.int32), ground.stations),
            "determinand": names_column(joined["key"], KEYS),
            "minimum": arrow_of(joined["minimum"]),
            "maximum": arrow_of(joined["maximum"]),
            "mean": arrow_of(joined["mean"]),
            "without_suspect": arrow_of(joined["sound"], np.isnan(joined["sound"])),
            "count": arrow_of(joined["count"]),
            "provisional": arrow_of(joined["provisional"]),
            "below": arrow_of(joined["below"]),
        }
    )


_NONE: dict[str, NDArray[Any]] = {
    "cell": np.zeros(0, np.int64),
    "key": np.zeros(0, np.int32),
    **{name: np.zeros(0) for name in ("minimum", "maximum", "mean", "sound")},
    **{name: np.zeros(0, np.int32) for name in ("count", "provisional", "below")},
}


def _hours_of(
    key: str, records: Records, order: NDArray[np.intp], starts: NDArray[np.intp], cells: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Columns of one determinand: the cells (station and hour) that have a value of it."""
    value = records.values[key][order]
    there = np.isfinite(value)
    below = records.below[key][order] if key in records.below else None
    suspect = records.suspect[key][order] if key in records.suspect else None
    if below is not None:
        value = np.where(below, value * MEAN_SHARE, value)
    count = np.add.reduceat(there, starts, dtype=np.int32)
    kept = count > 0
    low = np.minimum.reduceat(np.where(there, value, np.inf), starts)[kept]
    high = np.maximum.reduceat(np.where(there, value, -np.inf), starts)[kept]
    mean = _mean(value, there, starts, count)[kept]
    none = np.zeros(cells.size, np.int32)
    provisional = none if suspect is None else np.add.reduceat(suspect, starts, dtype=np.int32)
    sound = mean if suspect is None else _mean(value, there & ~suspect, starts, count - provisional)[kept]
    return {
        "cell": cells[kept],
        "key": np.full(low.size, KEYS.index(key), np.int32),
        "minimum": low,
        "maximum": high,
        # Clamped as well: the mean of equal readings is that reading, to the last bit.
        "mean": np.clip(mean, low, high),
        "sound": np.clip(sound, low, high),
        "count": count[kept],
        "provisional": provisional[kept],
        "below": (none if below is None else np.add.reduceat(below, starts, dtype=np.int32))[kept],
    }


def _mean(value: Floats, of: Flags, starts: NDArray[np.intp], count: NDArray[np.int32]) -> Floats:
    """Mean of some values of each cell; NaN without any."""
    total = np.add.reduceat(np.where(of, value, 0.0), starts)
    mean: Floats = np.divide(total, count, out=np.full(total.size, np.nan), where=count > 0)
    return mean.round(MEAN_DECIMALS)


def names_column(code: NDArray[Any], names: Sequence[str]) -> pa.DictionaryArray:
    """Names by their positions; the dictionary holds only those that occur."""
    present = np.flatnonzero(np.bincount(code, minlength=1))
    line = np.zeros(len(names), np.int32)
    line[present] = np.arange(present.size, dtype=np.int32)
    return coded(line[code], [names[i] for i in present.tolist()] if code.size else [])


def instants_column(time_ms: NDArray[np.int64]) -> pa.Array:
    """Milliseconds since the epoch as instants, UTC."""
    return arrow_of(time_ms * 1000, kind=pa.timestamp("us", "UTC"))
