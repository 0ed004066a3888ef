"""The orders page without a browser: board and table, for every role in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from tests.dashboard.views.cases_made import copied
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import columns, drawn
from tests.dashboard.views.lived_in import VIEWERS, shown

Run = Callable[..., AppTest]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Books]:
    opened = copied(monkeypatch, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(page_test: PageTest, books: Books) -> Run:
    return shown(page_test, "orders")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", VIEWERS)
def test_board_and_table_for_everybody(run: Run, role: str, lang: str) -> None:
    [board] = drawn(run(role, lang), "orderboard")
    counts = {one["state"]: one["count"] for one in board["columns"]}
    assert list(counts) == ["draft", "registered", "assigned", "returned", "accepted", "redo", "done", "archived"]
    if role in ("office", "admin", "engineer"):
        assert (counts["draft"], counts["archived"], sum(counts.values())) == (2, 2, 11)
    else:
        assert sum(counts.values()) < 11
    app = run(role, lang, tab="table")
    assert len(app.text) >= 1


def test_overdue_orders_are_marked(run: Run) -> None:
    [board] = drawn(run(), "orderboard")
    late = [card for column in board["columns"] for card in column["cards"] if card["late"]]
    assert len(late) >= 2
    assert all(card["due"].startswith("overdue since ") for card in late)
    app = run(tab="table", overdue="1")
    assert all(due.endswith("(overdue)") for due in columns(app)["Deadline"])


def test_filters_and_pages(run: Run) -> None:
    app = run(tab="table")
    app.text_input[0].set_value("油污").run()
    assert not app.exception
    assert columns(app)["Origin"] == ["Public complaint"]
    app.text_input[0].set_value("there is no such order").run()
    assert not drawn(app, "ledger")
    app.text_input[0].set_value("").run()
    assert [button.disabled for button in app.button] == [True, True]
    app.pills[0].set_value(["archived"]).run()
    assert set(columns(app)["State"]) == {"Archived"}


def test_a_department_sees_only_orders_with_a_part_of_its_own(run: Run) -> None:
    states = columns(run("department", tab="table"))["State"]
    assert 0 < len(states) < 11
    assert "Draft" not in states
