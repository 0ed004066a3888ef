"""A gateway whose probes are numbers: the real spool and the real uplink, in a process that may be killed at any time.

    python -m tests.chaos.gateway_process PLAN

The file ``ledger`` has the number of observations that are on disk for sure: the spool has said so. Those have to be in
the store in the end. The file ``stop`` ends the making of new ones; ``done`` says that the hub has all of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import struct
import sys
import time
from pathlib import Path
from typing import Any

from collectors.broker import Address, Session
from collectors.spool import Spool
from collectors.uplink import Pace, Uplink, identity
from sensors.errors import LinkError
from tests.chaos.observations import Plan

#: Quicker than in the field, where nobody waits for the end of a test.
PACE = Pace(batch_rows=50, resend_s=1.0, most_resend_s=4.0, delete_s=0.1, state_s=5.0)
KEEPALIVE_S = 4


class Clock:
    """The machine's clock and what the file ``clock`` adds to it [ms]: it can be made to jump from outside."""

    def __init__(self, path: Path) -> None:
        self._path, self._read_s, self._offset_ms = path, 0.0, 0

    def __call__(self) -> int:
        now_s = time.monotonic()
        if now_s - self._read_s > 0.05:
            self._read_s = now_s
            self._offset_ms = int(self._path.read_text() or 0) if self._path.exists() else 0
        return round(time.time() * 1000) + self._offset_ms


class Ledger:
    """How many observations are on disk, in a file that survives a kill."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)
        held = os.pread(self._file, 8, 0)
        self.count = struct.unpack("<q", held)[0] if len(held) == 8 else 0

    def put(self, count: int) -> None:
        """Note a new count."""
        self.count = count
        os.pwrite(self._file, struct.pack("<q", count), 0)


def read_ledger(path: Path) -> int:
    """How many observations a gateway has on disk, or had until they were delivered."""
    held = path.read_bytes() if path.exists() else b""
    return int(struct.unpack("<q", held)[0]) if len(held) == 8 else 0


class Trusting(Uplink):
    """The control: deletes what the broker has acknowledged."""

    async def _publish(self, payload: bytes) -> None:
        last = json.loads(payload)["last"]
        try:
            await self._session.publish(self._topics["obs"], payload)
        except LinkError:
            return
        self._acked = max(self._acked, last)
        while self._under_way and self._under_way[0] <= self._acked:
            self._under_way.popleft()
        self._wake.set()


async def main(plan: Plan) -> None:
    """Make observations and deliver them until told to stop."""
    folder = Path(plan.folder)
    now_ms, ledger = Clock(folder / "clock"), Ledger(folder / "ledger")
    async with Spool(folder / "disk" / "spool", flush_s=0.05, now_ms=now_ms) as spool:
        made = ledger.count
        spool.listeners.append(lambda: ledger.put(made - spool.state.waiting))
        who = identity(plan.site, plan.shard, plan.gateway, spool.epoch, keepalive_s=KEEPALIVE_S)
        session = Session(Address("127.0.0.1", plan.port), who)
        kind: Any = Trusting if plan.trusting else Uplink
        uplink = kind(session, spool, site=plan.site, shard=plan.shard, gateway=plan.gateway, now_ms=now_ms, pace=PACE)
        async with session, uplink:
            start_s, start = time.monotonic(), made
            while not (folder / "stop").exists():
                while made - start < (time.monotonic() - start_s) * plan.per_second:
                    observation = plan.observation(made)
                    made += 1
                    await spool.append(observation)
                await asyncio.sleep(0.02)
            while spool.state.waiting:
                await spool.flush()
                await asyncio.sleep(0.05)
            while not (folder / "done").exists():
                if spool.state.rows == 0 and uplink.backlog == 0:
                    (folder / "done").write_text(str(ledger.count))
                await asyncio.sleep(0.05)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main(Plan.of(json.loads(sys.argv[1]))))
