"""What everybody may see without signing in: class and trend of each river, and the standard that they follow."""

from __future__ import annotations

import streamlit as st

from dashboard import parts
from dashboard.page import Context, Page
from dashboard.viewdata.public import public
from dashboard.views import about
from dashboard.views.text import plain
from sensors.errors import StoreError

#: Seconds between looks at the store.
REFRESH_S = 60


def draw(context: Context) -> None:
    """Draw the page and keep it fresh."""
    _live(context)
    about.expander(context.site, context.translate)


@st.fragment(run_every=REFRESH_S)
def _live(context: Context) -> None:
    sources, w = context.sources, context.words
    _ = w._
    try:
        today = sources.today()
    except StoreError as error:
        # Why it cannot be read is for those who look after it.
        text = _("The rivers cannot be shown now. This page looks again every {count} s.", count=REFRESH_S)
        st.info(text if context.viewer.role == "public" else f"{text} {plain(str(error))}")
        return
    if not today.rivers:
        st.info(_("No rivers to show yet."))
        return
    parts.mount("public", public(today, w, sources.ground), key="public")


PAGE = Page(
    "public",
    lambda _: _("Public page"),
    lambda _: _("Water quality of the rivers"),
    draw,
    section="water",
)
