"""The books: what the office knows about its rivers, to look up, to enter, to bring in and to take out."""

from __future__ import annotations

import streamlit as st

from dashboard import parts
from dashboard.casework.books import BOOKS
from dashboard.casework.tables.stations import Sample
from dashboard.page import Context, Page
from dashboard.viewdata.books import title, today
from dashboard.viewdata.books_care import care_lines, compared
from dashboard.viewdata.books_ledger import ledger
from dashboard.viewdata.books_rights import sees
from dashboard.views.books_bound import choose
from dashboard.views.books_shelf import shelf
from dashboard.views.books_visits import visits
from dashboard.views.chosen import BOX_PX, unknown
from dashboard.views.going import follow, linker, on_pick


def draw(context: Context) -> None:
    """Draw the page."""
    _, w = context.translate, context.words
    words = {name: title(book, w) for name, book in BOOKS.items()}
    first = next(iter(BOOKS))
    unknown("book", words, _)
    chosen = choose("book", _("Book"), words, f"books-book-{_.code}", default=first, width=BOX_PX)
    book = BOOKS[chosen]
    if "record" not in st.query_params and "add" not in st.query_params and chosen == "visits":
        visits(context)
        _due(context)
    shelf(context, book, "books")
    if "record" in st.query_params and chosen == "samples":
        _compared(context, st.query_params["record"])


def _due(context: Context) -> None:
    """Calibrations that are due, week by week."""
    _, w = context.translate, context.words
    with context.books.read() as session:
        lines = care_lines(session, context.site, today(context.site, context.now()), w, context.viewer.rivers)
    with st.expander(_("Calibrations due, week by week ({count})", count=len(lines)), expanded=False):
        follow(context)
        head = (_("Station"), _("Week from"), _("Determinand"), _("Due"), _("Last one"))
        parts.mount("ledger", ledger(head, lines, w, linker(context), label=_("Calibrations due"),
                    empty=_("None is due in the next four weeks.")), key="books-due",
                    on_pick=on_pick("books-due"))  # fmt: skip


def _compared(context: Context, sample: str) -> None:
    """A sample held against the probe beside it."""
    _, w = context.translate, context.words
    with context.books.read() as session:
        row = session.get(Sample, sample)
        if row is None or not sees(context.viewer, context.site, row):
            return
        lines = compared(session, context.sources.store, sample, w)
    head = (_("Determinand"), _("Laboratory"), _("Probe"), _("Difference"), _("Readings"), _("Within tolerance"))
    parts.mount("ledger", ledger(head, lines, w, caption=_("Held against the probe"), numbers=(1, 2, 3, 4),
                empty=_("Nothing to compare.")), key="books-compared")  # fmt: skip


PAGE = Page("books", lambda _: _("Books"), lambda _: _("Books"), draw, section="books", needs_books=True)
