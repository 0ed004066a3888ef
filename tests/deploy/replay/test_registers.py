"""Choosing what of a record is played, and comparing what comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collectors.stores import open_store
from deploy.local.local import Played
from deploy.replay.registers import cast_stations, compare, full_stations, plan_replay, report
from sensors.errors import UsageError
from sensors.platform import REPORTS
from sensors.reading import Block, Reading, to_ms
from sensors.site import replace_stations

HEAD = "time,station,determinand,value\n"
GOOD = {"ph": 7.2, "dissolved_oxygen": 6.5, "permanganate_index": 3.9, "ammonia_nitrogen": 0.4}


def record(folder: Path) -> Path:
    """Two stations over two local days; the second day is the fuller one."""
    lines = []
    for time in ("2021-04-01T12:00Z", "2021-04-01T16:00Z", "2021-04-01T20:00Z", "2021-04-02T00:00Z"):
        for station, ammonia in (("up", 0.4), ("down", 1.9)):
            values = {**GOOD, "nh3n": ammonia}
            del values["ammonia_nitrogen"]
            lines += [f"{time},{station},{key},{value}" for key, value in values.items()]
    path = folder / "record.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def played(path: Path, *names: str, day: str | None = None, speed: float = 1440.0) -> Played:
    return Played(path, None, None, names, day, speed, True)


def test_the_fullest_day_of_the_site_s_time_zone_is_played(xietang, tmp_path) -> None:
    plan = plan_replay(xietang, played(record(tmp_path)))
    assert str(plan.day) == "2021-04-02"  # 16:00 UTC is midnight in Shanghai
    assert (len(plan.times), plan.step_ms) == (3, 4 * 3_600_000)
    assert list(plan.cast.values()) == ["up", "down"]
    assert list(plan.cast) == [station.id for station in full_stations(xietang)[:2]]
    assert "2 stations, 0.5 minutes at 1440 times the speed of life" in plan.describe()


def test_stations_can_be_named_and_those_left_out_are_counted(xietang, tmp_path) -> None:
    plan = plan_replay(xietang, played(record(tmp_path), "down"))
    assert list(plan.cast.values()) == ["down"]
    assert "1 more stations in the record are not played" in plan.describe()


@pytest.mark.parametrize(
    ("names", "day", "message"),
    [
        (("middle",), None, "record.csv has no station middle on 2021-04-02"),
        ((), "2021-04-09", "no readings on 2021-04-09; it has 2021-04-01 to 2021-04-02"),
        ((), "yesterday", "--day yesterday; accepted: a date such as 2021-04-02"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(xietang, tmp_path, names, day, message) -> None:
    with pytest.raises(UsageError, match=message):
        plan_replay(xietang, played(record(tmp_path), *names, day=day))


def test_a_record_without_readings(xietang, tmp_path) -> None:
    path = tmp_path / "record.csv"
    path.write_text(HEAD, encoding="utf-8")
    with pytest.raises(UsageError, match="no readings that can be played"):
        plan_replay(xietang, played(path))


def test_lists_beside_the_record_are_found(xietang, tmp_path) -> None:
    path = record(tmp_path)
    (tmp_path / "stations.csv").write_text("station,water_body\nup,lake\ndown,river\n", encoding="utf-8")
    plan = plan_replay(xietang, played(path))
    assert (plan.stations, plan.expected) == (tmp_path / "stations.csv", None)
    site, instruments = cast_stations(xietang, path, plan.stations, list(plan.cast.values()), plan.step_ms)
    assert [(s.name, s.water_body) for s in site.stations.values()] == [("up", "lake"), ("down", "river")]
    values, _ = next(iter(instruments.values())).measure(plan.times[1] + 60_000)
    assert values == GOOD


def test_what_arrived_is_compared_with_the_file_and_the_authority(xietang, tmp_path) -> None:
    path = record(tmp_path)
    printed = "time,station,water_class\n2021-04-01T16:00:00+00:00,down,V\n2021-04-01T20:00:00+00:00,down,IV\n"
    (tmp_path / "expected.csv").write_text(printed, encoding="utf-8")
    plan = plan_replay(xietang, played(path, "down"))
    [name] = plan.cast
    store = open_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    try:
        arrived = {**GOOD, "ammonia_nitrogen": 1.9}
        # The last instant never arrived.
        at = [time_ms + 5000 for time_ms in plan.times[:2]]
        store.write(Block.of(Reading(name, key, t, value) for t in at for key, value in arrived.items()))
        found = compare(plan, xietang, store)
    finally:
        store.close()
    assert [(c.through_registers, c.from_file, c.authority) for c in found] == [
        ("V", "V", "V"), ("V", "V", "IV"), (None, "V", None)
    ]  # fmt: skip
    text = report(plan, xietang, found)
    assert "Through the registers as `riverchief grade` on the file: 2 of 3" in text
    assert "As the authority printed: 1 of 2" in text
    assert "V!" in text


def test_profiles_are_the_site_s_and_who_reports_itself_does_not_play(xietang) -> None:
    first, second, *others = full_stations(xietang)
    own = replace(xietang.profiles[first.profile], id="our_own")
    stations = xietang.stations | {
        first.id: replace(first, profile="our_own"),
        second.id: replace(second, profile=REPORTS),
    }
    site = replace(replace_stations(xietang, stations), profiles={**xietang.profiles, "our_own": own})
    assert [station.id for station in full_stations(site)] == [first.id, *(station.id for station in others)]


def test_times_are_the_record_s(xietang, tmp_path) -> None:
    from datetime import UTC, datetime

    plan = plan_replay(xietang, played(record(tmp_path)))
    assert plan.times[0] == to_ms(datetime(2021, 4, 1, 16, tzinfo=UTC))
    clock = plan.clock(lead_ms=60_000)
    assert clock() == plan.times[0], "the record waits until the services are there"
    assert clock.end_ms == plan.times[-1] + plan.step_ms - 1
