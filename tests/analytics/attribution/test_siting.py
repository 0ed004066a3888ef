from __future__ import annotations

from analytics.attribution.siting import site_gains
from analytics.attribution.transport import Transport
from tests.analytics.attribution.rivers import network, reach

RIVERS = network(reach("a", "n1", "n3", 2000.0), reach("b", "n2", "n3", 2000.0), reach("c", "n3", "n4", 3000.0))
OUTFALLS = [("a", 500.0), ("a", 1500.0), ("b", 500.0), ("b", 1500.0), ("c", 1000.0)]


def test_the_branch_that_nobody_watches_comes_first() -> None:
    gains = site_gains(
        Transport(RIVERS), [("c", 2000.0), ("a", 1900.0)], OUTFALLS, [("a", 1850.0), ("b", 1900.0), ("c", 2100.0)]
    )
    assert gains[0].spot == ("b", 1900.0)
    assert gains[0].bits > 3 * max(gain.bits for gain in gains[1:])
    assert gains[0].top3 >= max(gain.top3 for gain in gains[1:])
    assert all(gain.bits >= -1e-9 and 0 < gain.seen <= 1 for gain in gains)


def test_a_place_beside_a_station_adds_nothing() -> None:
    (gain,) = site_gains(Transport(RIVERS), [("c", 2000.0)], OUTFALLS, [("c", 2000.0)])
    assert abs(gain.bits) < 1e-6
