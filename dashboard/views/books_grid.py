"""Many rows edited in place: what was shown is kept until it is saved, so that nobody's entry is written over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.casework.exchange.book import Book, Column
from dashboard.casework.exchange.edit import STEPPED, Cells, shown_of
from dashboard.casework.exchange.kinds import Cell, text_of
from dashboard.casework.exchange.kinds import Context as CellContext
from dashboard.page import Context
from dashboard.viewdata.books import as_written
from dashboard.viewdata.books_grid import edits_of
from dashboard.viewdata.books_rights import editor, hidden
from dashboard.views.books_fields import column_config
from dashboard.views.books_save import said, save_edits
from dashboard.wording import NOTHING

#: Where the session keeps what its editor was shown.
_SHOWN = "books-grid"


def grid(context: Context, book: Book, rows: Sequence[Any], cells: CellContext) -> None:
    """Draw the rows of a page that the viewer may change as an editor."""
    _ = context.translate
    mine = editor(context.viewer, context.site, book)
    rows = [row for row in rows if mine(row)]
    if not rows:
        st.info(_("None of these rows is yours to change."))
        return
    columns = [c for c in book.columns if c.attribute not in hidden(context.viewer, book.name)]
    shown, key = _shown(context, book, rows, columns, cells)
    st.caption(_("Only what you change is written. States move in the row itself, by their steps."))
    fixed = [*book.key, *STEPPED.get(book.name, ())]
    st.data_editor(
        table(columns, shown), key=key, hide_index=True, num_rows="fixed", disabled=fixed, placeholder=NOTHING,
        column_config=column_config(columns, context.site, cells, _.code),
    )  # fmt: skip
    edits = edits_of(shown, st.session_state.get(key, {}))
    reason = st.text_input(_("Why (for the trail)"), key=f"{key}-why", max_chars=500)
    with st.container(horizontal=True):
        if st.button(_("Save"), type="primary", disabled=not edits, key=f"{key}-save"):
            saved = save_edits(context, book, edits, reason)
            if saved is not None:
                st.session_state.pop(_SHOWN, None)
                said(_.plural("{count} row saved.", "{count} rows saved.", len(saved.changed)))
                st.rerun()
        if st.button(_("Load again"), key=f"{key}-again"):
            st.session_state.pop(_SHOWN, None)
            st.rerun()


def _shown(
    context: Context, book: Book, rows: Sequence[Any], columns: Sequence[Column], cells: CellContext
) -> tuple[list[Cells], str]:
    """What the editor was shown: the same until it is saved or another list is looked at."""
    names = "/".join(str(getattr(row, attribute)) for row in rows for attribute in book.key)
    name = f"{book.name}:{context.translate.code}:{names}"
    kept = st.session_state.get(_SHOWN)
    if kept is None or kept[0] != name:
        number = st.session_state.get("books-grid-number", 0) + 1
        st.session_state["books-grid-number"] = number
        shown: list[Cells] = [shown_of(row, columns, cells, context.translate.code) for row in rows]
        kept = (name, shown, number)
        st.session_state[_SHOWN] = kept
    return kept[1], f"books-grid-{book.name}-{kept[2]}"


def table(columns: Sequence[Column], shown: Sequence[Cells]) -> pd.DataFrame:
    """Cells as the editor of the page takes them."""
    return pd.DataFrame(
        {
            column.attribute: pd.Series([_taken(column, cells[column.attribute]) for cells in shown], dtype="object")
            for column in columns
        }
    )


def _taken(column: Column, cell: Cell) -> Cell:
    """What a laboratory wrote may be a number, and is edited as a text."""
    return text_of(cell) if as_written(column) and cell is not None else cell
