from __future__ import annotations

import pytest

from sensors.platform import mn_of


@pytest.mark.parametrize(
    ("endpoint", "mn"),
    [("hj212:A1", "A1"), ("hj212:", ""), ("tcp://10.0.0.1", None), ("HJ212:A", None), ("xhj212:A", None), ("", None)],
)
def test_an_endpoint_tells_whether_a_station_reports_by_itself(endpoint: str, mn: str | None) -> None:
    assert mn_of(endpoint) == mn
