"""The chart of a determinand with what happened beside it: shared by the pages of rivers and stations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import charts
from dashboard.series import Series, SeriesPoint
from dashboard.wording import Wording

#: Spans that can be chosen [h].
SPANS: Mapping[str, int] = {"1d": 24, "7d": 24 * 7, "30d": 24 * 30, "1y": 24 * 365, "5y": 24 * 1826}


def spans(w: Wording) -> dict[str, str]:
    """Spans in words."""
    _ = w._
    return {
        "1d": w.span(86_400), "7d": w.span(7 * 86_400), "30d": w.span(30 * 86_400), "1y": _("1 year"),
        "5y": _("5 years"),
    }  # fmt: skip


def chart(
    course: Series, w: Wording, title: str, *, target: str | None = None, marks: Sequence[charts.Mark] = (),
    doubts: Sequence[charts.Doubt] = (), key: str = "chart", height: int = 320,
) -> None:  # fmt: skip
    """Draw a course: caption, chart and what it shows in words."""
    _ = w._
    unit = f" [{w.unit(course.determinand)}]" if w.unit(course.determinand) else ""
    st.caption(f"{title}{unit} · " + _("windows of {span}", span=w.span(course.step_ms / 1000)))
    if not any(point.mean is not None for point in course.points):
        st.caption(_("No usable reading in this span."))
    option = charts.time_series(course, w, target, marks, doubts)
    st.echarts_chart(
        option, key=key, height=height, renderer="svg", alt=alt(course.points, title, w, course.determinand, marks)
    )


def alt(points: Sequence[SeriesPoint], title: str, w: Wording, key: str, marks: Sequence[charts.Mark] = ()) -> str:
    """What a chart shows, for those who hear it."""
    _ = w._
    lows = [point.minimum for point in points if point.minimum is not None]
    highs = [point.maximum for point in points if point.maximum is not None]
    if not lows:
        return title
    told = _("{title}: from {low} to {high}", title=title, low=w.number(key, min(lows)), high=w.number(key, max(highs)))
    if not marks:
        return told
    counts = {kind: sum(mark.kind == kind for mark in marks) for kind in ("event", "order")}
    return f"{told}; " + _("{events} events and {orders} orders", events=counts["event"], orders=counts["order"])
