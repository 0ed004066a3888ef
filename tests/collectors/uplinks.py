"""A store, a clock, and an uplink to a platform that can be started and stopped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from collectors.hj212 import Hj212Uplink, Reach, Registration
from collectors.hj212.segment import encode_cp
from collectors.hj212.source import Source
from collectors.stores.sqlite import SqliteStore
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading
from tests.collectors.bureau import HOST, QUICK, Held, Platform

DAY = 1_785_513_600_000  # midnight of 1 August 2026 in Shanghai


MN = "320506000000000000000001"


KINDS = (2011, 2051, 2061, 2031)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 100))


class Flaky(SqliteStore):
    """A store that fails a share of the reads."""

    share = 0.0
    source = random.Random(5)

    def range(self, *arguments: Any) -> Block:
        if self.source.random() < self.share:
            raise StoreError("busy", retryable=True)
        return super().range(*arguments)


class Hub:
    """A store, a clock, and an uplink that can be started and stopped."""

    def __init__(self, folder: Path, stations: int = 1) -> None:
        self.folder = folder
        self.stations = [Registration(f"S{n}", MN[:-1] + str(n)) for n in range(stations)]
        self.store = Flaky(folder / "store.sqlite")
        self.now = DAY

    @asynccontextmanager
    async def uplink(self, port: int, **more: Any) -> Any:
        settings: dict[str, Any] = {"timezone": "Asia/Shanghai", "since_ms": DAY, "timing": QUICK}
        async with Hj212Uplink(
            HOST, port, self.stations, self.store, self.folder / "journal.sqlite",
            now_ms=lambda: self.now, **settings | more,
        ) as uplink:  # fmt: skip
            yield uplink

    def put(self, *times: int, station: str = "S0", value: float = 7.0, keys: tuple[str, ...] = ("ph",)) -> Block:
        block = Block.of([Reading(station, key, time, value, Quality.GOOD) for time in times for key in keys])
        self.store.write(block)
        return block

    def expected(self, kinds: tuple[int, ...] = KINDS) -> Held:
        """What a platform should have by now."""
        source = Source(self.store, "Asia/Shanghai")
        found: Held = {}
        for station in self.stations:
            for cn in kinds:
                settle_ms = 0 if cn == 2011 else Reach().settle_ms
                for record in source.records(station.station, cn, DAY, source.complete(cn, self.now - settle_ms)):
                    found[station.mn, cn, source.local.text(record.time_ms)] = encode_cp(record.cp)
        return found


@contextmanager
def hub(folder: Path, stations: int = 1) -> Iterator[Hub]:
    made = Hub(folder, stations)
    try:
        yield made
    finally:
        made.store.close()


def idle(uplink: Hj212Uplink) -> bool:
    return all(state.idle for state in uplink.states)


def counts(there: Platform) -> dict[int, int]:
    return {cn: sum(key[1] == cn for key in there.held) for cn in KINDS}
