"""The page of reports: made by the office, read by departments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import Viewer
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books, open_books
from dashboard.casework.files import attach
from dashboard.casework.tables.accounts import Account
from dashboard.i18n import translator
from dashboard.page import Context
from dashboard.reports.keep import SUBJECT, kept
from dashboard.rights import RIGHTS
from dashboard.sources import Sources
from dashboard.views import PAGES
from dashboard.views.reports import taken_out
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.reports.months import months
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn
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
    assert {line["cells"][-1]["text"] for line in drawn(app, "ledger")[0]["rows"]} == {row.sha256 for row in rows}
    other = run("department")
    assert len(drawn(other, "ledger")[0]["rows"]) == 3
    assert [one.label for one in other.get("download_button")] == ["Download"]


def test_who_takes_a_report_out_stands_in_the_trail(run: Callable[..., AppTest], xietang: Site, tmp_path: Path) -> None:
    books = books_of(tmp_path)
    with books.change("wang", 1) as session:
        session.add(Account(id="li", name="Li", role="department", department="water", created_ms=1))
        session.flush()
        row = attach(session, books.files, SUBJECT, "2026-10/en/pdf", "r.pdf", b"%PDF-1.7\n%%EOF\n", "wang", 1)
    assert [one.label for one in run("department").get("download_button")] == ["Download"]
    with books.read() as session:
        (found,) = kept(session)
        assert found.sha256 == row.sha256
    sources = Sources.from_environment()
    context = Context(sources, Viewer("li", "Li", "department", "water"), Wording.of(xietang, translator("en")))
    assert taken_out(context, found).startswith(b"%PDF")
    with books.read() as session:
        [told] = session.query(AuditEntry).filter_by(action="export").all()
        assert (told.actor, told.reason) == ("li", f"r.pdf {row.sha256[:12]}")
        assert verify(session).problems == ()
    books.close()


@pytest.mark.parametrize("kept_one", [False, True])
def test_a_report_that_nobody_knows_is_told(run: Callable[..., AppTest], tmp_path: Path, kept_one: bool) -> None:
    if kept_one:
        books = books_of(tmp_path)
        with books.change("wang", 1) as session:
            attach(session, books.files, SUBJECT, "2026-10/en/pdf", "r.pdf", b"%PDF-1.7\n%%EOF\n", "wang", 1)
        books.close()
    told = [one.value for one in run("office", report="abc").info]
    assert [text for text in told if "report = abc" in text] == told[:1]


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
    app = run("office")
    chiefs = replace(RIGHTS["report.make"], roles=frozenset({"chief"}))
    monkeypatch.setattr("dashboard.rights.RIGHTS", {**RIGHTS, "report.make": chiefs})
    app.button[0].click().run()
    assert "this is not for the role office" in app.exception[0].message
    assert not app.get("download_button")
