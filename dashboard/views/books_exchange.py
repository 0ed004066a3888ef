"""Lists out and in: downloads as they come back, and an import that first says what it would do."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath

import streamlit as st
from sqlalchemy import ColumnElement

from dashboard import parts
from dashboard.accounts.trail import note
from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.exchange import Report, import_file
from dashboard.casework.exchange.write import FORMATS, exported
from dashboard.page import Context
from dashboard.viewdata.books_ledger import Line, ledger
from dashboard.viewdata.books_rights import PRIVATE, hidden, may_import
from dashboard.views.books_save import said
from dashboard.views.text import plain

#: Mistakes that are told one by one.
TOLD = 500

#: Largest list that the page takes [MB].
MOST_MB = 32


def exchange(context: Context, book: Book, only: Sequence[ColumnElement[bool]]) -> None:
    """Draw downloads for everybody, and the import for the office."""
    _ = context.translate
    with st.expander(_("Export and import")):
        st.caption(_("What the filter shows, as a list that comes back in: with the numbers of its rows."))
        with st.container(horizontal=True, gap="small"):
            for ending, name in FORMATS.items():
                _download(context, book, only, ending, name)
            if may_import(context.viewer):
                _download(context, book, only, ".xlsx", _("Form to fill in (Excel)"), empty=True)
        if may_import(context.viewer):
            _import(context, book)


def _download(
    context: Context, book: Book, only: Sequence[ColumnElement[bool]], ending: str, name: str, *, empty: bool = False
) -> None:
    language = context.translate.code
    st.download_button(
        name, data=lambda: taken_out(context, book, ending, only, empty=empty),
        file_name=f"{book.name}{'-form' if empty else ''}{ending}", on_click="ignore",
        key=f"books-{book.name}-{ending}-{empty}-{language}",
    )  # fmt: skip


def taken_out(
    context: Context, book: Book, ending: str, only: Sequence[ColumnElement[bool]] = (), *, empty: bool = False
) -> bytes:
    """A list as a file; where it says how to reach people who reported something, the trail has who took it out."""
    books, actor, private = context.books, context.viewer.account, hidden(context.viewer, book.name)
    if book.name in PRIVATE and not private and not empty:
        now_ms = context.now()
        with books.change(actor, now_ms) as session:
            note(session, now_ms, actor, "export", actor, f"{book.name}{ending}")
    with books.read() as session:
        return exported(
            session, context.site, book.name, ending, language=context.translate.code, empty=empty, only=only,
            hidden=private,
        )[0]  # fmt: skip


def _import(context: Context, book: Book) -> None:
    _ = context.translate
    number = st.session_state.get("books-import", 0)
    taken = st.file_uploader(
        _("Import a list (CSV or Excel)"), type=["csv", "txt", "tsv", "xlsx", "xlsm"], max_upload_size=MOST_MB,
        key=f"books-import-{book.name}-{number}-{_.code}",
    )  # fmt: skip
    if taken is None:
        return
    data, name = taken.getvalue(), PurePath(taken.name.replace("\\", "/")).name or "list"
    report = bring(context, book, name, data, dry_run=True)
    _told(context, report)
    if not report.new and not report.changed:
        return
    good = bool(report.mistakes)
    label = _("Import only the good rows") if good else _("Import")
    reason = st.text_input(_("Why (for the trail)"), key=f"books-import-why-{number}", max_chars=500)
    if st.button(label, type="primary", key=f"books-import-go-{number}"):
        done = bring(context, book, name, data, good_rows_only=good, reason=reason.strip())
        st.session_state["books-import"] = number + 1
        said(_("{new} new, {changed} changed, {same} the same, {wrong} left out.", new=done.new, changed=done.changed,
               same=done.same, wrong=done.wrong))  # fmt: skip
        st.rerun()


def bring(
    context: Context, book: Book, name: str, data: bytes, *, dry_run: bool = False, good_rows_only: bool = False,
    reason: str = "",
) -> Report:  # fmt: skip
    """Import a list, or only look at it.

    Raises
    ------
    Denied
        If this is not for the viewer's role.
    """
    context.require("books.import")
    with tempfile.TemporaryDirectory(prefix="riverchief-") as folder:
        path = Path(folder) / ("list" + PurePath(name).suffix.lower()[:8])
        path.write_bytes(data)
        return import_file(
            context.books, context.site, book.name, path, context.viewer.account, context.now(), dry_run=dry_run,
            good_rows_only=good_rows_only, reason=reason or f"import of {name}"[:200],
        )  # fmt: skip


def _told(context: Context, report: Report) -> None:
    """What an import would do, and every mistake with its row and column."""
    _, w = context.translate, context.words
    if report.mistakes and not report.rows:
        # No list was found in it: there are no rows to count or to leave out.
        st.error("  \n".join(plain(one.told(_)) for one in report.mistakes[:TOLD]))
        return
    st.text(_("{rows} rows: {new} new, {changed} changed, {same} the same, {wrong} wrong.", rows=report.rows,
              new=report.new, changed=report.changed, same=report.same, wrong=report.wrong))  # fmt: skip
    if report.extra:
        st.text(_("Not read: the columns {columns}", columns=w.join(report.extra)))
    if not report.mistakes:
        return
    st.warning(_("Nothing is imported while rows are wrong, unless you take only the good ones."))
    lines = [
        Line((str(one.row or ""), one.column, one.found or _("nothing"), one.accepted.text(_)))
        for one in report.mistakes[:TOLD]
    ]
    note = "" if len(report.mistakes) <= TOLD else plain(_("{count} in all", count=len(report.mistakes)))
    parts.mount(
        "ledger",
        ledger((_("Row"), _("Column"), _("Found"), _("Accepted")), lines, w, caption=_("Mistakes"), note=note),
        key="books-mistakes",
    )
