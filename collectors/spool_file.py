"""The file behind a spool: one SQLite database, used by one thread of one process."""

from __future__ import annotations

import json
import logging
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collectors.spool_reserve import LOG_BYTES, Reserve, is_full
from collectors.sqlite_versions import bring_up
from sensors.errors import StoreError
from sensors.reading import Observation, Quality, StationState

log = logging.getLogger(__name__)

#: What brings an older file up, one entry for each version since the first; whoever changes `_SCHEMA` adds one.
MIGRATIONS: tuple[tuple[str, ...], ...] = ()

#: What a row costs beside its body [bytes]; measured on files of 100,000 rows, rounded up.
ROW_OVERHEAD = 32

#: How long a file that another process has is waited for [s]: enough for one that is just ending.
LOCK_S = 0.5

_SCHEMA = (
    # AUTOINCREMENT: a number is never given twice, not even after the row that had it was deleted.
    """CREATE TABLE row (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, taken_ms INTEGER NOT NULL, time_ms INTEGER NOT NULL,
        body TEXT NOT NULL)""",
    """CREATE TABLE gap (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, rows INTEGER NOT NULL,
        first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL)""",
)

#: A clock that moves on by more than this between two groups has jumped, or the gateway was off [ms].
JUMP_MS = 24 * 3_600_000

#: Rows deleted at once on a full disk.
DELETE_STEP = 2_000

#: What ``PRAGMA auto_vacuum`` answers.
_INCREMENTAL = 2

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows that were dropped undelivered because the spool was full or they had become too old.

    Attributes
    ----------
    first, last : int
        Sequence numbers.
    rows : int
    first_ms, last_ms : int
        Oldest and newest observation among them [ms since the epoch, UTC].
    """

    first: int
    last: int
    rows: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a spool keeps.

    Attributes
    ----------
    max_bytes : int
        Bodies and their overhead; the file is a little larger.
    max_age_ms : int
        Rows that have waited longer than this are dropped.
    """

    max_bytes: int
    max_age_ms: int


class SpoolFile:
    """Rows on disk. Every method raises `sqlite3.Error` as it comes; the spool above decides what that means.

    Parameters
    ----------
    path : Path
    now_ms : int
        For the name under which a damaged file is put aside.

    Attributes
    ----------
    epoch : str
        Of this opening of the file.
    base, last : int
        Everything up to the first is gone; the second is the highest number given so far.
    rows, bytes : int
        That are there, with `ROW_OVERHEAD`.

    Raises
    ------
    StoreError
        Retryable where the file is in use or cannot be made; not retryable where its schema is newer.
    """

    def __init__(self, path: Path, now_ms: int) -> None:
        self.path = path
        self.damaged: Path | None = None
        self._open_db: sqlite3.Connection | None = None
        self._reserve = Reserve(path.with_name(path.name + ".reserve"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._reserve.hold()
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self.put_aside(now_ms)
        except (OSError, sqlite3.Error) as error:
            told = str(error)
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                told += "; another gateway runs on it, and a spool is one gateway's: stop that, or give another folder"
            raise StoreError(f"spool {path}: {told}", retryable=True) from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=LOCK_S, isolation_level=None)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        self._open_db = db
        return db

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection; opened anew where a damaged file was put aside and the disk took no new one at once."""
        return self._open_db or self._open()

    def _prepare(self, db: sqlite3.Connection) -> None:
        # One process only: two gateways on one spool would deliver each other's rows.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        if db.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            # Setting it writes, even where it is set: a full disk must not keep a gateway from delivering.
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        # Debian's SQLite overwrites what is deleted: every delivered row would be written once more to an SD card.
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("BEGIN IMMEDIATE")
        version, newest = bring_up(db, _SCHEMA, MIGRATIONS), len(MIGRATIONS) + 1
        db.execute("COMMIT")
        if version > newest:
            raise StoreError(f"spool {self.path}: found schema {version}; accepted: up to {newest}", retryable=False)
        self.renew()
        rows, size, first = db.execute(
            f"SELECT count(*), coalesce(sum(length(body) + {ROW_OVERHEAD}), 0), min(seq) FROM row"
        ).fetchone()
        self.rows, self.bytes = int(rows), int(size)
        self.last = int(db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0])
        #: Everything up to this number is gone: delivered or dropped.
        self.base = self.last if first is None else int(first) - 1

    def put_aside(self, now_ms: int) -> None:
        """Keep a damaged file under another name and begin a new one, with a new epoch."""
        if self._open_db is not None:
            self._open_db.close()
            self._open_db = None
        self.damaged = self.path.with_name(f"{self.path.name}.damaged-{now_ms}")
        for tail in ("", "-wal"):
            old = self.path.with_name(self.path.name + tail)
            if old.exists():
                old.rename(self.damaged.with_name(self.damaged.name + tail))
        self._open()

    def append(self, observations: Sequence[Observation], limits: Limits, now_ms: int) -> None:
        """Put rows at the end, drop what is over the limits, and have both on disk on return."""
        rows = list(_bodies(observations, now_ms))
        with _transaction(self._db):
            self._bridge(now_ms)
            self._db.executemany("INSERT INTO row (taken_ms, time_ms, body) VALUES (?, ?, ?)", rows)
            size = self.bytes + sum(len(body) + ROW_OVERHEAD for _, _, body in rows)
            dropped, freed = self._drop(size - limits.max_bytes, now_ms - limits.max_age_ms)
        self.last += len(rows)
        self.rows += len(rows) - dropped
        self.bytes = size - freed
        self.base = max(self.base, self.last - self.rows)

    def _bridge(self, now_ms: int) -> None:
        """Keep the ages of rows where the clock has jumped: age is time that the gateway has worked.

        Without it, a gateway that starts in 1970 and is then set right would drop all that it holds.
        """
        newest = self._db.execute("SELECT taken_ms FROM row ORDER BY seq DESC LIMIT 1").fetchone()
        if newest is not None and abs(now_ms - newest[0]) > JUMP_MS:
            self._db.execute("UPDATE row SET taken_ms = taken_ms + ?", (now_ms - newest[0],))

    def _drop(self, excess: int, oldest_ms: int) -> tuple[int, int]:
        """Drop the oldest rows: `excess` bytes of them, and those taken before `oldest_ms`."""
        dropped: list[tuple[int, int]] = []
        freed = 0
        for seq, taken_ms, time_ms, length in self._db.execute(
            "SELECT seq, taken_ms, time_ms, length(body) FROM row ORDER BY seq"
        ):
            if freed >= excess and taken_ms >= oldest_ms:
                break
            dropped.append((seq, time_ms))
            freed += length + ROW_OVERHEAD
        if dropped:
            seqs, times = zip(*dropped, strict=True)
            self._db.execute("DELETE FROM row WHERE seq <= ?", (seqs[-1],))
            self._note(Gap(seqs[0], seqs[-1], len(dropped), min(times), max(times)))
        return len(dropped), freed

    def _note(self, gap: Gap) -> None:
        """Keep the gap, joined to the one it continues: a spool that stays full drops a few rows with every write."""
        found = self._db.execute("SELECT first, last, rows, first_ms, last_ms FROM gap ORDER BY first DESC LIMIT 1")
        before = found.fetchone()
        if before is not None and before[1] + 1 == gap.first:
            old = Gap(*before)
            gap = Gap(
                old.first, gap.last, old.rows + gap.rows,
                min(old.first_ms, gap.first_ms), max(old.last_ms, gap.last_ms),
            )  # fmt: skip
        self._db.execute(
            "INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?)",
            (gap.first, gap.last, gap.rows, gap.first_ms, gap.last_ms),
        )

    def read(self, after: int, limit: int) -> list[tuple[int, Observation]]:
        """Rows after a sequence number, in order."""
        rows = self._db.execute("SELECT seq, body FROM row WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
        found = []
        for seq, body in rows:
            try:
                found.append((seq, decode(body)))
            except (ValueError, TypeError):
                log.error("%s: row %d cannot be read and is left out: %.200r", self.path, seq, body)
        return found

    def delete_up_to(self, seq: int) -> None:
        """Delete delivered rows and give their pages back to the disk, also where that is full."""
        try:
            self._delete(seq)
        except sqlite3.OperationalError as error:
            if not is_full(error) or not self._reserve.release():
                raise
            self._make_room(seq)
        self._vacuum()
        self._reserve.hold()

    def _make_room(self, seq: int) -> None:
        """Delete with what the reserve gave up: the log is worked into the file first, and is written from its start.

        In steps that fit into the log, because SQLite writes every page that it gives up.
        """
        for last in [*range(self.base + DELETE_STEP, seq, DELETE_STEP), seq]:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._delete(last)
        self._vacuum()
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _delete(self, seq: int) -> None:
        with _transaction(self._db):
            rows, size = self._db.execute(
                f"SELECT count(*), coalesce(sum(length(body) + {ROW_OVERHEAD}), 0) FROM row WHERE seq <= ?", (seq,)
            ).fetchone()
            self._db.execute("DELETE FROM row WHERE seq <= ?", (seq,))
        self.rows -= rows
        self.bytes -= size
        self.base = max(self.base, min(seq, self.last))

    def _vacuum(self) -> None:
        try:
            self._db.execute("PRAGMA incremental_vacuum(256)").fetchall()
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise

    def renew(self) -> None:
        """Begin a new epoch with the rows that are there: their numbers are new to whoever counts.

        Every opening does. Nobody can tell by looking at a file whether it came back from a copy and gives numbers
        that were given before, to other rows, so no two openings share them. The price is that rows of which the hub's
        word had not come yet are sent again. Nothing is written: a full disk must not keep a gateway from delivering.
        """
        self.epoch = uuid.uuid4().hex

    def gaps(self) -> list[Gap]:
        """What was ever dropped undelivered, oldest first."""
        rows = self._db.execute("SELECT first, last, rows, first_ms, last_ms FROM gap ORDER BY first")
        return [Gap(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        if self._open_db is not None:
            self._open_db.close()


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is broken."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _bodies(observations: Sequence[Observation], now_ms: int) -> Iterator[tuple[int, int, str]]:
    """Rows to be kept; an observation that has no text form is told and left out, the others of its group are not."""
    for observation in observations:
        try:
            yield now_ms, observation.time_ms, encode(observation)
        except (ValueError, TypeError):
            log.exception("an observation that cannot be written is left out: %.500r", observation)


def encode(observation: Observation) -> str:
    """Observation as one line of JSON."""
    values = {key: (value, int(quality)) for key, (value, quality) in observation.values.items()}
    row = [observation.station, observation.time_ms, str(observation.state), values]
    if not observation.synchronised:
        row.append(False)
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def decode(body: str) -> Observation:
    """Observation from what `encode` made."""
    station, time_ms, state, values, *more = json.loads(body)
    cells: Iterable[tuple[str, tuple[float | None, int]]] = values.items()
    return Observation(
        station, time_ms, {key: (value, Quality(flag)) for key, (value, flag) in cells}, StationState(state), not more
    )
