from __future__ import annotations

from collections import Counter

import pytest

from sensors.simulate.baseline import (
    LADDERS,
    LAKE_PHOSPHORUS,
    MIX,
    baseline,
    on_ladder,
    river_levels,
    station_levels,
)
from sensors.site import Site
from tests.sensors.simulate.places import station


def test_ladders_stand_on_the_limits_of_gb3838() -> None:
    """GB 3838-2002, table 1."""
    assert LADDERS["dissolved_oxygen"][1:6] == (7.5, 6, 5, 3, 2)
    assert LADDERS["permanganate_index"][1:6] == (2, 4, 6, 10, 15)
    assert LADDERS["ammonia_nitrogen"][1:6] == (0.15, 0.5, 1.0, 1.5, 2.0)
    assert LADDERS["total_phosphorus"][1:6] == (0.02, 0.1, 0.2, 0.3, 0.4)
    assert LAKE_PHOSPHORUS[1:6] == (0.01, 0.025, 0.05, 0.1, 0.2)
    assert on_ladder(LADDERS["permanganate_index"], 2.5) == 5.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rivers_share_out_the_mix(xietang: Site, seed: int) -> None:
    counts = Counter(int(level) + 1 for level in river_levels(xietang, seed).values())
    assert sum(counts.values()) == len(xietang.rivers)
    for step, share in enumerate(MIX, start=2):
        assert abs(counts[step] - share * len(xietang.rivers)) < 1


def test_small_rivers_with_many_outfalls_tend_to_be_worse(xietang: Site) -> None:
    trunk = [river_levels(xietang, seed)["R01"] for seed in range(12)]
    creek = [river_levels(xietang, seed)["R22"] for seed in range(12)]
    assert sum(creek) / 12 > sum(trunk) / 12 + 1
    assert len({round(level, 2) for level in trunk}) > 4  # but luck has its part


def test_stations_keep_their_rivers_mean_and_some_are_much_worse(xietang: Site) -> None:
    rivers, stations = river_levels(xietang, 1), station_levels(xietang, 1)
    assert stations.keys() == xietang.stations.keys()
    for river, level in rivers.items():
        own = [stations[s.id] for s in xietang.stations_of(river)]
        assert sum(own) / len(own) == pytest.approx(level)
    excess = [stations[s.id] - rivers[s.river] for s in xietang.stations.values()]
    assert 2 <= sum(1 for by in excess if by > 0.4) <= 12


def test_the_worst_determinand_stands_at_the_level_and_no_other_beyond() -> None:
    usual = baseline(station("s", "a", 10), 3.6, 1)
    at = {
        name: on_ladder(LADDERS[name], 3.6) for name in ("permanganate_index", "ammonia_nitrogen", "total_phosphorus")
    }
    reached = [name for name, limit in at.items() if getattr(usual, name) == limit]
    assert len(reached) == 1
    assert all(getattr(usual, name) <= limit for name, limit in at.items())


def test_a_lake_has_the_phosphorus_of_a_lake() -> None:
    river = baseline(station("s", "a", 10), 3.6, 1).total_phosphorus
    lake = baseline(station("s", "a", 10, body="lake"), 3.6, 1).total_phosphorus
    assert lake < 0.1 < river


def test_stations_on_one_river_are_alike() -> None:
    a, b = (baseline(station(name, "a", 10), 3.0, 1) for name in "ab")
    assert a.ammonia_nitrogen == b.ammonia_nitrogen
    assert a.conductivity == pytest.approx(b.conductivity, rel=0.15)
    assert a != b
