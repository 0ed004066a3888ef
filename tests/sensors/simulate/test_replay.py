from __future__ import annotations

from pathlib import Path

import pytest

from sensors.simulate.replay import HOLD_MS, Replay

H = 3_600_000

ROWS = [
    (0, "b", "ph", 7.0),
    (0, "b", "ammonia_nitrogen", 0.5),
    (4 * H, "b", "ph", 7.4),
    (4 * H, "b", "ammonia_nitrogen", float("nan")),
    (2 * H, "a", "ph", 8.0),
    (0, "b", "ph", 7.2),
]


def replay(rows: list[tuple[int, str, str, float]] = ROWS, **options: int) -> Replay:
    time_ms, station, determinand, value = zip(*rows, strict=True)
    return Replay(time_ms, station, determinand, value, **options)


def test_stations_come_in_the_order_in_which_they_appear() -> None:
    assert replay().stations == ("b", "a")


def test_times_are_those_of_the_records_each_once() -> None:
    assert replay().times("b").tolist() == [0, 4 * H]
    assert replay().times("a").tolist() == [2 * H]


def test_the_later_row_wins_wherever_it_stands() -> None:
    assert replay().read("b", 0) == {"ph": 7.2, "ammonia_nitrogen": 0.5}
    assert replay(ROWS[::-1]).read("b", 0)["ph"] == 7.0


def test_a_later_nan_takes_a_value_back() -> None:
    assert replay([*ROWS, (2 * H, "a", "ph", float("nan"))]).read("a", 2 * H) == {}


def test_a_record_stands_until_the_next_and_never_mixes_with_it() -> None:
    assert replay().read("b", 4 * H - 1) == {"ph": 7.2, "ammonia_nitrogen": 0.5}
    assert replay().read("b", 4 * H) == {"ph": 7.4}


def test_before_the_first_record_there_is_nothing() -> None:
    assert replay().read("a", 2 * H - 1) == {}


def test_a_record_is_told_until_it_is_too_old() -> None:
    assert HOLD_MS == 4 * H
    assert replay().read("b", 8 * H - 1) == {"ph": 7.4}
    assert replay().read("b", 8 * H) == {}
    assert replay(hold_ms=H).read("b", H) == {}
    assert replay(hold_ms=H).read("b", H - 1)["ph"] == 7.2


def test_what_cannot_be_answered_is_refused() -> None:
    with pytest.raises(KeyError, match="c"):
        replay().read("c", 0)
    with pytest.raises(ValueError, match="have 1, 1, 2, 1 rows"):
        Replay([0], ["a"], ["ph", "orp"], [1.0])


def test_an_empty_table_has_no_stations() -> None:
    assert Replay([], [], [], []).stations == ()


@pytest.mark.shared
def test_a_national_file_is_told_record_by_record(shared: Path) -> None:
    import polars as pl

    table = pl.read_parquet(shared / "cases" / "grading_4h" / "readings.parquet")
    times = table["time"].dt.epoch("ms").to_numpy()
    given = Replay(times, table["station"].to_list(), table["determinand"].to_list(), table["value"].to_numpy())
    assert len(given.stations) == table["station"].n_unique()
    name = given.stations[3]
    own = table.filter((pl.col("station") == name) & (pl.col("time").dt.epoch("ms") == int(given.times(name)[1])))
    expected = dict(zip(own["determinand"].to_list(), own["value"].to_list(), strict=True))
    assert given.read(name, int(given.times(name)[1]) + 60_000) == expected
