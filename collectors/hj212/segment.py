"""The data segment of HJ 212-2017 and what it says; pure functions, strict when they read.

A segment is ``QN=..;ST=..;CN=..;PW=..;MN=..;Flag=..;PNUM=..;PNO=..;CP=&&..&&``; the data area between the ``&&`` has
``NAME=VALUE`` pairs, a comma between those that belong together and a semicolon between groups.

The version number of HJ 212-2025 in the flag is unverified: it was seen in other programs, not in the standard's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sensors.errors import RiverChiefError

#: Longest data area between ``&&`` and ``&&`` [bytes].
MAX_CP = 950

#: Number of the standard in the flag. That of 2025 is unverified.
VERSION_2005, VERSION_2017, VERSION_2025 = 0, 1, 2

#: One name and one value, e.g. ``("w01001-Rtd", "7.42")``.
Pair = tuple[str, str]

#: Pairs that belong together, separated by commas on the wire; groups are separated by semicolons.
Group = tuple[Pair, ...]


class Hj212Error(RiverChiefError):
    """A frame that is refused.

    Attributes
    ----------
    reason : str
        One word for counting: ``header``, ``length``, ``trailer``, ``crc``, ``charset``, ``segment``, the name of the
        field that is wrong (``QN``, ``ST``, ``CN``, ``PW``, ``MN``, ``Flag``, ``PNUM``, ``PNO``, ``CP``), ``garbage``
        for bytes between frames, ``time`` or ``parts`` for content.
    data : bytes
        What was refused, as far as is known.
    """

    def __init__(self, reason: str, detail: str, data: bytes = b"") -> None:
        self.reason, self.data = reason, data
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag byte: ``V5 V4 V3 V2 V1 V0 D A``.

    Attributes
    ----------
    version : int
        0 for 2005, 1 for 2017, 2 for 2025 (unverified); up to 63.
    parts : bool
        Whether packet numbers are there (D).
    answer : bool
        Whether an answer is wanted (A).

    Examples
    --------
    >>> Flag.of(7), int(Flag(version=1, answer=True))
    (Flag(version=1, parts=True, answer=True), 5)
    """

    version: int = VERSION_2017
    parts: bool = False
    answer: bool = False

    @classmethod
    def of(cls, number: int) -> Flag:
        """Take a flag byte apart."""
        return cls(number >> 2, bool(number & 2), bool(number & 1))

    def __int__(self) -> int:
        return self.version << 2 | self.parts << 1 | self.answer


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame says. All None and no data area: an empty segment, which some devices send to keep a line open.

    Attributes
    ----------
    cn : int or None
        Command; see `collectors.hj212.codes`.
    cp : tuple of Group
        The data area.
    qn : str or None
        Name of the exchange, ``YYYYMMDDhhmmsszzz``. Required by the standard; some devices leave it out.
    st : int or None
        System: 21 surface water, 91 answers.
    pw, mn : str or None
        Password; number of the device.
    flag : Flag or None
        Required by the standard; some devices leave it out.
    pnum, pno : int or None
        How many packets the message has and which one this is, from 1.
    """

    cn: int | None = None
    cp: tuple[Group, ...] = ()
    qn: str | None = None
    st: int | None = None
    pw: str | None = None
    mn: str | None = None
    flag: Flag | None = None
    pnum: int | None = None
    pno: int | None = None

    @property
    def pairs(self) -> Iterator[Pair]:
        """Every pair of the data area."""
        return (pair for group in self.cp for pair in group)

    def value(self, name: str) -> str | None:
        """Value of the first pair of that name; names are case-sensitive."""
        return next((value for found, value in self.pairs if found == name), None)

    @property
    def wants_answer(self) -> bool:
        """Whether the other side waits for an answer."""
        return self.flag is not None and self.flag.answer


def encode_cp(groups: Iterable[Group]) -> str:
    """Data area as text, without the ``&&`` around it."""
    return ";".join(",".join(f"{name}={value}" for name, value in group) for group in groups)


def encode_segment(frame: Frame) -> bytes:
    """Frame as a data segment.

    Raises
    ------
    Hj212Error
        If a reader as strict as `parse_segment` would not read the same frame again.
    """
    segment = _segment_text(frame).encode()
    if parse_segment(segment) != frame:
        raise Hj212Error("segment", f"{frame!r} cannot be written", segment)
    return segment


def _segment_text(frame: Frame) -> str:
    if frame == Frame():
        return ""
    flag = None if frame.flag is None else int(frame.flag)
    st = None if frame.st is None else f"{frame.st:02d}"
    fields = {
        "QN": frame.qn, "ST": st, "CN": frame.cn, "PW": frame.pw, "MN": frame.mn, "Flag": flag,
        "PNUM": frame.pnum, "PNO": frame.pno,
    }  # fmt: skip
    head = "".join(f"{name}={value};" for name, value in fields.items() if value is not None)
    return f"{head}CP=&&{encode_cp(frame.cp)}&&"


_SEGMENT = re.compile(r"((?:[A-Za-z]+=[^;&]*;)*)CP=&&([^&]*)&&")
_PAIR = re.compile(r"([0-9A-Za-z_-]{1,64})=([^;,=&\x00-\x1f\x7f]*)")

#: What each field may look like. Numbers of devices are 24 hexadecimal digits in the standard and anything in the
#: field; passwords have six characters in the standard.
_FIELDS = {
    "QN": re.compile(r"[0-9]{17}"),
    "ST": re.compile(r"[0-9]{2}"),
    "CN": re.compile(r"[0-9]{4}"),
    "PW": re.compile(r"[0-9A-Za-z!$%*+./:?@^_~-]{1,32}"),
    "MN": re.compile(r"[0-9A-Za-z._-]{1,32}"),
    "Flag": re.compile(r"[0-9]{1,3}"),
    "PNUM": re.compile(r"0{0,3}[1-9][0-9]{0,3}"),
    "PNO": re.compile(r"0{0,3}[1-9][0-9]{0,3}"),
}


def parse_segment(segment: bytes) -> Frame:
    """Read a data segment.

    Fields may come in any order (devices differ), each at most once. Without ``QN`` or ``Flag`` a segment is taken,
    because devices in the field leave them out; every other field is required.

    Raises
    ------
    Hj212Error
        With the name of the field that is wrong, or ``segment`` or ``charset``.
    """
    if not segment:
        return Frame()
    try:
        text = segment.decode()
    except UnicodeDecodeError as error:
        raise Hj212Error("charset", f"{error}; accepted: UTF-8", segment) from None
    whole = _SEGMENT.fullmatch(text)
    if not whole:
        raise Hj212Error("segment", f"found {text!r:.200}; accepted: NAME=VALUE;...CP=&&...&&", segment)
    head, area = whole.groups()
    if len(area.encode()) > MAX_CP:
        raise Hj212Error("CP", f"{len(area.encode())} bytes; accepted: up to {MAX_CP}", segment)
    fields = _fields(head, segment)
    flag = _flag(fields, segment)
    numbers = {name: int(fields[name]) if name in fields else None for name in ("CN", "ST", "PNUM", "PNO")}
    cp = _groups(area, segment)
    return Frame(
        numbers["CN"], cp, fields.get("QN"), numbers["ST"], fields["PW"], fields["MN"],
        flag, numbers["PNUM"], numbers["PNO"],
    )  # fmt: skip


def _fields(head: str, segment: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for field in head.split(";")[:-1]:
        name, _, value = field.partition("=")
        if name not in _FIELDS or name in fields:
            raise Hj212Error("segment", f"field {name!r:.40} is unknown or there twice", segment)
        if not _FIELDS[name].fullmatch(value):
            raise Hj212Error(name, f"found {value!r:.40}; accepted: {_FIELDS[name].pattern}", segment)
        fields[name] = value
    for name in ("ST", "CN", "PW", "MN"):
        if name not in fields:
            raise Hj212Error(name, "it is missing", segment)
    return fields


def _flag(fields: dict[str, str], segment: bytes) -> Flag | None:
    """The flag, in agreement with the packet numbers."""
    pnum, pno = fields.get("PNUM"), fields.get("PNO")
    if (pnum is None) != (pno is None):
        raise Hj212Error("PNO" if pno is None else "PNUM", "one without the other", segment)
    if pnum is not None and pno is not None and int(pno) > int(pnum):
        raise Hj212Error("PNO", f"packet {pno} of {pnum}", segment)
    if "Flag" not in fields:
        return None
    number = int(fields["Flag"])
    if number > 255:
        raise Hj212Error("Flag", f"found {number}; accepted: 0 to 255", segment)
    flag = Flag.of(number)
    if flag.parts != (pnum is not None):
        raise Hj212Error("Flag", f"found {number} with packet numbers {pnum}, {pno}", segment)
    return flag


def _groups(area: str, segment: bytes) -> tuple[Group, ...]:
    if not area.strip(" "):
        return ()
    return tuple(tuple(_pair(pair, segment) for pair in group.split(",")) for group in area.split(";"))


def _pair(text: str, segment: bytes) -> Pair:
    found = _PAIR.fullmatch(text)
    if not found:
        raise Hj212Error("CP", f"found {text!r:.80}; accepted: NAME=VALUE", segment)
    return found.group(1), found.group(2)
