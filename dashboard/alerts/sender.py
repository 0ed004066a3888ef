"""Delivers the outbox: one worker for each channel, so that one that is down holds up no other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.clock import Now
from dashboard.alerts.channels.base import Answer, Channel, Told
from dashboard.alerts.contacts import Outside
from dashboard.alerts.outbox import Claim, bury, claim, settle
from dashboard.alerts.routing import Directory
from dashboard.alerts.settings import AlertSettings
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import Message
from sensors.errors import BooksError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Who changes the books when messages are claimed and settled.
ACTOR = "riverchief"

#: Pause between two looks at an outbox that was empty [s].
LOOK_S = 2.0

#: Pause after books that could not be had [s].
BOOKS_S = 5.0


@dataclass(frozen=True, slots=True)
class Office:
    """What telling people needs beside the clock.

    Attributes
    ----------
    books : Books
    desk : Desk
    settings : AlertSettings
    outside : Outside
    """

    books: Books
    desk: Desk
    settings: AlertSettings
    outside: Outside = field(default_factory=Outside)


class Pace:
    """Keeps a channel below its limit: at most so many messages in any minute.

    Parameters
    ----------
    per_minute : int
    """

    def __init__(self, per_minute: int) -> None:
        self._sent: deque[float] = deque(maxlen=per_minute)
        self._free_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long until the next message may go [s]; `now_s` is of a clock that does not jump."""
        full = self._sent[0] + 60.0 - now_s if len(self._sent) == self._sent.maxlen else 0.0
        return max(full, self._free_s - now_s, 0.0)

    def sent(self, now_s: float) -> None:
        """One went out."""
        self._sent.append(now_s)

    def pause(self, now_s: float, seconds: float) -> None:
        """Nothing for so long [s]."""
        self._free_s = now_s + seconds


class Sender:
    """Sends what is due until told to stop.

    Parameters
    ----------
    office : Office
    now_ms : callable
        [ms since the epoch, UTC]

    Attributes
    ----------
    last : dict of str to Answer
        What each channel said last.
    """

    def __init__(self, office: Office, now_ms: Now) -> None:
        self._office, self._now_ms = office, now_ms
        self._wake = {name: asyncio.Event() for name in office.outside.channels}
        self.last: dict[str, Answer] = {}

    def wake(self) -> None:
        """Look at the outbox now: something may have been put in."""
        for event in self._wake.values():
            event.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; a channel's own failure stays its own."""
        channels: Mapping[str, Channel] = self._office.outside.channels
        workers = [
            asyncio.create_task(self._work(name, channel), name=f"channel {name}") for name, channel in channels.items()
        ]
        workers.append(asyncio.create_task(self._bury(), name="lost messages"))
        try:
            await stop.wait()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, name: str, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(channel.per_minute)
        while True:
            await asyncio.sleep(pace.wait_s(loop.time()))
            try:
                self._wake[name].clear()
                claimed = await asyncio.to_thread(self._claim, name)
                if claimed is None:
                    await self._pause(name, LOOK_S)
                    continue
                pace.sent(loop.time())
                answer = await self._send(channel, claimed)
                if answer.wait_s:
                    pace.pause(loop.time(), answer.wait_s)
                self.last[name] = answer
                (log.info if answer.ok else log.warning)("%s to %s: %s", name, claimed.account, answer.text)
                await asyncio.to_thread(self._settle, claimed, answer)
            except BooksError as error:
                log.error("outbox of %s: %s", name, error)
                await self._pause(name, BOOKS_S)
            except Exception:
                # What was claimed is due again when its lease is over.
                log.exception("outbox of %s", name)
                await self._pause(name, BOOKS_S)

    async def _send(self, channel: Channel, claimed: Claim) -> Answer:
        if not claimed.address:
            return Answer(False, "the recipient has no contact on this channel any more")
        return await try_once(channel, claimed.address, claimed.told, self._office.settings.outbox.timeout_s)

    async def _pause(self, name: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake[name].wait()
        except TimeoutError:
            return

    async def _bury(self) -> None:
        while True:
            try:
                lost = await asyncio.to_thread(self._change, lambda session, now_ms: bury(session, self._wake, now_ms))
                if lost:
                    log.error("%d messages are for channels that there are not: riverchief alert dead", lost)
            except BooksError as error:
                log.error("outbox: %s", error)
            await asyncio.sleep(60.0)

    def _claim(self, name: str) -> Claim | None:
        office, now_ms = self._office, self._now_ms()
        if not _due(office.books, name, now_ms):
            return None  # most looks find nothing; they need not keep other writers out
        with office.books.change(ACTOR, now_ms, "outbox") as session:
            directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
            return claim(session, office.desk, directory, name, now_ms)

    def _settle(self, claimed: Claim, answer: Answer) -> None:
        work = partial(settle, settings=self._office.settings.outbox, claimed=claimed, answer=answer)
        self._change(lambda session, now_ms: work(session, now_ms=now_ms))

    def _change(self, work: Callable[[Session, int], T]) -> T:
        now_ms = self._now_ms()
        with self._office.books.change(ACTOR, now_ms, "outbox") as session:
            return work(session, now_ms)


async def try_once(channel: Channel, address: str, told: Told, timeout_s: float) -> Answer:
    """One try, whatever the channel does: an answer in every case, after so long at the latest [s]."""
    try:
        async with asyncio.timeout(timeout_s):
            return await channel.send(address, told)
    except TimeoutError:
        return Answer(False, f"no answer in {timeout_s:g} s")
    except Exception as error:
        log.exception("channel")
        return Answer(False, f"fault of the channel: {type(error).__name__}")


def _due(books: Books, name: str, now_ms: int) -> bool:
    query = select(Message.id).where(Message.channel == name, Message.state == "waiting", Message.due_ms <= now_ms)
    with books.read() as session:
        return session.scalars(query.limit(1)).first() is not None
