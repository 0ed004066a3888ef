"""What a report is made of: sections of text, tables and pictures, all of it plain data in one language."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from dashboard.reports.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
        As it is printed.
    cls : str or None
        Class as which it is coloured.
    value : float or None
        Number that Excel gets instead of the text.
    """

    text: str
    cls: str | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes
    ----------
    title : str
    head : tuple of str
    rows : tuple of tuple of Cell
    note : str
        Below it.
    empty : str
        Instead of rows where there are none.
    most : int
        Rows on paper; Excel has all of them.
    more : str
        What is said on paper where there are more, with {count} of them.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    empty: str = "—"
    most: int = 100
    more: str = "{count}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with what it shows in words."""

    title: str
    drawing: Drawing
    alt: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section: paragraphs, pictures, tables, in this order."""

    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a report was made and by whom: the only part of it that two runs over the same inputs do not share.

    Attributes
    ----------
    made_ms : int
        Milliseconds since the epoch, UTC.
    text : str
        As it is printed.
    """

    made_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report in one language.

    Attributes
    ----------
    language : {'zh', 'en'}
    kind : {'day', 'month', 'quarter', 'year'}
    label : str
        Of the period.
    heading, period, issuer : str
    banner : str
        What must be said of the readings: that they are simulated, that the period has not ended.
    sections : tuple of Section
    """

    language: str
    kind: str
    label: str
    heading: str
    period: str
    issuer: str
    banner: str
    sections: tuple[Section, ...]

    @property
    def digest(self) -> str:
        """Hash of everything but the stamp: the same for the same inputs, whoever makes the report and when."""
        told = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


def cells(*values: str | Cell) -> tuple[Cell, ...]:
    """A row of a table."""
    return tuple(value if isinstance(value, Cell) else Cell(value) for value in values)


def number(value: float, text: str | None = None) -> Cell:
    """A number."""
    return Cell(f"{value:g}" if text is None else text, None, value)


def table(title: str, head: Sequence[str], rows: Sequence[tuple[Cell, ...]], **other: object) -> Table:
    """A table from lists."""
    return Table(title, tuple(head), tuple(rows), **other)  # type: ignore[arg-type]
