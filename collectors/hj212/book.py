"""A gateway's own book of what its stations measured, for the platforms: the spool forgets what the hub has.

The uplink of HJ 212 builds minute, hour and day data from readings and looks again at those of the last days, so a
gateway keeps them for a while in a SQLite file beside its spool. It is filled from the spool, by a cursor of its own.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from collectors.spool import Spool
from collectors.stores.base import MEAN_DECIMALS, Summary, SummaryRow
from sensors.errors import StoreError
from sensors.reading import USABLE_QUALITIES, Block, Quality, Reading, StationState

log = logging.getLogger(__name__)

#: How long readings are kept [ms]; as long as a spool keeps what the hub has not taken.
KEEP_MS = 90 * 24 * 3_600_000

#: Rows of the spool that are read at once.
ROWS = 500

#: The spool is looked at again after this time even where it says nothing, and after a fault [s].
AGAIN_S = 5.0

_SCHEMA = """CREATE TABLE IF NOT EXISTS reading (
    station TEXT NOT NULL, determinand TEXT NOT NULL, time_ms INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL,
    state TEXT NOT NULL, PRIMARY KEY (station, determinand, time_ms)) WITHOUT ROWID"""


class Book:
    """The file; every method may be called from any thread and raises `StoreError`.

    Parameters
    ----------
    path : Path
        Used by one process at a time.

    Raises
    ------
    StoreError
        If the file is in use, damaged, or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"book {path}: {error}", retryable=True) from error
        try:
            with self._told():
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._db.execute("PRAGMA journal_mode = WAL")
                # The spool may delete what is here: it has to be on the disk by then.
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute(_SCHEMA)
        except BaseException:
            self._db.close()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise StoreError(f"book {self.path}: {error}", retryable=True) from error

    def write(self, readings: Iterable[Reading]) -> None:
        """Keep readings; a later one of the same station, determinand and time wins."""
        rows = [(r.station, r.determinand, r.time_ms, r.value, int(r.quality), str(r.state)) for r in readings]
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def drop_before(self, time_ms: int) -> None:
        """Forget what was measured before an instant [ms since the epoch, UTC]."""
        with self._told():
            self._db.execute("DELETE FROM reading WHERE time_ms < ?", (time_ms,))

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """See `collectors.stores.base.ReadingStore.range`."""
        order = {key: index for index, key in enumerate(determinands)}
        marks = ", ".join("?" * len(determinands))
        with self._told():
            rows = self._db.execute(
                f"SELECT determinand, time_ms, value, quality, state FROM reading "
                f"WHERE station = ? AND determinand IN ({marks}) AND time_ms >= ? AND time_ms < ?",
                (station, *determinands, start_ms, end_ms),
            ).fetchall()
        rows.sort(key=lambda row: (row[1], order[row[0]]))
        return Block.of(
            Reading(station, key, time_ms, value, Quality(quality), StationState(state))
            for key, time_ms, value, quality, state in rows
        )

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """See `collectors.stores.base.ReadingStore.summary`."""
        if step_ms <= 0:
            raise ValueError(f"step_ms is {step_ms}; accepted: above 0")
        found = Summary()
        for station in sorted(stations):
            windows: dict[tuple[str, int], list[Reading]] = {}
            for reading in self.range(station, determinands, start_ms, end_ms):
                usable = reading.quality in USABLE_QUALITIES and reading.state is StationState.NORMAL
                if reading.value is not None and usable:
                    window = start_ms + (reading.time_ms - start_ms) // step_ms * step_ms
                    windows.setdefault((reading.determinand, window), []).append(reading)
            for (determinand, window), readings in sorted(windows.items()):
                found.append(_row(station, determinand, window, readings))
        return found

    def close(self) -> None:
        """Let go of the file; harmless when called again."""
        with self._lock:
            self._db.close()


def _row(station: str, determinand: str, start_ms: int, readings: Sequence[Reading]) -> SummaryRow:
    values = [reading.value for reading in readings if reading.value is not None]
    suspect = sum(reading.quality is Quality.SUSPECT for reading in readings)
    mean = round(sum(values) / len(values), MEAN_DECIMALS)
    certain = [r.value for r in readings if r.value is not None and r.quality is not Quality.SUSPECT]
    return SummaryRow(
        station=station, determinand=determinand, start_ms=start_ms, minimum=min(values), maximum=max(values),
        mean=mean, count=len(values), provisional=suspect,
        certain_mean=round(sum(certain) / len(certain), MEAN_DECIMALS) if certain else None, certain_count=len(certain),
    )  # fmt: skip


class Copyist:
    """Copies what a spool takes into a book; `run` until it is cancelled.

    Parameters
    ----------
    spool : Spool
        Entered.
    book : Book
    stations : collection of str
        Whose readings are copied.
    changed : callable
        Gets what was copied, in the event loop.

    Attributes
    ----------
    error : str
        Why nothing is copied; empty where all is well.
    """

    def __init__(self, spool: Spool, book: Book, stations: Collection[str], changed: Callable[[Block], None]) -> None:
        self._spool, self._book, self._stations, self._changed = spool, book, frozenset(stations), changed
        self._cursor = spool.state.base
        self._wake = asyncio.Event()
        self._wake.set()
        self.error = ""

    @property
    def cursor(self) -> int:
        """Rows up to here are in the book; the spool keeps the others."""
        return self._cursor

    async def run(self) -> None:
        """Copy what is there and what comes."""
        self._spool.listeners.append(self._wake.set)
        try:
            while True:
                try:
                    while await self._copy():
                        pass
                    self.error = ""
                except StoreError as error:
                    if str(error) != self.error:
                        log.error("%s", error)
                    self.error = str(error)
                await self._rest()
        finally:
            self._spool.listeners.remove(self._wake.set)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(AGAIN_S):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _copy(self) -> bool:
        """Copy some rows; whether there may be more."""
        if self._spool.state.last < self._cursor:
            self._cursor = self._spool.state.base  # a damaged file was put aside: another one counts from its beginning
        rows = await self._spool.read(self._cursor, ROWS)
        if not rows:
            return False
        readings = [reading for _, row in rows if row.station in self._stations for reading in row.readings()]
        if readings:
            await asyncio.to_thread(self._book.write, readings)
        self._cursor = rows[-1][0]
        if readings:
            self._changed(Block.of(readings))
        return True
