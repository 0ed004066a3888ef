"""The directed graph: what is upstream, how far and how long."""

import pytest

from sensors.network import MIN_VELOCITY_M_S, Network, components
from sensors.place import Reach

LINE = ((120.0, 31.0), (120.0, 31.001))


def reach(name: str, a: str, b: str, length: float = 100.0, velocity: float = 0.1) -> Reach:
    return Reach(name, "r", a, b, length, 10.0, 2.0, velocity, LINE)


def network(*reaches: Reach) -> Network:
    return Network({r.id: r for r in reaches})


def test_upstream_is_nearest_first_with_distance_and_time() -> None:
    net = network(reach("a", "1", "2", 300), reach("b", "2", "3", 200, 0.05), reach("side", "9", "2", 50))
    found = net.upstream("b", 150.0)
    assert [(u.reach, u.distance_m) for u in found] == [("b", 0.0), ("a", 150.0), ("side", 150.0)]
    assert (found[0].low_m, found[0].high_m, found[0].outlet_m) == (0.0, 150.0, 150.0)
    assert found[1].travel_s == pytest.approx(150 / 0.05)


def test_a_negative_velocity_turns_the_reach_around() -> None:
    net = network(reach("a", "1", "2"), reach("back", "3", "2", 80, -0.1))
    assert [r.id for r in net.outflows("a")] == ["back"]
    found = net.upstream("back", 30.0)
    assert [(u.reach, u.low_m, u.high_m, u.outlet_m) for u in found] == [
        ("back", 30.0, 80, 30.0),
        ("a", 0.0, 100.0, 100.0),
    ]
    assert found[1].distance_m == 50.0


def test_loops_end_and_far_reaches_are_left_out() -> None:
    ring = network(reach("a", "1", "2"), reach("b", "2", "3"), reach("c", "3", "1"))
    assert [u.reach for u in ring.upstream("a", 10.0)] == ["a", "c", "b"]
    assert [u.reach for u in ring.upstream("a", 10.0, max_m=10.0)] == ["a", "c"]


def test_still_water_has_a_travel_time() -> None:
    net = network(reach("a", "1", "2", velocity=0.0), reach("b", "2", "3", velocity=0.0))
    assert net.upstream("b", 10.0)[1].travel_s == pytest.approx(10 / MIN_VELOCITY_M_S)


def test_parts_that_do_not_hang_together_are_found() -> None:
    reaches = [reach("a", "1", "2"), reach("b", "3", "2"), reach("lone", "8", "9")]
    assert components(reaches) == [{"a", "b"}, {"lone"}]
    assert components(reaches[:2]) == [{"a", "b"}]
