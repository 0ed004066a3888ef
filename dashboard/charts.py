"""Figures of the board as ECharts options: plain data in, plain data out, drawn by Streamlit without the internet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from analytics.grading import WaterClass
from dashboard.series import LimitLine, Series
from dashboard.wording import Wording
from sensors.determinand import DETERMINANDS

#: Class colours on a chart, and the colour of text on them; the same as on the map.
CLASS_COLOURS = {
    "I": ("#cfe6f8", "#0b2b47"), "II": ("#1d66b5", "#ffffff"), "III": ("#1f7a38", "#ffffff"),
    "IV": ("#f4cb1c", "#241c00"), "V": ("#f0831e", "#231000"), "INFERIOR_V": ("#c41822", "#ffffff"),
}  # fmt: skip
LINE_COLOURS = {"I": "#5aa9e6", "II": "#2f7fd3", "III": "#37a455", "IV": "#d9b000", "V": "#f0831e"}
MEAN_COLOUR = "#2a78b8"
MISSED_COLOUR = "rgba(216, 38, 47, 0.07)"

#: Share of the axis that two labels must keep apart.
LABEL_SHARE = 0.075

#: Colours of events, orders and visits.
MARK_COLOURS = {"event": "#9558d0", "order": "#0b7f86", "visit": "#8a6d1d"}

#: Share of the time axis that the names of two events must keep apart; the list below names all.
EVENT_SHARE = 0.09

_OWN_SCALE = frozenset({"ph", "water_temperature", "orp", "water_level", "velocity"})


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, marked on a chart from its begin to its end.

    Attributes
    ----------
    kind : {'event', 'order', 'visit'}
    text : str
    start_ms : int
    end_ms : int or None
        None while it lasts; milliseconds since the epoch, UTC.
    """

    kind: Literal["event", "order", "visit"]
    text: str
    start_ms: int
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reading that a test doubts, or fails.

    Attributes
    ----------
    time_ms : int
    value : float
        In the determinand's unit.
    text : str
        Which tests, and their numbers.
    failed : bool
        Whether it cannot be water's.
    """

    time_ms: int
    value: float
    text: str
    failed: bool = False


def time_series(
    one: Series, w: Wording, target: str | None = None, marks: Sequence[Mark] = (), doubts: Sequence[Doubt] = ()
) -> dict[str, Any]:
    """Course of a determinand: mean as a line, minimum to maximum as a band, class limits, gaps kept.

    Parameters
    ----------
    one : Series
    w : Wording
    target : str, optional
        Class the water must reach; what misses it is tinted.
    marks : sequence of Mark, optional
        Events, over the whole height; orders and visits, as bars along the top.
    doubts : sequence of Doubt, optional
        Readings with their tests.

    Returns
    -------
    dict
        An ECharts option. Times are shifted to the site's time zone and read as UTC, so that every browser shows the
        site's clock.
    """
    _ = w._
    times = [_shifted(point.time_ms, w) for point in one.points]
    low, high = axis(one.determinand, one.limits, [v for p in one.points for v in (p.minimum, p.maximum)])
    limits = [line for line in one.limits if low <= line.value <= high]
    name = {"mean": _("mean"), "band": _("minimum to maximum"), "low": _("minimum"), "high": _("maximum")}
    spread = [None if p.maximum is None or p.minimum is None else round(p.maximum - p.minimum, 9) for p in one.points]
    mean = _line(name["mean"], times, [p.mean for p in one.points], lineStyle={"width": 2, "color": MEAN_COLOUR})
    lines = _limit_marks(limits, high - low, w)
    mean["markLine"] = {"silent": True, "symbol": "none", "animation": False, "data": lines}
    if area := _missed(one.limits, target, low, high):
        mean["markArea"] = {"silent": True, "itemStyle": {"color": MISSED_COLOUR}, "data": area}
    hidden = {"lineStyle": {"width": 0}, "z": 1}
    band = {"stack": "band", "stackStrategy": "all", **hidden}
    shade = {"areaStyle": {"color": MEAN_COLOUR, "opacity": 0.24}, "tooltip": {"show": False}}
    rows = [
        _line(name["low"], times, [p.minimum for p in one.points], **band),
        _line(name["band"], times, spread, **band, **shade),
        mean,
        _line(name["high"], times, [p.maximum for p in one.points], **hidden),
    ]
    if any(point.provisional for point in one.points):
        rows.append(_provisional(one, times, _("provisional")))
    doubtful = _doubtful(doubts, (low, high), w)
    rows += doubtful
    happened = _happened(marks, one, (low, high), w)
    rows += happened
    decimals = DETERMINANDS[one.determinand].decimals
    return {
        "useUTC": True,
        "animation": False,
        "color": [MEAN_COLOUR],
        "grid": {"left": 8, "right": 46, "top": 40, "bottom": 8, "containLabel": True},
        "legend": {
            "top": 0, "left": 0, "selectedMode": False, "itemWidth": 18,
            "data": [
                name["mean"],
                {"name": name["band"], "icon": "rect", "itemStyle": {"color": MEAN_COLOUR, "opacity": 0.3}},
                *({"name": row["name"], "icon": "rect"} for row in happened),
                *({"name": row["name"]} for row in doubtful),
            ],
        },
        "tooltip": {"trigger": "axis", "valueFormatter": f"%.{decimals}f", "confine": True},
        "xAxis": {
            "type": "time", "min": _shifted(one.start_ms, w), "max": _shifted(one.end_ms, w),
            "axisLabel": {"hideOverlap": True, **_months(w)}, "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value", "min": low, "max": high, "splitNumber": 4, "splitLine": {"lineStyle": {"opacity": 0.4}},
        },
        "series": rows,
    }  # fmt: skip


def _months(w: Wording) -> dict[str, Any]:
    """Months of the time axis as the reader writes them: the chart library knows English ones."""
    return {"formatter": {"month": "{M}月"}} if w.chinese else {}


def _line(name: str, times: list[int], values: list[float | None], **more: Any) -> dict[str, Any]:
    return {
        "name": name, "type": "line", "data": _data(times, values), "symbol": "none", "connectNulls": False,
        "itemStyle": {"color": MEAN_COLOUR}, **more,
    }  # fmt: skip


def _data(times: list[int], values: list[float | None]) -> list[Any]:
    """Pairs of time and value; one that stands alone between two gaps gets a dot, or nobody would see it."""
    padded = [None, *values, None]
    pairs: list[Any] = []
    for index, (time, value) in enumerate(zip(times, values, strict=True)):
        alone = value is not None and padded[index] is None and padded[index + 2] is None
        pairs.append({"value": [time, value], "symbol": "circle", "symbolSize": 4} if alone else [time, value])
    return pairs


def _provisional(one: Series, times: list[int], name: str) -> dict[str, Any]:
    data = [[time, point.maximum] for time, point in zip(times, one.points, strict=True) if point.provisional]
    style = {"color": "transparent", "borderColor": "#c2620a", "borderWidth": 1.5}
    return {
        "name": name, "type": "scatter", "data": data, "symbol": "diamond", "symbolSize": 8, "itemStyle": style,
        "tooltip": {"show": False},
    }  # fmt: skip


def _shifted(time_ms: int, w: Wording) -> int:
    """Instant moved by the zone's offset: its UTC clock then reads like the site's."""
    offset = datetime.fromtimestamp(time_ms / 1000, w.zone).utcoffset()
    return time_ms + (round(offset.total_seconds() * 1000) if offset else 0)


def _happened(marks: Sequence[Mark], one: Series, bounds: tuple[float, float], w: Wording) -> list[dict[str, Any]]:
    """A series without points for each kind of mark, which carries its areas and its place in the legend."""
    _ = w._
    low, high = bounds
    names = {"event": _("events"), "order": _("orders"), "visit": _("visits")}
    rows = []
    for row, (kind, name) in enumerate(names.items()):
        these = [mark for mark in marks if mark.kind == kind]
        if not these:
            continue
        colour = MARK_COLOURS[kind]
        top = high if kind == "event" else high - (row - 1) * 0.05 * (high - low)
        foot = low if kind == "event" else top - 0.04 * (high - low)
        areas, labelled = [], -math.inf
        for mark in sorted(these, key=lambda mark: mark.start_ms):
            start_ms = max(mark.start_ms, one.start_ms)
            # As wide as can be seen, however short it was.
            end_ms = max(min(mark.end_ms or one.end_ms, one.end_ms), start_ms + (one.end_ms - one.start_ms) // 250)
            room = (start_ms + end_ms) / 2 - labelled >= EVENT_SHARE * (one.end_ms - one.start_ms)
            labelled = (start_ms + end_ms) / 2 if room else labelled
            areas.append([
                {"name": mark.text if kind == "event" and room else "", "xAxis": _shifted(start_ms, w), "yAxis": foot},
                {"xAxis": _shifted(min(end_ms, one.end_ms), w), "yAxis": top},
            ])  # fmt: skip
        rows.append({
            "name": name, "type": "line", "data": [], "color": colour, "itemStyle": {"color": colour},
            "markArea": {
                "silent": True, "animation": False, "data": areas,
                "itemStyle": {"color": colour, "opacity": 0.2 if kind == "event" else 0.9},
                "label": {
                    "show": kind == "event", "position": "insideTop", "fontSize": 10,
                    "color": "inherit", "distance": 14,
                },
            },
        })  # fmt: skip
    return rows


def _doubtful(doubts: Sequence[Doubt], bounds: tuple[float, float], w: Wording) -> list[dict[str, Any]]:
    """Readings that a test doubts, and those that it fails; one that lies off the chart is drawn at its edge."""
    _ = w._
    low, high = bounds
    rows = []
    for failed, name, symbol, colour in (
        (False, _("suspect reading"), "diamond", "#c2620a"),
        (True, _("failed reading"), "rect", "#b01822"),
    ):
        data = [
            {"value": [_shifted(one.time_ms, w), min(max(one.value, low), high)], "name": one.text}
            for one in doubts
            if one.failed is failed
        ]
        if data:
            rows.append({
                "name": name, "type": "scatter", "data": data, "symbol": symbol, "symbolSize": 7,
                "itemStyle": {"color": "transparent", "borderColor": colour, "borderWidth": 1.6},
                "tooltip": {"trigger": "item", "formatter": "{b}"},
            })  # fmt: skip
    return rows


def axis(determinand: str, lines: Sequence[LimitLine], measured: Iterable[float | None]) -> tuple[float, float]:
    """Bounds of the value axis: the data, the limit they last passed and the next one [unit of the determinand]."""
    values = [value for value in measured if value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    limits = sorted(line.value for line in lines)
    if determinand in _OWN_SCALE:
        low, high = min([low, *limits]), max([high, *limits])
        pad = max((high - low) * 0.08, 0.2)
        step = step_of(high - low + 2 * pad)
        return math.floor((low - pad) / step) * step, math.ceil((high + pad) / step) * step
    above = next((limit for limit in limits if limit > high), high)
    high = max(high * 1.06, above if above <= max(2 * high, limits[0] if limits else 0) else 0, 1e-6)
    step = step_of(high)
    return 0.0, round(math.ceil(high * 1.02 / step) * step, 9)


def step_of(span: float) -> float:
    """A quarter of a span, rounded to a number that people count in."""
    raw = span / 4
    power = 10.0 ** math.floor(math.log10(raw))
    return next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= raw)


def _limit_marks(limits: list[LimitLine], span: float, w: Wording) -> list[dict[str, Any]]:
    """One line a limit; a label only where the one before it leaves room."""
    marks: list[dict[str, Any]] = []
    labelled = -math.inf
    for line in sorted(limits, key=lambda line: line.value):
        name = line.classes[-1]
        shown = line.value - labelled >= LABEL_SHARE * span
        labelled = line.value if shown else labelled
        fill, ink = CLASS_COLOURS[name]
        marks.append({
            "yAxis": line.value,
            "lineStyle": {"color": LINE_COLOURS[name], "type": "dashed", "width": 1.3, "opacity": 0.95},
            "label": {
                "show": shown, "position": "end", "formatter": _classes(line, w), "color": ink,
                "backgroundColor": fill, "padding": [2, 5], "borderRadius": 3, "fontSize": 11, "fontWeight": "bold",
            },
        })  # fmt: skip
    return marks


def _classes(line: LimitLine, w: Wording) -> str:
    first, last = w.short_class(line.classes[0]), w.short_class(line.classes[-1])
    return first if first == last else f"{first}–{last}"


def _missed(limits: tuple[LimitLine, ...], target: str | None, low: float, high: float) -> list[list[dict[str, float]]]:
    """Areas of the chart in which the target class is missed."""
    if target is None:
        return []
    areas = []
    for line in limits:
        holds = any(WaterClass[name] == WaterClass[target] for name in line.classes)
        if holds and line.worse_above and line.value < high:
            areas.append([{"yAxis": line.value}, {"yAxis": high}])
        elif holds and not line.worse_above and line.value > low:
            areas.append([{"yAxis": low}, {"yAxis": line.value}])
    return areas
