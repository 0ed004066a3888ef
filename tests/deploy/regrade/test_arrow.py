from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from deploy.regrade.arrow import NAN, arrow_of, coded, numpy_of, scalar_of, table_of, texts_of


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.float64, np.bool_])
def test_there_and_back_also_from_the_middle(dtype) -> None:
    values = np.array([1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0], dtype)
    array = arrow_of(values)
    assert array.to_pylist() == values.tolist()
    assert numpy_of(array, dtype).tolist() == values.tolist()
    assert numpy_of(array[3:10], dtype).tolist() == values[3:10].tolist()
    assert numpy_of(array[:0], dtype).tolist() == []


def test_gaps_and_other_types_of_the_same_layout() -> None:
    assert arrow_of(np.array([1, 2, 3]), np.array([False, True, False])).to_pylist() == [1, None, 3]
    instants = arrow_of(np.array([0]), kind=pa.timestamp("us", "UTC"))
    assert str(instants[0]) == "1970-01-01 00:00:00+00:00"


def test_texts_and_codes() -> None:
    assert texts_of(["氨氮", None, "", "a"]).to_pylist() == ["氨氮", None, "", "a"]
    assert texts_of([]).to_pylist() == []
    assert coded(np.array([1, 0, 1]), ["a", "b"], np.array([False, False, True])).to_pylist() == ["b", "a", None]
    coded(np.array([1, 0]), ["a", "b"]).validate(full=True)


def test_single_numbers() -> None:
    assert scalar_of(np.int64(7)).as_py() == 7
    assert np.isnan(NAN.as_py())


def test_rows_become_a_table_with_gaps() -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.int32()), ("c", pa.bool_()), ("d", pa.timestamp("us", "UTC"))])
    rows = [{"a": "x", "b": 1, "c": True, "d": 0}, {"b": 2, "c": None}, {"a": None, "d": 1_000_000}]
    found = table_of(rows, schema)
    found.validate(full=True)
    assert found.drop_columns("d").to_pylist() == [
        {"a": "x", "b": 1, "c": True}, {"a": None, "b": 2, "c": None}, {"a": None, "b": None, "c": None},
    ]  # fmt: skip
    assert [str(time) for time in found["d"]] == ["1970-01-01 00:00:00+00:00", "None", "1970-01-01 00:00:01+00:00"]
    assert table_of([], schema).num_rows == 0
