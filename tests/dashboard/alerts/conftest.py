from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboard.alerts.sender import Office
from dashboard.casework.database import Books, open_books
from sensors.site import Site
from tests.dashboard.alerts.staged import office_of


@pytest.fixture
def office(books: Books, xietang: Site) -> Office:
    """An office with people, offices and two channels that remember what they were sent."""
    return office_of(books, xietang)


@pytest.fixture
def sqlite_office(tmp_path: Path, xietang: Site, migrated: Callable[[str], Path | str]) -> Iterator[Office]:
    """The same, on SQLite only."""
    shutil.copy(migrated(""), tmp_path / "books.sqlite")
    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    yield office_of(opened, xietang)
    opened.close()
