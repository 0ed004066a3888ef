"""The goals as the board shows them."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.goals import Forecast, GoalState
from dashboard.casework.measures import MEASURES, Measured, Obstacle, Share
from dashboard.casework.tables.goals import Goal, GoalProgress
from dashboard.casework.tables.survey import Shop
from dashboard.viewdata.books_ledger import Line
from dashboard.viewdata.goals import (
    alt,
    amount,
    area_of,
    by_place,
    chart,
    definition,
    filled,
    forecast,
    has_grids,
    open_items,
    standing,
    summary,
    term,
)
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

DAY = date(2026, 11, 23)
OBSTACLES = (
    Obstacle("shop", "S1", "R01", "unsurveyed", 1.0, "G001"), Obstacle("shop", "S2", "R02", "unsurveyed"),
    Obstacle("river", "R03", "R03", "bad"), Obstacle("reach", "R01-1", "R01", "uncleared", 12.0),
    Obstacle("river", "R04", "R04", "uncleared"),
)  # fmt: skip
SHARES = (Share("R01", "G001", 3, 4), Share("R01", None, 5, 5), Share("R02", None, 2, 9), Share(None, None, 0, 1))


def state(
    why: str = "pace", unit: str = "items", standing: str = "on_track", unknown: str = "", **more: object
) -> GoalState:
    goal = Goal(id="g", name="目标", name_en="Goal", term="mid", measure="shops_surveyed", target=0.9,
                begins_on=date(2026, 1, 1), due_on=date(2026, 12, 31), note="")  # fmt: skip
    measured = Measured(10, 19, unit, OBSTACLES, SHARES, "2026-10", unknown)
    values: dict[str, object] = {"reached_on": None, "pace_per_day": None, "since": None, **more}
    return GoalState(goal, measured, 17.1, Forecast(why=why, **values), standing)  # type: ignore[arg-type]


def paced(reached_on: date) -> GoalState:
    return state(reached_on=reached_on, pace_per_day=0.25, since=DAY - timedelta(days=40), left=7.1, left_then=17.1)


def text(cell: object) -> str:
    return cell if isinstance(cell, str) else str(getattr(cell, "text"))  # noqa: B009


def test_a_forecast_says_when_and_what_it_rests_on(en: Wording, zh: Wording) -> None:
    told = forecast(paced(date(2026, 12, 22)), DAY, en, 14)
    assert told == (
        "At this pace on 2026-12-22, 9 days before the date. 17 were open on 2026-10-14, 7 are now: 0.25 a day over "
        "40 days."
    )
    assert "3 days after the date" in forecast(paced(date(2027, 1, 3)), DAY, en, 14)
    assert forecast(paced(date(2026, 12, 22)), DAY, zh, 14).startswith("按现有速度预计 2026-12-22 完成")


def test_a_forecast_says_that_nothing_moved(en: Wording, zh: Wording) -> None:
    one = state(reached_on=date(2027, 1, 22), pace_per_day=0.367, since=DAY - timedelta(days=90), left=22.0,
                left_then=55.0, still_since=DAY - timedelta(days=60))  # fmt: skip
    assert forecast(one, DAY, en, 14).startswith("Nothing has moved since 2026-09-24. At this pace on 2027-01-22")
    assert forecast(one, DAY, zh, 14).startswith("2026-09-24 以来没有进展。按现有速度预计")
    # A pause of a few days is nothing to tell.
    assert forecast(one, DAY, en, 61).startswith("At this pace on")


def test_columns_that_say_nothing_are_left_out() -> None:
    lines = [Line(("S1", "", NOTHING, "open"), "books"), Line(("S2", "", NOTHING, "open"), "books")]
    head, kept, which = filled(("Item", "Name", "Grid", "State"), lines)
    assert (head, which) == (("Item", "State"), (0, 3))
    assert [list(one.cells) for one in kept] == [["S1", "open"], ["S2", "open"]]
    assert filled(("Item", "Name"), [])[0] == ("Item", "Name")


def test_the_date_stands_beside_its_line_where_there_is_room(en: Wording) -> None:
    history = [GoalProgress(goal="g", day=DAY - timedelta(days=n), value=10.0, total=19.0) for n in (1, 60)]

    def beside(due: date) -> str:
        one = state()
        one.goal.due_on = due
        return str(chart(one, history, DAY, en)["series"][0]["markLine"]["data"][0]["label"]["position"])

    assert beside(date(2026, 6, 30)) == "insideEndBottom"
    assert beside(date(2026, 12, 31)) == "insideEndTop"


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (state("not_evaluated", unknown="not_evaluated"), "No monthly evaluation of 2026-10 yet"),
        (state("nothing_known", unknown="nothing_known"), "The books know of nothing to measure"),
        (state("reached"), "The target is reached"),
        (state("no_history"), "a pace needs 14 days of history (no history yet)"),
        (state("no_history", since=date(2026, 11, 20)), "(history since 2026-11-20)"),
        (state("no_progress", since=date(2026, 10, 1), pace_per_day=-0.1, left=9.0, left_then=4.0),
         "At this pace never"),
    ],
)  # fmt: skip
def test_why_there_is_no_date(en: Wording, one: GoalState, told: str) -> None:
    assert told in forecast(one, DAY, en, 14)


def test_what_nobody_evaluated_is_no_nought(en: Wording) -> None:
    one = state("not_evaluated", unknown="not_evaluated", standing="unknown")
    assert standing(one, en) == ("Not evaluated yet", "dim")
    [line] = summary([one], DAY, en, "g")
    assert [text(cell) for cell in line.cells][2:4] == [NOTHING, "Not evaluated yet"]
    assert getattr(line.cells[2], "share") is None  # noqa: B009
    assert standing(state(unknown="nothing_known"), en)[0] == "Nothing in the books yet"
    names = ("reached", "on_track", "at_risk", "missed", "unknown")
    assert [standing(state(standing=name), en)[0] for name in names] == [
        "Reached", "On track", "At risk", "Missed", "Pace not known yet",
    ]  # fmt: skip


def test_a_line_for_each_goal(en: Wording) -> None:
    [line] = summary([paced(date(2026, 12, 22))], DAY, en, "other")
    assert [text(cell) for cell in line.cells] == [
        "Goal", "Middle", "10 / 17", "On track", "2026-12-31 · 38 days left", "2026-12-22", "5",
    ]  # fmt: skip
    assert (line.path, line.query, line.selected) == ("goals", {"goal": "g"}, False)
    [late] = summary([state()], date(2027, 1, 1), en, "g")
    assert (text(late.cells[4]), late.selected) == ("2026-12-31 · 1 day late", True)


def test_every_measure_and_term_has_its_words(en: Wording, zh: Wording) -> None:
    for w in (en, zh):
        assert len({definition(measure, w._) for measure in MEASURES}) == len(MEASURES)
        assert len({term(name, w._) for name in ("near", "mid", "long", "year_end", "years")}) == 5


def test_lengths_and_items(en: Wording) -> None:
    assert [amount(value, "m", en) for value in (12.4, 999.0, 1500.0)] == ["12 m", "999 m", "1.50 km"]
    assert amount(12.0, "items", en) == "12"


def test_what_is_in_somebodys_area(en: Wording, xietang: Site) -> None:
    measured = state().measured
    everybody, chief = Viewer("o", "O", "office"), Viewer("c", "C", "chief", rivers=frozenset({"R01"}))
    assert (area_of(measured, everybody).value, area_of(measured, everybody).total) == (10, 19)
    own = area_of(measured, chief)
    assert (own.value, own.total, [item.id for item in own.obstacles]) == (8, 10, ["S1", "R01-1"])
    assert area_of(measured, everybody, "R01", "G001").total == 4
    officer = Viewer("g", "G", "grid_officer", grids=frozenset({"G009"}))
    assert [item.id for item in area_of(measured, officer).obstacles] == ["S2", "R03", "R01-1", "R04"]
    lines = by_place(area_of(measured, everybody), "items", xietang, en, "g", grids=False)
    assert [[text(cell) for cell in line.cells] for line in lines] == [
        ["Zhongtang River", "2 / 9", "7"], ["Xietang River", "8 / 9", "1"], ["no river", "0 / 1", "1"],
    ]  # fmt: skip
    [grid] = by_place(area_of(measured, everybody), "items", xietang, en, "g", grids=True)
    assert (text(grid.cells[0]), grid.query) == (
        xietang.grids["G001"].name,
        {"goal": "g", "river": "R01", "grid": "G001"},
    )
    assert has_grids(measured)


def test_every_open_item_leads_to_its_record(books: Books, xietang: Site, en: Wording) -> None:
    with books.change("li", 1) as session:
        session.add(Shop(id="S1", name="张记", river="R01"))
    with books.read() as session:
        lines = open_items(session, OBSTACLES, "items", xietang, en)
    assert [(line.path, dict(line.query)) for line in lines] == [
        ("books", {"book": "shops", "record": "S1"}), ("books", {"book": "shops", "record": "S2"}),
        ("river", {"river": "R03"}), ("books", {"book": "clearings", "river": "R01", "reach": "R01-1"}),
        ("books", {"book": "clearings", "river": "R04"}),
    ]  # fmt: skip
    assert [text(cell) for cell in lines[0].cells][:3] == ["S1", "张记", "Xietang River"]
    assert [text(line.cells[4]) for line in lines] == [
        "Not surveyed", "Not surveyed", "class V or worse", "not cleared", "not cleared",
    ]  # fmt: skip


def test_a_chart_keeps_its_gaps(en: Wording) -> None:
    history = [GoalProgress(goal="g", day=DAY - timedelta(days=n), value=10.0 - n, total=19.0) for n in (1, 2, 5)]
    option = chart(paced(date(2026, 12, 22)), history, DAY, en)
    assert json.loads(json.dumps(option)) == option
    value, needed, ahead = option["series"]
    assert value["data"] == [
        ["2026-11-18", 5.0], ["2026-11-19", None], ["2026-11-20", None], ["2026-11-21", 8.0], ["2026-11-22", 9.0],
        ["2026-11-23", 10],
    ]  # fmt: skip
    assert needed["data"][0] == ["2026-11-18", 17.1]
    assert ahead["data"] == [["2026-11-23", 10.0], ["2026-12-22", 17.25]]
    assert value["markLine"]["data"][0]["xAxis"] == "2026-12-31"
    assert alt(paced(DAY), en) == "Goal: 10 of 17 needed"


def test_a_chart_of_nothing_measured(en: Wording) -> None:
    option = chart(state("not_evaluated", unit="m", unknown="not_evaluated"), [], DAY, en)
    assert [row["data"] for row in option["series"]] == [[["2026-11-23", None]], [["2026-11-23", None]]]
