"""The page for a screen on a wall: slides that follow each other, the time, and how old the data are.

``?kiosk=1`` leaves nothing else on the screen; ``&light=1`` makes it light there.
"""

from __future__ import annotations

import streamlit as st

from dashboard import parts
from dashboard.board import narrowed
from dashboard.board_news import GoalNow, OrdersNow, orders_now
from dashboard.frame import banner
from dashboard.page import Context, Page
from dashboard.viewdata.wall import wall
from dashboard.views import kept
from dashboard.views.text import plain
from sensors.errors import BooksError, StoreError

#: Seconds between looks at the store.
REFRESH_S = 20

#: What a screen on a wall does not need. Keys are those of `dashboard.app` and `dashboard.accounts.known`.
_KIOSK = """<style>
header.stAppHeader, [data-testid="stSidebar"], .st-key-masthead, .st-key-language, .st-key-account,
[class*="st-key-as-"] { display: none !important; }
.stMainBlockContainer { padding: 0 !important; max-width: none; }
.stMainBlockContainer > .stVerticalBlock { gap: 0; }
html, body, .stApp { overflow: hidden; }
</style>"""


def draw(context: Context) -> None:
    """Draw the page and keep it fresh."""
    _ = context.translate
    kiosk = st.query_params.get("kiosk") == "1"
    if kiosk:
        st.html(_KIOSK)
    else:
        context.link("wall", _("Nothing but the slides, for a screen on a wall"), icon=":material/fullscreen:",
                     kiosk="1")  # fmt: skip
    _live(context, kiosk)


@st.fragment(run_every=REFRESH_S)
def _live(context: Context, kiosk: bool) -> None:
    sources, w, viewer = context.sources, context.words, context.viewer
    _ = w._
    try:
        today = narrowed(sources.today(), viewer.rivers)
        found = kept.news_of(sources, sources.url, viewer.rivers, today)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    orders: OrdersNow | None = None
    goals: tuple[GoalNow, ...] = ()
    if sources.books_url is not None:
        try:
            with context.books.read() as session:
                orders = orders_now(session, viewer, today.now_ms)
            goals = tuple(goal.narrowed(viewer) for goal in kept.goals_of(sources, today.now_ms))
        except BooksError as error:
            st.info(_("The books cannot be read: {error}", error=plain(str(error))))
    data = wall(
        today, found, orders, goals, sources.site, w, sources.ground, kiosk=kiosk, banner=banner(sources.input, _)
    )
    data["light"] = st.query_params.get("light") == "1"
    parts.mount("wall", data, key="wall")


PAGE = Page("wall", lambda _: _("Wall"), lambda _: _("For a screen on a wall"), draw, section="water")
