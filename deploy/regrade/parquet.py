"""Histories in Parquet: one file or a folder of them, tidy or wide, read by parts of about the same size.

The footers tell which row groups hold which instants and stations, so a part reads only what it can need. A history
that is ordered by time, or divided by station and ordered by time within, is read once; one in no order is read once
for every part, which is slow but uses no more memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from analytics.periods import Period, period_edges
from deploy.regrade.arrow import numpy_of
from deploy.regrade.columns import Wanted, read_rows
from deploy.regrade.layout import NAMES, Layout, layout_of
from deploy.regrade.part import Ground, digest, hour_of, month_spans
from deploy.regrade.records import Records, Rows, to_records
from sensors.errors import ConfigError, Problem, UsageError

#: About what a part may take in memory while it is read [bytes].
PART_BYTES = 256 * 1024 * 1024

# What a value takes at the worst moment [bytes]: instant, codes, key and place of a tidy row; copies of a wide column.
_TIDY_BYTES, _WIDE_BYTES = 80, 24


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group of a file.

    Attributes
    ----------
    file : str
        Path.
    index : int
    offset : int
        Rows before it in its file.
    rows : int
    first_ms, last_ms : int
        Instants it spans, milliseconds since the epoch, UTC.
    low, high : str
        Stations it spans, in order of their names; empty where the file does not say.
    size : int
        About what it takes in memory [bytes].
    """

    file: str
    index: int
    offset: int
    rows: int
    first_ms: int
    last_ms: int
    low: str
    high: str
    size: int

    def bytes_in(self, start_ms: int, end_ms: int) -> float:
        """About what of it lies between two instants [bytes]."""
        inside = min(self.last_ms + 1, end_ms) - max(self.first_ms, start_ms)
        return self.size * max(0, inside) / (self.last_ms + 1 - self.first_ms)

    def may_hold(self, stations: Sequence[str]) -> bool:
        """Whether one of the stations can be in it."""
        return not self.low or any(self.low <= station <= self.high for station in stations)


@dataclass(frozen=True, slots=True)
class ParquetPart:
    """A part of a history in Parquet.

    Attributes
    ----------
    key, month : str
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    stations : tuple of str
        Which ones; none means all.
    groups : tuple of RowGroup
        Where its readings are, in the order in which later rows win.
    stamp : str
        What the files looked like when the part was planned.
    root : str
        Folder of the history.
    """

    key: str
    month: str
    start_ms: int
    end_ms: int
    stations: tuple[str, ...]
    groups: tuple[RowGroup, ...]
    stamp: str
    root: str

    def token(self, ground: Ground) -> str:
        """Fingerprint of what the part will read."""
        return digest(self.start_ms, self.end_ms, self.stations, self.stamp)

    def read(self, ground: Ground) -> Records:
        """Read it.

        Raises
        ------
        ConfigError
            Listing what is wrong in the files.
        UsageError
            If a file cannot be read, or is another one than when the part was planned.
        """
        if _stamp(Path(self.root), self.groups) != self.stamp:
            raise UsageError(f"{self.root}: files changed while they were read; run the same command again")
        rows, unknown = self._rows(ground)
        return to_records(rows, len(ground.stations), unknown)

    def _rows(self, ground: Ground) -> tuple[list[Rows], Counter[str]]:
        """Readings of the part, and rows of names that are no determinand."""
        wanted = Wanted(self.start_ms, self.end_ms, self.stations, ground.stations)
        rows: list[Rows] = []
        unknown: Counter[str] = Counter()
        for path, groups in groupby(self.groups, key=lambda group: group.file):
            file = Path(path).relative_to(self.root)
            footer = pq.read_metadata(path)
            names = [name for name in NAMES if name in footer.schema.names]
            with pq.ParquetFile(path, metadata=footer, read_dictionary=names) as opened:
                layout = layout_of(opened.schema_arrow, file)
                for group in groups:
                    table = opened.read_row_group(group.index, columns=layout.columns, use_threads=False)
                    rows += read_rows(table, layout, wanted, unknown, str(file), group.offset)
        return rows, unknown


def plan_parquet(source: Path, ground: Ground) -> list[ParquetPart]:
    """Divide a history into parts.

    Parameters
    ----------
    source : Path
        A Parquet file or a folder with any number of them, at any depth; `deploy.regrade.layout` says what is in them.
    ground : Ground

    Raises
    ------
    ConfigError
        Listing every mistake in the files that their headers show.
    UsageError
        If there is no such file or folder, or nothing in it.
    """
    root = source if source.is_dir() else source.parent
    files = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    files = [file for file in files if not any(name.startswith(".") for name in file.relative_to(root).parts)]
    if not files:
        raise UsageError(f"{source}: no Parquet files in it")
    groups: list[RowGroup] = []
    layouts: dict[Path, Layout] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            layout, found = _survey(file, root)
            layouts[file] = layout
            groups += found
        except ConfigError as error:
            problems += error.problems
    problems += _different(layouts, root)
    if problems:
        raise ConfigError(problems)
    if not groups:
        return []
    zone = ground.zone
    first_ms, last_ms = min(group.first_ms for group in groups), max(group.last_ms for group in groups)
    months = month_spans(hour_of(first_ms), last_ms, zone)
    return [part for month in months for part in _parts(month, groups, root, ground)]


def _parts(month: Period, groups: Sequence[RowGroup], root: Path, ground: Ground) -> Iterator[ParquetPart]:
    """Parts of a month: some days each, and where one day is too much, some stations each."""
    bounds = (hour_of(month.start_ms), hour_of(month.end_ms))
    inside = [group for group in groups if group.first_ms < bounds[1] and group.last_ms >= bounds[0]]
    number = 0
    for start_ms, end_ms, size in _day_runs(month, inside):
        there = [group for group in inside if group.first_ms < end_ms and group.last_ms >= start_ms]
        names = sorted(name for name in ground.stations if any(group.may_hold((name,)) for group in there))
        for stations in _shares(names, math.ceil(size / PART_BYTES)):
            chosen = tuple(group for group in there if not stations or group.may_hold(stations))
            if chosen:
                key, stamp = f"{month.label}/{number:04d}", _stamp(root, chosen)
                yield ParquetPart(key, month.label, start_ms, end_ms, stations, chosen, stamp, str(root))
                number += 1


def _day_runs(month: Period, groups: Sequence[RowGroup]) -> Iterator[tuple[int, int, float]]:
    """Runs of days, start and end [ms], that hold no more than a part may, and what they hold [bytes]."""
    days = [hour_of(edge) for edge in period_edges("day", month.start_ms, month.end_ms, month.zone)]
    start, held = days[0], 0.0
    for day, next_day in pairwise(days):
        size = sum(group.bytes_in(day, next_day) for group in groups)
        if held and held + size > PART_BYTES:
            yield start, day, held
            start, held = day, 0.0
        held += size
    if held:
        yield start, days[-1], held


def _shares(names: Sequence[str], pieces: int) -> list[tuple[str, ...]]:
    """Stations divided by their names; one empty tuple where they need not be."""
    if pieces <= 1 or not names:
        return [()]
    pieces = min(pieces, len(names))
    return [tuple(names[len(names) * i // pieces : len(names) * (i + 1) // pieces]) for i in range(pieces)]


def _survey(file: Path, root: Path) -> tuple[Layout, list[RowGroup]]:
    """What a file is, and its row groups, from its footer."""
    name = str(file.relative_to(root))
    try:
        opened = pq.ParquetFile(file)
    except FileNotFoundError as error:
        raise UsageError(f"{file}: no such file") from error
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError([Problem(name, "the file", f"no Parquet ({reason})", "a Parquet file")]) from error
    with opened:
        layout = layout_of(opened.schema_arrow, file.relative_to(root))
        columns = {opened.metadata.schema.column(i).path: i for i in range(opened.metadata.num_columns)}
        value_bytes = _WIDE_BYTES * len(layout.values) if layout.wide else _TIDY_BYTES
        groups, offset = [], 0
        for index in range(opened.num_row_groups):
            group = opened.metadata.row_group(index)
            if group.num_rows:
                first_ms, last_ms = _times(opened, index, columns["time"], layout)
                low, high = _names(group, columns.get("station"))
                size = group.num_rows * value_bytes
                groups.append(
                    RowGroup(str(file), index, offset, group.num_rows, first_ms, last_ms, low, high, size)
                )  # fmt: skip
            offset += group.num_rows
        return layout, groups


def _times(file: pq.ParquetFile, index: int, column: int, layout: Layout) -> tuple[int, int]:
    """Instants that a row group spans: from its statistics, or by reading them."""
    told = file.metadata.row_group(index).column(column).statistics
    if told is not None and told.has_min_max and told.physical_type == "INT64":
        first, last = int(told.min_raw), int(told.max_raw)
    else:
        times = file.read_row_group(index, columns=["time"], use_threads=False)["time"].drop_null().combine_chunks()
        if not len(times):
            return 0, 0
        numbers = numpy_of(times, np.int64)
        first, last = int(numbers.min()), int(numbers.max())
    return layout.to_ms(first), layout.to_ms(last)


def _names(group: pq.RowGroupMetaData, column: int | None) -> tuple[str, str]:
    told = None if column is None else group.column(column).statistics
    if told is None or not told.has_min_max or not isinstance(told.min, str):
        return "", ""
    return told.min, told.max


def _stamp(root: Path, groups: Sequence[RowGroup]) -> str:
    """What the files of row groups look like now: another size or time of change makes another input."""
    files = {}
    for group in groups:
        path = Path(group.file)
        if path not in files:
            try:
                stat = path.stat()
            except OSError as error:
                raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
            files[path] = (str(path.relative_to(root)), stat.st_size, stat.st_mtime_ns)
    return digest(*files.values(), *((group.file.removeprefix(str(root)), group.index) for group in groups))


def _different(layouts: dict[Path, Layout], root: Path) -> list[Problem]:
    """Files that are tidy among wide ones, or the other way round."""
    if len({layout.wide for layout in layouts.values()}) < 2:
        return []
    wide = next(file for file, layout in layouts.items() if layout.wide)
    tidy = next(file for file, layout in layouts.items() if not layout.wide)
    found = f"a column for each determinand, and in {tidy.relative_to(root)} a column determinand"
    return [Problem(str(wide.relative_to(root)), "columns", found, "all files alike")]
