"""The slides of a screen on a wall, as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dashboard.board import Today
from dashboard.board_news import GoalNow, News, OrderLine, OrdersNow
from dashboard.ground import ground
from dashboard.viewdata.river_marks import Happening
from dashboard.viewdata.wall import GOALS, LINES, WORST, wall
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

HOUR_MS = 3_600_000
NEWS = News((), (), True, ())


def order(now_ms: int, number: int = 1, hours: int = -3) -> OrderLine:
    return OrderLine(f"n{number}", f"<b>{number}</b>", "assigned", "normal", "R15", now_ms + hours * HOUR_MS, hours < 0)


def goal(**other: object) -> GoalNow:
    one = GoalNow("g", "目标", "Goal", "near", date(2026, 12, 31), 1.0, 30.0, 60.0, "items", "", "", "at_risk", (), ())
    return replace(one, **other)


def test_water_alone_without_books(morning: Today, xietang: Site, en: Wording) -> None:
    data = wall(morning, NEWS, None, (), xietang, en, ground(xietang), kiosk=True)
    assert [slide["kind"] for slide in data["slides"]] == ["map", "list", "work"]
    first, worst, work = data["slides"]
    assert [one["cls"] for one in first["figures"]][:2] == ["INFERIOR_V", "V"]
    assert {one["cls"]: one["count"] for one in first["figures"]}["INFERIOR_V"] == morning.figures.by_class[
        "INFERIOR_V"
    ]
    assert len(first["rivers"]) == 28
    assert first["stations"] == []
    assert worst["lines"][0]["cls"] == "INFERIOR_V"
    assert len(worst["lines"]) == WORST
    assert worst["lines"][0]["note"]
    assert work["orders"] is None
    assert work["title"] == "Events"


def test_what_the_browser_needs_to_tell_the_age(morning: Today, xietang: Site, en: Wording) -> None:
    data = wall(morning, NEWS, None, (), xietang, en, ground(xietang), kiosk=False, banner="made")
    assert data["newest_ms"] == morning.figures.newest_ms
    assert data["stale_s"] == xietang.assessment.stale_after_s
    assert data["zone"] == "Asia/Shanghai"
    assert "{count}" in data["words"]["minutes"]
    assert "{span}" in data["words"]["ago"]
    assert (data["kiosk"], data["banner"]) == (False, "made")


def test_events_and_orders(morning: Today, xietang: Site, zh: Wording) -> None:
    now_ms = morning.now_ms
    water = [Happening("event", f"e{n}", "discharge", "", now_ms - HOUR_MS, None, ("S01",)) for n in range(LINES + 3)]
    fault = Happening("event", "f", "fault", "", now_ms - HOUR_MS, None, ("S01",))
    orders = OrdersNow(9, 4, 0, (order(now_ms), order(now_ms, 2, 5)), (), (), 0, 0)
    work = wall(
        morning, News((), (), True, (*water, fault)), orders, (), xietang, zh, ground(xietang), kiosk=True
    )["slides"][2]  # fmt: skip
    assert (work["events"]["count"], len(work["events"]["lines"])) == (LINES + 3, LINES)
    assert xietang.stations["S01"].name in work["events"]["lines"][0]["note"]
    assert (work["orders"]["count"], work["orders"]["late"]) == (9, "4 件超期")
    assert [line["tone"] for line in work["orders"]["lines"]] == ["bad", ""]
    # What people wrote stays as they wrote it: the browser gets it as a text node.
    assert work["orders"]["lines"][0]["name"] == "<b>1</b>"


@pytest.mark.parametrize(
    ("one", "text", "tone"),
    [
        (goal(), "50 %", "late"),
        (goal(standing="on_track"), "50 %", ""),
        (goal(unknown="nothing_known"), NOTHING, "late"),
    ],
)
def test_goals(morning: Today, xietang: Site, en: Wording, one: GoalNow, text: str, tone: str) -> None:
    slide = wall(morning, NEWS, None, (one,) * (GOALS + 1), xietang, en, ground(xietang), kiosk=True)["slides"][3]
    assert len(slide["lines"]) == GOALS
    assert (slide["lines"][0]["text"], slide["lines"][0]["tone"]) == (text, tone)
