"""Every page of the board as everybody who may open it, in both languages: over books that are empty, over lived-in
ones, and over a store that is not there yet.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import open_books
from dashboard.page import Page
from dashboard.views import PAGES
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy

#: Somebody of each role; the public has no account.
EVERYBODY: dict[str, dict[str, object]] = {
    "public": {"account": "", "name": "", "role": "public"},
    **{role: dict(viewer) for role, viewer in VIEWERS.items()},
}

#: Page and role, for every role that may open the page.
ALLOWED = [(page, role) for page in PAGES for role in EVERYBODY if role in page.roles]

Open = Callable[[Page, str, str], AppTest]


def named(value: object) -> str:
    return value.path if isinstance(value, Page) else str(value)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, page_test: PageTest) -> Open:
    monkeypatch.setenv("RIVERCHIEF_INPUT", "virtual")

    def run(page: Page, role: str, lang: str) -> AppTest:
        return page_test(page.path, lang=lang, viewer=EVERYBODY[role]).run()

    return run


def test_every_role_has_a_page() -> None:
    assert {role for _page, role in ALLOWED} == set(EVERYBODY)
    assert {page.path for page, _role in ALLOWED} == {page.path for page in PAGES}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("page", "role"), ALLOWED, ids=named)
def test_over_books_that_are_lived_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, filled_url: str, opened: Open, page: Page, role: str, lang: str
) -> None:
    open_copy(tmp_path).close()
    board_over(monkeypatch, tmp_path, filled_url)
    drawn(opened(page, role, lang))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_over_empty_books(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, filled_url: str, opened: Open, page: Page, lang: str
) -> None:
    open_books(f"sqlite:///{tmp_path / 'books.sqlite'}").close()
    board_over(monkeypatch, tmp_path, filled_url)
    drawn(opened(page, "admin" if "admin" in page.roles else "public", lang))


def drawn(app: AppTest) -> None:
    """Something is drawn, and nothing failed."""
    assert not app.exception, [one.message for one in app.exception]
    assert not app.error, [one.value for one in app.error]
    assert len(app.main.children)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_before_there_is_a_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opened: Open, page: Page, lang: str
) -> None:
    """The board starts before the first reading; the frame says what a page cannot read (`dashboard.app`)."""
    open_copy(tmp_path).close()
    board_over(monkeypatch, tmp_path, f"sqlite:///{tmp_path / 'none yet.sqlite'}")
    app = opened(page, "public" if "admin" not in page.roles else "admin", lang)
    assert [one.message for one in app.exception if "store" not in one.message.lower()] == []
    assert not app.error, [one.value for one in app.error]
