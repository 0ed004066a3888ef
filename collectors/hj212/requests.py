"""What a device answers to its platform: the requests of HJ 212-2017 that concern data, and a clear no to all others.

A request gets an answer at once (9011), then data where it asked for some, then the result (9012); a notice gets a
notice answer (9013). Nothing that would touch an instrument is done from here.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from collectors.clock import Now
from collectors.hj212.codes import ANSWER, SURFACE_WATER, Command, RequestAnswer, Result
from collectors.hj212.frame import BEFORE, BEHIND
from collectors.hj212.parts import split
from collectors.hj212.segment import VERSION_2017, Flag, Frame, Group, Hj212Error, parse_segment
from collectors.hj212.source import Record, Source
from sensors.durations import DAY_MS
from sensors.errors import StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")
Send = Callable[[Frame], Awaitable[None]]

#: Real-time intervals that the standard allows [s].
SHORTEST_S, LONGEST_S = 30, 3600

#: History is not looked for before 2000-01-01T00:00Z [ms since the epoch, UTC].
OLDEST_MS = 946_684_800_000

_HISTORY = frozenset({Command.MINUTE, Command.HOUR, Command.DAY})
_NOTICES = frozenset({Command.STOP_REALTIME})
_KNOWN = frozenset(Command)
_REQUESTS = _HISTORY | {
    Command.GET_TIME, Command.GET_REALTIME_INTERVAL, Command.SET_REALTIME_INTERVAL, Command.GET_MINUTE_INTERVAL,
    Command.REALTIME,
}  # fmt: skip


class Run(Protocol):
    """Runs what waits for a disk in a thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Give what `work` gives."""
        ...


@dataclass(frozen=True, slots=True)
class Registration:
    """A station as the bureau's platform knows it.

    Attributes
    ----------
    station : str
        Our id.
    mn : str
        The platform's number of the device, 24 hexadecimal digits by the standard.
    password : str
        Six characters by the standard; travels in the clear.
    st : int
        System code; 21 is surface water.
    version : int
        Of the standard, in the flag.
    """

    station: str
    mn: str
    password: str = "123456"
    st: int = SURFACE_WATER
    version: int = VERSION_2017

    def frame(self, cn: int, cp: tuple[Group, ...], qn: str, *, answer: bool) -> Frame:
        """Frame of this device."""
        st = ANSWER if cn >= Command.REQUEST_ANSWER else self.st
        return Frame(cn, cp, qn, st, self.password, self.mn, Flag(self.version, answer=answer))


class Wishes:
    """What the platform has set for one station, kept in the journal.

    Attributes
    ----------
    interval_s : int
        Seconds between real-time data; 0 sends all there are.
    stopped : bool
        Whether real-time data wait until the platform asks for them again. They wait: none are dropped.
    """

    def __init__(self, keep: Callable[[str, int], None], interval_s: int, stopped: bool) -> None:
        self._keep = keep
        self.interval_s, self.stopped = interval_s, stopped

    def set_interval(self, seconds: int) -> None:
        """Keep another interval of real-time data [s]."""
        self._keep("interval_s", seconds)
        self.interval_s = seconds

    def set_stopped(self, stopped: bool) -> None:
        """Keep whether real-time data wait."""
        self._keep("stopped", int(stopped))
        self.stopped = stopped


class Requests:
    """Answers the requests to one station.

    Parameters
    ----------
    registration : Registration
    source : Source
    wishes : Wishes
    next_qn : callable
        Gives a QN that was not used before.
    now_ms : callable
        [ms since the epoch, UTC]
    run : callable
        Runs what waits for a disk in a thread.
    minute_s : int
        Length of the period of minute data [s].
    realtime_s : int
        What the interval of real-time data is as long as the platform has set none [s].
    """

    def __init__(
        self,
        registration: Registration,
        source: Source,
        wishes: Wishes,
        *,
        next_qn: Callable[[], str],
        now_ms: Now,
        run: Run,
        minute_s: int,
        realtime_s: int,
    ) -> None:
        self._me, self._source, self._wishes = registration, source, wishes
        self._next_qn, self._now_ms, self._run = next_qn, now_ms, run
        self._minute_s, self._realtime_s = minute_s, realtime_s
        self._busy: set[str | None] = set()
        self._history_under_way = False

    def verdict(self, frame: Frame) -> RequestAnswer:
        """What a device says to a request at once."""
        checks = (
            (frame.mn == self._me.mn, RequestAnswer.WRONG_MN),
            (frame.pw == self._me.password, RequestAnswer.WRONG_PASSWORD),
            (frame.st in (self._me.st, ANSWER), RequestAnswer.WRONG_ST),
            (frame.flag is not None, RequestAnswer.WRONG_FLAG),
            (frame.qn is not None, RequestAnswer.WRONG_QN),
            (frame.cn in _KNOWN, RequestAnswer.WRONG_CN),
            (frame.cn in _REQUESTS | _NOTICES, RequestAnswer.REFUSED),
        )
        return next((answer for good, answer in checks if not good), RequestAnswer.READY)

    async def answer(self, frame: Frame, send: Send) -> None:
        """Do what a request asks for and say so.

        Parameters
        ----------
        frame : Frame
            Of a command that is no answer.
        send : coroutine function
            Sends a frame on the connection that the request came from.
        """
        verdict = self.verdict(frame)
        if verdict is not RequestAnswer.READY:
            log.warning("%s: request %s answered with %s", self._me.station, frame.cn, verdict.name)
        if frame.cn in _NOTICES and verdict is RequestAnswer.READY:
            await self._run(lambda: self._wishes.set_stopped(True))
            await self._say(frame, send, Command.NOTICE_ANSWER)
            return
        await self._say(frame, send, Command.REQUEST_ANSWER, ("QnRtn", verdict))
        if verdict is not RequestAnswer.READY or frame.qn in self._busy:
            # A request that comes again while it is being worked on was not heard to be answered.
            return
        self._busy.add(frame.qn)
        try:
            result = await self._execute(frame, send)
        except StoreError as error:
            log.error("%s: request %s: %s", self._me.station, frame.cn, error)
            result = Result.FAULT
        finally:
            self._busy.discard(frame.qn)
        await self._say(frame, send, Command.RESULT, ("ExeRtn", result))

    async def refuse_broken(self, error: Hj212Error, send: Send) -> None:
        """Say that the checksum of a request was wrong, so that it comes again; nothing else is done about it."""
        if error.reason != "crc":
            return
        try:
            frame = parse_segment(error.data[BEFORE:-BEHIND])
        except Hj212Error:
            return
        if frame.mn == self._me.mn and frame.cn is not None and frame.cn < Command.REQUEST_ANSWER:
            await self._say(frame, send, Command.REQUEST_ANSWER, ("QnRtn", RequestAnswer.WRONG_CRC))

    async def _say(self, frame: Frame, send: Send, cn: int, *pairs: tuple[str, int]) -> None:
        """Answer, where one is wanted."""
        if frame.wants_answer:
            cp = tuple(((name, str(int(value))),) for name, value in pairs)
            await send(self._me.frame(cn, cp, frame.qn or self._next_qn(), answer=False))

    async def _execute(self, frame: Frame, send: Send) -> Result:
        if frame.cn in _HISTORY:
            return await self._history(frame, send)
        if frame.cn == Command.REALTIME:
            await self._run(lambda: self._wishes.set_stopped(False))
            return Result.DONE
        if frame.cn == Command.SET_REALTIME_INTERVAL:
            return await self._set_interval(frame)
        if frame.cn == Command.GET_TIME:
            # The time of one instrument (PolId) is not ours to know.
            if frame.value("PolId"):
                return Result.WRONG_CONDITION
            told = ("SystemTime", self._source.local.text(self._now_ms()))
        elif frame.cn == Command.GET_REALTIME_INTERVAL:
            told = ("RtdInterval", str(self._wishes.interval_s or self._realtime_s))
        else:
            told = ("MinInterval", str(self._minute_s // 60))
        await send(self._me.frame(frame.cn or 0, ((told,),), frame.qn or self._next_qn(), answer=False))
        return Result.DONE

    async def _set_interval(self, frame: Frame) -> Result:
        text = frame.value("RtdInterval") or ""
        seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        if not SHORTEST_S <= seconds <= LONGEST_S:
            return Result.WRONG_CONDITION
        await self._run(lambda: self._wishes.set_interval(seconds))
        return Result.DONE

    async def _history(self, frame: Frame, send: Send) -> Result:
        local = self._source.local
        try:
            begin_ms, end_ms = (local.parse(frame.value(name) or "") for name in ("BeginTime", "EndTime"))
        except Hj212Error:
            return Result.WRONG_CONDITION
        if begin_ms > end_ms:
            return Result.WRONG_CONDITION
        if self._history_under_way:
            return Result.BUSY
        self._history_under_way = True
        try:
            count = 0
            async for record in self._records(frame.cn or 0, max(begin_ms, OLDEST_MS), end_ms + 1):
                whole = self._me.frame(record.cn, record.cp, self._next_qn(), answer=False)
                for packet in split(whole, self._next_qn):
                    await send(packet)
                count += 1
        finally:
            self._history_under_way = False
        return Result.DONE if count else Result.NO_DATA

    async def _records(self, cn: int, begin_ms: int, end_ms: int) -> AsyncIterator[Record]:
        """Complete periods that begin between both, a day of them in memory at a time."""
        end_ms = min(end_ms, self._source.complete(cn, self._now_ms()))
        while begin_ms < end_ms:
            until_ms = min(begin_ms + DAY_MS, end_ms)
            read = partial(self._source.records, self._me.station, cn, begin_ms, until_ms)
            for record in await self._run(read):
                yield record
            begin_ms = until_ms
