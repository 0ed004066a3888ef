"""The page of the goals without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from collectors.stores import open_store
from collectors.stores.base import Assessment
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.grades import month_of
from dashboard.casework.tables.goals import Goal, GoalProgress
from sensors.site import Site
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, board_over, field, open_copy, press, shown, texts

Run = Callable[..., AppTest]

#: The made day.
DAY = date(2026, 11, 23)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, books: Books, tmp_path: Path, filled_url: str) -> Run:
    board_over(monkeypatch, tmp_path, filled_url)

    return shown(page_test, "goals")


def figures(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", VIEWERS)
def test_every_role_sees_the_goals(run: Run, role: str, lang: str) -> None:
    app = run(role, lang)
    assert app.header[0].value == ("排口全部排查" if lang == "zh" else "Every outfall surveyed")
    assert len(app.metric) == 4


@pytest.mark.parametrize(
    "goal", ["near-outfalls", "mid-shops", "mid-leaks", "long-pipes", "long-sediment", "year-end", "years-rivers"]
)
def test_every_goal_opens(run: Run, goal: str) -> None:
    app = run(goal=goal)
    assert "What stands in the way" in [one.value for one in app.subheader] or goal == "year-end"


def test_what_nobody_evaluated_is_said_and_is_no_nought(run: Run) -> None:
    app = run(goal="year-end")
    assert figures(app)["Measured"] == "—"
    assert figures(app)["Standing"] == "Not evaluated yet"
    assert "No monthly evaluation of 2026-10 yet" in texts(app)


def test_grades_of_the_last_month_count(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, xietang: Site
) -> None:
    url = f"sqlite:///{tmp_path / 'graded.sqlite'}"
    store = open_store(url)
    start_ms = month_of(xietang, "2026-10").start_ms
    store.put_assessments(
        [Assessment("river", r, "month", start_ms, "V" if r == "R01" else "II") for r in xietang.rivers]
    )
    store.close()
    monkeypatch.setenv("RIVERCHIEF_STORE", url)
    app = run(goal="year-end")
    assert figures(app)["Measured"] == "27"
    assert any("evaluation of 2026\\-10" in one.value for one in app.caption)


def test_a_forecast_with_its_history(run: Run, books: Books) -> None:
    with books.change("riverchief", 1) as session:
        session.execute(delete(GoalProgress))
        for ago in range(1, 41):
            row = GoalProgress(goal="mid-shops", day=DAY - timedelta(days=ago), value=170.0 - ago, total=200.0)
            session.add(row)
    app = run(goal="mid-shops")
    assert "were open on 2026-10-14" in texts(app)
    assert "At this pace on 2026-12-" in texts(app)
    assert "No history yet" not in " ".join(one.value for one in app.caption)


def test_the_office_changes_a_goal_and_says_why(run: Run, books: Books) -> None:
    app = run(goal="mid-shops")
    field(app, "number_input", "Target [%]").set_value(90.0)
    press(app, "Save")
    assert "Say why" in texts(app)
    field(app, "text_input", "Reason (needed)").set_value("asked by the street")
    press(app, "Save")
    assert "Saved." in texts(app)
    with books.read() as session:
        assert session.get_one(Goal, "mid-shops").target == 0.9
        last = session.query(AuditEntry).order_by(AuditEntry.seq.desc()).first()
        assert last is not None
        assert (last.actor, last.reason) == ("wang", "asked by the street")
    field(app, "date_input", "Date").set_value(date(2025, 1, 1))
    field(app, "text_input", "Reason (needed)").set_value("x")
    press(app, "Save")
    assert "the date must come after" in texts(app)


def test_nobody_else_changes_one(run: Run) -> None:
    for role in ("engineer", "department", "grid_officer", "chief"):
        assert not [one for one in run(role, goal="mid-shops").button if one.label == "Save"]


def test_only_one_river(run: Run) -> None:
    app = run(goal="mid-shops", river="R01")
    assert "Only Xietang River" in texts(app)
    press(app, "Show everything")
    assert "river" not in app.query_params


def test_books_without_goals(run: Run, books: Books) -> None:
    with books.change("li", 1) as session:
        for goal in session.query(Goal):
            session.delete(goal)
    assert "No goals yet." in texts(run("chief"))
    app = press(run(), "Begin with the goals of the plan")
    assert len(app.metric) == 4


def test_an_address_that_names_nothing_known_is_told_of(run: Run) -> None:
    app = run(goal="nope", river="")
    assert [one.value for one in app.info if "goal = nope" in one.value]
    assert "Only" not in texts(app)
    assert app.header[0].value == "Every outfall surveyed"
