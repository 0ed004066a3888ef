"""A store of the first version comes up to this one with all it had."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collectors.stores import sqlite_schema as sql
from collectors.stores.base import Event, Flag
from collectors.stores.sqlite import SqliteStore
from collectors.stores.sqlite_schema import SCHEMA_VERSION
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import USABLE_QUALITIES, Block, Quality, Reading, StationState

T0 = 1_730_000_000_000 - 1_730_000_000_000 % DAY_MS
DUMP = Path(__file__).with_name("store_v1.sql")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "readings.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(DUMP.read_text("utf-8"))
    return path


def readings(store: SqliteStore) -> list[Reading]:
    return [one for name in ("S1", "S2") for one in store.range(name, ["ph"], T0, T0 + 5 * DAY_MS)]


def test_the_dump_is_of_the_first_version(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM dirty").fetchone()[0] > 0
        assert db.execute("SELECT count(*) FROM hour WHERE provisional > 0").fetchone()[0] > 0


def test_everything_is_there_after_it_was_brought_up(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:
        had = db.execute("SELECT count(*), sum(value), sum(quality) FROM reading").fetchone()
        revisions = db.execute("SELECT count(*) FROM revision").fetchone()[0]
    with closing(SqliteStore(old)) as store:
        assert store._file.db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        rows = readings(store)
        values = [row.value for row in rows if row.value is not None]
        assert (len(rows), sum(row.quality for row in rows)) == (had[0], had[2])
        assert sum(values) == pytest.approx(had[1])
        assert len(store.revisions(T0, T0 + 5 * DAY_MS)) == revisions > 0
        assert store.watermarks()["gw1"][0] == "e1"
        assert [row.subject for row in store.assessments("river", "window")] == ["R1"]
        assert set(store.changes("")[0]) == {"S1", "S2"}
        assert store.changes("")[0]["S1"][0] == min(row.time_ms for row in rows if row.station == "S1")


@pytest.mark.parametrize("step_ms", [HOUR_MS, DAY_MS])
def test_roll_ups_are_right_in_an_old_store(old: Path, step_ms: int) -> None:
    start_ms = T0 - 8 * HOUR_MS
    with closing(SqliteStore(old)) as store:
        usable = [
            row
            for row in readings(store)
            if row.value is not None and row.quality in USABLE_QUALITIES and row.state is StationState.NORMAL
        ]
        for row in store.summary(["S1", "S2"], ["ph"], start_ms, start_ms + 5 * DAY_MS, step_ms):
            group = [one for one in usable if one.station == row.station and 0 <= one.time_ms - row.start_ms < step_ms]
            sure = [one.value for one in group if one.value is not None and one.quality is not Quality.SUSPECT]
            assert (row.count, row.certain_count) == (len(group), len(sure))
            assert row.provisional == len(group) - len(sure)
            assert row.certain_mean == (pytest.approx(sum(sure) / len(sure)) if sure else None)
            usable = [one for one in usable if one not in group]
        assert usable == []


def test_an_old_store_goes_on_like_a_new_one(old: Path) -> None:
    with closing(SqliteStore(old)) as store:
        _, cursor = store.changes("")
        store.commit(Block.of([Reading("S1", "ph", T0 + 4 * DAY_MS, 7.0)]), "gw1", "e1", 1000)
        assert store.changes(cursor)[0] == {"S1": (T0 + 4 * DAY_MS, T0 + 4 * DAY_MS)}
        store.put_flags([Flag("S1", "ph", T0 + 4 * DAY_MS, "spike", Quality.FAIL)])
        assert store.latest().quality[0] == Quality.FAIL


def a_year_of_events() -> list[Event]:
    """One a day of an hour, one of 300 days and one that lasts; ids out of order."""
    daily = [
        Event(f"E{n * 7 % 365:03}", "fault", T0 + n * DAY_MS, T0 + n * DAY_MS + HOUR_MS, T0, T0) for n in range(365)
    ]
    return [*daily, Event("long", "fault", T0, T0 + 300 * DAY_MS, T0, T0), Event("open", "fault", T0, None, T0, T0)]


def version_2(path: Path) -> None:
    """Make a store one as the version before the index over ends left it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP INDEX event_end")
        db.execute("PRAGMA user_version = 2")


@pytest.mark.parametrize(
    ("from_day", "to_day", "days"),
    [(299, 300, {"E268", "long", "open"}), (300, 301, {"E275", "open"}), (5, 4, {"long", "open"}), (-2, -1, set())],
)
def test_a_store_without_the_index_over_ends_can_be_read(
    tmp_path: Path, from_day: int, to_day: int, days: set[str]
) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.put_events(a_year_of_events())
    version_2(path)
    with closing(SqliteStore(path, read_only=True)) as old:
        before = old.events(T0 + from_day * DAY_MS, T0 + to_day * DAY_MS)
    with closing(SqliteStore(path)) as new:
        assert new._file.db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert new.events(T0 + from_day * DAY_MS, T0 + to_day * DAY_MS) == before
    assert {one.id for one in before} == days


def test_events_of_a_day_are_found_by_indexes(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.put_events(a_year_of_events())
        span = {"start_ms": T0 + 200 * DAY_MS, "end_ms": T0 + 201 * DAY_MS}
        plan = [row[3] for row in store._file.db.execute(f"EXPLAIN QUERY PLAN {sql.EVENTS}", span)]
    assert not [step for step in plan if step.startswith("SCAN event")], plan
    assert sum("event_end" in step for step in plan) == 2, plan
