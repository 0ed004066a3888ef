from __future__ import annotations

import pytest

from collectors.stores.influx_lines import Broken, rows

HEADER = ["", "result", "table", "_time", "_value", "station"]


def test_tables_of_an_answer_have_headers_of_their_own() -> None:
    answer = [
        HEADER, ["", "min", "0", "t", "1.0", "S1"], [],
        ["", "result", "table", "_value", "gateway"], ["", "x", "0", "2.0", "gw1"],
    ]  # fmt: skip
    assert [(row["_value"], row.get("station"), row.get("gateway")) for row in rows(answer)] == [
        ("1.0", "S1", None),
        ("2.0", None, "gw1"),
    ]


@pytest.mark.parametrize("gap", [[], [[]]])
def test_an_error_behind_good_rows_is_an_error(gap: list[list[str]]) -> None:
    answer = [HEADER, ["", "min", "0", "t", "1.0", "S1"], *gap, ["", "error", "reference"], ["", "out of memory", "12"]]
    with pytest.raises(Broken, match="out of memory 12"):
        list(rows(answer))
