"""Map and charts of a report, drawn from plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dashboard.classes import CLASSES, is_bad
from dashboard.reports.drawing import Box, Drawing, Line, Point, Text, text_width

#: Colours of the classes, as on the board's map, and of the writing on them.
COLOURS = {
    "I": "#5aa9e6", "II": "#2f7fd3", "III": "#37a455", "IV": "#f4cb1c", "V": "#f0831e", "INFERIOR_V": "#d8262f",
    "none": "#93a0a8",
}  # fmt: skip
WRITING = {"I": "#0b2b47", "IV": "#241c00", "V": "#231000"}

#: Colours of the dashes of the two worst classes: paper may be grey.
_DASHES = {"V": ("#3a1c00", (6.0, 4.0)), "INFERIOR_V": ("#ffffff", (2.6, 2.6))}
_WIDTHS = (2.4, 3.6, 5.2)
_CASING, _INK, _DIM, _GRID = "#16222c", "#1c2730", "#56636c", "#c8d0d6"

Marks = Mapping[str, tuple[str, str, str | None]]
_Rect = tuple[float, float, float, float]


def river_map(ground: Mapping[str, Any], marks: Marks, width: float = 520.0) -> Drawing:
    """Rivers in the colour of their class, each with its name and class.

    Parameters
    ----------
    ground : mapping
        `dashboard.ground.ground`.
    marks : mapping of str to (str, str, str or None)
        By river: its name, its class as a word, and the class as which it is coloured.
    width : float
        Of the picture [pt].
    """
    pad = 26.0
    scale = (width - 2 * pad) / ground["width_m"]
    height = ground["height_m"] * scale + 2 * pad

    def place(points: Sequence[Point]) -> tuple[Point, ...]:
        return tuple((pad + x * scale, pad + y * scale) for x, y in points)

    shapes: list[Line | Box | Text] = []
    if ground["boundary"]:
        shapes.append(Line(place(ground["boundary"]), "#aab4bb", 0.8, None, "#f6f8f9"))
    lines = [(one["river"], place(one["line"]), _WIDTHS[one["w"]]) for one in ground["reaches"]]
    shapes += [Line(points, _CASING, w + 1.4) for _river, points, w in lines]
    for river, points, w in lines:
        cls = _cls(marks, river)
        shapes.append(Line(points, COLOURS[cls], w))
        if cls in _DASHES:
            colour, dash = _DASHES[cls]
            shapes.append(Line(points, colour, w * 0.4, dash))
    return Drawing(width, height, (*shapes, *_labels(lines, marks, width, height)))


def _cls(marks: Marks, river: str) -> str:
    return marks[river][2] or "none" if river in marks else "none"


def _labels(
    lines: Sequence[tuple[str, tuple[Point, ...], float]], marks: Marks, width: float, height: float
) -> list[Line | Box | Text]:
    """A plate for each river where it hides least: the worst rivers choose first, and nothing lies on them."""
    size = 8.0
    taken: list[_Rect] = []
    shapes: list[Line | Box | Text] = []
    points = [(river, point) for river, line, _w in lines for point in _dense(line)]
    worst = sorted(marks, key=lambda river: (-(CLASSES.index(marks[river][2] or "I") + 1), river))
    for river in worst:
        name, mark, cls = marks[river]
        mark_w = max(text_width(mark, size, bold=True), size) + 5
        w, h = text_width(name, size, bold=is_bad(cls)) + mark_w + 8, size + 5
        own = [point for of, point in points if of == river]
        best: tuple[float, _Rect] | None = None
        for x, y in own[:: max(1, len(own) // 24)]:
            for dx, dy in ((6, -h / 2), (-w - 6, -h / 2), (-w / 2, -h - 5), (-w / 2, 5)):
                box = (x + dx, y + dy, w, h)
                cost = _cost(box, points, marks, taken, width, height)
                if best is None or cost < best[0]:
                    best = (cost, box)
        if best is None:
            continue
        taken.append(best[1])
        x, y, _w, _h = best[1]
        key = cls or "none"
        shapes += [
            Box(x, y, w, h, "#ffffff", "none"), Text(x + 3, y + h / 2, name, size, _INK, bold=is_bad(cls)),
            Box(x + w - mark_w - 1, y + 1, mark_w, h - 2, COLOURS[key]),
            Text(x + w - 1 - mark_w / 2, y + h / 2, mark, size, WRITING.get(key, "#ffffff"), "middle", True),
        ]  # fmt: skip
    return shapes


def _cost(
    box: _Rect, points: Sequence[tuple[str, Point]], marks: Marks, taken: Sequence[_Rect], width: float, height: float
) -> float:
    x, y, w, h = box
    cost = 0.0
    if x < 2 or y < 2 or x + w > width - 2 or y + h > height - 2:
        cost += 1e6
    for a, b, c, d in taken:
        over_x, over_y = min(x + w, a + c) - max(x, a) + 2, min(y + h, b + d) - max(y, b) + 2
        if over_x > 0 and over_y > 0:
            cost += 1e4 + over_x * over_y
    for river, (px, py) in points:
        if x - 1 < px < x + w + 1 and y - 1 < py < y + h + 1:
            cost += 30 if is_bad(marks[river][2] if river in marks else None) else 3
    return cost


def _dense(line: Sequence[Point]) -> list[Point]:
    found: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(line):
        steps = max(1, round((((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5) / 3))
        found += [(x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps) for n in range(steps)]
    return found


def stacked(
    columns: Sequence[tuple[str, Mapping[str, int]]], names: Mapping[str, str], width: float = 520.0
) -> Drawing:
    """How many rivers were of which class in each period, the worst on top; a period without any is a gap.

    Parameters
    ----------
    columns : sequence of (str, mapping of str to int)
        Label of a period, and rivers by class (`none` for those without).
    names : mapping of str to str
        What the classes are called.
    width : float
        Of the picture [pt].
    """
    height, left, top, foot = 190.0, 34.0, 12.0, 38.0
    inner_w, inner_h = width - left - 10, height - top - foot
    most = max((sum(counts.values()) for _label, counts in columns), default=0) or 1
    shapes: list[Line | Box | Text] = []
    for share in (0.0, 0.5, 1.0):
        y = top + inner_h * (1 - share)
        shapes += [Line(((left, y), (width - 10, y)), _GRID, 0.6),
                   Text(left - 5, y, f"{most * share:g}", 8, _DIM, "end")]  # fmt: skip
    step = inner_w / max(len(columns), 1)
    for index, (label, counts) in enumerate(columns):
        x, y = left + index * step + step * 0.16, top + inner_h
        for key in ("none", *CLASSES):
            count = counts.get(key, 0)
            if not count:
                continue
            h = inner_h * count / most
            y -= h
            shapes.append(Box(x, y, step * 0.68, h, COLOURS[key], "#ffffff"))
            if h > 9 and step > 16:
                shapes.append(Text(x + step * 0.34, y + h / 2, str(count), 8, WRITING.get(key, "#ffffff"), "middle"))
        if len(columns) <= 13 or index % 5 == 0:
            shapes.append(Text(x + step * 0.34, top + inner_h + 9, label, 7.5, _DIM, "middle"))
    return Drawing(width, height, (*shapes, *_legend(names, left, height - 12)))


def _legend(names: Mapping[str, str], x: float, y: float) -> list[Line | Box | Text]:
    shapes: list[Line | Box | Text] = []
    for key in (*reversed(CLASSES), "none"):
        shapes += [Box(x, y - 4, 9, 8, COLOURS[key]), Text(x + 12, y, names[key], 8, _INK)]
        x += text_width(names[key], 8) + 24
    return shapes


def bars(rows: Sequence[tuple[str, float | None, str]], width: float = 520.0) -> Drawing:
    """Shares as bars, 0 to 1, each with its name and a text; no bar where there is no figure."""
    step, left = 22.0, 170.0
    inner = width - left - 110
    shapes: list[Line | Box | Text] = []
    for index, (name, share, text) in enumerate(rows):
        y = 6 + index * step
        shapes += [Text(left - 8, y + 7, name, 8.5, _INK, "end"), Box(left, y, inner, 14, "#eef1f3")]
        if share is not None:
            shapes.append(Box(left, y, inner * min(max(share, 0.0), 1.0), 14, "#2a78b8"))
        shapes.append(Text(left + inner + 8, y + 7, text, 8.5, _DIM))
    return Drawing(width, 8 + step * len(rows), tuple(shapes))
