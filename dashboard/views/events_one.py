"""One event: its evidence in words and pictures, where it may come from, and the office's verdict."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import streamlit as st
from sqlalchemy.orm import Session

from collectors.stores.base import Event
from dashboard import parts
from dashboard.casework.cases import VERDICTS, accept, merge, reject
from dashboard.casework.evidence import gather
from dashboard.casework.explained import explained, kind_word
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.tables.orders import Order
from dashboard.page import Context
from dashboard.viewdata import events as events_page
from dashboard.viewdata.events import Seen
from dashboard.viewdata.events_picture import picture
from dashboard.viewdata.events_sources import sources
from dashboard.viewdata.orders_words import department_names, minute, state_word
from dashboard.views import going
from dashboard.views.text import plain
from dashboard.views.typed import fits

#: Longest text of a verdict [characters].
TEXT_LENGTH = 2000


def draw(context: Context, event_id: str) -> None:
    """Draw an event, where it is in the viewer's area."""
    _ = context.translate
    going.follow(context)
    context.link("events", _("All events"), icon=":material/arrow_back:")
    now_ms = context.now()
    with _session(context) as session:
        one = events_page.one_event(context.sources.store, session, context.desk, event_id, now_ms)
        others = events_page.mergeable(session, one) if one is not None and session is not None else []
    if one is None:
        st.info(_("There is no event {event}.", event=plain(event_id)))
        return
    if not context.viewer.sees_river(one.place.river):
        st.error(_("This event is not in your area."))
        return
    if told := st.session_state.pop("events-told", None):
        st.success(plain(told))
    st.header(plain(events_page.heading(one, context.site, context.words)), anchor=False)
    if one.told.get("illustrative"):
        st.caption(_("Illustrative: made for the demonstration, nobody measured it."))
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        _words(context, one, now_ms)
    with right:
        _standing(context, one)
        if context.viewer.may("event.decide") and context.sources.books_url is not None:
            _verdict(context, one, others)
    st.subheader(_("Where it may come from"), anchor=False)
    may_open = context.viewer.may("order.open") and "orders" in context.links
    data = sources(
        one.told, context.site, context.sources.ground, context.words, going.linker(context), may_open=may_open
    )
    parts.mount("sources", data, key="sources", on_pick=going.on_pick("sources"))
    st.subheader(_("Stations up and down the water"), anchor=False)
    drawn = picture(context.sources.store, context.site, one.event, one.told, now_ms, context.words)
    if one.told.get("illustrative"):
        st.caption(_("The curves are what the stations show. This event is an example, and is not in them."))
    parts.mount("multiples", drawn, key="multiples")
    _similar(context, one, now_ms)


def _session(context: Context) -> AbstractContextManager[Session | None]:
    """A look at the books; None where the board has none."""
    return context.books.read() if context.sources.books_url is not None else nullcontext()


def _words(context: Context, one: Seen, now_ms: int) -> None:
    """The evidence in words, a heading for each sort."""
    _, w = context.translate, context.words
    st.text(events_page.span(one.event, now_ms, w))
    found = explained(one.told, context.site, w)
    kinds = w.join([f"{name} {share}" for name, share in events_page.kinds_told(one.told, w)])
    groups = {
        _("What stands out"): found.shows, _("What speaks against a discharge"): found.against, _("Rain"): found.rain,
        _("What the neighbours did"): found.neighbours, _("Where it may come from"): found.source,
        _("What it may be"): (kinds,) if kinds else (), _("First detected"): (minute(one.event.detected_ms, w),),
    }  # fmt: skip
    for name, lines in groups.items():
        if lines:
            st.markdown(f"**{plain(name)}**  \n" + "  \n".join(map(plain, lines)))
    with st.container(horizontal=True, gap="small"):
        for name in one.place.stations:
            context.link("station", plain(w.place(context.site.stations[name])), icon=":material/sensors:",
                         station=name)  # fmt: skip
        if one.place.river:
            river = plain(w.place(context.site.rivers[one.place.river]))
            context.link("river", river, icon=":material/water:", river=one.place.river)


def _standing(context: Context, one: Seen) -> None:
    """What became of it, and the order that it belongs to."""
    _, order = context.translate, one.order
    st.subheader(_("State of the case"), anchor=False)
    st.text(events_page.standing_word(_, one.standing))
    if order is None:
        return
    words = _("Order {number}: {state}", number=plain(order.code or order.number), state=state_word(_, order.state))
    context.link("orders", words, icon=":material/assignment:", order=order.number)
    if order.state == "dismissed" and (verdict := events_page.verdict_word(_, order)):
        st.text(verdict)


def _verdict(context: Context, one: Seen, others: list[Order]) -> None:
    """Accept, reject or merge: for an event that nobody has judged yet."""
    _ = context.translate
    if one.standing not in ("new", "waiting"):
        return
    key = f"{one.event.id}-{_.code}"
    with st.container(border=True):
        st.subheader(_("Verdict of the office"), anchor=False)
        if st.button(_("Accept: register the order"), type="primary", key=f"accept-{key}", width="stretch"):
            _accept(context, one.event)
        with st.expander(_("Reject: it is none")):
            verdict = st.selectbox(
                _("What it was"), list(VERDICTS), format_func=lambda name: _(VERDICTS[name]), key=f"verdict-{key}"
            )
            text = st.text_area(_("Why"), key=f"why-{key}")
            if st.button(_("Reject"), key=f"reject-{key}"):
                _reject(context, one.event, verdict, text)
        if others and one.order is not None:
            with st.expander(_("Merge with another case")):
                words = {row.number: f"{row.code or row.number} {row.title}" for row in others}
                into = st.selectbox(
                    _("Case"), list(words), format_func=lambda name: plain(words[name]), key=f"into-{key}"
                )
                if st.button(_("Merge"), key=f"merge-{key}"):
                    _merge(context, one.order.number, into)


def _accept(context: Context, event: Event) -> None:
    context.require("event.decide")
    _, now_ms = context.translate, context.now()
    told = gather(context.sources.store, context.site, event, now_ms)
    try:
        with context.books.change(context.viewer.account, now_ms, f"event {event.id}") as session:
            number = accept(session, context.desk, context.viewer.actor, event, now_ms, told).number
    except StepRefusedError as refused:
        _refused(context, refused)
        return
    st.session_state["orders-told"] = _("The order was registered")
    context.go("orders", order=number)
    st.rerun()


def _reject(context: Context, event: Event, verdict: str, text: str) -> None:
    context.require("event.decide")
    _, now_ms = context.translate, context.now()
    if not fits(_, {_("Why"): (text, TEXT_LENGTH)}):
        return
    told = gather(context.sources.store, context.site, event, now_ms)
    try:
        with context.books.change(context.viewer.account, now_ms, f"event {event.id}") as session:
            reject(session, context.desk, context.viewer.actor, event, now_ms, verdict, text, told)
    except StepRefusedError as refused:
        _refused(context, refused)
        return
    st.session_state["events-told"] = _("The event was rejected; it is not raised again")
    st.rerun()


def _merge(context: Context, number: str, into: str) -> None:
    context.require("event.decide")
    _, now_ms = context.translate, context.now()
    try:
        with context.books.change(context.viewer.account, now_ms, "merge") as session:
            merge(session, context.desk, context.viewer.actor, number, into, now_ms)
    except StepRefusedError as refused:
        _refused(context, refused)
        return
    st.session_state["events-told"] = _("Merged into order {number}", number=into)
    st.rerun()


def _refused(context: Context, refused: StepRefusedError) -> None:
    st.error(plain(refused.told(context.translate, department_names(context.site, context.words))))


def _similar(context: Context, one: Seen, now_ms: int) -> None:
    """Earlier events at the same stations, and what became of them."""
    _, w = context.translate, context.words
    told = gather(context.sources.store, context.site, one.event, now_ms)
    similar = told.get("similar", [])
    if not similar:
        return
    with _session(context) as session:
        orders = events_page.orders_of(session, [row["event"] for row in similar]) if session is not None else {}
    st.subheader(_("Earlier events here"), anchor=False)
    for row in similar:
        order = orders.get(row["event"])
        state = "" if order is None else f" · {state_word(_, order.state)}"
        verdict = "" if order is None else events_page.verdict_word(_, order)
        label = f"{minute(row['start_ms'], w)} {kind_word(_, row['kind'])}{state}{' · ' if verdict else ''}{verdict}"
        context.link("events", plain(label), event=row["event"])
