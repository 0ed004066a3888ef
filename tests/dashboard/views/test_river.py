"""The river page without a browser: every part of it, in both languages, for everybody who may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import captions, drawn
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy

TABS = ("profile", "course", "calendar", "file", "policy")

Open = Callable[..., AppTest]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def open_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_test: PageTest, filled_url: str, books: Books
) -> Open:
    board_over(monkeypatch, tmp_path, filled_url)

    def opened(lang: str = "en", role: str = "office", **address: str) -> AppTest:
        return page_test("river", lang=lang, viewer=dict(VIEWERS[role]), **address).run()

    return opened


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_part_opens_in_both_languages(open_page: Open, lang: str, tab: str) -> None:
    app = open_page(lang, river="R01", tab=tab)
    assert not app.exception
    assert not app.error
    assert drawn(app, "panel")[0]["name"] == ("斜塘河" if lang == "zh" else "Xietang River")


@pytest.mark.parametrize("role", VIEWERS)
def test_everybody_who_may_opens_it(open_page: Open, role: str) -> None:
    app = open_page("zh", role, river="R01", tab="policy")
    assert not app.exception
    assert len(drawn(app, "cards")[0]["cards"]) == 5


def test_the_worst_river_comes_first_and_the_address_decides(open_page: Open) -> None:
    app = open_page()
    assert app.selectbox[0].value in {"R15", "R20", "R25"}
    app.selectbox[0].set_value("R07").run()
    assert not app.exception
    assert app.query_params["river"] == "R07"
    assert app.selectbox[0].value == "R07"


def test_only_the_rivers_of_the_viewer(open_page: Open) -> None:
    app = open_page("en", "chief", river="R20")
    assert not app.exception
    assert "There is no river R20" in app.info[0].value
    assert len(app.selectbox[0].options) == 2
    assert app.selectbox[0].value in {"R01", "R02"}


def test_the_profile_has_stations_and_outfalls(open_page: Open) -> None:
    app = open_page(river="R01", determinand="ammonia_nitrogen")
    (profile,) = drawn(app, "profile")
    assert len(profile["lanes"][0]["stations"]) == 3
    assert {one["stage"] for one in profile["stages"]} - {"surveyed"}
    assert captions(app) == ["Class by determinand"]
    app.selectbox[1].set_value("ph").run()
    assert app.query_params["determinand"] == "ph"
    assert "pH" in drawn(app, "profile")[0]["title"]


@pytest.mark.parametrize("span", ["1d", "7d", "30d", "1y", "5y"])
def test_the_course_over_every_span(open_page: Open, span: str) -> None:
    app = open_page(river="R01", tab="course", span=span)
    assert not app.exception
    assert captions(app) == ["Events and orders in this span"]
    assert any("windows of" in one.value for one in app.caption)


def test_a_river_without_a_day_evaluation_says_so(open_page: Open) -> None:
    (calendar,) = drawn(open_page(river="R01", tab="calendar"), "heat")
    assert calendar["rows"] == []
    assert "2026" in calendar["empty"]


def test_without_books_the_water_is_shown_and_the_policy_is_not(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RIVERCHIEF_BOOKS")
    app = open_page("en", "engineer", river="R01", tab="file")
    assert not app.exception
    assert any("no books" in one.value for one in app.caption)
    app = open_page("en", "engineer", river="R01", tab="policy")
    assert not app.exception
    assert drawn(app, "profile")


def test_a_store_that_is_not_there(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RIVERCHIEF_STORE", f"sqlite:///{tmp_path / 'none.sqlite'}")
    app = open_page()
    assert not app.exception
    assert "cannot be read" in app.info[0].value
