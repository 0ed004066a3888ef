from __future__ import annotations

from pathlib import PurePath

import pyarrow as pa
import pytest

from deploy.regrade.layout import layout_of
from deploy.regrade.records import KEYS
from sensors.errors import ConfigError

TIME = pa.timestamp("us", "UTC")
TIDY = {"time": TIME, "station": pa.string(), "determinand": pa.string(), "value": pa.float64()}


def layout(path: str = "a.parquet", **columns: pa.DataType):
    return layout_of(pa.schema(list(columns.items())), PurePath(path))


def problems(path: str = "a.parquet", **columns: pa.DataType) -> list[str]:
    with pytest.raises(ConfigError) as error:
        layout(path, **columns)
    return [str(problem) for problem in error.value.problems]


def test_a_tidy_file_is_read_by_its_four_columns_and_those_that_qualify_them() -> None:
    found = layout(**TIDY, quality=pa.int8(), state=pa.string(), below=pa.bool_(), note=pa.string())
    assert not found.wide
    assert found.columns == ["time", "station", "determinand", "value", "quality", "state", "below"]


def test_a_wide_file_has_its_determinands_by_any_of_their_names() -> None:
    found = layout(
        time=TIME, station=pa.string(), pH=pa.float64(), codmn=pa.float32(), w21003=pa.int16(), note=pa.string()
    )
    assert found.wide
    assert found.columns == ["time", "station", "pH", "codmn", "w21003"]
    assert [KEYS[code] for code in found.values.values()] == ["ph", "permanganate_index", "ammonia_nitrogen"]


def test_the_path_stands_for_a_column() -> None:
    columns = {name: kind for name, kind in TIDY.items() if name != "station"}
    found = layout("x/station=S01/month=3/a.parquet", **columns)
    assert (found.said, found.columns) == ({"station": "S01"}, ["time", "determinand", "value"])
    assert layout("station=S01/a.parquet", **TIDY).said == {}


@pytest.mark.parametrize(("unit", "time"), [("s", 1), ("ms", 1000), ("us", 1_000_999), ("ns", 1_000_999_999)])
def test_times_of_any_unit_become_milliseconds(unit: str, time: int) -> None:
    assert layout(**TIDY | {"time": pa.timestamp(unit, "Asia/Shanghai")}).to_ms(time) == 1000


def test_codes_of_names_and_of_texts_are_as_good_as_names() -> None:
    coded = pa.dictionary(pa.int32(), pa.string())
    assert layout(**TIDY | {"station": coded, "value": coded}).columns[-1] == "value"


def test_missing_columns_are_named() -> None:
    (problem,) = problems(time=TIME, determinand=pa.string())
    assert "columns time, determinand; no station, value" in problem
    assert "no determinand" in problems(time=TIME, station=pa.string(), note=pa.string())[0]


def test_types_that_cannot_be_are_all_named() -> None:
    found = problems(
        time=pa.timestamp("us"), station=pa.string(), determinand=pa.string(), value=pa.bool_(),
        quality=pa.string(), state=pa.int8(), below=pa.int8(),
    )  # fmt: skip
    assert [problem.split(": ")[1] for problem in found] == [
        "column time", "column value", "column quality", "column state", "column below",
    ]  # fmt: skip
    assert "replace_time_zone('Asia/Shanghai')" in found[0]
    assert problems(**TIDY | {"time": pa.string()}) == [
        problem.replace("timestamp[us]", "string") for problem in found[:1]
    ]
