"""Figures of docs/real-records.md, drawn from its tables."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from pathlib import Path

from benchmarks._page import Table
from benchmarks.detection_figures import COLOURS, INK, SOFT, line, text


def draw_stations(folder: Path, table: Table) -> None:
    """Events found at each station of the Logan River, with their intervals and false events."""
    rows = [row for row in table.rows if row[0] != "flag everything"]
    width, top, step, left, right = 680, 60, 44, 170, 500
    height = top + step * len(rows) + 40
    parts = _begin(
        width, height, "Labelled events found, with 95 % intervals; false events per channel-day at the right"
    )
    for level in (0, 0.25, 0.5, 0.75, 1):
        x = left + level * (right - left)
        parts += [line(x, top - 14, x, height - 40, SOFT, 0.5), text(x, height - 18, f"{level:g}", "middle", 12)]
    for at, (name, found, false, _) in enumerate(rows):
        y = top + step * at + 8
        middle, low, high = _numbers(found)
        x1, x2, x = (left + share * (right - left) for share in (low, high, middle))
        colour = COLOURS[1] if name == "all five" else COLOURS[0]
        parts += [
            text(left - 12, y + 4, name, "end", 12), line(x1, y, x2, y, colour, 2),
            f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}"/>', text(right + 60, y + 4, false, "middle", 12),
        ]  # fmt: skip
    _write(folder / "detection-real-logan.svg", parts)


def draw_overflows(folder: Path, table: Table) -> None:
    """How many times as much there is after an overflow, on a logarithmic axis."""
    width, top, step, left, right = 680, 60, 36, 240, 640
    height = top + step * len(table.rows) + 44
    parts = _begin(width, height, "Medians after an overflow over medians otherwise, with 95 % intervals")
    marks = (0.5, 1, 2, 4, 8, 16, 32)

    def place(ratio: float) -> float:
        first, last = log2(marks[0]), log2(marks[-1])
        return left + (log2(min(max(ratio, marks[0]), marks[-1])) - first) / (last - first) * (right - left)

    for mark in marks:
        colour, wide = (INK, 1.0) if mark == 1 else (SOFT, 0.5)
        parts.append(line(place(mark), top - 14, place(mark), height - 44, colour, wide))
        parts.append(text(place(mark), height - 22, f"{mark:g}x", "middle", 12))
    for at, row in enumerate(table.rows):
        y = top + step * at + 6
        middle, low, high = _numbers(row[-1])
        parts += [
            text(left - 12, y + 4, row[0].partition(" [")[0], "end", 12),
            line(place(low), y, place(high), y, COLOURS[0], 2),
            f'<circle cx="{place(middle):.1f}" cy="{y}" r="5" fill="{COLOURS[0]}"/>',
        ]
    _write(folder / "detection-real-chicago.svg", parts)


def _begin(width: int, height: int, title: str) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{title}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        text(width / 2, 24, title, "middle", 13),
    ]


def _write(path: Path, parts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _numbers(cell: str) -> tuple[float, float, float]:
    """A figure and its interval out of a cell: ``0.84 (46 of 55; 0.72–0.91)`` or ``12.1 (9–15)``."""
    middle, _, rest = cell.partition(" (")
    low, high = rest.rstrip(")").rpartition("; ")[2].split("–")
    return float(middle), float(low), float(high)
