"""One station: signals and what the tests say of them, probe health, care, laboratory, review of suspect readings."""

from __future__ import annotations

import streamlit as st

from dashboard import parts
from dashboard.board import StationToday, Today, narrowed
from dashboard.page import Context, Page
from dashboard.viewdata import station_scene as station_page_scene
from dashboard.viewdata.station import gateway_now
from dashboard.viewdata.station_care import Care, care
from dashboard.views import chosen, going, station_care, station_review, station_signals
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
    w, sources = context.words, context.sources
    _ = w._
    try:
        today = narrowed(sources.today(), context.viewer.rivers)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    one = _picked(today, w)
    if one is None:
        st.info(_("There is no station in your area."))
        return
    kept_care = None
    if sources.books_url is not None:
        with context.books.read() as session:
            kept_care = care(session, one.station.id, today.now_ms)
    _head(context, today, one, kept_care)
    tabs = {"signals": _("Signals and flags"), "health": _("Probe health"), "coverage": _("Coverage")}
    if kept_care is not None:
        count = f" ({len(kept_care.waiting)})" if kept_care.waiting else ""
        tabs |= {"care": _("Calibration and visits"), "samples": _("Laboratory"), "review": _("Review") + count}
    tab = chosen.segments("tab", _("Part of the page"), tabs, "signals", _.code)
    if tab == "signals":
        station_signals.signals(context, today, one)
    elif tab == "health":
        station_care.health(context, today, one, kept_care)
    elif tab == "coverage":
        station_care.coverage(context, today, one)
    elif kept_care is not None:
        draws = {"care": station_care.visits, "samples": station_care.samples, "review": station_review.review}
        draws[tab](context, today, one, kept_care)


def _picked(today: Today, w: Wording) -> StationToday | None:
    """The station of the address; the first one that does not run as it should, or simply the first."""
    _ = w._
    stations = {station.station.id: station for river in today.rivers for station in river.stations}
    if not stations:
        return None
    told = st.query_params.get("station")
    if told is not None and told not in stations:
        st.info(_("There is no station {station} in your area.", station=plain(told[:40])))
    rivers = {river.river.id: w.place(river.river) for river in today.rivers}
    names = {
        name: f"{w.place(one.station)} ({name}) · {rivers[one.station.river]} · {w.status(one.status)}"
        for name, one in sorted(stations.items(), key=lambda item: (item[1].status == "online", item[0]))
    }
    return stations[
        chosen.box("station", _("Monitoring station"), names, next(iter(names)), _.code, told=False)
    ]  # fmt: skip


def _head(context: Context, today: Today, one: StationToday, found: Care | None) -> None:
    site = context.site
    labels = ("all", "judge", *sorted({str(gateway.shard) for gateway in site.gateways.values()}))
    gateway = gateway_now(context.sources.store, one.station, labels)
    link = going.linker(context)
    data = station_page_scene.head(one, today, site, gateway, found, context.words, link)
    parts.mount("panel", data, key="panel", on_pick=going.on_pick("panel"))


PAGE = Page("station", lambda _: _("Monitoring station"), lambda _: _("One station"), draw, section="water")
