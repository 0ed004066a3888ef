"""A list of cells as an editor in the page takes it, and what came back as edits. No Streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.casework.exchange.edit import Cells, Edit, PartEdit
from dashboard.casework.exchange.kinds import Cell

#: What the editor of the page tells: rows by their place with the cells that changed, and rows that are new.
State = Mapping[str, Any]


def edits_of(shown: Sequence[Cells], state: State) -> list[Edit]:
    """Edits of rows; only cells that are other than what was shown."""
    return [Edit(shown[place], cells) for place, cells in _changed(shown, state)]


def parts_of(shown: Sequence[Cells], state: State) -> list[PartEdit]:
    """Edits of what belongs to one row: what changed, and what was added and is not blank."""
    found = [PartEdit(shown[place], cells) for place, cells in _changed(shown, state)]
    for row in state.get("added_rows", ()):
        cells = {name: _cell(value) for name, value in row.items() if name != "_index" and _cell(value) is not None}
        if cells:
            found.append(PartEdit(None, cells))
    return found


def other(shown: Cells, cells: Cells) -> dict[str, Cell]:
    """Cells that are other than what was shown; blank and nothing are the same."""
    return {name: cell for name, cell in cells.items() if _cell(cell) != _cell(shown.get(name))}


def _changed(shown: Sequence[Cells], state: State) -> list[tuple[int, dict[str, Cell]]]:
    found = []
    for place, row in state.get("edited_rows", {}).items():
        if not 0 <= int(place) < len(shown):
            continue
        cells = other(shown[int(place)], row)
        if cells:
            found.append((int(place), cells))
    return found


def _cell(value: Any) -> Cell:
    found: Cell = None if value == "" else value
    return found
