"""Photos and documents of a row: looked at, taken away, added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.casework import files
from dashboard.casework.exchange.book import Book
from dashboard.casework.tables.files import Attachment
from dashboard.page import Context
from dashboard.viewdata.orders_thumbs import thumbnail
from dashboard.views.books_save import keep_files, said

#: Largest file [MB]; photos have a lower limit (`dashboard.casework.files.FileSettings`).
MOST_MB = 30

#: Endings that the page offers; what a file is follows from its content.
ENDINGS = ("jpg", "jpeg", "png", "webp", "pdf", "docx", "xlsx")


def gallery(context: Context, book: Book, key: Sequence[Any], found: Sequence[Attachment], *, editable: bool) -> None:
    """Draw what a row has, and a place to add more."""
    _ = context.translate
    folder = context.books.files
    if not found:
        st.caption(_("No photo and no document yet."))
    places = st.columns(4) if found else []
    for number, one in enumerate(found):
        with places[number % 4]:
            _one(context, folder, one)
    if not editable:
        return
    with st.form(f"files-{book.name}-{'~'.join(map(str, key))}-{_.code}", clear_on_submit=True, enter_to_submit=False):
        taken = st.file_uploader(_("Add photos or documents"), type=list(ENDINGS), accept_multiple_files=True,
                                 max_upload_size=MOST_MB)  # fmt: skip
        if st.form_submit_button(_("Add")) and taken and keep_files(context, book, key, taken):
            said(_.plural("{count} file added.", "{count} files added.", len(taken)))
            st.rerun()


def _one(context: Context, folder: Path, one: Attachment) -> None:
    _ = context.translate
    told = f"{one.name} · {one.added_by} · {context.words.day(one.added_ms)}"
    if one.media_type.startswith("image/"):
        small = thumbnail(str(folder), one.sha256)
        if small is None:
            st.caption(_("This photo cannot be shown."))
        else:
            st.image(small, alt=one.name, width="stretch")
    st.text(told)
    st.download_button(
        _("Download"), data=lambda: files.read(folder, one.sha256), file_name=one.name, mime=one.media_type,
        key=f"file-{one.id}-{_.code}", on_click="ignore",
    )  # fmt: skip
