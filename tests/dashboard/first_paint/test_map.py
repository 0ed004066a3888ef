"""The rivers as one picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from dashboard.first_paint.map import picture
from dashboard.ground import ground
from sensors.site import Site

LIVE: list[dict[str, Any]] = [
    {"id": "R01", "cls": "INFERIOR_V", "stale": False},
    {"id": "R02", "cls": "II", "stale": True},
    {"id": "R03", "cls": None, "stale": False},
]


def layers(site: Site) -> dict[str, list[dict[str, str]]]:
    tree = ET.fromstring(picture(ground(site), LIVE, "Map & <rivers>"))
    svg = tree[0]
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "Map & <rivers>")
    return {layer.get("class", ""): [path.attrib for path in layer] for layer in svg}


def test_every_reach_of_these_rivers_and_no_other(xietang: Site) -> None:
    found = layers(xietang)
    reaches = [reach for reach in xietang.reaches.values() if reach.river in ("R01", "R02", "R03")]
    assert len(found["land"]) == 1
    assert len(found["casing"]) == len(found["colour"]) == len(reaches)
    assert {one["data-river"] for one in found["colour"]} == {"R01", "R02", "R03"}


def test_a_class_is_never_colour_alone(xietang: Site) -> None:
    found = layers(xietang)
    dashed = {(one["data-cls"], one.get("class")) for one in found["dashes"]}
    assert dashed == {("INFERIOR_V", None), ("II", "old")}
    assert {one["data-cls"] for one in found["colour"]} == {"INFERIOR_V", "II", "none"}


def test_it_stays_within_its_frame(xietang: Site) -> None:
    tree = ET.fromstring(picture(ground(xietang), LIVE, "x"))
    _, _, width, height = map(int, tree[0].get("viewBox", "").split())
    for path in tree.iter("path"):
        numbers = [float(one) for one in path.get("d", "").strip("MZ").replace("L", " ").split()]
        assert all(0 <= x <= width for x in numbers[::2])
        assert all(0 <= y <= height for y in numbers[1::2])
