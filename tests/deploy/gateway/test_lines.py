"""Edits of a running gateway: what did not change is not disturbed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.clock_state import ClockWatch
from deploy.gateway.config import GatewayConfig, gateway_config
from deploy.gateway.lines import Lines
from sensors.endpoint import Endpoint
from sensors.place import Station
from sensors.profile import Profile
from sensors.reading import Observation
from sensors.site import Site, replace_stations
from tests.collectors.brokers import until
from tests.deploy.boxes import Instrument, instruments, small_site

NOW = 1_790_000_000_000


class Bench:
    def __init__(self, site: Site, clock: ClockWatch) -> None:
        self.site, self.taken = site, list[Observation]()
        self.lines = Lines(self.sink, lambda: NOW, clock)

    async def sink(self, observation: Observation) -> None:
        self.taken.append(observation)

    def config(self, **changes: Station) -> GatewayConfig:
        return gateway_config(replace_stations(self.site, {**self.site.stations, **changes}), "gw-01")


@asynccontextmanager
async def bench(
    xietang: Site, folder: Path, count: int = 2, clock: ClockWatch | None = None
) -> AsyncIterator[tuple[Bench, list[Instrument], list[Station]]]:
    async with instruments(count) as probes:
        site = small_site(xietang, folder, *(probe.endpoint for probe in probes))
        made = Bench(site, clock or ClockWatch(lambda: NOW, "simulated"))
        async with made.lines as lines:
            await lines.apply(made.config().buses)
            await until(lambda: len(made.taken) == count)
            yield made, probes, list(site.stations.values())


def test_an_edit_of_one_station_is_felt_by_that_one_only(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(xietang, tmp_path) as (here, (first, second), (one, two)):
            before = here.lines.of(two.id)
            await here.lines.apply(here.config(**{one.id: replace(one, period_s=1800.0)}).buses)
            await until(lambda: len(here.taken) == 3)
            assert [observation.station for observation in here.taken[2:]] == [one.id]
            assert (first.connections, second.connections, second.asked) == (1, 1, 1)
            assert here.lines.of(two.id) is before

    asyncio.run(asyncio.wait_for(work(), 30))


def test_the_same_again_touches_nothing(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(xietang, tmp_path) as (here, probes, _):
            lines = [here.lines.of(name) for name in here.site.stations]
            await here.lines.apply(here.config().buses)
            assert [here.lines.of(name) for name in here.site.stations] == lines
            assert [probe.asked for probe in probes] == [1, 1]

    asyncio.run(asyncio.wait_for(work(), 30))


def test_a_station_moves_to_another_bus_and_the_old_one_ends(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(xietang, tmp_path) as (here, (first, second), (one, two)):
            moved = replace(one, endpoint=second.endpoint, unit=2)
            await here.lines.apply(here.config(**{one.id: moved}).buses)
            await until(lambda: len(here.taken) == 3)
            assert here.lines.of(one.id) is here.lines.of(two.id)
            assert (first.asked, second.asked) == (1, 2)
            await here.lines.apply({})
            with pytest.raises(KeyError):
                here.lines.of(one.id)
            assert here.lines.states == []

    asyncio.run(asyncio.wait_for(work(), 30))


def test_other_settings_of_a_line_begin_it_anew(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(xietang, tmp_path, 1) as (here, _, [one]):
            before = here.lines.of(one.id)
            other = replace(before.endpoint, kind="rtu+tcp")
            buses: dict[Endpoint, list[tuple[Station, Profile]]] = {other: list(before.members.values())}
            await here.lines.apply(buses)
            assert here.lines.of(one.id) is not before
            assert here.lines.of(one.id).endpoint == other

    asyncio.run(asyncio.wait_for(work(), 30))


def test_times_of_a_clock_that_nobody_keeps_are_marked(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        clock = ClockWatch(lambda: NOW, monotonic_s=lambda: 1.0, kernel=lambda: False)
        async with bench(xietang, tmp_path, 1, clock) as (here, _, _stations):
            assert [observation.synchronised for observation in here.taken] == [False]

    asyncio.run(asyncio.wait_for(work(), 30))
