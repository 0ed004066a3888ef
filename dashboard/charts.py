"""Figures of the board as ECharts options: plain data in, plain data out, drawn by Streamlit without the internet."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

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

_OWN_SCALE = frozenset({"ph", "water_temperature", "orp", "water_level", "velocity"})


def time_series(one: Series, w: Wording, target: str | None = None) -> dict[str, Any]:
    """Course of a determinand: mean as a line, minimum to maximum as a band, class limits, gaps kept.

    Parameters
    ----------
    one : Series
    w : Wording
    target : str, optional
        Class the water must reach; what misses it is tinted.

    Returns
    -------
    dict
        An ECharts option. Times are shifted to the site's time zone and read as UTC, so that every browser shows the
        site's clock.
    """
    _ = w._
    times = [_shifted(point.time_ms, w) for point in one.points]
    low, high = _axis(one)
    limits = [line for line in one.limits if low <= line.value <= high]
    name = {"mean": _("mean"), "band": _("minimum to maximum"), "low": _("minimum"), "high": _("maximum")}
    spread = [None if p.maximum is None or p.minimum is None else round(p.maximum - p.minimum, 9) for p in one.points]
    mean = _line(name["mean"], times, [p.mean for p in one.points], lineStyle={"width": 2, "color": MEAN_COLOUR})
    marks = _limit_marks(limits, high - low, w)
    mean["markLine"] = {"silent": True, "symbol": "none", "animation": False, "data": marks}
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
            ],
        },
        "tooltip": {"trigger": "axis", "valueFormatter": f"%.{decimals}f", "confine": True},
        "xAxis": {
            "type": "time", "min": _shifted(one.start_ms, w), "max": _shifted(one.end_ms, w),
            "axisLabel": {"hideOverlap": True}, "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value", "min": low, "max": high, "splitNumber": 4, "splitLine": {"lineStyle": {"opacity": 0.4}},
        },
        "series": rows,
    }  # fmt: skip


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


def _axis(one: Series) -> tuple[float, float]:
    """Bounds of the value axis: the data, the limit they last passed and the next one."""
    values = [value for p in one.points for value in (p.minimum, p.maximum) if value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    limits = sorted(line.value for line in one.limits)
    if one.determinand in _OWN_SCALE:
        low, high = min([low, *limits]), max([high, *limits])
        pad = max((high - low) * 0.08, 0.2)
        step = _step(high - low + 2 * pad)
        return math.floor((low - pad) / step) * step, math.ceil((high + pad) / step) * step
    above = next((limit for limit in limits if limit > high), high)
    high = max(high * 1.06, above if above <= max(2 * high, limits[0] if limits else 0) else 0, 1e-6)
    step = _step(high)
    return 0.0, round(math.ceil(high * 1.02 / step) * step, 9)


def _step(span: float) -> float:
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
