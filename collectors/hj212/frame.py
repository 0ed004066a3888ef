"""Frames of HJ 212-2017: header, length, checksum and trailer around a data segment; pure functions, strict.

A frame is ``##`` + four digits of length + data segment + four hex digits of checksum + CR LF. The checksum is weak
(256 different results), so length, trailer and the grammar of every field are checked as well.

Source: HJ 212-2017; the checksum from its annex A.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collectors.hj212.segment import Frame, Hj212Error, encode_segment, parse_segment

HEADER, TRAILER = b"##", b"\r\n"

#: Longest data segment [bytes].
MAX_SEGMENT = 1024

#: Bytes of a frame around its segment: header and length before it, checksum and trailer behind it.
BEFORE, BEHIND = 6, 6


def _remainders() -> Iterator[int]:
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        yield value


_CRC = tuple(_remainders())


_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_LENGTH = re.compile(rb"[0-9]{4}")


def crc16(data: bytes) -> int:
    """Checksum of annex A: the register loses its low byte before each byte comes in.

    This is not the checksum of Modbus, which XORs the byte into the whole register.

    Examples
    --------
    >>> f"{crc16(b''):04X} {crc16(b'ST=21'):04X}"
    'FFFF 3180'
    """
    register = 0xFFFF
    for byte in data:
        register = _CRC[register >> 8 ^ byte]
    return register


def wrap(segment: bytes) -> bytes:
    """Put header, length, checksum and trailer around a segment.

    Raises
    ------
    Hj212Error
        If it is longer than the standard allows.
    """
    if len(segment) > MAX_SEGMENT:
        raise Hj212Error("length", f"{len(segment)} bytes; accepted: up to {MAX_SEGMENT}", segment)
    return b"%b%04d%b%04X%b" % (HEADER, len(segment), segment, crc16(segment), TRAILER)


def unwrap(data: bytes) -> bytes:
    """Segment of exactly one frame.

    Raises
    ------
    Hj212Error
        If header, length, trailer or checksum are not right.
    """
    if data[:2] != HEADER:
        raise Hj212Error("header", f"found {data[:2]!r}; accepted: {HEADER!r}", data)
    length = segment_length(data)
    if len(data) != BEFORE + length + BEHIND:
        raise Hj212Error("length", f"{len(data)} bytes for a segment of {length}", data)
    segment, crc, trailer = data[BEFORE:-BEHIND], data[-BEHIND:-2], data[-2:]
    if trailer != TRAILER:
        raise Hj212Error("trailer", f"found {trailer!r}; accepted: {TRAILER!r}", data)
    if not _HEX.fullmatch(crc):
        raise Hj212Error("crc", f"found {crc!r}; accepted: four hex digits", data)
    expected = crc16(segment)
    if int(crc, 16) != expected:
        raise Hj212Error("crc", f"found {crc.decode()}; computed {expected:04X}", data)
    return segment


def segment_length(data: bytes) -> int:
    """Length of the segment that a frame announces [bytes].

    Raises
    ------
    Hj212Error
        If it is not four digits, or more than the standard allows.
    """
    digits = data[2:BEFORE]
    if not _LENGTH.fullmatch(digits):
        raise Hj212Error("length", f"found {digits!r}; accepted: four digits", data)
    if int(digits) > MAX_SEGMENT:
        raise Hj212Error("length", f"found {digits.decode()}; accepted: up to {MAX_SEGMENT}", data)
    return int(digits)


def parse(data: bytes) -> Frame:
    """Read exactly one frame.

    Raises
    ------
    Hj212Error
        With the reason; nothing else.
    """
    return parse_segment(unwrap(data))


def encode(frame: Frame) -> bytes:
    """Frame as bytes.

    Raises
    ------
    Hj212Error
        If a reader as strict as `parse` would not read the same frame again.
    """
    return wrap(encode_segment(frame))
