"""A river's policy: what people wrote first, then what the records say, every line with its records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dashboard.board import Today
from dashboard.board_news import goals_now
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.goals import seed_goals
from dashboard.casework.seed.seed import seed
from dashboard.casework.tables.inspections import Finding, Inspection
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, RiverPolicy, Shop
from dashboard.casework.tables.works import Boat, Pipe, RiverWork, SedimentClearing, Structure
from dashboard.links import Link
from dashboard.viewdata.river_marks import Happening
from dashboard.viewdata.river_policy import LISTS, Line, policy
from dashboard.viewdata.river_policy_words import cards
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.made import NOW_MS

DAY = date(2026, 11, 23)
RIVER = "R20"


def known(books: Books, site: Site) -> None:
    seed(books, site, NOW_MS)
    outfall, reach = site.outfalls_of(RIVER)[0].id, site.reaches_of(RIVER)[0].id
    with books.change("t", NOW_MS) as session:
        seed_goals(session, 2026)
        one = session.get(OutfallRecord, outfall)
        assert one is not None
        one.stage, one.flows_in_dry_weather, one.surveyed_on = "traced", True, date(2026, 5, 1)
        session.add_all([
            RiverPolicy(river=RIVER, list="problem", position=1, text="<b>旱天出流</b>", department="water"),
            RiverPolicy(river=RIVER, list="task", position=1, text="done", due_on=DAY, done_on=date(2026, 11, 1)),
            RiverPolicy(river="R01", list="task", position=1, text="elsewhere"),
            LeakPoint(id="L1", river=RIVER, state="found", found_on=date(2026, 1, 1)),
            LeakPoint(id="L2", river=RIVER, state="confirmed", found_on=DAY, rectified_on=date(2026, 9, 1)),
            Shop(id="S1", name="a", river=RIVER, state="to_rectify"), Shop(id="S2", name="b", river=RIVER),
            Pipe(id="P1", river=RIVER, length_m=120.0, state="to_repair"),
            Pipe(id="P2", river=RIVER, length_m=80.0, state="done", dredged_on=date(2026, 6, 1)),
            RiverWork(id="W1", name="w", river=RIVER, blocks_flow=True),
            RiverWork(id="W2", name="w", river=RIVER, blocks_flow=True, state="removed", removed_on=date(2026, 6, 1)),
            Structure(id="B1", river=RIVER, found_on=date(2026, 1, 1)), Boat(id="V1", river=RIVER, found_on=DAY),
            SedimentClearing(id="C1", river=RIVER, reach=reach, from_m=0.0, to_m=40.0, planned_on=DAY),
            Inspection(id="I1", kind="self", river=RIVER, day=DAY, findings=[
                Finding(id="F1", type="oil"), Finding(id="F2", type="oil", order="X")]),
            Order(number="X", title="x", origin="event", state="accepted", river=RIVER, created_ms=NOW_MS),
            Order(number="Y", title="y", origin="event", state="archived", river=RIVER, created_ms=NOW_MS),
        ])  # fmt: skip


def lists(books: Books, site: Site, morning: Today) -> Mapping[str, tuple[Line, ...]]:
    desk = Desk.of(site)
    events = [Happening("event", "e1", "discharge", "", NOW_MS, None), Happening("event", "e2", "fault", "", 1, 2)]
    with books.read() as session:
        goals = goals_now(session, desk, DAY, {})
        return policy(session, desk, morning.river(RIVER), goals, events, DAY)


def test_every_list_is_compiled_from_records(books: Books, xietang: Site, morning: Today) -> None:
    known(books, xietang)
    found = lists(books, xietang, morning)
    assert tuple(found) == LISTS
    problems = {line.what: line for line in found["problem"]}
    assert found["problem"][0].text == "<b>旱天出流</b>"
    assert {"class_missed", "discharges", "outfalls_dry", "leaks_open", "shops_to_rectify", "pipes_bad",
            "flow_blocked", "structures", "boats", "findings"} <= set(problems)  # fmt: skip
    assert problems["discharges"].records == ("e1",)
    assert problems["findings"].records == ("F1",)
    assert (problems["pipes_bad"].amount, problems["flow_blocked"].records) == (120.0, ("W1",))
    tasks = {line.what: line for line in found["task"]}
    assert tasks["orders_open"].records == ("X",)
    assert tasks["survey_outfalls"].amount == len(xietang.outfalls_of(RIVER)) - 1
    assert tasks["survey_outfalls"].due_on == date(2026, 6, 30)
    assert tasks["dredge_pipes"].amount == 120.0
    measures = {line.what: line for line in found["measure"]}
    assert (measures["pipes_done"].amount, measures["leaks_rectified"].records) == (80.0, ("L2",))
    assert (measures["clearing_planned"].amount, measures["orders_done"].records) == (40.0, ("Y",))
    answers = {line.what for line in found["responsibility"]}
    assert {"chief", "lead_department", "outfalls_of", "stations"} <= answers
    assert found["goal"][0].text == xietang.rivers[RIVER].target_class


def test_a_line_without_records_says_a_whole_sentence_and_names_them(
    books: Books, xietang: Site, morning: Today, zh: Wording, en: Wording
) -> None:
    known(books, xietang)
    found = lists(books, xietang, morning)
    with books.read() as session:
        goals = goals_now(session, Desk.of(xietang), DAY, {})
    asked: list[Link] = []

    def link(one: Link) -> dict[str, object]:
        asked.append(one)
        return {"text": one.text, "href": one.path}

    events = [Happening("event", "e1", "discharge", "", NOW_MS, None)]
    for w in (zh, en):
        data = cards(found, morning.river(RIVER), goals, events, NOW_MS, xietang, w, link)
        assert [card["key"] for card in data["cards"]] == list(LISTS)
        lines = [line for card in data["cards"] for line in card["lines"]]
        assert all(line["text"] for line in lines)
        assert sum(len(card["lines"]) for card in data["cards"]) == sum(len(each) for each in found.values())
    assert [card["title"] for card in cards(found, morning.river(RIVER), goals, [], 0, xietang, zh, link)["cards"]] == [
        "问题清单", "目标清单", "任务清单", "措施清单", "责任清单",
    ]  # fmt: skip
    assert {"books", "orders", "events", "goals", "station", "river", "inspections"} == {one.path for one in asked}
    assert any(one.path == "books" and one.query["book"] == "leak_points" for one in asked)
    done = next(line for line in lines if line["text"] == "done")
    assert (done["tone"], "2026-11-01" in done["note"]) == ("done", True)


def test_a_river_of_which_nothing_is_known(books: Books, xietang: Site, morning: Today, zh: Wording) -> None:
    desk = Desk.of(xietang)
    with books.read() as session:
        found = policy(session, desk, morning.river("R12"), [], [], DAY)
    assert found["measure"] == ()
    assert [line.what for line in found["goal"]] == ["target_class"]
    data = cards(found, morning.river("R12"), [], [], NOW_MS, xietang, zh, lambda one: {"text": one.text})
    assert data["cards"][3]["lines"] == []
    assert data["cards"][3]["empty"]
