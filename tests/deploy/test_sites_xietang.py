"""The example site says what it claims to say."""

from __future__ import annotations

import csv
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from sensors.geometry import area_m2, length_m
from sensors.network import components
from sensors.place import OutfallKind, Position
from sensors.profile import load_profiles
from sensors.site import Site

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "sites" / "xietang"


def is_inside(place: Position, ring: tuple[Position, ...]) -> bool:
    """Whether a ray to the east leaves the ring an odd number of times."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > place[1]) != (y2 > place[1]) and place[0] < x1 + (place[1] - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def test_counts_match_the_sub_district(xietang: Site) -> None:
    assert len(xietang.rivers) == 28
    assert len(xietang.grids) == 274
    assert len(xietang.outfalls) == 150
    assert len(xietang.stations) == 56
    assert xietang.area_km2 == 22


def test_there_are_forty_kilometres_of_channel(xietang: Site) -> None:
    listed = sum(reach.length_m for reach in xietang.reaches.values())
    drawn = sum(length_m(reach.line) for reach in xietang.reaches.values())
    assert 39_500 <= listed <= 40_500
    assert drawn == pytest.approx(listed, rel=0.002)
    for reach in xietang.reaches.values():
        assert length_m(reach.line) == pytest.approx(reach.length_m, rel=0.02), reach.id


def test_the_boundary_holds_every_river(xietang: Site) -> None:
    assert 21.5 <= area_m2(xietang.boundary) / 1e6 <= 22.5
    assert all(is_inside(place, xietang.boundary) for reach in xietang.reaches.values() for place in reach.line)
    assert not is_inside((120.70, 31.30), xietang.boundary)


def test_the_network_is_connected_and_its_lines_meet_at_the_nodes(xietang: Site) -> None:
    assert len(components(xietang.reaches.values())) == 1
    nodes: dict[str, Position] = {}
    for reach in xietang.reaches.values():
        assert nodes.setdefault(reach.from_node, reach.line[0]) == reach.line[0]
        assert nodes.setdefault(reach.to_node, reach.line[-1]) == reach.line[-1]
    assert len(set(nodes.values())) == len(nodes)


def test_a_river_is_one_unbroken_watercourse(xietang: Site) -> None:
    for river in xietang.rivers:
        reaches = xietang.reaches_of(river)
        assert reaches
        for before, after in pairwise(reaches):
            assert before.to_node == after.from_node


def test_reaches_look_like_small_rivers(xietang: Site) -> None:
    ends = Counter(node for reach in xietang.reaches.values() for node in (reach.from_node, reach.to_node))
    against = 0
    for reach in xietang.reaches.values():
        assert 8 <= len(reach.line) <= 15
        assert 8 <= reach.width_m <= 40
        assert 1.2 <= reach.depth_m <= 3
        dead_end = len(xietang.reaches_of(reach.river)) == 1 and 1 in (ends[reach.from_node], ends[reach.to_node])
        assert (0.005 if dead_end else 0.02) <= abs(reach.mean_velocity_m_s) <= 0.12, reach.id
        against += reach.mean_velocity_m_s < 0
    assert 1 <= against <= 2


def test_no_water_runs_in_a_circle(xietang: Site) -> None:
    for reach in xietang.reaches.values():
        above = {stretch.reach for inflow in xietang.network.inflows(reach.id)
                 for stretch in xietang.network.upstream(inflow.id, inflow.length_m / 2)}  # fmt: skip
        assert reach.id not in above


def test_every_river_has_one_to_three_stations_and_most_a_full_one(xietang: Site) -> None:
    profiles = load_profiles()
    # Without all of these a station has no full class.
    needed = {"ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen"}
    full = [s for s in xietang.stations.values() if set(profiles[s.profile].determinands) >= needed]
    assert all(1 <= len(xietang.stations_of(river)) <= 3 for river in xietang.rivers)
    assert len({s.river for s in full}) >= 24
    assert 30 <= len(full) <= 36
    assert Counter(s.water_body for s in xietang.stations.values())["lake"] == 2
    assert len({s.name for s in xietang.stations.values()}) == 56
    assert len({s.name_en for s in xietang.stations.values()}) == 56


def test_seven_gateways_poll_eight_stations_each_on_shared_buses(xietang: Site) -> None:
    assert {g: len(xietang.slice(g)) for g in xietang.gateways} == {f"gw-{n:02d}": 8 for n in range(1, 8)}
    buses = Counter(s.endpoint for s in xietang.stations.values())
    assert max(buses.values()) == 4
    assert len({(s.endpoint, s.unit) for s in xietang.stations.values()}) == 56
    assert all(s.unit % 2 for s in xietang.stations.values() if s.profile == "yosemitech_y4000")
    assert {s.period_s for s in xietang.stations.values()} == {60}


def test_outfalls_are_of_every_kind_on_every_river(xietang: Site) -> None:
    kinds = Counter(outfall.kind for outfall in xietang.outfalls.values())
    assert set(kinds) == set(get_args(OutfallKind))
    assert kinds.most_common(1)[0][0] == "storm"
    assert all(len(xietang.outfalls_of(river)) >= 2 for river in xietang.rivers)
    assert list(xietang.outfalls) == [f"PK{n:03d}" for n in range(1, 151)]


def test_every_department_answers_for_something_and_can_be_told(xietang: Site) -> None:
    assert set(xietang.departments) == {
        "ecology", "water", "city_management", "market", "municipal", "enforcement", "community", "maintainer",
    }  # fmt: skip
    assert {person.department for person in xietang.people} == set(xietang.departments)
    assert len({person.contact_key for person in xietang.people}) == len(xietang.people)
    answering = {outfall.department for outfall in xietang.outfalls.values()}
    assert answering == set(xietang.departments) - {"maintainer"}


def test_every_river_has_grids_and_a_target(xietang: Site) -> None:
    assert {grid.river for grid in xietang.grids.values()} == set(xietang.rivers)
    targets = Counter(river.target_class for river in xietang.rivers.values())
    assert set(targets) == {"III", "IV"}
    assert targets["IV"] > targets["III"]
    assert len({river.name for river in xietang.rivers.values()}) == 28


@pytest.mark.parametrize("name", ["site.toml", *(f"{x}.csv" for x in
                                  ("rivers", "reaches", "stations", "outfalls", "grids", "people"))])  # fmt: skip
def test_every_list_says_first_that_it_is_illustrative(name: str) -> None:
    head = (FOLDER / name).read_text(encoding="utf-8").splitlines()[:3]
    comments = " ".join(line.lstrip("# ") for line in head if line.startswith("#"))
    assert "llustrative" in comments
    for count in ("28 rivers", "40 km", "22 km2", "274 grids"):
        assert count in comments


def test_the_map_says_that_it_is_illustrative() -> None:
    assert "illustrative" in json.loads((FOLDER / "rivers.geojson").read_text(encoding="utf-8"))["name"]


def test_lists_open_in_a_spreadsheet_without_ragged_rows() -> None:
    for path in FOLDER.glob("*.csv"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert len({len(row) for row in csv.reader(lines)}) == 1, path.name
