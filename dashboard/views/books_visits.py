"""Visits of stations as they happen: arrive, calibrate, leave; and those that somebody forgot to close."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st
from sqlalchemy import select

from dashboard.casework import vocabulary
from dashboard.casework.books import BOOKS
from dashboard.casework.exchange.said import Said
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.stations import VISIT_KINDS, StationVisit
from dashboard.casework.visits import LONGEST_MS, calibrate, close_visit, left_open, open_visit
from dashboard.page import Context
from dashboard.viewdata.books import today
from dashboard.viewdata.books_rights import editor, may_edit
from dashboard.views.books_save import said
from dashboard.views.text import plain
from sensors.determinand import DETERMINANDS

#: What heads are calibrated for; others come by the visit's own form.
CALIBRATED = (
    "ph", "dissolved_oxygen", "conductivity", "turbidity", "ammonia_nitrogen", "orp", "permanganate_index",
    "total_phosphorus", "total_nitrogen", "chlorophyll_a",
)  # fmt: skip


def visits(context: Context) -> None:
    """Draw who is where, and the steps of a visit for whoever may enter them."""
    _, w, now_ms = context.translate, context.words, context.now()
    rivers = context.viewer.rivers
    with context.books.read() as session:
        recent = select(StationVisit).where(
            StationVisit.end_ms.is_(None), StationVisit.start_ms > now_ms - LONGEST_MS, StationVisit.start_ms <= now_ms
        )
        there = list(session.scalars(recent.order_by(StationVisit.start_ms)))
        forgotten = left_open(session, now_ms)
    seen = {
        station.id: w.place(station) for station in context.site.stations.values()
        if rivers is None or station.river in rivers
    }  # fmt: skip
    for visit in there:
        if visit.station in seen:
            _there(context, visit, seen[visit.station])
    for visit in forgotten:
        if visit.station in seen:
            text = _("{station}: the visit of {day} was never closed, and does not count as maintenance any more.",
                     station=seen[visit.station], day=w.day(visit.start_ms))  # fmt: skip
            st.warning(plain(text))
            context.link("books", _("Say when it ended"), book="visits", record=visit.id)
    if may_edit(context.viewer, "visits") and seen:
        with st.expander(_("Arrive at a station")):
            _arrive(context, seen)


def _arrive(context: Context, seen: dict[str, str]) -> None:
    _ = context.translate
    kinds = {kind: vocabulary.VISIT_KINDS.word(kind, _.code) for kind in VISIT_KINDS}
    with st.form(f"visit-arrive-{_.code}", enter_to_submit=False):
        left, right = st.columns(2)
        station = left.selectbox(_("Station"), list(seen), format_func=seen.__getitem__, key=f"visit-station-{_.code}")
        kind = right.selectbox(_("Kind"), list(kinds), format_func=kinds.__getitem__, key=f"visit-kind-{_.code}")
        st.caption(_("From now on the station counts as in maintenance, for 8 hours at the most."))
        if st.form_submit_button(_("I am there"), type="primary") and _take(
            context, lambda session, now: open_visit(session, station, kind, context.viewer.name, now)
        ):
            said(_("The visit has begun."))
            st.rerun()


def _there(context: Context, visit: StationVisit, name: str) -> None:
    _, w = context.translate, context.words
    told = _("{person} is at {station} since {time}", person=visit.person or "—", station=name,
             time=w.clock(visit.start_ms))  # fmt: skip
    st.info(plain(told))
    if not may_edit(context.viewer, "visits"):
        return
    with st.expander(_("Enter a calibration")):
        _calibrate(context, visit)
    if st.button(_("Leave the station"), key=f"visit-leave-{visit.id}-{_.code}") and _take(
        context, lambda session, now: close_visit(session, visit.id, now)
    ):
        said(_("The visit is closed."))
        st.rerun()


def _calibrate(context: Context, visit: StationVisit) -> None:
    _, w, key = context.translate, context.words, f"visit-{visit.id}-{context.translate.code}"
    heads = {name: w.determinand(name) for name in CALIBRATED if name in DETERMINANDS}
    with st.form(f"{key}-form", clear_on_submit=True, enter_to_submit=False):
        head = st.selectbox(_("Determinand"), list(heads), format_func=heads.__getitem__, key=f"{key}-head")
        places = st.columns(4)
        names = (_("Standard"), _("Before"), _("After"), _("Tolerance"))
        standard, before, after, tolerance = (
            place.number_input(label, value=None, format="%.10g", step=1.0, key=f"{key}-{number}")
            for number, (place, label) in enumerate(zip(places, names, strict=True))
        )
        due: Any = st.date_input(_("Next due on"), value=None, min_value=today(context.site, context.now()),
                                 key=f"{key}-due", format="YYYY-MM-DD")  # fmt: skip
        if not st.form_submit_button(_("Save"), type="primary"):
            return
        if standard is None:
            st.error(_("Say what the standard is."))
            return
        if _take(context, lambda session, _now: calibrate(
            session, visit.id, head, standard, before=before, after=after, tolerance=tolerance,
            next_due_on=due if isinstance(due, date) else None,
        )):  # fmt: skip
            said(_("Saved."))
            st.rerun()


def _take(context: Context, work: Any) -> bool:
    """One step of a visit; whether it was taken. A refusal is said."""
    context.require("book.visits")
    _ = context.translate
    now_ms = context.now()
    try:
        with context.books.change(context.viewer.account, now_ms, "") as session:
            row = work(session, now_ms)
            visit = row if isinstance(row, StationVisit) else session.get(StationVisit, row.visit_id)
            if not editor(context.viewer, context.site, BOOKS["visits"])(visit):
                raise RefusedError(Said("a row of your own area and books"))
    except RefusedError as error:
        st.error(plain(error.said.text(_)))
        return False
    return True
