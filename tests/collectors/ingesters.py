"""An ingester on a real store, fed by hand, and the batches that it is fed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

from collectors import wire
from collectors.broker import Session
from collectors.ingest import Ingest
from collectors.stores.sqlite import SqliteStore
from collectors.wire import Batch, Watermark
from sensors.reading import Block, Observation, Quality
from tests.collectors.brokers import until
from tests.collectors.sessions import FakeSession

NOW = 1_790_000_000_000


OBS = "rc1/x/0/gw1/obs"

#: Two lives of a spool.
A, B = "aaaaaaaa", "bbbbbbbb"


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


def observation(seq: int, time_ms: int | None = None) -> Observation:
    return Observation("S1", NOW - 10**6 + seq if time_ms is None else time_ms, {"ph": (float(seq), Quality.GOOD)})


def payload(
    after: int, last: int, *, epoch: str = A, base: int = 0, gateway: str = "gw1", without: tuple[int, ...] = ()
) -> bytes:
    rows = tuple((seq, observation(seq)) for seq in range(after + 1, last + 1) if seq not in without)
    return wire.encode_batch(Batch(gateway, epoch, base, after, last, rows))


class Hub:
    """An ingester on a real store, fed by hand."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.store = SqliteStore(folder / "readings.sqlite")
        self.session = FakeSession()
        self.blocks: list[Block] = []
        self.ingest = Ingest(
            cast(Session, self.session), self.store, site="x", shard=0, now_ms=lambda: NOW,
            **more,
        )  # fmt: skip
        self._commit = self.store.commit
        self.store.commit = self._noted  # type: ignore[method-assign]

    def _noted(self, block: Block, *mark: Any) -> None:
        self._commit(block, *mark)
        if len(block):
            self.blocks.append(block)

    async def __aenter__(self) -> Hub:
        await self.ingest.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ingest.__aexit__(None, None, None)
        self.store.close()

    async def take(self, payload: bytes, topic: str = OBS) -> None:
        number = self.session.deliver(topic, payload)
        await until(lambda: number in self.session.acked)

    @property
    def stored(self) -> list[float | None]:
        return self.store.range("S1", ["ph"], 0, 2**60).value

    @property
    def watermark(self) -> tuple[str, int] | None:
        return self.store.watermarks().get("gw1")

    @property
    def told(self) -> list[Watermark]:
        return [wire.parse_watermark(raw, "gw1") for topic, raw in self.session.published if topic == "rc1/x/0/gw1/ack"]
