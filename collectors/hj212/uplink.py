"""The bureau's platform gets what the store has, over HJ 212-2017, with the same guarantee as the store itself.

Runs on top of readings, the hub's store or a gateway's book: every station has a connection, four kinds of data and a
cursor of its own. ``docs/hj212.md`` is the page for people.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from collectors.clock import Now
from collectors.hj212.codes import Command
from collectors.hj212.connection import Timing
from collectors.hj212.feed import Feed, Reach
from collectors.hj212.journal import Journal
from collectors.hj212.link import LinkState, StationLink
from collectors.hj212.requests import Registration, Requests, Wishes
from collectors.hj212.source import Readings, Source
from sensors.reading import Block

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Kinds of data, in the order in which they take turns.
KINDS: tuple[int, ...] = (Command.REALTIME, Command.MINUTE, Command.HOUR, Command.DAY)

#: Threads that wait for the disk.
THREADS = 2


class Hj212Uplink:
    """Delivers a store's readings to the bureau's platform; an async context manager that works while it lasts.

    Parameters
    ----------
    host, port : str, int
        Of the platform.
    stations : iterable of Registration
        Which stations are reported, and under which number.
    store : Readings
        Read only. It stays open until this is left.
    journal : Path
        File of the cursor, for this uplink alone.
    timezone : str
        Key of the site's zone: HJ 212 carries local times.
    now_ms : callable
        [ms since the epoch, UTC]
    since_ms : int or None
        Where a station begins that was never reported before [ms since the epoch, UTC]; None: now, with the periods
        that are running.
    kinds : iterable of int
        Which of `KINDS` are sent on their own.
    minute_s : int
        Length of the period of minute data [s].
    realtime_s : int
        Interval of real-time data that is told to a platform that asks, as long as it has set none [s]; every reading
        is sent then.
    timing : Timing
    reach : Reach

    Raises
    ------
    ValueError
        If a station or a number is there twice, or the standard knows no such period of minute data.
    StoreError
        On entering, where the journal is in use, damaged or cannot be made.

    Notes
    -----
    Tell it of new readings by `changed`: without that it looks every ``timing.check_s`` seconds, and finds what came
    late or was revised only when it compares everything (``reach``).
    """

    def __init__(
        self,
        host: str,
        port: int,
        stations: Iterable[Registration],
        store: Readings,
        journal: Path,
        *,
        timezone: str,
        now_ms: Now,
        since_ms: int | None = None,
        kinds: Iterable[int] = KINDS,
        minute_s: int = 600,
        realtime_s: int = 60,
        timing: Timing | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._host, self._port, self._path, self._now_ms = host, port, journal, now_ms
        registrations = tuple(stations)
        self._stations = {registration.station: registration for registration in registrations}
        if min(len(self._stations), len({one.mn for one in registrations})) < len(registrations):
            raise ValueError("a station or an MN is there twice; accepted: one MN of its own for each station")
        self._source = Source(store, timezone, minute_s * 1000)
        self._since_ms, self._kinds = since_ms, tuple(kinds)
        self._minute_s, self._realtime_s = minute_s, realtime_s
        self._timing, self._reach = timing or Timing(), reach or Reach()
        self._links: dict[str, StationLink] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._qn_ms = 0

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="hj212")
        since_ms = self._now_ms() if self._since_ms is None else self._since_ms
        with contextlib.ExitStack() as stack:
            stack.callback(self._threads.shutdown, wait=False)
            self._journal = await self._run(partial(Journal, self._path))
            stack.callback(self._journal.close)
            for registration in self._stations.values():
                self._links[registration.station] = self._link(registration, since_ms)
            stack.pop_all()
        self._tasks = [
            asyncio.create_task(link.run(), name=f"hj212 {station}") for station, link in self._links.items()
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._run(self._journal.close)
        self._threads.shutdown(wait=False)

    def _link(self, registration: Registration, since_ms: int) -> StationLink:
        station, journal = registration.station, self._journal
        wishes = Wishes(
            partial(journal.set, station),
            journal.setting(station, "interval_s", 0),
            bool(journal.setting(station, "stopped", 0)),
        )
        requests = Requests(
            registration, self._source, wishes,
            next_qn=self._next_qn, now_ms=self._now_ms, run=self._run,
            minute_s=self._minute_s, realtime_s=self._realtime_s,
        )  # fmt: skip
        feeds = [
            Feed(station, cn, self._source, journal, since_ms, self._reach, lambda: wishes.interval_s * 1000)
            for cn in self._kinds
        ]
        return StationLink(
            self._host, self._port, registration, feeds, requests, wishes,
            next_qn=self._next_qn, timing=self._timing, now_ms=self._now_ms, run=self._run,
        )  # fmt: skip

    @property
    def states(self) -> list[LinkState]:
        """How each station's link is doing."""
        return [link.state for link in self._links.values()]

    def changed(self, block: Block) -> None:
        """Readings came into the store; to be called in the event loop, after they are stored."""
        spans: defaultdict[str, list[int]] = defaultdict(list)
        for station, time_ms in zip(block.station, block.time_ms, strict=True):
            spans[station].append(time_ms)
        for station, times in spans.items():
            if station in self._links:
                self._links[station].changed(min(times), max(times) + 1)

    def _next_qn(self) -> str:
        """The clock's time, or the millisecond after the last one: no two are the same."""
        self._qn_ms = max(self._qn_ms + 1, self._now_ms())
        return self._source.local.qn(self._qn_ms)

    async def _run(self, work: Callable[[], T]) -> T:
        """Run in a thread, to the end even where the caller is cancelled: nothing else may touch a feed meanwhile."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await asyncio.wait([future])
                future.exception()
            raise
