"""CSV lists as people keep them in Excel, read so that every mistake is found at once, with its line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sensors.errors import Problem

T = TypeVar("T")

#: Stands for a cell that could not be read; the problem is already noted.
UNUSABLE: Any = object()


@dataclass
class Checker:
    """Collects problems of one file."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def bad(self, where: str, found: object, accepted: str) -> None:
        """Note one mistake; `found` is the value that stands there."""
        self.note(where, repr(found), accepted)

    def note(self, where: str, found: str, accepted: str) -> None:
        """Note one mistake; `found` is said in words."""
        self.problems.append(Problem(self.file, where, found, accepted))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    line: int
    cells: dict[str, str]
    checker: Checker

    def bad(self, column: str, found: object, accepted: str) -> None:
        """Note a mistake in this line; `found` is the value that stands there."""
        self.checker.bad(f"line {self.line}, column {column}", found, accepted)

    def note(self, column: str, found: str, accepted: str) -> None:
        """Note a mistake in this line; `found` is said in words."""
        self.checker.note(f"line {self.line}, column {column}", found, accepted)

    def has(self, column: str) -> bool:
        """Whether anything stands in a cell."""
        return bool(self.cells.get(column, "").strip())

    def text(self, column: str, default: str | None = None) -> str:
        """Cell as text; empty only where a default is given."""
        value = self.cells.get(column, "").strip()
        if value:
            return value
        if default is None:
            self.bad(column, value, "a text that is not empty")
            return ""
        return default

    def one_of(self, column: str, accepted: Iterable[str], what: str = "") -> Any:
        """Cell as one of the accepted words."""
        value, known = self.text(column), list(accepted)
        if value in known:
            return value
        if value and known:  # of an empty list the reason is told where that list is read
            shown = ", ".join(known[:12]) + (f", … ({len(known)} in all)" if len(known) > 12 else "")
            self.bad(column, value, f"{what + ': ' if what else 'one of '}{shown}")
        return UNUSABLE

    def number(self, column: str, low: float, high: float, unit: str = "") -> float:
        """Cell as a number within bounds, both included."""
        return self._number(column, float, low, high, unit)

    def whole(self, column: str, low: int, high: int) -> int:
        """Cell as a whole number within bounds, both included."""
        return int(self._number(column, int, low, high, ""))

    def _number(self, column: str, kind: Callable[[str], float], low: float, high: float, unit: str) -> float:
        text = self.cells.get(column, "").strip()
        try:
            # Python reads 1_0 as 10; people do not.
            value = kind(text) if "_" not in text else float("nan")
        except ValueError:
            value = float("nan")
        if low <= value <= high:
            return value
        name = "a whole number" if kind is int else "a number"
        self.bad(column, text, f"{name} from {low:g} to {high:g}{' ' + unit if unit else ''}")
        return low


def read_rows(path: Path, columns: Sequence[str], optional: Sequence[str], checker: Checker) -> Iterator[Row]:
    """Rows of a CSV list; comment lines (``#``) and empty lines are skipped, a byte-order mark is accepted.

    A file that is missing, not UTF-8 or lacks a column is noted as a problem and yields nothing.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        checker.note("file", "nothing", f"a CSV file with the columns {', '.join(columns)}")
        return
    except UnicodeDecodeError:
        checker.note("file", "a text that is not UTF-8 (GBK?)", "UTF-8; in Excel save as 'CSV UTF-8'")
        return
    except OSError as error:
        checker.note("file", str(error), "a readable CSV file")
        return
    lines = _Lines(text)
    records = _records(lines, checker)
    header = [name.strip() for name in next(records, [])]
    accepted = f"the columns {', '.join(columns)}" + (f" and, if wanted, {', '.join(optional)}" if optional else "")
    if not header:
        checker.note("line 1", "an empty file", accepted)
        return
    if len(header) == 1 and any(separator in header[0] for separator in ";\t"):
        checker.note(f"line {lines.number}", "cells that are not separated by commas", "comma-separated values")
        return
    missing = [name for name in columns if name not in header]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    unknown = [name for name in header if name and name not in columns and name not in optional]
    if missing:
        checker.note(f"line {lines.number}", f"no column {', '.join(missing)}", accepted)
    if unknown:
        checker.note(f"line {lines.number}", f"the column {', '.join(unknown)}", accepted)
    if twice:
        checker.note(f"line {lines.number}", f"the column {', '.join(twice)} more than once", accepted)
    if missing or twice:
        return
    for cells in records:
        first = lines.number - sum(cell.count("\n") for cell in cells)
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            checker.note(f"line {first}", f"{len(cells)} cells", f"{len(header)} cells, as in the header")
            continue
        yield Row(first, dict(zip(header, cells, strict=False)), checker)


def _records(lines: _Lines, checker: Checker) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, strict=True)
    except csv.Error as error:
        checker.note(f"line {lines.number}", str(error), "cells whose quotes are closed")


class _Lines:
    """Lines of a text that carry data; `number` is that of the line given last, comments and empty lines counted."""

    def __init__(self, text: str) -> None:
        self._lines = enumerate(text.splitlines(keepends=True), start=1)
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in self._lines:
            self.number = number
            if line.strip(" ,;\t\r\n") and not line.lstrip('"').startswith("#"):
                yield line


def unique(rows: Iterable[tuple[Row, T]], key: Callable[[T], str]) -> dict[str, T]:
    """Collect what rows were read as, by id; a second use of an id is noted and left out."""
    found: dict[str, T] = {}
    lines: dict[str, int] = {}
    for row, thing in rows:
        name = key(thing)
        if name in found:
            row.bad("id", name, f"an id not used yet (line {lines[name]} has this one)")
        elif name:
            found[name] = thing
            lines[name] = row.line
    return found
