"""Two small sites whose water goes through a store, with what the watch of one process tells of it, tick by tick."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from collectors.stores.base import Event, Flag
from collectors.stores.sqlite import SqliteStore
from deploy.city.feed import Feed
from deploy.site.importing import import_site
from deploy.watch.grid import RAINFALL, SLOT_MS
from deploy.watch.watch import Watch
from sensors.reading import Block, Reading
from sensors.site import Site
from tests.deploy.site.topologies import small_topology

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_790_000_100_000 // DAY * DAY
DAYS = 5

#: Level, noise and what sewage adds.
WATER = {"ammonia_nitrogen": (1.0, 0.03, 2.0), "conductivity": (500.0, 2.0, 120.0), "ph": (7.2, 0.02, 0.0)}


def site_of(name: str, folder: Path) -> Site:
    """A site of two stations."""
    folder.mkdir(parents=True)
    (folder / "topology.json").write_text(json.dumps(small_topology() | {"layout": name}), encoding="utf-8")
    return import_site(folder / "topology.json", folder / "site")


def water(seed: int, hours: Sequence[float]) -> Block:
    """Days of readings in order, one a slot: a pulse of sewage at each of some hours, a probe that sticks, rain."""
    rng, n = np.random.default_rng(seed), DAYS * 288
    at = np.arange(1, n + 1) / 12
    pulse = sum((np.exp(-(((at - hour) / 1.5) ** 2)) for hour in hours), np.zeros(n))
    columns: dict[tuple[str, str], np.ndarray] = {}
    for index, station in enumerate(("S01", "S02")):
        for key, (level, noise, added) in WATER.items():
            late = np.roll(pulse, 12 * index) * 0.6**index
            columns[station, key] = level + noise * rng.normal(0, 1, n) + added * late
    columns["S02", "ph"][1000:1080] = 7.31
    columns["S01", "conductivity"][rng.integers(0, n, 12)] = -99.0
    columns["S01", RAINFALL] = np.where((at > 60) & (at < 62), 0.8, 0.0)
    block = Block()
    for i in range(n):
        for (station, key), values in columns.items():
            block.append(Reading(station, key, START + (i + 1) * SLOT_MS, round(float(values[i]), 3)))
    return block


def cut(block: Block, rows: Sequence[int]) -> Block:
    """Some rows of a block."""
    columns = (block.station, block.determinand, block.time_ms, block.value, block.quality, block.state)
    return Block(*([column[i] for i in rows] for column in columns))  # type: ignore[arg-type]


@dataclass
class Told:
    """What was told, in order, and the flags without order."""

    events: list[Event] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    def plain(self) -> tuple[list[str], list[str]]:
        """For a comparison of everything in them."""
        return [repr(one) for one in self.events], sorted(map(repr, self.flags))


class Heard(SqliteStore):
    """A store that remembers what it was told."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.told = Told()

    def put_events(self, rows: Sequence[Event]) -> None:
        self.told.events += rows
        super().put_events(rows)

    def put_flags(self, flags: Sequence[Flag]) -> None:
        self.told.flags += flags
        super().put_flags(flags)


class Stream:
    """A site, its store, its feed, and the watch of one process on the same store."""

    def __init__(
        self, name: str, folder: Path, seed: int, hours: Sequence[float], send: Callable[[bytes], None]
    ) -> None:
        self.site = site_of(name, folder)
        self.store = Heard(folder / "store.sqlite")
        self.feed = Feed(self.site, self.store, send, lambda: None)
        self._watch = Watch(self.site, self.store)
        self._block, self._rng = water(seed, hours), np.random.default_rng(seed)
        self._behind = {"S01": 0, "S02": 0}

    def ticks(self) -> Iterator[int]:
        """Let everything come, tick by tick: every two hours at first, later often; the instants at which it does."""
        last_ms = now_ms = START + HOUR
        while now_ms <= START + DAYS * DAY + HOUR:
            self._tick(now_ms, now_ms - last_ms)
            yield now_ms
            last_ms, now_ms = now_ms, now_ms + (2 * HOUR if now_ms < START + 4 * DAY else HOUR // 3)

    def _tick(self, now_ms: int, step_ms: int) -> None:
        """Store what has come since the last step, each station behind by up to ten minutes; send it; judge it."""
        times = np.array(self._block.time_ms)
        for station in self._behind:
            self._behind[station] = int(self._rng.uniform(0, 10 * 60_000))
        rows = [
            i
            for i in np.flatnonzero((times > now_ms - step_ms - 15 * 60_000) & (times <= now_ms)).tolist()
            if times[i] <= now_ms - self._behind[self._block.station[i]]
        ]
        if rows:
            # What came before comes again with it, as after a lost acknowledgement.
            self.store.commit(cut(self._block, rows), "gw-01", "aa", now_ms)
        self.feed.tick(now_ms)
        self._watch.tick(now_ms)

    def close(self) -> None:
        self.store.close()
