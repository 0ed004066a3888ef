"""Shapes as SVG and as PNG."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from dashboard.reports.drawing import SCALE, Box, Drawing, Line, Text, png, svg, text_width

DRAWN = Drawing(
    100, 40,
    (Box(0, 0, 10, 10, "#ff0000"), Line(((20, 20), (80, 20)), "#0000ff", 4, (6, 4)), Text(50, 10, "<河> & ", 8)),
)  # fmt: skip


def test_svg_is_well_formed_whatever_people_wrote() -> None:
    root = ET.fromstring(svg(DRAWN, 'a"<b>'))
    assert root.attrib["aria-label"] == 'a"<b>'
    assert [one.tag.rpartition("}")[2] for one in root] == ["rect", "path", "text"]
    assert root[2].text == "<河> & "


def test_png_shows_the_same_twice() -> None:
    first = png(DRAWN)
    assert first == png(DRAWN)
    image = Image.open(io.BytesIO(first))
    assert image.size == (round(100 * SCALE), round(40 * SCALE))
    assert image.getpixel((5, 5)) == (255, 0, 0)
    row = [image.getpixel((x, round(20 * SCALE))) for x in range(round(20 * SCALE), round(80 * SCALE))]
    assert {(0, 0, 255), (255, 255, 255)} <= set(row), "dashes have gaps"


def test_width_of_text() -> None:
    assert text_width("河长", 10) == 20
    assert text_width("ab", 10) == pytest.approx(11.4)
