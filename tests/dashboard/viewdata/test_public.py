"""What the public gets: class and trend of each river, and nothing of stations, outfalls, orders or people."""

from __future__ import annotations

import json
from dataclasses import replace

from dashboard.board import Today
from dashboard.course import Course
from dashboard.ground import ground
from dashboard.viewdata.public import bare, clause, moved, public
from dashboard.wording import Wording
from sensors.site import Site


def test_class_and_trend_of_every_river(morning: Today, xietang: Site, en: Wording) -> None:
    data = public(morning, en, ground(xietang))
    rivers = {one["id"]: one for one in data["rivers"]}
    assert set(rivers) == set(xietang.rivers)
    assert (rivers["R15"]["cls"], rivers["R15"]["state"]) == ("INFERIOR_V", "Inferior V")
    assert (rivers["R25"]["trend"]["to"], rivers["R25"]["trend"]["text"]) == ("worse", "worse: was IV")
    assert (rivers["R12"]["trend"]["to"], rivers["R12"]["trend"]["text"]) == ("", "as yesterday")
    assert [one["cls"] for one in data["classes"]] == ["I", "II", "III", "IV", "V", "INFERIOR_V"]
    assert all(one["word"] and one["text"] for one in data["classes"])
    assert rivers["R26"]["stale"]
    assert rivers["R26"]["age"] == "data old"


def test_nothing_else_goes_to_the_browser(morning: Today, xietang: Site, zh: Wording) -> None:
    data = public(morning, zh, ground(xietang))
    told = json.dumps(data, ensure_ascii=False)
    for station in xietang.stations.values():
        assert f'"{station.id}"' not in told
        assert f'"{station.name}"' not in told
    assert data["stations"] == []
    assert data["ground"]["stations"] == []
    assert data["ground"]["outfalls"] == []
    assert not [person for person in xietang.people if person.contact_key in told]
    assert not [one for one in xietang.outfalls if one in told]


def test_the_ground_of_the_staff_is_left_alone(xietang: Site) -> None:
    whole = ground(xietang)
    assert bare(whole)["reaches"] == whole["reaches"]
    assert whole["stations"]


def test_the_standard_in_both_languages(zh: Wording, en: Wording) -> None:
    assert "GB 3838-2002" in clause(en)
    assert "5.1" in clause(en)
    assert "《地表水环境质量标准》" in clause(zh)


def test_where_nothing_is_known_of_yesterday(morning: Today, en: Wording) -> None:
    river = morning.river("R15")
    assert moved(replace(river, course=None), en) == "not known"
    assert river.course is not None
    better = Course(replace(river.condition, water_class="INFERIOR_V"), None, False)
    assert moved(replace(morning.river("R12"), course=better), en) == "better: was inf. V"
