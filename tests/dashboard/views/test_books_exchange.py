"""Lists in and out on the page of the books: mistakes are told before anything is written."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.access import Viewer
from dashboard.casework.audit import AuditEntry
from dashboard.casework.books import BOOKS
from dashboard.casework.database import Books
from dashboard.casework.files import attachments
from dashboard.casework.tables.inspections import PublicReport
from dashboard.casework.tables.survey import Shop
from dashboard.i18n import translator
from dashboard.page import Context, Denied
from dashboard.sources import Sources
from dashboard.views.books_exchange import taken_out
from dashboard.wording import Wording
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy, press, texts

Run = Callable[..., AppTest]

LIST = "编号,店名,河道,排查日期\nN1,甲,R01,2026-05-04\nN2,乙,长江,\nN3,丙,R02,2027-01-01\n".encode("gb18030")


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, books: Books, tmp_path: Path, filled_url: str) -> Run:
    board_over(monkeypatch, tmp_path, filled_url)

    def opened(role: str = "office", **address: str) -> AppTest:
        app = page_test("books", viewer=dict(VIEWERS[role]), **address).run()
        assert not app.exception
        return app

    return opened


def shops(books: Books) -> set[str]:
    with books.read() as session:
        return {row.id for row in session.query(Shop) if row.id.startswith("N")}


def test_nothing_is_written_before_the_office_says_so(run: Run, books: Books) -> None:
    app = run(book="shops")
    app.file_uploader[0].upload("商户.csv", LIST, "text/csv").run()
    assert not app.exception
    assert "3 rows: 1 new, 0 changed, 0 the same, 2 wrong." in texts(app)
    assert shops(books) == set()
    assert not [button for button in app.button if button.label == "Import"]
    press(app, "Import only the good rows")
    assert "1 new, 0 changed, 0 the same, 2 left out." in texts(app)
    assert shops(books) == {"N1"}
    with books.read() as session:
        last = session.query(AuditEntry).order_by(AuditEntry.seq.desc()).first()
        assert last is not None
        assert (last.actor, last.reason) == ("wang", "import of 商户.csv")


def test_a_list_without_mistakes_comes_in_whole(run: Run, books: Books) -> None:
    app = run(book="shops")
    app.file_uploader[0].upload("../a/b.csv", "编号,店名,河道\nN1,甲,R01\nN2,乙,R02\n".encode(), "text/csv").run()
    press(app, "Import")
    assert shops(books) == {"N1", "N2"}


def test_what_is_no_list_is_said(run: Run) -> None:
    app = run(book="shops")
    app.file_uploader[0].upload("a.csv", b"a,b\n1,2\n", "text/csv").run()
    assert not app.exception
    assert "0 new" not in texts(app)
    [told] = [one.value for one in app.error]
    assert "accepted" in told
    assert not app.warning
    assert not [button for button in app.button if button.label.startswith("Import")]


def test_a_picture_is_no_list(run: Run) -> None:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "PNG")
    app = run(book="shops")
    app.file_uploader[0].upload("门头.csv", data.getvalue(), "text/csv").run()
    [told] = [one.value for one in app.error]
    assert "found" in told
    assert "—" not in told
    assert not app.warning


def test_only_the_office_brings_lists_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not run("grid_officer", book="shops").file_uploader
    from dashboard.casework.books import BOOKS
    from dashboard.views import books_exchange

    class Context:
        def require(self, right: str) -> None:
            assert right == "books.import"
            raise Denied("not for this role")

    with pytest.raises(Denied):
        books_exchange.bring(Context(), BOOKS["shops"], "a.csv", LIST)  # type: ignore[arg-type]


def test_photos_are_added_and_what_is_none_is_refused(run: Run, books: Books) -> None:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "PNG")
    app = run(book="shops", record="DEMO-S001")
    app.file_uploader[0].set_value([("门头.png", data.getvalue(), "image/png")])
    press(app, "Add")
    assert "1 file added." in texts(app)
    with books.read() as session:
        [kept] = attachments(session, "shop", "DEMO-S001")
    assert (kept.name, kept.media_type, kept.added_by) == ("门头.png", "image/png", "wang")
    app.file_uploader[0].set_value([("x.png", b"<svg/>", "image/png")])
    press(app, "Add")
    assert "is no file that is kept" in texts(app)


def test_whoever_takes_out_how_to_reach_people_stands_in_the_trail(run: Run, books: Books) -> None:
    run(book="shops")
    sources = Sources.from_environment()

    def taken(role: str, book: str, *, empty: bool = False) -> str:
        context = Context(sources, Viewer(**VIEWERS[role]), Wording.of(sources.site, translator("en")))  # type: ignore[arg-type]
        return taken_out(context, BOOKS[book], ".csv", empty=empty).decode("utf-8-sig")

    with books.change("t", 1) as session:
        session.query(PublicReport).first().contact = "13912345678"
    assert "13912345678" in taken("office", "public_reports")
    assert "13912345678" not in taken("chief", "public_reports")
    taken("office", "public_reports", empty=True)
    taken("office", "shops")
    with books.read() as session:
        told = session.query(AuditEntry).filter_by(action="export").all()
        assert [(one.actor, one.reason) for one in told] == [("wang", "public_reports.csv")]


def test_downloads_are_offered(run: Run) -> None:
    assert [one.label for one in run(book="shops").download_button] == [
        "CSV (UTF-8)", "Excel", "Form to fill in (Excel)",
    ]  # fmt: skip
    assert [one.label for one in run("engineer", book="shops").download_button] == ["CSV (UTF-8)", "Excel"]
