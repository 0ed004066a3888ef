"""Stations that speak HJ 212 instead of Modbus: they connect, and what they send goes into the gateway's spool.

A data frame is answered when its observations are on disk, and not before: a station that gets no answer sends again,
and the store takes the same reading twice as one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from collectors.clock import Now
from collectors.hj212.codes import ANSWER, COMMANDS_2025, UPLOADS, Command, RequestAnswer
from collectors.hj212.data import observations
from collectors.hj212.frame import encode
from collectors.hj212.segment import Flag, Frame, Group, Hj212Error
from collectors.hj212.stream import FrameReader
from collectors.hj212.times import LocalTime
from collectors.quarantine import Quarantine
from collectors.spool import Spool

log = logging.getLogger(__name__)

#: Read at once [bytes].
CHUNK = 65_536

#: Connections at the same time; more are closed at once.
MAX_CONNECTIONS = 1_000

#: Kinds of data that can become observations, and which value of an item they carry.
SUFFIXES: Mapping[int, str] = {
    Command.REALTIME: "Rtd",
    Command.MINUTE: "Avg",
    Command.HOUR: "Avg",
    Command.DAY: "Avg",
}


@dataclass(slots=True)
class ListenerState:
    """How a listener is doing.

    Attributes
    ----------
    connections : int
        Open now.
    frames, observations : int
        Taken so far.
    heard_ms : dict of str to int
        When each station last sent a frame [ms since the epoch, UTC].
    refused : Counter of str
        Frames and bytes that were not taken, by reason.
    """

    connections: int = 0
    frames: int = 0
    observations: int = 0
    heard_ms: dict[str, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)


class Hj212Listener:
    """Takes data from stations over HJ 212-2017; an async context manager inside that of its spool.

    Parameters
    ----------
    spool : Spool
        Entered.
    stations : mapping of str to str
        Id of the station by its MN; frames of others are refused.
    host, port : str, int
        Where to listen; port 0 takes any that is free.
    timezone : str
        Key of the site's zone: HJ 212 carries local times.
    now_ms : callable
        [ms since the epoch, UTC]
    passwords : mapping of str to str, optional
        Password by MN; a station without one may send any. It travels in the clear: keep strangers off the network.
    kinds : collection of int
        Which of `SUFFIXES` become observations. Others are acknowledged and not kept: minute, hour and day data are
        means of readings that came before, and would count twice.
    idle_s : float
        A connection that brings nothing for this long is closed [s].
    quarantine : Quarantine, optional
        Where refused frames go.

    Attributes
    ----------
    port : int
        Where it listens, once entered.
    state : ListenerState
    """

    def __init__(
        self,
        spool: Spool,
        stations: Mapping[str, str],
        *,
        host: str,
        port: int,
        timezone: str,
        now_ms: Now,
        passwords: Mapping[str, str] | None = None,
        kinds: Collection[int] = (Command.REALTIME,),
        idle_s: float = 900.0,
        quarantine: Quarantine | None = None,
    ) -> None:
        self._spool, self._stations = spool, dict(stations)
        self._host, self.port = host, port
        self._local, self._now_ms = LocalTime(timezone), now_ms
        self._passwords, self._kinds, self._idle_s = dict(passwords or {}), frozenset(kinds), idle_s
        self._quarantine = quarantine or Quarantine(None)
        self._tasks: set[asyncio.Task[None]] = set()
        self.state = ListenerState()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._tasks.add(task)
        self.state.connections = len(self._tasks)
        try:
            await self._listen(reader, writer)
        except (OSError, TimeoutError) as error:
            log.info("connection of a station: %s", error or "silent for too long")
        except asyncio.CancelledError:
            pass  # the listener ends
        except Exception:
            log.exception("connection of a station")
        finally:
            self._tasks.discard(task)
            self.state.connections = len(self._tasks)
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader()
        times: dict[tuple[str | None, int | None], str] = {}
        while True:
            async with asyncio.timeout(self._idle_s):
                data = await reader.read(CHUNK)
            if not data:
                return
            for found in frames.feed(data):
                if isinstance(found, Hj212Error):
                    self._refuse(found.reason, str(found), found.data)
                elif found.cn is not None and found.cn < Command.REQUEST_ANSWER:
                    answer = await self._take(found, times)
                    if answer is not None and found.wants_answer:
                        writer.write(encode(answer))
                        await writer.drain()

    def _refuse(self, reason: str, detail: str, data: bytes) -> None:
        self.state.refused[reason] += 1
        self._quarantine.put("hj212", reason, detail, data)

    async def _take(self, frame: Frame, times: dict[tuple[str | None, int | None], str]) -> Frame | None:
        """Do what a frame asks for; the answer to it, or None where it must come again."""
        station = self._stations.get(frame.mn or "")
        verdict = self._verdict(frame, station)
        if verdict is not RequestAnswer.READY or station is None:
            self._refuse(verdict.name.lower(), f"{frame.cn} of {frame.mn}", encode(frame))
            return _answer(frame, Command.REQUEST_ANSWER, ((("QnRtn", str(int(verdict))),),))
        self.state.frames += 1
        self.state.heard_ms[station] = self._now_ms()
        if frame.cn == Command.ASK_TIME:
            # Clocks of stations are not set from here.
            return _answer(frame, Command.NOTICE_ANSWER)
        if frame.cn in self._kinds and frame.cn in SUFFIXES:
            # A further packet of a message may say when only once.
            told = times[frame.mn, frame.cn] = frame.value("DataTime") or times.get((frame.mn, frame.cn), "")
            try:
                time_ms = self._local.parse(told)
            except Hj212Error as error:
                self._refuse(error.reason, f"DataTime of {frame.cn} of {frame.mn}: {error}", encode(frame))
                return None
            if not await self._keep(frame, station, time_ms):
                return None
        return _answer(frame, Command.DATA_ANSWER)

    async def _keep(self, frame: Frame, station: str, time_ms: int) -> bool:
        """Bring a frame's observations to the disk; whether they are there."""
        found = observations(frame, station, time_ms, SUFFIXES[frame.cn or 0])
        for observation in found:
            await self._spool.append(observation)
        self.state.observations += len(found)
        if found:
            await self._spool.flush()
        return not self._spool.state.error

    def _verdict(self, frame: Frame, station: str | None) -> RequestAnswer:
        if station is None:
            return RequestAnswer.WRONG_MN
        if frame.pw != self._passwords.get(frame.mn or "", frame.pw):
            return RequestAnswer.WRONG_PASSWORD
        if frame.cn in COMMANDS_2025 or frame.cn not in UPLOADS | {Command.ASK_TIME}:
            return RequestAnswer.WRONG_CN
        return RequestAnswer.READY


def _answer(frame: Frame, cn: int, cp: tuple[Group, ...] = ()) -> Frame:
    """Answer to a frame of a station."""
    version = frame.flag.version if frame.flag else Flag().version
    return replace(frame, cn=cn, cp=cp, st=ANSWER, flag=Flag(version), pnum=None, pno=None)
