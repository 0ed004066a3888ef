"""Judging that goes on where it stopped: what has changed comes from the store, and how far it got stands there too.

Readings may have been taken in by other processes, and this one may be killed at any moment: the cursor into the
store's log of changes, and what is asked for and not judged yet, are kept in the store under one mark, written after
what was judged. Whatever dies in between is judged again, to the same end.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from collectors.stores.base import ReadingStore
from deploy.hub.judge import Judge
from deploy.hub.period_judge import PeriodJudge, no_results
from sensors.errors import BooksError
from sensors.site import Site

if TYPE_CHECKING:
    from deploy.hub.books import HubBooks

log = logging.getLogger(__name__)

#: Name of the mark.
MARK = "judge"


class Judging:
    """A judge and its place in the store's log of changes; to be used from one thread at a time.

    Parameters
    ----------
    site : Site
    store : ReadingStore
    books : HubBooks, optional
        Laboratory results come from them, and suspect readings are queued there for a person.

    Attributes
    ----------
    judge : Judge
        Of the present and of the hours of the window.
    periods : PeriodJudge
        Of days, months, quarters and years.
    """

    def __init__(self, site: Site, store: ReadingStore, books: HubBooks | None = None) -> None:
        self._site, self._store, self._books = site, store, books
        self.judge = Judge(site, store)
        self.periods = PeriodJudge(site, store, books.results if books is not None else no_results)
        self._rules = rules_hash(site)
        self._cursor: str | None = None
        self._written = ""

    @property
    def stations(self) -> int:
        """How many there are to be judged."""
        return len(self._site.stations)

    @property
    def behind(self) -> bool:
        """Whether earlier hours still wait to be judged."""
        return self.judge.behind or self.periods.behind

    def tick(self, now_ms: int) -> None:
        """Judge what has changed, and remember in the store that it is done.

        Raises
        ------
        StoreError
            If the store cannot be read or written; the next tick makes up for it.
        """
        if self._cursor is None:
            self._cursor = self._take_up()
        changed, cursor = self._store.changes(self._cursor)
        self.judge.tick(now_ms, {station: oldest_ms for station, (oldest_ms, _) in changed.items()})
        self.periods.note(now_ms, changed)
        self._with_books(now_ms, changed)
        self._cursor = cursor
        left = {"left": self.judge.left(), "periods": self.periods.left()}
        text = json.dumps({"cursor": cursor, "rules": self._rules, **left}, sort_keys=True)
        if text != self._written:
            self._store.put_mark(MARK, text)
            self._written = text

    def _with_books(self, now_ms: int, changed: Mapping[str, tuple[int, int]]) -> None:
        """What needs the books, where there are any; without them, periods wait rather than be told by halves."""
        if self._books is not None:
            self._books.queue(now_ms, changed)
            if (span := self._books.news()) is not None:
                self.periods.redo(*span)
        try:
            self.periods.tick(now_ms)
        except BooksError as error:
            log.error("evaluation of periods waits: %s", error)

    def _take_up(self) -> str:
        """Go on from the mark; from the beginning where there is none, or where the rules were others."""
        text = self._store.mark(MARK)
        try:
            held: dict[str, Any] = json.loads(text) if text else {}
            if held.get("rules") == self._rules:
                self.judge.take_up(held["left"])
                self.periods.take_up(held.get("periods", {}))
            # With other rules the last hours are judged anew, but what is not in the log any more was judged then.
            return str(held.get("cursor", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("the mark of judging cannot be read, so the last hours are judged anew: %s", error)
            return ""


def rules_hash(site: Site) -> str:
    """Hash of everything of a site that a class depends on beside the readings."""
    told = [
        site.assessment.window_hours, site.assessment.min_hours, asdict(site.periods),
        sorted((station.id, station.river, station.water_body) for station in site.stations.values()),
        sorted((name, river.target_class) for name, river in site.rivers.items()),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]
