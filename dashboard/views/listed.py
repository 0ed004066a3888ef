"""Small tables of a page in our own part: no tool bar in another language, cards on a phone, plain text only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dashboard import parts
from dashboard.viewdata.books_ledger import Line, ledger
from dashboard.wording import NOTHING, Wording


def listed(rows: Sequence[Mapping[str, object]], w: Wording, key: str, label: str) -> None:
    """Draw rows that all have the same columns.

    Parameters
    ----------
    rows : sequence of mapping of str to object
        By the title of the column; at least one row. The first column names the row.
    w : Wording
    key : str
        Of the part on the page.
    label : str
        What the table is, for screen readers.
    """
    head = tuple(rows[0])
    numbers = [at for at, title in enumerate(head) if at and all(_number(row[title]) for row in rows)]
    lines = [Line([cell(row[title]) for title in head]) for row in rows]
    parts.mount("ledger", ledger(head, lines, w, label=label, numbers=numbers, stack=True), key=key)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def cell(value: object) -> str:
    """A value as text; what is not there is a dash."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"{value:g}" if isinstance(value, float) else str(value)
