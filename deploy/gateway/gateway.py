"""The service at the river: polls the stations of one or more gateways, spools, publishes, takes care of itself."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.audit import Audit
from collectors.broker import Address, Session
from collectors.care import Care
from collectors.clock import Now, clock_from, machine_ms
from collectors.clock_state import ClockWatch
from collectors.spool import Spool
from collectors.uplink import Uplink, identity
from collectors.wire_care import Slice
from deploy.broker.holders import GATEWAY, check_holder
from deploy.broker.tls import PLAIN, TlsFiles, broker_address, is_loopback
from deploy.gateway.config import GatewayConfig, Kept, config_from_files, gateway_config, keep, kept_at
from deploy.gateway.hands import GatewayHands
from deploy.gateway.keep import KeptRows
from deploy.gateway.lines import Lines
from deploy.health import parse_place, shown
from deploy.local.folder import LocalFolder
from deploy.metrics.gateway import GatewayFace, Measured, measured
from deploy.notify import ready, status
from deploy.service import pause, run_service
from deploy.structured_log import know
from sensors.errors import ConfigError, RiverChiefError, SiteError, StoreError, UsageError
from sensors.reading import Observation
from sensors.site import Site, load_site

if TYPE_CHECKING:
    from deploy.gateway.hj212 import GatewayHj212

log = logging.getLogger(__name__)

#: How often the service looks at its local folder and whether it is to begin anew [s].
TICK_S = 1.0

#: How often it says how it is doing [s].
STATUS_S = 10.0

#: Longest wait for the broker to take the last answers before the gateway begins anew [s].
FAREWELL_S = 5.0


def serve(
    folder: Path, names: Sequence[str], broker: str, data: Path, tls: TlsFiles = PLAIN, *, metrics: str | None = None,
    keep_hours: float = 0.0,
) -> None:  # fmt: skip
    """Run gateways until SIGTERM or SIGINT.

    Parameters
    ----------
    folder : Path
        Of the site. It is read again when something in it changes, and on SIGHUP.
    names : sequence of str
        Gateways to be; all of the site where empty.
    broker : str
        ``mqtt://HOST:PORT`` or ``mqtts://HOST:PORT``.
    data : Path
        Each gateway's spool is ``<id>.spool`` there; its last slice and its audit file are beside it.
    tls : TlsFiles, optional
    metrics : str, optional
        HOST:PORT on which metrics and health are served; see `deploy.health`.
    keep_hours : float
        Keep what the hub has stored for so long [h]; see `deploy.gateway.keep`.

    Raises
    ------
    SiteError
        If the site has mistakes, and no slice that it ran before is there to go on with.
    UsageError
        If it has no such gateway, the broker's address is none, or the certificate is another's or cannot be used.
    """
    local = LocalFolder(folder)
    site, mistakes = _look(folder)
    chosen = tuple(dict.fromkeys(names)) or (tuple(site.gateways) if site else ())
    if site is None and not (chosen and all(kept_at(data / f"{name}.slice") for name in chosen)):
        assert mistakes is not None
        raise mistakes
    if site is not None and (unknown := [name for name in names if name not in site.gateways]):
        raise UsageError(f"the site has no gateway {', '.join(unknown)}; it has {', '.join(site.gateways)}")
    if tls.certificate is not None and len(chosen) > 1:
        raise UsageError(f"a certificate is one gateway's: say which with --gateway; found {', '.join(chosen)}")
    if tls.certificate is not None:
        check_holder(tls.certificate, f"{GATEWAY}.{chosen[0]}", f"--gateway {chosen[0]}")
    address = broker_address(broker, tls)
    place = parse_place(metrics) if metrics is not None else None
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {data}: {error.strerror}") from None
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    anew: list[bool] = []
    plan = _Plan(local, site, mistakes, chosen, address, data, now_ms, place, round(keep_hours * 3_600_000))
    run_service(lambda stop: _serve(plan, stop, anew))
    if anew:
        # The same process in place of itself: whoever watches it, systemd or a supervisor, sees no end.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _look(folder: Path) -> tuple[Site | None, SiteError | None]:
    try:
        return load_site(folder), None
    except SiteError as error:
        return None, error


@dataclass(frozen=True, slots=True)
class _Plan:
    local: LocalFolder
    site: Site | None
    mistakes: SiteError | None
    names: tuple[str, ...]
    address: Address
    data: Path
    now_ms: Now
    metrics: tuple[str, int] | None = None
    keep_ms: int = 0


async def _serve(plan: _Plan, stop: asyncio.Event, anew: list[bool]) -> None:
    hup = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hup.set)
    async with AsyncExitStack() as stack:
        gateways = [
            await stack.enter_async_context(begin(plan.site, name, plan.address, plan.data, plan.now_ms, plan.keep_ms))
            for name in plan.names
        ]
        if plan.mistakes is not None:
            for gateway in gateways:
                gateway.refuse("local", "", plan.mistakes)
        _know(gateways)
        shows = GatewayFace(lambda: asyncio.gather(*(gateway.measured() for gateway in gateways)), plan.now_ms)
        await stack.enter_async_context(shown(plan.metrics, shows.face))
        ready()
        told_s = -STATUS_S
        while not stop.is_set():
            if plan.local.changed() or hup.is_set():
                hup.clear()
                await reload(plan.local.folder, gateways)
                _know(gateways)
            if any(gateway.restarting.is_set() for gateway in gateways):
                await asyncio.gather(*(gateway.farewell() for gateway in gateways))
                anew.append(True)
                return
            if (now_s := asyncio.get_running_loop().time()) - told_s >= STATUS_S:
                told_s = now_s
                backlog = sum(gateway.backlog for gateway in gateways)
                silent = sum(gateway.silent for gateway in gateways)
                status(f"{backlog} observations on the way, {silent} stations silent", backlog=str(backlog))
            await pause(stop, TICK_S)


def _know(gateways: Sequence[Gateway]) -> None:
    stations = [station.id for gateway in gateways for station in gateway.config.stations]
    know([gateway.config.gateway.id for gateway in gateways], stations)


async def reload(folder: Path, gateways: Sequence[Gateway]) -> None:
    """Read a site folder again and have gateways work from it; with mistakes in it they go on as they are."""
    site, mistakes = await asyncio.to_thread(_look, folder)
    for gateway in gateways:
        if site is None:
            assert mistakes is not None
            gateway.refuse("local", "", mistakes)
            continue
        try:
            await gateway.take_local(gateway_config(site, gateway.config.gateway.id))
        except RiverChiefError as error:
            gateway.refuse("local", "", error)


def begin(site: Site | None, name: str, address: Address, data: Path, now_ms: Now, keep_ms: int = 0) -> Gateway:
    """A gateway with what it ran last, or with the site's folder where that was edited since.

    Raises
    ------
    UsageError
        If there is neither a site nor a slice that loads.
    """
    local = gateway_config(site, name) if site is not None else None
    kept = kept_at(data / f"{name}.slice")
    source = "hub" if now_ms is machine_ms and is_loopback(address.host) else "kernel"
    clock = ClockWatch(now_ms, source if now_ms is machine_ms else "simulated")
    config, decided, base = local, kept.decided if kept else "", local.hash if local else ""
    if kept is not None and (local is None or kept.local == local.hash):
        try:
            config, base = config_from_files(kept.files, name), kept.local
        except RiverChiefError as error:
            log.error("%s: the slice that ran last cannot be used: %s", name, error)
            decided = ""  # the hub's is worth another look
    if config is None:
        raise UsageError(f"{name}: neither the site folder nor the slice that ran last can be used")
    return Gateway(config, address, data, now_ms, clock=clock, decided=decided, local=base, keep_ms=keep_ms)


@dataclass(frozen=True, slots=True)
class Refused:
    """A configuration that was not taken.

    Attributes
    ----------
    source : str
        ``hub`` or ``local``.
    hash : str
        Of the slice; empty where it did not come so far.
    problems : tuple of str
    time_ms : int
        [ms since the epoch, UTC]
    """

    source: str
    hash: str
    problems: tuple[str, ...]
    time_ms: int


class Gateway:
    """One gateway; an async context manager that works for as long as it lasts.

    Parameters
    ----------
    config : GatewayConfig
    address : Address
        Of the broker.
    data : Path
        Folder of the spool.
    now_ms : callable
        Clock of the time stamps [ms since the epoch, UTC].
    clock : ClockWatch, optional
        Whether it can be believed. Where it is not given the kernel is asked; a clock of another kind is believed.
    decided : str
        Hash of the slice that was last taken from the hub.
    local : str
        Hash of the slice of the local folder; that of `config` where it is not given.
    keep_ms : int
        How long what the hub has stored is kept [ms].

    Attributes
    ----------
    config : GatewayConfig
        What it works from now.
    restarting : asyncio.Event
        Set when it was told to begin anew.
    """

    def __init__(
        self,
        config: GatewayConfig,
        address: Address,
        data: Path,
        now_ms: Now,
        *,
        clock: ClockWatch | None = None,
        decided: str = "",
        local: str = "",
        keep_ms: int = 0,
    ) -> None:
        self.config, self._address, self._now_ms = config, address, now_ms
        self._home, self._decided, self._local = data, decided, local or config.hash
        self._clock = clock or ClockWatch(now_ms, "kernel" if now_ms is machine_ms else "simulated")
        #: Hash of the slice that the hub wants here, as far as it was heard.
        self._wanted = decided
        self._refused: Refused | None = None
        self._busy = asyncio.Lock()
        self._observations = self._readings = 0
        self._keep_ms = keep_ms
        self._hj212: GatewayHj212 | None = None
        self._stack, self._others = AsyncExitStack(), AsyncExitStack()
        self.restarting = asyncio.Event()

    async def __aenter__(self) -> Gateway:
        async with AsyncExitStack() as stack:
            gateway, site = self.config.gateway, self.config.site
            audit = await asyncio.to_thread(Audit, self._home / f"{gateway.id}.audit.jsonl")
            self._spool = await stack.enter_async_context(
                Spool(self._home / f"{gateway.id}.spool", now_ms=self._now_ms)
            )
            stack.push_async_callback(self._others.aclose)
            self._kept = await stack.enter_async_context(KeptRows(self._spool, self._keep_ms, self._now_ms))
            self.lines = Lines(self.sink, self._now_ms, self._clock)
            who = identity(site, gateway.shard, gateway.id, self._spool.epoch)
            self._session = session = Session(self._address, who)
            self._uplink = Uplink(
                session, self._spool, site=site, shard=gateway.shard, gateway=gateway.id, now_ms=self._now_ms,
                birth=self._birth, status=self._status, holds=[self._hold],
            )  # fmt: skip
            self._care = Care(
                session, GatewayHands(self), audit, site=site, shard=gateway.shard, gateway=gateway.id,
                now_ms=self._now_ms, decided=self._decided,
            )  # fmt: skip
            # Before the uplink: it deletes nothing that the platforms have not got.
            await self._apply_hj212(self.config)
            await stack.enter_async_context(session)
            await stack.enter_async_context(self._uplink)
            await stack.enter_async_context(self._care)
            await stack.enter_async_context(self.lines)
            await self.lines.apply(self.config.buses)
            self._keep()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def sink(self, observation: Observation) -> None:
        """Take an observation."""
        self._observations += 1
        self._readings += len(observation.values)
        await self._spool.append(observation)

    async def apply(self, config: GatewayConfig) -> None:
        """Work from another slice from now on; what did not change goes on undisturbed.

        Raises
        ------
        UsageError
            If it is another gateway's, or moves this one to another place in the topic tree, which is for a restart.
        """
        ours, theirs = self.config, config
        here = (ours.site, ours.gateway.id, ours.gateway.shard)
        there = (theirs.site, theirs.gateway.id, theirs.gateway.shard)
        if here != there:
            raise UsageError(f"found site, gateway, shard {there}; accepted: {here}. Another place needs a restart")
        async with self._busy:
            try:
                await self._run_on(config)
            except Exception:
                await self._run_on(ours)
                raise
        self._refused = None
        self._keep()
        self._uplink.announce()

    async def _run_on(self, config: GatewayConfig) -> None:
        self.config = config
        await self.lines.apply(config.buses)
        await self._apply_hj212(config)

    async def _apply_hj212(self, config: GatewayConfig) -> None:
        """Loaded by gateways only that have to do with it."""
        if self._hj212 is None and (config.platforms or config.reporting):
            from deploy.gateway.hj212 import GatewayHj212

            made = GatewayHj212(self._spool, self._home, self._now_ms)
            self._hj212 = await self._others.enter_async_context(made)
        if self._hj212 is not None:
            await self._hj212.apply(config)

    def _hold(self) -> int:
        """Rows of the spool up to here are read by everybody but the hub."""
        return min(self._kept.hold(), self._hj212.hold() if self._hj212 is not None else self._spool.state.last)

    async def take(self, part: Slice) -> Sequence[str]:
        """Run on the hub's slice; every reason why not, where it cannot be."""
        self._wanted = part.hash
        try:
            if part.hash != self.config.hash:
                config = await asyncio.to_thread(config_from_files, part.files, self.config.gateway.id)
                self._decided = part.hash
                await self.apply(config)
            elif self._refused is not None and self._refused.source == "hub":
                self._refused = None
                self._uplink.announce()
        except Exception as error:
            if not isinstance(error, RiverChiefError):
                log.exception("slice %s", part.hash)
            return self.refuse("hub", part.hash, error)
        self._decided = part.hash
        self._keep()
        return ()

    async def take_local(self, config: GatewayConfig) -> None:
        """Run on the slice of the local folder, where it was edited; raises as `apply` does."""
        if config.hash != self._local:
            self._local = config.hash
            await self.apply(config)
            log.info("%s: own folder taken: %s", self.config.gateway.id, config.hash)
        elif self._refused is not None and self._refused.source == "local":
            self._refused = None
            self._uplink.announce()

    def refuse(self, source: str, hash_: str, error: Exception) -> tuple[str, ...]:
        """Go on as it is, and say why."""
        problems = tuple(map(str, error.problems if isinstance(error, ConfigError) else (error,)))
        self._refused = Refused(source, hash_, problems, self._now_ms())
        log.error("%s: configuration (%s) refused:\n%s", self.config.gateway.id, source, "\n".join(problems))
        self._uplink.announce()
        return problems

    def _keep(self) -> None:
        try:
            keep(self._home / f"{self.config.gateway.id}.slice", Kept(self.config.files, self._local, self._decided))
        except StoreError as error:
            log.error("%s: the slice is not kept: %s", self.config.gateway.id, error)

    async def farewell(self) -> None:
        """Wait a moment for the last answers to leave."""
        await self._care.answered(FAREWELL_S)

    @property
    def backlog(self) -> int:
        """Observations that the hub has not stored yet, as far as is known here."""
        return self._uplink.backlog

    @property
    def silent(self) -> int:
        """Stations whose last poll failed."""
        return sum(unit.failures > 0 for unit in self.lines.states)

    async def measured(self) -> Measured:
        """How it is doing, for metrics."""
        polled, units, clock = (self._observations, self._readings), self.lines.states, self._clock.state()
        name, fault, session = self.config.gateway.id, self._uplink.error, self._session.state
        return await measured(name, polled, self._spool, self.backlog, session, units, clock, fault)

    async def about(self) -> Mapping[str, Any]:
        """What it says about itself when it is asked: all that state says, and what is not said for being nothing."""
        return {
            "software": version("riverchief"), "wanted": self._wanted, "refused": None, "hj212": {},
            **await self._uplink.state(), "stations": len(self.config.stations),
        }  # fmt: skip

    def _birth(self) -> dict[str, Any]:
        return {"software": version("riverchief"), **self._running()}

    def _running(self) -> dict[str, Any]:
        """What birth and state both say."""
        refused = {"refused": asdict(self._refused)} if self._refused else {}
        return {"config": self.config.hash, **refused, "clock": asdict(self._clock.state())}

    def _status(self) -> dict[str, Any]:
        hj212 = self._hj212.state() if self._hj212 is not None else {}
        return {
            **self._running(),
            "silent": {unit.station: unit.reason for unit in self.lines.states if unit.failures},
            "refused_payloads": self._care.refused,
            **({"hj212": hj212} if hj212 else {}),
        }
