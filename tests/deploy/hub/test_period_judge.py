"""Days, months and years of a real store, as they go and when readings come late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.laboratory import LaboratoryResult
from collectors.stores import ReadingStore, open_store
from collectors.stores.base import Assessment
from deploy.hub.period_judge import EVERY_MS, PeriodJudge
from sensors.reading import Block, Quality, Reading, StationState
from sensors.site import Site

CST = ZoneInfo("Asia/Shanghai")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MAY_MS = round(datetime(2026, 5, 1, tzinfo=CST).timestamp() * 1000)
JANUARY_MS = round(datetime(2026, 1, 1, tzinfo=CST).timestamp() * 1000)
JUNE_MS = round(datetime(2026, 6, 1, tzinfo=CST).timestamp() * 1000)
GOOD = {
    "ph": 7.2,
    "dissolved_oxygen": 8.0,
    "permanganate_index": 3.0,
    "ammonia_nitrogen": 0.4,
    "total_phosphorus": 0.05,
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def hours(station: str, start_ms: int, count: int, quality: Quality = Quality.GOOD, **values: float) -> Block:
    return Block.of(
        Reading(station, key, start_ms + hour * HOUR_MS, value, quality)
        for hour in range(count)
        for key, value in (GOOD | values).items()
    )


def run(judge: PeriodJudge, now_ms: int) -> list[Assessment]:
    rows = judge.tick(now_ms)
    while judge.behind:
        rows += judge.tick(now_ms)
    return rows


def row(store: ReadingStore, subject: str, basis: str, time_ms: int, scope: str = "station") -> Assessment:
    (found,) = store.assessment_history(scope, subject, basis, time_ms, time_ms + 1)
    return found


def test_a_month_of_one_station(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    store.write(hours(station.id, MAY_MS, 31 * 24))
    # Two bad days, one of them suspect.
    store.write(hours(station.id, MAY_MS + 3 * DAY_MS, 24, ammonia_nitrogen=20.0))
    store.write(hours(station.id, MAY_MS + 9 * DAY_MS, 24, Quality.SUSPECT, ammonia_nitrogen=40.0))
    judge = PeriodJudge(xietang, store)
    judge.note(JUNE_MS + 1, {station.id: (MAY_MS, JUNE_MS - 1), "nobody": (0, JUNE_MS)})
    rows = run(judge, JUNE_MS + 1)
    assert {(r.scope, r.basis) for r in rows} == {
        (scope, basis) for scope in ("station", "river", "subdistrict") for basis in ("day", "month", "quarter", "year")
    }
    bad = row(store, station.id, "day", MAY_MS + 3 * DAY_MS)
    assert (bad.water_class, bad.provisional, bad.deciding) == ("INFERIOR_V", False, ("ammonia_nitrogen",))
    doubtful = row(store, station.id, "day", MAY_MS + 9 * DAY_MS)
    assert (doubtful.water_class, doubtful.provisional) == ("INFERIOR_V", True)
    assert doubtful.detail["certain"]["water_class"] is None
    month = row(store, station.id, "month", MAY_MS)
    value = month.detail["values"]["ammonia_nitrogen"]
    assert value["amount"] == pytest.approx((29 * 0.4 + 20 + 40) / 31)
    assert (value["source"], value["count"], value["possible"]) == ("probe", 31, 31)
    certain = month.detail["certain"]
    assert certain["values"]["ammonia_nitrogen"]["amount"] == pytest.approx((29 * 0.4 + 20) / 30)
    assert (month.water_class, certain["water_class"]) == ("INFERIOR_V", "IV")
    assert month.detail["period"] == "2026-05"
    assert not month.detail["running"]
    assert month.detail["hours"] == 31 * 24
    river = row(store, station.river, "month", MAY_MS, "river")
    assert (river.water_class, river.detail["certain"]["water_class"], river.provisional) == ("INFERIOR_V", "IV", True)
    whole = row(store, xietang.id, "month", MAY_MS, "subdistrict")
    assert whole.detail["section_classes"] == {
        "I": 0, "II": 0, "III": 0, "IV": 0, "V": 0, "INFERIOR_V": 1,
    }  # fmt: skip
    assert whole.detail["inferior_share"] == 100.0


def test_what_runs_needs_as_many_of_what_there_can_be(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    store.write(hours(station.id, MAY_MS, 10 * 24))
    judge = PeriodJudge(xietang, store)
    now_ms = MAY_MS + 10 * DAY_MS
    judge.note(now_ms, {station.id: (MAY_MS, now_ms)})
    run(judge, now_ms)
    running = row(store, station.id, "month", MAY_MS)
    assert (running.water_class, running.detail["running"]) == ("II", True)
    # One month of the five that there can be is no year.
    assert row(store, station.id, "year", JANUARY_MS).water_class is None
    judge.redo(MAY_MS, MAY_MS)
    run(judge, JUNE_MS + EVERY_MS)
    # Ten days are not half the month.
    assert row(store, station.id, "month", MAY_MS).water_class is None


def test_late_readings_change_what_they_belong_to_and_nothing_is_done_twice(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    store.write(hours(station.id, MAY_MS, 31 * 24))
    judge = PeriodJudge(xietang, store)
    judge.note(JUNE_MS, {station.id: (MAY_MS, JUNE_MS - 1)})
    run(judge, JUNE_MS)
    assert judge.tick(JUNE_MS + EVERY_MS + 1) == []
    store.write(hours(station.id, MAY_MS + 5 * DAY_MS, 24, total_phosphorus=9.0))
    judge.note(JUNE_MS + EVERY_MS, {station.id: (MAY_MS + 5 * DAY_MS, MAY_MS + 6 * DAY_MS - 1)})
    assert judge.tick(JUNE_MS + EVERY_MS + 2) == [], "changes are collected for some minutes"
    run(judge, JUNE_MS + 2 * EVERY_MS + 3)
    assert row(store, station.id, "day", MAY_MS + 5 * DAY_MS).water_class == "INFERIOR_V"
    assert row(store, station.id, "month", MAY_MS).deciding == ("total_phosphorus",)


def test_the_laboratory_outweighs_the_probe_in_its_month(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    store.write(hours(station.id, MAY_MS, 31 * 24))
    asked = []

    def results(start_ms: int, end_ms: int) -> list[LaboratoryResult]:
        asked.append((start_ms, end_ms))
        return [LaboratoryResult(station.id, "ammonia_nitrogen", MAY_MS + DAY_MS, 1.8)]

    judge = PeriodJudge(xietang, store, results)
    judge.note(JUNE_MS, {station.id: (MAY_MS, JUNE_MS - 1)})
    run(judge, JUNE_MS)
    month = row(store, station.id, "month", MAY_MS)
    assert (MAY_MS, JUNE_MS) in asked
    assert (month.water_class, month.detail["source"]) == ("V", "both")
    assert month.detail["values"]["ammonia_nitrogen"]["source"] == "laboratory"


def test_states_in_which_nothing_is_graded_are_told(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    store.write(hours(station.id, MAY_MS, 12))
    store.write(
        Block.of(
            Reading(station.id, "ph", MAY_MS + hour * HOUR_MS, None, Quality.MISSING, StationState.MAINTENANCE)
            for hour in range(12, 24)
        )
    )
    judge = PeriodJudge(xietang, store)
    judge.redo(MAY_MS, MAY_MS)
    run(judge, JUNE_MS)
    assert row(store, station.id, "day", MAY_MS).detail["states"] == {"M": 12}


def test_what_has_ended_is_told_as_ended_though_nothing_more_comes(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    last_ms = JUNE_MS - DAY_MS
    store.write(hours(station.id, MAY_MS, 31 * 24))
    judge = PeriodJudge(xietang, store)
    judge.note(JUNE_MS - 1, {station.id: (MAY_MS, JUNE_MS - 1)})
    run(judge, JUNE_MS - 1)
    assert row(store, station.id, "day", last_ms).detail["running"]
    assert row(store, station.id, "month", MAY_MS).detail["running"]
    run(judge, JUNE_MS + EVERY_MS)
    assert not row(store, station.id, "day", last_ms).detail["running"]
    assert not row(store, station.id, "month", MAY_MS).detail["running"]


def test_another_judge_takes_up_what_is_left(store: ReadingStore, xietang: Site) -> None:
    station = next(iter(xietang.stations.values()))
    store.write(hours(station.id, MAY_MS, 31 * 24))
    judge = PeriodJudge(xietang, store)
    judge.note(JUNE_MS, {station.id: (MAY_MS, JUNE_MS - 1)})
    judge.tick(JUNE_MS)
    assert judge.behind
    other = PeriodJudge(xietang, store)
    other.take_up(json.loads(json.dumps(judge.left())))
    run(other, JUNE_MS)
    assert row(store, station.id, "month", MAY_MS).detail["hours"] == 31 * 24
    with pytest.raises(ValueError, match="invalid literal"):
        other.take_up({"day": ["x"]})
