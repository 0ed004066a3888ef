"""The services behind `riverchief simulate`: virtual probes on loopback, and the past that their gateways hold."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from collectors.clock import Now, clock_from, machine_ms
from collectors.spool import Spool
from deploy.fleet import Fleet, Instrument
from deploy.notify import ready
from deploy.service import run_service
from deploy.site_copy import write_copy
from sensors.decode import Decoder
from sensors.endpoint import parse_endpoint
from sensors.errors import SiteError
from sensors.place import Station
from sensors.profile import load_profiles
from sensors.reading import Observation, StationState
from sensors.simulate.encode import encode
from sensors.simulate.faults import SeededFaults
from sensors.simulate.probe import VirtualProbe
from sensors.simulate.replay import Replay
from sensors.simulate.water import VirtualWater
from sensors.site import Site, load_site, replace_stations

#: Step of the past that a first start finds in the spools [ms].
HISTORY_STEP_MS = 600_000


class ProbeInstrument:
    """A virtual probe in virtual water."""

    def __init__(self, probe: VirtualProbe) -> None:
        self._probe = probe

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """See `deploy.fleet.Instrument`."""
        values, states = self._probe.read(np.array([time_ms], dtype=np.int64))
        return {key: float(column[0]) for key, column in values.items()}, StationState(str(states[0]))


class ReplayInstrument:
    """A station of a record."""

    def __init__(self, record: Replay, station: str) -> None:
        self._record, self._station = record, station

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """See `deploy.fleet.Instrument`."""
        return self._record.read(self._station, time_ms), StationState.NORMAL


def probes(site: Site, seed: int, from_ms: int | None) -> dict[str, VirtualProbe]:
    """A virtual probe for every station, all in the same water, with the faults that probes have.

    Parameters
    ----------
    site : Site
    seed : int
    from_ms : int or None
        When the probes start to work [ms since the epoch, UTC]; None: they have always been there.
    """
    water, faults = VirtualWater(site, seed), SeededFaults(seed, from_ms=from_ms)
    return {station.id: VirtualProbe(water, station, faults, seed) for station in site.stations.values()}


def serve(folder: Path, copy: Path, seed: int) -> None:
    """Serve the site's probes in virtual water on loopback, and write a copy of the site that polls them there."""
    site = load_site(folder)
    started = probes(site, seed, machine_ms())
    instruments = {name: ProbeInstrument(probe) for name, probe in started.items()}
    run_service(lambda stop: _serve(site, instruments, machine_ms, copy, stop))


def serve_replay(
    folder: Path, copy: Path, readings: Path, stations: Path | None, names: Sequence[str], period_s: float, hold_ms: int
) -> None:
    """Serve a record as `deploy.replay` has cast it; the copy has only the stations that play."""
    from deploy.replay import cast_stations

    site, instruments = cast_stations(load_site(folder), readings, stations, names, hold_ms)
    paced = {name: replace(station, period_s=period_s) for name, station in site.stations.items()}
    site = replace_stations(site, paced)
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    # Hours of the record pass within seconds; a station is silent when it has missed more than an instant of it.
    stale_after_s = 2 * hold_ms / 1000
    run_service(lambda stop: _serve(site, instruments, now_ms, copy, stop, stale_after_s))


async def _serve(
    site: Site,
    instruments: Mapping[str, Instrument],
    now_ms: Now,
    copy: Path,
    stop: asyncio.Event,
    stale_after_s: float | None = None,
) -> None:
    async with Fleet(tuple(site.stations.values()), instruments, now_ms, _former_ports(site, copy)) as fleet:
        here = site.with_endpoints(fleet.endpoints)
        write_copy(here, copy, "Virtual probes of this run; made anew at every start.", stale_after_s)
        ready()
        await stop.wait()


def _former_ports(site: Site, copy: Path) -> dict[str, int]:
    """Where an earlier fleet served the site's endpoints, as its copy of the site says."""
    try:
        before = load_site(copy).stations
    except SiteError:
        return {}
    served = {name: parse_endpoint(station.endpoint).port for name, station in before.items()}
    return {s.endpoint: served[s.id] for s in site.stations.values() if s.id in served}


def fill_history(folder: Path, spools: Path, hours: int, seed: int) -> None:
    """Put the hours before now into the gateways' spools, as if the line to the hub had been down until now.

    What a probe would have said goes through its registers and the decoder, so that the past is written in the same
    way as the present.
    """
    site = load_site(folder)
    end_ms = machine_ms() // HISTORY_STEP_MS * HISTORY_STEP_MS
    times = np.arange(end_ms - hours * 3_600_000, end_ms, HISTORY_STEP_MS, dtype=np.int64)
    past = {name: _past(site.stations[name], probe, times) for name, probe in probes(site, seed, None).items()}
    asyncio.run(_spool(site, spools, past))
    ready()


def _past(station: Station, probe: VirtualProbe, times: np.ndarray) -> list[Observation]:
    profile = load_profiles()[station.profile]
    decoder = Decoder(profile)
    values, states = probe.read(times)
    found = []
    for i, time_ms in enumerate(times):
        image = encode(profile, {key: float(column[i]) for key, column in values.items()}, StationState(str(states[i])))
        answers = [
            [image.get((block.function, block.address + k), 0) for k in range(block.count)] for block in decoder.blocks
        ]
        decoded, state = decoder.decode(answers)
        found.append(Observation(station.id, int(time_ms), decoded, state))
    return found


async def _spool(site: Site, folder: Path, past: Mapping[str, Sequence[Observation]]) -> None:
    for gateway in site.gateways:
        stations = [station.id for station in site.slice(gateway)]
        async with Spool(folder / f"{gateway}.spool") as spool:
            for observations in zip(*(past[name] for name in stations), strict=True):
                for observation in observations:
                    await spool.append(observation)
