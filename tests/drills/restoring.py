"""The first drill: a backup under load, the hub wiped, and everything back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from collectors.stores import open_store
from dashboard.casework.audit import holds, verify
from dashboard.casework.database import open_books
from dashboard.casework.tables.inspections import PublicReport
from tests.drills.town import MOST_S, Town, call, until
from tests.drills.witness import Key, Witness

ALL = ("gw-01", "gw-02", "gw-03", "gw-04", "gw-05", "gw-06", "gw-07")


@dataclass(frozen=True, slots=True)
class Load:
    """How much of it.

    Attributes
    ----------
    gateways : tuple of str
    history_h : int
        Hours of the past that wait in the spools when the hub starts [h].
    before_s, after_s, away_s : float
        Polling before the backup, between its end and the loss, and while there is no hub [s].
    demo : bool
        Fill the books for a demonstration first.
    """

    gateways: tuple[str, ...] = ALL
    history_h: int = 48
    before_s: float = 30.0
    after_s: float = 10.0
    away_s: float = 15.0
    demo: bool = True


#: For CI.
SHORT = Load(ALL[:2], 2, 3.0, 2.0, 2.0, demo=False)


@dataclass(slots=True)
class Outcome:
    """What the drill came to; counts are of readings.

    Attributes
    ----------
    promised : int
        With a watermark when the backup began.
    restore_lost : int
        Of these, not in the restored store or with another value.
    restore_s : float
        From the loss until everything that waited in the spools is stored [s].
    refilled, refill_lost : int
        Of what had no watermark yet when the hub was lost: all of it, and what is not in the store in the end.
    between, between_lost : int
        Stored after the backup and before the loss: gateways had deleted it.
    told_lost_rows : int
        Rows that the hub itself says will never come.
    books_changes, books_lost : int
        Changes of the books before the backup began, and those that are not in it.
    trail : str
        What is wrong with the audit trail; empty where nothing is.
    backup_s, backup_mb, command_s : float
        How long the backup took, how large it is, how long `riverchief restore` itself took.
    store_readings : int
        In the store when the backup was made.
    doctor : str
        Faults that `riverchief doctor` finds afterwards; empty where it finds none.
    """

    promised: int = 0
    restore_lost: int = 0
    restore_s: float = 0.0
    refilled: int = 0
    refill_lost: int = 0
    between: int = 0
    between_lost: int = 0
    told_lost_rows: int = 0
    books_changes: int = 0
    books_lost: int = 0
    trail: str = ""
    backup_s: float = 0.0
    backup_mb: float = 0.0
    command_s: float = 0.0
    store_readings: int = 0
    doctor: str = "not asked"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(self).items()}


async def run(folder: Path, load: Load) -> Outcome:
    """One drill from beginning to end."""
    async with Town(folder, load.gateways) as town:
        outcome = Outcome()
        call("books", "seed", town.quick_site, "--books", town.books, *["--demo"] * load.demo)
        if load.history_h:
            words = ("history", town.site, "--data", town.spools, "--hours", load.history_h)
            await asyncio.to_thread(call, *words)
        async with Witness(town.broker.port, town.site_id) as witness:
            await _work(town, witness, load, outcome)
        return outcome


async def _work(town: Town, witness: Witness, load: Load, outcome: Outcome) -> None:
    for service in (town.hub, town.gateway, town.alerts):
        service.start()
    await until(lambda: town.hub.ready() and town.gateway.ready() and town.alerts.ready(), "everything is ready")
    with _clerk(town.books) as clerk:
        await asyncio.sleep(load.before_s)
        # On a busy machine it takes a while until the books are open and the first readings are judged.
        await until(
            lambda: len(clerk) >= 5 and town.hub.measured("riverchief_hub_ingested_readings_total") > 2_000, "load"
        )
        # Exactly what a backup has to keep: it was stored, and told so, before the backup began.
        promised, changes = _marks(town), len(clerk)
        archive, head = await _backup(town, outcome)
        await asyncio.sleep(load.after_s)
        lost_s = time.monotonic()
        for service in (town.hub, town.alerts):
            await asyncio.to_thread(service.kill)
    stored = _marks(town)
    wipe(town.home)
    await asyncio.sleep(load.away_s)
    begun_s = time.monotonic()
    phrase = town.keep / "phrase"
    words = ("restore", archive, "--into", town.home, "--passphrase-file", phrase, "--only", "store,books,files,hub")
    await asyncio.to_thread(call, *words)
    outcome.command_s = time.monotonic() - begun_s
    in_backup = _marks(town)
    town.hub.start()
    town.alerts.start()
    await until(lambda: town.hub.ready() and town.alerts.ready(), "the restored hub is ready")
    due = {key: max((seq for g, e, seq in witness.rows if (g, e) == key), default=0) for key in stored}
    await until(lambda: all(witness.told.get(key, 0) >= seq for key, seq in due.items()), "the spools are empty")
    outcome.restore_s = time.monotonic() - lost_s
    # It looks at itself every ten seconds; what it says of rows that will never come has to be newer than that.
    now_s = time.time()
    await until(lambda: town.hub.measured("riverchief_hub_report_timestamp_seconds") > now_s, "a new report")
    outcome.told_lost_rows = round(town.hub.measured("riverchief_hub_lost_rows_total"))
    await _finish(town, outcome)
    found = stored_readings(town.home / "store.sqlite")
    _compare(outcome, witness, found, promised, in_backup, stored)
    _look_at_books(outcome, town.books, clerk[:changes], head)


async def _backup(town: Town, outcome: Outcome) -> tuple[Path, str]:
    phrase = town.keep / "phrase"
    phrase.write_text("a passphrase of the drill\n")
    phrase.chmod(0o600)
    begun_s = time.monotonic()
    words = (
        "backup", "--to", town.keep, "--site", town.site, "--store", town.store, "--books", town.books,
        "--channels", town.channels, "--secrets", "--passphrase-file", phrase, "--json",
    )  # fmt: skip
    told = json.loads(await asyncio.to_thread(call, *words))
    outcome.backup_s, outcome.backup_mb = time.monotonic() - begun_s, told["bytes"] / 1e6
    outcome.store_readings = told["counted"]["store"]["rows"]["reading"]
    return Path(told["file"]), told["counted"]["books"]["head"]


async def _finish(town: Town, outcome: Outcome) -> None:
    """Stop polling, let what is on the way arrive, look whether the installation is whole, and stop the hub."""
    words = ("doctor", "--quick", "--json", "--site", town.site, "--store", town.store, "--books", town.books)
    ready = [word for service in (town.hub, town.alerts) for word in ("--ready", f"127.0.0.1:{service.port}")]
    await until(lambda: town.hub.ready() and town.alerts.ready(), "everything is ready again")
    told = json.loads(await asyncio.to_thread(lambda: call(*words, *ready, accepted=(0, 1, 2))))
    faults = [one for one in told["findings"] if one["state"] == "fault"]
    outcome.doctor = "; ".join(f"{one['check']}: {one['found']}" for one in faults)
    await asyncio.to_thread(town.gateway.end)
    await asyncio.to_thread(town.hub.end)
    await asyncio.to_thread(town.alerts.end)


def wipe(home: Path) -> None:
    """Lose everything that the hub has."""
    shutil.rmtree(home)
    home.mkdir()


def _marks(town: Town) -> dict[tuple[str, str], int]:
    with contextlib.closing(open_store(town.store, read_only=True)) as store:
        return {(gateway, epoch): seq for gateway, (epoch, seq) in store.watermarks().items()}


def stored_readings(path: Path) -> dict[Key, float | None]:
    """Everything that a store has, read past the program."""
    query = "SELECT station, determinand, time_ms, value FROM reading JOIN series ON series.id = reading.series"
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return {(station, key, time_ms): value for station, key, time_ms, value in db.execute(query)}


def missing(expected: dict[Key, float | None], found: dict[Key, float | None]) -> int:
    """Readings that are not there, or with another value."""
    return sum(key not in found or found[key] != value for key, value in expected.items())


def _compare(
    outcome: Outcome, witness: Witness, found: dict[Key, float | None], promised: dict[tuple[str, str], int],
    in_backup: dict[tuple[str, str], int], stored: dict[tuple[str, str], int],
) -> None:  # fmt: skip
    assert all(in_backup.get(key, 0) >= seq for key, seq in promised.items()), "the backup is older than its beginning"
    kept = witness.readings(promised)
    outcome.promised, outcome.restore_lost = len(kept), missing(kept, found)
    # What was published last may be on the way yet: what was told as stored has to be there.
    told = witness.readings(witness.told)
    later = witness.readings(stored, above=True)
    late = {key: value for key, value in later.items() if key in told}
    outcome.refilled, outcome.refill_lost = len(late), missing(late, found)
    between = witness.readings(in_backup, above=True)
    between = {key: value for key, value in between.items() if key not in later}
    outcome.between, outcome.between_lost = len(between), missing(between, found)


@contextmanager
def _clerk(url: str) -> Iterator[list[str]]:
    """Somebody who changes the books all the time; numbers of what was committed."""
    done: list[str] = []
    stop = threading.Event()

    def work() -> None:
        books = open_books(url)
        try:
            while not stop.wait(0.05):
                number = f"drill-{len(done)}"
                with books.change("clerk", round(time.time() * 1000), "drill") as session:
                    session.add(PublicReport(id=number, **_REPORT))
                done.append(number)
        finally:
            books.close()

    thread = threading.Thread(target=work, name="clerk")
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join(MOST_S)


_REPORT: dict[str, Any] = {"received_ms": 1_790_000_000_000, "river": "R01", "text": "示例数据: foam below the bridge"}


def _look_at_books(outcome: Outcome, url: str, committed: list[str], head: str) -> None:
    books = open_books(url)
    try:
        with books.read() as session:
            outcome.books_changes = len(committed)
            outcome.books_lost = sum(session.get(PublicReport, number) is None for number in committed)
            verdict = verify(session)
            outcome.trail = "; ".join(verdict.problems) or ("" if holds(session, head) else "its head is another")
    finally:
        books.close()
