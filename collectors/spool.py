"""Store and forward: what the gateway has taken is on disk before anything else happens to it.

Observations are committed in groups, a quarter of a second or two hundred rows at a time: one by one a disk takes 590 a
second, in groups of a thousand 144,000. The file is worked on by a thread of its own, so that a slow SD card never
stands between a probe and its next poll.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from collectors.clock import Now, machine_ms
from collectors.spool_file import Gap, Limits, SpoolFile, is_damage
from sensors.errors import StoreError
from sensors.reading import Observation

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A year of a full station at one-minute polls takes about 130 MB.
MAX_BYTES = 512 * 1024 * 1024

MAX_AGE_MS = 90 * 24 * 3_600_000

#: Longest that an observation waits for others before the group is committed [s].
FLUSH_S = 0.25

#: Most rows that wait.
FLUSH_ROWS = 200

#: Observations kept in memory while the disk takes nothing; past that the oldest of them are dropped.
MAX_WAITING = 20_000

#: Longest pause between two attempts to write to a disk that takes nothing [s].
RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class SpoolState:
    """How a spool is doing.

    Attributes
    ----------
    epoch : str
        Which opening of the file: sequence numbers of two epochs have nothing to do with each other.
    base : int
        Everything up to this number is gone: delivered or dropped.
    last : int
        Highest number given so far.
    rows, bytes : int
        On disk, not yet delivered.
    waiting : int
        In memory, not yet on disk.
    dropped : int
        Observations that were lost here: over a limit, or waiting in memory while the disk took nothing.
    error : str
        Why the disk takes nothing; empty where all is well.
    damaged : str
        Name under which a damaged file was put aside; empty where none was.
    """

    epoch: str
    base: int
    last: int
    rows: int
    bytes: int
    waiting: int
    dropped: int
    error: str
    damaged: str


class Spool:
    """A gateway's spool; an async context manager, to be used from one event loop.

    Parameters
    ----------
    path : Path
        File of this gateway alone.
    max_bytes : int
        Over this the oldest rows are dropped, counted and remembered as a `Gap`.
    max_age_ms : int
        Rows that have waited longer than this are dropped likewise [ms].
    flush_s, flush_rows : float, int
        A group is committed after this time [s] or this many rows, whichever comes first.
    now_ms : callable
        Clock for the age limit [ms since the epoch, UTC].

    Attributes
    ----------
    listeners : list of callable
        Called in the event loop after each group that reached the disk.

    Raises
    ------
    StoreError
        On entering, where the file is in use, cannot be made, or was written by a newer program.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = MAX_BYTES,
        max_age_ms: int = MAX_AGE_MS,
        flush_s: float = FLUSH_S,
        flush_rows: int = FLUSH_ROWS,
        now_ms: Now = machine_ms,
    ) -> None:
        self.path = path
        self.limits = Limits(max_bytes, max_age_ms)
        self.listeners: list[Callable[[], None]] = []
        self._flush_s, self._flush_rows = flush_s, flush_rows
        self._now_ms = now_ms
        self._waiting: list[Observation] = []
        self._lost = 0
        self._error = ""
        self._retry_s = flush_s
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")

    async def __aenter__(self) -> Self:
        try:
            self._file = await self._run(lambda: SpoolFile(self.path, self._now_ms()))
            self._dropped = sum(gap.rows for gap in await self.gaps())
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        if self._file.damaged:
            log.error("%s was damaged; it is kept as %s and a new one begun", self.path, self._file.damaged)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.flush()
            if self._waiting:
                log.error("%s: %d observations could not be saved: %s", self.path, len(self._waiting), self._error)
        finally:
            if self._timer:
                self._timer.cancel()
            await self._run(self._file.close)
            self._thread.shutdown(wait=False)

    @property
    def epoch(self) -> str:
        """Which opening of the file this is."""
        return self._file.epoch

    @property
    def state(self) -> SpoolState:
        """How the spool is doing now."""
        file = self._file
        return SpoolState(
            file.epoch, file.base, file.last, file.rows, file.bytes, len(self._waiting), self._dropped + self._lost,
            self._error, file.damaged.name if file.damaged else "",
        )  # fmt: skip

    async def append(self, observation: Observation) -> None:
        """Take an observation; it is on disk within the flush time.

        Returns at once, except where the disk is much slower than the probes: then it waits for the disk.
        """
        self._waiting.append(observation)
        if len(self._waiting) > MAX_WAITING:
            self._lost += len(self._waiting) - MAX_WAITING
            del self._waiting[:-MAX_WAITING]
        if self._error:
            return  # the retry timer is running
        if len(self._waiting) >= self._flush_rows:
            flushing = self._begin()
            if len(self._waiting) >= MAX_WAITING // 2:
                await asyncio.shield(flushing)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._flush_s, self._begin)

    async def flush(self) -> None:
        """Bring everything taken so far to the disk, or learn in `state` why it cannot be."""
        while self._flushing and not self._flushing.done():
            await asyncio.shield(self._flushing)
        if self._waiting:
            await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Task[None]:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name=f"flush {self.path.name}")
        return self._flushing

    async def _flush(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self._run(partial(self._commit, group))
            except Exception as error:
                # Whatever it was, the group is not on disk: it waits for the next attempt.
                self._waiting[:0] = group
                self._fail(error)
                return
            if self._error:
                log.warning("%s: writing again", self.path)
            self._error, self._retry_s = "", self._flush_s
            for listener in self.listeners:
                listener()
            if len(self._waiting) < self._flush_rows:
                break
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._flush_s, self._begin)

    def _commit(self, group: list[Observation]) -> None:
        before = self._file.rows + len(group)
        try:
            self._file.append(group, self.limits, self._now_ms())
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            log.error("%s is damaged (%s); it is put aside and a new one begun", self.path, error)
            before = len(group)
            self._file.put_aside(self._now_ms())
            self._file.append(group, self.limits, self._now_ms())
        self._dropped += before - self._file.rows

    def _fail(self, error: Exception) -> None:
        if not self._error:
            log.error("%s takes nothing: %s; keeping observations in memory", self.path, error)
        self._error = str(error)
        self._retry_s = min(self._retry_s * 2, RETRY_S)
        self._timer = asyncio.get_running_loop().call_later(self._retry_s, self._begin)

    async def read(self, after: int, limit: int) -> list[tuple[int, Observation]]:
        """Rows with a sequence number above `after`, in order, at most `limit` of them."""
        return await self._told(lambda: self._file.read(after, limit))

    async def delete_up_to(self, epoch: str, seq: int) -> bool:
        """Delete what the hub has stored; False where the epoch is not this file's, and nothing is deleted."""
        if epoch != self._file.epoch:
            return False
        await self._told(lambda: self._file.delete_up_to(seq))
        return True

    async def renew(self) -> None:
        """Begin a new epoch with the rows that are there: nobody knows any of their numbers then."""
        await self._told(self._file.renew)

    async def gaps(self) -> list[Gap]:
        """What was ever dropped undelivered, oldest first."""
        return await self._told(self._file.gaps)

    async def _told(self, work: Callable[[], T]) -> T:
        try:
            return await self._run(work)
        except sqlite3.Error as error:
            raise StoreError(f"spool {self.path}: {error}", retryable=True) from error

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
