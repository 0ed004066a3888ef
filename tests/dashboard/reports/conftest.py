"""Two evaluated months, and books in which people have worked, for reports; made once, only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.stores import ReadingStore, open_store
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.reports.content import content
from dashboard.reports.model import Report
from dashboard.reports.periods import period_of
from sensors.site import Site
from tests.dashboard import made
from tests.dashboard.casework.made import OFFICE, given, registered, take
from tests.dashboard.reports.months import CST, at, months
from tests.dashboard.views.lived_in import open_copy


@pytest.fixture(scope="session")
def evaluated_url() -> str:
    """URL of the store of `tests.dashboard.reports.months`."""
    return months()


@pytest.fixture(scope="session")
def evaluated(evaluated_url: str) -> Iterator[ReadingStore]:
    """That store."""
    store = open_store(evaluated_url, read_only=True)
    yield store
    store.close()


@pytest.fixture(scope="session")
def office(xietang: Site) -> Desk:
    """The desk of the site."""
    return Desk.of(xietang)


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory, office: Desk) -> Iterator[Books]:
    """Books in which people have worked for half a year, with three orders of November; only read."""
    folder: Path = tmp_path_factory.mktemp("reports-books")
    opened = open_copy(folder)
    late = registered(opened, office, at(11, 2), title="迟", river="R15")
    take(opened, office, late, "assign", OFFICE, at(11, 2), assignment=given("water", due_ms=at(11, 10)))
    more = registered(opened, office, at(11, 3), title="<b>群众</b>")
    take(opened, office, more, "assign", OFFICE, at(11, 3), assignment=given("city_management", due_ms=at(12)))
    registered(opened, office, at(11, 4), title="等")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def november(evaluated: ReadingStore, worked: Books, office: Desk) -> Report:
    """The report of the running month, in Chinese."""
    report = content(evaluated, worked, office, period_of("2026-11", CST), "zh", made.NOW_MS, source="virtual")
    assert report is not None
    return report


@pytest.fixture(scope="session")
def november_en(evaluated: ReadingStore, worked: Books, office: Desk) -> Report:
    """The same in English."""
    report = content(evaluated, worked, office, period_of("2026-11", CST), "en", made.NOW_MS)
    assert report is not None
    return report
