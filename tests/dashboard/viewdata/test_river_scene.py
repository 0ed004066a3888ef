"""The river page in words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import pairwise

from collectors.stores import ReadingStore
from dashboard.board import Today
from dashboard.classes import Condition
from dashboard.links import Link, words_only
from dashboard.viewdata import river_scene as river_page_scene
from dashboard.viewdata.river import sections
from dashboard.viewdata.river_calendar import DayGrade, MonthOf
from dashboard.viewdata.river_file import Entered, RiverFile, river_file
from dashboard.viewdata.river_marks import Happening
from dashboard.viewdata.river_profile import profile
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.made import NOW_MS


def addressed(one: Link) -> dict[str, object]:
    return {"text": one.text, "href": f"{one.path}?{dict(one.query)}", "go": json.dumps([one.path, dict(one.query)])}


def test_stations_side_by_side(filled: ReadingStore, morning: Today) -> None:
    one = morning.river("R01")
    found = sections(filled, one, NOW_MS)
    assert [section.now.station.id for section in found] == [station.station.id for station in one.stations]
    cabinet = found[0].values["ammonia_nitrogen"]
    assert cabinet.water_class is not None
    assert cabinet.low is not None
    assert cabinet.high is not None
    assert cabinet.mean is not None
    assert cabinet.low <= cabinet.mean <= cabinet.high
    assert cabinet.newest is not None
    assert next(iter(found[0].values)) == "water_temperature"


def test_a_silent_station_keeps_its_last_instant(filled: ReadingStore, morning: Today) -> None:
    (section, *_others) = sections(filled, morning.river("R18"), NOW_MS)
    value = section.values["ph"]
    assert section.now.status == "silent"
    assert value.newest_ms is not None
    assert NOW_MS - value.newest_ms > 3 * 3_600_000
    nothing = sections(filled, morning.river("R26"), NOW_MS)
    assert all(dict(section.values) == {} for section in nothing)


def test_the_profile_in_both_languages(
    filled: ReadingStore, morning: Today, xietang: Site, zh: Wording, en: Wording
) -> None:
    one = morning.river("R01")
    found, lanes, file = sections(filled, one, NOW_MS), profile(xietang, "R01"), river_file(xietang, "R01")
    for w in (zh, en):
        data = river_page_scene.profile(lanes, found, "ammonia_nitrogen", file, 24, xietang, w, addressed)
        json.dumps(data)
        (lane,) = data["lanes"]
        assert len(lane["spans"]) == len(xietang.reaches_of("R01"))
        assert len(lane["outfalls"]) == len(xietang.outfalls_of("R01"))
        assert next(one["href"] for one in lane["stations"]).startswith("station?")
        assert data["axis"]["low"] == 0.0
        assert data["limits"]
        assert data["stages"] == [{"stage": "surveyed", "text": data["stages"][0]["text"]}]
    assert "沿程分布" in river_page_scene.profile(lanes, found, "ph", file, 24, xietang, zh, words_only)["title"]


def test_the_band_wears_the_class_of_the_nearest_station(
    filled: ReadingStore, morning: Today, xietang: Site, en: Wording
) -> None:
    found, file = sections(filled, morning.river("R01"), NOW_MS), river_file(xietang, "R01")
    lanes = profile(xietang, "R01")
    data = river_page_scene.profile(lanes, found, "ammonia_nitrogen", file, 24, xietang, en, words_only)
    (lane,) = data["lanes"]
    pieces = [piece for span in lane["spans"] for piece in span["pieces"]]
    assert [piece["from"] for piece in pieces[1:]] == [piece["to"] for piece in pieces[:-1]]
    for station in lane["stations"]:
        under = next(one for one in pieces if one["from"] <= station["at"] <= one["to"])
        assert under["cls"] == station["cls"]
    assert lane["scale"][0]["at"] == 0
    assert len({b["at"] - a["at"] for a, b in pairwise(lane["scale"])}) == 1


def test_the_legend_of_outfalls_counts_what_is_drawn(
    filled: ReadingStore, morning: Today, xietang: Site, en: Wording
) -> None:
    found, bare = sections(filled, morning.river("R01"), NOW_MS), river_file(xietang, "R01")
    first = replace(bare.outfalls[0], stage="surveyed", flows_in_dry_weather=True)
    file = replace(bare, outfalls=(first, replace(first, id="found-later")), entered=Entered())
    data = river_page_scene.profile(profile(xietang, "R01"), found, "ph", file, 24, xietang, en, words_only)
    assert sum(one["dry"] for one in data["lanes"][0]["outfalls"]) == 1
    assert [one["text"] for one in data["stages"]] == [
        "Surveyed 1", "red outline: flows in dry weather: 1", "without a place, not drawn: 1",
    ]  # fmt: skip


def test_a_determinand_that_no_station_has(filled: ReadingStore, morning: Today, xietang: Site, en: Wording) -> None:
    found = sections(filled, morning.river("R01"), NOW_MS)
    file = river_file(xietang, "R01")
    data = river_page_scene.profile(profile(xietang, "R01"), found, "turbidity", file, 24, xietang, en, words_only)
    assert data["axis"] is None
    assert all(station["mean"] is None for station in data["lanes"][0]["stations"])


def test_classes_by_determinand(filled: ReadingStore, morning: Today, en: Wording) -> None:
    data = river_page_scene.section_table(sections(filled, morning.river("R01"), NOW_MS), morning, en, words_only)
    assert [one["text"] for one in data["head"]][:2] == ["Station", "Class"]
    worse = next(row for row in data["rows"] if row["key"] == "S02")
    assert worse["cells"][1]["tags"] == ["worse than its river"]
    assert all(len(row["cells"]) == len(data["head"]) for row in data["rows"])
    sonde = next(row for row in data["rows"] if any(cell["text"] == "—" for cell in row["cells"][2:-1]))
    assert sonde["cells"][0]["link"]["text"]


def day(number: int, shade: str, **more: bool) -> DayGrade:
    return DayGrade(
        date(2026, 2, number), Condition(shade), ("ph",), more.get("partial", False), more.get("provisional", False)
    )


def test_the_calendar_never_speaks_by_colour_alone(zh: Wording, en: Wording) -> None:
    days = tuple(day(number, "V", provisional=number == 2) if number < 4 else None for number in range(1, 29))
    months = [
        MonthOf(date(2026, 2, 1), days, {"I": 0, "II": 0, "III": 0, "IV": 0, "V": 3, "INFERIOR_V": 0}, Condition("IV"))
    ]
    data = river_page_scene.calendar(months, 2026, zh)
    (row,) = data["rows"]
    assert len(row["cells"]) == 31
    assert [cell and cell["text"] for cell in row["cells"][:4]] == ["Ⅴ", "Ⅴ", "Ⅴ", None]
    assert row["cells"][1]["marks"] == "provisional"
    assert "待复核" in row["cells"][1]["title"]
    assert [one["text"] for one in row["tails"]] == ["Ⅳ", "3 / 3"]
    none = [MonthOf(date(2026, 2, 1), (None,) * 28, dict.fromkeys(months[0].counts, 0), Condition())]
    assert river_page_scene.calendar(none, 2026, en)["rows"] == []


def test_happenings_link_event_and_order(xietang: Site, en: Wording, zh: Wording) -> None:
    found = [
        Happening("event", "e1", "discharge", "", NOW_MS - 3_600_000, None, ("S01", "XX")),
        Happening("order", "A-1", "draft", "<b>", NOW_MS, NOW_MS),
    ]
    for w in (en, zh):
        data = river_page_scene.happenings(found, {"e1": "A-1"}, xietang, NOW_MS, w, addressed)
        event, order = (row["cells"] for row in data["rows"])
        assert event[2]["link"]["href"].startswith("events?")
        assert event[4]["link"]["text"] == order[4]["link"]["text"] == "A-1"
        assert order[2]["link"]["text"] == "<b>"
        assert event[3]["text"] == w.place(xietang.stations["S01"])


def test_the_file_with_and_without_books(xietang: Site, morning: Today, zh: Wording) -> None:
    one, file = morning.river("R01"), river_file(xietang, "R01")
    data = river_page_scene.river_card(one, file, xietang, zh, words_only)
    assert [card["key"] for card in data["cards"]] == ["water", "people", "outfalls"]
    bare = RiverFile(0.0, 0.0, (0.0, 0.0), (0.0, 0.0), 0, 0, 0, (), ())
    empty = river_page_scene.river_card(one, bare, xietang, zh, words_only)
    assert empty["cards"][2]["lines"] == []
