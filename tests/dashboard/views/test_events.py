"""The events page without a browser: the list for whoever may read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.casework.database import Books
from dashboard.views import events
from tests.dashboard.views.cases_made import copied
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn
from tests.dashboard.views.lived_in import shown

Run = Callable[..., AppTest]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Books]:
    opened = copied(monkeypatch, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(page_test: PageTest, books: Books) -> Run:
    return shown(page_test, "events")


def test_departments_read_the_evidence_on_their_orders() -> None:
    assert {"department", "grid_officer", "public"}.isdisjoint(events.PAGE.roles)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", ["office", "admin", "engineer"])
def test_the_list_in_both_languages(run: Run, role: str, lang: str) -> None:
    [listed] = drawn(run(role, lang), "eventlist")
    assert len(listed["rows"]) == 9, "two of the events are older than a fortnight"
    first = listed["rows"][0]
    assert first["illustrative"]
    assert first["order"]["text"]
    assert {one["standing"] for one in listed["rows"]} == {"waiting", "open", "done", "rejected"}


def test_a_chief_sees_the_own_rivers(run: Run) -> None:
    app = run("chief")
    assert all(row["river"] in ("Xietang River", "Zhongtang River") for one in drawn(app, "eventlist")
               for row in one["rows"])  # fmt: skip


def test_filters_and_order(run: Run) -> None:
    app = run()
    app.multiselect[1].set_value(["rejected"]).run()
    assert not app.exception
    assert [row["state"] for row in drawn(app, "eventlist")[0]["rows"]] == ["Rejected"]
    app.multiselect[0].set_value(["fault"]).run()
    assert not drawn(app, "eventlist")
    assert app.info[0].value.startswith("Nothing of the kind")
    app.multiselect[0].set_value([]).run()
    app.multiselect[1].set_value([]).run()
    app.selectbox[2].set_value(True).run()
    assert not app.exception
    assert len(drawn(app, "eventlist")[0]["rows"]) == 9
