"""Every book as a list that goes out and comes in; a new book is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dashboard.casework.books_seen import INSPECTIONS, PATROLS, PUBLIC_REPORTS
from dashboard.casework.books_stations import SAMPLES, VISITS
from dashboard.casework.books_survey import LEAK_POINTS, OUTFALLS, RIVER_POLICY, SHOPS
from dashboard.casework.books_works import BOATS, CLEARINGS, PIPES, RIVER_WORKS, STRUCTURES
from dashboard.casework.exchange.book import Book

BOOKS: Mapping[str, Book] = MappingProxyType(
    {
        book.name: book
        for book in (
            OUTFALLS, SHOPS, LEAK_POINTS, PIPES, CLEARINGS, RIVER_WORKS, STRUCTURES, BOATS, INSPECTIONS, PATROLS,
            PUBLIC_REPORTS, VISITS, SAMPLES, RIVER_POLICY,
        )
    }
)  # fmt: skip
