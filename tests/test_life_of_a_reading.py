"""The life of a reading: from a register to a row on the board, through a real Modbus socket, broker and store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.broker import parse_address
from collectors.quarantine import Quarantine
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from dashboard.board import today
from deploy.broker.brokers import choose
from deploy.fleet.fleet import Fleet
from deploy.gateway.config import gateway_config
from deploy.gateway.gateway import Gateway
from deploy.hub.hub import Hub
from deploy.local.supervisor import Supervisor
from sensors.reading import StationState
from sensors.site import Site, replace_stations

#: 0.15, 0.5 and 0.2 are limits of GB 3838 that a float32 cannot hold exactly; a reading on a limit meets it.
ON_THE_LIMIT = {
    "water_temperature": 17.3,
    "ph": 7.12,
    "dissolved_oxygen": 5.0,
    "conductivity": 412.5,
    "turbidity": 18.4,
    "permanganate_index": 5.9,
    "ammonia_nitrogen": 0.5,
    "total_phosphorus": 0.2,
    "total_nitrogen": 2.31,
}

NOW_MS = 1_790_000_000_000


class Still:
    """An instrument in water that never changes."""

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        return ON_THE_LIMIT, StationState.NORMAL


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request, tmp_path: Path):
    chosen = choose(tmp_path, embedded=request.param == "embedded")
    if request.param == "mosquitto" and not chosen.title.startswith("mosquitto"):
        pytest.skip("mosquitto is not installed")
    supervisor = Supervisor(tmp_path, print)
    supervisor.start(chosen.service)
    try:
        supervisor.wait_ready("broker")
        yield chosen.url
    finally:
        supervisor.stop()


def one_river(site: Site) -> Site:
    """The example site with the stations of one river only, all of them full."""
    river = next(r for r in site.rivers if len(site.stations_of(r)) == 2)
    stations = {s.id: replace(s, profile="station_cabinet", water_body="river") for s in site.stations_of(river)}
    return replace_stations(site, stations)


async def live(site: Site, broker: str, store: ReadingStore, folder: Path, instruments: int) -> None:
    """Run gateway and hub until every station is judged."""
    stop, address = asyncio.Event(), parse_address(broker)
    hub = Hub(site, address, store, Quarantine(folder / "quarantine.jsonl"), lambda: NOW_MS)
    working = asyncio.create_task(hub.run(stop))
    names = {station.gateway for station in site.stations.values()}
    async with asyncio.timeout(60):
        gateways = [Gateway(gateway_config(site, name), address, folder, lambda: NOW_MS) for name in sorted(names)]
        for gateway in gateways:
            await gateway.__aenter__()
        while len(store.assessments("station", "latest")) < instruments:
            await asyncio.sleep(0.05)
        for gateway in gateways:
            await gateway.__aexit__(None, None, None)
    stop.set()
    await working


def test_a_register_becomes_a_row_on_the_board(xietang, broker, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("deploy.hub.hub.TICK_S", 0.2)
    site = one_river(xietang)
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")

    async def run() -> None:
        instruments = {name: Still() for name in site.stations}
        async with Fleet(tuple(site.stations.values()), instruments, lambda: NOW_MS) as fleet:
            await live(site.with_endpoints(fleet.endpoints), broker, store, tmp_path, len(instruments))

    try:
        asyncio.run(run())
        for name in site.stations:
            readings = list(store.range(name, list(ON_THE_LIMIT), NOW_MS, NOW_MS + 1))
            assert {r.determinand: r.value for r in readings} == ON_THE_LIMIT
        assert not (tmp_path / "quarantine.jsonl").exists()
        shown = today(store, site, NOW_MS)
        [river] = {station.river for station in site.stations.values()}
        row = shown.river(river)
    finally:
        store.close()
    # Oxygen 5.0, total phosphorus 0.2: both exactly on the limit of class III, and met.
    assert row.water_class == "III"
    assert set(row.deciding) == {"dissolved_oxygen", "total_phosphorus", "permanganate_index"}
