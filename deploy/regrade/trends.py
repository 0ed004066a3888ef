"""Trends of a regraded history: every determinand at every station, on the monthly means of all its years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.below_detection import MEAN_SHARE
from analytics.window import mean_of
from deploy.regrade.arrow import table_of
from deploy.regrade.grades import FORMAT, Done
from deploy.regrade.manifest import finish, finished
from deploy.regrade.part import digest
from sensors.determinand import DETERMINANDS
from sensors.site_settings import PeriodSettings

#: Fewest months of a year that counts for the rank correlation.
MIN_MONTHS = PeriodSettings().min_months_year

#: Fewest years that either test judges: `analytics.trend.MIN_CYCLES`, `analytics.trend_daniel.MIN_PERIODS`.
FEWEST_YEARS = 5

#: What a series can do.
DIRECTIONS = ("rising", "falling", "none", "too short")

_MADE = ("trends",)


@dataclass(frozen=True, slots=True)
class TrendJob:
    """Trends of some stations.

    Attributes
    ----------
    number : int
        Which chunk of the stations.
    stations : tuple of str
    means : tuple of (str, str)
        Months, as in 2026-04, and their files of monthly means relative to `out`; in order of time.
    token : str
        Fingerprint of what they hold.
    out : str
    """

    number: int
    stations: tuple[str, ...]
    means: tuple[tuple[str, str], ...]
    token: str
    out: str

    @property
    def key(self) -> str:
        """Name of the task."""
        return f"trends/{self.number:04d}"


@dataclass(slots=True)
class _Series:
    """Monthly means of one determinand at one station."""

    time_ms: list[int]
    month: list[int]
    year: list[int]
    mean: list[float]
    below: list[bool]


def judge_trends(job: TrendJob) -> Done:
    """Judge the trends of some stations and write them, unless that was done before."""
    out = Path(job.out)
    fingerprint = digest(FORMAT, version("riverchief"), job.stations, job.token)
    before = finished(out, job.key, fingerprint, _MADE)
    if before is not None:
        return Done(before, reused=True)
    rows = [row for (name, key), series in _read(job, out) for row in _judged(name, key, series)]
    tables = {f"trends/{job.number:04d}.parquet": table_of(rows, _SCHEMA)}
    return Done(finish(out, job.key, fingerprint, _MADE, tables, {"trends": _directions(rows)}), reused=False)


def _read(job: TrendJob, out: Path) -> Iterator[tuple[tuple[str, str], _Series]]:
    """Monthly means of every station and determinand, in the order of the stations and determinands."""
    found: dict[tuple[str, str], _Series] = {}
    for month, file in job.means:
        year, number = (int(part) for part in month.split("-"))
        with pq.ParquetFile(out / file) as opened:
            table = opened.read(use_threads=False)
        times = table["time"].cast(pa.int64()).to_pylist()
        columns = (table[name].to_pylist() for name in ("station", "determinand", "mean", "below"))
        for time, name, key, mean, below in zip(times, *columns, strict=True):
            series = found.setdefault((name, key), _Series([], [], [], [], []))
            series.time_ms.append(time // 1000)
            series.month.append(number)
            series.year.append(year)
            series.mean.append(mean)
            series.below.append(below)
    for name in job.stations:
        for key in DETERMINANDS:
            if (name, key) in found:
                yield (name, key), found[name, key]


def _judged(name: str, key: str, series: _Series) -> Iterator[dict[str, Any]]:
    """Seasonal Kendall on the months, rank correlation on the years; without a direction where there are too few."""
    years = _years(series)
    months = {"station": name, "determinand": key, "method": "seasonal_kendall", "n": len(series.mean)}
    months |= {"below": sum(series.below), "first": series.time_ms[0] * 1000, "last": series.time_ms[-1] * 1000}
    ranks = {"station": name, "determinand": key, "method": "daniel", "n": len(years)}
    if years:
        ranks |= {"first": _new_year(min(years)), "last": _new_year(max(years))}
    if len(set(series.year)) >= FEWEST_YEARS:
        months |= _seasonal(series)
        ranks |= _ranked(years)
    yield months
    yield ranks


# SciPy is loaded where it is needed: that takes longer than to grade a short history.
def _seasonal(series: _Series) -> dict[str, Any]:
    from analytics.trend import seasonal_kendall

    trend = seasonal_kendall(
        np.array(series.time_ms, np.int64),
        np.array(series.mean, np.float64),
        np.array(series.month, np.int64),
        np.array(series.year, np.int64),
        below=np.array(series.below, np.bool_),
    )
    if trend is None:
        return {}
    row = {"statistic": trend.tau, "p_value": trend.p_value, "direction": trend.direction()}
    return row | {"slope": trend.slope, "slope_low": trend.slope_low, "slope_high": trend.slope_high}


def _ranked(years: Mapping[int, float]) -> dict[str, Any]:
    from analytics.trend_daniel import daniel

    found = daniel(np.array(list(years.values()), np.float64))
    return {} if found is None else {"statistic": found.rs, "critical": found.wp, "direction": found.direction}


def _years(series: _Series) -> dict[int, float]:
    """Means of the years that have enough months."""
    months: dict[int, list[float]] = {}
    for year, mean, below in zip(series.year, series.mean, series.below, strict=True):
        months.setdefault(year, []).append(mean * MEAN_SHARE if below else mean)
    return {year: mean_of(means) for year, means in sorted(months.items()) if len(means) >= MIN_MONTHS}


def _new_year(year: int) -> int:
    return int(np.datetime64(f"{year}-01-01", "us").astype(np.int64))


def _directions(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many series rise, fall, do neither, and are too short."""
    found = dict.fromkeys(DIRECTIONS, 0)
    for row in rows:
        if row["method"] == "seasonal_kendall":
            found[row.get("direction", "too short")] += 1
    return found


_SCHEMA = pa.schema(
    [
        ("station", pa.string()), ("determinand", pa.string()), ("method", pa.string()),
        ("n", pa.int32()), ("below", pa.int32()),
        ("first", pa.timestamp("us", "UTC")), ("last", pa.timestamp("us", "UTC")),
        ("statistic", pa.float64()), ("p_value", pa.float64()), ("critical", pa.float64()),
        ("slope", pa.float64()), ("slope_low", pa.float64()), ("slope_high", pa.float64()),
        ("direction", pa.string()),
    ]
)  # fmt: skip
