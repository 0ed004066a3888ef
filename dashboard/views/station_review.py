"""Review of suspect readings (数据审核): a run, its chart and numbers, what it does to the grades, and the decision."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from collectors.stores import open_store
from dashboard import parts
from dashboard.board import StationToday, Today
from dashboard.casework.reviews import decide
from dashboard.casework.survey import RefusedError
from dashboard.page import Context, Denied
from dashboard.viewdata import station_scene as station_page_scene
from dashboard.viewdata.station import effects
from dashboard.viewdata.station_care import Care, Run
from dashboard.views import chosen, courses, kept, station_signals
from dashboard.views.text import plain
from sensors.errors import BooksError, StoreError

#: Where the session keeps what came of a decision.
_SAID = "review-said"


def review(context: Context, today: Today, one: StationToday, found: Care) -> None:
    """Runs that wait, one of them open, and what was decided before."""
    w = context.words
    _ = w._
    if said := st.session_state.pop(_SAID, None):
        kind, text = said
        (st.success if kind == "done" else st.error)(text)
    if not found.waiting:
        st.info(_("No suspect readings of this station wait for a decision."))
    else:
        names = {str(run.id): station_page_scene.run_title(run, today.now_ms, w) for run in found.waiting}
        picked = chosen.box("run", _("Runs that wait"), names, next(iter(names)), _.code, shown=True, width="stretch")
        _run(context, today, one, next(run for run in found.waiting if str(run.id) == picked))
    parts.mount("grid", station_page_scene.decided_table(found, today.now_ms, w), key="decided")


def _run(context: Context, today: Today, one: StationToday, run: Run) -> None:
    sources, w = context.sources, context.words
    _ = w._
    hours = station_page_scene.hours_of(run)
    end_ms = min(today.now_ms, run.end_ms + round(hours * 3_600_000 / 3))
    course = kept.series_of(sources, sources.url, one.station.id, run.determinand, hours, end_ms, today.now_ms)
    back_h = (today.now_ms - end_ms) / 3_600_000 + hours
    doubted = [
        each
        for each in station_signals.doubtful(context, one.station.id, run.determinand, back_h, today.now_ms, w)
        if each.time_ms <= end_ms
    ]
    target = context.site.rivers[one.station.river].target_class
    courses.chart(course, w, w.determinand(run.determinand), target=target, doubts=doubted, key="run", height=260)
    for line in station_page_scene.run_numbers(run, w):
        st.text(line)
    _effects(context, one, run)
    if context.viewer.may("review.decide"):
        _decision(context, run)
    else:
        st.caption(_("Engineers and the office decide on suspect readings."))


def _effects(context: Context, one: StationToday, run: Run) -> None:
    w = context.words
    _ = w._
    for each in effects(context.sources.store, context.site, one.station.id, run.start_ms, run.end_ms)[:5]:
        st.text(
            _(
                "{day}: {with_suspect} with suspect readings, {without} without",
                day=w.date(each.day), with_suspect=w.water_class(each.with_suspect),
                without=w.water_class(each.without),
            )
        )  # fmt: skip
    st.caption(
        _(
            "Accepted readings count as good, and the class is no longer provisional for them. Rejected ones do not "
            "count; nothing that was measured is deleted. The hub then judges the hours, days and months again."
        )
    )


def _decision(context: Context, run: Run) -> None:
    _ = context.translate
    key = f"review-reason-{run.id}-{_.code}"
    st.text_input(_("Reason (kept with the decision)"), key=key, max_chars=500)
    with st.container(horizontal=True, gap="small"):
        st.button(
            _("Accept: it was the water"),
            key=f"accept-{run.id}-{_.code}",
            type="primary",
            on_click=_decided(context, run.id, "accepted", key),
        )
        st.button(
            _("Reject: it was the instrument"), key=f"reject-{run.id}-{_.code}",
            on_click=_decided(context, run.id, "rejected", key),
        )  # fmt: skip


def _decided(context: Context, run: int, decision: str, key: str) -> Callable[[], None]:
    """What carries out a decision; it is refused in words, and nothing is half done."""

    def carry_out() -> None:
        _ = context.translate
        try:
            context.require("review.decide")
            take(context, run, decision, str(st.session_state.get(key, "")))
        except Denied:
            st.session_state[_SAID] = ("refused", _("This is not for your role."))
        except RefusedError as error:
            st.session_state[_SAID] = ("refused", plain(error.said.text(_)))
        except (BooksError, StoreError) as error:
            text = _("Nothing was decided: {error}", error=plain(str(error)))
            st.session_state[_SAID] = ("refused", text)
        else:
            st.session_state[_SAID] = ("done", _("Decided. The hub takes it into the grades with its next round."))

    return carry_out


def take(context: Context, run: int, decision: str, reason: str) -> None:
    """Decide on a run: books and store together.

    Raises
    ------
    RefusedError, BooksError, StoreError
    """
    sources, now_ms = context.sources, context.now()
    store = open_store(sources.url)
    try:
        with context.books.change(context.viewer.account, now_ms, reason) as session:
            decide(session, store, run, decision, reason, context.viewer.account, now_ms)
    finally:
        store.close()
    kept.flags_of.clear()
    kept.heads_of.clear()
    kept.series_of.clear()
