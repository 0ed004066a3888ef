"""Modbus frames as a server sees them: requests out of a stream of bytes, answers into one; TCP and RTU.

The fleet has a codec of its own because no library's server can be made to answer late, wrongly or in halves, and one
that can is small.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

from pymodbus.framer.rtu import FramerRTU

#: Longest RTU frame (Modbus over Serial Line V1.02, 2.5.1).
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes
    ----------
    unit : int
    pdu : bytes
        Function code and what follows it.
    transaction : int
        Of Modbus TCP; 0 on RTU.
    """

    unit: int
    pdu: bytes
    transaction: int = 0

    @property
    def function(self) -> int:
        """Modbus function code."""
        return self.pdu[0]


class Frames(Protocol):
    """Takes a stream of bytes apart."""

    def feed(self, data: bytes) -> list[Request]:
        """Requests that are complete now; the rest is kept until more comes."""
        ...

    def frame(self, request: Request, pdu: bytes, *, unit: int | None = None, spoiled: bool = False) -> bytes:
        """Answer to a request, from another unit where one is given.

        Parameters
        ----------
        request : Request
        pdu : bytes
        unit : int, optional
        spoiled : bool
            With a wrong CRC; on Modbus TCP, which has none, with a wrong transaction id.
        """
        ...


class TcpFrames:
    """Frames of Modbus TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3)."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Request]:
        """See `Frames.feed`."""
        self._held += data
        found = []
        while len(self._held) >= 8:
            transaction, protocol, length, unit = struct.unpack_from(">HHHB", self._held)
            if protocol != 0 or not 2 <= length <= 254:
                self._held = b""  # no Modbus: nothing in it can be trusted
                break
            if len(self._held) < 6 + length:
                break
            found.append(Request(unit, self._held[7 : 6 + length], transaction))
            self._held = self._held[6 + length :]
        return found

    def frame(self, request: Request, pdu: bytes, *, unit: int | None = None, spoiled: bool = False) -> bytes:
        """See `Frames.frame`."""
        transaction = (request.transaction + 0x5A5A * spoiled) & 0xFFFF
        return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, request.unit if unit is None else unit) + pdu


class RtuFrames:
    """Frames of Modbus RTU (Modbus over Serial Line V1.02, 2.5.1), told apart by their lengths and sums.

    Pauses tell frames apart on a wire, but not behind a serial server, whose pauses are those of the network.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Request]:
        """See `Frames.feed`."""
        self._held += data
        found = []
        while len(self._held) >= 4:
            length = self._length()
            if length is None or len(self._held) < length <= _LONGEST:
                break
            body, sum_ = self._held[: length - 2], self._held[length - 2 : length]
            if length <= _LONGEST and _crc(body) == sum_:
                found.append(Request(body[0], body[1:]))
                self._held = self._held[length:]
            else:
                self._held = self._held[1:]  # noise: the next frame begins somewhere behind it
        return found

    def _length(self) -> int | None:
        """Length of the frame that stands first; None where it cannot be told yet."""
        function = self._held[1]
        if 1 <= function <= 6:
            return 8
        if function in (15, 16):
            return 9 + self._held[6] if len(self._held) > 6 else None
        # Another function: its length is not ours to know. What has come so far is the frame, or noise.
        return len(self._held)

    def frame(self, request: Request, pdu: bytes, *, unit: int | None = None, spoiled: bool = False) -> bytes:
        """See `Frames.frame`."""
        body = bytes([request.unit if unit is None else unit]) + pdu
        sum_ = _crc(body)
        return body + (bytes([sum_[0] ^ 0xFF, sum_[1]]) if spoiled else sum_)


def _crc(body: bytes) -> bytes:
    return int(FramerRTU.compute_CRC(body)).to_bytes(2, "big")
