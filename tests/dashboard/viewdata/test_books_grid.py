"""What an editor in the page tells, as edits."""

from __future__ import annotations

from datetime import date

from dashboard.casework.exchange.edit import Cells, Edit, PartEdit
from dashboard.viewdata.books_grid import edits_of, other, parts_of

SHOWN: list[Cells] = [{"id": "S1", "name": "甲", "on": date(2026, 5, 4)}, {"id": "S2", "name": "", "on": None}]


def test_only_cells_that_are_other() -> None:
    state = {"edited_rows": {0: {"name": "甲", "on": "2026-05-05"}, "1": {"name": None, "on": ""}, 7: {"name": "x"}}}
    assert edits_of(SHOWN, state) == [Edit(SHOWN[0], {"on": "2026-05-05"})]
    assert edits_of(SHOWN, {}) == []


def test_what_was_added_and_is_not_blank() -> None:
    state = {
        "edited_rows": {1: {"name": "乙"}},
        "added_rows": [{"name": "丙", "on": None}, {"_index": 3}, {"name": ""}],
    }
    assert parts_of(SHOWN, state) == [PartEdit(SHOWN[1], {"name": "乙"}), PartEdit(None, {"name": "丙"})]


def test_blank_and_nothing_are_the_same() -> None:
    assert other({"a": None, "b": "x"}, {"a": "", "b": "", "c": 1}) == {"b": "", "c": 1}
