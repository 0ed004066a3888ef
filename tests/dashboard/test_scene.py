"""What each part of the page gets to draw."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from collectors.stores import ReadingStore
from dashboard import scene
from dashboard.board import Today, today
from dashboard.classes import Condition
from dashboard.course import Course
from dashboard.ground import ground
from dashboard.wording import Wording
from sensors.durations import HOUR_MS
from sensors.site import Site
from tests.dashboard import made


def item(data: Any, river: str) -> Any:
    return next(one for one in data["watch"]["items"] if one["river"] == river)


def test_the_five_second_answer(morning: Today, zh: Wording) -> None:
    worst, bad = scene.figures(morning, zh)["alarms"]
    assert (worst["count"], worst["label"], worst["change"]) == (3, "劣Ⅴ类", "较昨日 +1")
    assert set(worst["names"].split("、")) == {"青泾浜", "墩头浜", "西斜浜"}
    assert (bad["count"], bad["label"]) == (4, "Ⅴ类")


def test_key_figures_in_words(morning: Today, zh: Wording, en: Wording) -> None:
    chinese, english = scene.figures(morning, zh), scene.figures(morning, en)
    target, stations, data = chinese["stats"]
    assert (target["value"], target["of"], target["note"]) == ("20", "/ 27", "7 条未达目标")
    assert (stations["value"], stations["note"], stations["warn"]) == ("50", "维护 2 · 静默 4", True)
    assert (data["value"], data["note"]) == ("96 %", "最新数据：刚刚")
    assert chinese["bar"]["when"] == "11月23日 星期一 08:00"
    assert english["bar"]["note"] == "mean of the valid hours of the last 24 h"
    assert sum(part["count"] for part in chinese["bar"]["parts"]) == 28


def test_one_silent_river_is_no_outage(morning: Today, en: Wording) -> None:
    assert scene.figures(morning, en)["alert"] == ""


def test_a_good_day_says_so(morning: Today, en: Wording) -> None:
    figures = replace(morning.figures, by_class={**morning.figures.by_class, "V": 0, "INFERIOR_V": 0})
    good = tuple(one for one in morning.rivers if one.shade in {"I", "II", "III"} and not one.worse_stations)
    assert len(good) > 3
    alarms = scene.figures(replace(morning, figures=figures, rivers=good), en)["alarms"]
    assert [(one["cls"], one["count"]) for one in alarms] == [("calm", 0)]


def test_who_needs_a_look_and_why(morning: Today, xietang: Site, zh: Wording) -> None:
    data = scene.rivers(morning, zh, ground(xietang), "R20")
    rivers = [one["river"] for one in data["watch"]["items"]]
    assert {"R20", "R18", "R26", "R01", "R10"} <= set(rivers)
    assert "R07" not in rivers
    assert rivers[:3] == [one.river.id for one in morning.rivers[:3]]
    assert item(data, "R20")["lines"] == [{"kind": "why", "text": "氨氮(2.0)"}]
    assert item(data, "R01")["lines"] == [{"kind": "alert", "text": "测站 望塘桥：Ⅴ类"}]
    assert item(data, "R18")["lines"][-1] == {"kind": "old", "text": "3 小时前"}
    assert item(data, "R10")["lines"] == [{"kind": "old", "text": "维护"}]
    assert item(data, "R25")["since"] == "该类或更差自昨日 21:00 起"
    assert item(data, "R25")["trend"] == {"to": "worse", "text": "↓ 昨日Ⅳ"}


def test_every_river_and_station_is_on_the_map(morning: Today, xietang: Site, en: Wording) -> None:
    data = scene.rivers(morning, en, ground(xietang), "R20")
    assert {one["id"] for one in data["rivers"]} == set(xietang.rivers)
    assert {one["id"] for one in data["stations"]} == {one["id"] for one in data["ground"]["stations"]}
    assert {one["id"] for one in data["stations"] if one["worse"]} >= {"S02"}
    old = {one["id"] for one in data["rivers"] if one["stale"]}
    assert old == {"R10", "R18", "R26"}
    tip = dict(next(one for one in data["rivers"] if one["id"] == "R20")["tip"])
    assert tip["Decided by"] == "NH3-N +195 %"
    assert tip["Basis"] == "24 of 24 h valid · mean of 2 sections"


def test_the_basis_is_printed(morning: Today, xietang: Site, zh: Wording, en: Wording) -> None:
    facts = dict(scene.head(morning.river("R18"), morning, xietang, zh)["facts"])
    assert facts["评价依据"] == "24 小时中有效 21 小时 · 2 个断面均值"
    assert scene.basis(morning.river("R24"), en) == "24 of 24 h valid · 1 section"
    assert scene.basis(replace(morning.river("R24"), method="ratio", sections=6), en).endswith(
        "class ratio of 6 sections"
    )
    assert scene.basis(morning.river("R26"), en) == "0 of 24 h valid"


def test_since_when(morning: Today, en: Wording) -> None:
    one = morning.river("R20")

    def since(hours: float, at_least: bool) -> str:
        course = Course(Condition(), morning.now_ms - int(hours * HOUR_MS), at_least)
        return scene.since(replace(one, course=course), morning, en)

    assert since(0.5, True) == ""
    assert since(1, True) == "for at least 1 h"
    assert since(24 * 7, True) == "for at least 7 days"
    assert since(0.5, False) == "since 07:30"
    assert scene.since(replace(one, course=None), morning, en) == ""


def test_head_of_a_river(morning: Today, xietang: Site, zh: Wording, en: Wording) -> None:
    head = scene.head(morning.river("R15"), morning, xietang, zh)
    assert head["verdict"] == {"tone": "bad", "text": "未达目标"}
    assert head["remarks"] == ["待复核：含可疑读数"]
    assert scene.head(morning.river("R01"), morning, xietang, en)["verdict"]["tone"] == "good"
    assert scene.head(morning.river("R26"), morning, xietang, en)["verdict"]["text"] == ""
    missing = scene.head(morning.river("R22"), morning, xietang, en)["remarks"]
    assert missing == ["partial: without Permanganate index, Ammonia nitrogen"]
    silent = scene.head(morning.river("R18"), morning, xietang, en)["stations"]
    assert [one["text"] for one in silent] == ["silent", "silent"]


def test_table_has_a_row_each_and_a_cell_for_each_column(morning: Today, zh: Wording) -> None:
    data = scene.table(morning, zh, "R20")
    assert len(data["rows"]) == 28
    assert len(data["head"]) == 9 + len(scene.TABLED)
    row = next(one for one in data["rows"] if one["river"] == "R20")
    assert row["values"][3] == {"text": "2.950", "cls": "INFERIOR_V"}
    assert (row["hours"], row["sections"], row["missed"]) == ("24/24", "2/2", True)
    empty = next(one for one in data["rows"] if one["river"] == "R26")
    assert {value["text"] for value in empty["values"]} == {"—"}
    assert {value["cls"] for value in empty["values"]} == {None}


def test_everything_is_plain_json(morning: Today, xietang: Site, zh: Wording) -> None:
    everything = [
        scene.figures(morning, zh),
        scene.rivers(morning, zh, ground(xietang), "R01"),
        scene.head(morning.rivers[0], morning, xietang, zh),
        scene.table(morning, zh, "R01"),
    ]
    text = json.dumps(everything, allow_nan=False, ensure_ascii=False)
    assert len(text) < 120_000
    assert "None" not in text


def test_english_page_has_no_chinese(morning: Today, xietang: Site, en: Wording) -> None:
    everything = [
        scene.figures(morning, en),
        scene.rivers(morning, en, ground(xietang), "R01"),
        *(scene.head(one, morning, xietang, en) for one in morning.rivers),
        scene.table(morning, en, "R01"),
    ]
    text = json.dumps(everything, ensure_ascii=False)
    assert [letter for letter in text if "\u4e00" <= letter <= "\u9fff"] == []


def test_an_empty_store_can_be_drawn(filled: ReadingStore, xietang: Site, en: Wording) -> None:
    page = today(filled, xietang, made.NOW_MS + 400 * 86_400_000)
    assert scene.figures(page, en)["stats"][1]["value"] == "0"
    assert scene.figures(page, en)["alert"] == "No fresh data from any river; newest reading: 400 days ago"
    assert len(scene.rivers(page, en, ground(xietang), "")["watch"]["items"]) == 28
