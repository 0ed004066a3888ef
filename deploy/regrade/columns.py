"""Columns of a Parquet file of a history become readings; `deploy.regrade.layout` says what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.below_detection import BelowDetection, parse_amount
from deploy.regrade.arrow import NAN, arrow_of, numpy_of, scalar_of
from deploy.regrade.layout import VALUE_ACCEPTED, Layout, is_text, plain, position
from deploy.regrade.records import Codes, Flags, Floats, Rows, Times
from sensors.errors import ConfigError, Problem
from sensors.reading import USABLE_QUALITIES, Quality, StationState

#: At most this many mistakes of one kind are listed.
LISTED = 20

_FALSE, _NOT_EVALUATED = scalar_of(False), scalar_of(np.int64(Quality.NOT_EVALUATED))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readings a part takes.

    Attributes
    ----------
    start_ms, end_ms : int
        Start inclusive, end exclusive.
    stations : tuple of str
        None of them means all.
    known : tuple of str
        Stations of the site.
    """

    start_ms: int
    end_ms: int
    stations: tuple[str, ...]
    known: tuple[str, ...]


def read_rows(
    table: pa.Table, layout: Layout, wanted: Wanted, unknown: Counter[str], file: str, offset: int
) -> Iterator[Rows]:
    """Readings of a row group that are wanted.

    Parameters
    ----------
    table : pyarrow.Table
        Its columns as `layout` names them.
    unknown : Counter
        Gets the rows of names that are no determinand.
    file : str
        How its reader knows it.
    offset : int
        Rows before the row group in its file.

    Raises
    ------
    ConfigError
        Listing rows without time or station, stations that the site does not have, texts that are no values.
    """
    found = _Found(table, layout, file, offset)
    time_ms, station = found.times(), found.codes("station")
    inside = (time_ms >= wanted.start_ms) & (time_ms < wanted.end_ms)
    place = _places(station, wanted, inside, found)
    if wanted.stations:
        inside &= np.isin(place, [wanted.known.index(name) for name in wanted.stations])
    determinand = None if layout.wide else _keys(found.codes("determinand"), inside, unknown)
    if determinand is not None:
        inside &= determinand >= 0
    take = None if inside.all() else np.flatnonzero(inside)
    time_ms, place = _taken(time_ms, take), _taken(place, take)
    usable, suspect = found.usable(take)
    for name, key in layout.values.items():
        value, below = found.values(name, take)
        of_row = key if determinand is None else _taken(determinand, take)
        yield Rows(time_ms, place, of_row, value, usable, suspect, below)


class _Found:
    """Columns of a row group as arrays, and where its mistakes are."""

    def __init__(self, table: pa.Table, layout: Layout, file: str, offset: int) -> None:
        self._table, self._layout, self._file, self._offset = table, layout, file, offset

    def problem(self, row: int, found: str, accepted: str) -> Problem:
        """A mistake in a row of the row group."""
        return Problem(self._file, f"row {self._offset + row + 1}", found, accepted)

    def times(self) -> Times:
        """Instants [ms]."""
        column = self._table["time"].combine_chunks()
        self._refuse_gaps(column, "time")
        numbers = numpy_of(column, np.int64)
        return self._layout.to_ms(numbers)

    def codes(self, name: str) -> tuple[Codes, list[str]]:
        """A column of names: position of each row's in a list of them."""
        if name in self._layout.said:
            return np.zeros(self._table.num_rows, np.int32), [self._layout.said[name]]
        column = _encoded(self._table[name])
        self._refuse_gaps(column.indices, name)
        return _indices(column.indices), _texts(column.dictionary)

    def values(self, name: str, take: NDArray[np.intp] | None) -> tuple[Floats, Flags | None]:
        """Values, and which of them are detection limits; None where none is."""
        column = _taken_column(self._table[name], take)
        kind = plain(column.type)
        below = _flags(self._table, take) if "below" in self._layout.also else None
        if pa.types.is_float64(kind) or pa.types.is_integer(kind):
            return numpy_of(pc.fill_null(column.cast(pa.float64()), NAN), np.float64), below
        encoded = _encoded(column)
        numbers, limits = self._parsed(_texts(encoded.dictionary), name)
        code = _indices(encoded.indices, len(numbers))
        of_text = np.append(limits, False)[code]
        value = np.append(numbers, np.nan)[code]
        return value, of_text if below is None else below | of_text

    def usable(self, take: NDArray[np.intp] | None) -> tuple[Flags | None, Flags | None]:
        """Which rows take part, and which are suspect; None where all do, and none is."""
        usable: Flags | None = None
        suspect: Flags | None = None
        if "quality" in self._layout.also:
            column = _taken_column(self._table["quality"], take)
            quality = numpy_of(pc.fill_null(column.cast(pa.int64()), _NOT_EVALUATED), np.int64)
            usable = np.isin(quality, [int(each) for each in USABLE_QUALITIES])
            suspect = quality == int(Quality.SUSPECT)
        if "state" in self._layout.also:
            column = _encoded(_taken_column(self._table["state"], take))
            normal = np.append(self._normal(_texts(column.dictionary)), True)
            code = _indices(column.indices, len(normal) - 1)
            usable = normal[code] if usable is None else usable & normal[code]
        return usable, suspect

    def _normal(self, letters: Sequence[str]) -> Flags:
        odd = [letter for letter in letters if letter and letter not in set(StationState)]
        if odd:
            accepted = f"letters {' '.join(StationState)}"
            raise ConfigError([Problem(self._file, "column state", repr(each), accepted) for each in odd[:LISTED]])
        return np.array([letter in ("", StationState.NORMAL) for letter in letters], np.bool_)

    def _parsed(self, texts: Sequence[str], name: str) -> tuple[Floats, Flags]:
        numbers, limits, problems = np.full(len(texts), np.nan), np.zeros(len(texts), np.bool_), []
        for i, text in enumerate(texts):
            try:
                amount = parse_amount(text)
            except ValueError:
                problems.append(Problem(self._file, f"column {name}", repr(text), VALUE_ACCEPTED))
                continue
            if isinstance(amount, BelowDetection):
                numbers[i], limits[i] = (np.nan, False) if amount.limit is None else (amount.limit, True)
            elif amount is not None:
                numbers[i] = amount
        if problems:
            raise ConfigError(problems[:LISTED])
        return numbers, limits

    def _refuse_gaps(self, column: Any, name: str) -> None:
        if column.null_count:
            first = int(np.flatnonzero(numpy_of(column.is_null(), np.bool_))[0])
            found = f"no {name} ({column.null_count} such rows in the row group)"
            raise ConfigError([self.problem(first, found, f"a {name} in every row")])


def _places(station: tuple[Codes, list[str]], wanted: Wanted, inside: Flags, found: _Found) -> Codes:
    """Position of each row's station among those of the site."""
    code, names = station
    known = {name: i for i, name in enumerate(wanted.known)}
    place = np.array([known.get(name, -1) for name in names], np.int32)[code]
    odd = np.flatnonzero((place < 0) & inside)
    if odd.size:
        accepted = f"a station of the site, e.g. {', '.join(wanted.known[:3])}"
        _, first = np.unique(code[odd], return_index=True)
        rows = odd[np.sort(first)]
        problems = [found.problem(int(row), f"station {names[code[row]]}", accepted) for row in rows[:LISTED]]
        if rows.size > LISTED:
            problems.append(found.problem(int(rows[LISTED]), f"{rows.size - LISTED} more such stations", accepted))
        raise ConfigError(problems)
    return place


def _keys(determinand: tuple[Codes, list[str]], inside: Flags, unknown: Counter[str]) -> NDArray[np.int8]:
    """Position of each row's determinand in `KEYS`; -1 where the name is no determinand."""
    code, names = determinand
    keys = np.array([position(name) for name in names], np.int8)
    if (keys < 0).any():
        rows = np.bincount(code[inside], minlength=len(names))
        unknown.update({name: int(n) for name, key, n in zip(names, keys, rows, strict=True) if key < 0 and n})
    return keys[code]


def _encoded(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """One array of codes and the texts that they stand for."""
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if pa.types.is_dictionary(column.type):
        return column
    return (column if is_text(column.type) else column.cast(pa.string())).dictionary_encode()


def _texts(dictionary: pa.Array) -> list[str]:
    return [str(text) for text in dictionary.to_pylist()]


def _taken_column(column: pa.ChunkedArray, take: NDArray[np.intp] | None) -> Any:
    whole = column.combine_chunks()
    return whole if take is None else whole.take(arrow_of(take))


def _taken(array: NDArray[Any], take: NDArray[np.intp] | None) -> NDArray[Any]:
    return array if take is None else array[take]


def _flags(table: pa.Table, take: NDArray[np.intp] | None) -> Flags:
    return numpy_of(pc.fill_null(_taken_column(table["below"], take), _FALSE), np.bool_)


def _indices(indices: pa.Array, missing: int | None = None) -> Codes:
    """Codes of a column of names, with a code of its own where there is none."""
    codes = indices.cast(pa.int32())
    return numpy_of(codes if missing is None else pc.fill_null(codes, scalar_of(np.int32(missing))), np.int32)
