"""One book on a page: filters, its list or a row of it, editing in place, lists in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import parts
from dashboard.casework.books_list import ROWS, Found, RowFilter, rows_of, where
from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.kinds import Context as CellContext
from dashboard.page import Context
from dashboard.sources import Sources
from dashboard.viewdata.books import (
    filter_of,
    key_of,
    lines,
    listed,
    numbers,
    site_context,
    state_words,
    title,
)
from dashboard.viewdata.books_ledger import ledger
from dashboard.viewdata.books_rights import hidden, may_edit
from dashboard.views.books_bound import choose, page_number, search, turn
from dashboard.views.books_exchange import exchange
from dashboard.views.books_grid import grid
from dashboard.views.books_record import new_row, record
from dashboard.views.books_save import say
from dashboard.views.going import follow, linker, on_pick

#: What stands in the address of a list and is kept by the links of its rows.
KEPT = ("tab", "q", "river", "reach", "state", "department", "grid", "station", "page")


@st.cache_resource(show_spinner=False)
def _cells(folder: str, _sources: Sources) -> CellContext:
    return site_context(_sources.site)


def shelf(context: Context, book: Book, path: str) -> None:
    """Draw a book: the row that the address names, a form for a new one, or the list."""
    _ = context.translate
    say()
    cells = _cells(context.sources.folder, context.sources)
    if "record" in st.query_params or "add" in st.query_params:
        st.button(_("Back to the list"), icon=":material/arrow_back:", on_click=_back, key=f"books-back-{_.code}")
        if "add" in st.query_params and may_edit(context.viewer, book.name):
            new_row(context, book, cells)
        else:
            record(context, book, key_of(book, st.query_params.get("record", "")), cells)
        return
    _filters(context, book, cells)
    wanted = filter_of(book, st.query_params, context.viewer.rivers, context.viewer.grids,
                       hidden(context.viewer, book.name))  # fmt: skip
    _narrowed(context, wanted)
    offset = (page_number() - 1) * ROWS
    with context.books.read() as session:
        found = rows_of(session, context.site, book, wanted, offset=offset)
    _counts(context, book, found)
    editing = False
    if may_edit(context.viewer, book.name):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.button(_("Add"), icon=":material/add:", on_click=_add, key=f"books-add-{book.name}-{_.code}")
            editing = st.toggle(_("Edit in the table"), key=f"books-editing-{book.name}-{_.code}")
    if editing:
        grid(context, book, found.rows, cells)
    else:
        _list(context, book, found, cells, path)
    words = (_("‹ Before"), _("Next ›"), _("{first}–{last} of {total}", first=offset + 1,
             last=offset + len(found.rows), total=found.total))  # fmt: skip
    turn(offset, len(found.rows), found.total, ROWS, words, f"books-{book.name}-{_.code}")
    exchange(context, book, where(context.site, book, wanted))


def _narrowed(context: Context, wanted: RowFilter) -> None:
    """What a link has narrowed the list to and no box shows."""
    _, w = context.translate, context.words
    station = context.site.stations.get(wanted.station or "")
    told = [text for text in (wanted.reach, w.place(station) if station is not None else wanted.station) if text]
    if told:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(_("Only {place}", place=" · ".join(told)))
            st.button(_("Show everything"), on_click=_widen, key=f"books-widen-{_.code}")


def _widen() -> None:
    for name in ("reach", "station", "page"):
        st.query_params.pop(name, None)


def _back() -> None:
    st.query_params.pop("record", None)
    st.query_params.pop("add", None)


def _add() -> None:
    st.query_params["add"] = "1"


def _list(context: Context, book: Book, found: Found, cells: CellContext, path: str) -> None:
    _, w = context.translate, context.words
    head = [column.header(_.code) for column in listed(book)]
    if book.part is not None:
        head.append(_("Belonging"))
    kept = {name: st.query_params[name] for name in KEPT if name in st.query_params}
    follow(context)
    data = ledger(head, lines(found.rows, book, cells, w, path, kept), w, linker(context), label=title(book, w),
                  empty=_("No row fits."), numbers=numbers(book), stack=True)  # fmt: skip
    parts.mount("ledger", data, key="books-list", on_pick=on_pick("books-list"))


def _filters(context: Context, book: Book, cells: CellContext) -> None:
    """What narrows the list; each choice stands in the address."""
    _, w, site = context.translate, context.words, context.site
    key = f"books-{book.name}-{_.code}"
    model: Any = book.model
    places = st.columns(4)
    with places[0]:
        search("q", _("Search"), f"{key}-q")
    rivers = context.viewer.rivers
    if hasattr(model, "river") or hasattr(model, "station"):
        known = {river.id: w.place(river) for river in site.rivers.values() if rivers is None or river.id in rivers}
        with places[1]:
            choose("river", _("River"), _all(_("All rivers"), known), f"{key}-river", translate=_)
    if (words := state_words(book)) is not None:
        shown = {name: words.word(name, _.code) for name in words}
        with places[2]:
            choose("state", _("State or kind"), _all(_("All"), shown), f"{key}-state", translate=_)
    with places[3]:
        if hasattr(model, "department"):
            offices = {one.id: one.name if w.chinese else one.name_en for one in site.departments.values()}
            choose("department", _("Department"), _all(_("All departments"), offices), f"{key}-department", translate=_)
        elif hasattr(model, "grid"):
            mine = context.viewer.grids
            river = st.query_params.get("river")
            grids = {
                one.id: one.name for one in site.grids.values()
                if (mine is None or one.id in mine) and (not river or one.river == river)
            }  # fmt: skip
            choose("grid", _("Grid"), _all(_("All grids"), grids), f"{key}-grid", translate=_)


def _all(word: str, known: Mapping[str, str]) -> dict[str, str]:
    return {"": word, **known}


def _counts(context: Context, book: Book, found: Found) -> None:
    """How many rows there are, by state."""
    _ = context.translate
    words = state_words(book)
    told = [_.plural("{count} row", "{count} rows", found.total)]
    if words is not None:
        told += [f"{words.word(name, _.code)} {found.states[name]}" for name in words if name in found.states]
    st.text(" · ".join(told))
