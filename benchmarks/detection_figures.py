"""Two figures as plain SVG: recall against a discharge's share of the river's flow, precision against recall."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from benchmarks.detection_scores import Tally, wilson

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 680, 420, 70, 40, 30, 60
INK, SOFT = "#1f2933", "#9aa5b1"
#: Of the groups, in order; told apart by anyone (after Okabe and Ito), and by shape of line as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
DASHES = ("", "7 4", "2 3", "9 3 2 3")

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

    def point(self, at: float, level: float, bounds: tuple[float, float], label: str, group: int) -> None:
        """A point with its interval."""
        low, high = bounds
        self.parts.append(line(self.x(at), self.y(low), self.x(at), self.y(high), COLOURS[group], 1.5))
        self.parts.append(f'<circle cx="{self.x(at):.1f}" cy="{self.y(level):.1f}" r="4" fill="{COLOURS[group]}"/>')
        aside, anchor = (-6, "end") if group == 0 else (6, "start")
        self.parts.append(text(self.x(at) + aside, self.y(level) + (13 if group > 1 else -5), label, anchor, 9))

    def curve(self, points: Sequence[tuple[float, float]], group: int) -> None:
        """A line through points, with a dot where it ends: what is in use."""
        path = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        colour = COLOURS[group]
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[group]}"/>'
        )
        end_x, end_y = points[-1]
        self.parts.append(f'<circle cx="{self.x(end_x):.1f}" cy="{self.y(end_y):.1f}" r="5" fill="{colour}"/>')

    def legend(self, names: Sequence[str], top: float) -> None:
        """What the colours are, from a height down."""
        for group, name in enumerate(names):
            at = top + 18 * group
            self.parts.append(
                f'<line x1="{LEFT + 14}" y1="{at}" x2="{LEFT + 42}" y2="{at}" stroke="{COLOURS[group]}" '
                f'stroke-width="2.5" stroke-dasharray="{DASHES[group]}"/>'
            )
            self.parts.append(text(LEFT + 50, at + 4, name, "start", 12))

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


def draw_figures(folder: Path, groups: Mapping[str, Tally]) -> None:
    """Write both figures from tallies of `detection.py`, by what they are called."""
    folder.mkdir(parents=True, exist_ok=True)
    low, high = math.log10(SHARES[0]), math.log10(SHARES[-1])

    def place(share: float) -> float:
        return (math.log10(share) - low) / (high - low)

    ticks = [(place(share), label) for share, label in ((0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %"))]
    plot = Plot("Events of all sizes that were hit, with 95 % intervals",
                "discharge as a share of the river's flow", "share of events hit", ticks)  # fmt: skip
    # Four groups side by side cannot be read: all after the first are generated alike and go together here.
    (first, published), *others = groups.items()
    sized = {first: published.shares}
    if others:
        sized["generated" if len(others) > 1 else others[0][0]] = [row for _, tally in others for row in tally.shares]
    for group, shares in enumerate(sized.values()):
        aside = 0.016 * (group - (len(sized) - 1) / 2)
        for share, hits, of in recall_by_share(shares):
            plot.point(place(share) + aside, hits / of, wilson(hits, of), f"{hits}/{of}", group)
    plot.legend(list(sized), TOP + 14)
    (folder / "detection-recall-by-share.svg").write_text(plot.svg(), encoding="utf-8")
    plot = Plot("Precision against recall, alarms below a probability left out",
                "share of strong and weak events hit", "precision, each event once",
                [(k / 5, f"{k / 5:g}") for k in range(6)])  # fmt: skip
    for group, tally in enumerate(groups.values()):
        curve = operating_curve(tally.alarms, sum(tier in ("strong", "weak") for _, _, tier in tally.shares))
        if curve:
            plot.curve(curve, group)
    plot.legend([*groups], HEIGHT - BOTTOM - 18 * len(groups))
    (folder / "detection-precision-recall.svg").write_text(plot.svg(), encoding="utf-8")
