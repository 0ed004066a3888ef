"""The first page: what a river chief sees in five seconds at eight in the morning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from collectors.stores.base import HOUR_MS
from dashboard import charts, parts, scene
from dashboard.access import STAFF
from dashboard.board import RiverToday, Today
from dashboard.i18n import Translator
from dashboard.page import Context, Page
from dashboard.series import SeriesPoint, series
from dashboard.sources import Sources
from dashboard.views import about
from dashboard.views.text import plain
from dashboard.wording import Wording
from sensors.determinand import DETERMINANDS
from sensors.errors import StoreError

#: Seconds between looks at the store.
REFRESH_S = 10

#: Spans of the chart [h].
SPANS = (24, 24 * 7, 24 * 30)


def draw(context: Context) -> None:
    """Draw the page and keep it fresh."""
    _live(context.sources, context.translate)
    about.expander(context.site, context.translate)


@st.fragment(run_every=REFRESH_S)
def _live(sources: Sources, translate: Translator) -> None:
    """All that changes with the water; a click draws only this again."""
    _ = translate
    try:
        today = sources.today()
    except StoreError as error:
        text = _("Starting: the store is not there yet; this page looks again every {count} s.", count=REFRESH_S)
        st.info(text if error.retryable else _("The store cannot be read: {error}", error=plain(str(error))))
        return
    w = Wording.of(sources.site, _)
    chosen = _chosen(today)
    if chosen is None:
        st.info(_("This site has no rivers yet: they are listed in rivers.csv, and drawn in rivers.geojson."))
        return
    if not today.figures.stations:
        st.info(_("This site has no stations yet: they are listed in stations.csv."))
    elif not today.figures.ever:
        st.info(_("No readings yet: the gateways have sent nothing so far."))
    parts.mount("figures", scene.figures(today, w), key="figures")
    left, right = st.columns([1.72, 1], gap="medium")
    with left:
        drawn = scene.rivers(today, w, sources.ground, chosen.river.id)
        parts.mount("rivers", drawn, key="rivers", on_pick=lambda: _pick("rivers"))
    with right:
        _river(sources, today, chosen, w)
    parts.mount("table", scene.table(today, w, chosen.river.id), key="table", on_pick=lambda: _pick("table"))


def _pick(part: str) -> None:
    st.session_state["river"] = st.session_state[part].picked


def _chosen(today: Today) -> RiverToday | None:
    """The river that was picked in this session; the worst one before anyone picked; None where there is none."""
    picked = st.session_state.get("river")
    return next((one for one in today.rivers if one.river.id == picked), next(iter(today.rivers), None))


def _river(sources: Sources, today: Today, one: RiverToday, w: Wording) -> None:
    """A river's panel: what it is, and the course of one determinand."""
    _ = w._
    parts.mount("panel", scene.head(one, today, sources.site, w), key="panel")
    measured = [key for key in DETERMINANDS if any(key in station.measured for station in one.stations)]
    if not measured:
        st.caption(_("Nothing has been measured in this river yet."))
        return
    with st.container(horizontal=True, gap="small"):
        names = {key: w.determinand(key) for key in measured}
        key = _select("determinand", _("Determinand"), names, _worst(one, measured), one.river.id, w)
        subject = _subject(one, w)
    hours = st.segmented_control(
        _("Span"), SPANS, default=SPANS[0], format_func=lambda hours: w.span(hours * 3600), key="span",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    _chart(sources, today, one, w, key, subject, int(hours or SPANS[0]))


def _select(what: str, label: str, names: Mapping[str, str], first: str, river: str, w: Wording) -> str:
    """A box of choices about one river.

    A box keeps the words it was made with, so each language has its own; what was chosen goes along.
    """
    box, kept = f"{what}-{river}-{w._.code}", f"{what}-kept"
    if box not in st.session_state:
        whose, chosen = st.session_state.get(kept, ("", ""))
        st.session_state[box] = chosen if whose == river and chosen in names else first
    picked = st.selectbox(label, list(names), format_func=names.__getitem__, key=box, label_visibility="collapsed")
    st.session_state[kept] = (river, picked)
    return str(picked)


def _worst(one: RiverToday, measured: list[str]) -> str:
    """The determinand that people want to see first: the most exceeded of those that decide, or the main pollutant."""
    deciding = [key for key in one.deciding if key in measured]
    named = [each.determinand for each in one.pollutants if each.determinand in measured]
    return max(deciding, key=lambda key: one.exceedance.get(key, 0.0), default=next(iter(named), measured[0]))


def _subject(one: RiverToday, w: Wording) -> str:
    """The river as a whole or one of its stations."""
    _ = w._
    if len(one.stations) < 2:
        return one.river.id
    names = {one.river.id: _("all sections")} | {s.station.id: w.place(s.station) for s in one.stations}
    return _select("section", _("Section"), names, one.river.id, one.river.id, w)


def _chart(sources: Sources, today: Today, one: RiverToday, w: Wording, key: str, subject: str, hours: int) -> None:
    _ = w._
    try:
        course = series(sources.store, sources.site, subject, key, today.now_ms - hours * HOUR_MS, today.now_ms)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    title = _("{name}, last {span}", name=w.determinand(key), span=w.span(hours * 3600))
    unit = f" [{w.unit(key)}]" if w.unit(key) else ""
    st.caption(f"{title}{unit} · " + _("windows of {span}", span=w.span(course.step_ms / 1000)))
    if not any(point.mean is not None for point in course.points):
        st.caption(_("No usable reading in this span."))
    option = charts.time_series(course, w, one.river.target_class)
    st.echarts_chart(option, key="chart", height=300, renderer="svg", alt=_alt(course.points, title, w, key))


def _alt(points: Sequence[SeriesPoint], title: str, w: Wording, key: str) -> str:
    _ = w._
    lows = [point.minimum for point in points if point.minimum is not None]
    highs = [point.maximum for point in points if point.maximum is not None]
    if not lows:
        return title
    return _("{title}: from {low} to {high}", title=title, low=w.number(key, min(lows)), high=w.number(key, max(highs)))


PAGE = Page("today", lambda _: _("Today"), lambda _: _("Rivers today"), draw, STAFF)
