"""The station page in words."""

from __future__ import annotations

import json
from datetime import date

import pytest

from analytics.below_detection import BelowDetection
from dashboard.board import Today
from dashboard.casework.laboratory import Pair
from dashboard.links import words_only
from dashboard.viewdata import station_scene as scene
from dashboard.viewdata.station import Coverage, Fault, GatewayNow, Head, Verdict
from dashboard.viewdata.station_care import Care, Checked, Run, VisitLine
from dashboard.wording import NOTHING, Wording
from sensors.site import Site
from tests.dashboard.made import NOW_MS

HOUR = 3_600_000
DAY = date(2026, 11, 23)
KEY = "ammonia_nitrogen"


def run(**more: object) -> Run:
    values = {"id": 1, "determinand": KEY, "start_ms": NOW_MS - HOUR, "end_ms": NOW_MS, "readings": 3,
              "tests": {"spike": 3}, "first": {"spike": {"statistic": 2.5, "limit": 1.0, "time_ms": 1}},
              "decision": None, "reason": "", "decided_by": "", "decided_ms": None}  # fmt: skip
    return Run(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def care() -> Care:
    checked = (
        Checked("ph", NOW_MS - 40 * 24 * HOUR, 6.86, 6.9, 6.87, 0.1, True, date(2026, 11, 20)),
        Checked(KEY, NOW_MS, 1.0, None, 1.3, 0.1, False, date(2026, 12, 1)),
    )
    visit = VisitLine("v", "calibration", NOW_MS - HOUR, None, "<b>李</b>", "")
    decided = run(id=2, decision="rejected", reason="*", decided_by="wu", decided_ms=NOW_MS)
    return Care((run(),), (decided,), checked, (visit,), visit)


def test_the_head_says_who_is_there_and_what_the_clock_is_worth(
    morning: Today, xietang: Site, care: Care, zh: Wording, en: Wording
) -> None:
    one = morning.river("R01").stations[0]
    gateway = GatewayNow(NOW_MS, False, False, "none", 2, -5000, 12, "timeout")
    for w in (zh, en):
        data = scene.head(one, morning, xietang, gateway, care, w, words_only)
        json.dumps(data)
        assert len(data["remarks"]) == 3
        assert "<b>李</b>" in data["remarks"][2]
    clock = scene.clock(gateway, NOW_MS, en)
    assert clock.startswith("cannot be believed · NTP has not set it yet · jumped 2 times")
    assert "12 rows wait" in clock
    assert scene.clock(None, NOW_MS, en) == "The hub has not reported on this gateway"


def test_health_with_what_is_due(care: Care, en: Wording) -> None:
    heads = [Head("ph", NOW_MS, 7.1, 2, "N", 0.0, 0.0, ()), Head(KEY, NOW_MS, None, 4, "D", 0.4, 0.1, ("spike",)),
             Head("turbidity", NOW_MS, 3.0, 1, "N", 0.0, 0.0, ())]  # fmt: skip
    rows = scene.health(heads, care, DAY, NOW_MS, en)["rows"]
    assert [row["cells"][-1]["text"] for row in rows] == ["3 days late", "due in 8 days", "none on record"]
    assert [cell["tone"] for cell in rows[1]["cells"][2:4]] == ["bad", "bad"]
    assert rows[1]["cells"][1]["text"] == NOTHING
    assert rows[1]["cells"][5]["text"] == "40.0 %"
    assert len(scene.health(heads, None, DAY, NOW_MS, en)["rows"][0]["cells"]) == 8


def test_flags_with_their_numbers_and_faults_together(en: Wording, zh: Wording) -> None:
    verdict = Verdict(KEY, "spike", 3, 2, NOW_MS - HOUR, NOW_MS, 9.03, 1.0, ("largest credible height", "unheard of"))
    cells = scene.verdict_table([verdict], NOW_MS, en)["rows"][0]["cells"]
    assert (cells[5]["text"], cells[5]["note"], cells[6]["note"]) == ("9.03", "largest credible height", "unheard of")
    faults = [Fault(key, "maintenance", 1, 2, 9) for key in ("ph", KEY)] + [Fault("ph", "drift", 1, 2, 4)]
    rows = scene.fault_table(faults, NOW_MS, zh)["rows"]
    assert [row["cells"][1]["text"] for row in rows] == ["pH值、氨氮", "pH值"]
    assert scene.doubt_text({"spike": (2.0, 1.0), "review": (None, None)}, en) == "spike 2 / 1, rejected by a person"


def test_hours_have_a_number_and_a_shade(en: Wording) -> None:
    data = scene.coverage_heat(Coverage((DAY,) * 5, {"ph": (0, 5, 6, 18, 24)}), en)
    assert [(cell["text"], cell["level"]) for cell in data["rows"][0]["cells"]] == [
        ("0", 0), ("5", 1), ("6", 2), ("18", 3), ("24", 4),
    ]  # fmt: skip


def test_calibrations_visits_and_decisions(care: Care, en: Wording, zh: Wording) -> None:
    rows = scene.calibration_table(care, DAY, NOW_MS, en)["rows"]
    assert [row["cells"][6]["tone"] for row in rows] == ["good", "bad"]
    assert rows[1]["cells"][3]["text"] == NOTHING
    assert scene.visit_table(care, NOW_MS, zh)["rows"][0]["cells"][2]["text"] == "<b>李</b>"
    assert scene.decided_table(care, NOW_MS, zh)["rows"][0]["cells"][3]["text"] == "剔除"


def test_laboratory_beside_probe(en: Wording) -> None:
    pairs = [
        Pair("A", "S01", KEY, NOW_MS, 1.0, 1.2, 3, 0.2, 0.2, True),
        Pair("B", "S01", KEY, NOW_MS, BelowDetection(0.05), None, 0, None, None, None),
        Pair("C", "S01", "ph", NOW_MS, BelowDetection(None), 7.0, 2, None, None, False),
    ]
    rows = scene.sample_table(pairs, NOW_MS, en)["rows"]
    assert [row["cells"][5]["text"] for row in rows] == ["+20 %", NOTHING, NOTHING]
    assert [row["cells"][6]["text"] for row in rows] == ["agrees", "cannot be said", "differs"]
    assert [row["cells"][3]["text"] for row in rows][1:] == ["< 0.05", "ND"]


def test_a_run_in_one_line(en: Wording) -> None:
    assert scene.run_title(run(), NOW_MS, en) == "Ammonia nitrogen, 07:00 to 08:00: 3 readings (spike 3)"
    assert scene.run_numbers(run(), en) == ["spike: found 2.5, limit 1"]
    assert scene.run_numbers(run(first={"spike": {}}), en) == []
    assert scene.hours_of(run()) == 24.0
    assert scene.hours_of(run(start_ms=NOW_MS - 20 * HOUR)) == 60.0
