"""Sends what a site's store takes in to Kafka: everything at least once, in the order of the store's own log.

How far it is stands in the store, and is moved only when Kafka has confirmed what was sent. What is sent again after a
crash changes nothing where it arrives: a reading is known by station, determinand and time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

from analytics.qc.visits import Visit
from collectors.stores.base import ReadingStore
from deploy.city.message import MOST_READINGS, Begin, Message
from deploy.city.site_pack import pack
from deploy.quality_limits import site_limits
from deploy.watch.grid import RAINFALL, REPORTED
from deploy.watch.watch import MARK as WATCH_MARK
from deploy.watch.watch import WARM_UP_MS, Visits, no_visits, state_key
from sensors.durations import HOUR_MS
from sensors.platform import REPORTS
from sensors.reading import Block
from sensors.site import Site

log = logging.getLogger(__name__)

#: Name of the mark in the store: how far the bridge is.
MARK = "city.bridge"

#: Readings are read and sent in pieces of this length, each with all stations [ms]: so that workers can judge in order.
PIECE_MS = 4 * HOUR_MS

Send = Callable[[bytes], None]


class Place(NamedTuple):
    """How far a bridge is.

    Attributes
    ----------
    token : str
        Of the site's beginning.
    key : str
        What state of a watch goes with the site (`deploy.watch.watch.state_key`).
    cursor : str
        Of `ReadingStore.changes`.
    """

    token: str
    key: str
    cursor: str

    @classmethod
    def read(cls, store: ReadingStore) -> Place | None:
        """Where it is; None where it is nowhere, or that cannot be read."""
        text = store.mark(MARK)
        try:
            held = json.loads(text) if text else None
            return None if held is None else cls(str(held["token"]), str(held["key"]), str(held["cursor"]))
        except (ValueError, KeyError, TypeError) as error:
            log.error("the mark of the bridge cannot be read, so it begins anew: %s", error)
            return None

    def write(self, store: ReadingStore) -> None:
        """Keep it."""
        store.put_mark(MARK, json.dumps(self._asdict()))


class Feed:
    """Follows the store of one site.

    Parameters
    ----------
    site : Site
    store : ReadingStore
    send : callable
        Takes a message; need not wait until it has arrived.
    flush : callable
        Returns when everything that was sent has arrived, and raises where it has not.
    visits : callable, optional
        The maintenance log.
    """

    def __init__(
        self, site: Site, store: ReadingStore, send: Send, flush: Callable[[], None], visits: Visits = no_visits
    ) -> None:
        self._store, self._send, self._flush, self._visits = store, send, flush, visits
        self.follow(site)

    def follow(self, site: Site) -> None:
        """Work from another site from now on; workers begin anew where their state would not fit."""
        limits = site_limits(site.folder)
        self._site, self._key = site, state_key(site, limits)
        # Everything a station tells, not only what is judged: that it was heard is news as well.
        self._wanted = {
            one.id: list({
                **dict.fromkeys(REPORTED if one.profile == REPORTS else site.profiles[one.profile].determinands),
                RAINFALL: None,
            })
            for one in site.stations.values()
        }  # fmt: skip
        self._told: tuple[Visit, ...] | None = None

    def begin(self, now_ms: int) -> Place:
        """Have workers begin anew with the next tick, which sends them what they have to look back at."""
        # Kept before it is used: after a crash the same beginning is sent again, and workers know it.
        place = Place(f"{self._key}/{now_ms}", self._key, "")
        place.write(self._store)
        return place

    def tick(self, now_ms: int) -> int:
        """Send what is new, and that it is now.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.

        Returns
        -------
        int
            Readings that were sent.

        Raises
        ------
        StoreError
            If the store cannot be read or written.
        LinkError
            If Kafka did not take everything; the next tick sends it again.
        """
        place = Place.read(self._store)
        if place is None or place.key != self._key:
            place = self.begin(now_ms)
        if not place.cursor:
            packed = pack(self._site.folder)
            self._send(Message(begin=Begin(place.token, packed, self._store.mark(WATCH_MARK))).encode())
        changed, cursor = self._store.changes(place.cursor)
        since_ms = now_ms - WARM_UP_MS - PIECE_MS
        sent = 0
        for block in self._blocks({name: (max(a, since_ms), b) for name, (a, b) in changed.items() if b >= since_ms}):
            self._send(Message(block).encode())
            sent += len(block)
        visits = tuple(sorted(self._visits(since_ms, now_ms), key=lambda one: (one.start_ms, one.station)))
        self._send(Message(now_ms=now_ms, visits=None if visits == self._told else visits).encode())
        self._flush()
        self._told = visits
        if cursor != place.cursor:
            place._replace(cursor=cursor).write(self._store)
        return sent

    def _blocks(self, spans: dict[str, tuple[int, int]]) -> Iterator[Block]:
        """Readings of spans, in pieces of time and of what a message holds."""
        spans = {station: span for station, span in spans.items() if station in self._wanted}
        if not spans:
            return
        block = Block()
        first_ms = min(oldest for oldest, _ in spans.values()) // PIECE_MS * PIECE_MS
        for start_ms in range(first_ms, max(newest for _, newest in spans.values()) + 1, PIECE_MS):
            for station, (oldest_ms, newest_ms) in spans.items():
                begin_ms, end_ms = max(oldest_ms, start_ms), min(newest_ms + 1, start_ms + PIECE_MS)
                if begin_ms >= end_ms:
                    continue
                found = self._store.range(station, self._wanted[station], begin_ms, end_ms)
                for first in range(0, len(found), MOST_READINGS):
                    block = _joined(block, found, first)
                    if len(block) >= MOST_READINGS:
                        yield block
                        block = Block()
        if len(block):
            yield block


def _joined(block: Block, other: Block, first: int) -> Block:
    """A block with a piece of another one at its end."""
    rows = slice(first, first + MOST_READINGS)
    return Block(
        block.station + other.station[rows], block.determinand + other.determinand[rows],
        block.time_ms + other.time_ms[rows], block.value + other.value[rows],
        block.quality + other.quality[rows], block.state + other.state[rows],
    )  # fmt: skip
