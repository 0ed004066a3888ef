"""The map's ground in metres."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from dashboard.ground import ground
from sensors.geometry import length_m
from sensors.site import Site


def test_lengths_are_kept(xietang: Site) -> None:
    drawn = ground(xietang)
    for reach, line in zip(xietang.reaches.values(), drawn["reaches"], strict=True):
        metres = sum(math.dist(a, b) for a, b in pairwise(line["line"]))
        assert metres == pytest.approx(length_m(reach.line), rel=0.01, abs=3)


def test_all_lies_in_the_frame_and_north_is_up(xietang: Site) -> None:
    drawn = ground(xietang)
    points = [*drawn["boundary"], *(p for r in drawn["reaches"] for p in r["line"])]
    assert min(x for x, _ in points) == min(y for _, y in points) == 0
    assert max(x for x, _ in points) == drawn["width_m"]
    assert max(y for _, y in points) == drawn["height_m"]
    north = max(range(len(xietang.boundary)), key=lambda i: xietang.boundary[i][1])
    assert drawn["boundary"][north][1] == 0


def test_reaches_join_in_their_nodes(xietang: Site) -> None:
    ends: dict[str, set[tuple[int, int]]] = {}
    for reach, line in zip(xietang.reaches.values(), ground(xietang)["reaches"], strict=True):
        ends.setdefault(reach.from_node, set()).add(line["line"][0])
        ends.setdefault(reach.to_node, set()).add(line["line"][-1])
    assert [node for node, places in ends.items() if len(places) > 1] == []


def test_width_classes_and_marks(xietang: Site) -> None:
    drawn = ground(xietang)
    assert {reach["w"] for reach in drawn["reaches"]} == {0, 1, 2}
    assert len(drawn["stations"]) == len(xietang.stations)
    assert len(drawn["outfalls"]) == len(xietang.outfalls)


def test_outfalls_stand_on_their_bank(xietang: Site) -> None:
    drawn = ground(xietang)
    lines = dict(zip(xietang.reaches, drawn["reaches"], strict=True))
    sides = {"L": 0, "R": 0}
    for outfall, place in zip(xietang.outfalls.values(), drawn["outfalls"], strict=True):
        line = lines[outfall.reach]["line"]
        a, b = min(
            pairwise(line),
            key=lambda ab: math.dist(((ab[0][0] + ab[1][0]) / 2, (ab[0][1] + ab[1][1]) / 2), (place["x"], place["y"])),
        )
        cross = (b[0] - a[0]) * (place["y"] - a[1]) - (b[1] - a[1]) * (place["x"] - a[0])
        sides[outfall.bank] += (cross > 0) == (outfall.bank == "R")  # y points south: right of the line is positive
    assert sum(sides.values()) > 0.9 * len(xietang.outfalls)
