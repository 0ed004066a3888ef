"""What is delivered is kept for a while, and no longer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from collectors.spool import Spool
from deploy.gateway import keep
from deploy.gateway.keep import KeptRows
from sensors.reading import Observation

NOW_MS, HOUR_MS = 1_790_000_000_000, 3_600_000


def test_rows_are_held_until_they_are_old(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(keep, "_ROWS", 2)
    now_ms = [NOW_MS]

    async def work() -> list[int]:
        holds = []
        async with Spool(tmp_path / "gw.spool", now_ms=lambda: NOW_MS) as spool:
            for n in range(6):
                await spool.append(Observation("S1", NOW_MS - (6 - n) * HOUR_MS, {}))
            await spool.flush()
            kept = KeptRows(spool, 3 * HOUR_MS, lambda: now_ms[0])
            for later_h in (0, 1, 9):
                now_ms[0] = NOW_MS + later_h * HOUR_MS
                await kept.look()
                holds.append(kept.hold())
            # What is gone is held no more, and nothing is held where nothing is to be kept.
            await spool.delete_up_to(spool.epoch, 6)
            holds.append(KeptRows(spool, HOUR_MS, lambda: NOW_MS).hold())
            async with KeptRows(spool, 0, lambda: NOW_MS) as nothing:
                holds.append(nothing.hold())
        return holds

    assert asyncio.run(work()) == [3, 4, 6, 6, 6]
