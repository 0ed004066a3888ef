"""Inspections, patrols, and the red and black list of a month with every point traced to its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from analytics.periods import Period
from dashboard import parts
from dashboard.casework.books import BOOKS
from dashboard.casework.grades import MonthGrade, month_grades, month_of
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.redblack import ListLine, compute_list, publish_list, published
from dashboard.page import Context, Page
from dashboard.sources import Sources
from dashboard.viewdata.books_ledger import ledger
from dashboard.viewdata.inspections import (
    figures,
    finding_lines,
    formula,
    list_lines,
    months,
    name_of,
    of_entries,
    part_lines,
    rules_of,
)
from dashboard.views.books_bound import choose, switch
from dashboard.views.books_save import said, say
from dashboard.views.books_shelf import shelf
from dashboard.views.chosen import BOX_PX
from dashboard.views.going import follow, linker, on_pick
from dashboard.views.text import plain
from dashboard.wording import NOTHING
from sensors.errors import StoreError

#: How long the grades of a month serve every viewer [s].
GRADES_KEPT_S = 120


@st.cache_data(show_spinner=False, ttl=GRADES_KEPT_S, max_entries=32)
def _grades(folder: str, url: str, month: str, _sources: Sources) -> Mapping[str, MonthGrade]:
    return dict(month_grades(_sources.store, _sources.site, month_of(_sources.site, month)))


def draw(context: Context) -> None:
    """Draw the page."""
    _ = context.translate
    words = {"inspections": _("Inspections"), "patrols": _("Patrols"), "list": _("Red and black list")}
    # A row that is linked from elsewhere names its book and no tab.
    named = st.query_params.get("book", "")
    default = named if named in ("inspections", "patrols") else "inspections"
    tab = switch("tab", _("Part"), words, f"inspections-tab-{_.code}", default=default, translate=_)
    if tab == "list":
        _list(context)
        return
    if "record" not in st.query_params and "add" not in st.query_params and tab == "inspections":
        _figures(context)
    shelf(context, BOOKS[tab], "inspections")


def _month(context: Context) -> Period:
    """The month that stands in the address; the last one that is over where none does."""
    _ = context.translate
    known = months(context.desk.calendar.day(context.now()))
    label = choose("month", _("Month"), {name: name for name in known}, f"inspections-month-{_.code}", default=known[1],
                   translate=_, width=BOX_PX)  # fmt: skip
    return month_of(context.site, label)


def _figures(context: Context) -> None:
    """What the inspections of a month found."""
    _, w = context.translate, context.words
    month = _month(context)
    with context.books.read() as session:
        found = figures(session, context.desk, month.start_ms, month.end_ms, context.viewer)
        lines = finding_lines(session, context.desk, month.start_ms, month.end_ms, context.viewer, w)
    columns = st.columns(4)
    columns[0].metric(_("Inspections"), found.inspections, rules_of(found.kinds, _.code) or None, delta_color="off",
                      delta_arrow="off")  # fmt: skip
    columns[1].metric(_("Mean score"), NOTHING if found.mean is None else f"{found.mean:.1f}")
    columns[2].metric(_("Findings"), found.findings)
    columns[3].metric(_("Without an order"), found.without_order)
    if lines:
        with st.expander(_("Findings of {month}", month=month.label)):
            follow(context)
            head = (_("Finding"), _("Day"), _("River"), _("Kind"), _("Text"), _("Points"), _("Department"), _("Order"))
            parts.mount("ledger", ledger(head, lines[:300], w, linker(context), label=_("Findings"), numbers=(5,)),
                        key="inspections-findings", on_pick=on_pick("inspections-findings"))  # fmt: skip


def _list(context: Context) -> None:
    """The red and black list of a month: published, or as it would be now."""
    _, w = context.translate, context.words
    say()
    month = _month(context)
    try:
        grades: Mapping[str, MonthGrade] = _grades(context.sources.folder, context.sources.url, month.label,
                                                   context.sources)  # fmt: skip
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    with context.books.read() as session:
        entries = published(session, month.label)
        found = of_entries(entries) if entries else compute_list(session, context.desk, month, grades)
    _state(context, month, [entry.published_ms for entry in entries], grades)
    with st.expander(_("How the points are found")):
        for sentence in formula(context.desk.settings.list, _):
            st.text(sentence)
    follow(context)
    asked = st.query_params.get("subject", "")
    scope = st.query_params.get("scope", "river")
    rivers = list_lines(found, "river", context.site, grades, w, context.viewer, month.label, asked)
    offices = list_lines(found, "department", context.site, grades, w, context.viewer, month.label, asked)
    head = (_("Place"), _("Points"), _("List"))
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        data = ledger((_("River"), *head, _("Class"), _("Target"), _("Records counted")), rivers, w, linker(context),
                      caption=_("Rivers"), numbers=(1, 2, 6))  # fmt: skip
        parts.mount("ledger", data, key="list-rivers", on_pick=on_pick("list-rivers"))
    with right:
        data = ledger((_("Department"), *head, _("Records counted")), offices, w, linker(context),
                      caption=_("Departments"), numbers=(1, 2, 4))  # fmt: skip
        parts.mount("ledger", data, key="list-offices", on_pick=on_pick("list-offices"))
        _points(context, found, scope, asked, month.label)


def _points(context: Context, found: Sequence[ListLine], scope: str, subject: str, month: str) -> None:
    """Where the points of the line that was picked come from."""
    _, w = context.translate, context.words
    line = next((one for one in found if (one.scope, one.subject) == (scope, subject)), None)
    if line is None or (scope == "river" and not context.viewer.sees_river(subject)):
        st.caption(_("Pick a river or a department to see where its points come from."))
        return
    with context.books.read() as session:
        lines = part_lines(session, line, month, context.site, w)
    told = _("{name}: 100 points, and these", name=name_of(scope, subject, context.site, w))
    data = ledger((_("What"), _("Points"), _("Record")), lines, w, linker(context), caption=told,
                  note=_("= {points}", points=f"{line.points:g}"), numbers=(1,),
                  empty=_("Nothing was lost or found: 100 points."))  # fmt: skip
    parts.mount("ledger", data, key="list-points", on_pick=on_pick("list-points"))


def _state(context: Context, month: Period, stamps: Sequence[int | None], grades: Mapping[str, MonthGrade]) -> None:
    """Whether the list was published, and the button that does it."""
    _, w = context.translate, context.words
    if stamps:
        when = next(stamp for stamp in stamps if stamp is not None)
        st.success(_("Published on {day}: it stands as it was, whatever the books become.", day=w.day(when)))
        return
    over = month.end_ms <= context.now()
    st.info(_("Not published: this is what it would be now.") if over
            else _("The month is not over: this is what it would be now."))  # fmt: skip
    if not over or not context.viewer.may("list.publish"):
        return
    missing = [river for river, grade in grades.items() if grade.water_class is None]
    if missing:
        st.caption(_.plural("{count} river has no grade of this month.", "{count} rivers have no grade of this month.",
                            len(missing)))  # fmt: skip
    sure = st.checkbox(_("It has been checked and goes out"), key=f"list-sure-{month.label}-{_.code}")
    if st.button(_("Publish"), type="primary", disabled=not sure, key=f"list-publish-{month.label}-{_.code}"):
        _publish(context, month)


def _publish(context: Context, month: Period) -> None:
    context.require("list.publish")
    _ = context.translate
    grades = month_grades(context.sources.store, context.site, month)
    try:
        with context.books.change(context.viewer.account, context.now(), f"list of {month.label}") as session:
            publish_list(session, context.desk, month, grades, context.now())
    except StepRefusedError as error:
        st.error(plain(error.told(_)))
        return
    said(_("The list of {month} is published.", month=month.label))
    st.rerun()


PAGE = Page(
    "inspections", lambda _: _("Inspections"), lambda _: _("Inspections and the red and black list"), draw,
    section="books", needs_books=True,
)  # fmt: skip
