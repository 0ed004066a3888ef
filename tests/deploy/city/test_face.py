"""What the processes of a city show to those who look after them."""

from __future__ import annotations

from deploy.city.face import LATE_MS, CityFace
from deploy.metrics.text import page


def test_it_is_ready_while_it_moves_and_nothing_stands_in_its_way() -> None:
    now = [1_000_000]
    face = CityFace("city_watch", lambda: now[0])
    assert [check.ok for check in face.checks()] == [False]
    face.moved(now[0], 10, 2, {"judged_ms": 400_000, "ready": 5}, "east")
    assert [check.ok for check in face.checks()] == [True]
    face.failed("site west", "unreadable")
    assert [(check.name, check.ok, check.detail) for check in face.checks()][1:] == [("site west", False, "unreadable")]
    face.worked("site west")
    now[0] += LATE_MS
    assert [check.ok for check in face.checks()] == [False]


def test_it_counts_what_went_through() -> None:
    face = CityFace("city_watch", lambda: 1_000_000)
    face.moved(1_000_000, 10, 2, {"judged_ms": 400_000, "ready": 5}, "east")
    face.moved(1_000_000, 5, 0, {}, "west")
    face.failed("site west", "unreadable")
    text = page("city_watch", face.measure)[1].decode()
    for line in ("riverchief_city_watch_readings_total 15.0", "riverchief_city_watch_findings_total 2.0",
                 'riverchief_city_watch_errors_total{what="site west"} 1.0',
                 'riverchief_city_watch_judged_age_seconds{site="east"} 600.0',
                 'riverchief_city_watch_series_ready{site="east"} 5.0'):  # fmt: skip
        assert line in text
