"""One open connection to a Modbus bus: a socket, or a serial port, that carries one question at a time."""

from __future__ import annotations

import asyncio
import math
from typing import cast

from collectors.modbus_frame import Framing, Question, Rtu, Tcp, WrongAnswerError
from sensors.endpoint import Endpoint


class LostError(ConnectionError):
    """The other side closed the connection, or it broke."""


#: Bytes of what was no answer that are kept for people.
SHOWN = 32


class UnansweredError(TimeoutError):
    """No answer in time.

    Attributes
    ----------
    count : int
        Bytes that came all the same.
    first : bytes
        The first `SHOWN` of them.
    """

    def __init__(self, count: int, first: bytes) -> None:
        self.count, self.first = count, first
        super().__init__(f"{count} bytes, no answer")


class Line(asyncio.Protocol):
    """A connection; never used again after anything went wrong on it.

    Parameters
    ----------
    framing : Framing
    gap_s : float
        Silence that the units need between an answer and the next question [s].

    Attributes
    ----------
    made : asyncio.Future
        Done when the connection is there.
    """

    def __init__(self, framing: Framing, gap_s: float = 0.0) -> None:
        self._framing, self._gap_s = framing, gap_s
        self._heard_s = -math.inf
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._question: Question | None = None
        self._waiting: asyncio.Future[bytes] | None = None
        self._heard = bytearray()
        self._count, self._first = 0, b""
        self._deadline_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._open = True
        self.made: asyncio.Future[None] = self._loop.create_future()

    @property
    def usable(self) -> bool:
        """Whether the next question may be asked here."""
        return self._open

    async def ask(self, question: Question, wait_s: float) -> bytes:
        """Send a question, wait for its answer.

        Parameters
        ----------
        question : Question
        wait_s : float
            Longest wait [s].

        Returns
        -------
        bytes
            PDU of the answer; it may be the device's refusal.

        Raises
        ------
        UnansweredError, LostError, WrongAnswerError
        """
        if self._gap_s and (early_s := self._heard_s + self._gap_s - self._loop.time()) > 0:
            await asyncio.sleep(early_s)
        if self._transport is None or not self._open:
            raise LostError("the connection is closed")
        self._question = question
        waiting: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting = waiting
        # What came unasked, a DTU's heartbeat for example, is no part of the answer.
        self._heard.clear()
        self._count, self._first = 0, b""
        self._deadline_s = self._loop.time() + wait_s
        if self._alarm is None or self._alarm.when() > self._deadline_s:
            self._set_alarm()
        try:
            self._transport.write(self._framing.frame(question))
            return await waiting
        finally:
            self._question = self._waiting = None

    def _set_alarm(self) -> None:
        # One alarm serves many questions: most are answered long before, and setting one costs as much as the answer.
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waiting is None:
            return
        if self._loop.time() >= self._deadline_s:
            self._fail(UnansweredError(self._count, self._first))
        else:
            self._set_alarm()

    def close(self) -> None:
        """Close it; a question that is under way gets `LostError`."""
        self._open = False
        if self._alarm is not None:
            self._alarm.cancel()
        self._fail(LostError("the connection was closed here"))
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there (asyncio)."""
        self._transport = cast(asyncio.Transport, transport)
        if not self._open:
            self._transport.abort()
        if not self.made.done():
            self.made.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Bytes came (asyncio)."""
        if self._gap_s:
            self._heard_s = self._loop.time()
        if self._question is None:
            return
        self._count += len(data)
        if len(self._first) < SHOWN:
            self._first += data[: SHOWN - len(self._first)]
        heard = self._heard
        heard += data
        try:
            answer = self._framing.answer(self._question, heard)
        except WrongAnswerError as error:
            self._fail(error)
            return
        if answer is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone (asyncio)."""
        self._open = False
        if self._alarm is not None:
            self._alarm.cancel()
        self._fail(LostError(str(error) if error else "the other side closed the connection"))

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


async def connect(endpoint: Endpoint) -> Line:
    """Open a connection to an endpoint that is called (all but ``rtu+listen``).

    Raises
    ------
    OSError
        If there is no such host, port or device, or it refuses.
    """
    loop = asyncio.get_running_loop()
    if endpoint.kind == "rtu":
        return await _serial(endpoint)
    line = Line(Rtu() if endpoint.rtu else Tcp())
    await loop.create_connection(lambda: line, endpoint.host, endpoint.port)
    return line


async def _serial(endpoint: Endpoint) -> Line:
    # Only where there is a serial port: a gateway on Ethernet does without that library.
    from pymodbus.transport.serialtransport import create_serial_connection

    line = Line(Rtu(), silence_s(endpoint.baud))
    await create_serial_connection(
        asyncio.get_running_loop(), lambda: line, endpoint.device, baudrate=endpoint.baud,
        bytesize=endpoint.bytesize, parity=endpoint.parity, stopbits=endpoint.stopbits, timeout=0,
    )  # fmt: skip
    await line.made
    return line


def silence_s(baud: int) -> float:
    """Silence between two frames on a serial line [s]: 3.5 characters of 11 bits, 1.75 ms on a fast one.

    Modbus over Serial Line V1.02, 2.5.1.1.

    >>> round(silence_s(9600), 5)
    0.00401
    """
    return 0.00175 if baud > 19200 else 3.5 * 11 / baud
