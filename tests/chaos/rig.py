"""A site of its own on this machine: gateways, broker, an ingester for each shard and a store, all of them processes,
with a line between them that can be cut; made to fail at random, and its store compared with what was made."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from collectors import wire
from collectors.broker import Address, Identity, Message, Session
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from sensors.errors import StoreError
from sensors.site import load_site
from tests.chaos.disk import Disk
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.faults import BREAKERS, Fault
from tests.chaos.gateway_process import read_ledger
from tests.chaos.observations import KEYS, STEP_MS, Plan
from tests.chaos.servers import ROOT, Influxd, Process, gateway, hub
from tests.collectors.brokers import HOST, find_mosquitto, free_port

EXAMPLE = ROOT / "deploy" / "sites" / "xietang"
SITE = "xietang"

#: As `riverchief broker-config` writes it: sessions and retained messages are kept, but not on every change.
_BROKER = """per_listener_settings false
allow_anonymous true
persistence true
autosave_interval 300
max_inflight_messages 20
max_queued_messages 1000
set_tcp_nodelay true
log_dest none
"""

#: Longest wait until everything has arrived after the last fault [s].
SETTLE_S = 120.0

#: The control has nothing that it would send again: this is long enough for what is on its way [s].
CONTROL_SETTLE_S = 8.0


@dataclass(slots=True)
class Outcome:
    """What a run came to.

    Attributes
    ----------
    store : str
        Kind of it.
    seconds : float
        Of the run [s].
    readings : int
        That gateways had on disk.
    lost : int
        Of those, not in the store or with another value.
    duplicated : int
        In the store and never made, or replaced by another value.
    kills : int
    faults : Counter of str
        By kind.
    backwards : list of str
        Watermarks that went back.
    memory_mb : dict of str to (float, float)
        Most resident memory of each process, and its ceiling [MB].
    undelivered : list of str
        Gateways whose spool was not empty in the end.
    """

    store: str
    seconds: float = 0.0
    readings: int = 0
    lost: int = 0
    duplicated: int = 0
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    backwards: list[str] = field(default_factory=list)
    memory_mb: dict[str, tuple[float, float]] = field(default_factory=dict)
    undelivered: list[str] = field(default_factory=list)


class Rig:
    """Everything that can fail."""

    broker: Process
    influxd: Influxd | None
    hubs: list[Process]
    gateways: list[Process]
    gateway_disks: list[Disk]
    gateway_folders: list[Path]
    hub_disk: Disk
    store_path: Path
    store_url: str
    river_line: FaultProxy
    hub_line: FaultProxy

    def __init__(self, folder: Path, *, per_second: float, trusting: bool) -> None:
        self.folder = folder
        self.per_second, self.trusting = per_second, trusting
        self.plans: list[Plan] = []
        self.backwards: list[str] = []
        self._marks: dict[tuple[str, str, str], int] = {}

    @classmethod
    @asynccontextmanager
    async def running(
        cls, folder: Path, influxd: Path | None, *, per_second: float = 40.0, trusting: bool = False
    ) -> AsyncIterator[Rig]:
        """Start everything, and leave nothing behind.

        Parameters
        ----------
        folder : Path
        influxd : Path or None
            Program of the store; the embedded one where None.
        per_second : float
            Observations that each gateway makes.
        trusting : bool
            Gateways delete on the broker's word: the control.
        """
        rig = cls(folder, per_second=per_second, trusting=trusting)
        async with AsyncExitStack() as stack:
            await rig._start(stack, influxd)
            yield rig

    async def _start(self, stack: AsyncExitStack, influxd: Path | None) -> None:
        site = make_site(self.folder / "site")
        port = free_port()
        self.broker = self._broker(port)
        self.broker.start()
        stack.callback(self.broker.kill)
        self.hub_disk = Disk(self.folder / "store", 1_024)
        stack.callback(self.hub_disk.close)
        self.store_path = self.hub_disk.folder / "store.sqlite"
        self.influxd = None
        self.store_url = f"sqlite:///{self.store_path}"
        if influxd is not None:
            self.influxd = Influxd(influxd, self.hub_disk.folder)
            stack.callback(self.influxd.kill)
            self.store_url = await self.influxd.set_up()
        await _listening(port)
        self.river_line = await stack.enter_async_context(FaultProxy(port))
        self.hub_line = await stack.enter_async_context(FaultProxy(port))
        self.hubs = [hub(site, self.hub_line.port, self.store_url, shard, self.folder) for shard in (0, 1)]
        self._make_gateways(stack, site)
        for process in [*self.hubs, *self.gateways]:
            process.start()
            stack.callback(process.kill)
        await stack.enter_async_context(self._watched(port))

    def _broker(self, port: int) -> Process:
        program = find_mosquitto()
        assert program is not None
        state = self.folder / "broker"
        state.mkdir(parents=True)
        config = state / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        config.write_text(f"{user}{_BROKER}persistence_location {state}/\nlistener {port} {HOST}\n")
        return Process("broker", [program, "-c", str(config)], state / "log", ceiling_mb=120)

    def _make_gateways(self, stack: AsyncExitStack, folder: Path) -> None:
        site = load_site(folder)
        begin_ms = round(time.time() * 1000) - 20 * 86_400_000
        self.gateways, self.gateway_disks, self.gateway_folders = [], [], []
        for name in ("gw-01", "gw-02"):
            place = self.folder / name
            place.mkdir()
            disk = Disk(place / "disk", 32)
            stack.callback(disk.close)
            stations = tuple(station.id for station in site.slice(name))[:4]
            plan = Plan(
                SITE, name, site.gateways[name].shard, self.river_line.port, stations, str(place), begin_ms,
                self.per_second, self.trusting,
            )  # fmt: skip
            self.plans.append(plan)
            self.gateways.append(gateway(plan, place))
            self.gateway_disks.append(disk)
            self.gateway_folders.append(place)

    @property
    def processes(self) -> list[Process]:
        return [self.broker, *self.hubs, *self.gateways] + ([self.influxd] if self.influxd else [])

    @asynccontextmanager
    async def _watched(self, port: int) -> AsyncIterator[None]:
        """Look after the processes, and at every watermark that is told."""
        session = Session(Address(HOST, port), Identity("watcher"))
        for shard in (0, 1):
            session.subscribe(wire.shard_filter(SITE, shard, "ack"), self._on_mark)
        looking = asyncio.create_task(self._look())
        async with session:
            try:
                yield
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            for process in self.processes:
                process.look()
            await asyncio.sleep(0.1)

    def _on_mark(self, message: Message) -> None:
        # What a broker that was killed has retained may be older: it is told again as soon as the hub is there.
        if not message.retained:
            name = wire.parse_topic(message.topic).gateway
            mark = wire.parse_watermark(message.payload, name)
            self._see("told", name, mark.epoch, mark.seq)

    def _see(self, where: str, gateway: str, epoch: str, seq: int) -> None:
        key = where, gateway, epoch
        if seq < self._marks.get(key, 0):
            self.backwards.append(f"{where}: {gateway} from {self._marks[key]} to {seq}")
        self._marks[key] = max(seq, self._marks.get(key, 0))

    async def fail_for(self, seconds: float, seed: int) -> tuple[Counter[str], int]:
        """Break one or two things at a time, mend them, and do it again; gives faults by kind, and kills."""
        random_, faults, kills = random.Random(seed), Counter[str](), 0
        diary = (self.folder / "diary").open("a", encoding="utf-8", buffering=1)
        end_s = time.monotonic() + seconds
        kinds = list(BREAKERS)
        random_.shuffle(kinds)
        while time.monotonic() < end_s:
            broken: list[Fault] = []
            for _ in range(random_.choice((1, 1, 2))):
                if not kinds:
                    kinds = list(BREAKERS)
                    random_.shuffle(kinds)
                # Every kind comes before one comes again.
                broken.append(kinds.pop()(self, random_))
            for fault in broken:
                print(f"{time.strftime('%H:%M:%S')} {fault.name}", file=diary)
                faults[fault.name] += 1
                kills += fault.kills
            await asyncio.sleep(random_.uniform(0.1, 2.5))
            for fault in reversed(broken):
                fault.end()
                print(f"{time.strftime('%H:%M:%S')} over: {fault.name}", file=diary)
            await asyncio.sleep(random_.uniform(0.0, 1.5))
            await asyncio.to_thread(self._look_at_store)
        diary.close()
        return faults, kills

    def _look_at_store(self) -> None:
        with contextlib.suppress(StoreError), contextlib.closing(open_store(self.store_url, read_only=True)) as store:
            for name, (epoch, seq) in store.watermarks().items():
                self._see("stored", name, epoch, seq)

    async def settle(self) -> list[str]:
        """Let the gateways finish; gives those that did not."""
        for folder in self.gateway_folders:
            (folder / "clock").unlink(missing_ok=True)
            (folder / "stop").touch()
        deadline = time.monotonic() + (CONTROL_SETTLE_S if self.trusting else SETTLE_S)
        waiting = list(self.gateway_folders)
        while waiting and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            waiting = [folder for folder in waiting if self.trusting or not (folder / "done").exists()]
        return [] if self.trusting else [folder.name for folder in waiting]

    def compare(self, outcome: Outcome) -> None:
        """Compare the store with what was made."""
        self._look_at_store()
        with contextlib.closing(open_store(self.store_url, read_only=True)) as store:
            for plan, folder in zip(self.plans, self.gateway_folders, strict=True):
                count = read_ledger(folder / "ledger")
                found = _stored(store, plan, count)
                # What a kill caught between disk and ledger was made as well, and may have come.
                possible = dict(plan.readings(count + 10_000))
                expected = dict(plan.readings(count))
                outcome.readings += len(expected)
                outcome.lost += sum(key not in found or found[key] != value for key, value in expected.items())
                outcome.duplicated += sum(key not in possible for key in found)
            outcome.duplicated += len(store.revisions(0, 1 << 42))
        outcome.backwards = self.backwards
        outcome.memory_mb = {process.name: (process.most_mb, process.ceiling_mb) for process in self.processes}


def _stored(store: ReadingStore, plan: Plan, count: int) -> dict[tuple[str, str, int], float | None]:
    """Everything that the store has of a gateway's stations; a key that came twice would be counted."""
    found: dict[tuple[str, str, int], float | None] = {}
    for station in plan.stations:
        for reading in store.range(station, KEYS, 0, plan.begin_ms + (count + 100_000) * STEP_MS):
            key = reading.station, reading.determinand, reading.time_ms
            assert key not in found, f"{key} is there twice"
            found[key] = reading.value
    return found


def make_site(folder: Path) -> Path:
    """The example site with its gateways on two shards."""
    shutil.copytree(EXAMPLE, folder)
    settings = folder / "site.toml"
    number = iter(range(1_000))
    text, count = re.subn(r"(?m)^shard = 0$", lambda _: f"shard = {next(number) % 2}", settings.read_text("utf-8"))
    assert count >= 2
    settings.write_text(text, "utf-8")
    return folder


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, port)
                writer.close()
                return
            await asyncio.sleep(0.01)


async def run(
    folder: Path, seconds: float, seed: int, *, influxd: Path | None = None, per_second: float = 40.0,
    trusting: bool = False,
) -> Outcome:  # fmt: skip
    """One run from beginning to end."""
    outcome = Outcome("influxdb" if influxd else "sqlite")
    begun_s = time.monotonic()
    async with Rig.running(folder, influxd, per_second=per_second, trusting=trusting) as rig:
        outcome.faults, outcome.kills = await rig.fail_for(seconds, seed)
        outcome.undelivered = await rig.settle()
        await asyncio.to_thread(rig.compare, outcome)
    outcome.seconds = time.monotonic() - begun_s
    return outcome
