"""The service in the middle: takes readings into the store and judges them every few seconds.

It works from its site folder, and follows it: an edit reaches the gateways, ingest and the judging within seconds.

One process does all of it, or several share it: ingesters by shards, and one that judges (`deploy.hub.role`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.broker import Address, Identity, Session
from collectors.clock import Now, clock_from
from collectors.ingest import Ingest
from collectors.quarantine import Quarantine
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from deploy.broker.tls import PLAIN, TlsFiles, broker_address
from deploy.health import parse_place, shown
from deploy.hub.care import Care
from deploy.hub.judging import Judging
from deploy.hub.role import Role, check_certificate, role_of
from deploy.hub.site import SiteFolder
from deploy.hub.state import EVERY_S, HubState, Intake
from deploy.metrics.hub import HubFace
from deploy.notify import ready, status
from deploy.service import pause, run_service, survives
from deploy.structured_log import know
from deploy.watch.state import FILE as WATCH_STATE
from sensors.errors import UsageError
from sensors.site import Site, load_site

if TYPE_CHECKING:
    from deploy.hub.books import HubBooks
    from deploy.watch.watch import Watch

log = logging.getLogger(__name__)

#: Pause between two ticks of the analytics [s].
TICK_S = 5.0

#: Pause between two rounds of the store's upkeep [s].
TIDY_S = 60.0

#: Longest wait for the broker before the hub calls itself ready without it [s].
CONNECT_S = 5.0

#: How often it looks at its site folder [s].
FOLDER_S = 1.0

#: A hub that does everything.
EVERYTHING = Role()


def serve(
    folder: Path,
    broker: str | None,
    store_url: str,
    tls: TlsFiles = PLAIN,
    *,
    shards: Sequence[int] = (),
    judge: bool = True,
    judge_only: bool = False,
    books_url: str | None = None,
    files: Path | None = None,
    metrics: str | None = None,
    watch: bool = True,
) -> None:
    """Run the hub until SIGTERM or SIGINT.

    Parameters
    ----------
    folder : Path
        Of the site. It is read again when something in it changes, and on SIGHUP.
    broker : str or None
        ``mqtt://HOST:PORT`` or ``mqtts://HOST:PORT``; not needed to judge only.
    store_url : str
        See `collectors.stores.open_store`.
    tls : TlsFiles, optional
    shards : sequence of int
        Take in the gateways of these only.
    judge, judge_only : bool
        Whether this process judges; whether it does nothing else.
    books_url : str, optional
        Of the books, for a process that judges; see `dashboard.casework.database.open_books`.
    files : Path, optional
        Folder of photos and documents, where the books need one.
    metrics : str, optional
        HOST:PORT on which metrics and health are served; see `deploy.health`.
    watch : bool
        Whether a process that judges also detects; not where `deploy.city` does.

    Raises
    ------
    SiteError
        If the site has mistakes.
    UsageError
        If the options contradict each other, the broker's address is none, or the certificate cannot be used.
    StoreError
        If the store cannot be opened.
    """
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    # Looked at before it is read: an edit in between is seen.
    followed = SiteFolder(folder, now_ms)
    site = load_site(folder)
    role = role_of(site, shards, judge=judge, judge_only=judge_only)
    address = _address(role, broker, tls)
    shows = parse_place(metrics) if metrics is not None else None
    place = home(store_url)
    quarantine = Quarantine((place or Path()) / quarantine_name(role))
    # Rows that the store itself refuses are kept as well, for a person to look at.
    store = open_store(store_url, on_refused=lambda row, why: quarantine.put("store", "store", why, row.encode()))
    with ExitStack() as stack:
        stack.callback(store.close)
        books = _books(stack, store, books_url, files) if role.judge and books_url is not None else None
        hub = Hub(
            site, address, store, quarantine, now_ms, role=role, disk=place, folder=followed, books=books,
            metrics=shows, watch=watch,
        )  # fmt: skip
        run_service(hub.run)


def _books(stack: ExitStack, store: ReadingStore, url: str, files: Path | None) -> HubBooks:
    # Only a process that has books needs the libraries for them.
    from dashboard.casework.database import open_books
    from deploy.hub.books import HubBooks

    books = open_books(url, files)
    stack.callback(books.close)
    return HubBooks(books, store)


def _address(role: Role, broker: str | None, tls: TlsFiles) -> Address | None:
    if not role.ingest:
        return None
    if broker is None:
        raise UsageError("--broker is missing: only a hub that judges and does nothing else needs none")
    if tls.certificate is not None:
        check_certificate(role, tls.certificate)
    return broker_address(broker, tls)


def home(store_url: str) -> Path | None:
    """Folder of an embedded store; None where the store is a server's."""
    scheme, _, path = store_url.partition(":///")
    return Path(path).parent if scheme == "sqlite" else None


def quarantine_name(role: Role) -> str:
    """Name of the file of what one hub process refused: beside an embedded store, elsewhere in the working folder."""
    return "quarantine.jsonl" if role.label == "all" else f"quarantine-{role.label}.jsonl"


class Hub:
    """Ingest and analytics of one site in one event loop.

    Parameters
    ----------
    site : Site
    address : Address or None
        Of the broker; None for a role without ingest.
    store : ReadingStore
    quarantine : Quarantine
    now_ms : callable
        [ms since the epoch, UTC]
    role : Role
        Part of the work that this process does.
    disk : Path, optional
        Folder of the store where it is on this machine.
    folder : SiteFolder, optional
        Followed: what is edited there is worked from within seconds.
    books : HubBooks, optional
        Judging takes laboratory results and visits from them.
    metrics : (str, int), optional
        Host and port on which metrics and health are served.
    watch : bool
        Whether a process that judges also detects.
    """

    def __init__(
        self,
        site: Site,
        address: Address | None,
        store: ReadingStore,
        quarantine: Quarantine,
        now_ms: Now,
        *,
        role: Role = EVERYTHING,
        disk: Path | None = None,
        folder: SiteFolder | None = None,
        books: HubBooks | None = None,
        metrics: tuple[str, int] | None = None,
        watch: bool = True,
    ) -> None:
        self._site, self._address, self._store, self._role = site, address, store, role
        self._quarantine, self._now_ms, self._disk, self._folder = quarantine, now_ms, disk, folder
        self._shards = role.shards or tuple(sorted({gateway.shard for gateway in site.gateways.values()}))
        self._books = books
        self._judging = Judging(site, store, books) if role.judge else None
        self._watches = role.judge and watch
        self._watch = self._watch_of(site) if self._watches else None
        self._state = HubState(role, now_ms, quarantine, disk)
        self._metrics, self._shows = metrics, HubFace(now_ms)
        self._untidy = False
        #: What gateways answered to commands, beside an embedded store.
        self._answers = None if disk is None else disk / "commands.jsonl"

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        async with AsyncExitStack() as stack:
            if self._folder is not None:
                # Before anything is waited for: SIGHUP would end a process that has no use for it yet.
                stack.enter_context(self._folder.on_signal())
            know(self._site.gateways, self._site.stations)
            await stack.enter_async_context(shown(self._metrics, self._shows.face))
            intake = await self._take_in(stack)
            ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._report(stop, intake), name="hub state")
                if self._judging is not None:
                    tasks.create_task(self._judge(stop, self._judging), name="judging")
                    tasks.create_task(self._tidy(stop), name="upkeep")
                if self._watch is not None:
                    tasks.create_task(self._follow(stop, self._watch), name="watch")
                if self._folder is not None:
                    tasks.create_task(self._look(stop, self._folder, intake), name="site folder")

    async def _take_in(self, stack: AsyncExitStack) -> Intake | None:
        """Begin to take readings in and to look after gateways, where this process does."""
        if self._address is None:
            return None
        # One session for every shard: a broker that takes the client id from the certificate knows only one hub.
        session = Session(self._address, Identity(self._role.client_id(self._site.id), persistent=True))
        ingests = [self._ingest(session, shard) for shard in self._shards]
        care = Care(session, self._site, self._now_ms, shards=self._shards, record=self._answers)
        await stack.enter_async_context(session)
        for ingest in ingests:
            await stack.enter_async_context(ingest)
        await stack.enter_async_context(care)
        with contextlib.suppress(TimeoutError):
            # What gateways send before the hub has subscribed comes again only after a pause.
            async with asyncio.timeout(CONNECT_S):
                await session.connected()
        return Intake(session, ingests, care)

    def _ingest(self, session: Session, shard: int) -> Ingest:
        return Ingest(
            session,
            self._store,
            site=self._site.id,
            shard=shard,
            now_ms=self._now_ms,
            quarantine=self._quarantine,
            stations=_stations(self._site, shard),
            known=self._site.stations,
        )

    def _watch_of(self, site: Site) -> Watch:
        # Only a process that judges loads the numerical libraries.
        from deploy.quality_limits import site_limits
        from deploy.watch.watch import Watch, no_visits

        visits = self._books.visits if self._books is not None else no_visits
        state = (self._disk or Path()) / WATCH_STATE
        return Watch(site, self._store, state=state, visits=visits, configuration=site_limits(site.folder))

    async def _look(self, stop: asyncio.Event, folder: SiteFolder, intake: Intake | None) -> None:
        """Follow the site folder; with mistakes in it everything goes on as it is."""
        # Where other processes take the other shards in, or all of them, a new shard is theirs.
        shards = self._shards if intake is not None and not self._role.shards else None
        while not stop.is_set():
            if folder.due:
                site = await asyncio.to_thread(folder.read, self._site, shards)
                if site is not None:
                    await self._turn_to(site, intake)
            await pause(stop, FOLDER_S)

    async def _turn_to(self, site: Site, intake: Intake | None) -> None:
        """Work from another site from now on."""
        before, self._site = self._site, site
        know(site.gateways, site.stations)
        if intake is not None:
            configs = await asyncio.to_thread(intake.care.configs, site)
            for ingest, shard in zip(intake.ingests, self._shards, strict=True):
                ingest.follow(_stations(site, shard), site.stations)
            intake.care.publish(site, configs)
            if site.gateways.keys() - before.gateways.keys():
                # What a new gateway has said already is retained, and told to whoever subscribes.
                intake.session.reconnect()
        if self._role.judge and (site != before or dict(site.profiles) != dict(before.profiles)):
            # Each begins as after a restart: how far it was stands in the store, and the old one saves before it goes.
            self._judging = Judging(site, self._store, self._books)
            self._watch = self._watch_of(site) if self._watches else None

    async def _judge(self, stop: asyncio.Event, judging: Judging) -> None:
        while not stop.is_set():
            judging = self._judging or judging
            worked = await self._survives("judging", partial(judging.tick, self._now_ms()))
            graded, stations = judging.judge.graded, len(self._site.stations)
            status(f"{graded} of {stations} stations graded", graded=str(graded), stations=str(stations))
            # A store that refuses is not asked again at once, however much waits to be judged.
            if not (worked and judging.behind):
                await pause(stop, TICK_S)

    async def _follow(self, stop: asyncio.Event, watch: Watch) -> None:
        """Quality control, detection and attribution: apart from judging, which must not wait for a warm-up."""
        while not stop.is_set():
            if self._watch is not None and watch is not self._watch:
                await self._survives("watch", partial(watch.save, self._now_ms()))
                watch = self._watch
            worked = await self._survives("watch", partial(watch.tick, self._now_ms()))
            if not (worked and watch.behind):
                await pause(stop, TICK_S)
        await self._survives("watch", lambda: watch.save(self._now_ms()))

    async def _tidy(self, stop: asyncio.Event) -> None:
        """The store's upkeep: the process that judges does it, because it is one."""
        while not stop.is_set():
            await self._survives("upkeep", self._tidy_once)
            await pause(stop, TICK_S if self._untidy else TIDY_S)

    def _tidy_once(self) -> None:
        self._untidy = False  # a store that refuses is left in peace for a while
        self._untidy = self._store.tidy()

    async def _report(self, stop: asyncio.Event, intake: Intake | None) -> None:
        while not stop.is_set():
            report = self._state.report(intake, self._judging, self._watch, self._folder)
            self._shows.report = report
            if await self._survives("hub state", partial(self._state.write, self._store, report)):
                self._shows.written_ms = report["time_ms"]
            if self._judging is None:
                status(f"{report['readings_per_s']} readings/s, store: {report['store_error'] or 'good'}")
            await pause(stop, EVERY_S)

    async def _survives(self, what: str, work: Callable[[], object]) -> bool:
        # In a thread: a slow disk must not hold up what comes in, nor may a fault here keep readings from being stored.
        done = await asyncio.to_thread(survives, log, what, work)
        self._shows.failures[what] += not done
        return done


def _stations(site: Site, shard: int) -> dict[str, set[str]]:
    """Stations of each gateway of a shard."""
    return {
        gateway.id: {station.id for station in site.slice(gateway.id)}
        for gateway in site.gateways.values()
        if gateway.shard == shard
    }
