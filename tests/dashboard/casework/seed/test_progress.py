"""The history of a demonstration's goals is what its rows say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.goals import goal_states, progress
from dashboard.casework.seed.seed import seed, seed_demo
from dashboard.casework.tables.survey import Shop

#: The 23rd of November 2026.
NOW = 1_795_392_020_000
DAY = date(2026, 11, 23)


def test_the_days_before_lead_to_the_figures_of_today(books: Books, desk: Desk) -> None:
    seed(books, desk.site, NOW)
    seed_demo(books, desk.site, NOW)
    with books.read() as session:
        states = {state.goal.id: state for state in goal_states(session, desk, DAY, {})}
        for goal, state in states.items():
            history = progress(session, goal, date(2026, 1, 1), DAY)
            if goal == "year-end":
                assert history == []
                continue
            assert (len(history), history[-1].day) == (90, DAY - timedelta(days=1))
            assert history[-1].value == pytest.approx(state.measured.value)
            assert history[-1].total == pytest.approx(state.measured.total)
            assert [row.value for row in history] == sorted(row.value for row in history)
        on = DAY - timedelta(days=60)
        seen = session.query(Shop).filter(Shop.surveyed_on <= on).count()
        assert [row.value for row in progress(session, "mid-shops", on, on)] == [seen]
    assert states["mid-shops"].forecast.why == "pace"
