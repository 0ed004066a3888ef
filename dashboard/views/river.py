"""One river: how it is, along its length, over time, day by day, its file (一河一档) and its policy (一河一策)."""

from __future__ import annotations

import streamlit as st

from dashboard import parts, scene
from dashboard.board import RiverToday, Today, narrowed
from dashboard.page import Context, Page
from dashboard.viewdata.river_scene import neighbours
from dashboard.views import chosen, going, kept, river_course, river_file
from dashboard.views.text import plain
from dashboard.wording import Wording
from sensors.errors import StoreError

#: Seconds between looks at the store.
REFRESH_S = 30


def draw(context: Context) -> None:
    """Draw the page and keep it fresh."""
    _live(context)


@st.fragment(run_every=REFRESH_S)
def _live(context: Context) -> None:
    going.follow(context)
    w = context.words
    _ = w._
    try:
        today = narrowed(context.sources.today(), context.viewer.rivers)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    if not today.rivers:
        st.info(_("None of the rivers of this site is in your area."))
        return
    one = _picked(today, w)
    _head(context, today, one)
    tabs = {
        "profile": _("Along the river"), "course": _("Over time"), "calendar": _("Grade history"),
        "file": _("River file"),
    }  # fmt: skip
    if context.sources.books_url is not None:
        tabs["policy"] = _("River policy")
    tab = chosen.segments("tab", _("Part of the page"), tabs, "profile", _.code)
    draws = {
        "profile": river_course.along, "course": river_course.over_time, "calendar": river_course.days,
        "file": river_file.file, "policy": river_file.policy,
    }  # fmt: skip
    draws[tab](context, today, one)


def _picked(today: Today, w: Wording) -> RiverToday:
    """The river of the address; the worst where it names none of the viewer's."""
    _ = w._
    names = {one.river.id: f"{w.place(one.river)} · {w.mark(one.condition)}" for one in today.rivers}
    told = st.query_params.get("river")
    if told is not None and told not in names:
        st.info(_("There is no river {river} in your area: the worst one is shown.", river=plain(told[:40])))
    return today.river(chosen.box("river", _("River"), names, next(iter(names)), w._.code, told=False))


def _head(context: Context, today: Today, one: RiverToday) -> None:
    w = context.words
    link = going.linker(context)
    data = scene.head(one, today, context.site, w, link)
    lanes = kept.lanes_of(context.sources, context.sources.url, context.sources.books_url, one.river.id)
    data["around"] = {"label": w._("Meets"), "links": neighbours(lanes, context.site, w, link)}
    parts.mount("panel", data, key="panel", on_pick=going.on_pick("panel"))


PAGE = Page("river", lambda _: _("River"), lambda _: _("One river"), draw, section="water")
