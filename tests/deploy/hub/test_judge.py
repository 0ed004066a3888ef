"""From stored readings to stored assessments."""

from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import Assessment, ReadingStore
from deploy.hub.judge import Judge, latest_row
from sensors.reading import Block, Quality, Reading, StationState

HOUR = 3_600_000
NOW = 500_000 * HOUR + 1_200_000
GOOD = {
    "ph": 7.2,
    "dissolved_oxygen": 6.5,
    "permanganate_index": 3.9,
    "ammonia_nitrogen": 0.4,
    "total_phosphorus": 0.09,
}


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch) -> None:
    monkeypatch.setattr("deploy.hub.judge.RESTART_BACK_MS", 40 * HOUR)


@pytest.fixture
def store(tmp_path: Path) -> ReadingStore:
    store = open_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    yield store
    store.close()


def put(
    store: ReadingStore, station: str, time_ms: int, quality: Quality = Quality.NOT_EVALUATED, **changed: float
) -> None:
    values = {**GOOD, **changed}
    store.write(Block.of(Reading(station, key, time_ms, value, quality) for key, value in values.items()))


def by_subject(rows: list[Assessment], scope: str, basis: str) -> dict[str, Assessment]:
    """The newest row of each subject."""
    ordered = sorted(rows, key=lambda row: row.time_ms)
    return {row.subject: row for row in ordered if (row.scope, row.basis) == (scope, basis)}


def settle(judge: Judge, now_ms: int, changed: dict[str, int]) -> list[Assessment]:
    """Tick until nothing waits."""
    rows = judge.tick(now_ms, changed)
    while judge.behind:
        rows += judge.tick(now_ms, {})
    return rows


@pytest.fixture
def pair(xietang) -> tuple[str, str, str]:
    """A river with two stations, and the two."""
    for river in xietang.rivers:
        stations = xietang.stations_of(river)
        if len(stations) == 2 and {station.water_body for station in stations} == {"river"}:
            return river, stations[0].id, stations[1].id
    raise AssertionError("the example site has no river with exactly two stations")


def test_a_station_and_its_river_are_judged_on_newest_and_window(store, xietang, pair) -> None:
    river, a, b = pair
    put(store, a, NOW - HOUR, ammonia_nitrogen=0.4)
    put(store, a, NOW, ammonia_nitrogen=1.4)
    put(store, b, NOW, ammonia_nitrogen=2.5)
    rows = Judge(xietang, store).tick(NOW, {a: NOW - HOUR, b: NOW})
    latest = by_subject(rows, "station", "latest")
    assert (latest[a].water_class, latest[a].detail["time_ms"], latest[a].deciding) == (
        "IV",
        NOW,
        ("ammonia_nitrogen",),
    )
    assert latest[b].water_class == "INFERIOR_V"
    window = by_subject(rows, "station", "window")
    assert (window[a].water_class, window[a].detail["hours"], window[a].detail["window_hours"]) == ("III", 2, 24)
    assert window[a].detail["means"]["ammonia_nitrogen"] == 0.9
    here = by_subject(rows, "river", "window")[river]
    assert here.water_class == "V"  # mean of 0.9 and 2.5 is 1.7
    assert here.detail["worse_stations"] == [{"station": b, "water_class": "INFERIOR_V"}]
    assert (here.detail["sections"], here.detail["method"]) == (2, "mean")
    assert here.detail["exceedance"]["ammonia_nitrogen"] == pytest.approx(0.7)
    stored = {row.subject: row for row in store.assessments("river", "window")}
    assert stored[river] == here


def test_a_new_hour_judges_every_station_again(store, xietang, pair) -> None:
    _, a, _ = pair
    judge = Judge(xietang, store)
    put(store, a, NOW)
    settle(judge, NOW, {a: NOW})
    assert judge.tick(NOW + 1000, {}) == []
    rows = settle(judge, NOW + HOUR, {})
    assert set(by_subject(rows, "station", "window")) == set(xietang.stations)
    assert judge.graded == 1
    assert by_subject(settle(judge, NOW + 25 * HOUR, {}), "station", "window")[a].water_class is None
    assert judge.graded == 0
    history = store.assessment_history("station", a, "window", 0, NOW + 100 * HOUR)
    assert [row.water_class for row in history] == ["II"] * 24 + [None], "every hour that passed, then the running one"


def test_suspect_readings_grade_and_are_marked_and_failed_ones_do_not(store, xietang, pair) -> None:
    river, a, b = pair
    put(store, a, NOW, Quality.SUSPECT, ammonia_nitrogen=3.0)
    put(store, b, NOW, Quality.FAIL, ammonia_nitrogen=3.0)
    rows = Judge(xietang, store).tick(NOW, {a: NOW, b: NOW})
    window = by_subject(rows, "station", "window")
    assert (window[a].water_class, window[a].provisional) == ("INFERIOR_V", True)
    assert (window[b].water_class, window[b].partial) == (None, True)
    assert by_subject(rows, "station", "latest")[b].water_class is None
    assert by_subject(rows, "river", "window")[river].provisional


def test_only_the_newest_instant_counts_and_other_states_never_grade(xietang, pair) -> None:
    station = xietang.stations[pair[1]]
    visit = [Reading(station.id, key, NOW, value, state=StationState.MAINTENANCE) for key, value in GOOD.items()]
    row = latest_row(station, visit)
    assert (row.water_class, row.detail["state"], row.detail["values"]) == (None, "M", {})


def test_a_reading_of_a_station_that_left_the_site_harms_nobody(store, xietang) -> None:
    put(store, "GONE", NOW)
    rows = Judge(xietang, store).tick(NOW, {"GONE": NOW})
    assert "GONE" not in {row.subject for row in rows}


def test_late_readings_change_every_hour_that_they_belong_to(store, xietang, pair) -> None:
    river, a, _ = pair
    judge = Judge(xietang, store)
    put(store, a, NOW, ammonia_nitrogen=0.4)
    settle(judge, NOW, {a: NOW})
    for hours in (3, 2):
        put(store, a, NOW - hours * HOUR, ammonia_nitrogen=1.8)
    rows = settle(judge, NOW + 5000, {a: NOW - 3 * HOUR})
    hour = NOW // HOUR * HOUR
    classes = {(r.time_ms - hour) // HOUR: r.water_class for r in rows if (r.subject, r.basis) == (a, "window")}
    assert classes == {-3: "V", -2: "V", -1: "V", 0: "IV"}  # 1.8; 1.8; 1.8; mean of 1.8, 1.8, 0.4
    history = store.assessment_history("river", river, "window", 0, NOW + HOUR)
    assert [row.water_class for row in history] == ["V", "V", "V", "IV"]


def test_readings_older_than_the_limit_judge_the_hours_within_it(store, xietang, pair, monkeypatch) -> None:
    monkeypatch.setattr("deploy.hub.judge.MAX_BACK_MS", 2 * HOUR)
    _, a, _ = pair
    judge = Judge(xietang, store)
    settle(judge, NOW, {})
    put(store, a, NOW - 9 * HOUR, ammonia_nitrogen=1.8)
    rows = settle(judge, NOW, {a: NOW - 9 * HOUR})
    assert len([r for r in rows if (r.subject, r.basis) == (a, "window")]) == 3


def test_what_was_stored_before_a_kill_is_judged_after_the_next_start(store, xietang, pair) -> None:
    _, a, _ = pair
    put(store, a, NOW)
    settle(Judge(xietang, store), NOW, {a: NOW})
    put(store, a, NOW - 4 * HOUR, ammonia_nitrogen=9.0)  # stored, and the hub killed before its tick
    settle(Judge(xietang, store), NOW + 1000, {})
    history = store.assessment_history("station", a, "window", 0, NOW + HOUR)
    assert [row.water_class for row in history] == ["INFERIOR_V"] * 5


def test_one_tick_does_a_bounded_part_and_hours_without_any_reading_stay_gaps(
    store, xietang, pair, monkeypatch
) -> None:
    monkeypatch.setattr("deploy.hub.judge.HOURS_A_TICK", 10)
    _, a, _ = pair
    put(store, a, NOW - 30 * HOUR)
    judge = Judge(xietang, store)
    rows = judge.tick(NOW, {})
    assert judge.behind
    assert len({(row.subject, row.time_ms) for row in rows if row.scope == "river"}) <= len(xietang.rivers) + 10
    settle(judge, NOW, {})
    history = store.assessment_history("station", a, "window", 0, NOW + HOUR)
    hours = [(row.time_ms - NOW // HOUR * HOUR) // HOUR for row in history]
    assert hours == [*range(-30, -6), 0], "24 hours with the reading in their window, and the running one"


def test_a_class_near_a_limit_says_so_and_why(store, xietang, pair) -> None:
    river, a, b = pair
    put(store, a, NOW, ammonia_nitrogen=0.99)
    put(store, b, NOW, ammonia_nitrogen=0.75)
    rows = Judge(xietang, store).tick(NOW, {a: NOW, b: NOW})
    for basis in ("latest", "window"):
        judged = by_subject(rows, "station", basis)
        detail = judged[a].detail
        assert (judged[a].water_class, detail["near_limit"], detail["near"]) == ("III", True, ["ammonia_nitrogen"])
        assert detail["probability"] == {"III": 0.569, "IV": 0.431}
        assert judged[b].detail["near_limit"] is False
        assert judged[b].detail["probability"]["III"] > 0.9
    here = by_subject(rows, "river", "window")[river].detail
    assert (here["near_limit"], here["near"]) == (False, [])
    assert sum(here["probability"].values()) == pytest.approx(1, abs=0.002)


def test_the_reasons_are_kept_with_the_class(store, xietang, pair) -> None:
    river, a, b = pair
    put(store, a, NOW, ammonia_nitrogen=3.0, total_phosphorus=0.25)
    put(store, b, NOW, ammonia_nitrogen=3.0)
    rows = Judge(xietang, store).tick(NOW, {a: NOW, b: NOW})
    detail = by_subject(rows, "station", "window")[a].detail
    assert detail["main_pollutants"] == ["ammonia_nitrogen", "total_phosphorus"]
    target = xietang.rivers[river].target_class
    assert detail["target_exceedance"]["ammonia_nitrogen"] == pytest.approx(3.0 / {"III": 1.0, "IV": 1.5}[target] - 1)
    assert by_subject(rows, "river", "window")[river].detail["attained"] is False


def test_a_silent_station_has_nothing_to_be_sure_of(store, xietang, pair) -> None:
    rows = Judge(xietang, store).tick(NOW, {})
    silent = by_subject(rows, "station", "window")[pair[1]].detail
    assert "probability" not in silent
    assert by_subject(rows, "river", "window")[pair[0]].detail["attained"] is None
