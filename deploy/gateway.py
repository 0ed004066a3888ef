"""The service at the river: polls the stations of one or more gateways, spools, publishes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from collectors.broker import Address, Session
from collectors.bus import Bus
from collectors.clock import Now, clock_from
from collectors.poller import Poller
from collectors.spool import Spool
from collectors.uplink import Uplink, identity
from deploy.notify import ready, status
from deploy.service import pause, run_service
from deploy.tls import PLAIN, TlsFiles, broker_address
from sensors.endpoint import Endpoint, parse_endpoint
from sensors.errors import UsageError
from sensors.place import Station
from sensors.profile import Profile, load_profiles
from sensors.site import Site, load_site

log = logging.getLogger(__name__)

#: How often the service says how it is doing [s].
STATUS_S = 10.0


def serve(folder: Path, names: Sequence[str], broker: str, data: Path, tls: TlsFiles = PLAIN) -> None:
    """Run gateways until SIGTERM or SIGINT.

    Parameters
    ----------
    folder : Path
        Of the site.
    names : sequence of str
        Gateways to be; all of the site where empty.
    broker : str
        ``mqtt://HOST:PORT`` or ``mqtts://HOST:PORT``.
    data : Path
        Each gateway's spool is ``<id>.spool`` there.
    tls : TlsFiles, optional

    Raises
    ------
    SiteError
        If the site has mistakes.
    UsageError
        If it has no such gateway, the broker's address is none, or the certificate cannot be used.
    """
    site = load_site(folder)
    unknown = [name for name in names if name not in site.gateways]
    if unknown:
        raise UsageError(f"the site has no gateway {', '.join(unknown)}; it has {', '.join(site.gateways)}")
    chosen = tuple(dict.fromkeys(names)) or tuple(site.gateways)
    if tls.certificate is not None and len(chosen) > 1:
        raise UsageError(f"a certificate is one gateway's: say which with --gateway; found {', '.join(chosen)}")
    address = broker_address(broker, tls)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {data}: {error.strerror}") from None
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    run_service(lambda stop: _serve(site, chosen, address, data, now_ms, stop))


async def _serve(
    site: Site, names: Sequence[str], address: Address, data: Path, now_ms: Now, stop: asyncio.Event
) -> None:
    async with AsyncExitStack() as stack:
        gateways = [await stack.enter_async_context(Gateway(site, name, address, data, now_ms)) for name in names]
        ready()
        while not stop.is_set():
            backlog = sum(gateway.backlog for gateway in gateways)
            silent = sum(gateway.silent for gateway in gateways)
            status(f"{backlog} observations on the way, {silent} stations silent", backlog=str(backlog))
            await pause(stop, STATUS_S)


class Gateway:
    """One gateway; an async context manager that works for as long as it lasts.

    Parameters
    ----------
    site : Site
    name : str
        Id of the gateway.
    address : Address
        Of the broker.
    data : Path
        Folder of the spool.
    now_ms : callable
        Clock of the time stamps [ms since the epoch, UTC].
    """

    def __init__(self, site: Site, name: str, address: Address, data: Path, now_ms: Now) -> None:
        self._site, self._gateway, self._address, self._now_ms = site, site.gateways[name], address, now_ms
        self._path = data / f"{name}.spool"
        self._stations = site.slice(name)
        self._pollers: list[Poller] = []
        self._uplink: Uplink | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Gateway:
        async with AsyncExitStack() as stack:
            spool = await stack.enter_async_context(Spool(self._path, now_ms=self._now_ms))
            site, gateway = self._site.id, self._gateway
            session = Session(self._address, identity(site, gateway.shard, gateway.id, spool.epoch))
            self._uplink = Uplink(
                session,
                spool,
                site=site,
                shard=gateway.shard,
                gateway=gateway.id,
                now_ms=self._now_ms,
                birth={"software": version("riverchief"), "config": config_hash(self._stations)},
                status=self._status,
            )
            await stack.enter_async_context(session)
            await stack.enter_async_context(self._uplink)
            for endpoint, stations in by_bus(self._stations).items():
                bus = await stack.enter_async_context(Bus(endpoint, max(p.timeout_s for _, p in stations)))
                poller = Poller(bus, stations, spool.append, self._now_ms)
                self._pollers.append(poller)
                task = asyncio.create_task(poller.run(), name=f"poll {endpoint.bus}")
                stack.push_async_callback(_cancel, task)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    @property
    def backlog(self) -> int:
        """Observations that the hub has not stored yet, as far as is known here."""
        return self._uplink.backlog if self._uplink else 0

    @property
    def silent(self) -> int:
        """Stations whose last poll failed."""
        return sum(unit.failures > 0 for poller in self._pollers for unit in poller.states)

    def _status(self) -> Mapping[str, Any]:
        return {"silent": {unit.station: unit.reason for p in self._pollers for unit in p.states if unit.failures}}


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def by_bus(stations: Sequence[Station]) -> dict[Endpoint, list[tuple[Station, Profile]]]:
    """Stations with their profiles, by the bus that they share."""
    profiles = load_profiles()
    found: defaultdict[str, list[tuple[Station, Profile]]] = defaultdict(list)
    endpoints: dict[str, Endpoint] = {}
    for station in stations:
        endpoint = parse_endpoint(station.endpoint)
        endpoints.setdefault(endpoint.bus, endpoint)
        found[endpoint.bus].append((station, profiles[station.profile]))
    return {endpoints[bus]: members for bus, members in found.items()}


def config_hash(stations: Sequence[Station]) -> str:
    """Short hash of what a gateway was told to poll; the hub compares it with its own."""
    text = json.dumps([asdict(station) for station in stations], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
