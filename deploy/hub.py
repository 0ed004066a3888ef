"""The service in the middle: takes readings into the store and judges them every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from contextlib import AsyncExitStack
from pathlib import Path

from collectors.broker import Address, Identity, Session
from collectors.clock import Now, clock_from
from collectors.ingest import Ingest
from collectors.quarantine import Quarantine
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from deploy.judge import Judge
from deploy.notify import ready, status
from deploy.service import pause, run_service
from deploy.tls import PLAIN, TlsFiles, broker_address
from sensors.errors import StoreError
from sensors.reading import Block
from sensors.site import Site, load_site

log = logging.getLogger(__name__)

#: Pause between two ticks of the analytics [s].
TICK_S = 5.0

#: Longest wait for the broker before the hub calls itself ready without it [s].
CONNECT_S = 5.0


def serve(folder: Path, broker: str, store_url: str, tls: TlsFiles = PLAIN) -> None:
    """Run the hub until SIGTERM or SIGINT.

    Parameters
    ----------
    folder : Path
        Of the site.
    broker : str
        ``mqtt://HOST:PORT`` or ``mqtts://HOST:PORT``.
    store_url : str
        See `collectors.stores.open_store`.
    tls : TlsFiles, optional

    Raises
    ------
    SiteError
        If the site has mistakes.
    UsageError
        If the broker's address is none, or the certificate cannot be used.
    StoreError
        If the store cannot be opened.
    """
    site = load_site(folder)
    address = broker_address(broker, tls)
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    store = open_store(store_url)
    try:
        run_service(lambda stop: Hub(site, address, store, _quarantine(store_url), now_ms).run(stop))
    finally:
        store.close()


def _quarantine(store_url: str) -> Quarantine:
    """Beside an embedded store; elsewhere in the working folder."""
    scheme, _, path = store_url.partition(":///")
    return Quarantine((Path(path).parent if scheme == "sqlite" else Path()) / "quarantine.jsonl")


class Hub:
    """Ingest and analytics of one site in one event loop.

    Parameters
    ----------
    site : Site
    address : Address
        Of the broker.
    store : ReadingStore
    quarantine : Quarantine
    now_ms : callable
        [ms since the epoch, UTC]
    """

    def __init__(self, site: Site, address: Address, store: ReadingStore, quarantine: Quarantine, now_ms: Now) -> None:
        self._site, self._address, self._store = site, address, store
        self._quarantine, self._now_ms = quarantine, now_ms
        self._judge = Judge(site, store)
        self._changed: dict[str, int] = {}
        self._arrived = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        async with AsyncExitStack() as stack:
            # One session for every shard: a broker that takes the client id from the certificate knows only one hub.
            session = Session(self._address, Identity(f"{self._site.id}-hub", persistent=True))
            shards = sorted({gateway.shard for gateway in self._site.gateways.values()})
            ingests = [self._ingest(session, shard) for shard in shards]
            await stack.enter_async_context(session)
            for ingest in ingests:
                await stack.enter_async_context(ingest)
            with contextlib.suppress(TimeoutError):
                # What gateways send before the hub has subscribed comes again only after a pause.
                async with asyncio.timeout(CONNECT_S):
                    await session.connected()
            ready()
            while not stop.is_set():
                worked = await self._tick()
                # A store that refuses is not asked again at once, however much waits to be judged.
                if not (worked and self._judge.behind):
                    await pause(stop, TICK_S)

    def _ingest(self, session: Session, shard: int) -> Ingest:
        return Ingest(
            session,
            self._store,
            site=self._site.id,
            shard=shard,
            now_ms=self._now_ms,
            quarantine=self._quarantine,
            stations={
                gateway.id: {station.id for station in self._site.slice(gateway.id)}
                for gateway in self._site.gateways.values()
                if gateway.shard == shard
            },
            known=self._site.stations,
            on_block=self._on_block,
        )

    def _on_block(self, block: Block) -> None:
        for station, time_ms in zip(block.station, block.time_ms, strict=True):
            self._changed[station] = min(time_ms, self._changed.get(station, time_ms))

    async def _tick(self) -> bool:
        """Judge once; False where it failed, and the judge remembers what is left to do."""
        worked = False
        changed, self._changed = self._changed, {}
        try:
            # In a thread: a slow disk must not hold up what comes in.
            await asyncio.to_thread(self._judge.tick, self._now_ms(), changed)
            worked = True
        except StoreError as error:
            log.error("judging: %s", error)
        except Exception:
            # A fault in judging must not keep readings from being stored.
            log.exception("judging")
        graded, stations = self._judge.graded, len(self._site.stations)
        status(f"{graded} of {stations} stations graded", graded=str(graded), stations=str(stations))
        return worked
