"""What can go wrong, one class for each kind: `begin` breaks something of the rig, `end` mends it."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.servers import CONTINUE, STOP, Process

if TYPE_CHECKING:
    from tests.chaos.rig import Rig

DAY_MS = 86_400_000

#: Jumps of a gateway's clock [ms]: a day either way, a season ahead, back to 1970.
JUMPS_MS = (DAY_MS, -DAY_MS, 100 * DAY_MS, -20_000 * DAY_MS)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something broken.

    Attributes
    ----------
    name : str
        Of its kind, for the table.
    end : callable
        Mends it.
    kills : int
        Processes that were killed for it.
    """

    name: str
    end: Callable[[], None]
    kills: int = 0


Breaker = Callable[["Rig", random.Random], Fault]


def _kill(name: str, process: Process) -> Fault:
    process.kill()
    return Fault(name, process.start, kills=1)


def _stop(name: str, process: Process) -> Fault:
    process.signal(STOP)
    return Fault(name, lambda: process.signal(CONTINUE))


def gateway_killed(rig: Rig, random_: random.Random) -> Fault:
    return _kill("gateway killed", random_.choice(rig.gateways))


def ingester_killed(rig: Rig, random_: random.Random) -> Fault:
    return _kill("ingester killed", random_.choice(rig.hubs))


def broker_killed(rig: Rig, random_: random.Random) -> Fault:
    return _kill("broker killed", rig.broker)


def store_killed(rig: Rig, random_: random.Random) -> Fault:
    """An embedded store dies with its processes."""
    if rig.influxd is not None:
        return _kill("store killed", rig.influxd)
    for each in rig.hubs:
        each.kill()
    return Fault("store killed", lambda: [each.start() for each in rig.hubs] and None, kills=len(rig.hubs))


def gateway_stopped(rig: Rig, random_: random.Random) -> Fault:
    return _stop("gateway stopped (SIGSTOP)", random_.choice(rig.gateways))


def ingester_stopped(rig: Rig, random_: random.Random) -> Fault:
    return _stop("ingester stopped (SIGSTOP)", random_.choice(rig.hubs))


def broker_stopped(rig: Rig, random_: random.Random) -> Fault:
    return _stop("broker stopped (SIGSTOP)", rig.broker)


def store_hangs(rig: Rig, random_: random.Random) -> Fault:
    """The server says nothing, or another process holds the file."""
    if rig.influxd is not None:
        return _stop("store hangs", rig.influxd)
    db = sqlite3.connect(rig.store_path, isolation_level=None, timeout=0.2)
    with contextlib.suppress(sqlite3.OperationalError):  # an ingester that is stopped holds it already
        db.execute("BEGIN IMMEDIATE")
    return Fault("store hangs", db.close)


def line_cut(rig: Rig, random_: random.Random) -> Fault:
    proxy = random_.choice((rig.river_line, rig.hub_line))
    proxy.cut()
    return Fault("line cut", lambda: None)


def line_half_open(rig: Rig, random_: random.Random) -> Fault:
    """Gateways have to find out by themselves; a hub's line ends with a reset when the fault does."""
    if random_.random() < 0.7:
        rig.river_line.fall_silent()
        return Fault("line half open", lambda: None)
    rig.hub_line.fall_silent()
    return Fault("line half open", lambda: rig.hub_line.cut(silent_too=True))


def line_slow(rig: Rig, random_: random.Random) -> Fault:
    proxy = random_.choice((rig.river_line, rig.hub_line))
    proxy.slow_s = 0.05

    def end() -> None:
        proxy.slow_s = 0.0

    return Fault("line slow", end)


def gateway_disk_full(rig: Rig, random_: random.Random) -> Fault:
    index = random_.randrange(len(rig.gateways))
    disk, process = rig.gateway_disks[index], rig.gateways[index]
    disk.fill(process.pid)
    return Fault("disk of gateway full", lambda: disk.make_room(process.pid))


def hub_disk_full(rig: Rig, random_: random.Random) -> Fault:
    """Of the store: InfluxDB's data or the embedded file.

    InfluxDB is started again afterwards, as whoever makes room has to (`tests.chaos.servers.Influxd.heal`): a shard
    that it could not open while there was none stays shut until then.
    """
    influxd = rig.influxd
    if influxd is not None:
        rig.hub_disk.fill(influxd.pid)

        def again() -> None:
            rig.hub_disk.make_room(influxd.pid)
            influxd.heal()

        return Fault("disk of store full", again, kills=2)
    for process in rig.hubs:
        rig.hub_disk.fill(process.pid)

    def end() -> None:
        for process in rig.hubs:
            rig.hub_disk.make_room(process.pid)

    return Fault("disk of store full", end)


def clock_jumps(rig: Rig, random_: random.Random) -> Fault:
    folder: Path = random_.choice(rig.gateway_folders)
    (folder / "clock").write_text(str(random_.choice(JUMPS_MS)))

    def end() -> None:
        if random_.random() < 0.5:
            (folder / "clock").write_text("0")

    return Fault("clock jumps", end)


#: Every kind, killing more often than the rest.
BREAKERS: tuple[Breaker, ...] = (
    gateway_killed, ingester_killed, broker_killed, store_killed, gateway_killed, ingester_killed, gateway_stopped,
    ingester_stopped, broker_stopped, store_hangs, line_cut, line_half_open, line_slow, gateway_disk_full,
    hub_disk_full, clock_jumps,
)  # fmt: skip
