"""Pages of a book as a list: filtered, searched, counted, newest or lowest number first; never a query per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session, selectinload

from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.kinds import Text
from sensors.site import Site

#: Rows on a page.
ROWS = 50

#: What the rows of a book are told apart by: their state, stage or kind.
STATE: Mapping[str, str] = MappingProxyType(
    {
        "outfalls": "stage", "shops": "state", "leak_points": "state", "pipes": "state", "river_works": "state",
        "structures": "state", "boats": "kind", "inspections": "kind", "visits": "kind", "river_policy": "list",
    }
)  # fmt: skip

#: What happened last stands first; other books are in the order of their numbers.
NEWEST: Mapping[str, str] = MappingProxyType(
    {
        "inspections": "day", "patrols": "begin_ms", "public_reports": "received_ms", "visits": "start_ms",
        "samples": "taken_ms",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows; what is None or empty does not matter.

    Attributes
    ----------
    text : str
        Stands somewhere in a row: number, name, address, note.
    river, reach, station, grid, department, state : str or None
    rivers, grids : frozenset of str or None
        Area of who asks. What belongs to no river or grid is everybody's.
    private : frozenset of str
        Attributes in which nothing is looked for.
    """

    text: str = ""
    river: str | None = None
    reach: str | None = None
    station: str | None = None
    grid: str | None = None
    department: str | None = None
    state: str | None = None
    rivers: frozenset[str] | None = None
    grids: frozenset[str] | None = None
    private: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows.

    Attributes
    ----------
    rows : tuple
        With what belongs to each.
    total : int
        Rows of the filter.
    states : mapping of str to int
        Of the filter without its state.
    """

    rows: tuple[Any, ...]
    total: int
    states: Mapping[str, int]


def rows_of(
    session: Session, site: Site, book: Book, wanted: RowFilter, *, offset: int = 0, limit: int = ROWS
) -> Found:
    """A page of a book.

    Parameters
    ----------
    session : Session
    site : Site
    book : Book
    wanted : RowFilter
    offset, limit : int
        Rows before the page, and most rows on it.
    """
    model = book.model
    without = where(site, book, RowFilter(**{**_plain(wanted), "state": None}))
    states: dict[str, int] = {}
    if (name := STATE.get(book.name)) is not None:
        column = getattr(model, name)
        states = {key: count for key, count in session.execute(
            select(column, func.count()).where(*without).group_by(column)) if key}  # fmt: skip
        total = sum(states.values()) if wanted.state is None else states.get(wanted.state, 0)
    else:
        total = session.scalar(select(func.count()).select_from(model).where(*without)) or 0
    query = select(model).where(*where(site, book, wanted)).order_by(*_order(book)).offset(offset).limit(limit)
    if book.part is not None:
        query = query.options(selectinload(getattr(model, book.part.attribute)))
    return Found(tuple(session.scalars(query)), total, states)


def where(site: Site, book: Book, wanted: RowFilter) -> list[ColumnElement[bool]]:
    """What holds of the rows that a filter wants."""
    model = book.model
    found: list[ColumnElement[bool]] = []
    for name in ("river", "reach", "station", "grid", "department"):
        if (value := getattr(wanted, name)) is None:
            continue
        column = getattr(model, name, None)
        if column is not None:
            found.append(column == value)
        elif name == "river" and hasattr(model, "station"):
            found.append(model.station.in_([station.id for station in site.stations_of(value)]))
        else:
            found.append(false())
    if wanted.state is not None:
        state = STATE.get(book.name)
        found.append(false() if state is None else getattr(model, state) == wanted.state)
    found += area(site, book, wanted.rivers, wanted.grids)
    for word in wanted.text.split():
        pattern = f"%{_escaped(word)}%"
        found.append(or_(*(column.ilike(pattern, escape="\\") for column in _searched(book, wanted.private))))
    return found


def area(
    site: Site, book: Book, rivers: frozenset[str] | None, grids: frozenset[str] | None
) -> list[ColumnElement[bool]]:
    """What holds of the rows in somebody's area; see `RowFilter`."""
    model, found = book.model, []
    if rivers is not None:
        column = getattr(model, "river", None)
        if column is not None:
            found.append(or_(column.is_(None), column.in_(sorted(rivers))))
        elif hasattr(model, "station"):
            stations = [station.id for river in sorted(rivers) for station in site.stations_of(river)]
            found.append(model.station.in_(stations))
    if grids is not None and (column := getattr(model, "grid", None)) is not None:
        found.append(or_(column.is_(None), column.in_(sorted(grids))))
    return found


def _searched(book: Book, private: frozenset[str]) -> list[Any]:
    """Columns in which a word is looked for."""
    names = [column.attribute for column in book.columns if isinstance(column.kind, Text)]
    names = [name for name in names if name not in private]
    return [getattr(book.model, name) for name in names]


def _order(book: Book) -> Sequence[Any]:
    keys = [getattr(book.model, name) for name in book.key]
    newest = NEWEST.get(book.name)
    return keys if newest is None else [getattr(book.model, newest).desc(), *keys]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _plain(wanted: RowFilter) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in RowFilter.__dataclass_fields__}
