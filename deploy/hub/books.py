"""What judging takes from the books and gives to them: laboratory results, visits, runs of suspect readings.

The books are not the hub's life: while they cannot be reached it judges without them and says so in its log, and what
was missed is taken up when they are there again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from analytics.laboratory import LaboratoryResult
from analytics.qc.visits import Visit
from collectors.stores.base import ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.laboratory import changed_since, results_between
from dashboard.casework.reviews import queue
from dashboard.casework.visits import visits_between
from sensors.errors import BooksError

log = logging.getLogger(__name__)

#: Name of the mark: the entry of the audit trail up to which laboratory results were looked at.
MARK = "hub.laboratory"

#: Who queues suspect readings.
ACTOR = "hub"

#: Pause between two looks for suspect readings [ms].
QUEUE_MS = 60_000

_Span = tuple[int, int]


class HubBooks:
    """The books as the judging process uses them.

    Parameters
    ----------
    books : Books
    store : ReadingStore
        Keeps how far the laboratory's results were looked at.
    """

    def __init__(self, books: Books, store: ReadingStore) -> None:
        self._books, self._store = books, store
        self._visits: list[Visit] = []
        self._changed: dict[str, _Span] = {}
        self._next_ms = 0
        self._failing = False

    def results(self, start_ms: int, end_ms: int) -> Sequence[LaboratoryResult]:
        """Laboratory results of a span, start inclusive, end exclusive [ms since the epoch, UTC].

        Raises
        ------
        BooksError
            If the books cannot be reached: an evaluation without them would be told as one with them.
        """
        with self._books.read() as session:
            return results_between(session, start_ms, end_ms)

    def visits(self, start_ms: int, end_ms: int) -> Iterable[Visit]:
        """Visits that touch a span; those known last where the books cannot be reached."""
        try:
            with self._books.read() as session:
                self._visits = visits_between(session, start_ms, end_ms)
        except BooksError as error:
            self._say(error)
        return self._visits

    def news(self) -> _Span | None:
        """When samples were taken whose results are new or others: their months are to be evaluated again."""
        try:
            held = self._store.mark(MARK)
            with self._books.read() as session:
                span, seq = changed_since(session, int(held or 0))
        except BooksError as error:
            self._say(error)
            return None
        if str(seq) != held:
            self._store.put_mark(MARK, str(seq))
        self._failing = False
        return span

    def queue(self, now_ms: int, changed: Mapping[str, _Span]) -> None:
        """Put runs of suspect readings before a person, of the stations that have changed.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.
        changed : mapping of str to (int, int)
            See `ReadingStore.changes`; kept until it was looked at.
        """
        for station, (oldest_ms, newest_ms) in changed.items():
            held = self._changed.get(station, (oldest_ms, newest_ms))
            self._changed[station] = (min(held[0], oldest_ms), max(held[1], newest_ms))
        if now_ms < self._next_ms <= now_ms + QUEUE_MS or not self._changed:
            return
        self._next_ms = now_ms + QUEUE_MS
        try:
            with self._books.change(ACTOR, now_ms) as session:
                queue(session, self._store, self._changed)
            self._changed = {}
        except BooksError as error:
            self._say(error)

    def _say(self, error: BooksError) -> None:
        if not self._failing:
            log.error("%s; judging goes on without them", error)
        self._failing = True
