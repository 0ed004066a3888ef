"""Notices on the page: issued by the office, printed again by whom they concern."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from dashboard.casework.order_lists import story
from tests.dashboard.views.cases_made import copied, of_state
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS

Run = Callable[..., AppTest]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Books]:
    opened = copied(monkeypatch, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(page_test: PageTest, books: Books) -> Run:
    def opened(role: str, number: str, lang: str = "en") -> AppTest:
        app = page_test("orders", lang=lang, viewer=dict(VIEWERS[role]), order=number).run()
        assert not app.exception
        return app

    return opened


def issue_button(app: AppTest) -> list:  # type: ignore[type-arg]
    return [one for one in app.button if one.label in ("Issue the notice", "发出通知单")]


def test_the_office_issues_one(run: Run, books: Books) -> None:
    number = of_state(books, "assigned")
    app = run("office", number)
    [button] = issue_button(app)
    button.click().run()
    assert not app.exception
    assert app.success[0].value.startswith("Notice ")
    with books.read() as session:
        found = story(session, number)
        assert found is not None
        [notice] = found.notices
    assert (notice.kind, notice.issued_by) == ("supervision", "wang")
    assert [one.proto.label for one in app.get("download_button")] == ["Word", "PDF"]


def test_nobody_else_issues_and_none_when_it_is_over(run: Run, books: Books) -> None:
    assert not issue_button(run("engineer", of_state(books, "assigned")))
    assert not issue_button(run("office", of_state(books, "archived"), "zh"))
