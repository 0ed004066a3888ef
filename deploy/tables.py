"""Tidy tables of readings and lists of stations from CSV and Parquet, checked; tables written whole or not at all.

A table of readings has the columns ``time, station, determinand, value``, one value per row; others are ignored.

Times carry ``Z`` or an offset (``2026-04-01T08:00:00+08:00``). A time without one is refused unless the caller names a
time zone: a table read eight hours off looks perfectly well. Spreadsheet dates (``2026/4/1 8:00``) are understood then.

Values are numbers in the determinand's unit. What a laboratory writes below its detection limit is understood:
``0.05L``, ``<0.05`` and ``ND(0.05)`` stand for the detection limit itself, so that they meet a class limit exactly
where the detection limit does; ``ND`` and ``未检出`` without a number are missing, as empty cells are
(`analytics.below_detection`).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from analytics.below_detection import Amount, BelowDetection, parse_amount
from deploy.raw_table import RawTable, check_suffix, read_raw
from sensors.determinand import determinand_key
from sensors.errors import ConfigError, Problem, UsageError
from sensors.place import WaterBody

COLUMNS = ("time", "station", "determinand", "value")

_TIME_ACCEPTED = "a time with Z or an offset, e.g. 2026-04-01T08:00:00+08:00"
_NAIVE_ACCEPTED = "a time with Z or an offset, or a time zone given for the whole file (--timezone)"
_VALUE_ACCEPTED = "a number, nothing, 0.05L, <0.05, ND(0.05), ND or 未检出"

_SPACED_ZONE = re.compile(r"\s+(?=(?:Z|[+-]\d{2}:?\d{2})$)")
_SHEET_TIME = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Readings:
    """A table of readings, checked.

    Attributes
    ----------
    file : str
        Name of its file.
    frame : polars.DataFrame
        Columns ``row`` (order in the file, from 0), ``time`` (Datetime us, UTC), ``station``, ``determinand`` (our
        keys), ``value`` (float64, unit of the determinand; null where missing) and ``below`` (bool: the value is a
        detection limit). Rows of unknown determinands are left out.
    unknown : mapping of str to int
        Determinands that we do not know, with their number of rows.
    where : callable
        Where a row stands in the file, as in ``where(0)`` -> ``line 2``.
    """

    file: str
    frame: pl.DataFrame
    unknown: Mapping[str, int]
    where: Callable[[int], str]


def read_readings(path: Path, *, timezone: str | None = None) -> Readings:
    """Read a tidy table of readings.

    Parameters
    ----------
    path : Path
        A ``.csv`` (UTF-8) or ``.parquet`` file.
    timezone : str, optional
        Zone of times that carry none: ``Asia/Shanghai`` or ``+08:00``.

    Raises
    ------
    ConfigError
        Listing every mistake in the file; of one kind the first twenty, and how many more.
    UsageError
        If there is no such file, it is of another kind, or the time zone is unknown.
    """
    zone = time_zone(timezone) if timezone else None
    raw = read_raw(path, COLUMNS)
    problems = []
    for column in ("time", "station", "determinand"):
        problems += raw.problems(raw.frame[column].is_null(), column, f"a {column} in every row")
    times, of_times = _times(raw, zone)
    values, below, of_values = _values(raw)
    problems += of_times + of_values
    if problems:
        raise ConfigError(problems)
    names = raw.frame["determinand"].cast(pl.String)
    keys = _mapped(names, _key, pl.String)
    frame = raw.frame.select(
        "row", times.alias("time"), pl.col("station").cast(pl.String), keys.alias("determinand"), values, below
    )
    unknown = names.filter(keys.is_null()).value_counts(sort=True)
    return Readings(raw.file, frame.filter(keys.is_not_null()), dict(unknown.iter_rows()), raw.where)


def read_stations(path: Path) -> dict[str, WaterBody]:
    """Read which kind of water each station stands in.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``station`` (or ``id``, as in the ``stations.csv`` of a site) and ``water_body``.

    Raises
    ------
    ConfigError
        Listing every mistake in the file.
    UsageError
        If there is no such file, or it is of another kind.
    """
    raw = read_raw(path, ("station", "water_body"), {"id": "station"})
    problems: list[Problem] = []
    bodies: dict[str, WaterBody] = {}
    columns = raw.frame.select("row", pl.col("station", "water_body").cast(pl.String))
    for row, station, body in columns.iter_rows():
        if station is None:
            problems.append(raw.problem(row, "no station", "a station in every row"))
        elif body not in ("river", "lake"):
            problems.append(raw.problem(row, f"water_body {body}" if body else "no water_body", "river or lake"))
        elif bodies.setdefault(station, body) != body:
            found = f"station {station} as {body}, and as {bodies[station]} before"
            problems.append(raw.problem(row, found, "one water_body for a station"))
    if problems:
        raise ConfigError(problems)
    return bodies


def read_classes(path: Path) -> dict[tuple[str, int], str]:
    """Read classes that somebody gave to records.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``time``, ``station`` and ``water_class``; rows without a class are left out.

    Returns
    -------
    dict of (station, milliseconds since the epoch UTC) to str

    Raises
    ------
    ConfigError
        Listing every mistake in the file.
    UsageError
        If there is no such file, or it is of another kind.
    """
    raw = read_raw(path, ("time", "station", "water_class"))
    times, problems = _times(raw, None)
    if problems:
        raise ConfigError(problems)
    frame = raw.frame.with_columns(times.dt.epoch("ms").alias("time")).drop_nulls()
    return {(station, time): name for time, station, name in frame.select("time", "station", "water_class").iter_rows()}


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a table whole or not at all: what stood there stays until the new one is complete.

    Parameters
    ----------
    frame : polars.DataFrame
        Times in UTC; CSV shows them as ``2026-04-01T00:00:00Z``.
    path : Path
        A ``.csv`` or ``.parquet`` file.

    Raises
    ------
    UsageError
        If the name ends otherwise, or the file cannot be written.
    """
    check_suffix(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            if path.suffix == ".csv":
                frame.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")
            else:
                frame.write_parquet(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def time_zone(name: str) -> tzinfo:
    """Time zone by name (``Asia/Shanghai``) or offset (``+08:00``).

    Raises
    ------
    UsageError
        If it is neither.
    """
    offset = re.fullmatch(r"([+-])(\d{2}):?([0-5]\d)", name)
    try:
        if offset is None:
            return ZoneInfo(name)
        sign, hours, minutes = offset.groups()
        return timezone((-1 if sign == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes)))
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"time zone {name} is unknown; give one like Asia/Shanghai or +08:00") from error


def _key(name: str) -> str | None:
    return determinand_key(name) or determinand_key(name.lower())


def _mapped(column: pl.Series, function: Callable[[Any], Any], dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    """Apply a function to each different value of a column; null stays null."""
    different = column.drop_nulls().unique()
    results = pl.Series("result", [function(value) for value in different], dtype=dtype)
    table = pl.DataFrame({"value": different, "result": results})
    return column.to_frame("value").join(table, on="value", how="left", maintain_order="left")["result"]


def _times(raw: RawTable, zone: tzinfo | None) -> tuple[pl.Series, list[Problem]]:
    """Times in UTC, and what is wrong with them."""
    column = raw.frame["time"]
    utc = pl.Datetime("us", "UTC")
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        return column.dt.convert_time_zone("UTC").cast(utc), []
    if column.dtype not in (pl.String, pl.Date) and not isinstance(column.dtype, pl.Datetime):
        return column, [Problem(raw.file, "time", f"a column of {column.dtype}", _TIME_ACCEPTED)]
    parsed = {value: _parse(value) for value in column.drop_nulls().unique()}
    naive = _mapped(column, lambda value: _is_naive(parsed[value]), pl.Boolean).fill_null(False)
    unknown = _mapped(column, lambda value: parsed[value] is None, pl.Boolean).fill_null(False)
    problems = raw.problems(unknown, "time", _TIME_ACCEPTED)
    if zone is None and naive.any():
        row = raw.frame.filter(naive)["row"][0]
        found = f"time {column.filter(naive)[0]} without a time zone ({naive.sum()} such rows)"
        problems.append(raw.problem(row, found, _NAIVE_ACCEPTED))
    if problems:
        return column, problems
    return _mapped(column, lambda value: _to_utc(parsed[value], zone), utc), []


def _is_naive(moment: datetime | None) -> bool:
    return moment is not None and moment.tzinfo is None


def _to_utc(moment: datetime | None, zone: tzinfo | None) -> datetime | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _parse(value: str | date) -> datetime | None:
    """Time of a text or of a date, aware where it says so; None where it is no time."""
    if not isinstance(value, str):
        return value if isinstance(value, datetime) else datetime.combine(value, time())
    sheet = _SHEET_TIME.fullmatch(value)
    try:
        if sheet is None:
            return datetime.fromisoformat(_SPACED_ZONE.sub("", value))
        return datetime(*(int(part or 0) for part in sheet.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None


def _amount(text: str) -> Amount | None:
    """What a text that is no plain number says; NaN where it says nothing that we understand."""
    try:
        return parse_amount(text)
    except ValueError:
        return float("nan")


def _number(amount: Amount | None) -> float | None:
    return amount.limit if isinstance(amount, BelowDetection) else amount


def _values(raw: RawTable) -> tuple[pl.Series, pl.Series, list[Problem]]:
    """Values, which of them are detection limits, and what is wrong with them."""
    column = raw.frame["value"]
    below = pl.Series("below", [False], dtype=pl.Boolean).new_from_index(0, len(column))
    if column.dtype == pl.Float32:
        # By way of the shortest decimal: a widened 0.2 would exceed a limit of 0.2.
        column = column.cast(pl.String)
    if not (column.dtype == pl.String or column.dtype.is_numeric()):
        return column, below, [Problem(raw.file, "value", f"a column of {column.dtype}", _VALUE_ACCEPTED)]
    numbers = column.cast(pl.Float64, strict=False)
    bad = numbers.is_infinite().fill_null(False)
    if column.dtype == pl.String:
        # Few different texts are no plain numbers; each is read once.
        texts = column.set(numbers.is_not_null(), None)
        amounts = {text: _amount(text) for text in texts.drop_nulls().unique()}
        read = _mapped(texts, lambda text: _number(amounts[text]), pl.Float64)
        is_limit = _mapped(texts, lambda text: isinstance(amounts[text], BelowDetection), pl.Boolean)
        below = (is_limit.fill_null(False) & read.is_not_null()).alias("below")
        bad |= read.is_nan().fill_null(False)
        numbers = numbers.fill_null(read)
    return numbers.fill_nan(None), below, raw.problems(bad, "value", _VALUE_ACCEPTED)
