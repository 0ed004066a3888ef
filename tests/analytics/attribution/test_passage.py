from __future__ import annotations

import numpy as np

from analytics.attribution.passage import STRENGTHS, passages
from analytics.attribution.transport import Transport
from tests.analytics.attribution.rivers import network, reach

RIVER = network(reach("a", "n1", "n2", 3000.0), reach("b", "n2", "n3", 3000.0))
STATIONS = [("a", 1500.0), ("b", 1500.0)]


def test_stronger_discharges_show_earlier_and_farther_stations_later() -> None:
    found = passages(Transport(RIVER), STATIONS, [("a", 500.0), ("b", 500.0)])
    assert found.hours.shape == (STRENGTHS, 2, 2)
    assert abs(found.weight.sum() - 1.0) < 1e-12
    for column in range(2):
        hours = found.hours[:, 1, column]
        seen = hours[np.isfinite(hours)]
        assert len(seen) > STRENGTHS // 2
        assert (np.diff(seen) <= 0).all()
    both = np.isfinite(found.hours[:, :, 0]).all(axis=1)
    assert (found.hours[both, 0, 0] < found.hours[both, 1, 0]).all()
    assert np.isposinf(found.hours[:, 0, 1]).all(), "a station never sees what goes in below it"


def test_a_dull_station_sees_later_or_never() -> None:
    keen = passages(Transport(RIVER), STATIONS, [("a", 500.0)])
    dull = passages(Transport(RIVER), STATIONS, [("a", 500.0)], [1.0, 5.0])
    assert (dull.hours[:, 1, 0] >= keen.hours[:, 1, 0]).all()
    assert np.isposinf(dull.hours[:, 1, 0]).sum() > np.isposinf(keen.hours[:, 1, 0]).sum()
