"""Classes from files alone: the body of ``riverchief grade``.

A record is everything that a station reported for one instant. Where a station, instant and determinand occur twice the
later row wins: feeds revise themselves, and the last word counts, also where it says that the value is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from analytics.below_detection import BelowDetection
from analytics.grading import ASSESSED, PHOSPHORUS_REQUIRED_UNTIL_MS, GradeColumns, WaterClass, grade, grade_columns
from deploy.raw_table import LISTED, check_suffix
from deploy.tables import Readings, read_readings, read_stations, write_table
from sensors.determinand import DETERMINANDS
from sensors.errors import ConfigError, Problem, UsageError
from sensors.place import WaterBody


@dataclass(frozen=True, slots=True)
class GradeSummary:
    """What a run over a file did; its text is what the person at the command sees.

    Attributes
    ----------
    records, stations : int
    first, last : datetime or None
        Times of the first and the last record, UTC; None where there is none.
    classes : mapping of str to int
        Records of each class, best first; classes that do not occur included.
    unclassed : int
        Records without any value that grades.
    partial : int
        Records that have a class although a required determinand is missing.
    repeated : int
        Rows that a later row of the same station, time and determinand replaced.
    implausible : int
        Values outside the range that their determinand can have; they count as missing.
    below : int
        Values given as below a detection limit that were graded.
    unjudged : int
        Values given as below a detection limit that meets no class; they count as missing.
    unknown : mapping of str to int
        Determinands that we do not know, with their number of rows.
    assumed : str or None
        Water body that was assumed for every station, where no list of stations was given.
    """

    records: int
    stations: int
    first: datetime | None
    last: datetime | None
    classes: Mapping[str, int]
    unclassed: int
    partial: int
    repeated: int
    implausible: int
    below: int
    unjudged: int
    unknown: Mapping[str, int]
    assumed: str | None

    def __str__(self) -> str:
        lines = [f"{self.records} records of {self.stations} stations"]
        if self.first and self.last:
            lines[0] += f", {self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M} UTC"
        lines.append("  ".join(f"{name} {count}" for name, count in self.classes.items()))
        lines.append(f"partial (a required determinand is missing) {self.partial}; no class {self.unclassed}")
        if self.assumed:
            lines.append(f"no list of stations: every station graded as a {self.assumed}")
        if self.repeated:
            lines.append(f"{self.repeated} rows replaced by later rows of the same station, time and determinand")
        if self.implausible:
            lines.append(f"{self.implausible} implausible values counted as missing")
        if self.below:
            lines.append(f"{self.below} values below detection graded by their detection limit")
        if self.unjudged:
            lines.append(
                f"{self.unjudged} values below detection cannot be judged: their detection limit meets no class"
            )
        if self.unknown:
            names = ", ".join(f"{name} ({rows} rows)" for name, rows in self.unknown.items())
            lines.append(f"determinands not known, left out: {names}")
        return "\n".join(lines)


def grade_file(
    readings: Path,
    stations: Path | None,
    out: Path,
    *,
    timezone: str | None = None,
    water_body: WaterBody = "river",
) -> GradeSummary:
    """Grade every record of a tidy table of readings.

    Parameters
    ----------
    readings : Path
        See `deploy.tables.read_readings`.
    stations : Path or None
        See `deploy.tables.read_stations`. Without it every station stands in `water_body`.
    out : Path
        Where the grades go, ``.parquet`` or ``.csv``: columns ``time`` (UTC), ``station``, ``water_class`` (I to V,
        INFERIOR_V, or nothing), ``partial`` (bool), ``deciding`` (determinands, joined by semicolons); ordered by
        time and station.
    timezone : str, optional
        Zone of times that carry none.
    water_body : {'river', 'lake'}
        See `stations`.

    Raises
    ------
    ConfigError
        Listing the mistakes in the files, stations that are not in the list included.
    UsageError
        If a file cannot be had or written.
    """
    check_suffix(out)
    if out.resolve() in {path.resolve() for path in (readings, stations) if path}:
        raise UsageError(f"{out}: would overwrite the input; give another name for the grades")
    table = read_readings(readings, timezone=timezone)
    bodies = None if stations is None else read_stations(stations)
    if bodies is not None and stations is not None:
        _refuse_unlisted(table, bodies, stations)
    grades, latest, implausible, unjudged = grade_readings(table.frame, bodies or {}, water_body)
    if grades.is_empty() and (table.unknown or not table.frame.is_empty()):
        unknown = f"; unknown determinands: {', '.join(list(table.unknown)[:8])}" if table.unknown else ""
        raise UsageError(f"{readings.name}: no record that can be graded{unknown}")
    write_table(grades, out)
    return _summary(grades, table, latest, implausible, unjudged, None if bodies is not None else water_body)


def grade_readings(
    frame: pl.DataFrame, bodies: Mapping[str, WaterBody], water_body: WaterBody = "river"
) -> tuple[pl.DataFrame, pl.DataFrame, int, int]:
    """Grade readings as they stand in a file: the later row holds, and what cannot be judged is left out.

    Parameters
    ----------
    frame : polars.DataFrame
        See `deploy.tables.Readings`.
    bodies : mapping of str to WaterBody
        By station; `water_body` where it is not there.
    water_body : {'river', 'lake'}

    Returns
    -------
    grades : polars.DataFrame
        See `grade_file`.
    latest : polars.DataFrame
        The rows that hold.
    implausible, unjudged : int
        Rows that were left out: outside the plausible range, and below a detection limit that meets no class.
    """
    valid, implausible = _without_implausible(frame)
    latest = valid.unique(("time", "station", "determinand"), keep="last", maintain_order=True)
    judged, unjudged = _without_unjudged(latest, bodies, water_body)
    grades = grade_frame(judged, bodies, water_body)
    if implausible:
        # What is thrown away may have been the worst: such a record is not complete, whatever else it has.
        given = frame.unique(("time", "station", "determinand"), keep="last", maintain_order=True)
        doubtful = given.filter(pl.col("determinand").is_in(ASSESSED) & pl.col("value").is_not_null()).join(
            latest.filter(pl.col("value").is_null()), on=("time", "station", "determinand"), how="semi"
        )
        keys = doubtful.select("time", "station", doubtful=pl.lit(True)).unique()
        grades = (
            grades.join(keys, on=("time", "station"), how="left", maintain_order="left")
            .with_columns(pl.col("partial") | pl.col("doubtful").fill_null(False))
            .drop("doubtful")
        )
    return grades, latest, implausible, unjudged


def grade_frame(
    readings: pl.DataFrame, bodies: Mapping[str, WaterBody] | None = None, water_body: WaterBody = "river"
) -> pl.DataFrame:
    """Grade a table of readings in memory.

    Parameters
    ----------
    readings : polars.DataFrame
        ``time``, ``station``, ``determinand``, ``value``; each station, time and determinand once.
    bodies : mapping of str to WaterBody, optional
        By station; `water_body` where it is not there.
    water_body : {'river', 'lake'}

    Returns
    -------
    polars.DataFrame
        See `grade_file`.
    """
    wide = readings.pivot("determinand", index=("time", "station"), values="value").sort("time", "station")
    columns = {
        name: wide[name].fill_null(float("nan")).to_numpy() for name in wide.columns if name not in ("time", "station")
    }
    lakes = [station for station, body in (bodies or {}).items() if body == "lake"]
    in_lake = wide["station"].is_in(lakes)
    if water_body == "lake":
        in_lake |= ~wide["station"].is_in(list(bodies or {}))
    graded = grade_columns(columns, in_lake.to_numpy())
    early = wide["time"].dt.epoch("ms") < PHOSPHORUS_REQUIRED_UNTIL_MS
    phosphorus = "total_phosphorus"
    incomplete = early & wide[phosphorus].is_null() if phosphorus in wide.columns else early
    return wide.select(
        "time",
        "station",
        water_class=_class_names(graded),
        partial=pl.Series(graded.partial) | incomplete,
        deciding=_deciding_names(graded),
    )


def _class_names(graded: GradeColumns) -> pl.Series:
    names = pl.Series([None, *(water_class.name for water_class in WaterClass)], dtype=pl.String)
    return names.gather(pl.Series(graded.water_class))


def _deciding_names(graded: GradeColumns) -> pl.Series:
    """Semicolon-joined determinands of each record; few combinations occur, so each is spelled once."""
    masks, which = np.unique(graded.deciding, return_inverse=True)
    texts = [
        ";".join(key for bit, key in enumerate(graded.determinands) if mask >> bit & 1) or None
        for mask in masks.tolist()
    ]
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(which))


def _refuse_unlisted(table: Readings, bodies: Mapping[str, WaterBody], stations: Path) -> None:
    """Refuse stations that the list does not have: a guessed water body would grade phosphorus wrongly."""
    unlisted = table.frame.filter(~pl.col("station").is_in(list(bodies)))
    first = unlisted.unique("station", keep="first", maintain_order=True)
    accepted = f"a station that {stations.name} lists, e.g. {', '.join(list(bodies)[:3])}"
    problems = [
        Problem(table.file, table.where(row), f"station {station}", accepted)
        for row, station in first.head(LISTED).select("row", "station").iter_rows()
    ]
    if first.height > LISTED:
        problems.append(Problem(table.file, "further down", f"{first.height - LISTED} more such stations", accepted))
    if problems:
        raise ConfigError(problems)


def _without_implausible(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Values that no water has, as missing: -9999 for a permanganate index would otherwise be class I."""
    low = {key: float(determinand.low) for key, determinand in DETERMINANDS.items()}
    high = {key: float(determinand.high) for key, determinand in DETERMINANDS.items()}
    key = pl.col("determinand")
    plausible = pl.col("value").is_between(
        key.replace_strict(low, return_dtype=pl.Float64), key.replace_strict(high, return_dtype=pl.Float64)
    )
    marked = frame.with_columns(plausible=plausible)
    cleaned = marked.with_columns(value=pl.when("plausible").then("value")).drop("plausible")
    return cleaned, marked.filter(~pl.col("plausible")).height


def _without_unjudged(
    frame: pl.DataFrame, bodies: Mapping[str, WaterBody], water_body: WaterBody
) -> tuple[pl.DataFrame, int]:
    """Detection limits that meet no class, as missing: what lies below them may be of any class."""
    body = pl.col("station").replace_strict(dict(bodies), default=water_body, return_dtype=pl.String)
    marked = frame.with_columns(body=body)
    kinds = marked.filter("below", pl.col("value").is_not_null()).select("determinand", "value", "body").unique()
    unjudged = [
        (key, limit, water)
        for key, limit, water in kinds.iter_rows()
        if grade({key: BelowDetection(limit)}, water).unjudged
    ]
    table = pl.DataFrame(unjudged, kinds.schema, orient="row").with_columns(below=True, unjudged=True)
    marked = marked.join(table, on=["determinand", "value", "body", "below"], how="left", maintain_order="left")
    cleaned = marked.with_columns(value=pl.when(pl.col("unjudged").is_null()).then("value")).drop("unjudged", "body")
    return cleaned, marked["unjudged"].count()


def _summary(
    grades: pl.DataFrame,
    table: Readings,
    latest: pl.DataFrame,
    implausible: int,
    unjudged: int,
    assumed: str | None,
) -> GradeSummary:
    counts = dict(grades["water_class"].value_counts().iter_rows())
    has_class = grades["water_class"].is_not_null()
    bounds = grades.select(first=pl.col("time").min(), last=pl.col("time").max()).row(0)
    return GradeSummary(
        records=grades.height,
        stations=grades["station"].n_unique(),
        first=bounds[0],
        last=bounds[1],
        classes={water_class.name: counts.get(water_class.name, 0) for water_class in WaterClass},
        unclassed=counts.get(None, 0),
        partial=int((grades["partial"] & has_class).sum()),
        repeated=table.frame.height - latest.height,
        implausible=implausible,
        below=int(latest["below"].sum()) - unjudged,
        unjudged=unjudged,
        unknown=table.unknown,
        assumed=assumed,
    )
