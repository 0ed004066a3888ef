"""What a book is as a list: its columns, what identifies a row, what must hold of it. `books` has all of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import inspect

from dashboard.casework.base import Base
from dashboard.casework.exchange.kinds import Kind
from dashboard.casework.exchange.said import Said
from sensors.site import Site

#: What a blank cell means to a column that cannot be empty: what is there stays, a new row gets the table's default.
KEEP: Any = object()

_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")


def header_of(text: str) -> str:
    """A header as it is compared: without units in brackets, marks of required columns, spaces and case.

    >>> header_of("长度（米） *"), header_of("Length [m]")
    ('长度', 'length')
    """
    flat = _BRACKETS.sub("", unicodedata.normalize("NFKC", text).lower())
    return "".join(flat.replace("*", "").replace("_", "").split()).rstrip(":.")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list.

    Attributes
    ----------
    attribute : str
        Of the row.
    zh, en : str
        Headers.
    kind : Kind
    required : bool
        Whether a new row must have it.
    also : tuple of str
        Other headers that people give it.
    ahead : bool
        Whether its day or time may lie in the future: what is planned or due. What happened may not.
    """

    attribute: str
    zh: str
    en: str
    kind: Kind
    required: bool = False
    also: tuple[str, ...] = ()
    ahead: bool = False

    def header(self, language: str) -> str:
        """Header in a language."""
        return self.zh if language == "zh" else self.en


@cache
def blank_of(model: type[Base], attribute: str) -> Any:
    """What a blank cell means to an attribute: None, an empty text, or `KEEP`."""
    column = inspect(model).column_attrs[attribute].columns[0]
    if column.nullable:
        return None
    return "" if column.default is not None and column.default.arg == "" else KEEP


@dataclass(frozen=True, slots=True)
class Merged:
    """A row as it would be.

    Attributes
    ----------
    values : mapping of str to object
        Of every attribute that is known: the file's over those in the books.
    before : object or None
        The row in the books, not changed yet.
    site : Site
    """

    values: Mapping[str, Any]
    before: Any
    site: Site

    def __getitem__(self, attribute: str) -> Any:
        return self.values.get(attribute)


#: Attribute that is wrong, what was found and what would be accepted.
Objection = tuple[str, object, Said]

#: Looks at a merged row.
Check = Callable[[Merged], Iterable[Objection]]


@dataclass(frozen=True, slots=True)
class Part:
    """What belongs to a row of a book, several to each: findings of an inspection, results of a sample.

    Attributes
    ----------
    attribute : str
        Relationship of the row.
    model : type
    columns : tuple of Column
    key : tuple of str
        What identifies one among those of its row.
    numbered : str
        Attribute that counts them within their row where the file does not; empty where nothing does.
    across : tuple of str
        Attributes of what a header names and of its cells, where one may stand across the list; empty otherwise.
    derive : callable, optional
        Completes the values of one.
    """

    attribute: str
    model: type[Base]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    numbered: str = ""
    across: tuple[str, ...] = ()
    derive: Callable[[dict[str, Any]], None] | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """One book as a list.

    Attributes
    ----------
    name : str
        Key, in commands and addresses.
    zh, en : str
    model : type
    columns : tuple of Column
    key : tuple of str
        What identifies a row.
    named_by : tuple of str
        What an id is made of where people give none; empty where they must.
    prefix : str
        Of such ids.
    checks : tuple of Check
    part : Part, optional
    """

    name: str
    zh: str
    en: str
    model: type[Base]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ("id",)
    named_by: tuple[str, ...] = ()
    prefix: str = ""
    checks: tuple[Check, ...] = ()
    part: Part | None = None

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Its own columns and those of its parts."""
        return self.columns + (self.part.columns if self.part else ())

    def column(self, attribute: str) -> Column:
        """Column of an attribute of the row."""
        return next(column for column in self.columns if column.attribute == attribute)

    def headers(self) -> dict[str, tuple[bool, Column]]:
        """Every header that is understood -> whether it is of a part, and the column."""
        known: dict[str, tuple[bool, Column]] = {}
        for of_part, columns in ((False, self.columns), (True, self.part.columns if self.part else ())):
            for column in columns:
                for text in (column.attribute, column.zh, column.en, *column.also):
                    known.setdefault(header_of(text), (of_part, column))
        return known

    def made_id(self, values: Mapping[str, Any]) -> str | None:
        """Id of a row that has none: the same for the same names, so that the same list comes in once only."""
        names = [values.get(attribute) for attribute in self.named_by]
        if not self.named_by or all(name in (None, "", KEEP) for name in names):
            return None
        text = "\x1f".join("" if name in (None, KEEP) else str(name) for name in names)
        return f"{self.prefix}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
