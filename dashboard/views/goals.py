"""The goals: how far each is, when it will be reached, and the open items that stand in the way, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from dashboard import parts
from dashboard.casework.goals import GoalState, change_goal, goal_states, progress, seed_goals
from dashboard.casework.grades import MonthGrade, last_month, month_grades
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.page import Context, Page
from dashboard.sources import Sources
from dashboard.viewdata.books_ledger import ledger
from dashboard.viewdata.goals import (
    HISTORY_DAYS,
    ITEMS,
    Area,
    alt,
    amount,
    area_of,
    by_place,
    chart,
    definition,
    filled,
    forecast,
    has_grids,
    name,
    open_items,
    standing,
    summary,
)
from dashboard.views.books_bound import page_number, turn
from dashboard.views.books_save import said, say
from dashboard.views.chosen import unknown
from dashboard.views.going import follow, linker, on_pick
from dashboard.views.text import plain
from dashboard.wording import NOTHING
from sensors.errors import StoreError

#: How long the grades of a month serve every viewer [s].
GRADES_KEPT_S = 120


@st.cache_data(show_spinner=False, ttl=GRADES_KEPT_S, max_entries=16)
def _grades(folder: str, url: str, day: date, _sources: Sources) -> Mapping[str, MonthGrade]:
    desk = _sources.desk("zh")
    return dict(month_grades(_sources.store, desk.site, last_month(desk, day)))


def draw(context: Context) -> None:
    """Draw the page."""
    _, w = context.translate, context.words
    say()
    day = context.desk.calendar.day(context.now())
    try:
        grades: Mapping[str, MonthGrade] = _grades(context.sources.folder, context.sources.url, day, context.sources)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        grades = {}
    with context.books.read() as session:
        states = goal_states(session, context.desk, day, grades)
    site = context.site
    known: tuple[tuple[str, Iterable[str]], ...] = (
        ("goal", [state.goal.id for state in states]), ("river", site.rivers), ("grid", site.grids))  # fmt: skip
    for what, accepted in known:
        unknown(what, accepted, _)
    if not states:
        st.info(_("No goals yet."))
        if context.viewer.may("goal.change"):
            st.button(
                _("Begin with the goals of the plan"), on_click=_begin, args=(context, day.year), key="goals-begin"
            )
        return
    asked = st.query_params.get("goal", "")
    chosen = next((state for state in states if state.goal.id == asked), states[0])
    follow(context)
    head = (_("Goal"), _("Term"), _("Measured of needed"), _("Standing"), _("Date"), _("Forecast"), _("Open"))
    parts.mount("ledger", ledger(head, summary(states, day, w, chosen.goal.id), w, linker(context), numbers=(6,),
                label=_("Goals"), stack=True), key="goals-all", on_pick=on_pick("goals-all"))  # fmt: skip
    _goal(context, chosen, day)


def _goal(context: Context, state: GoalState, day: date) -> None:
    _, w = context.translate, context.words
    goal, measured = state.goal, state.measured
    st.header(plain(name(state, w)), anchor=False)
    st.text(definition(goal.measure, _))
    columns = st.columns(4)
    known = not measured.unknown
    columns[0].metric(_("Measured"), amount(measured.value, measured.unit, w) if known else NOTHING,
                      f"{measured.value / measured.total:.1%}" if known else None, delta_color="off",
                      delta_arrow="off")  # fmt: skip
    needed = amount(state.needed, measured.unit, w) if known else NOTHING
    columns[1].metric(_("Target"), needed, f"{goal.target:.0%}", delta_color="off", delta_arrow="off")
    columns[2].metric(_("Date"), goal.due_on.isoformat())
    columns[3].metric(_("Standing"), standing(state, w)[0])
    st.text(forecast(state, day, w, context.desk.settings.goals.pace_min_days))
    if measured.basis:
        st.caption(_("Measured on the evaluation of {month}.", month=plain(measured.basis)))
    if goal.note:
        st.text(goal.note)
    with context.books.read() as session:
        history = progress(session, goal.id, max(goal.begins_on, day - timedelta(days=HISTORY_DAYS)), day)
    if any(row.day < day for row in history):
        st.echarts_chart(chart(state, history, day, w), key=f"goal-chart-{goal.id}-{_.code}", height=280,
                         renderer="svg", alt=alt(state, w))  # fmt: skip
        st.caption(_("Kept once a day by the service of the office; a day without a record is a gap."))
    elif known:
        st.caption(_("No history yet: the service of the office keeps one figure a day from now on."))
    if context.viewer.may("goal.change"):
        _change(context, state)
    river, grid = st.query_params.get("river"), st.query_params.get("grid")
    # What is not known narrows nothing down.
    river = river if river in context.site.rivers else None
    grid = grid if grid in context.site.grids else None
    area = area_of(measured, context.viewer, river, grid)
    _places(context, state, area, river, grid)
    _open(context, state, area)


def _places(context: Context, state: GoalState, area: Area, river: str | None, grid: str | None) -> None:
    _, w, measured = context.translate, context.words, state.measured
    if measured.unknown == "nothing_known":
        return
    if river or grid:
        known = context.site.rivers.get(river or "")
        told = [w.place(known)] if known is not None else []
        cell = context.site.grids.get(grid or "")
        told += [cell.name] if cell is not None else []
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(_("Only {place}", place=" · ".join(told) or NOTHING))
            st.button(_("Show everything"), on_click=_everything, key=f"goal-everything-{_.code}")
    of_rivers = by_place(area_of(measured, context.viewer), measured.unit, context.site, w, state.goal.id, grids=False)
    tabs = [_("By river")] + ([_("By grid")] if has_grids(measured) else [])
    with st.expander(_("By river and grid"), expanded=False):
        places = st.tabs(tabs)
        head = (_("Done of all"), _("Open"))
        with places[0]:
            parts.mount("ledger", ledger((_("River"), *head), of_rivers, w, linker(context), numbers=(2,),
                        label=tabs[0]), key="goal-rivers", on_pick=on_pick("goal-rivers"))  # fmt: skip
        if len(places) > 1:
            of = by_place(area, measured.unit, context.site, w, state.goal.id, grids=True)
            with places[1]:
                parts.mount("ledger", ledger((_("Grid"), _("River"), *head), of[:300], w, linker(context),
                            numbers=(3,), label=tabs[1], empty=_("None of it lies in a known grid.")),
                            key="goal-grids", on_pick=on_pick("goal-grids"))  # fmt: skip


def _open(context: Context, state: GoalState, area: Area) -> None:
    """What stands in the way, item by item."""
    _, w, measured = context.translate, context.words, state.measured
    if measured.unknown == "not_evaluated":
        return
    st.subheader(_("What stands in the way"), anchor=False)
    offset = (page_number() - 1) * ITEMS
    items = area.obstacles[offset : offset + ITEMS]
    with context.books.read() as session:
        lines = open_items(session, items, measured.unit, context.site, w)
    head: Sequence[str] = (_("Item"), _("Name"), _("River"), _("Grid"), _("State"))
    if measured.unit == "m":
        head = (*head, _("Open length"))
    head, lines, kept = filled(head, lines)
    numbers = (kept.index(5),) if 5 in kept else ()
    parts.mount("ledger", ledger(head, lines, w, linker(context), label=_("What stands in the way"), numbers=numbers,
                stack=True, empty=_("Nothing is open.")), key="goal-open", on_pick=on_pick("goal-open"))  # fmt: skip
    words = (_("‹ Before"), _("Next ›"), _("{first}–{last} of {total}", first=offset + 1, last=offset + len(items),
             total=len(area.obstacles)))  # fmt: skip
    turn(offset, len(items), len(area.obstacles), ITEMS, words, f"goal-open-{_.code}")


def _change(context: Context, state: GoalState) -> None:
    """Another target or date, with the reason; the trail keeps both."""
    _, goal = context.translate, state.goal
    key = f"goal-{goal.id}-{_.code}"
    with st.expander(_("Change target or date")), st.form(f"{key}-form", enter_to_submit=False):
        left, right = st.columns(2)
        target = left.number_input(_("Target [%]"), 1.0, 100.0, goal.target * 100, 1.0, key=f"{key}-target")
        due_on = right.date_input(_("Date"), goal.due_on, key=f"{key}-due", format="YYYY-MM-DD",
                                  min_value=date(2000, 1, 1), max_value=date(2119, 12, 31))  # fmt: skip
        note = st.text_input(_("Note"), goal.note, key=f"{key}-note", max_chars=500)
        reason = st.text_input(_("Reason (needed)"), key=f"{key}-reason", max_chars=500)
        if st.form_submit_button(_("Save"), type="primary"):
            _save(context, state, round(target / 100, 6), due_on, note, reason.strip())


def _save(context: Context, state: GoalState, target: float, due_on: date, note: str, reason: str) -> None:
    context.require("goal.change")
    _, goal = context.translate, state.goal
    if not reason:
        st.error(_("Say why: the trail keeps the reason."))
        return
    try:
        with context.books.change(context.viewer.account, context.now(), reason) as session:
            change_goal(session, goal.id, target=target, due_on=due_on, note=note, shown=(goal.target, goal.due_on))
    except StepRefusedError as error:
        st.error(plain(error.told(_)))
        return
    said(_("Saved."))
    st.rerun()


def _everything() -> None:
    for one in ("river", "grid", "page"):
        st.query_params.pop(one, None)


def _begin(context: Context, year: int) -> None:
    context.require("goal.change")
    with context.books.change(context.viewer.account, context.now(), "goals that a site begins with") as session:
        seed_goals(session, year)


PAGE = Page("goals", lambda _: _("Goals"), lambda _: _("Goals"), draw, needs_books=True)
