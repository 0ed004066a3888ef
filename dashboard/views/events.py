"""Events: what the water showed, with its evidence and what became of it."""

from __future__ import annotations

from contextlib import nullcontext

import streamlit as st

from dashboard import parts
from dashboard.casework.explained import kind_word
from dashboard.page import Context, Page
from dashboard.viewdata import events as events_page
from dashboard.views import events_one, going
from dashboard.views.chosen import unknown
from dashboard.views.text import plain
from sensors.durations import DAY_MS

#: Seconds between looks at store and books.
REFRESH_S = 30

#: Spans that can be chosen [d].
SPANS = (1, 7, 14, 90, 366)

#: Kinds that can be asked for.
KINDS = ("discharge", "overflow", "unknown", "operation", "fault")


def draw(context: Context) -> None:
    """Draw the list, or the event that the address names."""
    event = st.query_params.get("event")
    if event:
        events_one.draw(context, event)
    else:
        _list(context)


def _list(context: Context) -> None:
    _, site, w = context.translate, context.site, context.words
    rivers = {one.id: w.place(one) for one in site.rivers.values() if context.viewer.sees_river(one.id)}
    asked = st.query_params.get("river")
    unknown("river", rivers, _)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        river = st.selectbox(
            _("River"), list(rivers), index=list(rivers).index(asked) if asked in rivers else None,
            format_func=lambda one: plain(rivers[one]), placeholder=_("all"), key=f"events-river-{_.code}",
        )  # fmt: skip
        kinds = st.multiselect(
            _("Kind"), KINDS, format_func=lambda one: kind_word(_, one), placeholder=_("all"),
            key=f"events-kinds-{_.code}",
        )  # fmt: skip
        standings = st.multiselect(
            _("State"), events_page.STANDINGS, format_func=lambda one: events_page.standing_word(_, one),
            placeholder=_("all"), key=f"events-standings-{_.code}",
        )  # fmt: skip
        days = st.selectbox(
            _("Span"), SPANS, index=2, format_func=lambda count: w.span(count * 86_400), key=f"events-span-{_.code}"
        )
        orders = {False: _("newest first"), True: _("worst first")}
        worst = st.selectbox(
            _("Order of the list"), list(orders), format_func=orders.__getitem__, key=f"events-order-{_.code}"
        )
    _rows(context, river, tuple(kinds), tuple(standings), int(days), bool(worst))


@st.fragment(run_every=REFRESH_S)
def _rows(
    context: Context, river: str | None, kinds: tuple[str, ...], standings: tuple[str, ...], days: int, worst: bool
) -> None:
    going.follow(context)
    _, now_ms, sources = context.translate, context.now(), context.sources
    has_books = sources.books_url is not None
    with context.books.read() if has_books else nullcontext() as session:
        found = events_page.seen(
            sources.store, session, context.desk, now_ms - days * DAY_MS, now_ms + 1, context.viewer
        )
    rows = events_page.chosen(found, river=river, kinds=kinds, standings=standings, worst_first=worst)
    st.text(_.plural("{count} event", "{count} events", len(rows)))
    if not rows:
        st.info(_("Nothing of the kind in this span. A series is watched from its third day on."))
        return
    data = events_page.event_list(rows, context.site, now_ms, context.words, going.linker(context))
    parts.mount("eventlist", data, key="eventlist", on_pick=going.on_pick("eventlist"))


PAGE = Page("events", lambda _: _("Events"), lambda _: _("Events on the water"), draw)
