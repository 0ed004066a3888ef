"""A store filled with made data over the example site, shared by the tests of the board: they only read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.stores import ReadingStore, open_store
from dashboard.board import Today, today
from dashboard.course import courses
from dashboard.i18n import translator
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard import made


@pytest.fixture(scope="session")
def filled_url(tmp_path_factory: pytest.TempPathFactory, xietang: Site) -> str:
    """URL of a store with one day of readings and two of judgements, up to `made.NOW_MS`."""
    path: Path = tmp_path_factory.mktemp("board") / "board.sqlite"
    url = f"sqlite:///{path}"
    store = open_store(url)
    made.fill(store, xietang)
    store.close()
    return url


@pytest.fixture(scope="session")
def filled(filled_url: str) -> Iterator[ReadingStore]:
    """That store, opened as the board opens it."""
    store = open_store(filled_url, read_only=True)
    yield store
    store.close()


@pytest.fixture(scope="session")
def now_ms() -> int:
    """Eight in the morning of the made day."""
    return made.NOW_MS


@pytest.fixture(scope="session")
def morning(filled: ReadingStore, xietang: Site, now_ms: int) -> Today:
    """The first page at that time."""
    return today(filled, xietang, now_ms, courses(filled, xietang, now_ms))


@pytest.fixture
def zh(xietang: Site) -> Wording:
    """Words for a reader of Chinese."""
    return Wording.of(xietang, translator("zh"))


@pytest.fixture
def en(xietang: Site) -> Wording:
    """Words for a reader of English."""
    return Wording.of(xietang, translator("en"))
