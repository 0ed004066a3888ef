"""One value in an instrument's register map: where it stands, how it is written, what decides whether it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from sensors.reading import Quality, StationState

#: 16-bit registers per element of each type. ``bit`` is a coil or discrete input, ``bits`` a few bits of a register.
WIDTHS: Mapping[str, int] = MappingProxyType(
    {
        "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4,
        "uint8_high": 1, "uint8_low": 1, "bits": 1, "bit": 1, "string": 1,
    }
)  # fmt: skip

#: Byte orders of a 32-bit value, A being the most significant byte. Real probes use all four.
ORDERS = ("ABCD", "CDAB", "DCBA", "BADC")

Combination = Literal["sum", "larger"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far a good instrument may be off, as its data sheet says.

    Attributes
    ----------
    absolute : float
        Part that does not depend on the value [the determinand's unit].
    relative : float
        Part that grows with the value, 0.05 for 5 %.
    combine : {'sum', 'larger'}
        Whether the two add up or the larger one holds.
    """

    absolute: float = 0.0
    relative: float = 0.0
    combine: Combination = "sum"

    def at(self, value: float) -> float:
        """Half width of the interval around a value [the determinand's unit].

        >>> round(Accuracy(0.2, 0.05).at(1.5), 3)
        0.275
        """
        parts = (self.absolute, self.relative * abs(value))
        return sum(parts) if self.combine == "sum" else max(parts)


@dataclass(frozen=True, slots=True)
class Status:
    """How another register judges a value: its mode, its quality number, its error code.

    Attributes
    ----------
    by : str
        Name of the judging register.
    good, fail, missing : frozenset of int
        Its numbers by which the value is good, a number that nobody may use, or no number at all.
    otherwise : Quality
        FAIL or MISSING, for every other number and where the judge could not be read.
    """

    by: str
    good: frozenset[int]
    fail: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()
    otherwise: Quality = Quality.FAIL

    def quality(self, number: int | None) -> Quality:
        """NOT_EVALUATED where the judge has no objection."""
        if number in self.good:
            return Quality.NOT_EVALUATED
        if number in self.fail:
            return Quality.FAIL
        return Quality.MISSING if number in self.missing else self.otherwise


@dataclass(frozen=True, slots=True)
class Register:
    """One value in an instrument's register map.

    Attributes
    ----------
    name : str
        Determinand key, ``state`` for the register that tells the station's state, or ``x_...`` for anything else.
    function : int
        Modbus function that reads it: 3 (holding) or 4 (input); 1 or 2 for type ``bit``.
    address : int
        Zero-based address on the wire.
    type : str
        Key of `WIDTHS`.
    order : str
        One of `ORDERS`.
    scale, offset : float
        The determinand's value is ``raw * scale + offset``, unit conversion included.
    sentinels : tuple of float
        Raw values by which the instrument says "nothing measured".
    states : mapping of int to StationState
        For ``state``: what each raw number means.
    verified : bool
        False where nobody has checked the register against a manual or an instrument.
    count : int
        Registers of a string; elements of a table (see `Slots`).
    bit, bits : int
        For ``bits``: the lowest bit (0 is the least significant of the register) and how many.
    skip : int
        For ``string``: bytes before the text, such as a length byte.
    unit : str
        The instrument's unit, as its manual says.
    unit_by : str
        Register that tells in which unit the value comes; empty where it is always the same.
    units : mapping of int to (float, float)
        For `unit_by`: its number -> scale and offset to the determinand's unit.
    order_by : str
        Register that tells the byte order.
    orders : mapping of int to str
        For `order_by`: its number -> byte order.
    statuses : tuple of Status
        Registers that judge the value; the worst verdict holds.
    sentinel_by : str
        Register with the raw value that stands for "nothing measured" while a status objects.
    zero_with : str
        A value of 0 or less is believed only where this register has 0 or less as well.
    meanings : mapping of int to str
        What the raw numbers of an enumeration mean, for people.
    range : (float, float) or None
        What the instrument can measure [the determinand's unit].
    accuracy : Accuracy or None
    matches : str
        For what identifies an instrument: a regular expression that the text of its value begins with.
    note : str
        What a person should know.
    """

    name: str
    function: int
    address: int
    type: str
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    states: Mapping[int, StationState] = field(default_factory=dict)
    verified: bool = True
    count: int = 1
    bit: int = 0
    bits: int = 1
    skip: int = 0
    unit: str = ""
    unit_by: str = ""
    units: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    order_by: str = ""
    orders: Mapping[int, str] = field(default_factory=dict)
    statuses: tuple[Status, ...] = ()
    sentinel_by: str = ""
    zero_with: str = ""
    meanings: Mapping[int, str] = field(default_factory=dict)
    range: tuple[float, float] | None = None
    accuracy: Accuracy | None = None
    matches: str = ""
    note: str = ""

    @property
    def width(self) -> int:
        """Number of 16-bit registers (of bits for type ``bit``)."""
        return WIDTHS[self.type] * self.count

    @property
    def end(self) -> int:
        """First address after this value."""
        return self.address + self.width

    @property
    def mask(self) -> int:
        """Bits that it occupies in each of its registers."""
        match self.type:
            case "uint8_high":
                return 0xFF00
            case "uint8_low":
                return 0x00FF
            case "bits":
                return ((1 << self.bits) - 1) << self.bit
            case _:
                return 0xFFFF


@dataclass(frozen=True, slots=True)
class SlotKind:
    """What one code of a self-describing instrument stands for; attributes as in `Register`."""

    code: int
    name: str
    unit: str
    scale: float
    offset: float
    verified: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Slots:
    """Tables of an instrument that says itself what stands where: the same index in each is one slot.

    Attributes
    ----------
    codes, values : str
        Registers with the code and the value of every slot.
    kinds : tuple of SlotKind
        What the codes mean. Where several slots have the same determinand, the kind that comes first is preferred.
    unused : int or None
        The code after which there are no more slots.
    status : Status or None
        Judged by a table of its own, slot by slot.
    """

    codes: str
    values: str
    kinds: tuple[SlotKind, ...]
    unused: int | None = 0
    status: Status | None = None
