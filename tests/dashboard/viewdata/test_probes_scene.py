"""The table of all probes in words."""

from __future__ import annotations

import json
from datetime import date

from dashboard.links import Link, words_only
from dashboard.viewdata import probes_scene as scene
from dashboard.viewdata.probes import Looked, Probe
from dashboard.viewdata.station_care import Checked
from dashboard.wording import NOTHING, Wording
from sensors.site import Site
from tests.dashboard.made import NOW_MS

HOUR = 3_600_000
DAY = date(2026, 11, 23)
KEY = "ammonia_nitrogen"

PROBES = (
    Probe("S01", KEY, "lies", "flatline", "N", NOW_MS - HOUR, True, 0.9, 0.0, ("flat_line", "noise"), 1.0, NOW_MS),
    Probe("S02", "ph", "lies", "", "N", NOW_MS - HOUR, False, 0.1, 0.1, ("consistency",), 9.0, NOW_MS),
    Probe("S02", KEY, "device", "", "D", None, False, 0.0, 0.0, (), None, NOW_MS),
    Probe("S03", None, "silent", since_ms=NOW_MS - 30 * HOUR, time_ms=NOW_MS - 30 * HOUR),
    Probe("S01", "turbidity", "doubted", "", "N", NOW_MS - HOUR, False, 0.01, 0.0, ("spike",), 30.0, NOW_MS),
    Probe("S01", "ph", "none", value=7.0, time_ms=NOW_MS),
    Probe("S04", "ph", "none", value=7.0, time_ms=NOW_MS),
)
LOOKED = Looked(
    {("S01", "ph"): Checked("ph", NOW_MS - 40 * 24 * HOUR, 6.86, 6.9, 6.87, 0.1, False, date(2026, 11, 20)),
     ("S09", "ph"): Checked("ph", NOW_MS, 6.86, 6.9, 6.87, 0.1, True, date(2026, 1, 1))},
    {"S01": NOW_MS - 24 * HOUR}, {("S01", KEY): 2},
)  # fmt: skip


def test_what_is_wrong_is_said_in_both_languages(xietang: Site, en: Wording, zh: Wording) -> None:
    for w in (en, zh):
        json.dumps(scene.table(PROBES, LOOKED, xietang, DAY, NOW_MS, w, words_only))
    rows = scene.table(PROBES, LOOKED, xietang, DAY, NOW_MS, en, words_only)["rows"]
    assert [row["cells"][2]["text"] for row in rows] == [
        "stands still", "readings that cannot be water's", "says itself: faulty", "no readings", "single readings",
        "calibration late", "in order",
    ]  # fmt: skip
    assert rows[0]["cells"][2]["note"] == "stands still, noisy"
    assert rows[0]["cells"][3]["text"].startswith("before ")
    assert [cell["text"] for cell in rows[0]["cells"][4:6]] == ["90.0 %", "0"]
    assert [cell["tone"] for cell in rows[1]["cells"][4:6]] == ["", "bad"]
    assert [cell["text"] for cell in rows[3]["cells"][4:7]] == [NOTHING] * 3, "a share of nothing is none"
    assert rows[0]["cells"][9]["link"]["text"] == "2 to review"
    assert rows[5]["cells"][7] == {"text": "14 Oct · not passed", "note": "3 days late", "tone": "bad"}
    assert rows[6]["cells"][7]["text"] == "none on record"


def test_without_books_there_is_nothing_of_people(xietang: Site, en: Wording) -> None:
    data = scene.table(PROBES, None, xietang, DAY, NOW_MS, en, words_only)
    assert len(data["head"]) == len(data["rows"][0]["cells"]) == 7
    assert [name for name, _count in scene.summary(PROBES, None, DAY, en)][-1] == "In order"


def test_only_what_somebody_has_to_look_at(en: Wording) -> None:
    shown = scene.troubled(PROBES, LOOKED, DAY)
    assert [(one.station, one.determinand) for one in shown[-2:]] == [("S01", "turbidity"), ("S01", "ph")]
    assert len(scene.troubled(PROBES, None, DAY)) == 5


def test_the_figures_count_the_viewers_stations_only(en: Wording) -> None:
    assert scene.summary(PROBES, LOOKED, DAY, en) == [
        ("Lying", "2"), ("Faulty or silent", "2"), ("Single doubts", "1"), ("In order", "2"),
        ("Calibrations late", "1"), ("Runs to review", "2"),
    ]  # fmt: skip


def test_a_probe_links_to_its_own_curve(xietang: Site, en: Wording) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def link(one: Link) -> dict[str, str]:
        asked.append((one.path, dict(one.query)))
        return {"text": one.text}

    scene.table(PROBES[:1], LOOKED, xietang, DAY, NOW_MS, en, link)
    assert asked == [
        ("station", {"station": "S01", "determinand": KEY}),
        ("station", {"station": "S01", "tab": "review"}),
    ]
