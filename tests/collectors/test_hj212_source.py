from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.hj212.segment import encode_cp
from collectors.hj212.source import Source
from collectors.stores.sqlite import SqliteStore
from sensors.durations import DAY_MS, HOUR_MS, MINUTE_MS
from sensors.reading import Block, Quality, Reading, StationState, to_ms

#: Midnight of 1 August 2026 in Shanghai.
DAY = to_ms(datetime(2026, 7, 31, 16, tzinfo=UTC))
NINE = DAY + 9 * HOUR_MS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "readings.sqlite")
    yield store
    store.close()


def put(
    store: SqliteStore, time_ms: int, value: float | None, key: str = "ph", quality: int = 1, state: str = "N"
) -> None:
    store.write(Block.of([Reading("S1", key, time_ms, value, Quality(quality), StationState(state))]))


def texts(source: Source, cn: int, start_ms: int, end_ms: int, slot_ms: int = 0) -> list[str]:
    return [encode_cp(record.cp) for record in source.records("S1", cn, start_ms, end_ms, slot_ms)]


def source_of(store: SqliteStore, minutes: int = 5) -> Source:
    return Source(store, "Asia/Shanghai", minutes * MINUTE_MS)


def test_real_time_data_are_the_readings(store: SqliteStore) -> None:
    put(store, NINE, 7.4)
    put(store, NINE, 3.0, "dissolved_oxygen")
    put(store, NINE, 200.0, "orp")
    put(store, NINE + 60_500, None, state="B", quality=9)
    put(store, NINE + 120_000, 7.6)
    source = source_of(store)
    assert texts(source, 2011, NINE, NINE + 120_000) == [
        "DataTime=20260801090000;w01001-Rtd=7.40,w01001-Flag=N;w01009-Rtd=3.00,w01009-Flag=N",
        "DataTime=20260801090100;w01001-Flag=B",
    ]
    assert [record.time_ms for record in source.records("S1", 2011, NINE, DAY + DAY_MS)] == [
        NINE, NINE + 60_500, NINE + 120_000,
    ]  # fmt: skip
    assert source.records("S2", 2011, NINE, DAY + DAY_MS) == []


def test_real_time_data_may_be_thinned_to_the_first_of_each_slot(store: SqliteStore) -> None:
    for second in (0, 30, 60, 130, 170, 180):
        put(store, NINE + 1000 * second, 7.0 + second / 1000)
    source = source_of(store)
    times = [r.time_ms - NINE for r in source.records("S1", 2011, NINE, NINE + HOUR_MS, 60_000)]
    assert times == [0, 60_000, 130_000, 180_000]
    # The same ones, wherever the reading begins.
    assert [r.time_ms - NINE for r in source.records("S1", 2011, NINE + 1, NINE + HOUR_MS, 60_000)] == times[1:]
    assert [r.time_ms - NINE for r in source.records("S1", 2011, NINE + 140_000, NINE + 175_000, 60_000)] == []


def test_periods_carry_their_start_and_minimum_mean_and_maximum(store: SqliteStore) -> None:
    for minute, value in ((0, 7.0), (4, 7.3), (5, 8.0), (59, 6.0)):
        put(store, NINE + minute * MINUTE_MS, value)
    put(store, NINE + HOUR_MS, 5.0)
    source = source_of(store)
    assert texts(source, 2051, NINE, NINE + HOUR_MS) == [
        "DataTime=20260801090000;w01001-Min=7.00,w01001-Avg=7.15,w01001-Max=7.30,w01001-Flag=N",
        "DataTime=20260801090500;w01001-Min=8.00,w01001-Avg=8.00,w01001-Max=8.00,w01001-Flag=N",
        "DataTime=20260801095500;w01001-Min=6.00,w01001-Avg=6.00,w01001-Max=6.00,w01001-Flag=N",
    ]
    assert texts(source, 2061, NINE, NINE + 1) == [
        "DataTime=20260801090000;w01001-Min=6.00,w01001-Avg=7.08,w01001-Max=8.00,w01001-Flag=N"
    ]
    # The mean of the hourly means, 7.075 and 5, not of the readings.
    assert texts(source, 2031, DAY, DAY + 1) == [
        "DataTime=20260801000000;w01001-Min=5.00,w01001-Avg=6.04,w01001-Max=8.00,w01001-Flag=N"
    ]


def test_a_day_is_a_local_day(store: SqliteStore) -> None:
    put(store, DAY - 1, 6.0)
    put(store, DAY, 7.0)
    put(store, DAY + DAY_MS - 1, 7.0)
    put(store, DAY + DAY_MS, 8.0)
    days = texts(source_of(store), 2031, DAY - DAY_MS, DAY + 2 * DAY_MS)
    assert [(day[9:17], day.split("w01001-Avg=")[1][:4]) for day in days] == [
        ("20260731", "6.00"), ("20260801", "7.00"), ("20260802", "8.00"),
    ]  # fmt: skip


def test_days_of_a_zone_that_changes_its_clock(store: SqliteStore) -> None:
    source = Source(store, "Europe/Berlin")
    long_day = source.local.start(2031, to_ms(datetime(2026, 10, 25, 12, tzinfo=UTC)))
    put(store, long_day + 24 * HOUR_MS, 7.0)
    put(store, long_day + 25 * HOUR_MS, 8.0)
    assert [day[9:17] for day in texts(source, 2031, long_day - DAY_MS, long_day + 2 * DAY_MS)] == [
        "20261025", "20261026",
    ]  # fmt: skip


def test_one_abnormal_value_makes_the_period_abnormal_and_stays_out_of_its_mean(store: SqliteStore) -> None:
    put(store, NINE, 7.0)
    put(store, NINE + 60_000, 9.9, state="M")
    put(store, NINE + 120_000, 7.2)
    [text] = texts(source_of(store), 2061, NINE, NINE + 1)
    assert text.endswith("w01001-Min=7.00,w01001-Avg=7.10,w01001-Max=7.20,w01001-Flag=M")


def test_the_commonest_abnormal_letter_is_told(store: SqliteStore) -> None:
    for minute, state in enumerate("NMCCN"):
        put(store, NINE + minute * 60_000, 7.0, state=state)
    put(store, NINE + HOUR_MS, 15.0, quality=4)
    nine, ten = texts(source_of(store), 2061, NINE, NINE + 2 * HOUR_MS)
    assert nine.endswith("Flag=C")
    assert ten.endswith("w01001-Min=15.00,w01001-Avg=15.00,w01001-Max=15.00,w01001-Flag=D")


def test_a_missed_poll_is_a_gap_and_no_abnormal_value(store: SqliteStore) -> None:
    put(store, NINE, 7.0)
    put(store, NINE + 60_000, None, quality=9)
    put(store, NINE + 120_000, None, quality=9, state="B")
    put(store, NINE + HOUR_MS, None, quality=9, state="F")
    nine, ten = texts(source_of(store), 2061, NINE, NINE + 2 * HOUR_MS)
    assert nine.endswith("Flag=N")
    assert ten == "DataTime=20260801100000;w01001-Flag=F"


def test_suspect_values_are_normal_there(store: SqliteStore) -> None:
    put(store, NINE, 7.0, quality=3)
    [text] = texts(source_of(store), 2061, NINE, NINE + 1)
    assert text.endswith("Avg=7.00,w01001-Max=7.00,w01001-Flag=N")


def test_hours_say_what_the_store_says(store: SqliteStore) -> None:
    for minute in range(60):
        put(store, NINE + minute * MINUTE_MS, 0.2, "total_phosphorus")
    [text] = texts(source_of(store), 2061, NINE, NINE + HOUR_MS)
    [row] = store.summary(["S1"], ["total_phosphorus"], NINE, NINE + HOUR_MS, HOUR_MS)
    assert f"w21011-Avg={row.mean:.3f}," in text


def test_what_is_complete(store: SqliteStore) -> None:
    source = source_of(store)
    now = NINE + 7 * MINUTE_MS
    assert source.complete(2011, now) == now + 1
    assert source.complete(2051, now) == NINE + 5 * MINUTE_MS
    assert source.complete(2061, now) == NINE
    assert source.complete(2031, now) == DAY


def test_a_period_that_the_standard_does_not_know_is_refused(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="accepted: 1, 2, 3"):
        Source(store, "Asia/Shanghai", 7 * MINUTE_MS)
    with pytest.raises(ValueError, match="accepted"):
        Source(store, "Asia/Shanghai", 30_000)


def test_digests_change_with_the_content(store: SqliteStore) -> None:
    source = source_of(store)
    put(store, NINE, 7.0)
    [before] = source.records("S1", 2011, NINE, NINE + 1)
    assert source.records("S1", 2011, NINE, NINE + 1)[0].digest == before.digest
    put(store, NINE, 7.1)
    [after] = source.records("S1", 2011, NINE, NINE + 1)
    assert after.digest != before.digest
    assert -(2**63) <= after.digest < 2**63


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 2 * DAY_MS - 1), min_size=1, max_size=20, unique=True), st.integers(1, 2 * DAY_MS - 1))
def test_records_do_not_depend_on_how_time_is_cut(tmp_path: Path, times: list[int], cut: int) -> None:
    (tmp_path / "cut.sqlite").unlink(missing_ok=True)
    store = SqliteStore(tmp_path / "cut.sqlite")
    try:
        store.write(Block.of([Reading("S1", "ph", DAY + time_ms, 7.0 + time_ms / DAY_MS) for time_ms in times]))
        source = source_of(store)
        for cn in (2011, 2051, 2061, 2031):
            whole = texts(source, cn, DAY, DAY + 2 * DAY_MS, 60_000)
            before = texts(source, cn, DAY, DAY + cut, 60_000)
            assert before + texts(source, cn, DAY + cut, DAY + 2 * DAY_MS, 60_000) == whole
            assert whole
    finally:
        store.close()
