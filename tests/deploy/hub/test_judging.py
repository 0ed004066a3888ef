"""Judging that goes on where it stopped, whoever took the readings in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.stores.sqlite import SqliteStore
from deploy.hub.judging import MARK, Judging, rules_hash
from sensors.errors import StoreError
from sensors.reading import Block, Reading

HOUR = 3_600_000
NOW = 500_000 * HOUR + 1_200_000
VALUES = {
    "ph": 7.2, "dissolved_oxygen": 6.5, "permanganate_index": 3.9, "ammonia_nitrogen": 0.4, "total_phosphorus": 0.09,
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):
    store = SqliteStore(tmp_path / "s.sqlite")
    yield store
    store.close()


@pytest.fixture
def station(xietang) -> str:
    return next(iter(xietang.stations))


def commit(store: SqliteStore, station: str, time_ms: int, seq: int, **changed: float) -> None:
    """As another process does."""
    values = {**VALUES, **changed}
    store.commit(Block.of(Reading(station, key, time_ms, value) for key, value in values.items()), "gw", "aa", seq)


def judged(store: SqliteStore, station: str) -> dict[int, str | None]:
    """Class of each hour, counted back from the running one."""
    rows = store.assessment_history("station", station, "window", 0, NOW + 10 * HOUR)
    return {row.time_ms // HOUR - NOW // HOUR: row.water_class for row in rows if row.water_class}


def settle(judging: Judging, now_ms: int = NOW) -> None:
    judging.tick(now_ms)
    while judging.behind:
        judging.tick(now_ms)


def test_what_another_process_took_in_is_judged(xietang, store, station) -> None:
    judging = Judging(xietang, store)
    settle(judging)
    assert judged(store, station) == {}
    commit(store, station, NOW, 1)
    settle(judging)
    assert judged(store, station) == {0: "II"}
    assert judging.judge.graded == 1


def test_a_restart_goes_on_where_it_stopped(xietang, store, station, tmp_path, monkeypatch) -> None:
    settle(Judging(xietang, store))
    commit(store, station, NOW - 50 * HOUR, 1)  # late, and nobody was there to judge it
    other = Judging(xietang, store)
    monkeypatch.setattr("deploy.hub.judge.HOURS_A_TICK", 10)
    other.tick(NOW)
    assert other.behind
    done = len(judged(store, station))
    assert 0 < done < 24
    asked: list[int] = []
    summary = SqliteStore.summary

    def noting(self: SqliteStore, stations: Any, determinands: Any, start_ms: int, *more: int) -> Any:
        asked.append(start_ms)
        return summary(self, stations, determinands, start_ms, *more)

    monkeypatch.setattr(SqliteStore, "summary", noting)
    third = Judging(xietang, store)  # killed, and started again
    settle(third)
    assert sorted(judged(store, station)) == list(range(-50, -26))
    back = (NOW - min(asked)) / HOUR
    assert back < 50 + 24, "the week before a first start is not judged once more"


def test_a_restart_forgets_nothing_between_judging_and_its_mark(xietang, store, station, monkeypatch) -> None:
    settle(Judging(xietang, store))
    commit(store, station, NOW, 1)

    def full(*_: object) -> None:
        raise StoreError("disk full", retryable=True)

    with monkeypatch.context() as patch:
        patch.setattr(store, "put_assessments", full)
        with pytest.raises(StoreError):
            Judging(xietang, store).tick(NOW)
    assert judged(store, station) == {}
    settle(Judging(xietang, store))
    assert judged(store, station) == {0: "II"}


def test_an_hour_that_ended_while_nobody_judged_is_judged(xietang, store, station) -> None:
    settle(Judging(xietang, store))
    commit(store, station, NOW + 60_000, 1)
    settle(Judging(xietang, store), NOW + 3 * HOUR)
    assert judged(store, station) == {0: "II", 1: "II", 2: "II", 3: "II"}


def test_other_rules_judge_the_last_hours_anew(xietang, store, station) -> None:
    commit(store, station, NOW - 30 * HOUR, 1)
    settle(Judging(xietang, store))
    assert min(judged(store, station)) == -30
    short = replace(xietang, assessment=replace(xietang.assessment, window_hours=2))
    assert rules_hash(short) != rules_hash(xietang)
    settle(Judging(short, store))
    detail = store.assessment_history("station", station, "window", NOW - 31 * HOUR, NOW - 29 * HOUR)
    assert [row.detail["window_hours"] for row in detail] == [2, 2]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cursor": 7}', '{"rules": null, "left": 3}'])
def test_a_mark_that_is_none_costs_time_only(xietang, store, station, text) -> None:
    commit(store, station, NOW, 1)
    store.put_mark(MARK, text)
    settle(Judging(xietang, store))
    assert judged(store, station) == {0: "II"}
    assert json.loads(store.mark(MARK) or "")["cursor"]


def test_nothing_new_writes_nothing(xietang, store, station, monkeypatch) -> None:
    judging = Judging(xietang, store)
    settle(judging)
    monkeypatch.setattr(store, "put_mark", lambda *_: pytest.fail("written"))
    judging.tick(NOW)
