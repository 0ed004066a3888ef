"""Looks at a real store and real books, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import Assessment, Event, Flag, ReadingStore
from dashboard.alerts import looks
from dashboard.alerts.kinds import Found, Wanted
from dashboard.alerts.outbox import claim
from dashboard.alerts.routing import Directory
from dashboard.alerts.sender import Office
from dashboard.casework.cases import open_case, reject
from dashboard.casework.lifecycle import Actor
from dashboard.casework.tables.stations import Calibration, StationVisit
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading, StationState
from tests.dashboard.alerts.staged import DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, alerts, messages, see
from tests.dashboard.made import LEVELS, MEASURED

Scened = Callable[..., looks.Scene]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def scene(sqlite_office: Office, store: ReadingStore) -> looks.Scene:
    return looks.Scene(sqlite_office, store, {}, NOW_MS)


def readings(
    station: str, level: str, start_ms: int, end_ms: int, state: StationState = StationState.NORMAL
) -> list[Reading]:
    values = dict(zip(MEASURED, LEVELS[level], strict=True))
    return [
        Reading(station, key, time_ms, value, Quality.GOOD, state)
        for time_ms in range(start_ms, end_ms, 10 * MINUTE_MS)
        for key, value in values.items()
    ]


def all_heard(scene: looks.Scene, ago_min: int = 1, *, but: tuple[str, ...] = ()) -> None:
    time_ms = NOW_MS - ago_min * MINUTE_MS
    rows = [Reading(name, "ph", time_ms, 7.0) for name in scene.office.desk.site.stations if name not in but]
    scene.store.write(Block.of(rows))


def found(scene: looks.Scene, look: Callable[[looks.Scene], Found]) -> list[Wanted]:
    return list(look(scene).wanted)


def take_in(scene: looks.Scene, look: Callable[[looks.Scene], Found]) -> None:
    one = look(scene)
    see(scene.office, scene.now_ms, *one.wanted, kinds=one.kinds)


def test_56_silent_stations_are_one_alert_for_each_gateway_and_one_message(scene: looks.Scene) -> None:
    all_heard(scene, 31)
    for _ in range(3):
        take_in(scene, looks.at_silence)
    assert len(scene.office.desk.site.stations) == 56
    assert [one.key for one in alerts(scene.office)] == [f"silent:gateway:gw-0{n}" for n in range(1, 8)]
    assert {(account, channel) for account, channel, _, _ in messages(scene.office)} == {("sun", "chat")}
    assert len(messages(scene.office)) == 7
    office = scene.office
    with office.books.change("t", NOW_MS) as session:
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, NOW_MS)
        one = claim(session, office.desk, directory, "chat", NOW_MS)
        assert one is not None
        assert (len(one.messages), len(one.told.lines)) == (7, 7)
        assert claim(session, office.desk, directory, "chat", NOW_MS) is None


def test_stations_that_come_back_one_by_one_make_no_alerts_of_their_own(scene: looks.Scene) -> None:
    all_heard(scene, 60)
    take_in(scene, looks.at_silence)
    gateway = scene.office.desk.site.slice("gw-01")
    all_heard(scene, 1, but=(gateway[0].id,))
    take_in(replace(scene, now_ms=NOW_MS + MINUTE_MS), looks.at_silence)
    assert [one.key for one in alerts(scene.office)] == [f"silent:gateway:gw-0{n}" for n in range(1, 8)]
    assert [one.missing_ms is None for one in alerts(scene.office)] == [True] + [False] * 6


def test_a_station_is_silent_after_half_an_hour_without_a_value(scene: looks.Scene) -> None:
    all_heard(scene, but=("S01", "S09", "S17", "S18"))
    write = scene.store.write
    write(Block.of([Reading("S09", "ph", NOW_MS - 29 * MINUTE_MS, 7.0)]))
    missing, away = StationState.COMMUNICATION, StationState.MAINTENANCE
    # It is asked and does not answer: its newest reading is a gap.
    write(Block.of([Reading("S01", "ph", NOW_MS - 31 * MINUTE_MS, 7.0)]))
    write(Block.of([Reading("S01", "ph", NOW_MS - MINUTE_MS, None, Quality.MISSING, missing)]))
    # The same, but not for so long.
    write(Block.of([Reading("S17", "ph", NOW_MS - 20 * MINUTE_MS, 7.0)]))
    write(Block.of([Reading("S17", "ph", NOW_MS - MINUTE_MS, None, Quality.MISSING, missing)]))
    write(Block.of([Reading("S18", "ph", NOW_MS - MINUTE_MS, None, Quality.MISSING, away)]))
    assert [one.key for one in found(scene, looks.at_silence)] == ["silent:station:S01"]
    with scene.office.books.change("sun", NOW_MS) as session:
        session.add(StationVisit(id="V1", station="S01", start_ms=NOW_MS - MINUTE_MS))
    assert found(scene, looks.at_silence) == []


def test_a_silent_gateway_is_told_by_what_the_hub_has_heard(scene: looks.Scene) -> None:
    all_heard(scene)
    gateways = {"gw-02": {"heard_ms": NOW_MS - 30 * MINUTE_MS}, "gw-03": {"heard_ms": NOW_MS}}
    report = {"time_ms": NOW_MS, "gateways": gateways}
    [one] = found(replace(scene, reports={"all": report}), looks.at_silence)
    assert (one.key, one.severity, one.stage) == ("silent:gateway:gw-02", "serious", 0)


def test_two_bad_hours_of_a_station_raise_the_river_s_alert_and_restarts_change_nothing(scene: looks.Scene) -> None:
    hour_ms = NOW_MS // HOUR_MS * HOUR_MS
    scene.store.write(Block.of(readings("S01", "III", hour_ms - 4 * HOUR_MS, hour_ms - HOUR_MS)))
    scene.store.write(Block.of(readings("S01", "V", hour_ms - HOUR_MS, hour_ms)))
    take_in(scene, looks.at_classes)
    assert alerts(scene.office) == []
    next_ = replace(scene, now_ms=NOW_MS + HOUR_MS)
    scene.store.write(Block.of(readings("S01", "INFERIOR_V", hour_ms, hour_ms + HOUR_MS)))
    for _ in range(3):
        take_in(next_, looks.at_classes)
    [one] = alerts(scene.office)
    assert (one.key, one.severity, one.department) == ("class:R01", "serious", "water")
    assert one.detail == {"water_class": "V", "levels": {"S01": "V"}, "since_ms": hour_ms - HOUR_MS}
    assert one.title.startswith("Xietang River: Class V, ")
    assert "times over class III)" in one.title
    # It is good again for two hours, then for four.
    scene.store.write(Block.of(readings("S01", "III", hour_ms + HOUR_MS, hour_ms + 5 * HOUR_MS)))
    take_in(replace(scene, now_ms=NOW_MS + 3 * HOUR_MS), looks.at_classes)
    assert alerts(scene.office)[0].missing_ms is None
    take_in(replace(scene, now_ms=NOW_MS + 5 * HOUR_MS), looks.at_classes)
    take_in(replace(scene, now_ms=NOW_MS + 5 * HOUR_MS + 10 * MINUTE_MS), looks.at_classes)
    assert alerts(scene.office)[0].cleared_ms == NOW_MS + 5 * HOUR_MS + 10 * MINUTE_MS


def test_suspect_readings_raise_no_class(scene: looks.Scene) -> None:
    hour_ms = NOW_MS // HOUR_MS * HOUR_MS
    rows = readings("S01", "INFERIOR_V", hour_ms - 4 * HOUR_MS, hour_ms)
    scene.store.write(Block.of([replace(row, quality=Quality.SUSPECT) for row in rows]))
    assert found(scene, looks.at_classes) == []


def test_the_river_s_own_class_counts_as_the_board_shows_it(scene: looks.Scene) -> None:
    hour_ms = NOW_MS // HOUR_MS * HOUR_MS
    rows = [Assessment("river", "R02", "window", hour_ms - n * HOUR_MS, "INFERIOR_V") for n in range(3)]
    rows.append(Assessment("river", "R03", "window", hour_ms, "INFERIOR_V"))
    scene.store.put_assessments(rows)
    [one] = found(scene, looks.at_classes)
    assert (one.key, one.severity, one.stage) == ("class:R02", "critical", 6)


def test_a_probe_whose_readings_are_nearly_all_flagged_is_faulty(scene: looks.Scene) -> None:
    times = [NOW_MS - n * 10 * MINUTE_MS for n in range(1, 13)]
    scene.store.write(Block.of([Reading(name, "ph", t, 7.0, Quality.GOOD) for name in ("S01", "S02") for t in times]))
    flag = Flag("S01", "ph", 0, "flat_line", Quality.SUSPECT)
    scene.store.put_flags([replace(flag, time_ms=t) for t in times[:10]])
    scene.store.put_flags([replace(flag, station="S02", time_ms=t) for t in times[:9]])
    scene.store.put_flags([replace(flag, station="S02", test="spike", time_ms=t) for t in times])
    [one] = found(scene, looks.at_faults)
    assert (one.key, one.kind, one.department) == ("fault:S01", "fault", None)
    with scene.office.books.change("sun", NOW_MS) as session:
        session.add(StationVisit(id="V1", station="S01", start_ms=NOW_MS - MINUTE_MS))
    assert found(scene, looks.at_faults) == []


def test_only_the_newest_calibration_of_a_head_is_due(scene: looks.Scene) -> None:
    today = date(2026, 11, 23)

    def calibrated(number: int, station: str, due: int | None) -> StationVisit:
        day = None if due is None else today + timedelta(days=due)
        return StationVisit(
            id=f"V{number}", station=station, start_ms=NOW_MS - (10 - number) * DAY_MS, end_ms=NOW_MS - DAY_MS,
            calibrations=[Calibration(determinand="ph", standard=7.0, next_due_on=day)],
        )  # fmt: skip

    with scene.office.books.change("sun", NOW_MS) as session:
        rows = [("S01", -3), ("S02", -3), ("S02", 90), ("S03", 7), ("S04", 8), ("S05", None), ("S99", 0)]
        session.add_all(calibrated(number, *row) for number, row in enumerate(rows))
    assert [(one.key, one.severity, one.stage) for one in found(scene, looks.at_calibrations)] == [
        ("calibration:S01", "warning", 1), ("calibration:S03", "info", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("report", "keys"),
    [
        ({"time_ms": NOW_MS - 4 * MINUTE_MS, "connected": True, "disk_free": 10**10, "disk_full": False}, []),
        ({"time_ms": NOW_MS - 5 * MINUTE_MS, "connected": False}, ["hub:silent:all"]),
        ({"time_ms": NOW_MS, "connected": False}, ["hub:broker:all"]),
        ({"time_ms": NOW_MS, "disk_free": 10**9, "disk_full": False}, ["disk:hub"]),
        ({"time_ms": NOW_MS, "disk_free": 10, "disk_full": True}, ["disk:hub"]),
        ({"time_ms": NOW_MS, "disk_free": None, "disk_full": None, "gateways": None}, []),
        ({"gateways": {"gw-01": {"clock": {"synchronised": False}}}}, ["clock:gw-01"]),
        ({"gateways": {"gw-01": {"clock": {"synchronised": True}, "backlog": 99_999, "dropped": 0}}}, []),
        ({"gateways": {"gw-01": {"backlog": 100_000}, "gw-02": {"dropped": 1}}}, ["spool:gw-01", "spool:gw-02"]),
        ({"gateways": {"gw-01": {"refused": {"problems": "no profile x"}}}}, ["hub:refused:gw-01"]),
        ({"gateways": {"gw-01": "?", "gw-99": {"dropped": 1}}}, []),
    ],
)  # fmt: skip
def test_what_the_hub_says_of_itself_and_of_gateways(scene: looks.Scene, report: dict, keys: list[str]) -> None:
    assert [one.key for one in found(replace(scene, reports={"all": report}), looks.at_machines)] == keys


def event(name: str, kind: str = "discharge", end_ms: int | None = None, **detail: object) -> Event:
    return Event(name, kind, NOW_MS - HOUR_MS, end_ms, NOW_MS - MINUTE_MS, NOW_MS, ("S01",), detail)


def test_events_are_told_with_place_and_order(scene: looks.Scene) -> None:
    outfall = scene.office.desk.site.outfalls_of("R01")[0]
    candidates = [{"outfall": outfall.id, "probability": 0.8}]
    one = event("E1", candidates=candidates, determinands=["ammonia_nitrogen"], probabilities={"discharge": 0.9})
    scene.store.put_events([
        one, event("E2", probabilities={"discharge": 0.3}), event("E3", "operation"), event("E4", "fault"),
    ])  # fmt: skip
    with scene.office.books.change("t", NOW_MS) as session:
        number = open_case(session, scene.office.desk, one, NOW_MS).number
    take_in(scene, looks.at_events)
    first, fault = alerts(scene.office)
    assert (first.kind, first.event, first.order, first.department) == (
        "event.discharge",
        "E1",
        number,
        outfall.department,
    )
    assert first.title == "Suspected discharge: Xietang River"
    assert f"Most likely from outfall {outfall.id} (80 %)" in first.text
    assert fault.kind == "event.fault"
    told = [account for account, channel, _, _ in messages(scene.office) if channel == "chat"]
    assert told[-1] == "sun"


def test_an_event_s_title_names_pollutant_and_multiple_and_one_that_was_rejected_is_over(scene: looks.Scene) -> None:
    first = {"station": "S01", "determinand": "ammonia_nitrogen", "time_ms": NOW_MS, "value": 3.0, "baseline": 0.8}
    one = event("E1", first=first, probabilities={"discharge": 0.9})
    scene.store.put_events([one])
    take_in(scene, looks.at_events)
    [alert] = alerts(scene.office)
    assert alert.title == ("Suspected discharge: Xietang River, Ammonia nitrogen 3.000 mg/L (2.0 times over class III)")
    assert alert.detail["since_ms"] == one.start_ms
    with scene.office.books.change("t", NOW_MS) as session:
        reject(session, scene.office.desk, Actor("wu", "office"), one, NOW_MS, "fault", "mud on the probe")
    assert found(scene, looks.at_events) == []


def test_an_event_that_was_over_before_anybody_looked_is_told_once(scene: looks.Scene) -> None:
    old = replace(event("E0", end_ms=NOW_MS - 80 * HOUR_MS), start_ms=NOW_MS - 90 * HOUR_MS,
                  detected_ms=NOW_MS - 85 * HOUR_MS)  # fmt: skip
    scene.store.put_events([event("E1", end_ms=NOW_MS - MINUTE_MS), old])
    for minute in (0, 1, 11, 12, 30):
        take_in(replace(scene, now_ms=NOW_MS + minute * MINUTE_MS), looks.at_events)
    assert [(one.event, one.cleared_ms) for one in alerts(scene.office)] == [("E1", NOW_MS + 11 * MINUTE_MS)]


def test_a_look_that_fails_stops_no_other(scene: looks.Scene, caplog: pytest.LogCaptureFixture) -> None:
    def locked(_scene: looks.Scene) -> Found:
        raise StoreError("locked", retryable=True)

    def broken(_scene: looks.Scene) -> Found:
        raise ZeroDivisionError

    good = looks.look(scene, {"a": locked, "b": broken, "machines": looks.at_machines})
    assert [one.kinds for one in good] == [("clock", "spool", "disk", "hub")]
    assert "locked" in caplog.text


def test_every_look_works_on_an_empty_store(scene: looks.Scene) -> None:
    for look in (*looks.QUICK.values(), *looks.SLOW.values()):
        wanted = found(scene, look)
        assert all(one.kind == "silent" for one in wanted)
