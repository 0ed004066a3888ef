"""Orders: the board and the table, one order as a story, and a new one."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import parts
from dashboard.casework.lifecycle import STATES
from dashboard.casework.order_lists import OrderFilter, order_counts
from dashboard.casework.order_lists import orders_page as page_of
from dashboard.page import Context
from dashboard.page import Page as BoardPage
from dashboard.viewdata import orders as orders_page
from dashboard.viewdata.orders_words import department_names, origin_words, state_word, urgency_words
from dashboard.views import going, orders_new, orders_one
from dashboard.views.chosen import unknown
from dashboard.views.text import plain

#: Seconds between looks at the books.
REFRESH_S = 30

#: Orders on a page of the table.
ROWS = 50

#: Longest text that is searched for.
SAID_LENGTH = 60


def draw(context: Context) -> None:
    """Draw what the address asks for."""
    number = st.query_params.get("order")
    if number:
        orders_one.draw(context, number)
    elif "new" in st.query_params and context.viewer.may("order.open"):
        orders_new.draw(context)
    else:
        _lists(context)


def _lists(context: Context) -> None:
    _ = context.translate
    kinds = {"board": _("Board"), "table": _("Table")}
    unknown("tab", kinds, _)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        chosen = st.segmented_control(
            _("View"), list(kinds), default=st.query_params.get("tab", "board") if st.query_params.get("tab") in kinds
            else "board", format_func=kinds.__getitem__, key=f"orders-view-{_.code}", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        if context.viewer.may("order.open"):
            context.link("orders", _("Open a new order"), icon=":material/add:", new="1")
    wanted = _filters(context)
    if chosen == "table":
        _table(context, wanted)
    else:
        _board(context, wanted)


def _filters(context: Context) -> OrderFilter:
    """What the viewer asks for, within what is theirs."""
    _, site, w, viewer = context.translate, context.site, context.words, context.viewer
    wanted = orders_page.own(viewer, site)
    rivers = {one.id: w.place(one) for one in site.rivers.values() if viewer.sees_river(one.id)}
    departments = department_names(site, w)
    urgencies, origins = urgency_words(_), origin_words(_)
    with st.expander(_("Filter"), icon=":material/filter_list:"), st.container(horizontal=True, gap="small"):
        said = st.text_input(_("Number or title"), max_chars=SAID_LENGTH, key=f"orders-said-{_.code}")
        river = st.selectbox(
            _("River"), list(rivers), index=None, format_func=lambda one: plain(rivers[one]),
            placeholder=_("all"), key=f"orders-river-{_.code}",
        )  # fmt: skip
        department = None
        if not viewer.is_("department"):
            department = st.selectbox(
                _("Department"), list(departments), index=None, format_func=lambda one: plain(departments[one]),
                placeholder=_("all"), key=f"orders-department-{_.code}",
            )  # fmt: skip
        urgency = st.selectbox(
            _("Urgency"), list(urgencies), index=None, format_func=urgencies.__getitem__, placeholder=_("all"),
            key=f"orders-urgency-{_.code}",
        )  # fmt: skip
        origin = st.selectbox(
            _("Origin"), list(origins), index=None, format_func=origins.__getitem__, placeholder=_("all"),
            key=f"orders-origin-{_.code}",
        )  # fmt: skip
        overdue = st.toggle(_("Only overdue ones"), value="overdue" in st.query_params, key=f"orders-late-{_.code}")
    return replace(
        wanted, said=said.strip() or None, river=river, department=department or wanted.department, urgency=urgency,
        origin=origin, overdue_ms=context.now() if overdue else None,
    )  # fmt: skip


@st.fragment(run_every=REFRESH_S)
def _board(context: Context, wanted: OrderFilter) -> None:
    going.follow(context)
    now_ms = context.now()
    with context.books.read() as session:
        data = orders_page.board(session, wanted, context.site, now_ms, context.words, going.linker(context))
    parts.mount("orderboard", data, key="orderboard", on_pick=going.on_pick("orderboard"))


def _table(context: Context, wanted: OrderFilter) -> None:
    _, now_ms = context.translate, context.now()
    states = st.pills(
        _("States"), list(STATES), selection_mode="multi", format_func=lambda one: state_word(_, one),
        key=f"orders-states-{_.code}",
    )  # fmt: skip
    wanted = replace(wanted, states=tuple(states))
    asked = repr(replace(wanted, overdue_ms=None if wanted.overdue_ms is None else 0))
    kept = st.session_state.get("orders-pages")
    cursors: list[tuple[int, str] | None] = kept[1] if kept and kept[0] == asked else [None]
    with context.books.read() as session:
        page = page_of(session, wanted, limit=ROWS, after=cursors[-1])
        counts = order_counts(session, wanted, now_ms)
    st.session_state["orders-pages"] = (asked, cursors)
    total = sum(counts.states.values())
    words = [_.plural("{count} order", "{count} orders", total)]
    if counts.overdue:
        words.append(_.plural("{count} overdue", "{count} overdue", counts.overdue))
    st.text(" · ".join(words))
    if not page.rows:
        return
    going.follow(context)
    table = orders_page.table(page, context.site, now_ms, context.words, going.linker(context))
    parts.mount("ledger", table, key="orders-table", on_pick=going.on_pick("orders-table"))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button(_("Newer"), disabled=len(cursors) == 1, icon=":material/chevron_left:", key=f"newer-{_.code}"):
            cursors.pop()
            st.rerun()
        st.text(_("Page {number} of {total}", number=len(cursors), total=-(-total // ROWS)))
        if st.button(_("Older"), disabled=page.after is None, icon=":material/chevron_right:", key=f"older-{_.code}"):
            cursors.append(page.after)
            st.rerun()


PAGE = BoardPage("orders", lambda _: _("Orders"), lambda _: _("Work orders"), draw, needs_books=True)
