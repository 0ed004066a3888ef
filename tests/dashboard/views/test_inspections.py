"""The page of the inspections and the red and black list without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from collectors.stores import open_store
from collectors.stores.base import Assessment
from dashboard.casework.database import Books
from dashboard.casework.grades import month_of
from dashboard.casework.redblack import published
from dashboard.casework.tables.inspections import Inspection
from sensors.site import Site
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, board_over, field, open_copy, press, shown, texts

Run = Callable[..., AppTest]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def graded_url(tmp_path: Path, xietang: Site) -> str:
    url = f"sqlite:///{tmp_path / 'graded.sqlite'}"
    store = open_store(url)
    start_ms = month_of(xietang, "2026-10").start_ms
    store.put_assessments(
        [Assessment("river", r, "month", start_ms, "V" if r == "R01" else "II") for r in xietang.rivers if r != "R02"]
    )
    store.close()
    return url


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, books: Books, tmp_path: Path, graded_url: str) -> Run:
    board_over(monkeypatch, tmp_path, graded_url)

    return shown(page_test, "inspections")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", VIEWERS)
def test_every_role_opens_every_part(run: Run, role: str, lang: str) -> None:
    for tab in ("inspections", "patrols", "list"):
        run(role, lang, tab=tab)


def test_figures_of_a_month_and_the_list_below(run: Run) -> None:
    app = run(month="2026-10")
    labels = {one.label: one.value for one in app.metric}
    assert int(labels["Inspections"]) > 0
    assert 50 < float(labels["Mean score"]) <= 100
    assert any(" rows" in one.value for one in app.text)


def test_the_office_enters_an_inspection(run: Run, books: Books) -> None:
    app = press(run(), "Add")
    field(app, "selectbox", "Kind \\*", "new-").set_value("Random")
    field(app, "selectbox", "River \\*", "new-").set_value("Xietang River")
    field(app, "date_input", "Day \\*", "new-").set_value(date(2026, 11, 20))
    field(app, "number_input", "Score", "new-").set_value(77.5)
    press(app, "Save")
    assert "Entered: IN-" in texts(app)
    with books.read() as session:
        row = session.query(Inspection).filter_by(kind="random", day=date(2026, 11, 20), score=77.5).one()
        assert row.river == "R01"


def test_a_chief_enters_patrols_and_no_inspections(run: Run) -> None:
    assert not [one for one in run("chief", tab="inspections").button if one.label == "Add"]
    app = press(run("chief", tab="patrols"), "Add")
    field(app, "selectbox", "River \\*", "new-").set_value("Zhongtang River")
    field(app, "text_input", "Person \\*", "new-").set_value("Zhao")
    field(app, "text_input", "Begin \\*", "new-").set_value("2026-11-22 16:00")
    press(app, "Save")
    assert "Entered: PA-" in texts(app)
    app = press(run("chief", tab="patrols"), "Add")
    field(app, "selectbox", "River \\*", "new-").set_value("Shajing River")
    field(app, "text_input", "Person \\*", "new-").set_value("Zhao")
    field(app, "text_input", "Begin \\*", "new-").set_value("2026-11-22 16:00")
    press(app, "Save")
    assert "a row of your own area and books" in texts(app)


def test_a_link_from_elsewhere_names_its_book(run: Run) -> None:
    app = run(book="patrols", record="DEMO-T0000")
    assert "DEMO" in app.header[0].value


def test_the_list_its_formula_and_its_points(run: Run) -> None:
    app = run(tab="list", scope="river", subject="R01")
    assert any("Not published" in one.value for one in app.info)
    assert "1 river has no grade of this month." in [one.value for one in app.caption]
    assert any(one.value.startswith("− 0.5 ×") for one in app.text)
    assert "Pick a river or a department to see where its points come from." not in [one.value for one in app.caption]


def test_a_month_that_is_not_over_is_not_published(run: Run) -> None:
    app = run(tab="list", month="2026-11")
    assert "The month is not over" in texts(app)
    assert not [one for one in app.button if one.label == "Publish"]


def test_the_office_publishes_a_month_once(run: Run, books: Books, xietang: Site) -> None:
    for role in ("chief", "department", "engineer"):
        assert not [one for one in run(role, tab="list").button if one.label == "Publish"]
    app = run(tab="list")
    assert next(one for one in app.button if one.label == "Publish").disabled
    app.checkbox[0].set_value(True).run()
    press(app, "Publish")
    assert "The list of 2026-10 is published." in texts(app)
    with books.read() as session:
        assert len(published(session, "2026-10")) == len(xietang.rivers) + len(xietang.departments)
    app = run(tab="list")
    assert "Published on 23 Nov" in texts(app)
    assert not [one for one in app.button if one.label == "Publish"]
