"""Two readers on one order: the second is told what the first did, sends nothing by mistake, and loses no text."""

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
    def opened(number: str) -> AppTest:
        app = page_test("orders", viewer=dict(VIEWERS["office"]), order=number).run()
        assert not app.exception
        return app

    return opened


def send(app: AppTest) -> None:
    next(one for one in app.button if (one.key or "").startswith("take-")).click().run()
    assert not app.exception


def choose(app: AppTest, action: str) -> None:
    next(one for one in app.radio if (one.key or "").startswith("step-")).set_value(action).run()
    assert not app.exception


def steps(books: Books, number: str) -> list[str]:
    with books.read() as session:
        found = story(session, number)
        assert found is not None
        return [step.action for step in found.steps]


def test_a_form_that_went_with_the_order_leaves_its_text(run: Run, books: Books) -> None:
    number = of_state(books, "done")
    first, second = run(number), run(number)
    choose(second, "redo")
    second.text_area[0].set_value("photo is blurred").run()
    send(first)
    assert steps(books, number)[-1] == "archive"
    send(second)
    assert steps(books, number)[-1] == "archive"
    [said] = second.warning
    assert "moved on" in said.value
    assert "Archive, now Archived" in said.value
    assert [one.value for one in second.code] == ["photo is blurred"]


def test_a_form_that_is_still_there_is_sent_at_the_second_press(run: Run, books: Books) -> None:
    number = of_state(books, "accepted")
    first, second = run(number), run(number)
    for app, text in ((first, "first"), (second, "second")):
        choose(app, "urge")
        app.text_area[0].set_value(text).run()
    send(first)
    assert not first.warning
    before = steps(books, number)
    send(second)
    assert steps(books, number) == before
    assert len(second.warning) == 1
    assert second.text_area[0].value == "second"
    send(second)
    assert steps(books, number) == [*before, "urge"]
    assert not second.warning
