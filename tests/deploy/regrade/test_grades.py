from __future__ import annotations

import numpy as np
import pyarrow as pa

from analytics.grading import PHOSPHORUS_REQUIRED_UNTIL_MS, grade
from deploy.regrade.grades import grades_table, hours_table, names_column
from deploy.regrade.part import Counts, Ground
from deploy.regrade.records import KEYS, Records

GROUND = Ground("site", "Asia/Shanghai", ("A", "L"), ("river", "lake"), ("R", "R"), {"R": "III"})
COMPLETE = {
    "ph": 7.0,
    "dissolved_oxygen": 8.0,
    "permanganate_index": 1.0,
    "ammonia_nitrogen": 0.1,
    "total_phosphorus": 0.01,
}
LATER_MS = PHOSPHORUS_REQUIRED_UNTIL_MS
HOUR_MS = 3_600_000


def records(*found: tuple[int, int, dict[str, float]], suspect=(), below=()) -> Records:
    """Records of time, station and values; `suspect` and `below` name determinands of the first record."""
    keys = [key for key in KEYS if any(key in values for _, _, values in found)]
    first = np.arange(len(found)) == 0
    return Records(
        np.array([time for time, _, _ in found], np.int64),
        np.array([station for _, station, _ in found], np.int32),
        {key: np.array([values.get(key, np.nan) for _, _, values in found]) for key in keys},
        dict.fromkeys(suspect, first),
        dict.fromkeys(below, first),
        Counts(),
    )


def graded(found: Records) -> list[tuple[str | None, bool, bool, str | None]]:
    table = grades_table(found, GROUND)
    return [tuple(row.values()) for row in table.drop_columns(["time", "station"]).to_pylist()]


def test_a_class_and_what_decides_it() -> None:
    found = records(
        (LATER_MS, 0, COMPLETE | {"permanganate_index": 5.0, "total_phosphorus": 0.15}), (LATER_MS, 1, {"ph": 7})
    )
    assert graded(found) == [("III", False, False, "permanganate_index;total_phosphorus"), ("I", True, False, "ph")]
    assert found.counts.classes == {"": 0, "I": 1, "II": 0, "III": 1, "IV": 0, "V": 0, "INFERIOR_V": 0}
    assert found.counts.partial == 1


def test_what_does_not_grade_has_no_class() -> None:
    assert graded(records((LATER_MS, 0, {"water_temperature": 20.0}))) == [(None, True, False, None)]


def test_lakes_have_limits_of_their_own() -> None:
    found = records(*((LATER_MS, place, COMPLETE | {"total_phosphorus": 0.1}) for place in (0, 1)))
    assert [row[0] for row in graded(found)] == ["II", "IV"]


def test_until_may_2020_a_class_without_phosphorus_is_partial() -> None:
    without = {key: value for key, value in COMPLETE.items() if key != "total_phosphorus"}
    found = records((LATER_MS - 1, 0, without), (LATER_MS - 1, 1, COMPLETE), (LATER_MS, 0, without))
    assert [row[1] for row in graded(found)] == [True, False, False]
    assert [row[1] for row in graded(records((LATER_MS - 1, 0, without), (LATER_MS, 0, without)))] == [True, False]


def test_suspect_values_make_a_class_provisional_where_they_grade() -> None:
    assert graded(records((LATER_MS, 0, COMPLETE), suspect=("ph",)))[0][2]
    assert not graded(records((LATER_MS, 0, COMPLETE | {"turbidity": 3.0}), suspect=("turbidity",)))[0][2]


def test_a_detection_limit_that_meets_no_class_judges_nothing() -> None:
    for limit, water_class, partial in ((0.1, "I", False), (1.8, "V", False), (3.0, "I", True)):
        (row,) = graded(records((LATER_MS, 0, COMPLETE | {"ammonia_nitrogen": limit}), below=("ammonia_nitrogen",)))
        assert row[:2] == (water_class, partial)


def test_many_determinands_are_graded_as_by_the_single_record() -> None:
    values = {key: 0.004 for key in KEYS if key not in ("ph", "dissolved_oxygen")} | {
        "ph": 7.0,
        "dissolved_oxygen": 7.6,
    }
    assert len(values) > 16
    alone = grade(values)
    assert graded(records((LATER_MS, 0, values)))[0][3] == ";".join(alone.deciding)


def test_hourly_means_by_determinand_station_and_hour() -> None:
    found = records(
        (HOUR_MS, 0, {"ph": 7.0, "dissolved_oxygen": 0.2}),
        (HOUR_MS + 1, 1, {"ph": 8.0}),
        (2 * HOUR_MS - 1, 0, {"ph": 7.5, "dissolved_oxygen": 0.2}),
        (2 * HOUR_MS, 0, {"ph": 6.0}),
    )
    rows = hours_table(found, GROUND).to_pylist()
    names = ("determinand", "station", "hour", "minimum", "mean", "maximum", "count")
    assert [tuple((row | {"hour": row["time"].hour})[name] for name in names) for row in rows] == [
        ("ph", "A", 1, 7.0, 7.25, 7.5, 2), ("ph", "A", 2, 6.0, 6.0, 6.0, 1), ("ph", "L", 1, 8.0, 8.0, 8.0, 1),
        ("dissolved_oxygen", "A", 1, 0.2, 0.2, 0.2, 2),
    ]  # fmt: skip


def test_suspect_and_undetected_values_in_hourly_means() -> None:
    two = [(0, 0, {"ph": 7.0, "total_phosphorus": 0.02}), (1, 0, {"ph": 8.0, "total_phosphorus": 0.05})]
    ph, phosphorus = hours_table(records(*two, suspect=("ph",), below=("total_phosphorus",)), GROUND).to_pylist()
    assert (ph["mean"], ph["without_suspect"], ph["provisional"], ph["below"]) == (7.5, 8.0, 1, 0)
    assert (phosphorus["mean"], phosphorus["minimum"], phosphorus["below"]) == (0.03, 0.01, 1)
    only = hours_table(records(two[0], suspect=("ph",)), GROUND).to_pylist()[0]
    assert only["without_suspect"] is None


def test_nothing_makes_tables_without_rows() -> None:
    nothing = records()
    assert grades_table(nothing, GROUND).num_rows == 0
    assert hours_table(nothing, GROUND).num_rows == 0
    assert hours_table(records((0, 0, {"ph": np.nan})), GROUND).num_rows == 0


def test_only_names_that_occur_are_written() -> None:
    column = names_column(np.array([2, 0, 2]), ["a", "b", "c"])
    assert (column.to_pylist(), column.dictionary.to_pylist()) == (["c", "a", "c"], ["a", "c"])
    assert isinstance(column, pa.DictionaryArray)
