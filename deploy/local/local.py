"""The whole system on one machine: fleet, broker, hub, gateways and board as processes under one supervisor."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.clock import clock_from
from collectors.stores import open_store
from deploy.board.board import refuse_strangers
from deploy.broker.brokers import HOST, answers, choose
from deploy.local.supervisor import Service, Supervisor
from sensors.errors import UsageError
from sensors.site import Site, load_site

if TYPE_CHECKING:
    from deploy.replay.registers import ReplayPlan

#: Time for the gateways to start before a record begins to play [ms].
REPLAY_LEAD_MS = 5000

#: Time for the last readings of a record to arrive and to be judged [s].
REPLAY_SETTLE_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Played:
    """A record that is played through the registers instead of virtual rivers; see `riverchief simulate --help`."""

    readings: Path
    stations: Path | None
    expected: Path | None
    names: tuple[str, ...]
    day: str | None
    speed: float
    once: bool


@dataclass(frozen=True, slots=True)
class Options:
    """How to run the system on one machine; see `riverchief simulate --help`."""

    site: Path
    data: Path | None
    port: int
    embedded_broker: bool
    virtual: bool = False
    seed: int = 1
    history_h: int = 0
    played: Played | None = None
    host: str = HOST


def run_local(options: Options, say: Say) -> None:
    """Run everything until Ctrl-C or SIGTERM.

    Raises
    ------
    SiteError
        If the site has mistakes.
    UsageError
        In one sentence: a port in use, no permission to write, a program that is missing or will not start.
    """
    begun = time.monotonic()
    check_python()
    site = load_site(options.site)
    kind = "replay" if options.played else "virtual" if options.virtual else "probes"
    data = options.data or Path("var") / (site.id if kind == "probes" else f"{site.id}-{kind}")
    if options.virtual and options.played is None:
        refuse_strangers(options.host)
    if answers(options.port):
        raise UsageError(f"port {options.port} is in use: is the board already running? Choose another with --port.")
    with _own(data, kind) as logs:
        supervisor = Supervisor(logs, say)
        supervisor.handle_signals()
        try:
            _System(options, site, data, supervisor, say, begun).run()
        finally:
            if supervisor.stopping:
                say("Stopping …")
            supervisor.stop()
    say("Stopped. Readings are kept in " + str(data))


def check_python() -> None:
    """Refuse a Python that lacks what the system needs.

    Raises
    ------
    UsageError
    """
    for module, package in {"sqlite3": "libsqlite3", "ssl": "OpenSSL", "ctypes": "libffi"}.items():
        try:
            __import__(module)
        except ImportError:
            raise UsageError(f"this Python was built without {module} ({package}); use another Python.") from None
    for module in ("pymodbus", "paho.mqtt", "polars", "streamlit"):
        if importlib.util.find_spec(module.split(".")[0]) is None:
            raise UsageError(f"{module} is not installed; run `make install`, or install riverchief[all].")


@contextlib.contextmanager
def _own(data: Path, kind: str) -> Iterator[Path]:
    """Make the data folder and hold it; yields the log folder.

    Two systems never write the same spool, and readings of one kind (``probes``, ``virtual``, ``replay``) are never
    mixed with those of another: simulated water must not stand in a real river's history.
    """
    try:
        logs = data / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        lock = (data / "lock").open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {data}: {error.strerror}. Choose another folder with --data.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"{data} is in use by another RiverChief; stop it or choose another --data.") from None
        _claim(data, kind)
        for log in logs.glob("*.log"):
            log.replace(log.with_name(f"{log.name}.before"))
        yield logs


def _claim(data: Path, kind: str) -> None:
    mark = data / "input"
    held = mark.read_text(encoding="utf-8").strip() if mark.is_file() else ""
    if not held and (data / "store.sqlite").exists():
        held = "unknown"
    if held and held != kind:
        raise UsageError(
            f"{data} holds readings of another kind ({held}; this run makes {kind}). Choose another folder with --data."
        )
    mark.write_text(f"{kind}\n", encoding="utf-8")


class _System:
    """One start of the system."""

    def __init__(
        self, options: Options, site: Site, data: Path, supervisor: Supervisor, say: Say, begun: float
    ) -> None:
        self.options, self.site, self.data, self.begun = options, site, data, begun
        self.supervisor, self.say = supervisor, say
        self.store_path = data / "store.sqlite"
        self.store = f"sqlite:///{self.store_path.absolute()}"
        self.spools = data / "spools"
        self.channels = data / "channels.toml"
        self.folder = options.site.absolute()
        self.environ: dict[str, str] = {"RIVERCHIEF_INPUT": "probes"}
        self.plan: ReplayPlan | None = None
        self.graded = False
        self.last_status = ""

    def run(self) -> None:
        self.say(f"RiverChief: {self.site.name} ({self.site.name_en}), {len(self.site.rivers)} rivers")
        if self.options.played is not None:
            self._prepare_replay(self.options.played)
        broker = choose(self.data, embedded=self.options.embedded_broker)
        self.supervisor.start(broker.service)
        if self.options.virtual:
            self._start_fleet()
        self._fill_history()
        self.supervisor.wait_ready("broker")
        self._done("broker", broker.title)
        # A record that is played needs no office.
        books = self._open_office() if self.plan is None else None
        words = ["hub", str(self.folder), "--broker", broker.url, "--store", self.store]
        self._start("hub", *words, *(["--books", books] if books else []))
        self._start_board(books)
        self.supervisor.wait_ready("hub")
        self._done("hub", f"store {self.store_path}")
        self._start("gateways", "gateway", str(self.folder), "--broker", broker.url, "--data", str(self.spools))
        self.supervisor.wait_ready("gateways")
        self._done("gateways", f"{len(self.site.gateways)} gateways poll their stations")
        self.supervisor.wait_ready("board")
        if self.supervisor.stopping:
            return
        self._done("board", "ready")
        self.say(f"\n  The board: http://{HOST}:{self.options.port}\n\nCtrl-C stops everything.")
        if self.plan is not None:
            self._watch_replay(self.plan)
        elif books:
            self._start_office(books)
        if self.plan is None or not self.plan.once:
            self.supervisor.watch(self._on_status)

    def _open_office(self) -> str:
        """Open the books, and enter what the site has; their URL."""
        words = ["office", str(self.folder), "--data", str(self.data)]
        self._start("office", *words, *(["--demo", str(self.options.seed)] if self.options.virtual else []))
        self.supervisor.wait_ready("office")
        books = f"sqlite:///{(self.data / 'books.sqlite').absolute()}"
        if not self.supervisor.stopping:
            self.supervisor.forget("office")
            if not self.options.virtual:
                self._begin_accounts(books)
        return books

    def _begin_accounts(self, url: str) -> None:
        """Where nobody can sign in yet, make one who can, and tell it on this screen only."""
        from dashboard.accounts.people import FIRST, first_admin
        from dashboard.casework.database import open_books

        books = open_books(url)
        try:
            once = first_admin(books, round(time.time() * 1000))
        finally:
            books.close()
        if once is not None:
            self.say(f"\n  The first account: {FIRST}, password for once: {once}\n"
                     "  It is told here and nowhere else; whoever signs in with it chooses their own.\n")  # fmt: skip

    def _start_office(self, books: str) -> None:
        """Orders and alerts; what would be sent is written beside the store."""
        self._start(
            "alerts", "alert", "run", "--site", str(self.folder), "--store", self.store, "--books", books,
            "--channels", str(self.channels.absolute()),
        )  # fmt: skip
        self.supervisor.wait_ready("alerts")
        self._done("alerts", f"orders and alerts; what would be sent: {self.data / 'told.jsonl'}")

    def _done(self, name: str, text: str) -> None:
        if not self.supervisor.stopping:
            self.say(f"[{time.monotonic() - self.begun:5.1f} s] {name:9} {text}")

    def _start(self, name: str, *words: str) -> None:
        argv = [sys.executable, "-m", "deploy.cli", *words]
        self.supervisor.start(Service(name, argv, self.environ))

    def _start_fleet(self) -> None:
        copy = (self.data / "site").absolute()
        words = ["fleet", str(self.folder), "--copy", str(copy), "--seed", str(self.options.seed)]
        self.environ["RIVERCHIEF_INPUT"] = "virtual"
        if self.plan is not None:
            words += self.plan.fleet_words()
            self.environ["RIVERCHIEF_INPUT"] = f"replay:{self.plan.readings.name}"
            self.environ["RIVERCHIEF_CLOCK"] = self.plan.clock(lead_ms=REPLAY_LEAD_MS).to_json()
        self._start("fleet", *words)
        self.supervisor.wait_ready("fleet")
        if self.supervisor.stopping:
            return
        self.folder, self.site = copy, load_site(copy)
        endpoints = len({station.endpoint for station in self.site.stations.values()})
        self._done("fleet", f"{len(self.site.stations)} virtual probes on {endpoints} Modbus TCP ports of {HOST}")

    def _fill_history(self) -> None:
        hours = self.options.history_h
        if not self.options.virtual or self.plan is not None or not hours or self.store_path.exists():
            return
        words = ["history", str(self.folder), "--data", str(self.spools), "--hours", str(hours)]
        self._start("history", *words, "--seed", str(self.options.seed))
        self.supervisor.wait_ready("history")
        self.supervisor.forget("history")
        self._done("history", f"the last {hours} h of the virtual rivers wait in the gateways' spools")

    def _start_board(self, books: str | None) -> None:
        port = self.options.port
        words = ["board", str(self.folder), "--store", self.store, "--host", self.options.host, "--port", str(port)]
        if books:
            access = "demo" if self.options.virtual else "login"
            words += ["--books", books, "--access", access, "--channels", str(self.channels.absolute())]
        argv = [sys.executable, "-m", "deploy.cli", *words]
        self.supervisor.start(Service("board", argv, self.environ, probe=lambda: _healthy(port)))

    def _prepare_replay(self, played: Played) -> None:
        from deploy.replay.registers import plan_replay

        self.plan = plan_replay(self.site, played)
        # A record is played from its beginning every time; what an earlier run left would be mixed into it.
        for path in self.data.glob("store.sqlite*"):
            path.unlink()
        shutil.rmtree(self.spools, ignore_errors=True)
        self.say(self.plan.describe())

    def _watch_replay(self, plan: ReplayPlan) -> None:
        from deploy.replay.registers import compare, report

        clock = clock_from(self.environ["RIVERCHIEF_CLOCK"])
        settled: list[float] = []

        def done() -> bool:
            # The last readings of the record still have to travel and to be judged.
            if not settled and clock() >= plan.end_ms:
                settled.append(time.monotonic() + REPLAY_SETTLE_S)
            return bool(settled) and time.monotonic() >= settled[0]

        self.supervisor.watch(self._on_status, done)
        if self.supervisor.stopping:
            return
        store = open_store(self.store, read_only=True)
        try:
            self.say(report(plan, self.site, compare(plan, self.site, store)))
        finally:
            store.close()

    def _on_status(self, service: str, message: dict[str, str]) -> None:
        if service != "hub" or self.graded:
            return
        self.graded = message.get("X_GRADED") == message.get("X_STATIONS")
        if message["STATUS"] != self.last_status:
            self.last_status = message["STATUS"]
            self._done("hub", self.last_status)


def _healthy(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://{HOST}:{port}/_stcore/health", timeout=1) as reply,
    ):
        return bool(reply.status == 200)
    return False
