"""CSV and Parquet files as they stand: trimmed columns, and where each row is in its file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from sensors.errors import ConfigError, Problem, UsageError

SUFFIXES = (".csv", ".parquet")

#: At most this many mistakes of one kind are listed; one more line says how many are not.
LISTED = 20

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns of a file, unchecked.

    Attributes
    ----------
    file : str
        Its name.
    frame : polars.DataFrame
        The wanted columns, texts trimmed and null where empty, and ``row``: the order in the file, from 0. Rows in
        which all of them are empty are left out. From CSV every column is text.
    where : callable
        Where a row stands in its file, as in ``where(0)`` -> ``line 2``.
    """

    file: str
    frame: pl.DataFrame
    where: Callable[[int], str]

    def problem(self, row: int, found: str, accepted: str) -> Problem:
        """Describe a mistake in a row."""
        return Problem(self.file, self.where(row), found, accepted)

    def problems(self, bad: pl.Series, column: str, accepted: str) -> list[Problem]:
        """Describe every row that is marked in `bad` (bool), the first `LISTED` one by one."""
        rows = self.frame.filter(bad)
        listed = rows.head(LISTED).select("row", pl.col(column).cast(pl.String)).iter_rows()
        found = [self.problem(row, f"{column} {text}" if text else f"no {column}", accepted) for row, text in listed]
        if rows.height > LISTED:
            more = f"{rows.height - LISTED} more rows with such a {column}"
            found.append(Problem(self.file, "further down", more, accepted))
        return found


def check_suffix(path: Path) -> None:
    """Refuse what is neither CSV nor Parquet by its name.

    Raises
    ------
    UsageError
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path}: the name must end in {' or '.join(SUFFIXES)}")


def read_raw(path: Path, columns: Sequence[str], also: Mapping[str, str] | None = None) -> RawTable:
    """Read some columns of a file.

    Parameters
    ----------
    path : Path
        ``.parquet``, or ``.csv`` in UTF-8 (a byte order mark and ``#`` lines before the header are accepted).
    columns : sequence of str
        Columns wanted; others are ignored.
    also : mapping of str to str, optional
        Other names that a wanted column may have: other name -> wanted column.

    Raises
    ------
    ConfigError
        If the file is malformed or lacks a column.
    UsageError
        If there is no such file, it cannot be read, or it is of another kind.
    """
    check_suffix(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    try:
        frame = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    named = _names(frame.columns, also or {})
    absent = [column for column in columns if column not in named]
    if absent:
        found = f"columns {', '.join(frame.columns)}; no {', '.join(absent)}"
        raise ConfigError([Problem(path.name, "header", found, f"columns {', '.join(columns)}")])
    frame = frame.select(pl.col(named[column]).alias(column) for column in columns).with_row_index("row")
    texts = pl.col(pl.String).str.strip_chars()
    frame = frame.with_columns(pl.when(texts != "").then(texts))
    filled = frame.filter(~pl.all_horizontal(pl.col(column).is_null() for column in columns))
    return RawTable(path.name, filled, _lines(path) if path.suffix == ".csv" else _row)


def _names(found: Sequence[str], also: Mapping[str, str]) -> dict[str, str]:
    """Wanted name -> name in the file; the first of several wins, a wanted name over another one for it."""
    named: dict[str, str] = {}
    for name in found:
        named.setdefault(name.strip(), name)
    for other, wanted in also.items():
        if other in named:
            named.setdefault(wanted, named[other])
    return named


def _row(index: int) -> str:
    return f"row {index + 1}"


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path}: not a Parquet file ({error})") from error


def _read_csv(path: Path) -> pl.DataFrame:
    data = path.read_bytes().removeprefix(_BOM)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"a byte that is not UTF-8 (0x{data[error.start]:02x})"
        accepted = "UTF-8; in a spreadsheet save as 'CSV UTF-8'"
        raise ConfigError([Problem(path.name, f"line {line}", found, accepted)]) from error
    try:
        return pl.read_csv(data, infer_schema=False, skip_lines=_comment_lines(data))
    except pl.exceptions.NoDataError as error:
        raise ConfigError([Problem(path.name, "line 1", "no header", "a header and rows")]) from error
    except pl.exceptions.ComputeError as error:
        raise ConfigError([_malformed(path, str(error))]) from error


def _comment_lines(data: bytes) -> int:
    count = 0
    for line in io.BytesIO(data):
        if not line.startswith(b"#"):
            break
        count += 1
    return count


def _records(path: Path) -> list[tuple[int, int]]:
    """First line and number of fields of every record, the header included. Only walked to explain a mistake."""
    data = path.read_bytes().removeprefix(_BOM)
    skipped = _comment_lines(data)
    lines = io.StringIO(data.decode(), newline="").readlines()[skipped:]
    reader = csv.reader(lines)
    records, line = [], skipped + 1
    for fields in reader:
        records.append((line, len(fields)))
        line = skipped + reader.line_num + 1
    return records


def _lines(path: Path) -> Callable[[int], str]:
    records = cache(lambda: _records(path))
    return lambda row: f"line {records()[row + 1][0]}"


def _malformed(path: Path, reason: str) -> Problem:
    """Where a record has more fields than the header: a decimal comma, most often."""
    records = _records(path)
    width = records[0][1]
    for line, fields in records:
        if fields > width:
            return Problem(path.name, f"line {line}", f"{fields} fields", f"{width} fields, as in the header")
    return Problem(path.name, "the file", reason.splitlines()[0], "CSV as a spreadsheet writes it")
