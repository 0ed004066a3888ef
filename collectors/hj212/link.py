"""Keeps one station's data flowing to the bureau's platform, whatever the connection does.

A record is done with when the platform has answered every packet of it (9014 or 9013 with the packet's QN) and the
journal knows. One packet is under way at a time: the standard's answers say which packet they belong to and nothing
about those before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collectors.clock import Now
from collectors.hj212.codes import Command
from collectors.hj212.connection import Connection, Refused, Timing, Unanswered
from collectors.hj212.feed import Feed
from collectors.hj212.parts import split
from collectors.hj212.requests import Registration, Requests, Run, Wishes
from collectors.hj212.segment import Frame, Hj212Error
from collectors.hj212.source import Record
from sensors.errors import LinkError, StoreError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class LinkState:
    """How a station's link is doing.

    Attributes
    ----------
    station : str
    connected : bool
    connections : int
        Made so far.
    acked : int
        Records that the platform has acknowledged.
    acked_ms : int or None
        When it last did [ms since the epoch, UTC].
    resent : int
        Frames that were sent again.
    owed : int
        Records that the platform does not take while it takes others.
    idle : bool
        Whether all that the store had when it was last looked at is acknowledged.
    refused : Counter of str
        What came from the platform and was not understood, by reason.
    stopped : bool
        Whether real-time data wait because the platform said so (2012); they are sent when it asks for them again.
    error : str
        What is wrong; empty where all is well.
    """

    station: str
    connected: bool = False
    connections: int = 0
    acked: int = 0
    acked_ms: int | None = None
    resent: int = 0
    owed: int = 0
    idle: bool = False
    refused: Counter[str] = field(default_factory=Counter)
    stopped: bool = False
    error: str = ""


class StationLink:
    """One station's link; `run` until it is cancelled.

    Parameters
    ----------
    host, port : str, int
        Of the platform.
    registration : Registration
    feeds : sequence of Feed
    requests : Requests
    wishes : Wishes
    next_qn : callable
        Gives a QN that was not used before.
    timing : Timing
    now_ms : callable
        [ms since the epoch, UTC]
    run : callable
        Runs what waits for a disk in a thread.
    """

    def __init__(
        self,
        host: str,
        port: int,
        registration: Registration,
        feeds: Sequence[Feed],
        requests: Requests,
        wishes: Wishes,
        *,
        next_qn: Callable[[], str],
        timing: Timing,
        now_ms: Now,
        run: Run,
    ) -> None:
        self._host, self._port, self._me = host, port, registration
        self._feeds, self._requests, self._wishes = deque(feeds), requests, wishes
        self._next_qn, self._timing, self._now_ms, self._run = next_qn, timing, now_ms, run
        self._state = LinkState(registration.station)
        self._wake = asyncio.Event()
        self._pause_s = timing.first_pause_s
        self._looked_s: float | None = None
        self._connection: Connection | None = None

    @property
    def state(self) -> LinkState:
        """How the link is doing now."""
        self._state.owed = sum(feed.owed for feed in self._feeds)
        self._state.stopped = self._wishes.stopped
        return self._state

    def changed(self, start_ms: int, end_ms: int) -> None:
        """The store has news of this station between these instants, end exclusive [ms since the epoch, UTC]."""
        for feed in self._feeds:
            feed.look_again(start_ms, end_ms)
        self._look()

    def _look(self) -> None:
        self._state.idle, self._looked_s = False, None
        self._wake.set()

    async def run(self) -> None:
        """Connect, work until it breaks, pause, again."""
        while True:
            try:
                await self._live()
            except (OSError, TimeoutError, LinkError) as error:
                self._fail(str(error) or "no connection in time")
            except Exception as error:
                # One station's trouble stays its own, and passes or comes again.
                log.exception("%s", self._me.station)
                self._state.error = repr(error)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, self._timing.last_pause_s)

    def _fail(self, error: str) -> None:
        if error != self._state.error:
            log.warning("%s: platform %s:%d: %s", self._me.station, self._host, self._port, error)
        self._state.error = error

    async def _live(self) -> None:
        """One connection, from beginning to end."""
        async with asyncio.timeout(self._timing.connect_s):
            reader, writer = await asyncio.open_connection(self._host, self._port)
        # A platform that is gone without a word shows when there is nothing to send, too.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection = Connection(reader, writer, self._timing, self._on_request, self._state.refused)
        self._connection = connection
        self._state.connected, self._state.error = True, ""
        self._state.connections += 1
        tasks = [
            asyncio.create_task(work, name=f"hj212 {self._me.station}")
            for work in (connection.receive(), self._send(connection))
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # First: whoever ends this link may not wait for the rest.
            connection.abort()
            self._state.connected, self._connection = False, None
            self._state.resent += connection.resent
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await connection.closed()

    async def _send(self, connection: Connection) -> None:
        while True:
            self._wake.clear()
            try:
                await self._look_at_store()
                feed = self._choose()
                if feed is None:
                    self._state.idle = not self._wake.is_set()
                    await self._rest(self._timing.check_s)
                    continue
                await self._deliver(connection, feed)
            except StoreError as error:
                self._fail(str(error))
                await asyncio.sleep(self._timing.check_s)

    async def _look_at_store(self) -> None:
        """Look for records where none are waiting, at most once in `check_s` while others are."""
        now_s = asyncio.get_running_loop().time()
        due = self._looked_s is None or now_s >= self._looked_s + self._timing.check_s
        if due or all(feed.head is None for feed in self._feeds):
            self._looked_s = now_s
            await self._run(self._refill)

    def _refill(self) -> None:
        now_ms = self._now_ms()
        for feed in list(self._feeds):
            feed.refill(now_ms)

    def _choose(self) -> Feed | None:
        """Kinds of data take turns, so that a backlog of one holds up none of the others."""
        for _ in range(len(self._feeds)):
            feed = self._feeds[0]
            self._feeds.rotate(-1)
            if feed.head is not None and not (feed.cn == Command.REALTIME and self._wishes.stopped):
                return feed
        return None

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _deliver(self, connection: Connection, feed: Feed) -> None:
        record = feed.head
        assert record is not None
        try:
            for packet in self._packets(record):
                await connection.ask(packet)
        except Unanswered:
            feed.failed(record)
            raise
        except (Refused, Hj212Error) as error:
            feed.failed(record)
            self._fail(str(error))
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, self._timing.last_pause_s)
        else:
            await self._acked(feed, record)

    def _packets(self, record: Record) -> tuple[Frame, ...]:
        return split(self._me.frame(record.cn, record.cp, self._next_qn(), answer=True), self._next_qn)

    async def _acked(self, feed: Feed, record: Record) -> None:
        self._state.acked += 1
        self._state.acked_ms = now_ms = self._now_ms()
        self._state.error, self._pause_s = "", self._timing.first_pause_s

        def keep() -> None:
            feed.acked(record, now_ms)
            for other in list(self._feeds):
                other.platform_answers(now_ms)

        await self._run(keep)

    async def _on_request(self, found: Frame | Hj212Error) -> None:
        connection = self._connection
        if connection is None:
            return
        if isinstance(found, Hj212Error):
            await self._requests.refuse_broken(found, connection.send)
            return
        await self._requests.answer(found, connection.send)
        self._look()
