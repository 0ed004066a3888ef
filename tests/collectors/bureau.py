"""A bureau's platform for tests: a real TCP server that answers as platforms do, errors included."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.hj212.codes import ANSWER, UPLOADS, Command
from collectors.hj212.connection import Timing
from collectors.hj212.frame import encode
from collectors.hj212.parts import Joiner
from collectors.hj212.requests import Registration
from collectors.hj212.segment import Flag, Frame, Hj212Error, encode_cp
from collectors.hj212.stream import FrameReader
from collectors.hj212.uplink import Hj212Uplink
from collectors.stores.sqlite import SqliteStore

HOST = "127.0.0.1"

#: What a platform has: content by (MN, command, DataTime).
Held = dict[tuple[str, int, str], str]

QUICK = Timing(answer_s=0.2, resends=2, first_pause_s=0.01, last_pause_s=0.03, check_s=0.02, connect_s=5.0)


@dataclass(slots=True, eq=False)
class Line:
    """One connection as the platform sees it."""

    writer: asyncio.StreamWriter
    joiner: Joiner = field(default_factory=Joiner)
    heard: list[Frame] = field(default_factory=list)

    def say(self, frame: Frame) -> None:
        if not self.writer.is_closing():
            self.writer.write(encode(frame))

    def drop(self) -> None:
        self.writer.transport.abort()


#: Decides what happens to a frame of data; `Platform.take` is the good way.
Behaviour = Callable[["Platform", Line, Frame], None]


class Platform:
    """Keeps what is reported to it.

    Attributes
    ----------
    held : dict
        The newest content of every message of data that was taken.
    times : Counter
        How often each was taken.
    heard : list of Frame
        Everything that came, in order.
    broken : list of Hj212Error
        What came and was not understood.
    """

    def __init__(self, behave: Behaviour | None = None) -> None:
        self.behave = behave or Platform.take
        self.held: Held = {}
        self.times: Counter[tuple[str, int, str]] = Counter()
        self.heard: list[Frame] = []
        self.broken: list[Hj212Error] = []
        self.lines: list[Line] = []
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go away without a word."""
        assert self._server is not None
        self._server.close()
        for line in [*self.lines]:
            line.drop()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        line, frames = Line(writer), FrameReader()
        self.lines.append(line)
        self.connections += 1
        try:
            while data := await reader.read(65_536):
                for found in frames.feed(data):
                    if isinstance(found, Hj212Error):
                        self.broken.append(found)
                    else:
                        self.heard.append(found)
                        line.heard.append(found)
                        if (found.cn or 0) < Command.REQUEST_ANSWER:
                            self.behave(self, line, found)
        except OSError:
            pass
        finally:
            self.lines.remove(line)
            self._serving.discard(task)
            line.drop()

    def keep(self, line: Line, frame: Frame) -> None:
        """Keep what a frame says, when its message is whole."""
        whole = line.joiner.add(frame)
        if whole is not None and whole.cn in UPLOADS:
            key = (whole.mn or "", whole.cn or 0, whole.value("DataTime") or "")
            self.held[key] = encode_cp(whole.cp)
            self.times[key] += 1

    def take(self, line: Line, frame: Frame) -> None:
        """Keep it and say so."""
        self.keep(line, frame)
        if frame.wants_answer:
            line.say(answer_to(frame))


def answer_to(frame: Frame, cn: int = Command.DATA_ANSWER, **code: int) -> Frame:
    cp = tuple(((name, str(value)),) for name, value in code.items())
    return replace(frame, cn=cn, st=ANSWER, cp=cp, flag=Flag(), pnum=None, pno=None)


def request(cn: int, mn: str, qn: str, **values: str) -> Frame:
    cp = (tuple(values.items()),) if values else ()
    return Frame(cn, cp, qn, 21, "123456", mn, Flag(answer=True))


def chaos(seed: int) -> Behaviour:
    """A platform on a bad day."""
    source = random.Random(seed)

    def behave(platform: Platform, line: Line, frame: Frame) -> None:
        chance = source.random()
        if chance < 0.03:
            line.drop()  # before it was kept
        elif chance < 0.06:
            platform.keep(line, frame)
            line.drop()  # after it was kept, before the answer
        elif chance < 0.09:
            pass  # lost on the way
        elif chance < 0.12:
            platform.keep(line, frame)  # the answer was lost
        elif chance < 0.15:
            line.say(replace(answer_to(frame), qn="20000101000000000"))  # the answer to something else
        elif chance < 0.18:
            line.writer.write(encode(answer_to(frame))[:-6] + b"FFFF\r\n")
        elif chance < 0.21:
            line.say(answer_to(frame, Command.REQUEST_ANSWER, QnRtn=9))
        elif chance < 0.24:
            line.say(answer_to(frame, Command.REQUEST_ANSWER, QnRtn=1))  # "ready", which is no answer to data
        else:
            line.writer.write(source.choice((b"", b"##", b"noise", b"\r\n")))
            platform.take(line, frame)

    return behave


@asynccontextmanager
async def platform(behave: Behaviour | None = None) -> AsyncIterator[Platform]:
    """A platform that listens."""
    made = Platform(behave)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def report(store_path: str, journal: str, port: int, since_ms: int, now_ms: int, stations: int) -> None:
    """Run an uplink until the process is killed; for a process of its own."""

    # Patient: nothing may be sent twice but what a kill cuts off.
    timing = replace(QUICK, answer_s=30.0)

    async def run() -> None:
        store = SqliteStore(store_path, read_only=True)
        async with Hj212Uplink(
            HOST, port, [Registration(f"S{n}", f"{n:024d}") for n in range(stations)], store, Path(journal),
            timezone="Asia/Shanghai", now_ms=lambda: now_ms, since_ms=since_ms, timing=timing,
        ):  # fmt: skip
            await asyncio.Event().wait()

    asyncio.run(run())
