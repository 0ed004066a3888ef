"""A new order, by a chief or the office: from nothing, or about an outfall that the address names."""

from __future__ import annotations

import streamlit as st

from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.orders import open_order
from dashboard.page import Context
from dashboard.viewdata.orders_words import origin_words, urgency_words
from dashboard.views.chosen import unknown
from dashboard.views.text import plain
from dashboard.views.typed import fits

TITLE_LENGTH, TEXT_LENGTH = 120, 4000


def draw(context: Context) -> None:
    """Draw the form, and open the order when it is sent."""
    _, site, w, viewer = context.translate, context.site, context.words, context.viewer
    context.link("orders", _("All orders"), icon=":material/arrow_back:")
    st.header(_("Open a new order"), anchor=False)
    asked = st.query_params.get("outfall", "")
    outfall = site.outfalls.get(asked)
    if outfall is not None and not viewer.sees_river(outfall.river):
        outfall = None
    rivers = {one.id: w.place(one) for one in site.rivers.values() if viewer.sees_river(one.id)}
    unknown("river", rivers, _)
    unknown("outfall", [one.id for one in site.outfalls.values() if viewer.sees_river(one.river)], _)
    first = outfall.river if outfall is not None else st.query_params.get("river")
    river = st.selectbox(
        _("River"), list(rivers), index=list(rivers).index(first) if first in rivers else None,
        format_func=lambda one: plain(rivers[one]), key=f"new-river-{_.code}", placeholder=_("none"),
    )  # fmt: skip
    there = [one.id for one in site.outfalls_of(river)] if river else []
    place = st.selectbox(
        _("Outfall"), there, index=there.index(asked) if asked in there else None, placeholder=_("none"),
        key=f"new-outfall-{river}-{_.code}",
    )  # fmt: skip
    grids = [one.id for one in site.grids.values() if one.river == river and viewer.sees_grid(one.id)]
    grid = st.selectbox(
        _("Grid"), grids, index=None, placeholder=_("none"), key=f"new-grid-{river}-{_.code}",
        format_func=lambda one: plain(f"{one} {site.grids[one].name}"),
    )  # fmt: skip
    origins = {key: word for key, word in origin_words(_).items() if key != "event"}
    if viewer.is_("chief"):
        origins = {key: origins[key] for key in ("chief", "patrol", "superior")}
    urgencies = urgency_words(_)
    title = st.text_input(_("Title"), key=f"new-title-{_.code}")
    text = st.text_area(_("What is wrong"), key=f"new-text-{_.code}")
    with st.container(horizontal=True, gap="medium"):
        origin = st.selectbox(_("Origin"), list(origins), format_func=origins.__getitem__, key=f"new-origin-{_.code}")
        urgency = st.radio(
            _("Urgency"), list(urgencies), format_func=urgencies.__getitem__, horizontal=True,
            key=f"new-urgency-{_.code}",
        )  # fmt: skip
    if st.button(_("Register the order"), type="primary", key=f"new-open-{_.code}"):
        _open(context, title=title, text=text, origin=origin, urgency=urgency, river=river, outfall=place, grid=grid)


def _open(context: Context, **values: str | None) -> None:
    context.require("order.open")
    _, now_ms = context.translate, context.now()
    limits = {
        _("Title"): (values["title"] or "", TITLE_LENGTH),
        _("What is wrong"): (values["text"] or "", TEXT_LENGTH),
    }
    if not fits(_, limits):
        return
    river = values.get("river")
    if river is None and context.viewer.rivers is not None:
        st.error(_("Choose one of your rivers."))
        return
    try:
        with context.books.change(context.viewer.account, now_ms, "open") as session:
            order = open_order(
                session, context.desk, context.viewer.actor, now_ms, **values  # type: ignore[arg-type]
            )  # fmt: skip
            number = order.number
    except StepRefusedError as refused:
        st.error(plain(refused.told(_)))
        return
    st.session_state["orders-told"] = _("The order was registered")
    st.query_params.pop("new", None)
    st.query_params["order"] = number
    st.rerun()
