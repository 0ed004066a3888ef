"""Whether the system does its work: hub, gateways, newest readings, free room."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Context
from dashboard.viewdata.admin_health import SILENT_MS, GatewayState, Process, health
from dashboard.views.listed import listed
from dashboard.wording import NOTHING

_GB = 10**9

#: How often it looks again [s].
EVERY_S = 15


def draw(context: Context) -> None:
    """Draw the tab."""
    _live(context)


@st.fragment(run_every=EVERY_S)
def _live(context: Context) -> None:
    _, w, now_ms = context.translate, context.words, context.now()
    found = health(context.sources.store, context.books, context.site)
    heard = sum(_works(one, now_ms) for one in found.gateways)
    columns = st.columns(4)
    columns[0].metric(_("Gateways heard"), f"{heard} / {len(found.gateways)}")
    columns[1].metric(_("Newest reading"), w.age(found.newest_ms, now_ms) if found.newest_ms else NOTHING)
    columns[2].metric(_("Rows in spools"), sum(one.backlog for one in found.gateways))
    names = {"store": _("Free room, store"), "files": _("Free room, files")}
    smallest = min(found.free, key=lambda name: found.free[name], default="files")
    columns[3].metric(names[smallest], f"{found.free[smallest] / _GB:.1f} GB" if found.free else NOTHING)
    st.subheader(_("Hub"))
    if found.processes:
        listed([_process(context, one, now_ms) for one in found.processes], w, "admin-hub", _("Hub"))
    else:
        st.info(_("No hub has left word in the store."))
    st.subheader(_("Gateways"))
    if found.gateways:
        listed([_gateway(context, one, now_ms) for one in found.gateways], w, "admin-gateways", _("Gateways"))


def _process(context: Context, one: Process, now_ms: int) -> dict[str, object]:
    _, w = context.translate, context.words
    return {
        _("Process"): one.label,
        _("State"): _("silent") if now_ms - one.told_ms > SILENT_MS else one.trouble or _("running"),
        _("Told"): w.age(one.told_ms, now_ms),
        _("Running for"): w.span(max(one.told_ms - one.since_ms, 0) / 1000),
        _("Broker"): {True: _("connected"), False: _("not connected"), None: NOTHING}[one.connected],
        _("Readings a second"): one.readings_per_s,
    }


def _gateway(context: Context, one: GatewayState, now_ms: int) -> dict[str, object]:
    _, w = context.translate, context.words
    troubles = []
    if not _works(one, now_ms):
        troubles.append(_("silent"))
    if one.silent:
        troubles.append(_.plural("{count} silent station", "{count} silent stations", one.silent))
    if one.clock is False:
        troubles.append(_("clock not kept"))
    if one.dropped:
        troubles.append(_("{count} rows lost", count=one.dropped))
    if one.refused:
        troubles.append(_("settings refused"))
    return {
        _("Gateway"): one.name,
        _("State"): w.join(troubles) or _("running"),
        _("Stations"): one.stations,
        _("Heard"): w.age(one.heard_ms, now_ms) if one.heard_ms else NOTHING,
        _("Newest reading"): w.age(one.newest_ms, now_ms) if one.newest_ms else NOTHING,
        _("Rows waiting"): one.backlog,
    }


def _works(one: GatewayState, now_ms: int) -> bool:
    return one.heard_ms is not None and now_ms - one.heard_ms <= SILENT_MS and one.online is not False
