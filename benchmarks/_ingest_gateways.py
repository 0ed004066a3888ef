"""Simulated gateways for `ingest.py`, all in one process: they make readings, publish them, and count.

    python benchmarks/_ingest_gateways.py PLAN

``ours`` speaks the project's wire: columnar batches, a window of 20, everything kept until the watermark covers it
and sent again from there when it stands still. ``naive`` publishes one JSON message for each poll of a station,
``telegraf`` line protocol in messages of 99 readings; both forget a message when the broker has acknowledged it, as
their makers' examples do. Without a rate they go as fast as they are let.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import _common  # noqa: F401  (puts the project on the path)

from collectors import wire
from collectors.broker import Address, Identity, Message, Session
from collectors.wire import Batch
from sensors.errors import LinkError
from sensors.reading import Observation, Quality

KEYS = (
    "water_temperature", "ph", "dissolved_oxygen", "conductivity", "turbidity", "permanganate_index",
    "ammonia_nitrogen", "total_phosphorus", "total_nitrogen",
)  # fmt: skip
ROWS, WINDOW = 400, 20
STEP_MS = 60_000

#: The watermark stands for so long before everything after it is sent again [s].
RESEND_S = 2.0

#: Longest wait for the broker [s].
CONNECT_S = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: see the module."""

    kind: str
    port: int
    site: str
    gateways: dict[str, list[str]]
    shards: dict[str, int]
    begin_ms: int
    status: str
    epoch: str
    per_second: float = 0.0


class Gateway:
    """One gateway: what it makes, and how far it is known to be stored."""

    def __init__(self, plan: Plan, name: str, deck: list[dict[str, tuple[float | None, Quality]]]) -> None:
        self.plan, self.name, self.stations, self.deck = plan, name, plan.gateways[name], deck
        self.rows = self.acked = 0
        self.kept: deque[tuple[int, bytes]] = deque()
        self.moved = asyncio.Event()

    def observation(self, n: int) -> Observation:
        count = len(self.stations)
        time_ms = self.plan.begin_ms + n // count * STEP_MS
        return Observation(self.stations[n % count], time_ms, self.deck[n % len(self.deck)])

    def take(self, rows: int) -> Iterator[Observation]:
        """The next observations."""
        begin, self.rows = self.rows, self.rows + rows
        return (self.observation(n) for n in range(begin, self.rows))


def deck_of(size: int = 997) -> list[dict[str, tuple[float | None, Quality]]]:
    """Values to deal from: made once, because the simulator is not what is measured."""
    random_ = random.Random(1)
    return [{key: (round(random_.uniform(0, 20), 2), Quality.NOT_EVALUATED) for key in KEYS} for _ in range(size)]


class Pacer:
    """Lets so many readings a second through, or all of them."""

    def __init__(self, per_second: float) -> None:
        self._per_second, self._begun_s, self._passed = per_second, time.monotonic(), 0

    async def __call__(self, readings: int) -> None:
        self._passed += readings
        if self._per_second:
            await asyncio.sleep(max(0.0, self._begun_s + self._passed / self._per_second - time.monotonic()))


async def ours(gateway: Gateway, session: Session, stop: asyncio.Event, pace: Pacer) -> None:
    """Batches, window, watermark, go-back-N."""
    topic = wire.topic(gateway.plan.site, gateway.plan.shards[gateway.name], gateway.name, "obs")
    sent = 0  # of those that are kept
    rows = ROWS if not gateway.plan.per_second else 100
    publishing: set[asyncio.Task[None]] = set()

    async def publish(payload: bytes) -> None:
        try:
            await session.publish(topic, payload)
        except LinkError:
            return  # the watermark decides

    moved_s = time.monotonic()
    while not (stop.is_set() and not gateway.kept):
        while gateway.kept and gateway.kept[0][0] <= gateway.acked:
            gateway.kept.popleft()
            sent = max(0, sent - 1)
            moved_s = time.monotonic()
        if gateway.kept and time.monotonic() - moved_s > RESEND_S:
            sent, moved_s = 0, time.monotonic()
        if not stop.is_set() and len(gateway.kept) < WINDOW:
            await pace(rows * len(KEYS))
            after = gateway.rows
            made = tuple(enumerate(gateway.take(rows), after + 1))
            gateway.kept.append(
                (after + rows, wire.encode_batch(Batch(gateway.name, gateway.plan.epoch, 0, after, after + rows, made)))
            )
        if sent < len(gateway.kept):
            task = asyncio.create_task(publish(gateway.kept[sent][1]))
            publishing.add(task)
            task.add_done_callback(publishing.discard)
            sent += 1
            await asyncio.sleep(0)
            continue
        gateway.moved.clear()
        if len(gateway.kept) >= WINDOW or stop.is_set():
            try:
                async with asyncio.timeout(0.5):
                    await gateway.moved.wait()
            except TimeoutError:
                continue


async def naive(gateway: Gateway, session: Session, stop: asyncio.Event, pace: Pacer) -> None:
    """One JSON message for each poll, forgotten when the broker has it."""

    def payloads() -> Iterator[tuple[int, bytes]]:
        (row,) = gateway.take(1)
        values = {key: value for key, (value, _) in row.values.items()}
        yield len(values), json.dumps({"station": row.station, "time_ms": row.time_ms, **values}).encode()

    await _forgetting(gateway, session, stop, pace, f"naive/{gateway.name}", payloads)


async def telegraf(gateway: Gateway, session: Session, stop: asyncio.Event, pace: Pacer) -> None:
    """Line protocol in messages of 99 readings."""

    def payloads() -> Iterator[tuple[int, bytes]]:
        lines = [
            f"reading,station={row.station},determinand={key} value={value!r},quality=2.0 {row.time_ms}000000"
            for row in gateway.take(11)
            for key, (value, _) in row.values.items()
        ]
        yield len(lines), "\n".join(lines).encode()

    await _forgetting(gateway, session, stop, pace, f"telegraf/{gateway.name}", payloads)


async def _forgetting(gateway, session, stop, pace, topic, payloads) -> None:  # type: ignore[no-untyped-def]
    """Publish with QoS 1, several at a time, until told to stop; nothing is kept."""
    gateway.acked = 0

    async def one() -> None:
        while not stop.is_set():
            for readings, payload in payloads():
                await pace(readings)
                while True:
                    try:
                        await session.publish(topic, payload)
                        break
                    except LinkError:
                        await asyncio.sleep(0.1)
                gateway.acked += readings

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(one())


@asynccontextmanager
async def sessions(plan: Plan, gateways: list[Gateway]) -> AsyncIterator[list[Session]]:
    """A connection for each gateway, and what it hears."""
    async with AsyncExitStack() as stack:
        made = []
        for gateway in gateways:
            session = Session(Address("127.0.0.1", plan.port), Identity(f"bench-{plan.kind}-{gateway.name}"))

            def heard(message: Message, gateway: Gateway = gateway) -> None:
                mark = wire.parse_watermark(message.payload, gateway.name)
                if mark.epoch == plan.epoch:
                    gateway.acked = max(gateway.acked, mark.seq)
                    gateway.moved.set()

            if plan.kind == "ours":
                session.subscribe(wire.topic(plan.site, plan.shards[gateway.name], gateway.name, "ack"), heard)
            made.append(await stack.enter_async_context(session))
        async with asyncio.timeout(CONNECT_S):
            for session in made:
                await session.connected()
        yield made


async def main(plan: Plan) -> None:
    """Work until SIGTERM, then let what is kept be delivered."""
    deck = deck_of()
    gateways = [Gateway(plan, name, deck) for name in plan.gateways]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    each = {"ours": ours, "naive": naive, "telegraf": telegraf}[plan.kind]
    per_row = len(KEYS) if plan.kind == "ours" else 1

    def tell(done: bool = False) -> None:
        made = sum(gateway.rows for gateway in gateways) * len(KEYS)
        known = sum(gateway.acked for gateway in gateways) * per_row
        path = Path(plan.status)
        path.with_suffix(".new").write_text(json.dumps({"s": time.time(), "made": made, "known": known, "done": done}))
        path.with_suffix(".new").replace(path)

    async def telling() -> None:
        while True:
            tell()
            await asyncio.sleep(0.1)

    async with sessions(plan, gateways) as made:
        teller = asyncio.create_task(telling())
        pace = Pacer(plan.per_second)
        await asyncio.gather(*(each(gateway, made[k], stop, pace) for k, gateway in enumerate(gateways)))
        teller.cancel()
        tell(done=True)


if __name__ == "__main__":
    asyncio.run(main(Plan(**json.loads(sys.argv[1]))))
