"""Which station's water reaches which, and after how long."""

from __future__ import annotations

import pytest

from analytics.detectors import Layout
from analytics.detectors.options import AMMONIA, CONDUCTIVITY, PERMANGANATE
from tests.analytics.detectors.places import layout, reach, station


def test_water_reaches_downstream_only() -> None:
    found = layout()
    first, last = found.stations.index("S0"), found.stations.index("S9")
    assert found.travel_h[first][last] == pytest.approx(9)
    assert first not in found.travel_h[last]


def test_against_the_drawn_direction_and_through_nodes() -> None:
    reaches = {"p": reach("p", "a", "b", -0.1), "q": reach("q", "c", "a", -0.1)}
    places = {"U": station("U", "p", 1800.0), "D": station("D", "q", 1800.0)}
    found = Layout.build([("U", "ph"), ("D", "ph")], places, reaches)
    assert found.travel_h[0] == {1: pytest.approx(10)}
    assert found.travel_h[1] == {}


def test_a_reversing_reach_leads_both_ways() -> None:
    reaches = {"r": reach("r", "a", "b")}
    places = {"U": station("U", "r", 0.0), "D": station("D", "r", 360.0)}
    found = Layout.build([("U", "ph"), ("D", "ph")], places, reaches, {"r": 0.6})
    assert found.travel_h[1] == {0: pytest.approx(1)}
    assert found.steadiness.tolist() == pytest.approx([0.6, 0.6])


def test_farther_stations_are_left_out() -> None:
    reaches = {"r": reach("r", "a", "b")}
    places = {"U": station("U", "r", 0.0), "D": station("D", "r", 360.0)}
    assert Layout.build([("U", "ph"), ("D", "ph")], places, reaches, farthest_h=0.5).travel_h == ({}, {})


def test_only_pollutants_are_used_and_have_their_place() -> None:
    found = Layout.build([("A", "ph"), ("A", "conductivity"), ("B", "ammonia_nitrogen")])
    assert found.columns.tolist() == [1, 2]
    assert found.place[[AMMONIA, CONDUCTIVITY, PERMANGANATE]].tolist() == [[-1, 1], [0, -1], [-1, -1]]


def test_neighbours_are_those_up_and_down_the_water_nearest_first() -> None:
    near = layout().near(3.0)
    assert near["S0"] == ("S1", "S2", "S3")
    assert near["S5"] == ("S4", "S6", "S3", "S7", "S2", "S8")
    assert Layout.build([("A", "ph"), ("B", "ph")]).near() == {"A": (), "B": ()}
