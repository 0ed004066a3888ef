"""The picture of an event: neighbours in the order of the water, each in its own time."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.stores import open_store
from dashboard.casework.evidence import Evidence, read_event
from dashboard.viewdata.events_picture import picture, rows, travel_h
from dashboard.wording import Wording
from sensors.reading import Block, Reading
from sensors.site import Site
from tests.dashboard.casework.made import HOUR_MS, NOW, event


def told(site: Site, station: str) -> Evidence:
    first = {"station": station, "determinand": "ammonia_nitrogen", "time_ms": NOW, "value": 3.0, "baseline": 0.8}
    return read_event(event("E1", stations=(station,), detail={"first": first}), site)


def test_travel_time_goes_one_way(xietang: Site) -> None:
    found = 0
    stations = list(xietang.stations.values())
    for one in stations[:12]:
        assert travel_h(xietang.network, one, one) == pytest.approx(0.0)
        for other in stations:
            hours = travel_h(xietang.network, one, other)
            if other is not one and hours is not None:
                assert hours >= 0
                found += 1
    assert found > 10


def test_rows_go_down_the_water(xietang: Site) -> None:
    for station in list(xietang.stations)[:20]:
        lines = rows(told(xietang, station), xietang)
        hours = [row.travel_h for row in lines if row.travel_h is not None]
        assert hours == sorted(hours)
        assert [row.station.id for row in lines if row.seen] == [station]
        assert len(lines) <= 7


def test_the_window_moves_with_the_water_and_a_gap_stays_one(xietang: Site, tmp_path: Path, en: Wording) -> None:
    evidence = told(xietang, "S01")
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    times = [NOW + hour * HOUR_MS // 2 for hour in range(-20, 8) if not -4 <= hour < 0]
    store.write(Block.of([Reading("S01", "ammonia_nitrogen", time_ms, 1.0) for time_ms in times]))
    drawn = picture(store, xietang, event("E1", stations=("S01",)), evidence, NOW + 8 * HOUR_MS, en)
    store.close()
    here = next(row for row in drawn["rows"] if row["seen"])
    assert (here["from"], here["to"]) == (NOW, NOW + 2 * HOUR_MS)
    for row, line in zip(drawn["rows"], rows(evidence, xietang), strict=True):
        if line.travel_h is not None:
            assert row["from"] - NOW == round(line.travel_h * HOUR_MS)
    low, mean, high = here["courses"][0]
    assert None in mean[mean.index(1.0) :]
    assert len(low) == len(mean) == len(high) == (drawn["end"] - drawn["start"]) // drawn["step"]
    assert drawn["keys"][0]["limit"] == 1.0
    assert all(drawn["start"] <= tick["at"] < drawn["end"] for tick in drawn["ticks"])


def test_an_event_without_a_place_has_no_rows(xietang: Site) -> None:
    assert rows(read_event(event("E1", stations=("gone",)), xietang), xietang) == []
