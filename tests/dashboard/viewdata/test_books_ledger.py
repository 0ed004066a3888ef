"""Lists as the part draws them."""

from __future__ import annotations

import json

from dashboard.links import Link
from dashboard.viewdata.books_ledger import Cell, Line, ledger
from dashboard.wording import Wording


def test_lines_open_what_they_name(en: Wording) -> None:
    def link(one: Link) -> dict[str, str]:
        return {"href": f"{one.path}?{one.query['record']}", "go": "x"}

    lines = [Line(("S1", Cell("IV", water_class="IV"), Cell("3 / 4", "bad", share=1.7)), "books", {"record": "S1"}),
             Line(("S2",), selected=True)]  # fmt: skip
    data = ledger(("Number", "Class", "Done"), lines, en, link, label="Shops", numbers=(2,), empty="none")
    assert json.loads(json.dumps(data)) == {
        "lang": "en", "caption": "", "note": "", "empty": "none", "label": "Shops", "stack": False,
        "head": [{"text": "Number", "number": False}, {"text": "Class", "number": False},
                 {"text": "Done", "number": True}],
        "rows": [
            {"cells": [{"text": "S1"}, {"text": "IV", "cls": "IV"}, {"text": "3 / 4", "tone": "bad", "bar": 1.0}],
             "href": "books?S1", "go": "x", "selected": False},
            {"cells": [{"text": "S2"}], "href": "", "go": "", "selected": True},
        ],
    }  # fmt: skip


def test_without_a_linker_there_are_only_words(en: Wording) -> None:
    [row] = ledger(("a",), [Line(("S1",), "books", {"record": "S1"})], en, caption="Shops")["rows"]
    assert (row["href"], row["cells"]) == ("", [{"text": "S1"}])
