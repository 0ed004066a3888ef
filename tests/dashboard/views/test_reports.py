"""The page of reports: made by the office, read by departments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books, open_books
from dashboard.reports.keep import kept
from dashboard.views import PAGES
from tests.dashboard.reports.months import months
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, tmp_path: Path) -> Callable[..., AppTest]:
    open_copy(tmp_path).close()
    board_over(monkeypatch, tmp_path, months())

    def opened(role: str, lang: str = "en", **address: str) -> AppTest:
        viewer = dict(VIEWERS[role])
        return page_test("reports", lang, viewer, **{"period": "2026-10", **address}).run()

    return opened


def books_of(tmp_path: Path) -> Books:
    return open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", ["office", "admin", "chief", "department"])
def test_for_each_role_that_may(run: Callable[..., AppTest], role: str, lang: str) -> None:
    app = run(role, lang)
    assert not app.exception
    assert bool(app.button) == (role != "department")


def test_others_do_not_have_it() -> None:
    (page,) = [page for page in PAGES if page.path == "reports"]
    assert page.roles == {"office", "admin", "chief", "department"}
    assert page.needs_books


def test_made_downloaded_and_kept(run: Callable[..., AppTest], tmp_path: Path) -> None:
    app = run("office")
    app.button[0].click().run()
    assert not app.exception
    assert [one.label for one in app.get("download_button")] == ["PDF", "Word", "Excel"]
    assert any("2026-10" in one.value for one in app.text)
    app.button[1].click().run()
    assert not app.exception
    books = books_of(tmp_path)
    with books.read() as session:
        rows = kept(session)
    books.close()
    assert {(row.label, row.language, row.form, row.made_by) for row in rows} == {
        ("2026-10", "en", form, "wang") for form in ("pdf", "docx", "xlsx")
    }
    # It is listed with its hash, and can be had; a department finds it too.
    assert set(app.dataframe[0].value["SHA-256"]) == {row.sha256 for row in rows}
    other = run("department")
    assert len(other.dataframe[0].value) == 3
    assert [one.label for one in other.get("download_button")] == ["Download"]


def test_a_chief_of_some_rivers_makes_it_of_these_and_does_not_keep_it(run: Callable[..., AppTest]) -> None:
    app = run("chief")
    app.button[0].click().run()
    assert not app.exception
    assert len(app.get("download_button")) == 3
    assert len(app.button) == 1


def test_nothing_evaluated(run: Callable[..., AppTest]) -> None:
    app = run("office", period="2026-01")
    app.button[0].click().run()
    assert [one.value for one in app.info] == ["Nothing was evaluated for 2026-01."]
    assert not app.get("download_button")


def test_a_department_cannot_make_one(
    run: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dashboard.views.reports.MAKERS", frozenset({"office"}))
    app = run("office")
    monkeypatch.setattr("dashboard.views.reports.MAKERS", frozenset({"chief"}))
    app.button[0].click().run()
    assert "this is not for the role office" in app.exception[0].message
    assert not app.get("download_button")
