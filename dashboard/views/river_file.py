"""The parts of the river page that come from lists and books: the river's file (一河一档), its policy (一河一策)."""

from __future__ import annotations

import streamlit as st

from dashboard import parts
from dashboard.board import RiverToday, Today
from dashboard.page import Context
from dashboard.viewdata import river_policy as river_page_policy
from dashboard.viewdata import river_policy_words as river_page_policy_words
from dashboard.viewdata import river_scene as river_page_scene
from dashboard.views import going, kept


def file(context: Context, today: Today, one: RiverToday) -> None:
    """What belongs to the river."""
    sources, w = context.sources, context.words
    found = kept.file_of(sources, sources.url, sources.books_url, one.river.id)
    data = river_page_scene.river_card(one, found, sources.site, w, going.linker(context))
    parts.mount("cards", data, key="file", on_pick=going.on_pick("file"))
    if sources.books_url is None:
        st.caption(w._("This board has no books: what was surveyed is not known here."))


def policy(context: Context, today: Today, one: RiverToday) -> None:
    """The five lists."""
    sources, w = context.sources, context.words
    _ = w._
    desk = context.desk
    goals = kept.goals_of(sources, today.now_ms)
    events = kept.events_of(sources, sources.url, one.river.id, 24.0 * kept.POLICY_DAYS, today.now_ms)
    day = desk.calendar.day(today.now_ms)
    with context.books.read() as session:
        lists = river_page_policy.policy(session, desk, one, goals, events, day)
    data = river_page_policy_words.cards(
        lists, one, goals, events, today.now_ms, sources.site, w, going.linker(context)
    )
    parts.mount("cards", data, key="policy", on_pick=going.on_pick("policy"))
    st.caption(_("Compiled now from the grades and the books; what people entered comes first in each list."))
