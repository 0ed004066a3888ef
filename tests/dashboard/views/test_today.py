"""The first page without a browser: for everybody, in both languages, with books that fail and with none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from dashboard.casework.tables.orders import Order
from sensors.errors import BooksError
from sensors.site import Site
from tests.dashboard.made import NOW_MS
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy

Open = Callable[..., AppTest]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    with opened.change("t", NOW_MS) as session:
        session.add_all([
            Order(number="2026-1", title="<b>直排</b>", origin="event", state="accepted", river="R01",
                  created_ms=NOW_MS - 9 * 86_400_000, due_ms=NOW_MS - 3_600_000),
            Order(number="2026-2", title="other", origin="event", state="draft", river="R20", created_ms=NOW_MS - 1000),
        ])  # fmt: skip
    yield opened
    opened.close()


@pytest.fixture
def open_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_test: PageTest, filled_url: str, books: Books
) -> Open:
    board_over(monkeypatch, tmp_path, filled_url)

    def opened(lang: str = "en", role: str = "office", **address: str) -> AppTest:
        return page_test("today", lang=lang, viewer=dict(VIEWERS[role]), **address).run()

    return opened


@pytest.mark.parametrize("role", VIEWERS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everybody_who_may_opens_it(open_page: Open, lang: str, role: str) -> None:
    app = open_page(lang, role)
    assert not app.exception
    assert not app.error
    assert [card["key"] for card in drawn(app, "cards")[0]["cards"]] == ["changes", "orders", "settled", "goals"]


def test_since_yesterday_orders_and_goals(open_page: Open, xietang: Site) -> None:
    changes, orders, settled, goals = drawn(open_page(), "cards")[0]["cards"]
    assert changes["note"] == "2 worse, 0 better"
    fell = {xietang.rivers[river].name_en for river in ("R25", "R14")}
    assert {line["link"]["text"] for line in changes["lines"]} == fell
    assert (orders["count"], orders["note"], orders["tone"]) == (2, "1 overdue", "bad")
    assert orders["lines"][0]["link"]["text"] == "<b>直排</b>"
    assert settled["note"] == "1 opened, 0 closed"
    assert any("of 150" in line["note"] for line in goals["lines"])


def test_a_chief_sees_their_rivers_and_their_figures(open_page: Open) -> None:
    app = open_page("en", "chief")
    (figures,) = drawn(app, "figures")
    assert figures["stats"][1]["of"] == "/ 6"
    assert len(drawn(app, "table")[0]["rows"]) == 2
    _changes, orders, _settled, goals = drawn(app, "cards")[0]["cards"]
    assert orders["count"] == 1
    assert not any("of 150" in line["note"] for line in goals["lines"])


def test_the_river_of_the_address(open_page: Open) -> None:
    app = open_page(river="R07")
    assert drawn(app, "rivers")[0]["selected"] == "R07"
    assert drawn(app, "table")[0]["selected"] == "R07"
    assert drawn(open_page(river="R99"), "rivers")[0]["selected"] != "R99"
    assert drawn(open_page("en", "chief", river="R20"), "rivers")[0]["selected"] in {"R01", "R02"}


def test_the_water_is_shown_where_the_books_fail(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Books) -> None:
        raise BooksError("books: gone", retryable=True)

    monkeypatch.setattr(Books, "read", fails)
    app = open_page()
    assert not app.exception
    assert "books: gone" in app.info[0].value.replace("\\", "")
    assert [card["key"] for card in drawn(app, "cards")[0]["cards"]] == ["changes"]
    assert drawn(app, "table")


def test_without_books_only_the_water(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RIVERCHIEF_BOOKS")
    app = open_page("zh", "engineer")
    assert not app.exception
    assert [card["key"] for card in drawn(app, "cards")[0]["cards"]] == ["changes"]


def test_somebody_whose_rivers_are_none_of_these(page_test: PageTest, open_page: Open) -> None:
    viewer = {"account": "x", "name": "X", "role": "chief", "rivers": frozenset({"R99"})}
    app = page_test("today", lang="en", viewer=viewer).run()
    assert not app.exception
    assert "None of the rivers" in app.info[0].value
