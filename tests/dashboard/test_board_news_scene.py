"""What has changed since yesterday, in words; names of people's making stay text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dashboard.board import Today
from dashboard.board_news import MOST, GoalNow, News, OrderLine, OrdersNow
from dashboard.board_news_scene import cards
from dashboard.links import words_only
from dashboard.viewdata.river_marks import Happening
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.made import NOW_MS

HOUR = 3_600_000
NONE = News((), (), False, ())
ORDERS = OrdersNow(
    1, 1, 2, (OrderLine("2026-1", "<b>", "accepted", "normal", "R01", NOW_MS - 5 * HOUR, True),),
    (), (OrderLine("2026-2", "", "archived", "normal", None, None, False),), 0, 1,
)  # fmt: skip
GOAL = GoalNow("g", "目标", "Goal", "near", date(2026, 6, 30), 1.0, 30.0, 40.0, "items", "", "", "missed", (), ())


def test_nothing_known_and_nothing_done(morning: Today, xietang: Site, zh: Wording, en: Wording) -> None:
    for w in (zh, en):
        (changes,) = cards(NONE, None, (), morning, xietang, w, words_only)["cards"]
        assert changes["lines"] == []
        assert changes["empty"]
    assert changes["note"] == "nothing is known of yesterday's classes yet"


def test_rivers_that_moved_and_events_have_their_reason(morning: Today, xietang: Site, en: Wording) -> None:
    fell = (morning.river("R25"), morning.river("R14"))
    events = tuple(
        Happening("event", f"e{n}", "discharge", "", NOW_MS - n * HOUR, None, ("S01", "X")) for n in range(9)
    )
    (changes,) = cards(News(fell, (), True, events), None, (), morning, xietang, en, words_only)["cards"]
    assert changes["note"] == "2 worse, 0 better"
    assert changes["lines"][0]["trend"]["to"] == "worse"
    assert changes["lines"][2]["note"].startswith("Xizha Bridge · since")
    assert len(changes["lines"]) == 2 + MOST
    assert changes["more"][0]["text"] == "4 more"


def test_orders_say_how_late_they_are(morning: Today, xietang: Site, en: Wording, zh: Wording) -> None:
    _changes, orders, settled = cards(NONE, ORDERS, (), morning, xietang, en, words_only)["cards"]
    assert (orders["note"], orders["tone"]) == ("1 overdue · 2 to be reviewed", "bad")
    assert orders["lines"][0]["link"]["text"] == "<b>"
    assert orders["lines"][0]["note"].endswith("Xietang River · 5 h late")
    assert settled["lines"][0]["link"]["text"] == "2026-2"
    assert settled["lines"][0]["tone"] == "done"
    calm = replace(ORDERS, overdue=0, to_review=0, first=())
    assert cards(NONE, calm, (), morning, xietang, zh, words_only)["cards"][1]["note"] == "无逾期"


def test_goals_show_what_was_measured_or_that_nothing_was(morning: Today, xietang: Site, en: Wording) -> None:
    goals = (GOAL, replace(GOAL, unknown="nothing_known"), replace(GOAL, standing="on_track", value=50.0))
    lines = cards(NONE, None, goals, morning, xietang, en, words_only)["cards"][1]["lines"]
    assert lines[0]["note"] == "75 % · 30 of 40, by 2026-06-30"
    assert lines[0]["meter"] == {"share": 0.75, "text": "75 %", "tone": "late"}
    assert (lines[1]["note"], "meter" in lines[1]) == ("Nothing in the books yet", False)
    assert lines[2]["meter"]["share"] == 1.0
