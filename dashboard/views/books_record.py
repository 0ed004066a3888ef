"""One row of a book: its life, its fields, what belongs to it, its photos, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard import parts
from dashboard.casework.books_list import STATE
from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.edit import STEPPED, Cells, Edit, find_row, name_of, shown_of
from dashboard.casework.exchange.kinds import Choice
from dashboard.casework.exchange.kinds import Context as CellContext
from dashboard.casework.files import attachments
from dashboard.page import Context
from dashboard.viewdata.books import history, key_text, shown, stages
from dashboard.viewdata.books_grid import parts_of
from dashboard.viewdata.books_ledger import Line, ledger
from dashboard.viewdata.books_rights import editor, hidden, sees
from dashboard.viewdata.books_steps import STEPPING, Step, steps_of
from dashboard.views.books_fields import column_config, fields
from dashboard.views.books_files import gallery
from dashboard.views.books_grid import table
from dashboard.views.books_save import said, save_edits, step
from dashboard.views.text import plain
from dashboard.wording import NOTHING

#: Where the session keeps what its form was shown.
_SHOWN = "books-row"


def record(context: Context, book: Book, key: Sequence[Any], cells: CellContext) -> None:
    """Draw a row; whoever may not change it reads it."""
    _, w = context.translate, context.words
    with context.books.read() as session:
        row = find_row(session, book, key) if key else None
        if row is not None and book.part is not None:
            list(getattr(row, book.part.attribute))
        if row is not None and not sees(context.viewer, context.site, row):
            row = None
        if row is not None:
            entered = history(session, book, row, cells, w, hidden(context.viewer, book.name))
            found = attachments(session, book.model.__tablename__, key_text(book, row))
    if row is None:
        st.info(_("There is no such row."))
        return
    mine = editor(context.viewer, context.site, book)(row)
    st.header(plain(_heading(context, book, row, cells)), anchor=False)
    if book.name == "outfalls":
        _stages(context, row)
    if mine and book.name in STEPPING:
        _steps(context, book, key, row, cells)
    if mine:
        _form(context, book, row, cells)
    else:
        _read(context, book, row, cells)
    if len(book.key) == 1:
        st.subheader(_("Photos and documents"), anchor=False)
        gallery(context, book, key, found, editable=mine)
    st.subheader(_("What became of it"), anchor=False)
    zone = cells.zone
    lines = [
        Line((f"{datetime.fromtimestamp(one.time_ms / 1000, zone):%Y-%m-%d %H:%M}", one.actor, one.what, one.reason))
        for one in entered
    ]
    parts.mount("ledger", ledger((_("When"), _("Who"), _("What"), _("Why")), lines, w, label=_("What became of it"),
                empty=_("Nothing was entered since the books began.")), key="books-history")  # fmt: skip


def new_row(context: Context, book: Book, cells: CellContext) -> None:
    """Draw an empty form for a new row."""
    _ = context.translate
    st.header(_("New: {book}", book=plain(book.zh if context.words.chinese else book.en)), anchor=False)
    columns = [c for c in book.columns if c.attribute not in STEPPED.get(book.name, ())]
    number = st.session_state.get("books-new", 0)
    with st.form(f"books-new-{book.name}-{number}-{_.code}", enter_to_submit=False):
        if book.named_by:
            st.caption(_("Left blank, the number is made of what names the row."))
        given = fields(columns, {}, context.site, cells, f"new-{book.name}-{number}", _)
        below = _parts_editor(context, book, [], cells, f"books-new-parts-{book.name}-{number}-{_.code}")
        if st.form_submit_button(_("Save"), type="primary"):
            state = st.session_state.get(below, {}) if below else {}
            saved = save_edits(context, book, [Edit(None, given, tuple(parts_of([], state)))], "")
            if saved is not None and saved.new:
                st.session_state["books-new"] = number + 1
                said(_("Entered: {row}", row=saved.new[0]))
                st.query_params.pop("add", None)
                st.query_params["record"] = saved.new[0].replace("/", "~") if len(book.key) > 1 else saved.new[0]
                st.rerun()


def _heading(context: Context, book: Book, row: Any, cells: CellContext) -> str:
    words = [name_of(book, row), getattr(row, "name", "")]
    for attribute in ("river", "station", STATE.get(book.name, "")):
        value = getattr(row, attribute, None) if attribute else None
        if value is not None:
            words.append(str(book.column(attribute).kind.write(value, cells, context.translate.code)))
    return " · ".join(filter(None, words))


def _stages(context: Context, row: Any) -> None:
    told = [
        ("◉ " if here else "● " if reached else "○ ") + word
        for word, reached, here in stages(row.stage, context.translate.code)
    ]
    st.text(" → ".join(told))


def _steps(context: Context, book: Book, key: Sequence[Any], row: Any, cells: CellContext) -> None:
    """The steps that the row may take now: the usual one open, those back behind a fold."""
    _ = context.translate
    found = steps_of(book.name, row)
    forward = [one for one in found if not one.back]
    words = book.column(STATE[book.name]).kind
    assert isinstance(words, Choice)
    if book.name == "shops":
        with st.expander(_("Enter a visit")):
            names = {one.target: words.words.word(one.target, _.code) for one in forward}
            target = st.selectbox(
                _("Result"), list(names), format_func=names.__getitem__, key=f"visit-{row.id}-{_.code}"
            )
            _step(context, book, key, row, next(one for one in forward if one.target == target), cells)
    for one in forward if book.name != "shops" else ():
        with st.expander(_("Next step: {state}", state=words.words.word(one.target, _.code)), expanded=True):
            _step(context, book, key, row, one, cells)
    back = [one for one in found if one.back]
    if back:
        with st.expander(_("Take back")):
            names = {one.target: words.words.word(one.target, _.code) for one in back}
            target = st.selectbox(
                _("Back to"), list(names), format_func=names.__getitem__, key=f"back-{row.id}-{_.code}"
            )
            _step(context, book, key, row, next(one for one in back if one.target == target), cells)


def _step(context: Context, book: Book, key: Sequence[Any], row: Any, one: Step, cells: CellContext) -> None:
    _ = context.translate
    state = row.stage if book.name == "outfalls" else row.state
    name = f"step-{book.name}-{row.id}-{state}-{one.target}"
    columns = [book.column(attribute) for attribute in one.fields]
    before = shown_of(row, columns, cells, _.code)
    fresh = book.name == "shops"  # a new visit has a day and a person of its own
    begun: Cells = {k: v for k, v in before.items() if not (fresh and k in ("surveyed_on", "surveyed_by"))}
    with st.form(f"{name}-{_.code}", enter_to_submit=False):
        if book.name == "outfalls" and one.target == "surveyed" and not one.back:
            st.caption(_("Needs a photo of the outfall: add it below first."))
        given = {**begun, **fields(columns, begun, context.site, cells, name, _)}
        reason = st.text_input(_("Why") if one.back else _("Why (for the trail)"), key=f"{name}-why", max_chars=500)
        if st.form_submit_button(_("Take this step"), type="primary"):
            values = {c.attribute: _value(c, given.get(c.attribute), cells) for c in columns}
            if step(context, book, key, one, values, state, reason):
                st.session_state.pop(_SHOWN, None)
                said(_("Done."))
                st.rerun()


def _value(column: Any, cell: Any, cells: CellContext) -> Any:
    if cell is None or cell == "":
        return "" if column.attribute in ("permit", "note", "source", "surveyed_by") else None
    return column.kind.read(cell, cells)


def _form(context: Context, book: Book, row: Any, cells: CellContext) -> None:
    _ = context.translate
    columns = [c for c in book.columns if c.attribute not in (*book.key, *STEPPED.get(book.name, ()))]
    columns = [c for c in columns if c.attribute not in hidden(context.viewer, book.name)]
    whole, below, number = _shown(context, book, row, cells)
    name = f"row-{book.name}-{number}"
    with st.form(f"{name}-{_.code}", enter_to_submit=False):
        given = fields(columns, whole, context.site, cells, name, _, river=getattr(row, "river", None))
        state = _parts_editor(context, book, below, cells, f"{name}-parts-{_.code}")
        reason = st.text_input(_("Why (for the trail)"), key=f"{name}-why", max_chars=500)
        if st.form_submit_button(_("Save"), type="primary"):
            changed = tuple(parts_of(below, st.session_state.get(state, {}))) if state else ()
            if not given and not changed:
                st.info(_("Nothing was changed."))
            elif save_edits(context, book, [Edit(whole, given, changed)], reason) is not None:
                st.session_state.pop(_SHOWN, None)
                said(_("Saved."))
                st.rerun()
    if st.button(_("Load again"), key=f"{name}-again"):
        st.session_state.pop(_SHOWN, None)
        st.rerun()


def _parts_editor(context: Context, book: Book, below: Sequence[Cells], cells: CellContext, key: str) -> str:
    """What belongs to the row, with room for more; the editor's key, empty where the book has none."""
    if book.part is None:
        return ""
    _ = context.translate
    st.caption(_("What belongs to it"))
    columns = [c for c in book.part.columns if c.attribute != book.part.numbered]
    st.data_editor(
        table(columns, below), key=key, hide_index=True, num_rows="add", placeholder=NOTHING,
        column_config=column_config(columns, context.site, cells, _.code),
    )  # fmt: skip
    return key


def _shown(context: Context, book: Book, row: Any, cells: CellContext) -> tuple[Cells, list[Cells], int]:
    """What the form was shown: the same until it is saved, loaded again, or another row is looked at."""
    name = (book.name, key_text(book, row), context.translate.code)
    kept = st.session_state.get(_SHOWN)
    if kept is None or kept[0] != name:
        number = st.session_state.get("books-row-number", 0) + 1
        st.session_state["books-row-number"] = number
        whole: Cells = shown_of(row, book.columns, cells, context.translate.code)
        part = book.part
        below: list[Cells] = [] if part is None else [
            shown_of(one, part.columns, cells, context.translate.code) for one in getattr(row, part.attribute)
        ]  # fmt: skip
        kept = (name, whole, below, number)
        st.session_state[_SHOWN] = kept
    return kept[1], kept[2], kept[3]


def _read(context: Context, book: Book, row: Any, cells: CellContext) -> None:
    """The row for whoever may not change it."""
    _, w = context.translate, context.words
    private = hidden(context.viewer, book.name)
    own = shown_of(row, [c for c in book.columns if c.attribute not in private], cells, _.code)
    lines = [Line((book.column(name).header(_.code), shown(cell, w))) for name, cell in own.items()]
    parts.mount("ledger", ledger((_("Column"), _("Entry")), lines, w, label=_("Entries")), key="books-read")
    if book.part is not None:
        columns = book.part.columns
        below = [
            Line([shown(cell, w) for cell in shown_of(one, columns, cells, _.code).values()])
            for one in getattr(row, book.part.attribute)
        ]
        head = [column.header(_.code) for column in columns]
        parts.mount("ledger", ledger(head, below, w, caption=_("What belongs to it"), empty=_("Nothing.")),
                    key="books-below")  # fmt: skip
