"""One month of a regraded history evaluated: days and the month, stations and rivers, by the functions of `analytics`.

Beside the classes it leaves the monthly means that trends are judged on: means of all hours that have a value, so that
a station that reports once a day has a trend too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import DTypeLike, NDArray

from analytics.below_detection import MEAN_SHARE
from analytics.evaluation import evaluate_river
from analytics.grading import WaterClass, grade
from analytics.period_means import HourColumns, PeriodClasses, period_classes
from analytics.periods import PeriodKind
from analytics.window import hours_between, mean_of
from deploy.regrade.arrow import NAN, arrow_of, numpy_of, texts_of
from deploy.regrade.evaluations import EvaluationRows, Section
from deploy.regrade.grades import FORMAT, Done, instants_column, names_column
from deploy.regrade.manifest import finish, finished
from deploy.regrade.part import Ground, digest
from deploy.regrade.records import KEYS, Flags, Floats, Times
from sensors.durations import HOUR_MS
from sensors.place import WaterBody

#: Periods that are evaluated.
KINDS: tuple[PeriodKind, ...] = ("day", "month")

_MADE = ("evaluations", "means")


@dataclass(frozen=True, slots=True)
class MonthJob:
    """Evaluation of a month at some stations, of whole rivers.

    Attributes
    ----------
    month : str
        As in 2026-04.
    number : int
        Which chunk of the stations.
    stations : tuple of str
    start_ms, end_ms : int
        The local month, milliseconds since the epoch, UTC.
    hours : tuple of str
        Files with the hourly means of the month, relative to `out`.
    token : str
        Fingerprint of what they hold.
    ground : Ground
    out : str
    """

    month: str
    number: int
    stations: tuple[str, ...]
    start_ms: int
    end_ms: int
    hours: tuple[str, ...]
    token: str
    ground: Ground
    out: str

    @property
    def key(self) -> str:
        """Name of the task."""
        return f"months/{self.month}/{self.number:04d}"


@dataclass(frozen=True, slots=True)
class _Hours:
    """Hourly means of one determinand at one station."""

    columns: HourColumns
    count: NDArray[np.int32]
    below: NDArray[np.int32]


def evaluate_month(job: MonthJob) -> Done:
    """Evaluate a month and write what comes of it, unless that was done before."""
    out = Path(job.out)
    fingerprint = digest(FORMAT, version("riverchief"), job.ground, job.stations, job.token)
    before = finished(out, job.key, fingerprint, _MADE)
    if before is not None:
        return Done(before, reused=True)
    hours = _read(out, job.hours, job.stations)
    name = f"month={job.month}/{job.number:04d}.parquet"
    tables = {f"evaluations/{name}": _evaluations(hours, job), f"means/{name}": _means(hours)}
    return Done(finish(out, job.key, fingerprint, _MADE, tables, {}), reused=False)


def _read(out: Path, files: Sequence[str], stations: Sequence[str]) -> dict[str, dict[str, _Hours]]:
    """Hourly means by station and determinand, in the order of the stations and of `KEYS`."""
    wanted = texts_of(stations)
    tables = []
    for file in files:
        with pq.ParquetFile(out / file) as opened:
            table = opened.read(use_threads=False)
        tables.append(table.filter(pc.is_in(table["station"].cast(pa.string()), wanted)))
    if not tables:
        return {}
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    station, stations_there = _codes(table, "station", stations)
    determinand, _ = _codes(table, "determinand", KEYS)
    start_ms = numpy_of(table["time"].combine_chunks(), np.int64) // 1000
    order = np.lexsort((start_ms, determinand, station))
    start_ms = start_ms[order]
    column = {name: _numbers(table, name, np.float64)[order] for name in ("mean", "without_suspect")}
    column |= {name: _numbers(table, name, np.int32)[order] for name in ("count", "provisional", "below")}
    series = (station.astype(np.int64) * len(KEYS) + determinand)[order]
    found: dict[str, dict[str, _Hours]] = {}
    for cut in _runs(series):
        means = HourColumns(
            start_ms[cut], column["mean"][cut], column["without_suspect"][cut], column["provisional"][cut] > 0
        )
        name, key = stations_there[int(series[cut.start]) // len(KEYS)], KEYS[int(series[cut.start]) % len(KEYS)]
        found.setdefault(name, {})[key] = _Hours(means, column["count"][cut], column["below"][cut])
    return found


def _codes(table: pa.Table, name: str, names: Sequence[str]) -> tuple[NDArray[np.int32], Sequence[str]]:
    """Positions of a column's names in `names`."""
    column = table[name].combine_chunks()
    place = {each: i for i, each in enumerate(names)}
    line = np.array([place.get(each, -1) for each in column.dictionary.to_pylist()], np.int32)  # -1: of filtered rows
    return line[numpy_of(column.indices, np.int32)], names


def _numbers(table: pa.Table, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """Numbers of a column, NaN where there is none."""
    column = table[name].combine_chunks()
    return numpy_of(pc.fill_null(column, NAN) if column.null_count else column, dtype)


def _runs(keys: NDArray[np.int64]) -> Iterator[slice]:
    """Runs of equal keys."""
    edges = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), keys.size]
    return (slice(a, b) for a, b in pairwise(edges) if b > a)


def _evaluations(hours: Mapping[str, Mapping[str, _Hours]], job: MonthJob) -> pa.Table:
    """Rows of all stations that have data in the month and of their rivers, day by day and as a whole."""
    ground, rows = job.ground, EvaluationRows()
    if not hours:
        return rows.table()
    columns = [of.columns for by_key in hours.values() for of in by_key.values()]
    doubt = any(of.suspect.any() for of in columns)
    # From the first to the last day of which anything is known: a month may still be running.
    known = (
        max(min(int(of.start_ms[0]) for of in columns), job.start_ms),
        max(int(of.start_ms[-1]) for of in columns) + 1,
    )
    for kind in KINDS:
        span = (job.start_ms, job.end_ms) if kind == "month" else known
        edges, sections = _sections(hours, kind, ground, span, suspect=True)
        _, sound = _sections(hours, kind, ground, span, suspect=False) if doubt else (edges, sections)
        for i, (start, end) in enumerate(pairwise(edges)):
            for name in hours:
                rows.add_station(sections[name][i], sound[name][i], kind, start, end, _target(ground, name))
            for river in dict.fromkeys(ground.rivers[ground.stations.index(name)] for name in hours):
                members = [
                    s for s, of in zip(ground.stations, ground.rivers, strict=True) if of == river and s in hours
                ]
                target = WaterClass[ground.targets[river]]
                whole = evaluate_river(river, [sections[name][i] for name in members], target=target)
                without = evaluate_river(river, [sound[name][i] for name in members], target=target)
                rows.add_river(whole, without, kind, start, end)
    return rows.table()


def _target(ground: Ground, station: str) -> WaterClass:
    return WaterClass[ground.targets[ground.rivers[ground.stations.index(station)]]]


def _sections(
    hours: Mapping[str, Mapping[str, _Hours]], kind: PeriodKind, ground: Ground, span: tuple[int, int], *, suspect: bool
) -> tuple[list[int], dict[str, list[Section]]]:
    """Every station over each period of a kind that covers a span [ms]."""
    edges: list[int] = []
    sections = {}
    for name, by_key in hours.items():
        body = ground.bodies[ground.stations.index(name)]
        columns = {key: of.columns for key, of in by_key.items()}
        found = period_classes(columns, body, kind, *span, ground.zone, suspect=suspect)
        edges = found.edges.tolist()
        used = _hours_used(found, columns, suspect=suspect)
        sections[name] = [_section(name, body, found, i, used[i], _target(ground, name)) for i in range(len(edges) - 1)]
    return edges, sections


def _section(name: str, body: WaterBody, found: PeriodClasses, i: int, used: int, target: WaterClass) -> Section:
    amounts = {key: float(of.mean[i]) for key, of in found.means.items() if np.isfinite(of.mean[i])}
    hours = hours_between(int(found.edges[i]), int(found.edges[i + 1]))
    return Section(name, body, grade(amounts, body, target=target), bool(found.provisional[i]), amounts, used, hours)


def _hours_used(found: PeriodClasses, columns: Mapping[str, HourColumns], *, suspect: bool) -> list[int]:
    """Hours of each period in which a determinand that grades was valid."""
    valid = [
        of.start_ms[np.isfinite(of.mean if suspect else of.without_suspect)]
        for key, of in columns.items()
        if key in found.grades.determinands
    ]
    hours = np.unique(np.concatenate(valid)) if valid else np.zeros(0, np.int64)
    return [int(count) for count in np.diff(np.searchsorted(hours, found.edges))]


def _means(hours: Mapping[str, Mapping[str, _Hours]]) -> pa.Table:
    """Mean of every determinand at every station over the hours of the month that have a value.

    ``below`` is true where all of them are below detection; the mean is then the highest limit.
    """
    series = [(name, key, of) for name, by_key in hours.items() for key, of in by_key.items()]
    names = list(hours)
    below: Flags = np.array([bool((of.below == of.count).all()) for _, _, of in series], np.bool_)
    mean: Floats = np.array(
        [
            float(of.columns.mean.max()) / MEAN_SHARE if all_below else mean_of(of.columns.mean.tolist())
            for (_, _, of), all_below in zip(series, below.tolist(), strict=True)
        ],
        np.float64,
    )
    time_ms: Times = np.array([int(of.columns.start_ms.mean()) + HOUR_MS // 2 for _, _, of in series], np.int64)
    return pa.table(
        {
            "time": instants_column(time_ms),
            "station": names_column(np.array([names.index(name) for name, _, _ in series], np.int32), names),
            "determinand": names_column(np.array([KEYS.index(key) for _, key, _ in series], np.int32), KEYS),
            "mean": arrow_of(mean),
            "below": arrow_of(below),
            "hours": arrow_of(np.array([of.count.size for _, _, of in series], np.int32)),
            "provisional": arrow_of(np.array([of.columns.suspect.sum() for _, _, of in series], np.int32)),
        }
    )
