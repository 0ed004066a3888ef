"""The page of the books without a browser: every book, every role, each thing done once and refused once."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.casework.audit import AuditEntry
from dashboard.casework.books import BOOKS
from dashboard.casework.database import Books
from dashboard.casework.files import attach
from dashboard.casework.tables.stations import Calibration, StationVisit
from dashboard.casework.tables.survey import OutfallRecord, Shop
from tests.dashboard import made
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, board_over, field, open_copy, press, shown, texts

Run = Callable[..., AppTest]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, books: Books, tmp_path: Path, filled_url: str) -> Run:
    board_over(monkeypatch, tmp_path, filled_url)

    return shown(page_test, "books")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("book", BOOKS)
def test_every_book_opens_in_both_languages(run: Run, book: str, lang: str) -> None:
    app = run(lang=lang, book=book)
    assert app.selectbox[0].value == book
    assert (" rows" if lang == "en" else " 条") in app.text[0].value


@pytest.mark.parametrize("role", VIEWERS)
def test_every_role_opens_a_list_and_a_row(run: Run, role: str) -> None:
    for book, record in (("outfalls", "PK001"), ("visits", "DEMO-M0-S01"), ("inspections", "DEMO-I000")):
        run(role, book=book)
        app = run(role, book=book, record=record)
        mine = VIEWERS[role].get("grids") is None
        assert ("There is no such row." in texts(app)) is not mine


def test_the_address_says_what_is_shown(run: Run) -> None:
    app = run(book="shops", q="示例", river="R01", state="to_rectify")
    assert "To rectify" in app.text[0].value
    assert field(app, "selectbox", "River").value == "R01"
    field(app, "selectbox", "State or kind").set_value("").run()
    assert "state" not in app.query_params
    assert app.query_params["river"] == "R01"
    field(app, "text_input", "Search").set_value("nobody is called so").run()
    assert app.text[0].value.startswith("0 rows")


def test_what_another_book_was_narrowed_by_is_dropped(run: Run) -> None:
    app = run(book="shops", river="R01", state="to_rectify", grid="G001")
    field(app, "selectbox", "Book").set_value("outfalls").run()
    assert app.query_params["river"] == "R01"
    assert "state" not in app.query_params
    assert not app.text[0].value.startswith("0 rows")


def test_a_link_that_narrows_more_than_the_boxes_show_says_so(run: Run) -> None:
    app = run(book="clearings", river="R01", reach="R01-1")
    assert "Only R01-1" in texts(app)
    press(app, "Show everything")
    assert "reach" not in app.query_params


def test_pages_of_a_list(run: Run) -> None:
    app = run()
    assert any(one.value == "1–50 of 150" for one in app.text)
    press(app, "Next ›")
    assert app.query_params["page"] == "2"
    assert any(one.value == "51–100 of 150" for one in app.text)
    field(app, "selectbox", "River").set_value("R01").run()
    assert "page" not in app.query_params


def test_a_row_is_edited_and_the_trail_has_who_and_why(run: Run, books: Books) -> None:
    app = run(book="shops", record="DEMO-S001")
    field(app, "text_input", "Permit", "row-").set_value("排许〔2026〕7号")
    field(app, "text_input", "Why (for the trail)", "row-").set_value("seen on the wall")
    press(app, "Save")
    assert "Saved." in texts(app)
    with books.read() as session:
        assert session.get_one(Shop, "DEMO-S001").permit == "排许〔2026〕7号"
        last = session.query(AuditEntry).order_by(AuditEntry.seq.desc()).first()
        assert last is not None
        assert (last.actor, last.reason, list(last.after or {})) == ("wang", "seen on the wall", ["permit"])
    assert "Nothing was changed." in texts(press(app, "Save"))


def test_what_somebody_else_entered_meanwhile_is_said_and_stays(run: Run, books: Books) -> None:
    app = run(book="shops", record="DEMO-S001")
    with books.change("sun", made.NOW_MS) as session:
        session.get_one(Shop, "DEMO-S001").permit = "8"
    field(app, "text_input", "Permit", "row-").set_value("9")
    press(app, "Save")
    assert "sun has changed this to 8 meanwhile" in texts(app)
    with books.read() as session:
        assert session.get_one(Shop, "DEMO-S001").permit == "8"
    press(app, "Load again")
    assert field(app, "text_input", "Permit", "row-").value == "8"


def test_who_may_not_change_a_row_reads_it(run: Run, books: Books) -> None:
    with books.read() as session:
        shop = session.query(Shop).filter_by(river="R01").order_by(Shop.id).first()
    assert shop is not None
    app = run("chief", book="shops", record=shop.id)
    assert [button.label for button in app.button] == ["Back to the list"]
    assert "There is no such row." in texts(run("chief", book="outfalls", record="PK100"))
    assert not run("chief").file_uploader


def test_an_outfall_takes_its_next_step_with_a_photo(run: Run, books: Books) -> None:
    app = run(book="outfalls", record="PK011")
    assert app.text[0].value.startswith("◉ Not surveyed → ○ Surveyed")
    field(app, "text_input", "Surveyed by", "step-").set_value("Li")
    field(app, "selectbox", "Flows in dry weather", "step-").set_value("no")
    field(app, "date_input", "Surveyed on", "step-").set_value(date(2026, 11, 20))
    press(app, "Take this step")
    assert "needs 照片 (photo)" in texts(app)
    photo(books, "PK011")
    press(app, "Take this step")
    assert "Done." in texts(app)
    with books.read() as session:
        row = session.get_one(OutfallRecord, "PK011")
        assert (row.stage, row.surveyed_by, row.flows_in_dry_weather) == ("surveyed", "Li", False)
    field(app, "text_input", "Why", "step-").set_value("")
    back = next(button for button in reversed(app.button) if button.label == "Take this step")
    back.click().run()
    assert "a reason: something is taken back" in texts(app)
    field(app, "text_input", "Why", "step-").set_value("the wrong outfall")
    next(button for button in reversed(app.button) if button.label == "Take this step").click().run()
    with books.read() as session:
        assert session.get_one(OutfallRecord, "PK011").stage == "unsurveyed"


def photo(books: Books, outfall: str) -> None:
    data = io.BytesIO()
    Image.new("RGB", (900, 600), "green").save(data, "JPEG")
    with books.change("li", made.NOW_MS) as session:
        attach(session, books.files, "outfall", outfall, "pk.jpg", data.getvalue(), "li", made.NOW_MS)


def test_a_photo_is_shown(run: Run, books: Books) -> None:
    photo(books, "PK001")
    app = run(book="outfalls", record="PK001")
    assert any(one.value.startswith("pk.jpg · li") for one in app.text)


def test_a_new_row(run: Run, books: Books) -> None:
    app = press(run(book="boats"), "Add")
    assert app.query_params["add"] == "1"
    field(app, "selectbox", "River \\*", "new-").set_value("Xietang River")
    field(app, "text_input", "Number", "new-").set_value("B77")
    press(app, "Save")
    assert "Found on: something that is not blank" in texts(app)
    field(app, "date_input", "Found on \\*", "new-").set_value(date(2026, 11, 20))
    press(app, "Save")
    assert "Entered: B77" in texts(app)
    assert app.query_params["record"] == "B77"


def test_a_visit_from_arriving_to_leaving(run: Run, books: Books) -> None:
    app = run("engineer", book="visits")
    field(app, "selectbox", "Station", "visit-").set_value("S02")
    press(app, "I am there")
    assert "The visit has begun." in texts(app)
    assert "Engineer is at" in texts(app)
    assert "is being visited already" in texts(press(app, "I am there"))
    field(app, "number_input", "Standard", "visit-").set_value(6.86)
    field(app, "number_input", "After", "visit-").set_value(6.9)
    field(app, "number_input", "Tolerance", "visit-").set_value(0.1)
    press(app, "Save")
    press(app, "Leave the station")
    with books.read() as session:
        visit = session.query(StationVisit).filter_by(station="S02", person="Engineer").one()
        assert visit.end_ms == made.NOW_MS
        found = session.query(Calibration).filter_by(visit_id=visit.id).one()
        assert (found.determinand, found.passed) == ("ph", True)


def test_nobody_else_arrives(run: Run) -> None:
    assert not any(button.label == "I am there" for button in run("department", book="visits").button)


def test_a_sample_is_held_against_its_probe(run: Run) -> None:
    app = run("engineer", book="samples", record="DEMO-A0-S01")
    assert "There is no such row." not in texts(app)


def test_a_sample_of_elsewhere_is_not_held_against_anything(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "dashboard.views.books.compared", lambda _session, _store, sample, _w: asked.append(sample) or []
    )
    run("office", book="samples", record="DEMO-A0-S01")
    assert asked == ["DEMO-A0-S01"]
    app = run("grid_officer", book="samples", record="DEMO-A0-S01")
    assert "There is no such row." in texts(app)
    assert asked == ["DEMO-A0-S01"]


def test_editing_in_the_table_offers_only_ones_own_rows(run: Run) -> None:
    app = run("grid_officer", book="shops")
    app.toggle[0].set_value(True).run()
    assert not app.exception
    assert any(button.label == "Save" and button.disabled for button in app.button)
    app = run("department", book="pipes", department="maintainer")
    app.toggle[0].set_value(True).run()
    assert "None of these rows is yours to change." in texts(app)
