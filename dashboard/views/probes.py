"""All probes at a glance: which one lies, since when, and who looked after it last. The worst stands first."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import parts
from dashboard.board import narrowed
from dashboard.page import Context, Page
from dashboard.sources import Sources
from dashboard.viewdata import probes_scene
from dashboard.viewdata.probes import Looked, Probe, looked_after, probes
from dashboard.views import chosen, going
from dashboard.views.text import plain
from sensors.errors import StoreError

#: Seconds between looks, and how long one look at the store serves every viewer.
REFRESH_S = 60


@st.cache_resource(show_spinner=False, ttl=REFRESH_S, max_entries=2)
def probes_of(_sources: Sources, url: str, _now_ms: int) -> tuple[Probe, ...]:
    """Every probe of the site; what a viewer may see of them is decided where they are shown."""
    today = _sources.today()
    return probes(_sources.store, [one for river in today.rivers for one in river.stations], today.now_ms)


@st.cache_resource(show_spinner=False, ttl=REFRESH_S, max_entries=2)
def looked_after_of(_sources: Sources, books_url: str, _now_ms: int) -> Looked:
    """What the books have of them."""
    with _sources.books.read() as session:
        return looked_after(session, _now_ms)


def draw(context: Context) -> None:
    """Draw the page and keep it fresh."""
    _live(context)


@st.fragment(run_every=REFRESH_S)
def _live(context: Context) -> None:
    going.follow(context)
    w, sources = context.words, context.sources
    _ = w._
    try:
        today = narrowed(sources.today(), context.viewer.rivers)
        found = probes_of(sources, sources.url, today.now_ms)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    mine = {one.station.id for river in today.rivers for one in river.stations}
    if not mine:
        st.info(_("There is no station in your area."))
        return
    found = tuple(one for one in found if one.station in mine)
    looked = None
    if sources.books_url is not None:
        looked = looked_after_of(sources, sources.books_url, today.now_ms)
    day = datetime.fromtimestamp(today.now_ms / 1000, ZoneInfo(context.site.timezone)).date()
    st.text(" · ".join(f"{name} {count}" for name, count in probes_scene.summary(found, looked, day, w)))
    which = {"wrong": _("To be looked at"), "all": _("All probes")}
    if chosen.segments("show", _("Which probes"), which, "wrong", _.code) == "wrong":
        found = probes_scene.troubled(found, looked, day)
    table = probes_scene.table(found, looked, context.site, day, today.now_ms, w, going.linker(context))
    parts.mount("grid", table, key="probes", on_pick=going.on_pick("probes"))
    if len(found) > probes_scene.MOST_ROWS:
        st.caption(_("{count} of {all} probes are shown.", count=probes_scene.MOST_ROWS, all=len(found)))


PAGE = Page("probes", lambda _: _("Probes"), lambda _: _("All probes at a glance"), draw, section="water")
