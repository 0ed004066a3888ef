"""The second drill: what an earlier version has written opens with this one, while a gateway keeps publishing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dashboard.casework.audit import holds, verify
from dashboard.casework.database import open_books
from tests.drills.make_dump import unpack
from tests.drills.restoring import missing, stored_readings
from tests.drills.town import Town, call, until
from tests.drills.witness import Key, Witness

#: What has to stand in the store as it stood, by what it is called here.
_KEPT = {
    "flags": "SELECT series, time_ms, test, flag, evidence FROM flag",
    "revisions": "SELECT series, time_ms, value FROM revision",
    "events": "SELECT id, kind, start_ms FROM event",
    "assessments": "SELECT scope, subject, basis, time_ms, water_class FROM assessment WHERE basis = 'window'",
    "marks": "SELECT name, body FROM mark WHERE name = '@drill'",
}


@dataclass(slots=True)
class Outcome:
    """What the drill came to; counts are of readings.

    Attributes
    ----------
    commit : str
        Whose data was opened.
    stored, waiting, live : int
        In the old store, in the old spool, and published meanwhile.
    upgrade_lost : int
        Of all these, not in the store in the end or with another value.
    kept_lost : int
        Flags, revisions, events, assessments and marks that are not there any more.
    check : int
        Exit code of ``riverchief upgrade-check`` before: 0 nothing changes, 1 something is brought up.
    trail : str
        What is wrong with the books; empty where nothing is.
    upgrade_s : float
        From the start of the new hub until it is ready [s].
    """

    commit: str
    stored: int = 0
    waiting: int = 0
    live: int = 0
    upgrade_lost: int = 0
    kept_lost: int = 0
    check: int = -1
    trail: str = ""
    upgrade_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(self).items()}


async def run(folder: Path, commit: str, *, live_s: float = 20.0) -> Outcome:
    """One drill from beginning to end.

    Parameters
    ----------
    folder : Path
    commit : str
        Of which there is a dump.
    live_s : float
        Polling before the new hub is started, and again afterwards [s].
    """
    outcome = Outcome(commit)
    old = folder / "old"
    await asyncio.to_thread(unpack, commit, old)
    expected = json.loads((old / "expected.json").read_text())
    town = Town(folder, [expected["gateway"]], old / "site")
    for name in ("store.sqlite", "books.sqlite"):
        (old / name).rename(town.home / name)
    spool = town.spools / f"{expected['gateway']}.spool"
    (old / "spools" / spool.name).rename(spool)
    _as_if_of_today(spool)
    kept, head = _kept(town.home / "store.sqlite"), _head(town.home / "books.sqlite")
    words = (
        "upgrade-check",
        "--site",
        old / "site",
        "--store",
        town.store,
        "--books",
        town.books,
        "--data",
        town.spools,
    )
    told = json.loads(await asyncio.to_thread(lambda: call(*words, "--json", accepted=(0, 1))))
    outcome.check = told["exit"]
    async with town, Witness(town.broker.port, town.site_id) as witness:
        town.gateway.start()
        await until(
            lambda: town.gateway.measured("riverchief_gateway_polled_readings_total") > 100, "the gateway polls"
        )
        await asyncio.sleep(live_s)
        begun_s = time.monotonic()
        town.hub.start()
        await until(town.hub.ready, "the new hub is ready")
        outcome.upgrade_s = time.monotonic() - begun_s
        town.alerts.start()
        await until(town.alerts.ready, "the new alert service is ready")
        await asyncio.sleep(live_s)
        await _all_told(town, witness)
        for service in (town.gateway, town.hub, town.alerts):
            await asyncio.to_thread(service.end)
    _compare(outcome, town, witness, expected, kept)
    outcome.trail = _trail(town.books, head)
    return outcome


async def _all_told(town: Town, witness: Witness) -> None:
    await until(lambda: bool(witness.rows), "the gateway publishes")
    due: dict[tuple[str, str], int] = {}
    for gateway, epoch, seq in witness.rows:
        due[gateway, epoch] = max(seq, due.get((gateway, epoch), 0))
    await until(lambda: all(witness.told.get(key, 0) >= seq for key, seq in due.items()), "all of it is stored")


def _as_if_of_today(spool: Path) -> None:
    """A spool drops what has waited for 90 days; the dump is older than that in time, and means a box of yesterday."""
    with contextlib.closing(sqlite3.connect(spool)) as db, db:
        db.execute("UPDATE row SET taken_ms = ?", (round(time.time() * 1000) - 3_600_000,))


def _kept(store: Path) -> dict[str, set[tuple[Any, ...]]]:
    with contextlib.closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as db:
        return {name: set(db.execute(query)) for name, query in _KEPT.items()}


def _head(books: Path) -> str:
    with contextlib.closing(sqlite3.connect(f"{books.as_uri()}?mode=ro", uri=True)) as db:
        (head,) = db.execute("SELECT hash FROM audit_head").fetchone()
        return str(head)


def _compare(
    outcome: Outcome, town: Town, witness: Witness, expected: dict[str, Any], kept: dict[str, set[tuple[Any, ...]]]
) -> None:
    stored, waiting = _readings(expected["readings"]), _readings(expected["waiting"])
    found = stored_readings(town.home / "store.sqlite")
    live = {key: value for key, value in witness.readings(witness.told).items() if key not in waiting}
    outcome.stored, outcome.waiting, outcome.live = len(stored), len(waiting), len(live)
    outcome.upgrade_lost = sum(missing(some, found) for some in (stored, waiting, live))
    now = _kept(town.home / "store.sqlite")
    outcome.kept_lost = sum(len(rows - now[name]) for name, rows in kept.items())
    assert all(kept.values()), "the dump has some of everything"


def _readings(rows: list[list[Any]]) -> dict[Key, float | None]:
    return {(station, name, time_ms): value for station, name, time_ms, value in rows}


def _trail(url: str, head: str) -> str:
    books = open_books(url)
    try:
        with books.read() as session:
            return "; ".join(verify(session).problems) or ("" if holds(session, head) else "its head is another")
    finally:
        books.close()
