"""What stands in a Parquet file of a history, recognised by its columns.

Tidy: ``time, station, determinand, value``, one value per row. Wide: ``time, station`` and a column for each
determinand, one record per row. Either may have ``state`` (letters of HJ 212); a tidy one also ``quality`` (1 good,
2 not evaluated, 3 suspect, 4 fail, 9 missing) and ``below`` (true where the value is a detection limit). Other columns
are passed over. In a folder, ``station=S01/`` or ``determinand=ph/`` in the path stands for a column.

Times are timestamps with a time zone. Values are numbers in the determinand's unit, or texts as laboratories write
them (``0.05L``); `analytics.below_detection` says what is understood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from deploy.regrade.records import KEYS
from sensors.determinand import determinand_key
from sensors.errors import ConfigError, Problem
from sensors.reading import StationState

#: Columns of names: read as codes of a dictionary.
NAMES = ("station", "determinand", "state")

#: What a column of values may hold, for people.
VALUE_ACCEPTED = "numbers, or texts like 7.2, 0.05L and ND"

_PER_MS = {"ms": 1, "us": 1_000, "ns": 1_000_000}
_TIME_ACCEPTED = "a timestamp with a time zone, e.g. polars: pl.col('time').dt.replace_time_zone('Asia/Shanghai')"
_COLUMNS_ACCEPTED = "time, station, determinand, value; or time, station and a column for each determinand"

T = TypeVar("T", int, NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a file.

    Attributes
    ----------
    unit : str
        Of its times: s, ms, us or ns.
    values : mapping of str to int
        Columns of values by name, with the position of their determinand in `KEYS`. Tidy: only ``value``, with -1.
    said : mapping of str to str
        What the path says instead of a column: ``station``, ``determinand``.
    also : tuple of str
        Those of ``quality``, ``state`` and ``below`` that are there.
    """

    unit: str
    values: Mapping[str, int]
    said: Mapping[str, str]
    also: tuple[str, ...]

    @property
    def wide(self) -> bool:
        """Whether there is a column for each determinand."""
        return "value" not in self.values

    @property
    def columns(self) -> list[str]:
        """What is to be read."""
        named = ["station"] if self.wide else ["station", "determinand"]
        return ["time", *(name for name in named if name not in self.said), *self.values, *self.also]

    def to_ms(self, time: T) -> T:
        """Times in the file's unit as milliseconds since the epoch."""
        if self.unit == "ms":
            return time
        return time * 1000 if self.unit == "s" else time // _PER_MS[self.unit]


def layout_of(schema: pa.Schema, file: PurePath) -> Layout:
    """Recognise the columns of a file.

    Parameters
    ----------
    schema : pyarrow.Schema
    file : PurePath
        Relative to the folder of the history.

    Raises
    ------
    ConfigError
        Listing what is wrong with them.
    """
    said = dict(part.split("=", 1) for part in file.parts[:-1] if part.startswith(("station=", "determinand=")))
    said = {name: text for name, text in said.items() if name not in schema.names}
    there = {*schema.names, *said}
    tidy = "determinand" in there
    values = {"value": -1} if tidy else _determinands(schema.names)
    missing = [name for name in ("time", "station", *values) if name not in there] or (
        [] if values else ["determinand"]
    )
    if missing:
        found = f"columns {', '.join(schema.names)}; no {', '.join(missing)}"
        raise ConfigError([Problem(str(file), "columns", found, _COLUMNS_ACCEPTED)])
    problems = []
    time = schema.field("time").type
    if not pa.types.is_timestamp(time) or time.tz is None:
        problems.append(Problem(str(file), "column time", f"{time}", _TIME_ACCEPTED))
    for name in values:
        kind = plain(schema.field(name).type)
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or is_text(kind)):
            problems.append(Problem(str(file), f"column {name}", f"{kind}", VALUE_ACCEPTED))
    also = tuple(name for name in ("quality", "state", "below") if name in there and (tidy or name == "state"))
    for name, good, accepted in (
        ("quality", pa.types.is_integer, "whole numbers 1, 2, 3, 4, 9"),
        ("state", is_text, f"letters {' '.join(StationState)}"),
        ("below", pa.types.is_boolean, "true or false"),
    ):
        if name in also and not good(plain(schema.field(name).type)):
            problems.append(Problem(str(file), f"column {name}", f"{schema.field(name).type}", accepted))
    if problems:
        raise ConfigError(problems)
    return Layout(time.unit, values, said, also)


def _determinands(names: Sequence[str]) -> dict[str, int]:
    """Columns that are named like determinands; of two for one determinand the first."""
    columns: dict[str, int] = {}
    for name in names:
        key = position(name)
        if key >= 0 and key not in columns.values():
            columns[name] = key
    return columns


def position(name: str) -> int:
    """Where a determinand stands in `KEYS`, by any of its names; -1 where the name is none."""
    key = determinand_key(name) or determinand_key(name.lower())
    return -1 if key is None else KEYS.index(key)


def plain(kind: pa.DataType) -> pa.DataType:
    """Type of a column's values, whether they are coded or not."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
