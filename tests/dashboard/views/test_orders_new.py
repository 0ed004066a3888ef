"""A new order from the page: by chief and office, within their rivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from dashboard.casework.order_lists import story
from tests.dashboard.views.cases_made import copied
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
    def opened(role: str, lang: str = "en", **address: str) -> AppTest:
        app = page_test("orders", lang=lang, viewer=dict(VIEWERS[role]), new="1", **address).run()
        assert not app.exception
        return app

    return opened


def test_the_office_opens_one_about_an_outfall(run: Run, books: Books) -> None:
    app = run("office", outfall="PK001")
    assert [box.value for box in app.selectbox][:2] == ["R01", "PK001"]
    app.text_input[0].set_value("Sewage at the bridge").run()
    app.button[0].click().run()
    assert not app.exception
    assert [one.value for one in app.success] == ["The order was registered"]
    asked = app.query_params["order"]
    number = asked if isinstance(asked, str) else asked[0]
    with books.read() as session:
        found = story(session, number)
        assert found is not None
        order = found.order
    assert (order.state, order.river, order.outfall, order.origin) == ("registered", "R01", "PK001", "superior")
    assert order.code is not None


def test_without_a_title_it_is_refused(run: Run) -> None:
    app = run("office", "zh")
    app.button[0].click().run()
    assert [one.value for one in app.error] == ["请填写标题"]


def test_a_chief_opens_one_in_an_own_river_only(run: Run) -> None:
    app = run("chief", outfall="PK150")
    assert len(app.selectbox[0].options) == 2
    app.text_input[0].set_value("Litter").run()
    app.button[0].click().run()
    assert [one.value for one in app.error] == ["Choose one of your rivers."]
    app.selectbox[0].set_value("R02").run()
    app.button[0].click().run()
    assert not app.exception
    assert [one.value for one in app.success] == ["The order was registered"]


@pytest.mark.parametrize("role", ["engineer", "department", "grid_officer"])
def test_others_get_the_list(run: Run, role: str) -> None:
    assert not [one for one in run(role).button if one.key and one.key.startswith("new-open")]


def test_what_is_too_long_is_refused_in_words_and_kept(run: Run, books: Books) -> None:
    app = run("office", "zh")
    app.text_input[0].set_value("油" * 130).run()
    app.text_area[0].set_value("污" * 4100).run()
    app.button[0].click().run()
    assert not app.exception
    assert ["130" in app.error[0].value, "4100" in app.error[1].value] == [True, True]
    assert (len(app.text_input[0].value or ""), len(app.text_area[0].value or "")) == (130, 4100)
    assert "order" not in app.query_params
