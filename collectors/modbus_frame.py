"""Modbus frames: questions out, answers in; which bytes are the answer to a question, and which are not.

Pure functions on bytes (Modbus Application Protocol V1.1b3; Modbus over Serial Line V1.02). RTU frames carry no length
and no transaction id, and what comes through a DTU may have its heartbeat before or behind them: an answer is found by
its unit, function, length and checksum, all four of them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

#: Longest frame of RTU: unit, 253 bytes, checksum (Modbus over Serial Line V1.02, 2.5.1).
MAX_FRAME = 256

#: No answer is looked for in more bytes than this: whatever sends so much is no instrument.
MAX_HEARD = 4 * MAX_FRAME

_READ = struct.Struct(">BHH")
_MBAP = struct.Struct(">HHHB")


class WrongAnswerError(ValueError):
    """Bytes that cannot be, or become, the answer to a question."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a unit is asked, and the form that its answer must have.

    Attributes
    ----------
    unit : int
    pdu : bytes
        Function code and what follows it.
    size : int
        Bytes of the answer's PDU.
    head : bytes
        With which the answer's PDU begins: the function and what follows from the question.
    patient : bool
        Whether late answers to earlier questions may come before its own: they are passed over.
    """

    unit: int
    pdu: bytes
    size: int
    head: bytes
    patient: bool = False

    @property
    def function(self) -> int:
        """Function code."""
        return self.pdu[0]


@lru_cache(maxsize=4096)
def reading(unit: int, function: int, address: int, count: int) -> Question:
    """Ask for registers (functions 3, 4) or bits (1, 2); remembered, for a poll asks the same again and again.

    Raises
    ------
    ValueError
        For a function that reads nothing, and for what no frame can carry.
    """
    if function in (3, 4):
        size = 2 * count
    elif function in (1, 2):
        size = (count + 7) // 8
    else:
        raise ValueError(f"function {function} reads nothing; accepted: 1, 2, 3, 4")
    if not 1 <= size <= 250:
        raise ValueError(f"{count} registers or bits in one read; accepted: 1 to 125 registers, 1 to 2000 bits")
    return Question(unit, _packed(_READ, function, address, count), 2 + size, bytes((function, size)))


def writing(unit: int, function: int, address: int, values: Sequence[int]) -> Question:
    """Write one coil (5), one register (6), coils (15) or registers (16, also none at all).

    Raises
    ------
    ValueError
        For a function that writes nothing, and for what no frame can carry.
    """
    if function in (5, 6) and len(values) == 1:
        [value] = values
        pdu = _packed(_READ, function, address, value if function == 6 else 0xFF00 if value else 0)
        return Question(unit, pdu, 5, pdu)
    if function == 15 and 1 <= len(values) <= 1968:
        bits = sum(bool(value) << i for i, value in enumerate(values))
        data = bits.to_bytes((len(values) + 7) // 8, "little")
    elif function == 16 and len(values) <= 123:
        data = _packed(struct.Struct(f">{len(values)}H"), *values)
    else:
        accepted = "5 and 6 with one value, 15 with 1 to 1968, 16 with up to 123"
        raise ValueError(f"function {function} writes no {len(values)} values; accepted: {accepted}")
    head = _packed(_READ, function, address, len(values))
    return Question(unit, head + bytes((len(data),)) + data, 5, head)


def _packed(form: struct.Struct, *numbers: int) -> bytes:
    try:
        return form.pack(*numbers)
    except struct.error as error:
        raise ValueError(f"{numbers}: {error}") from None


class Framing(Protocol):
    """How questions and answers are wrapped."""

    def frame(self, question: Question) -> bytes:
        """Bytes to send."""
        ...

    def answer(self, question: Question, heard: bytearray) -> bytes | None:
        """PDU of the answer in what was heard since the question, None where it is not complete.

        Exceptions of the device are answers as well. `heard` may be shortened by what belongs to nobody.

        Raises
        ------
        WrongAnswerError
        """
        ...


class Tcp:
    """Modbus TCP: a transaction id tells a late answer from the one that is waited for."""

    def __init__(self) -> None:
        self._transaction = 0

    def frame(self, question: Question) -> bytes:
        """Bytes to send."""
        self._transaction = self._transaction + 1 & 0xFFFF
        return _MBAP.pack(self._transaction, 0, len(question.pdu) + 1, question.unit) + question.pdu

    def answer(self, question: Question, heard: bytearray) -> bytes | None:
        """See `Framing`; answers to other questions and of other units are passed over."""
        while len(heard) >= 7:
            transaction, protocol, length, unit = _MBAP.unpack_from(heard)
            if protocol != 0 or not 3 <= length <= MAX_FRAME:
                raise WrongAnswerError(f"no Modbus TCP: {bytes(heard[:12]).hex(' ')}")
            if len(heard) < 6 + length:
                break
            pdu = bytes(heard[7 : 6 + length])
            del heard[: 6 + length]
            if transaction == self._transaction and unit == question.unit:
                return checked(question, pdu)
        return None


class Rtu:
    """RTU: nothing but form and checksum tells what belongs to what."""

    def frame(self, question: Question) -> bytes:
        """Bytes to send."""
        body = bytes((question.unit,)) + question.pdu
        return body + crc(body)

    def answer(self, question: Question, heard: bytearray) -> bytes | None:
        """See `Framing`; bytes before and behind the answer (a heartbeat, an echo, noise) are passed over."""
        for whole, size in (
            (bytes((question.unit,)) + question.head, question.size),
            (bytes((question.unit, question.function | 0x80)), 2),
        ):
            at = heard.find(whole)
            while at >= 0:
                end = at + 1 + size
                if end + 2 <= len(heard) and crc(heard[at:end]) == heard[end : end + 2]:
                    return bytes(heard[at + 1 : end])
                at = heard.find(whole, at + 1)
        self._refuse(question, heard)
        return None

    def _refuse(self, question: Question, heard: bytearray) -> None:
        """Raise where a whole frame of that unit came that is no answer: there is nothing more to wait for."""
        if len(heard) > MAX_HEARD:
            raise WrongAnswerError(f"{len(heard)} bytes without an answer in them")
        if not question.patient and len(heard) >= 5 and heard[0] == question.unit:
            size = 2 if heard[1] & 0x80 else 2 + heard[2] if heard[1] <= 4 else 5
            if size + 3 == len(heard) and crc(heard[: size + 1]) == heard[size + 1 :]:
                checked(question, bytes(heard[1 : size + 1]))


def checked(question: Question, pdu: bytes) -> bytes:
    """The PDU, if it is an answer to the question or the device's refusal of it.

    Raises
    ------
    WrongAnswerError
    """
    if len(pdu) == question.size and pdu.startswith(question.head):
        return pdu
    if len(pdu) == 2 and pdu[0] == question.function | 0x80:
        return pdu
    wrong = f"{pdu[:8].hex(' ')} ({len(pdu)} bytes) for {question.pdu[:8].hex(' ')}"
    raise WrongAnswerError(wrong)


def words(answer: bytes) -> list[int]:
    """Registers in the answer to `reading`."""
    return list(struct.unpack(f">{len(answer) // 2 - 1}H", answer[2:]))


def bits(answer: bytes, count: int) -> list[int]:
    """Coils or discrete inputs in the answer to `reading`, 0 or 1 each."""
    return [answer[2 + (i >> 3)] >> (i & 7) & 1 for i in range(count)]


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
        found.append(byte)
    return tuple(found)


_CRC = _table()


def crc(data: bytes | bytearray) -> bytes:
    """Checksum of an RTU frame, low byte first as it is sent (Modbus over Serial Line V1.02, 6.2.2).

    >>> crc(bytes.fromhex("01 03 25 00 00 01")).hex(" ")
    '8f 06'
    """
    value, table = 0xFFFF, _CRC
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")
