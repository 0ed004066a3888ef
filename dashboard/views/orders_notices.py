"""Notices of an order: those that went out, to print again, and a new one."""

from __future__ import annotations

import streamlit as st

from dashboard.casework.lifecycle import DEPARTMENT_STATES, StepRefusedError
from dashboard.casework.notices import issue, notice_docx, notice_pdf
from dashboard.casework.order_lists import Story
from dashboard.casework.tables.orders import Notice
from dashboard.page import Context
from dashboard.viewdata.orders_words import department_names, minute, notice_words
from dashboard.views import orders_moved
from dashboard.views.text import plain
from sensors.errors import RiverChiefError

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def draw(context: Context, found: Story) -> None:
    """Draw the notices of an order that concern the viewer."""
    _, viewer = context.translate, context.viewer
    own = viewer.department if viewer.is_("department") else None
    notices = [one for one in found.notices if own is None or one.department == own]
    may = viewer.may("order.notice") and found.order.state in DEPARTMENT_STATES
    if not notices and not may:
        return
    st.subheader(_("Notices"), anchor=False)
    for one in notices:
        _printed(context, one)
    if may:
        _new(context, found)


def _printed(context: Context, notice: Notice) -> None:
    _, w = context.translate, context.words
    names = department_names(context.site, w)
    kind = notice_words(_).get(notice.kind, notice.kind)
    st.text(f"{notice.number}\n{kind} · {names.get(notice.department or '', '')} · {minute(notice.issued_ms, w)}")
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Word", lambda: notice_docx(notice, context.site.folder), file_name=f"{notice.number}.docx", mime=_WORD,
            key=f"docx-{notice.id}-{_.code}", icon=":material/description:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "PDF", lambda: notice_pdf(notice), file_name=f"{notice.number}.pdf", mime="application/pdf",
            key=f"pdf-{notice.id}-{_.code}", icon=":material/picture_as_pdf:", on_click="ignore",
        )  # fmt: skip


def _new(context: Context, found: Story) -> None:
    _, order = context.translate, found.order
    names, kinds = department_names(context.site, context.words), notice_words(context.translate)
    with st.form(f"notice-{order.number}-{len(found.steps)}-{_.code}", enter_to_submit=False):
        kind = st.radio(_("Kind of notice"), list(kinds), format_func=kinds.__getitem__, horizontal=True)
        department = st.selectbox(
            _("Addressed to"), [part.department for part in order.parts if part.state != "returned"],
            format_func=lambda one: plain(names.get(one, one)),
        )  # fmt: skip
        sent = st.form_submit_button(_("Issue the notice"))
    if sent and department:
        _issue(context, order.number, kind, department)


def _issue(context: Context, number: str, kind: str, department: str) -> None:
    context.require("order.notice")
    _, now_ms = context.translate, context.now()
    try:
        with context.books.change(context.viewer.account, now_ms, "notice") as session:
            made = issue(session, context.desk, number, kind, context.viewer.actor, now_ms, department)
            printed = made.number
    except StepRefusedError as refused:
        st.error(plain(refused.told(_, department_names(context.site, context.words))))
        return
    except RiverChiefError as error:
        st.error(plain(str(error)))
        return
    st.session_state["orders-told"] = _("Notice {number} was issued", number=printed)
    orders_moved.noticed(number)
    st.rerun()
