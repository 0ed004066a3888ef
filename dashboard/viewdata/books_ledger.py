"""Lists of the pages as plain data for the part ``ledger``: heads, lines, and what each line opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.links import Data, Link, Linker, words_only
from dashboard.wording import Wording


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text : str
    tone : {'', 'good', 'bad', 'dim'}
        Beside what the text says, never instead of it.
    water_class : str or None
        Drawn as a chip of the class.
    share : float or None
        Drawn as a bar before the text, 0 to 1.
    """

    text: str
    tone: str = ""
    water_class: str | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes
    ----------
    cells : sequence of Cell or str
        The first is the line's name.
    path : str
        Page that it opens; empty where it opens nothing.
    query : mapping of str to str
        What is selected there.
    selected : bool
    """

    cells: Sequence[Cell | str]
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    selected: bool = False


def ledger(
    head: Sequence[str], lines: Iterable[Line], w: Wording, link: Linker = words_only, *, caption: str = "",
    note: str = "", empty: str = "", label: str = "", numbers: Sequence[int] = (), stack: bool = False,
) -> Data:  # fmt: skip
    """Data of the part.

    Parameters
    ----------
    head : sequence of str
    lines : iterable of Line
    w : Wording
    link : callable
        Makes of a `dashboard.links.Link` what a part draws; without it, only the words are shown.
    caption, note, empty : str
        Headline, what stands beside it, and what stands there where there is no line.
    label : str
        Of the list where it has no caption, for screen readers.
    numbers : sequence of int
        Columns that are numbers.
    stack : bool
        Whether each line becomes a card where the screen is too narrow for the columns.
    """
    return {
        "lang": w._.code, "caption": caption, "note": note, "empty": empty, "label": label or caption,
        "stack": stack,
        "head": [{"text": text, "number": index in numbers} for index, text in enumerate(head)],
        "rows": [_row(line, link) for line in lines],
    }  # fmt: skip


def _row(line: Line, link: Linker) -> Data:
    cells = [_cell(cell) for cell in line.cells]
    made = link(Link("", line.path, line.query)) if line.path else {}
    return {"cells": cells, "href": made.get("href", ""), "go": made.get("go", ""), "selected": line.selected}


def _cell(cell: Cell | str) -> Data:
    if isinstance(cell, str):
        return {"text": cell}
    found: Data = {"text": cell.text}
    if cell.tone:
        found["tone"] = cell.tone
    if cell.water_class is not None:
        found["cls"] = cell.water_class
    if cell.share is not None:
        found["bar"] = min(1.0, max(0.0, cell.share))
    return found
