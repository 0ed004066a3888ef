"""The evaluation of days, months, quarters and years: what the bureau's report says, with the reason and the change."""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.periods import Period, PeriodKind
from dashboard import parts
from dashboard.evaluation_table import Line, river_lines, section_lines
from dashboard.evaluations import PeriodReport
from dashboard.page import Context, Page
from dashboard.sources import Sources
from dashboard.views import chosen
from dashboard.views.text import plain
from dashboard.wording import NOTHING, Wording
from sensors.errors import StoreError

#: How many periods of each kind can be chosen.
CHOICES: dict[PeriodKind, int] = {"day": 31, "month": 24, "quarter": 12, "year": 5}


def draw(context: Context) -> None:
    """Draw the page; what is chosen stands in the address as ``kind``, ``period`` and ``of``."""
    sources, w = context.sources, context.words
    _ = w._
    kinds: dict[str, str] = {
        "month": _("Month"), "day": _("Day"), "quarter": _("Quarter"), "year": _("Year"),
    }  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        kind = cast(PeriodKind, chosen.segments("kind", _("Period"), kinds, "day", _.code))
        period = _chosen(sources, kind, w)
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
    of = chosen.segments(
        "of", _("Part of the page"), {"rivers": _("Rivers"), "sections": _("Sections")}, "rivers", _.code
    )
    lines = (river_lines if of == "rivers" else section_lines)(report, sources.site, w)
    lines = [line for line in lines if context.viewer.sees_river(line.river)]
    parts.mount("grid", table(lines, w, _("Rivers") if of == "rivers" else _("Sections")), key=f"evaluation-{of}")
    st.caption(
        _(
            "Means of the valid parts: hours, four hours, days, months; a laboratory result takes the place of the "
            "probe's mean in its month. Changes after MEP notice No. 22 of 2011; * other sections or determinands."
        )
    )


def _chosen(sources: Sources, kind: PeriodKind, w: Wording) -> Period:
    """The period of the address, where it can be chosen; what has ended is told first."""
    _ = w._
    period = Period.at(kind, sources.now(), ZoneInfo(sources.site.timezone))
    periods = [period]
    while len(periods) < CHOICES[kind]:
        period = period.previous()
        periods.append(period)
    labels = {one.label: one for one in periods}
    # Of the running period there may be nothing yet.
    label = chosen.box(
        "period", _("Which"), dict(zip(labels, labels, strict=True)), periods[1].label, _.code, width=200
    )
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


def table(lines: list[Line], w: Wording, caption: str) -> dict[str, Any]:
    """Lines as a table: classes as chips, with the marks beside them."""
    _ = w._
    doubtful = any(line.certain for line in lines)
    return {
        "lang": _.code,
        "level": 2,
        "caption": caption,
        "head": [
            {"text": _("Name")}, {"text": _("State")}, {"text": _("Target")}, {"text": _("On target")},
            {"text": _("Deciding or main pollutants")},
            *([{"text": _("Without suspect readings")}] if doubtful else []),
            {"text": _("On the period before")}, {"text": _("On last year")}, {"text": _("Source of values")},
            {"text": _("Valid hours"), "number": True},
        ],
        "rows": [{"key": str(number), "cells": _cells(line, w, doubtful)} for number, line in enumerate(lines)],
        "empty": NOTHING,
    }  # fmt: skip


def _cells(line: Line, w: Wording, doubtful: bool) -> list[dict[str, Any]]:
    _ = w._
    marks = [word for told, word in ((line.partial, _("partial")), (line.provisional, _("provisional"))) if told]
    missed = line.attained == _("no")
    return [
        {"text": line.name},
        {"chip": True, "text": line.state, "cls": line.shade, "tags": marks},
        {"text": line.target},
        {"text": line.attained, "tone": "bad" if missed else ""},
        {"text": line.reason or NOTHING, "wide": True},
        *([{"text": line.certain or NOTHING}] if doubtful else []),
        {"text": line.on_previous}, {"text": line.on_year}, {"text": line.source}, {"text": line.hours},
    ]  # fmt: skip


PAGE = Page("evaluation", lambda _: _("Evaluation"), lambda _: _("Evaluation of periods"), draw, section="water")
