"""Map and charts of a report."""

from __future__ import annotations

from dashboard.ground import ground
from dashboard.reports.drawing import Box, Line, Text
from dashboard.reports.figures import COLOURS, bars, river_map, stacked
from sensors.site import Site


def test_every_river_has_its_colour_and_its_name(xietang: Site) -> None:
    marks = {name: (river.name, "Ⅳ", "IV") for name, river in xietang.rivers.items()}
    marks["R15"] = (xietang.rivers["R15"].name, "劣Ⅴ", "INFERIOR_V")
    drawn = river_map(ground(xietang), marks)
    words = [shape.text for shape in drawn.shapes if isinstance(shape, Text)]
    assert {river.name for river in xietang.rivers.values()} <= set(words)
    lines = [shape for shape in drawn.shapes if isinstance(shape, Line)]
    assert any(line.colour == COLOURS["INFERIOR_V"] for line in lines)
    assert any(line.dash for line in lines), "the worst class is told without colour too"
    assert not [line for line in river_map(ground(xietang), {}).shapes if isinstance(line, Text)]


def test_labels_do_not_lie_on_each_other(xietang: Site) -> None:
    marks = {name: (river.name, "Ⅳ", "IV") for name, river in xietang.rivers.items()}
    plates = [one for one in river_map(ground(xietang), marks).shapes if isinstance(one, Box) and one.fill == "#ffffff"]
    assert len(plates) == 28
    for number, a in enumerate(plates):
        for b in plates[number + 1 :]:
            assert a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y


def test_stacked_columns_and_gaps() -> None:
    drawn = stacked([("10", {}), ("11", {"II": 20, "V": 8})], {key: key for key in COLOURS})
    boxes = [one for one in drawn.shapes if isinstance(one, Box) and one.colour == "#ffffff"]
    assert [box.fill for box in boxes] == [COLOURS["II"], COLOURS["V"]]
    assert boxes[0].height / boxes[1].height == 20 / 8
    assert stacked([], {key: key for key in COLOURS}).shapes


def test_bars() -> None:
    drawn = bars([("a", 0.5, "50 %"), ("b", None, "—"), ("c", 7.0, "700 %")])
    filled = [one.width for one in drawn.shapes if isinstance(one, Box) and one.fill == "#2a78b8"]
    assert len(filled) == 2
    assert filled[1] == 2 * filled[0]
