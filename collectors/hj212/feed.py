"""What one kind of data of one station still owes the platform, in order of time.

A feed looks at the store, not at messages: whatever is there and not acknowledged with the same content is sent. So
data that came late, or were revised, are sent (again), and no death of any process can make it forget one.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from collectors.hj212.codes import Command
from collectors.hj212.journal import Journal
from collectors.hj212.source import Record, Source
from sensors.durations import DAY_MS, HOUR_MS
from sensors.errors import StoreError

log = logging.getLogger(__name__)

#: Length of time that is read from the store at once [ms].
CHUNK_MS = DAY_MS

#: A record that failed this often gives way to the next one. What is wrong, the platform or the record, shows when
#: another record is taken.
PATIENCE = 3

#: Pause between attempts at records that the platform would not take [ms].
OWED_MS = 600_000

#: Changes that are remembered apart; more of them are taken for one.
MAX_SPANS = 64

#: Digests that are no longer looked at are deleted after this many acknowledgements.
PRUNE_EVERY = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a feed looks.

    Attributes
    ----------
    settle_ms : int
        A period is sent this long after its end: what is on the way should be in it [ms].
    look_back_ms : int
        Data that came late or were revised are found by themselves if they are no older than this; older ones by
        `Feed.look_again` [ms].
    reconcile_ms : int
        How often everything in that reach is compared with what was acknowledged [ms].
    """

    settle_ms: int = 120_000
    look_back_ms: int = 3 * DAY_MS
    reconcile_ms: int = 12 * HOUR_MS


class Feed:
    """One kind of data of one station. Not for several threads at once, except `look_again`.

    Parameters
    ----------
    station : str
    cn : int
        2011, 2051, 2061 or 2031.
    source : Source
    journal : Journal
    since_ms : int
        Where to begin, if nothing was ever sent [ms since the epoch, UTC].
    reach : Reach
    slot_ms : callable
        Real-time data: the first of each slot of this length is sent [ms]; 0 for all.
    """

    def __init__(
        self,
        station: str,
        cn: int,
        source: Source,
        journal: Journal,
        since_ms: int,
        reach: Reach,
        slot_ms: Callable[[], int],
    ) -> None:
        self.station, self.cn = station, cn
        self._source, self._journal, self._reach, self._slot_ms = source, journal, reach, slot_ms
        cursor = journal.begin(station, cn, source.local.start(cn, since_ms))
        self._first_ms, self._next_ms = cursor.first_ms, cursor.next_ms
        #: Everything in the store before this was looked at, unless it is in `_again`.
        self._position_ms = cursor.next_ms
        self._queue: deque[Record] = deque()
        self._failures: dict[int, int] = {}
        self._again: deque[tuple[int, int]] = deque()
        self._lock = threading.Lock()
        self._owed = deque(journal.owed(station, cn))
        self._trying: int | None = None
        self._try_ms = 0
        self._reconciled_ms: int | None = None
        self._acks = 0

    @property
    def head(self) -> Record | None:
        """What is to be sent next, as far as was looked."""
        return self._queue[0] if self._queue else None

    @property
    def owed(self) -> int:
        """Records that the platform would not take while it took others."""
        return len(self._owed)

    def look_again(self, start_ms: int, end_ms: int) -> None:
        """Something changed in the store between these instants, end exclusive [ms since the epoch, UTC]."""
        with self._lock:
            self._again.append((start_ms, end_ms))
            if len(self._again) > MAX_SPANS:
                # The platform is away. What lies ahead is looked at anyway.
                self._again = deque(span for span in self._again if span[0] < self._position_ms)
            if len(self._again) > MAX_SPANS:
                starts, ends = zip(*self._again, strict=True)
                self._again = deque([(min(starts), max(ends))])

    def refill(self, now_ms: int) -> None:
        """Look for records to send until there are some, or nothing is left to look at.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.

        Raises
        ------
        StoreError
            If the store or the journal cannot be read; nothing is skipped by that.
        """
        if self._queue:
            return
        settle_ms = 0 if self.cn == Command.REALTIME else self._reach.settle_ms
        end_ms = self._source.complete(self.cn, now_ms - settle_ms)
        self._reconcile(now_ms)
        self._retry_owed(now_ms)
        self._look_behind()
        if not self._queue:
            self._look_ahead(end_ms)

    def _reconcile(self, now_ms: int) -> None:
        done_ms = self._reconciled_ms
        if done_ms is not None and done_ms <= now_ms < done_ms + self._reach.reconcile_ms:
            return
        self._reconciled_ms = now_ms
        back_ms = min(self._next_ms, self._position_ms, now_ms - self._reach.look_back_ms)
        self._position_ms = self._source.local.start(self.cn, max(self._first_ms, back_ms))

    def _retry_owed(self, now_ms: int) -> None:
        if self._owed and now_ms >= self._try_ms and self._trying is None:
            self._try_ms = now_ms + OWED_MS
            self._trying = self._owed.popleft()

    def _look_behind(self) -> None:
        if self._trying is not None:
            self._load(self._trying, self._trying + 1)
            if not self._queue:
                # Acknowledged meanwhile, or no longer in the store.
                self._journal.forgive(self.station, self.cn, self._trying)
                self._trying = None
        while not self._queue and (span := self._next_span()):
            start_ms = max(self._first_ms, self._source.local.start(self.cn, span[0]))
            try:
                # What lies ahead is looked at anyway.
                self._load(start_ms, min(span[1], self._position_ms))
            except StoreError:
                self.look_again(*span)
                raise

    def _next_span(self) -> tuple[int, int] | None:
        with self._lock:
            return self._again.popleft() if self._again else None

    def _look_ahead(self, end_ms: int) -> None:
        start_ms = self._position_ms
        while start_ms < end_ms and not self._queue:
            until_ms = min(start_ms + CHUNK_MS, end_ms)
            newest_ms = self._load(start_ms, until_ms)
            if newest_ms is not None:
                # And no further: what is on its way to the store belongs behind it.
                self._position_ms = newest_ms + 1
            start_ms = until_ms
        if not self._queue:
            # A long silence is not looked at again and again from its beginning.
            self._position_ms = max(self._position_ms, end_ms - self._reach.look_back_ms)

    def _load(self, start_ms: int, end_ms: int) -> int | None:
        """Queue what is not acknowledged; time of the newest record there is [ms since the epoch, UTC]."""
        if start_ms >= end_ms:
            return None
        records = self._source.records(self.station, self.cn, start_ms, end_ms, self._slot_ms())
        known = self._journal.digests(self.station, self.cn, start_ms, end_ms)
        owed = set(self._owed)
        self._queue.extend(
            record for record in records if known.get(record.time_ms) != record.digest and record.time_ms not in owed
        )
        return records[-1].time_ms if records else None

    def acked(self, record: Record, now_ms: int) -> None:
        """The platform has the record.

        Raises
        ------
        StoreError
            If the journal cannot be written; the record will be sent again at some time.
        """
        self._queue.remove(record)
        self._failures.pop(record.time_ms, None)
        if record.time_ms == self._trying:
            # It takes them again: no pause before the next one.
            self._trying, self._try_ms = None, now_ms
        # In order of time, unless records that fail gave way to others.
        waiting = self._queue if self._failures else islice(self._queue, 1)
        next_ms = max(self._next_ms, min((other.time_ms for other in waiting), default=record.time_ms + 1))
        self._journal.acked(self.station, self.cn, record.time_ms, record.digest, next_ms)
        self._next_ms = next_ms
        self._acks += 1
        if self._acks % PRUNE_EVERY == 0:
            self._journal.prune(self.station, self.cn, min(next_ms, now_ms - self._reach.look_back_ms))

    def failed(self, record: Record) -> None:
        """The platform did not take the record."""
        if record.time_ms == self._trying:
            # Known for it: the next one has its turn after the next pause.
            self._queue.remove(record)
            self._owed.append(record.time_ms)
            self._trying = None
            return
        failures = self._failures[record.time_ms] = self._failures.get(record.time_ms, 0) + 1
        if failures >= PATIENCE:
            self._queue.rotate(-1)

    def platform_answers(self, now_ms: int) -> None:
        """The platform took another record: those that it would not take several times have to wait.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.

        Raises
        ------
        StoreError
            If the journal cannot be written.
        """
        times = [time_ms for time_ms, failures in self._failures.items() if failures >= PATIENCE]
        if not times:
            return
        given_up = self._journal.owe(self.station, self.cn, times)
        log.error("%s: the platform does not take %d records of %d", self.station, len(times), self.cn)
        # At the end: each has its turn.
        self._owed.extend(times)
        self._try_ms = max(self._try_ms, now_ms + OWED_MS)
        if given_up:
            log.error("%s: %d older ones are given up", self.station, given_up)
            kept = set(self._journal.owed(self.station, self.cn))
            self._owed = deque(time_ms for time_ms in self._owed if time_ms in kept)
        self._queue = deque(record for record in self._queue if record.time_ms not in times)
        self._failures = {time_ms: count for time_ms, count in self._failures.items() if time_ms not in times}
