"""One TCP connection between a device and its platform: frames out, answers matched by their QN, requests handed on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from collectors.hj212.codes import Command, RequestAnswer
from collectors.hj212.frame import encode
from collectors.hj212.parts import Joiner
from collectors.hj212.segment import Frame, Hj212Error
from collectors.hj212.stream import FrameReader
from sensors.errors import LinkError

log = logging.getLogger(__name__)

#: Read at once [bytes].
CHUNK = 65_536

#: Requests of one platform that are worked on at the same time; more are not heard.
MAX_REQUESTS = 8


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient an uplink is.

    Attributes
    ----------
    answer_s : float
        Longest wait for the answer to a frame [s]; 10 is the standard's default for cellular lines, 5 for ADSL.
    resends : int
        How often it is sent again.
    first_pause_s, last_pause_s : float
        Pause before a connection is made anew, doubling up to the second [s].
    check_s : float
        How often the store is looked at where nobody tells of changes [s].
    connect_s : float
        Longest wait for a connection [s].
    """

    answer_s: float = 10.0
    resends: int = 3
    first_pause_s: float = 1.0
    last_pause_s: float = 60.0
    check_s: float = 5.0
    connect_s: float = 10.0


class Unanswered(LinkError):
    """The platform said nothing to a frame that was sent as often as it may be."""


class Refused(LinkError):
    """The platform said no to a frame."""


class Connection:
    """Speaks with the platform for one station.

    Parameters
    ----------
    reader, writer : StreamReader, StreamWriter
    timing : Timing
    on_request : coroutine function
        Gets every frame that is no answer, and every one with a wrong checksum.
    refused : Counter of str
        Counts what came and was not understood, by reason.

    Attributes
    ----------
    resent : int
        Frames that were sent again.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        timing: Timing,
        on_request: Callable[[Frame | Hj212Error], Awaitable[None]],
        refused: Counter[str],
    ) -> None:
        self._reader, self._writer, self._timing = reader, writer, timing
        self._on_request, self._refused = on_request, refused
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        self._working: set[asyncio.Task[None]] = set()
        self.resent = 0

    async def send(self, frame: Frame) -> None:
        """Send a frame and wait for nothing.

        Raises
        ------
        OSError
            If the connection is gone.
        """
        self._writer.write(encode(frame))
        await self._writer.drain()

    async def ask(self, frame: Frame) -> None:
        """Send a frame, the same bytes again where no answer comes, until the platform says that it has it.

        Raises
        ------
        Unanswered
            If it says nothing to the last of them either.
        Refused
            If it says no.
        OSError
            If the connection is gone.
        """
        qn = frame.qn or ""
        answer = self._waiting[qn] = asyncio.get_running_loop().create_future()
        try:
            for attempt in range(1 + self._timing.resends):
                self.resent += attempt > 0
                await self.send(frame)
                done, _ = await asyncio.wait([answer], timeout=self._timing.answer_s)
                if done:
                    break
            else:
                raise Unanswered(f"no answer to {frame.cn} after {1 + self._timing.resends} attempts")
        finally:
            del self._waiting[qn]
        said_no = _refusal(answer.result())
        if said_no:
            raise Refused(f"the platform refuses {frame.cn}: {said_no}")

    async def receive(self) -> None:
        """Take what the platform sends until the connection ends.

        Raises
        ------
        LinkError
            At the end of the connection.
        """
        frames, joiner = FrameReader(), Joiner()
        try:
            while data := await self._reader.read(CHUNK):
                for found in frames.feed(data):
                    if isinstance(found, Hj212Error):
                        self._refused[found.reason] += 1
                        log.info("from the platform: %s", found)
                        if found.reason == "crc":
                            self._hand_on(found)
                    elif (whole := joiner.add(found)) is not None and not self._is_answer(whole):
                        self._hand_on(whole)
        finally:
            for task in self._working:
                task.cancel()
            await asyncio.gather(*self._working, return_exceptions=True)
        raise LinkError("the platform closed the connection")

    def abort(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()

    async def closed(self) -> None:
        """Wait for the end of an aborted connection."""
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def _is_answer(self, frame: Frame) -> bool:
        if frame.cn is not None and frame.cn < Command.REQUEST_ANSWER:
            return False
        answer = self._waiting.get(frame.qn or "")
        decides = frame.cn in (Command.DATA_ANSWER, Command.NOTICE_ANSWER) or bool(_refusal(frame))
        if decides and answer is not None and not answer.done():
            answer.set_result(frame)
        return True

    def _hand_on(self, found: Frame | Hj212Error) -> None:
        if len(self._working) >= MAX_REQUESTS:
            log.info("a request is not heard: %d others are being worked on", MAX_REQUESTS)
            return
        task = asyncio.create_task(self._work(found))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, found: Frame | Hj212Error) -> None:
        try:
            await self._on_request(found)
        except OSError:
            pass  # the connection is gone, and who asked with it
        except Exception:
            log.exception("request %s", found)


def _refusal(frame: Frame) -> str:
    """Why a platform will not have what it was sent; empty where it does not say so."""
    told = frame.value("QnRtn")
    if frame.cn != Command.REQUEST_ANSWER or told is None or told == str(int(RequestAnswer.READY)):
        return ""
    names = {str(int(answer)): answer.name.lower().replace("_", " ") for answer in RequestAnswer}
    return names.get(told, f"QnRtn={told}")
