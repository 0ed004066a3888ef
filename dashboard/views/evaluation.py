"""The evaluation of days, months, quarters and years: what the bureau's report says, with the reason and the change."""

from __future__ import annotations

from dataclasses import asdict
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.periods import Period, PeriodKind
from dashboard.access import STAFF
from dashboard.evaluation_table import Line, river_lines, section_lines
from dashboard.evaluations import PeriodReport
from dashboard.i18n import Translator
from dashboard.page import Context, Page
from dashboard.sources import Sources
from dashboard.views.text import plain
from dashboard.wording import NOTHING, Wording
from sensors.errors import StoreError

#: How many periods of each kind can be chosen.
CHOICES: dict[PeriodKind, int] = {"day": 31, "month": 24, "quarter": 12, "year": 5}


def draw(context: Context) -> None:
    """Draw the page."""
    sources, w = context.sources, context.words
    _ = w._
    kinds: dict[PeriodKind, str] = {
        "month": _("Month"), "day": _("Day"), "quarter": _("Quarter"), "year": _("Year"),
    }  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        kind = st.segmented_control(
            _("Period"), list(kinds), default="day", format_func=kinds.__getitem__, key=f"kind-{_.code}",
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        period = _chosen(sources, kind, _)
    try:
        report = sources.period_report(period.kind, period.start_ms)
    except StoreError as error:
        st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        return
    if report is None:
        st.info(_("Nothing was evaluated for {period}.", period=period.label))
        return
    if report.running:
        st.caption(_("{period} has not ended: evaluated on what there is of it.", period=period.label))
    _summary(report, w)
    rivers, sections = st.tabs([_("Rivers"), _("Sections")])
    with rivers:
        _table(river_lines(report, sources.site, w), w, f"rivers-{period.label}")
    with sections:
        _table(section_lines(report, sources.site, w), w, f"sections-{period.label}")
    st.caption(
        _(
            "Means of the valid parts: hours, four hours, days, months; a laboratory result takes the place of the "
            "probe's mean in its month. Changes after MEP notice No. 22 of 2011; * other sections or determinands."
        )
    )


def _chosen(sources: Sources, kind: PeriodKind, translate: Translator) -> Period:
    _ = translate
    period = Period.at(kind, sources.now(), ZoneInfo(sources.site.timezone))
    periods = [period]
    while len(periods) < CHOICES[kind]:
        period = period.previous()
        periods.append(period)
    labels = {one.label: one for one in periods}
    # What has ended is told first: of the running period there may be nothing yet.
    label = st.selectbox(_("Which"), list(labels), index=1, key=f"period-{kind}-{_.code}", label_visibility="collapsed")
    return labels[label]


def _summary(report: PeriodReport, w: Wording) -> None:
    _ = w._
    whole = report.evaluation.with_suspect.subdistrict
    change = report.on_previous.subdistrict if report.on_previous else None
    columns = st.columns(4)
    state = w.descriptor(whole.descriptor) if whole.descriptor else NOTHING
    columns[0].metric(_("All waters"), state, change.text(english=not w.chinese) if change else None, delta_color="off")
    for column, label, share in (
        (columns[1], _("Sections of class I to III"), whole.fair_share),
        (columns[2], _("Sections of inferior V"), whole.inferior_share),
        (columns[3], _("Sections on target"), whole.attaining_share),
    ):
        column.metric(label, NOTHING if share is None else f"{share:.1f} %")


def _table(lines: list[Line], w: Wording, key: str) -> None:
    _ = w._
    titles = {
        "name": _("Name"), "state": _("State"), "target": _("Target"), "attained": _("On target"),
        "reason": _("Deciding or main pollutants"), "certain": _("Without suspect readings"),
        "on_previous": _("On the period before"), "on_year": _("On last year"), "source": _("Source of values"),
        "hours": _("Valid hours"),
    }  # fmt: skip
    marks = {"partial": _("partial"), "provisional": _("provisional")}
    rows = []
    for line in lines:
        shown = asdict(line)
        told = [word for mark, word in marks.items() if shown[mark]]
        rows.append({titles[name]: shown[name] for name in titles} | {_("Marks"): w.join(told)})
    st.dataframe(rows, hide_index=True, key=f"table-{key}-{_.code}", height="content")


PAGE = Page("evaluation", lambda _: _("Evaluation"), lambda _: _("Evaluation of periods"), draw, STAFF, section="water")
