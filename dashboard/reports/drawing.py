"""Pictures of a report as shapes, written as SVG and painted as PNG without a browser: same shapes, same bytes."""

from __future__ import annotations

import io
import shutil
import subprocess
import unicodedata
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any, Literal

from sensors.errors import UsageError

#: What is written with, as CSS names it.
FONTS = "'Noto Sans CJK SC', 'Source Han Sans SC', sans-serif"

#: Pixels of a painted picture for each unit.
SCALE = 2.5

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; closed where it has a fill. Dashes: lengths of stroke and gap."""

    points: tuple[Point, ...]
    colour: str = "none"
    width: float = 1.0
    dash: tuple[float, float] | None = None
    fill: str = "none"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    colour: str = "none"


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; x is its start, middle or end, y its middle."""

    x: float
    y: float
    text: str
    size: float
    colour: str = "#1c2730"
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes, the last on top, in a frame that begins at 0, 0."""

    width: float
    height: float
    shapes: tuple[Line | Box | Text, ...]


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, in the units of its size."""
    narrow = size * (0.62 if bold else 0.57)
    return sum(size if unicodedata.east_asian_width(mark) in "WF" else narrow for mark in text)


def svg(drawing: Drawing, alt: str) -> str:
    """The picture as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" role="img" '
        f'aria-label="{escape(alt)}" font-family="{FONTS}">'
    ]
    parts += [_svg(shape) for shape in drawing.shapes]
    return "".join([*parts, "</svg>"])


def _svg(shape: Line | Box | Text) -> str:
    if isinstance(shape, Box):
        return (
            f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
            f'fill="{shape.fill}" stroke="{shape.colour}"/>'
        )
    if isinstance(shape, Text):
        weight = ' font-weight="bold"' if shape.bold else ""
        return (
            f'<text x="{_n(shape.x)}" y="{_n(shape.y + shape.size * 0.36)}" font-size="{_n(shape.size)}" '
            f'fill="{shape.colour}" text-anchor="{shape.anchor}"{weight}>{escape(shape.text)}</text>'
        )
    path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in shape.points) + ("Z" if shape.fill != "none" else "")
    dash = f' stroke-dasharray="{_n(shape.dash[0])} {_n(shape.dash[1])}"' if shape.dash else ""
    cap = "butt" if shape.dash else "round"
    return (
        f'<path d="{path}" fill="{shape.fill}" stroke="{shape.colour}" stroke-width="{_n(shape.width)}" '
        f'stroke-linejoin="round" stroke-linecap="{cap}"{dash}/>'
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def png(drawing: Drawing) -> bytes:
    """The picture painted, for programs that do not know SVG.

    Raises
    ------
    UsageError
        If the machine has no font with Chinese characters.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (round(drawing.width * SCALE), round(drawing.height * SCALE)), "white")
    brush = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _paint(brush, shape)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _paint(brush: Any, shape: Line | Box | Text) -> None:
    if isinstance(shape, Box):
        edges = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
        outline = None if shape.colour == "none" else shape.colour
        fill = None if shape.fill == "none" else shape.fill
        brush.rectangle([edge * SCALE for edge in edges], fill=fill, outline=outline)
    elif isinstance(shape, Text):
        anchor = {"start": "lm", "middle": "mm", "end": "rm"}[shape.anchor]
        at = (shape.x * SCALE, shape.y * SCALE)
        brush.text(at, shape.text, fill=shape.colour, font=_font(round(shape.size * SCALE), shape.bold), anchor=anchor)
    else:
        points = [(x * SCALE, y * SCALE) for x, y in shape.points]
        if shape.fill != "none":
            brush.polygon(points, fill=shape.fill)
            points.append(points[0])
        if shape.colour != "none":
            width = max(1, round(shape.width * SCALE))
            for piece in _dashed(points, shape.dash) if shape.dash else [points]:
                brush.line(piece, fill=shape.colour, width=width, joint="curve")


def _dashed(points: list[Point], dash: tuple[float, float]) -> list[list[Point]]:
    """A line cut into its dashes."""
    pieces: list[list[Point]] = []
    on, left = True, dash[0] * SCALE
    for (x0, y0), (x1, y1) in pairwise(points):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        at = 0.0
        while at < length:
            step = min(left, length - at)
            if on:
                ends = [(x0 + (x1 - x0) * s / length, y0 + (y1 - y0) * s / length) for s in (at, at + step)]
                pieces.append(ends)
            at, left = at + step, left - step
            if left <= 1e-9:
                on = not on
                left = dash[0 if on else 1] * SCALE
    return pieces


@cache
def _font(size: int, bold: bool) -> Any:
    from PIL import ImageFont

    path, index = _face(bold)
    return ImageFont.truetype(path, size, index=index)


@cache
def _face(bold: bool) -> tuple[str, int]:
    program = shutil.which("fc-match")
    pattern = f"Noto Sans CJK SC:lang=zh-cn{':bold' if bold else ''}"
    if program is not None:
        found = subprocess.run(
            [program, "-f", "%{lang}\t%{index}\t%{file}", pattern],
            capture_output=True,
            check=False,
            timeout=30,
            text=True,
        ).stdout.split("\t")
        if len(found) == 3 and "zh-cn" in found[0]:
            return found[2], int(found[1]) & 0xFFFF
    raise UsageError("a report needs a font with Chinese characters: install the Debian package fonts-noto-cjk")
