"""Messages that do not fit one frame: cut between items, each packet whole in itself, and put together again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from collectors.hj212.frame import MAX_SEGMENT, encode
from collectors.hj212.segment import MAX_CP, Flag, Frame, Group, Hj212Error, encode_cp

#: Messages that may be unfinished at the same time; past that the oldest is forgotten.
MAX_OPEN = 64

#: Bytes around the data area, ``CP=&&`` and ``&&``. They are counted into its limit: which of both readings of the
#: standard a receiver follows is not known.
_AROUND = 7

#: ``PNUM=9999;PNO=9999;``
_NUMBERS = 19


def split(frame: Frame, next_qn: Callable[[], str]) -> tuple[Frame, ...]:
    """Cut a message into frames that fit.

    Every packet begins with the first group of the data area (``DataTime``), so that it means something without the
    others, and has a ``QN`` of its own, so that its answer cannot be taken for that of another.

    Parameters
    ----------
    frame : Frame
        Without packet numbers.
    next_qn : callable
        Gives the QN of the second and every further packet.

    Raises
    ------
    Hj212Error
        If a single item is too long.
    """
    if _fits(frame, frame.cp, 0):
        return (frame,)
    first, *rest = frame.cp
    areas: list[tuple[Group, ...]] = [(first,)]
    for group in rest:
        if not _fits(frame, (*areas[-1], group), _NUMBERS):
            areas.append((first,))
        areas[-1] += (group,)
    flag = replace(frame.flag or Flag(), parts=True)
    packets = [
        replace(frame, cp=area, flag=flag, pnum=len(areas), pno=number, qn=frame.qn if number == 1 else next_qn())
        for number, area in enumerate(areas, 1)
    ]
    for packet in packets:
        encode(packet)  # an item that is too long by itself
    return tuple(packets)


def _fits(frame: Frame, area: Sequence[Group], more: int) -> bool:
    size = len(encode_cp(area).encode()) + _AROUND
    head = sum(len(str(value)) for value in (frame.qn, frame.pw, frame.mn) if value is not None)
    # Names, separators, ST, CN and Flag take at most 39 bytes.
    return size <= MAX_CP and head + 39 + more + size <= MAX_SEGMENT


def join(packets: Sequence[Frame]) -> Frame:
    """One frame of all packets of a message, in order; it may be longer than any that could be sent.

    Raises
    ------
    Hj212Error
        If they are not the packets of one message.
    """
    first = packets[0]
    if [packet.pno for packet in packets] != list(range(1, (first.pnum or 0) + 1)):
        raise Hj212Error("parts", f"packets {[packet.pno for packet in packets]} of {first.pnum}")
    area = list(first.cp)
    for packet in packets[1:]:
        if not _same_message(first, packet):
            raise Hj212Error("parts", "packets of different messages")
        area += [group for group in packet.cp if group[0][0] != "DataTime" or group not in area]
    flag = None if first.flag is None else replace(first.flag, parts=False)
    return replace(first, cp=tuple(area), flag=flag, pnum=None, pno=None)


def _same_message(one: Frame, other: Frame) -> bool:
    times = {time for time in (one.value("DataTime"), other.value("DataTime")) if time is not None}
    return _key(one) == _key(other) and len(times) < 2


def _key(frame: Frame) -> tuple[str | None, int | None, int | None, int | None]:
    return frame.mn, frame.st, frame.cn, frame.pnum


class Joiner:
    """Collects packets as they come from one connection and gives whole messages."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str | None, int | None, int | None, int | None], dict[int, Frame]] = OrderedDict()

    def add(self, frame: Frame) -> Frame | None:
        """Take a frame; the message that is whole with it, or None.

        A frame without packet numbers is a message. A packet that contradicts those before it begins a new message.
        """
        if frame.pnum is None or frame.pno is None:
            return frame
        key = _key(frame)
        found = self._open.pop(key, {})
        if any(not _same_message(frame, other) for other in found.values()):
            found = {}
        if frame.pno in found and found[frame.pno].cp != frame.cp:
            found = {}
        found[frame.pno] = frame
        if len(found) == frame.pnum:
            return join([found[number] for number in sorted(found)])
        self._open[key] = found
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return None
