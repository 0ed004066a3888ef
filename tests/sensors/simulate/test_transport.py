from __future__ import annotations

import pytest

from sensors.simulate.transport import DISPERSION_M2_S, LEAST_SPREAD_S, courses
from sensors.site import Site
from tests.sensors.simulate.places import outfall, reach, small_site, station


def test_travel_time_is_distance_over_velocity_and_dispersion_spreads_it() -> None:
    here = station("s", "b", 300)
    site = small_site(
        [reach("a", "1", "2", 500, 0.1), reach("b", "2", "3", 400, 0.05)], [here], [outfall("p", "a", 100)]
    )
    (course,) = courses(site, here)
    assert course.travel_s == pytest.approx(400 / 0.1 + 300 / 0.05)
    assert course.share == 1.0
    variance = 2 * DISPERSION_M2_S * (4000 / 0.1**2 + 6000 / 0.05**2) + LEAST_SPREAD_S**2
    assert course.spread_s == pytest.approx(variance**0.5)


def test_only_outfalls_above_the_station_are_felt() -> None:
    here = station("s", "a", 200)
    site = small_site([reach("a", "1", "2", 500, 0.1)], [here], [outfall("up", "a", 200), outfall("down", "a", 201)])
    assert [course.outfall for course in courses(site, here)] == ["up"]


def test_water_that_runs_against_the_drawn_direction_comes_from_the_other_end() -> None:
    here = station("s", "a", 200)
    site = small_site(
        [reach("a", "1", "2", 500, -0.1), reach("b", "2", "3", 300, -0.1)],
        [here],
        [outfall("left", "a", 100), outfall("right", "a", 350), outfall("far", "b", 100)],
    )
    assert [(c.outfall, c.travel_s) for c in courses(site, here)] == [
        ("right", pytest.approx(1500)), ("far", pytest.approx(4000)),
    ]  # fmt: skip


def test_a_load_divides_as_the_flow_and_comes_together_again() -> None:
    here = station("s", "d", 50)
    site = small_site(
        [
            reach("a", "1", "2", 100, 0.1),
            reach("b", "2", "3", 400, 0.1, width_m=30),
            reach("c", "2", "3", 800, 0.1, width_m=10),
            reach("d", "3", "4", 100, 0.1),
        ],
        [here],
        [outfall("p", "a", 0)],
    )
    ways = courses(site, here)
    assert [(c.share, c.travel_s) for c in ways] == [
        (pytest.approx(0.75), pytest.approx(5500)), (pytest.approx(0.25), pytest.approx(9500)),
    ]  # fmt: skip


def test_a_loop_is_gone_round_once_at_most() -> None:
    here = station("s", "a", 50)
    loop = [reach("a", "1", "2", 100, 0.1), reach("b", "2", "3", 100, 0.1), reach("c", "3", "1", 100, 0.1)]
    site = small_site(loop, [here], [outfall("p", "b", 50), outfall("q", "a", 80)])
    assert [course.outfall for course in courses(site, here)] == ["p"]


def test_every_course_on_the_example_site_is_one_the_network_knows(xietang: Site) -> None:
    for here in xietang.stations.values():
        above = {stretch.reach for stretch in xietang.network.upstream(here.reach, here.chainage_m)}
        found = courses(xietang, here)
        assert {xietang.outfalls[course.outfall].reach for course in found} <= above
        assert all(0 < course.share <= 1 for course in found)
