"""Finds frames in a stream of bytes that may hold anything else as well: halves, noise, broken frames."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.hj212.frame import BEFORE, BEHIND, HEADER, TRAILER, segment_length, unwrap
from collectors.hj212.segment import Frame, Hj212Error, parse_segment

#: As much of noise between frames is kept with the error that tells of it [bytes].
SHOWN = 256


class FrameReader:
    r"""Takes bytes as they come and gives what they hold; never keeps more than one unfinished frame.

    Examples
    --------
    >>> reader = FrameReader()
    >>> reader.feed(b"noise##00")
    [Hj212Error('garbage: 5 bytes between frames')]
    >>> reader.feed(b"00FFFF\r\n")
    [Frame(cn=None, cp=(), qn=None, st=None, pw=None, mn=None, flag=None, pnum=None, pno=None)]
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        #: Whether noise was told of since the last good frame: what follows a broken one is the rest of it.
        self._told = False

    def feed(self, data: bytes) -> list[Frame | Hj212Error]:
        """Take the next bytes.

        Returns
        -------
        list of (Frame or Hj212Error)
            In the order of the stream. An error is returned, not raised: the frames behind it are as good as ever.
        """
        self._buffer += data
        return list(self._find())

    def _find(self) -> Iterator[Frame | Hj212Error]:
        buffer = self._buffer
        while True:
            noise = self._skip_noise()
            if noise.strip():
                yield from self._tell_noise(Hj212Error("garbage", f"{len(noise)} bytes between frames", noise[:SHOWN]))
            if len(buffer) < BEFORE:
                return
            try:
                size = BEFORE + segment_length(bytes(buffer[:BEFORE])) + BEHIND
            except Hj212Error as error:
                # One byte, not two: "###0101" holds a header that begins a byte later.
                del buffer[:1]
                yield from self._tell_noise(error)
                continue
            # No segment holds a line break: one that comes too early says at once that this length is wrong.
            early = buffer.find(TRAILER, BEFORE, size - 1)
            if early >= 0:
                yield self._broken(
                    Hj212Error("length", f"{size} bytes announced, line ends after {early}", bytes(buffer[:early]))
                )
            elif len(buffer) < size:
                return
            else:
                yield from self._take(size)

    def _skip_noise(self) -> bytes:
        buffer = self._buffer
        start = buffer.find(HEADER)
        if start < 0:
            # The last byte may be the first half of a header.
            start = len(buffer) - buffer.endswith(HEADER[:1])
        noise = bytes(buffer[:start])
        del buffer[:start]
        return noise

    def _take(self, size: int) -> Iterator[Frame | Hj212Error]:
        data = bytes(self._buffer[:size])
        try:
            segment = unwrap(data)
        except Hj212Error as error:
            yield self._broken(error)
            return
        del self._buffer[:size]
        self._told = False
        try:
            yield parse_segment(segment)
        except Hj212Error as error:
            yield error

    def _broken(self, error: Hj212Error) -> Hj212Error:
        """Look for the next header inside the broken frame: its length may be what is broken."""
        del self._buffer[: len(HEADER)]
        self._told = True
        return error

    def _tell_noise(self, error: Hj212Error) -> Iterator[Hj212Error]:
        if not self._told:
            self._told = True
            yield error
