"""A river along its length: order, distances, banks, and what joins where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.viewdata.river_profile import FoundOutfall, Span, profile
from sensors.place import Outfall, Reach, River, Station
from sensors.site import Site

LINE = ((120.0, 31.0), (120.0, 31.01))


def reach(name: str, from_node: str, to_node: str, length: float, velocity: float = 0.1, river: str = "R1") -> Reach:
    return Reach(name, river, from_node, to_node, length, 8.0, 1.5, velocity, LINE)


def site_of(xietang: Site, *reaches: Reach, stations: dict[str, tuple[str, float]] | None = None) -> Site:
    some = next(iter(xietang.stations.values()))
    rivers = {name: River(name, name, name, "IV", "chief", "water") for name in {one.river for one in reaches}}
    placed: dict[str, Station] = {
        name: replace(some, id=name, river="R1", reach=on, chainage_m=at) for name, (on, at) in (stations or {}).items()
    }
    return replace(
        xietang, rivers=rivers, reaches={one.id: one for one in reaches}, stations=placed, outfalls={}, grids={}
    )


def test_reaches_follow_the_water_whatever_their_order(xietang: Site) -> None:
    site = site_of(xietang, reach("c", "n3", "n4", 300), reach("a", "n1", "n2", 100), reach("b", "n2", "n3", 200))
    (lane,) = profile(site, "R1")
    assert [(span.reach, span.from_m, span.to_m, span.along) for span in lane.spans] == [
        ("a", 0, 100, True), ("b", 100, 300, True), ("c", 300, 600, True),
    ]  # fmt: skip
    assert lane.length_m == 600


def test_a_reach_drawn_against_the_water_is_turned_round(xietang: Site) -> None:
    site = site_of(xietang, reach("a", "n1", "n2", 100), reach("b", "n3", "n2", 200, -0.1), stations={"S": ("b", 50.0)})
    (lane,) = profile(site, "R1")
    assert lane.spans[1] == Span("b", 100, 300, True, False)
    assert lane.stations[0].at_m == 250


def test_the_greater_part_of_the_water_decides_where_a_river_begins(xietang: Site) -> None:
    site = site_of(xietang, reach("a", "n1", "n2", 100), reach("b", "n3", "n2", 500), reach("c", "n4", "n3", 50))
    (lane,) = profile(site, "R1")
    assert [(span.reach, span.along) for span in lane.spans] == [("c", True), ("b", True), ("a", False)]


def test_a_fork_is_a_lane_of_its_own_and_a_ring_ends(xietang: Site) -> None:
    fork = site_of(xietang, reach("a", "n1", "n2", 100), reach("b", "n2", "n3", 200), reach("x", "n2", "n9", 50))
    assert [[span.reach for span in lane.spans] for lane in profile(fork, "R1")] == [["a", "b"], ["x"]]
    ring = site_of(xietang, reach("a", "n1", "n2", 100), reach("b", "n2", "n3", 100), reach("c", "n3", "n1", 100))
    assert sum(lane.length_m for lane in profile(ring, "R1")) == 300


def test_outfalls_stand_on_their_bank_and_found_ones_join(xietang: Site) -> None:
    site = site_of(xietang, reach("a", "n1", "n2", 100), reach("b", "n3", "n2", 200, -0.1))
    outfalls = {"O1": Outfall("O1", "R1", "a", 10, "L", "storm", "water"),
                "O2": Outfall("O2", "R1", "b", 10, "L", "storm", "water")}  # fmt: skip
    site = replace(site, outfalls=outfalls)
    found = [
        FoundOutfall("N1", "a", 70.0, "R"),
        FoundOutfall("O1", "a", 99.0, "L"),
        FoundOutfall("N2", None, None, None),
    ]
    (lane,) = profile(site, "R1", found)
    assert [(mark.id, mark.at_m, mark.side) for mark in lane.outfalls] == [
        ("O1", 10, "up"), ("N1", 70, "down"), ("O2", 290, "down"),
    ]  # fmt: skip


def test_other_rivers_come_in_or_go_out(xietang: Site) -> None:
    site = site_of(
        xietang, reach("a", "n1", "n2", 100), reach("b", "n2", "n3", 200), reach("in", "m1", "n2", 50, river="R2"),
        reach("out", "n3", "m2", 50, river="R3"), reach("c1", "m3", "n1", 9, river="R4"),
        reach("c2", "n1", "m4", 9, river="R4"),
    )  # fmt: skip
    (lane,) = profile(site, "R1")
    assert [(join.river, join.at_m, join.comes) for join in lane.joins] == [
        ("R4", 0, None), ("R2", 100, True), ("R3", 300, False),
    ]  # fmt: skip


def test_every_river_of_the_example_site_keeps_its_length(xietang: Site) -> None:
    for river in xietang.rivers:
        lanes = profile(xietang, river)
        assert sum(lane.length_m for lane in lanes) == pytest.approx(
            sum(one.length_m for one in xietang.reaches_of(river))
        )
        assert sum(len(lane.stations) for lane in lanes) == len(xietang.stations_of(river))
        assert sum(len(lane.outfalls) for lane in lanes) == len(xietang.outfalls_of(river))
        assert all(0 <= mark.at_m <= lane.length_m for lane in lanes for mark in (*lane.stations, *lane.outfalls))
