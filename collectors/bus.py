"""One Modbus bus: asks one question at a time and lets no wrong answer through.

RTU frames carry no transaction id. After a timeout the late answer would be taken for that of the next question: of 300
reads with late replies a client that keeps its connection took 132 for another block's. So the connection is closed
after every timeout, wrong answer or cancelled read, and opened again for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self

from collectors.dial_in import Place, place
from collectors.modbus_frame import Question, WrongAnswerError, bits, reading, words, writing
from collectors.modbus_line import Line, LostError, UnansweredError, connect
from collectors.modbus_owed import Owed
from sensors.endpoint import Endpoint
from sensors.errors import LinkError

Reason = Literal["timeout", "refused", "unreachable", "not dialled in", "closed", "exception", "wrong answer"]

#: Longest time to open a TCP connection or a serial port [s].
CONNECT_S = 5.0

#: Reasons for which there is no connection at all.
_APART = frozenset({"refused", "unreachable", "not dialled in"})


class BusError(LinkError):
    """A question that got no usable answer.

    Attributes
    ----------
    reason : str
        ``refused`` and ``unreachable``: there is no connection. ``not dialled in``: the DTU has not called yet.
        ``timeout``: no answer came in time. ``closed``: the connection was lost. ``exception``: the device said no.
        ``wrong answer``: another function or length.
    exception_code : int or None
        What the device said (Modbus Application Protocol V1.1b3, 7).
    heard : int
        Bytes that came although there was no answer in time: somebody talks, and is not understood.
    noise : bytes
        The first of them.
    """

    def __init__(
        self, reason: Reason, detail: str, exception_code: int | None = None, *, heard: int = 0, noise: bytes = b""
    ) -> None:
        self.reason = reason
        self.exception_code = exception_code
        self.heard, self.noise = heard, noise
        super().__init__(f"{reason}: {detail}")

    @property
    def connected(self) -> bool:
        """Whether the bus itself was there, so that other units on it may well answer."""
        return self.reason not in _APART

    @property
    def waits(self) -> bool:
        """Whether the other side has to call: trying again costs nobody anything."""
        return self.reason == "not dialled in"


class Bus:
    """A Modbus endpoint; an async context manager.

    Parameters
    ----------
    endpoint : Endpoint
    timeout_s : float
        Longest wait for an answer [s], unless a question brings its own.
    connect_s : float
        Longest wait for the connection, or for a DTU to dial in [s].
    """

    def __init__(self, endpoint: Endpoint, timeout_s: float = 1.0, connect_s: float | None = None) -> None:
        self.endpoint = endpoint
        self.timeout_s = timeout_s
        self.connect_s = min(CONNECT_S, 3 * timeout_s) if connect_s is None else connect_s
        self._lock = asyncio.Lock()
        self._line: Line | None = None
        self._place: Place | None = None
        self._owed = Owed()

    async def __aenter__(self) -> Self:
        if self.endpoint.kind == "rtu+listen":
            self._place = await place(self.endpoint)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self._place is not None:
            self._place.leave()
            self._place = None

    def close(self) -> None:
        """Close the connection; the next question opens it again."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        """Ask for registers or bits.

        Parameters
        ----------
        unit : int
        function : {1, 2, 3, 4}
            Coils, discrete inputs, holding registers, input registers.
        address : int
            Zero-based.
        count : int
        timeout_s : float, optional
            Longest wait for the answer [s].

        Returns
        -------
        list of int, (count,)
            Words, or 0 and 1 for bits.

        Raises
        ------
        BusError
        """
        answer = await self._ask(reading(unit, function, address, count), timeout_s)
        return words(answer) if function > 2 else bits(answer, count)

    async def write(
        self, unit: int, function: int, address: int, values: Sequence[int], timeout_s: float | None = None
    ) -> None:
        """Write what a profile declares as its start or as a command, and nothing else.

        Parameters
        ----------
        unit : int
        function : {5, 6, 15, 16}
            One coil, one register, several coils, several registers.
        address : int
        values : sequence of int
        timeout_s : float, optional
            Longest wait for the answer [s].

        Raises
        ------
        BusError
        """
        await self._ask(writing(unit, function, address, values), timeout_s)

    async def _ask(self, question: Question, timeout_s: float | None) -> bytes:
        wait_s = self.timeout_s if timeout_s is None else timeout_s
        async with self._lock:
            if self.endpoint.rtu and self._owed.owes(question.unit, self._now_s()):
                question = await self._after_late_answers(question, wait_s)
            answer = await self._exchange(question, wait_s)
            self._owed.settled(question.unit)
        if answer[0] & 0x80:
            detail = f"unit {question.unit} at {self.endpoint} answered exception {answer[1]}"
            raise BusError("exception", detail, answer[1])
        return answer

    async def _after_late_answers(self, question: Question, wait_s: float) -> Question:
        """The question, once no late answer of its unit can be taken for its own."""
        distinct = self._owed.distinct(question)
        if distinct is None and question.function <= 4:
            await self._exchange(self._owed.telling(question), wait_s)
            self._owed.settled(question.unit)
        return distinct or question

    async def _exchange(self, question: Question, wait_s: float) -> bytes:
        line = self._line
        if line is None or not line.usable:
            line = await self._connected()
        try:
            return await line.ask(question, wait_s)
        except UnansweredError as error:
            self._give_up(question)
            said = f"nothing for {wait_s:g} s"
            if error.count:
                more = " …" if error.count > len(error.first) else ""
                said = f"{error.count} bytes in {wait_s:g} s and no answer: {error.first.hex(' ')}{more}"
            raise BusError(
                "timeout", f"unit {question.unit} at {self.endpoint} said {said}", heard=error.count, noise=error.first
            ) from None
        except LostError as error:
            self._give_up(question)
            raise BusError("closed", f"{self.endpoint}: {error}") from None
        except WrongAnswerError as error:
            self._give_up(question)
            raise BusError("wrong answer", f"{self.endpoint}: {error}") from None
        except BaseException:
            # Cancelled: an answer may still be on its way.
            self._give_up(question)
            raise

    def _give_up(self, question: Question) -> None:
        self.close()
        if self.endpoint.rtu:
            self._owed.given_up(question, self._now_s())

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    async def _connected(self) -> Line:
        self.close()
        endpoint = self.endpoint
        if endpoint.kind == "rtu+listen":
            if self._place is None:
                self._place = await place(endpoint)
            self._line = await self._called(self._place)
            return self._line
        try:
            async with asyncio.timeout(self.connect_s):
                self._line = await connect(endpoint)
        except TimeoutError:
            raise BusError("unreachable", f"no connection to {endpoint} within {self.connect_s:g} s") from None
        except OSError as error:  # of a socket or of a serial port
            raise BusError("refused", f"no connection to {endpoint}: {error.strerror or error}") from None
        return self._line

    async def _called(self, place: Place) -> Line:
        """The connection that the DTU opened, once it has."""
        line = await place.line(self.connect_s)
        if line is None:
            raise BusError("not dialled in", f"{self.endpoint}: {place.trouble or 'the DTU has not called'}")
        return line
