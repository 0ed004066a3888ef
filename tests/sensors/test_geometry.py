"""Lengths, places and areas on small pieces of the Earth."""

import pytest

from sensors.geometry import along, area_m2, distance_m, length_m


def test_a_minute_of_latitude_is_a_nautical_mile() -> None:
    assert distance_m((120.0, 31.0), (120.0, 31.0 + 1 / 60)) == pytest.approx(1853.2, abs=1)


def test_a_degree_of_longitude_shrinks_with_latitude() -> None:
    assert distance_m((120.0, 60.0), (121.0, 60.0)) == pytest.approx(111195 / 2, rel=1e-3)


def test_along_walks_over_bends_and_stays_on_the_line() -> None:
    line = ((0.0, 0.0), (0.0, 0.001), (0.002, 0.001))
    assert length_m(line) == pytest.approx(3 * 111.195, rel=1e-3)
    assert along(line, 0.5) == pytest.approx((0.0005, 0.001), rel=1e-3)
    assert along(line, -1) == line[0]
    assert along(line, 2) == pytest.approx(line[-1])


def test_area_of_a_square_kilometre() -> None:
    side = 1000 / 111195.08
    assert area_m2([(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)]) == pytest.approx(1e6, rel=1e-3)
    assert area_m2([(0.0, 0.0), (1.0, 1.0)]) == 0.0
