"""What the pages of the books write: the role is asked first, the service asks again, a refusal is said in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.edit import Edit, EditRefusedError, Saved, find_row, save
from dashboard.casework.files import attach
from dashboard.casework.survey import RefusedError
from dashboard.page import Context
from dashboard.viewdata.books_rights import editor
from dashboard.viewdata.books_steps import Step, take_step
from dashboard.views.text import plain

#: Where the session keeps what was done, until it is said.
_SAID = "books-said"


def save_edits(context: Context, book: Book, edits: Sequence[Edit], reason: str) -> Saved | None:
    """Write edits; None where they were refused, which is said."""
    context.require(f"book.{book.name}")
    _ = context.translate
    try:
        return save(
            context.books, context.site, book, edits, context.viewer.account, context.now(), language=_.code,
            reason=reason.strip(), allowed=editor(context.viewer, context.site, book),
        )  # fmt: skip
    except EditRefusedError as error:
        refused(context, error)
        return None


def step(
    context: Context, book: Book, key: Sequence[Any], one: Step, values: dict[str, Any], seen: str, reason: str
) -> bool:
    """Take a step; whether it was taken. A refusal is said."""
    context.require(f"book.{book.name}")
    try:
        take_step(
            context.books, context.site, context.viewer, book.name, key, one, values, context.now(), seen=seen,
            reason=reason,
        )  # fmt: skip
    except EditRefusedError as error:
        refused(context, error)
        return False
    except RefusedError as error:
        st.error(plain(error.said.text(context.translate)))
        return False
    return True


def keep_files(context: Context, book: Book, key: Sequence[Any], files: Sequence[Any]) -> bool:
    """Keep files with a row, all or none; whether they were kept. A refusal is said."""
    context.require(f"book.{book.name}")
    _ = context.translate
    name = "~".join(map(str, key))
    try:
        with context.books.change(context.viewer.account, context.now(), "") as session:
            row = find_row(session, book, key)
            if row is None or not editor(context.viewer, context.site, book)(row):
                st.error(_("a row of your own area and books"))
                return False
            for file in files:
                attach(session, context.books.files, book.model.__tablename__, name, file.name, file.getvalue(),
                       context.viewer.account, context.now())  # fmt: skip
    except RefusedError as error:
        st.error(plain(error.said.text(_)))
        return False
    return True


def refused(context: Context, error: EditRefusedError) -> None:
    """Say every reason for which nothing was written."""
    _ = context.translate
    st.error(_("Nothing was saved:"))
    for trouble in error.troubles[:20]:
        st.text(trouble.told(_, _.code))


def said(text: str) -> None:
    """Keep what was done until the page is drawn again."""
    st.session_state[_SAID] = text


def say() -> None:
    """Say what was done, in a place that is always there: see `dashboard.views.orders_one`."""
    place = st.empty()
    if (text := st.session_state.pop(_SAID, None)) is not None:
        place.success(plain(text))
