"""Fills a store, books and a spool with the program of an earlier commit: run by `tests.drills.make_dump`, not by hand.

It stands outside our packages' import rules on purpose: what it imports is that commit's, found through PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

from collectors.spool import Spool
from collectors.stores import open_store
from collectors.stores.base import Assessment, Event, Flag
from dashboard.casework.cases import take_events
from dashboard.casework.database import open_books
from dashboard.casework.desk import Desk
from dashboard.casework.seed.seed import seed
from sensors.reading import Block, Observation, Quality, Reading
from sensors.site import load_site

#: First instant of what is written: 2026-01-05T00:00Z [ms since the epoch, UTC].
BEGIN_MS = 1_767_571_200_000

STEP_MS, STEPS, WAITING = 600_000, 36, 40
GATEWAY = "gw-01"
KEYS = ("ph", "dissolved_oxygen", "water_temperature", "conductivity", "turbidity", "ammonia_nitrogen")


def value(step: int, station: int, key: int) -> float:
    """A number that tells where it belongs."""
    return round(step + station / 10 + key / 100, 3)


def main(program: Path, out: Path) -> None:
    """Write everything."""
    site_folder = out / "site"
    shutil.copytree(program / "deploy" / "sites" / "xietang", site_folder)
    site = load_site(site_folder)
    stations = [station.id for station in site.slice(GATEWAY)]
    rows = _store(out, stations)
    waiting = asyncio.run(_spool(out, stations))
    _books(out, site)
    (out / "expected.json").write_text(json.dumps({"gateway": GATEWAY, "readings": rows, "waiting": waiting}))


def _store(out: Path, stations: list[str]) -> list[list[object]]:
    store = open_store(f"sqlite:///{out / 'store.sqlite'}")
    rows: list[list[object]] = []
    for step in range(STEPS):
        block, time_ms = Block(), BEGIN_MS + step * STEP_MS
        for s, station in enumerate(stations):
            for k, key in enumerate(KEYS):
                block.append(Reading(station, key, time_ms, value(step, s, k)))
                rows.append([station, key, time_ms, value(step, s, k)])
        store.commit(block, GATEWAY, "0" * 31 + "1", (step + 1) * len(stations))
    first = stations[0]
    # One that was replaced, and one that is suspect.
    store.write(Block.of([Reading(first, KEYS[0], BEGIN_MS, 7.77)]))
    rows[0][3] = 7.77
    store.put_flags([Flag(first, KEYS[1], BEGIN_MS + STEP_MS, "spike", Quality.SUSPECT, {"rise": 3})])
    store.put_assessments([Assessment("station", first, "window", BEGIN_MS, "III", deciding=(KEYS[5],))])
    end_ms = BEGIN_MS + STEPS * STEP_MS
    store.put_events(
        [Event("old-event", "discharge", end_ms - STEP_MS, None, end_ms, end_ms, (first,), {"note": "旧"})]
    )
    store.put_mark("drill", "kept")
    while store.tidy():
        pass
    store.close()
    return rows


async def _spool(out: Path, stations: list[str]) -> list[list[object]]:
    rows: list[list[object]] = []
    end_ms = BEGIN_MS + STEPS * STEP_MS
    async with Spool(out / "spools" / f"{GATEWAY}.spool", now_ms=lambda: end_ms) as spool:
        for n in range(WAITING):
            station, time_ms = stations[n % len(stations)], end_ms + n * 60_000
            values = {key: (value(n, 0, k), Quality.NOT_EVALUATED) for k, key in enumerate(KEYS)}
            await spool.append(Observation(station, time_ms, values))
            rows += [[station, key, time_ms, value(n, 0, k)] for k, key in enumerate(KEYS)]
    return rows


def _books(out: Path, site: object) -> None:
    books = open_books(f"sqlite:///{out / 'books.sqlite'}")
    store = open_store(f"sqlite:///{out / 'store.sqlite'}")
    now_ms = BEGIN_MS + STEPS * STEP_MS
    seed(books, site, now_ms)  # type: ignore[arg-type]
    take_events(books, Desk.of(site), store, now_ms)  # type: ignore[arg-type]
    store.close()
    books.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
