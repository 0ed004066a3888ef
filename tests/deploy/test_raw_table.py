from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from deploy.raw_table import LISTED, read_raw
from sensors.errors import ConfigError, UsageError


def csv_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "in.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_wanted_columns_trimmed_and_empty_as_null(tmp_path: Path) -> None:
    raw = read_raw(csv_file(tmp_path, '\ufeff b ,a,c\n x , 1 ,9\n"",2,9\n'), ("a", "b"))
    assert raw.frame.to_dicts() == [{"row": 0, "a": "1", "b": "x"}, {"row": 1, "a": "2", "b": None}]


def test_texts_stay_texts(tmp_path: Path) -> None:
    assert read_raw(csv_file(tmp_path, "a\n007\n"), ("a",)).frame["a"].to_list() == ["007"]


def test_lines_are_those_of_an_editor(tmp_path: Path) -> None:
    text = '# a comment, "with a quote\n# another\na,b\n1,"two\nlines"\n\n3,4\n'
    raw = read_raw(csv_file(tmp_path, text), ("a", "b"))
    assert raw.frame["a"].to_list() == ["1", "3"]
    assert [raw.where(row) for row in raw.frame["row"]] == ["line 4", "line 7"]


def test_windows_line_ends(tmp_path: Path) -> None:
    raw = read_raw(csv_file(tmp_path, "a,b\r\n1,2\r\n\r\n3,4\r\n"), ("a", "b"))
    assert raw.frame["b"].to_list() == ["2", "4"]
    assert raw.where(raw.frame["row"][1]) == "line 4"


def test_a_number_sign_after_the_header_is_data(tmp_path: Path) -> None:
    assert read_raw(csv_file(tmp_path, "a\n#3\n"), ("a",)).frame["a"].to_list() == ["#3"]


def test_another_name_will_do_where_the_wanted_one_is_absent(tmp_path: Path) -> None:
    assert read_raw(csv_file(tmp_path, "id\nx\n"), ("a",), {"id": "a"}).frame["a"].to_list() == ["x"]
    assert read_raw(csv_file(tmp_path, "id,a\nx,y\n"), ("a",), {"id": "a"}).frame["a"].to_list() == ["y"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "in.csv: line 1: found no header; accepted: a header and rows"),
        ("a,c\n1,2\n", "in.csv: header: found columns a, c; no b; accepted: columns a, b"),
        ("a,b\n1,2\n3,0,5\n", "in.csv: line 3: found 3 fields; accepted: 2 fields, as in the header"),
        ("a,b\n1,2\n3,é\n".encode("latin-1"), "in.csv: line 3: found a byte that is not UTF-8 (0xe9)"),
        ("a,b\n1,监测站\n".encode("gb18030"), "in.csv: line 2: found a byte that is not UTF-8"),
    ],
)
def test_a_malformed_file_says_where(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_raw(csv_file(tmp_path, content), ("a", "b"))
    assert message in str(error.value)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"a": [1, None, 3], "b": [0.5, None, 1.5]}).write_parquet(path)
    raw = read_raw(path, ("a", "b"))
    assert raw.frame.to_dicts() == [{"row": 0, "a": 1, "b": 0.5}, {"row": 2, "a": 3, "b": 1.5}]
    assert raw.where(2) == "row 3"


@pytest.mark.parametrize("name", ["in.xlsx", "in", "in.csv.gz"])
def test_other_kinds_of_file_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"must end in \.csv or \.parquet"):
        read_raw(tmp_path / name, ("a",))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_raw(tmp_path / "none.csv", ("a",))


def test_what_only_calls_itself_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    path.write_text("time,station\n")
    with pytest.raises(UsageError, match="not a Parquet file"):
        read_raw(path, ("a",))


def test_long_lists_of_mistakes_are_cut(tmp_path: Path) -> None:
    raw = read_raw(csv_file(tmp_path, "a\n" + "x\n" * (LISTED + 5)), ("a",))
    problems = raw.problems(raw.frame["a"] == "x", "a", "y")
    assert len(problems) == LISTED + 1
    assert str(problems[0]) == "in.csv: line 2: found a x; accepted: y"
    assert "5 more rows with such a a" in str(problems[-1])
