"""The services behind `riverchief simulate`: virtual probes on loopback, and the past that their gateways hold."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from collectors.clock import Now, clock_from, machine_ms
from collectors.spool import Spool
from deploy.commissioning.probing import Target, profile_named
from deploy.fleet.fault_file import read_faults
from deploy.fleet.faults import Faults
from deploy.fleet.fleet import HOST, Fleet, Instrument
from deploy.notify import ready
from deploy.service import pause, run_service
from deploy.site.copy import write_copy
from sensors.decode import Decoder
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.endpoint import MODBUS_PORT, parse_endpoint
from sensors.errors import ConfigError, SiteError
from sensors.place import Station
from sensors.platform import REPORTS
from sensors.profile import Profile
from sensors.reading import Observation, StationState
from sensors.simulate.encode import encode
from sensors.simulate.faults import SeededFaults
from sensors.simulate.probe import VirtualProbe
from sensors.simulate.replay import Replay
from sensors.simulate.steady import Steady
from sensors.simulate.water import VirtualWater
from sensors.site import Site, load_site, replace_stations

log = logging.getLogger(__name__)

#: How often the file of faults is looked at [s].
FOLLOW_S = 1.0

#: Step of the past that a first start finds in the spools [ms].
HISTORY_STEP_MS = 300_000


class ProbeInstrument:
    """A virtual probe in virtual water.

    Parameters
    ----------
    probe : VirtualProbe
    besides : Steady, optional
        What the virtual rivers know nothing of.
    """

    def __init__(self, probe: VirtualProbe, besides: Steady | None = None) -> None:
        self._probe, self._besides = probe, besides

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """See `deploy.fleet.fleet.Instrument`."""
        values, states = self._probe.read(np.array([time_ms], dtype=np.int64))
        told = dict(self._besides.measure(time_ms)[0]) if self._besides is not None else {}
        told |= {key: float(column[0]) for key, column in values.items()}
        return told, StationState(str(states[0]))


class ReplayInstrument:
    """A station of a record."""

    def __init__(self, record: Replay, station: str) -> None:
        self._record, self._station = record, station

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """See `deploy.fleet.fleet.Instrument`."""
        return self._record.read(self._station, time_ms), StationState.NORMAL


def probes(site: Site, seed: int, from_ms: int | None) -> dict[str, VirtualProbe]:
    """A virtual probe for every station that is polled, all in the same water, with the faults that probes have.

    Parameters
    ----------
    site : Site
    seed : int
    from_ms : int or None
        When the probes start to work [ms since the epoch, UTC]; None: they have always been there.
    """
    water, faults = VirtualWater(site, seed), SeededFaults(seed, from_ms=from_ms)
    return {
        station.id: VirtualProbe(water, station, faults, seed, site.profiles[station.profile])
        for station in _polled(site)
    }


def _polled(site: Site) -> tuple[Station, ...]:
    """Stations that have registers; others report by themselves."""
    return tuple(station for station in site.stations.values() if station.profile != REPORTS)


def serve(folder: Path, copy: Path | None, seed: int, faults: Path | None = None, *, terminals: bool = False) -> None:
    """Serve the site's probes in virtual water on loopback.

    Parameters
    ----------
    folder : Path
        Of the site.
    copy : Path or None
        Where a copy of the site goes that polls them there.
    seed : int
    faults : Path, optional
        File of faults; see `deploy.fleet.fault_file`.
    terminals : bool
        Serve serial lines on pseudo terminals.
    """
    site = load_site(folder)
    instruments = {
        name: ProbeInstrument(probe, Steady(site.profiles[probe.station.profile], probe.station.unit))
        for name, probe in probes(site, seed, machine_ms()).items()
    }
    plan = _Plan(_polled(site), instruments, machine_ms, site.profiles, faults, terminals)
    run_service(lambda stop: _serve(plan, stop, site, copy))


def serve_profiles(
    names: Sequence[str], units: Sequence[int] | None, port: int, kind: str, dtu: str, seed: int, faults: Path | None
) -> None:
    """Serve instruments of some models on one bus, in ordinary water.

    Parameters
    ----------
    names : sequence of str
        Profiles; the units are of them by turns.
    units : sequence of int or None
        Unit ids; None: from 1 on, one for each profile.
    port : int
    kind : {'tcp', 'rtu+tcp', 'rtu', 'rtu+listen'}
    dtu : str
        Registration of the DTU that dials in to ``rtu+listen``.
    seed : int
    faults : Path or None

    Raises
    ------
    UsageError
        For an unknown profile.
    """
    chosen = [profile_named(name) for name in names]
    endpoint = "rtu:///dev/virtual" if kind == "rtu" else f"{kind}://{HOST}:{port or MODBUS_PORT}"
    endpoint += f"?dtu={dtu}" if kind == "rtu+listen" else ""
    stations = [
        Station(f"unit-{unit}", "", "", "", "", 0.0, "river", profile.id, endpoint, unit, "", 1.0)
        for unit, profile in zip(units or range(1, len(chosen) + 1), itertools.cycle(chosen), strict=False)
    ]
    profiles = {profile.id: profile for profile in chosen}
    instruments = {s.id: Steady(profiles[s.profile], seed + s.unit) for s in stations}
    plan = _Plan(stations, instruments, machine_ms, profiles, faults, kind == "rtu", {endpoint: port})
    run_service(lambda stop: _serve(plan, stop))


def serve_replay(
    folder: Path, copy: Path, readings: Path, stations: Path | None, names: Sequence[str], period_s: float,
    hold_ms: int, faults: Path | None = None,
) -> None:  # fmt: skip
    """Serve a record as `deploy.replay.registers` has cast it; the copy has only the stations that play."""
    from deploy.replay.registers import cast_stations

    site, instruments = cast_stations(load_site(folder), readings, stations, names, hold_ms)
    paced = {name: replace(station, period_s=period_s) for name, station in site.stations.items()}
    site = replace_stations(site, paced)
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    plan = _Plan(tuple(site.stations.values()), instruments, now_ms, site.profiles, faults)
    # Hours of the record pass within seconds; a station is silent when it has missed more than an instant of it.
    run_service(lambda stop: _serve(plan, stop, site, copy, 2 * hold_ms / 1000))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a fleet serves."""

    stations: Sequence[Station]
    instruments: Mapping[str, Instrument]
    now_ms: Now
    profiles: Mapping[str, Profile]
    faults: Path | None = None
    terminals: bool = False
    ports: Mapping[str, int] | None = None


async def _serve(
    plan: _Plan,
    stop: asyncio.Event,
    site: Site | None = None,
    copy: Path | None = None,
    stale_after_s: float | None = None,
) -> None:
    start_ms = plan.now_ms()
    faults = Faults()
    if plan.faults is not None:
        faults.replace(read_faults(plan.faults, plan.stations, start_ms, plan.profiles))
    ports = plan.ports if site is None or copy is None else _former_ports(site, copy)
    fleet = Fleet(
        plan.stations, plan.instruments, plan.now_ms, ports, faults=faults, terminals=plan.terminals,
        profiles=plan.profiles,
    )  # fmt: skip
    async with fleet, asyncio.TaskGroup() as group:
        if site is not None and copy is not None:
            here = site.with_endpoints(fleet.endpoints)
            write_copy(here, copy, "Virtual probes of this run; made anew at every start.", stale_after_s)
        print("\n".join(_places(plan.stations, fleet)), flush=True)
        if plan.faults is not None:
            group.create_task(_follow(plan, plan.faults, start_ms, faults, stop))
        ready()
        await stop.wait()


def _places(stations: Sequence[Station], fleet: Fleet) -> list[str]:
    """Where each virtual instrument is found, as `riverchief probe` takes it."""
    found = ((s, Target(parse_endpoint(fleet.endpoints[s.endpoint]), s.unit)) for s in stations)
    return [f"{target}  {station.profile}  {station.id}" for station, target in found]


async def _follow(plan: _Plan, path: Path, start_ms: int, faults: Faults, stop: asyncio.Event) -> None:
    """Read the file of faults again whenever it changes; one with mistakes leaves everything as it was."""
    last = _stamp(path)
    while not stop.is_set():
        await pause(stop, FOLLOW_S)
        stamp = _stamp(path)
        if stamp == last:
            continue
        last = stamp
        try:
            faults.replace(read_faults(path, plan.stations, start_ms, plan.profiles))
            log.info("%s: %d faults", path.name, len(list(faults)))
        except ConfigError as error:
            log.error("%s has mistakes, the faults stay as they were:\n%s", path.name, error)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def _former_ports(site: Site, copy: Path) -> dict[str, int]:
    """Where an earlier fleet served the site's endpoints, as its copy of the site says."""
    try:
        before = load_site(copy).stations
    except SiteError:
        return {}
    served = {
        name: parse_endpoint(station.endpoint).port for name, station in before.items() if station.profile != REPORTS
    }
    return {s.endpoint: served[s.id] for s in site.stations.values() if s.id in served}


def fill_history(folder: Path, spools: Path, hours: int, seed: int) -> None:
    """Put the hours before now into the gateways' spools, as if the line to the hub had been down until now.

    What a probe would have said goes through its registers and the decoder, so that the past is written in the same
    way as the present.
    """
    site = load_site(folder)
    end_ms = machine_ms() // HISTORY_STEP_MS * HISTORY_STEP_MS
    times = np.arange(end_ms - hours * HOUR_MS, end_ms, HISTORY_STEP_MS, dtype=np.int64)
    past = {
        name: _past(site.profiles[site.stations[name].profile], probe, times)
        for name, probe in probes(site, seed, None).items()
    }
    asyncio.run(_spool(site, spools, past))
    ready()


def _past(profile: Profile, probe: VirtualProbe, times: np.ndarray) -> list[Observation]:
    decoder = Decoder(profile)
    values, states = probe.read(times)
    if "rainfall" in values:  # a gauge tells minutes, and the past is coarser
        minutes = times[:, None] - np.arange(0, HISTORY_STEP_MS, MINUTE_MS)
        values["rainfall"] = probe.read(minutes.ravel())[0]["rainfall"].reshape(minutes.shape).sum(axis=1)
    found = []
    for i, time_ms in enumerate(times):
        image = encode(profile, {key: float(column[i]) for key, column in values.items()}, StationState(str(states[i])))
        answers = [
            [image.get((block.function, block.address + k), 0) for k in range(block.count)] for block in decoder.blocks
        ]
        decoded, state = decoder.decode(answers)
        found.append(Observation(probe.station.id, int(time_ms), decoded, state))
    return found


async def _spool(site: Site, folder: Path, past: Mapping[str, Sequence[Observation]]) -> None:
    for gateway in site.gateways:
        stations = [station.id for station in site.slice(gateway) if station.id in past]
        async with Spool(folder / f"{gateway}.spool") as spool:
            for observations in zip(*(past[name] for name in stations), strict=True):
                for observation in observations:
                    await spool.append(observation)
