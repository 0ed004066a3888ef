"""The service of the office: events become cases, deadlines are watched, alerts are raised and delivered.

One process of a site does it. It may be killed at any point: what it does is in the books in whole steps, each of which
is taken up again, and messages wait there until a channel has taken them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from collectors.clock import Now, clock_from
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from dashboard.alerts.channels.base import Answer
from dashboard.alerts.contacts import Outside, load_outside
from dashboard.alerts.kinds import Found
from dashboard.alerts.looks import QUICK, SLOW, Looks, Scene, look
from dashboard.alerts.routing import Directory
from dashboard.alerts.sender import ACTOR, Office, Sender, try_once
from dashboard.alerts.settings import AlertSettings, load_alerts
from dashboard.alerts.telling import trial
from dashboard.alerts.threads import Threads
from dashboard.casework.cases import take_events
from dashboard.casework.database import open_books
from dashboard.casework.deadlines import escalate_in
from dashboard.casework.desk import Desk
from dashboard.casework.files import sweep
from dashboard.casework.goals import record_progress_in
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.alerts import Alert
from dashboard.casework.verification import confirm_in
from dashboard.reports.keep import make_due
from deploy.broker.private_files import replace_file
from deploy.health import parse_place, shown
from deploy.hub.marks import STATE
from deploy.metrics.alerts import AlertFace
from deploy.notify import ready, status
from deploy.office.alert_page import serve_page
from deploy.service import pause, run_service, survives
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.site import Site, load_site

log = logging.getLogger(__name__)

#: Pause between two rounds [s].
TICK_S = 10.0

#: What changes slowly is looked at this often [ms].
SLOW_MS = 5 * MINUTE_MS

#: How long after a start, and then how often, the files are looked through [s].
SWEEP_FIRST_S, SWEEP_S = 15 * 60.0, 86_400.0

#: How long after a start silence is not looked for: gateways deliver first what they have kept [ms].
GRACE_MS = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the service does what; the defaults are for people, tests are faster.

    Attributes
    ----------
    tick_s : float
        Pause between two rounds [s].
    slow_ms, grace_ms : int
        See `SLOW_MS` and `GRACE_MS` [ms].
    sweep_first_s, sweep_s : float
        See `SWEEP_FIRST_S` and `SWEEP_S` [s].
    """

    tick_s: float = TICK_S
    slow_ms: int = SLOW_MS
    grace_ms: int = GRACE_MS
    sweep_first_s: float = SWEEP_FIRST_S
    sweep_s: float = SWEEP_S


def serve(
    folder: Path, store_url: str, books_url: str, channels: Path | None, *, files: Path | None = None,
    hubs: Sequence[str] = ("all",), listen: str | None = None, metrics: str | None = None,
) -> None:  # fmt: skip
    """Run the service until SIGTERM or SIGINT.

    Parameters
    ----------
    folder : Path
        Of the site.
    store_url, books_url : str
        See `collectors.stores.open_store` and `dashboard.casework.database.open_books`.
    channels : Path or None
        The channels file; without it, alerts are raised and nobody is told.
    files : Path, optional
        Folder of photos and documents, where the books need one.
    hubs : sequence of str
        Labels of the hub processes that have to be running.
    listen : str, optional
        HOST:PORT of the page on which alerts are acknowledged.
    metrics : str, optional
        HOST:PORT on which metrics and health are served; see `deploy.health`.

    Raises
    ------
    ConfigError
        With every mistake in the site or the channels file.
    UsageError, StoreError
        If store or books cannot be had.
    """
    site = load_site(folder)
    settings = load_alerts(site)
    outside = load_outside(channels, site) if channels is not None else Outside()
    desk = Desk.of(site, language=settings.language)
    page = parse_place(listen, "--listen") if listen is not None else None
    shows = parse_place(metrics) if metrics is not None else None
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    store = open_store(store_url)
    try:
        books = open_books(books_url, files)
        try:
            office = Office(books, desk, settings, outside)
            service = AlertService(office, store, now_ms, hubs=hubs, page=page, metrics=shows)
            run_service(service.run)
        finally:
            books.close()
    finally:
        store.close()


@dataclass
class AlertService:
    """The rounds of the service and the sender, in one event loop.

    Parameters
    ----------
    office : Office
    store : ReadingStore
    now_ms : callable
        [ms since the epoch, UTC]
    hubs : sequence of str
        Labels of the hub processes that have to be running.
    page : (str, int), optional
        Host and port of the page on which alerts are acknowledged.
    pace : Pace
    quick, slow : mapping of str to callable
        What is looked at in every round, and every `Pace.slow_ms`.
    metrics : (str, int), optional
        Host and port on which metrics and health are served.
    """

    office: Office
    store: ReadingStore
    now_ms: Now
    hubs: Sequence[str] = ("all",)
    page: tuple[str, int] | None = None
    pace: Pace = field(default_factory=Pace)
    quick: Looks = field(default_factory=lambda: QUICK)
    slow: Looks = field(default_factory=lambda: SLOW)
    metrics: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        self._since_ms = self.now_ms()
        self._slow_ms: int | None = None
        self._recorded = ""
        self._reported = ""
        self.sender = Sender(self.office, self.now_ms)
        channels = tuple(self.office.outside.channels)
        self.shows = AlertFace(self.office.books, channels, self.sender.last, self.now_ms)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        if not self.office.outside.channels:
            log.warning("there is no channel: alerts are raised, and nobody is told")
        async with shown(self.metrics, self.shows.face), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sender.run(stop), name="sender")
            tasks.create_task(self._rounds(stop), name="rounds")
            tasks.create_task(self._sweeps(stop), name="files")
            tasks.create_task(self._print(stop), name="reports")
            if self.page is not None:
                office = self.office
                tasks.create_task(serve_page(self.page, office.books, office.desk, self.now_ms, stop), name="page")
            ready()

    async def _rounds(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for name, step in self._steps().items():
                self.shows.failures[name] += not await asyncio.to_thread(survives, log, name, step)
            self.shows.round_ms = self.now_ms()
            self.sender.wake()
            await asyncio.to_thread(survives, log, "status", self._tell)
            await pause(stop, self.pace.tick_s)

    async def _sweeps(self, stop: asyncio.Event) -> None:
        """Look through the files beside the rounds: all of them are read, which may take minutes."""
        await pause(stop, self.pace.sweep_first_s)
        while not stop.is_set():
            await asyncio.to_thread(survives, log, "files", self._sweep)
            await pause(stop, self.pace.sweep_s)

    async def _print(self, stop: asyncio.Event) -> None:
        """Make reports beside the rounds, one at a time: each takes seconds, for which no alert waits."""
        while not stop.is_set():
            self.shows.failures["reports"] += not await asyncio.to_thread(survives, log, "reports", self._report)
            await pause(stop, self.pace.tick_s)

    def _sweep(self) -> None:
        with self.office.books.read() as session:
            found = sweep(session, self.office.books.files, self.now_ms())
        if found.removed:
            log.info("files: %d removed that no row names", len(found.removed))
        if found.lost:
            log.error("files: %d gone or damaged, for example %s; see docs/backup.md", len(found.lost), found.lost[0])

    def _steps(self) -> dict[str, Callable[[], object]]:
        """One round, in order: an alert about an event then knows its order."""
        office, books, desk = self.office, self.office.books, self.office.desk
        return {
            "cases": lambda: take_events(books, desk, self.store, self.now_ms()),
            "deadlines": lambda: escalate_in(books, desk, self.now_ms()),
            "watch": lambda: confirm_in(books, desk, self.store, self.now_ms()),
            "progress": self._record,
            "alerts": lambda: raise_alerts(office, self._look()),
            "escalation": lambda: escalate_alerts(office, self.now_ms()),
        }

    def _look(self) -> tuple[list[Found], int]:
        now_ms = self.now_ms()
        scene = Scene(self.office, self.store, self._reports(), now_ms)
        looks = dict(self.quick)
        if now_ms - self._since_ms < self.pace.grace_ms:
            for name in ("silence", "machines"):
                looks.pop(name, None)
        if self._slow_ms is None or not 0 <= now_ms - self._slow_ms < self.pace.slow_ms:
            looks |= self.slow
            self._slow_ms = now_ms
        return look(scene, looks), now_ms

    def _reports(self) -> dict[str, dict[str, Any]]:
        found = {}
        for label in self.hubs:
            text = self.store.mark(STATE + label)
            try:
                report = json.loads(text) if text else None
            except ValueError:
                report = None
            if isinstance(report, dict):
                found[label] = report
        return found

    def _record(self) -> None:
        """Keep the day's progress, once an hour: the last one of a day stays."""
        now_ms = self.now_ms()
        hour = str(now_ms // HOUR_MS)
        if hour != self._recorded:
            record_progress_in(self.office.books, self.office.desk, self.store, now_ms)
            self._recorded = hour

    def _report(self) -> None:
        """Make the next report that is due; what cannot be made is tried again an hour later."""
        now_ms = self.now_ms()
        hour = str(now_ms // HOUR_MS)
        if hour != self._reported:
            self._reported = hour
            source = os.environ.get("RIVERCHIEF_INPUT", "probes")
            if make_due(self.office.books, self.office.desk, self.store, now_ms, source):
                self._reported = ""

    def _tell(self) -> None:
        with self.office.books.read() as session:
            count = len(session.scalars(select(Alert.id).where(Alert.cleared_ms.is_(None))).all())
        failing = sorted(name for name, answer in self.sender.last.items() if not answer.ok)
        status(f"{count} open alerts; channels failing: {', '.join(failing) or 'none'}", alerts=str(count))


def raise_alerts(office: Office, looked: tuple[list[Found], int]) -> list[Alert]:
    """Bring the alerts in line with what was found, in one transaction with their messages."""
    found, now_ms = looked
    with office.books.change(ACTOR, now_ms, "alerts") as session:
        take_turn(session)
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
        return Threads(office.desk, directory, now_ms).reconcile(session, found)


def escalate_alerts(office: Office, now_ms: int) -> list[Alert]:
    """Call the next level where nobody has acknowledged in time."""
    with office.books.read() as session:
        due = select(Alert.id).where(
            Alert.escalate_ms <= now_ms, Alert.cleared_ms.is_(None), Alert.acknowledged_ms.is_(None)
        )
        if session.scalars(due.limit(1)).first() is None:
            return []
    with office.books.change(ACTOR, now_ms, "escalation") as session:
        take_turn(session)
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
        return Threads(office.desk, directory, now_ms).escalate(session)


def demo_channels(site: Site, folder: Path) -> Path:
    """Write a channels file by which every office of a site is told in one file, for one machine without bots.

    Parameters
    ----------
    site : Site
    folder : Path
        Gets ``channels.toml``, where it has none yet, and ``told.jsonl``.

    Returns
    -------
    Path
        Of the channels file.
    """
    path = folder / "channels.toml"
    if not path.exists():
        lines = ["[channel.log]", 'kind = "file"', f"path = {json.dumps(str(folder.absolute() / 'told.jsonl'))}"]
        for key in sorted({person.contact_key for person in site.people}):
            lines += ["", f"[contact.{json.dumps(key)}]", f"log = {json.dumps(key)}"]
        replace_file(path, "\n".join([*lines, ""]).encode())
    return path


async def try_channels(
    desk: Desk, settings: AlertSettings, outside: Outside, ways: Mapping[str, str], now_ms: int
) -> list[tuple[str, Answer]]:
    """Send a marked test over some channels, past outbox and limits; what each answered.

    Parameters
    ----------
    desk : Desk
    settings : AlertSettings
    outside : Outside
    ways : mapping of str to str
        Channel -> address.
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    told = trial(desk, now_ms)

    async def one(name: str, address: str) -> tuple[str, Answer]:
        channel = outside.channels.get(name)
        if channel is None:
            return name, Answer(False, "there is no such channel")
        return name, await try_once(channel, address, told, settings.outbox.timeout_s)

    return await asyncio.gather(*(one(name, address) for name, address in ways.items()))
