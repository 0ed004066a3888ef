"""Two figures as plain SVG: recall against a discharge's share of the river's flow, precision against recall."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from benchmarks.detection_scores import Tally, wilson

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 400, 70, 40, 20, 60
INK, SOFT, BLUE = "#1f2933", "#9aa5b1", "#1768ac"

#: Bounds of a discharge's share of the river's flow.
SHARES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0)


class Plot:
    """Axes with a linear y from 0 to 1."""

    def __init__(self, title: str, x: str, y: str, ticks: Sequence[tuple[float, str]]) -> None:
        self.ticks = ticks
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="13"><title>{escape(title)}</title>'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            text(WIDTH / 2, 22, title, "middle", 15),
            text(WIDTH / 2, HEIGHT - 12, x, "middle"),
            f'<g transform="rotate(-90 18 {HEIGHT / 2})">{text(18, HEIGHT / 2, y, "middle")}</g>',
        ]
        for level in (0, 0.2, 0.4, 0.6, 0.8, 1):
            self.parts.append(line(LEFT, self.y(level), WIDTH - RIGHT, self.y(level), SOFT, 0.5))
            self.parts.append(text(LEFT - 8, self.y(level) + 4, f"{level:g}", "end"))
        for at, label in ticks:
            self.parts.append(line(self.x(at), self.y(0), self.x(at), self.y(0) + 5, INK, 1))
            self.parts.append(text(self.x(at), self.y(0) + 20, label, "middle"))

    def x(self, share: float) -> float:
        """Place of 0 to 1 along the axis."""
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, level: float) -> float:
        """Place of 0 to 1 up the axis."""
        return HEIGHT - BOTTOM - level * (HEIGHT - TOP - BOTTOM)

    def point(self, at: float, level: float, low: float, high: float, label: str) -> None:
        """A point with its interval."""
        self.parts.append(line(self.x(at), self.y(low), self.x(at), self.y(high), BLUE, 2))
        self.parts.append(f'<circle cx="{self.x(at):.1f}" cy="{self.y(level):.1f}" r="4.5" fill="{BLUE}"/>')
        self.parts.append(text(self.x(at) + 8, self.y(level) - 7, label, "start", 11))

    def curve(self, points: Sequence[tuple[float, float]]) -> None:
        """A line through points."""
        path = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>')

    def svg(self) -> str:
        """The whole figure."""
        return "\n".join([*self.parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, anchor: str, size: int = 13) -> str:
    """Words at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}">{escape(words)}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def recall_by_share(shares: Iterable[tuple[float, bool, str]]) -> list[tuple[float, int, int]]:
    """Middle of each bin of `SHARES`, events hit and events in it; bins without events left out."""
    pairs = [(share, hit) for share, hit, _ in shares]
    rows = []
    for low, high in pairwise(SHARES):
        inside = [hit for share, hit in pairs if low <= min(share, 0.999) < high]
        if inside:
            rows.append((math.sqrt(low * high), sum(inside), len(inside)))
    return rows


def operating_curve(alarms: Iterable[tuple[float, str | None, bool]], findable: int) -> list[tuple[float, float]]:
    """Recall and precision if only alarms of at least a probability were raised, one point for each probability.

    Parameters
    ----------
    alarms : iterable of (probability, event or None where it was false, whether the event counts for recall)
    findable : int
        Events that count for recall.
    """
    ordered = sorted(alarms, key=lambda alarm: -alarm[0])
    hit: set[str] = set()
    recalled: set[str] = set()
    wrong = 0
    points = []
    for index, (probability, event, counts) in enumerate(ordered):
        if event is None:
            wrong += 1
        else:
            hit.add(event)
            recalled |= {event} if counts else set()
        last = index + 1 == len(ordered) or ordered[index + 1][0] < probability
        if last and hit:
            points.append((len(recalled) / max(1, findable), len(hit) / (len(hit) + wrong)))
    return points


def draw_figures(folder: Path, tallies: Sequence[Tally]) -> None:
    """Write both figures from tallies of `detection.py`."""
    folder.mkdir(parents=True, exist_ok=True)
    low, high = math.log10(SHARES[0]), math.log10(SHARES[-1])

    def place(share: float) -> float:
        return (math.log10(share) - low) / (high - low)

    ticks = [(place(s), f"{s:.1%}") for s in (0.001, 0.01, 0.1, 1.0)]
    plot = Plot("Events hit, by size", "discharge as a share of the river's flow", "share of events hit", ticks)
    for share, hits, of in recall_by_share(row for t in tallies for row in t.shares):
        plot.point(place(share), hits / of, *wilson(hits, of), f"{hits}/{of}")
    (folder / "detection-recall-by-share.svg").write_text(plot.svg(), encoding="utf-8")
    findable = sum(tier in ("strong", "weak") for t in tallies for _, _, tier in t.shares)
    plot = Plot("Precision against recall", "share of strong and weak events hit", "precision",
                [(k / 5, f"{k / 5:g}") for k in range(6)])  # fmt: skip
    plot.curve(operating_curve((alarm for t in tallies for alarm in t.alarms), findable))
    (folder / "detection-precision-recall.svg").write_text(plot.svg(), encoding="utf-8")
