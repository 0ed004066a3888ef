"""The first page: what a river chief sees in five seconds at eight in the morning."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import board_news_scene, parts, scene
from dashboard.board import RiverToday, Today, narrowed
from dashboard.board_news import GoalNow, OrdersNow
from dashboard.links import Link
from dashboard.page import Context, Page
from dashboard.views import about, chosen, courses, going, kept
from dashboard.views.river_course import worst
from dashboard.views.text import plain
from dashboard.wording import Wording
from sensors.determinand import DETERMINANDS
from sensors.errors import BooksError, StoreError

#: Seconds between looks at the store.
REFRESH_S = 10

#: Spans of the chart [h].
SPANS = (24, 24 * 7, 24 * 30)


def draw(context: Context) -> None:
    """Draw the page and keep it fresh."""
    _live(context)
    about.expander(context.site, context.translate)


@st.fragment(run_every=REFRESH_S)
def _live(context: Context) -> None:
    """All that changes with the water; a click draws only this again."""
    going.follow(context)
    sources, w = context.sources, context.words
    _ = w._
    try:
        today = narrowed(sources.today(), context.viewer.rivers)
    except StoreError as error:
        text = _("Starting: the store is not there yet; this page looks again every {count} s.", count=REFRESH_S)
        st.info(text if error.retryable else _("The store cannot be read: {error}", error=plain(str(error))))
        return
    one = _chosen(today)
    if one is None:
        if sources.site.rivers:
            st.info(_("None of the rivers of this site is in your area."))
        else:
            st.info(_("This site has no rivers yet: they are listed in rivers.csv, and drawn in rivers.geojson."))
        return
    chosen.unknown("river", [each.river.id for each in today.rivers], _)
    if not today.figures.stations:
        st.info(_("This site has no stations yet: they are listed in stations.csv."))
    elif not today.figures.ever:
        st.info(_("No readings yet: the gateways have sent nothing so far."))
    parts.mount("figures", scene.figures(today, w), key="figures")
    left, right = st.columns([1.72, 1], gap="medium")
    with left:
        drawn = scene.rivers(today, w, sources.ground, one.river.id)
        parts.mount("rivers", drawn, key="rivers", on_pick=lambda: _pick("rivers"))
    with right:
        _river(context, today, one)
    _news(context, today)
    parts.mount("table", scene.table(today, w, one.river.id), key="table", on_pick=lambda: _pick("table"))


def _pick(part: str) -> None:
    picked = st.session_state[part].picked
    if picked:
        st.query_params["river"] = str(picked)


def _chosen(today: Today) -> RiverToday | None:
    """The river of the address; the worst one where it names none of these; None where there is none."""
    picked = st.query_params.get("river")
    return next((one for one in today.rivers if one.river.id == picked), next(iter(today.rivers), None))


def _news(context: Context, today: Today) -> None:
    """What has changed since yesterday, orders and goals; the water is shown also where the books fail."""
    sources, w, viewer = context.sources, context.words, context.viewer
    _ = w._
    orders: OrdersNow | None = None
    goals: tuple[GoalNow, ...] = ()
    if sources.books_url is not None:
        try:
            orders = kept.orders_of(sources, sources.books_url, viewer, today.now_ms)
            goals = tuple(goal.narrowed(viewer) for goal in kept.goals_of(sources, today.now_ms))
        except BooksError as error:
            st.info(_("The books cannot be read: {error}", error=plain(str(error))))
    found = kept.news_of(sources, sources.url, viewer.rivers, today)
    link = going.linker(context)
    data = board_news_scene.cards(found, orders, goals, today, sources.site, w, link)
    parts.mount("cards", data, key="news", on_pick=going.on_pick("news"))


def _river(context: Context, today: Today, one: RiverToday) -> None:
    """A river's panel: what it is, and the course of one determinand."""
    w = context.words
    _ = w._
    link = going.linker(context)
    data = scene.head(one, today, context.site, w, link)
    data["more"] = [link(Link(_("All about this river"), "river", {"river": one.river.id}))]
    parts.mount("panel", data, key="panel", on_pick=going.on_pick("panel"))
    measured = [key for key in DETERMINANDS if any(key in station.measured for station in one.stations)]
    if not measured:
        st.caption(_("Nothing has been measured in this river yet."))
        return
    with st.container(horizontal=True, gap="small"):
        names = {key: w.determinand(key) for key in measured}
        key = _select("determinand", _("Determinand"), names, worst(one, measured), one.river.id, w)
        subject = _subject(one, w)
    hours = st.segmented_control(
        _("Span"), SPANS, default=SPANS[0], format_func=lambda hours: w.span(hours * 3600), key="span",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    _chart(context, today, one, key, subject, int(hours or SPANS[0]))


def _select(what: str, label: str, names: Mapping[str, str], first: str, river: str, w: Wording) -> str:
    """A box of choices about one river.

    A box keeps the words it was made with, so each language has its own; what was chosen goes along.
    """
    box, kept_as = f"{what}-{river}-{w._.code}", f"{what}-kept"
    if box not in st.session_state:
        whose, picked = st.session_state.get(kept_as, ("", ""))
        st.session_state[box] = picked if whose == river and picked in names else first
    told = st.selectbox(label, list(names), format_func=names.__getitem__, key=box, label_visibility="collapsed")
    st.session_state[kept_as] = (river, told)
    return str(told)


def _subject(one: RiverToday, w: Wording) -> str:
    """The river as a whole or one of its stations."""
    _ = w._
    if len(one.stations) < 2:
        return one.river.id
    names = {one.river.id: _("all sections")} | {s.station.id: w.place(s.station) for s in one.stations}
    return _select("section", _("Section"), names, one.river.id, one.river.id, w)


def _chart(context: Context, today: Today, one: RiverToday, key: str, subject: str, hours: int) -> None:
    sources, w = context.sources, context.words
    _ = w._
    try:
        course = kept.series_of(sources, sources.url, subject, key, hours, None, today.now_ms)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    title = _("{name}, last {span}", name=w.determinand(key), span=w.span(hours * 3600))
    courses.chart(course, w, title, target=one.river.target_class, height=300)


PAGE = Page("today", lambda _: _("Today"), lambda _: _("Rivers today"), draw)
