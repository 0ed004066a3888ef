"""Who may change which rows of the books: the office all, others what they work with in their own area."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dashboard.access import OFFICE, Viewer
from dashboard.casework.exchange_book import Book
from sensors.site import Site

#: Books that a role may change; the office may change all.
EDITORS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "grid_officer": frozenset({"outfalls", "shops", "leak_points", "structures", "boats", "patrols"}),
        "chief": frozenset({"patrols"}),
        "engineer": frozenset({"visits", "samples"}),
        "department": frozenset({"outfalls", "shops", "leak_points", "pipes", "river_works"}),
    }
)

#: What only the office sees: how to reach people who reported something.
PRIVATE: Mapping[str, frozenset[str]] = MappingProxyType({"public_reports": frozenset({"contact"})})


def may_edit(viewer: Viewer, book: str) -> bool:
    """Whether somebody may change rows of a book at all."""
    return viewer.role in OFFICE or book in EDITORS.get(viewer.role, ())


def may_import(viewer: Viewer) -> bool:
    """Whether somebody may bring in whole lists."""
    return viewer.role in OFFICE


def hidden(viewer: Viewer, book: str) -> frozenset[str]:
    """Attributes of a book that somebody does not see."""
    return frozenset() if viewer.role in OFFICE else PRIVATE.get(book, frozenset())


def rivers_of(viewer: Viewer, site: Site) -> frozenset[str] | None:
    """Rivers whose rows somebody sees: their own, and those on which their grids lie; None for all."""
    if viewer.rivers is None and viewer.grids is None:
        return None
    of_grids = {site.grids[grid].river for grid in viewer.grids or () if grid in site.grids}
    if viewer.rivers is None:
        return frozenset(of_grids)
    return viewer.rivers | of_grids


def editor(viewer: Viewer, site: Site, book: Book) -> Callable[[Any], bool]:
    """Whether somebody may change a row of a book, as it was and as it would be."""
    if viewer.role in OFFICE:
        return lambda _row: True
    if not may_edit(viewer, book.name):
        return lambda _row: False
    rivers = rivers_of(viewer, site)

    def mine(row: Any) -> bool:
        river: str | None = getattr(row, "river", None)
        if (station := site.stations.get(getattr(row, "station", ""))) is not None:
            river = station.river
        if rivers is not None and river not in rivers:
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
