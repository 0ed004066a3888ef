"""Who may change which rows of the books: the office all, others what they work with in their own area."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dashboard.access import Viewer
from dashboard.casework.exchange.book import Book
from sensors.site import Site

#: What the right ``books.contacts`` shows: how to reach people who reported something.
PRIVATE: Mapping[str, frozenset[str]] = MappingProxyType({"public_reports": frozenset({"contact"})})


def may_edit(viewer: Viewer, book: str) -> bool:
    """Whether somebody may change rows of a book at all."""
    return viewer.may(f"book.{book}")


def may_import(viewer: Viewer) -> bool:
    """Whether somebody may bring in whole lists."""
    return viewer.may("books.import")


def hidden(viewer: Viewer, book: str) -> frozenset[str]:
    """Attributes of a book that somebody does not see."""
    return frozenset() if viewer.may("books.contacts") else PRIVATE.get(book, frozenset())


def sees(viewer: Viewer, site: Site, row: Any) -> bool:
    """Whether a row is in somebody's area; what belongs to no river and no grid is everybody's."""
    return viewer.sees_river(_river(site, row)) and viewer.sees_grid(getattr(row, "grid", None))


def _river(site: Site, row: Any) -> str | None:
    station = site.stations.get(getattr(row, "station", None) or "")
    river: str | None = getattr(row, "river", None)
    return river if station is None else station.river


def editor(viewer: Viewer, site: Site, book: Book) -> Callable[[Any], bool]:
    """Whether somebody may change a row of a book, as it was and as it would be."""
    if viewer.may("books.everywhere"):
        return lambda _row: True
    if not may_edit(viewer, book.name):
        return lambda _row: False

    def mine(row: Any) -> bool:
        river = _river(site, row)
        if viewer.rivers is not None and river not in viewer.rivers:
            return False
        if viewer.grids is not None and not viewer.sees_grid(getattr(row, "grid", None)):
            return False
        return viewer.role != "department" or _of_department(viewer, site, row, river)

    return mine


def _of_department(viewer: Viewer, site: Site, row: Any, river: str | None) -> bool:
    """A row that names a department is that department's; others are of whoever answers for the river."""
    named = getattr(row, "department", None)
    if named is None and (known := site.rivers.get(river or "")) is not None:
        named = known.department
    return named is not None and named == viewer.department
