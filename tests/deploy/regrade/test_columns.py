from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import PurePath

import numpy as np
import pyarrow as pa
import pytest

from deploy.regrade.columns import Wanted, read_rows
from deploy.regrade.layout import layout_of
from deploy.regrade.records import KEYS, Rows
from sensors.errors import ConfigError

EVERYTHING = Wanted(0, 1000, (), ("A", "B"))


def found(wanted: Wanted = EVERYTHING, unknown: Counter[str] | None = None, **columns) -> list[Rows]:
    """Rows of a tidy row group; the columns that are not given are of one station, determinand and value."""
    n = len(next(iter(columns.values())))
    given = {"time": range(n), "station": ["A"] * n, "determinand": ["ph"] * n, "value": [7.0] * n} | columns
    given["time"] = pa.array(given["time"], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    table = pa.table(given)
    layout = layout_of(table.schema, PurePath("a.parquet"))
    return list(read_rows(table, layout, wanted, Counter() if unknown is None else unknown, "a.parquet", 100))


def problems(**columns) -> list[str]:
    with pytest.raises(ConfigError) as error:
        found(**columns)
    return [str(problem) for problem in error.value.problems]


def test_only_what_is_wanted_is_taken() -> None:
    (rows,) = found(Wanted(1, 3, ("B",), ("A", "B")), station=["B", "A", "B", "B"], value=[1.0, 2.0, 3.0, 4.0])
    assert (rows.time_ms.tolist(), rows.station.tolist(), rows.value.tolist()) == ([2], [1], [3.0])


def test_names_are_mapped_and_unknown_ones_counted_where_wanted() -> None:
    unknown: Counter[str] = Counter()
    names = ["nh3n", "W21003", "vibes", "vibes", "vibes"]
    (rows,) = found(Wanted(0, 4, (), ("A",)), unknown, determinand=names)
    assert [KEYS[code] for code in rows.determinand] == ["ammonia_nitrogen", "ammonia_nitrogen"]
    assert unknown == {"vibes": 2}


@pytest.mark.parametrize(
    "values",
    [
        pa.array([0.2, None, 3]),
        pa.array([0.2, None, 3], pa.float32()),
        pa.array([Decimal("0.2"), None, Decimal(3)]),
        pa.array(["0.2", None, " 3 "]),
        pa.array(["0.2", "--", "3"]).dictionary_encode(),
    ],
    ids=["float64", "float32", "decimal", "text", "coded text"],
)
def test_values_of_any_type_are_what_people_read(values: pa.Array) -> None:
    (rows,) = found(value=values)
    np.testing.assert_array_equal(rows.value, [0.2, np.nan, 3])


def test_whole_numbers_are_values() -> None:
    (rows,) = found(value=pa.array([7, None], pa.int16()))
    np.testing.assert_array_equal(rows.value, [7, np.nan])
    assert rows.below is None


def test_below_detection_by_text_and_by_column() -> None:
    (by_text,) = found(value=["0.05L", "<0.1", "ND", "0.3"])
    np.testing.assert_array_equal(by_text.value, [0.05, 0.1, np.nan, 0.3])
    assert by_text.below is not None
    assert by_text.below.tolist() == [True, True, False, False]
    (by_column,) = found(value=[0.05, 0.3, 0.1], below=[True, None, False])
    assert by_column.below is not None
    assert by_column.below.tolist() == [True, False, False]


def test_quality_and_state_say_what_takes_part() -> None:
    (rows,) = found(quality=[1, 2, 3, 4, 9, None], state=["N", "", "N", "N", "N", "N"])
    assert rows.usable is not None
    assert rows.suspect is not None
    assert rows.usable.tolist() == [True, True, True, False, False, True]
    assert rows.suspect.tolist() == [False, False, True, False, False, False]
    (rows,) = found(state=["N", "M", None, "B"])
    assert rows.usable is not None
    assert rows.usable.tolist() == [True, False, True, False]
    assert rows.suspect is None


def test_columns_of_a_wide_row_group_share_their_instants() -> None:
    table = pa.table(
        {
            "time": pa.array([1, 2], pa.int64()).cast(pa.timestamp("s", "UTC")),
            "station": ["B", "A"], "ph": [7.0, None], "tp": [0.1, 0.2],
        }
    )  # fmt: skip
    layout = layout_of(table.schema, PurePath("a.parquet"))
    first, second = read_rows(table, layout, Wanted(0, 9999, (), ("A", "B")), Counter(), "a.parquet", 0)
    assert first.time_ms is second.time_ms
    assert first.time_ms.tolist() == [1000, 2000]
    assert [KEYS[int(rows.determinand)] for rows in (first, second)] == ["ph", "total_phosphorus"]


def test_stations_that_the_site_does_not_have_are_told_once_each_with_their_row() -> None:
    found_ = problems(station=["A", "X", "X", "Y"])
    assert found_ == [
        "a.parquet: row 102: found station X; accepted: a station of the site, e.g. A, B",
        "a.parquet: row 104: found station Y; accepted: a station of the site, e.g. A, B",
    ]
    many = problems(station=[f"X{i}" for i in range(25)])
    assert len(many) == 21
    assert "found 5 more such stations" in many[-1]


def test_stations_of_other_days_are_of_no_concern() -> None:
    assert found(Wanted(0, 1, (), ("A",)), station=["A", "X"])[0].time_ms.tolist() == [0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": [0, None]}, "row 102: found no time (1 such rows in the row group); accepted: a time in every row"),
        ({"station": [None, "A", None]}, "row 101: found no station (2 such rows"),
        ({"determinand": ["ph", None]}, "row 102: found no determinand"),
        ({"value": ["7,2"]}, "column value: found '7,2'; accepted: numbers, or texts"),
        ({"state": ["N", "Q"]}, "column state: found 'Q'; accepted: letters N F M S D C T B"),
    ],
)
def test_mistakes_are_told_with_their_place(columns, message: str) -> None:
    assert message in problems(**columns)[0]
