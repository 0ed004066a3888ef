from __future__ import annotations

import numpy as np
import pytest

from deploy.regrade.records import KEYS, Records, Rows, to_records

PH, DO = KEYS.index("ph"), KEYS.index("dissolved_oxygen")


def rows(*found: tuple[int, int, int, float], **flags: list[bool]) -> Rows:
    """Rows of time, station, determinand and value."""
    time, station, determinand, value = (np.array(column) for column in zip(*found, strict=True))
    marks = {name: np.array(values) for name, values in flags.items()}
    return Rows(
        time.astype(np.int64), station.astype(np.int32), determinand.astype(np.int8), value.astype(float), **marks
    )


def shown(records: Records) -> list[tuple[int, int, dict[str, float]]]:
    return [
        (time, station, {key: value[i] for key, value in records.values.items() if not np.isnan(value[i])})
        for i, (time, station) in enumerate(zip(records.time_ms.tolist(), records.station.tolist(), strict=True))
    ]


def test_one_record_for_each_station_and_instant_in_order() -> None:
    found = to_records([rows((2, 0, DO, 8), (1, 1, PH, 7), (2, 0, PH, 6), (1, 0, PH, 5))], 2)
    assert shown(found) == [(1, 0, {"ph": 5}), (1, 1, {"ph": 7}), (2, 0, {"ph": 6, "dissolved_oxygen": 8})]
    assert list(found.values) == ["ph", "dissolved_oxygen"]
    assert (found.counts.records, found.counts.values, found.counts.repeated) == (3, 4, 0)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_later_row_wins_within_and_across_files(cut: int) -> None:
    all_rows = [(1, 0, PH, 7.0), (1, 0, DO, 8.0), (1, 0, PH, 6.5), (2, 0, PH, 7.5)]
    found = to_records([rows(*all_rows[:cut]), rows(*all_rows[cut:])], 1)
    assert shown(found) == [(1, 0, {"ph": 6.5, "dissolved_oxygen": 8}), (2, 0, {"ph": 7.5})]
    assert found.counts.repeated == 1


def test_a_later_row_may_take_a_value_back() -> None:
    assert shown(to_records([rows((1, 0, PH, 7), (1, 0, PH, np.nan))], 1)) == [(1, 0, {})]


def test_implausible_values_are_missing_and_the_edges_are_plausible() -> None:
    found = to_records(
        [rows((1, 0, PH, -9999), (2, 0, PH, 14), (3, 0, PH, 14.1), (4, 0, PH, 0), (5, 0, PH, np.inf))], 1
    )
    assert [record[2] for record in shown(found)] == [{}, {"ph": 14}, {}, {"ph": 0}, {}]
    assert (found.counts.implausible, found.counts.values) == (3, 2)


def test_unusable_values_are_missing_and_told_apart_from_implausible_ones() -> None:
    part = rows((1, 0, PH, 7), (2, 0, PH, 7), (3, 0, PH, 99), (4, 0, PH, np.nan), usable=[True, False, True, False])
    found = to_records([part], 1)
    assert [record[2] for record in shown(found)] == [{"ph": 7}, {}, {}, {}]
    assert (found.counts.unusable, found.counts.implausible) == (1, 1)


def test_marks_follow_their_value() -> None:
    first = rows((1, 0, PH, 7), (2, 0, PH, 7), (3, 0, PH, np.nan), suspect=[True, True, True])
    found = to_records([first, rows((1, 0, PH, 6.9))], 1)
    assert found.suspect["ph"].tolist() == [False, True, False]
    assert found.below == {}
    limits = to_records([rows((1, 0, DO, 7), below=[True])], 1)
    assert (limits.below["dissolved_oxygen"].tolist(), limits.counts.below) == ([True], 1)


def sheet(time: list[int], **columns: list[float]) -> list[Rows]:
    """Columns of a wide table of station 0."""
    instants, station = np.array(time, np.int64), np.zeros(len(time), np.int32)
    return [Rows(instants, station, KEYS.index(key), np.array(column)) for key, column in columns.items()]


def test_a_wide_table_in_order_is_taken_as_it_lies() -> None:
    parts = sheet([1, 2], dissolved_oxygen=[8.0, 99.0], ph=[7.0, np.nan])
    found = to_records(parts, 1)
    assert shown(found) == [(1, 0, {"ph": 7, "dissolved_oxygen": 8}), (2, 0, {})]
    assert found.values["ph"] is parts[1].value
    assert (found.counts.implausible, found.counts.values) == (1, 2)


def test_wide_tables_out_of_order_and_over_each_other() -> None:
    found = to_records([*sheet([2, 1], ph=[7.2, 7.1]), *sheet([2], ph=[6.0], dissolved_oxygen=[5.0])], 1)
    assert shown(found) == [(1, 0, {"ph": 7.1}), (2, 0, {"ph": 6, "dissolved_oxygen": 5})]
    assert found.counts.repeated == 1


def test_nothing_gives_nothing() -> None:
    found = to_records([], 3, {"vibes": 2})
    assert (found.time_ms.size, found.values, found.counts.unknown) == (0, {}, {"vibes": 2})
