"""Decoding of ordinary answers, compiled for one profile: everything was read and nothing objects.

A gateway decodes thousands of blocks between two that are out of the ordinary, so that case is worth a function of its
own: straight code without a loop, in which a value costs one look-up. It says the same as `sensors.decode.Decoder` says
in general, or leaves the answer to it.

Instruments have a resolution, so that the same few hundred raw numbers come again and again: what came of them is
remembered (`Memory`). What is new is made by the arithmetic of `sensors.raw.shortest`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from textwrap import indent
from types import CodeType
from typing import Any, cast

from sensors.determinand import DETERMINANDS
from sensors.profile import Profile, ReadBlock, Register
from sensors.raw import GRID, LAYOUTS, LETTERS, LOWEST, MAGIC, shortest
from sensors.reading import Quality, StationState

Value = tuple[float | None, Quality]
Found = dict[str, Value]
Decode = Callable[[Sequence[Sequence[int] | None]], tuple[Found, StationState]]

#: Value and quality of one register for which nothing else has a say.
Alone = Callable[[Register, float], Value]

#: Most raw numbers that are remembered of a kind of value: more than an instrument with a resolution has in its daily
#: life. A decimal with all the digits that a float32 can tell will not come again and is never remembered.
MOST = 4096

#: What `sensors.raw.shortest` must know of the size of a value: an interval; half the distance of float32 in it; the
#: decimals per unit of the coarse grid, of the raw value and of the result; and both of the fine grid.
_Size = tuple[float, float, float, float, float, float, float]

_NO_SIZE: _Size = (1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0)

#: A result so close to a limit of the plausible range is left to the general way.
_MARGIN = 1e-6

_FUNCTION = """\
def decode(answers):
    try:
        {words} = answers
        if {absent}:
            return general(answers)
{unpacked}
    except WRONG:
        return general(answers)
{guards}
    return {{{found}}}, {state}
"""


def compile_ordinary(
    profile: Profile,
    blocks: Sequence[ReadBlock],
    places: Mapping[str, tuple[int, int]],
    alone: Alone,
    general: Decode,
) -> Decode:
    """Compile the decoding function for a profile and the blocks in which it is read.

    Parameters
    ----------
    profile : Profile
    blocks : sequence of ReadBlock
    places : mapping of str to (int, int)
        Block and word in it of every register that is read.
    alone : callable
        The general way for one value that nothing objects to.
    general : callable
        The general way for all answers; gets what is not ordinary.

    Returns
    -------
    callable
        `general` itself where the profile is never ordinary: it describes itself, or not all of it is read.
    """
    if profile.slots is not None or len(places) < len(profile.registers):
        return general
    if any(r.sentinel_by and not r.statuses for r in profile.registers):
        return general
    return _Compiler(profile, blocks, places, alone, general).function() or general


class _Compiler:
    """Writes the source; the register numbered i has its content in ``v{i}`` and what came of that in ``m{i}``."""

    def __init__(
        self,
        profile: Profile,
        blocks: Sequence[ReadBlock],
        places: Mapping[str, tuple[int, int]],
        alone: Alone,
        general: Decode,
    ) -> None:
        self.profile, self.blocks, self.places, self.alone = profile, blocks, places, alone
        self.number = {register.name: i for i, register in enumerate(profile.registers)}
        self.measured = [register for register in profile.registers if register.name in DETERMINANDS]
        self.orders: dict[str, str] = {}
        self.space: dict[str, Any] = {
            "general": general, "WRONG": (struct.error, TypeError, ValueError), "NORMAL": StationState.NORMAL,
            "FAULT": StationState.FAULT,
        }  # fmt: skip

    def function(self) -> Decode | None:
        """The function; None where the registers that have a say can never all agree."""
        guards = self.guards()
        if guards is None:
            return None
        words = [f"w{b}" for b in range(len(self.blocks))]
        source = _FUNCTION.format(
            words="".join(word + ", " for word in words).strip(),
            absent=" or ".join(word + " is None" for word in words),
            unpacked=indent("\n".join(line for b in range(len(self.blocks)) for line in self.unpacked(b)), " " * 8),
            guards=indent("\n".join(guards), " " * 4),
            found=", ".join(f"{register.name!r}: {self.value(register)}" for register in self.measured),
            state=self.state(),
        )
        exec(_code(source, f"<decoder of {self.profile.id}>"), self.space)
        return cast(Decode, self.space["decode"])

    def guards(self) -> list[str] | None:
        """Lines that go the general way unless all that have a say agree; None where they never all do."""
        agreed: dict[str, frozenset[int]] = {}

        def demand(by: str, numbers: frozenset[int]) -> None:
            agreed[by] = agreed.get(by, numbers) & numbers

        for register in self.profile.registers:
            if register.order_by:
                at_home = [number for number, order in register.orders.items() if order == register.order]
                number = (at_home or list(register.orders))[0]
                self.orders[register.name] = register.orders[number]
                demand(register.order_by, frozenset({number}))
        for register in self.measured:
            for status in register.statuses:
                demand(status.by, status.good)
            if register.unit_by:
                demand(register.unit_by, frozenset({next(iter(register.units))}))
        if not all(agreed.values()):
            return None
        doubts = [f"v{self.number[by]} not in good{self.number[by]}" for by in agreed]
        self.space |= {f"good{self.number[by]}": numbers for by, numbers in agreed.items()}
        # 0 where another register decides whether it is one.
        doubts += [f"v{self.number[r.name]} <= 0" for r in self.measured if r.zero_with]
        return [f"if {doubt}:\n    return general(answers)" for doubt in doubts]

    def unpacked(self, b: int) -> list[str]:
        """Lines that give the registers of a block their names; its answer is checked on the way."""
        block = self.blocks[b]
        here = [r for r in self.profile.registers if self.places[r.name][0] == b and r.count == 1]
        layouts: dict[tuple[str, bool], list[Register]] = {}
        for register in sorted(here, key=lambda r: r.address):
            if register.type in LETTERS:
                layouts.setdefault(LAYOUTS[self.orders.get(register.name, register.order)], []).append(register)
        lines = []
        for k, ((endian, swaps), fields) in enumerate((layouts or {(">", False): []}).items()):
            self.space[f"pack{b}_{k}"] = struct.Struct(f"{'<' if swaps else '>'}{block.count}H").pack
            self.space[f"unpack{b}_{k}"] = struct.Struct(_form(endian, block, fields)).unpack
            names = "".join(f"v{self.number[register.name]}, " for register in fields)
            lines.append(f"{names or '_'} = unpack{b}_{k}(pack{b}_{k}(*w{b}))")
        for register in here:
            if register.type not in (*LETTERS, "string"):
                word = f"w{b}[{self.places[register.name][1]}]"
                lines.append(f"v{self.number[register.name]} = {_part(register, word)}")
        return lines

    def value(self, register: Register) -> str:
        """Expression for what comes of a register's content."""
        i = self.number[register.name]
        scale, offset = next(iter(register.units.values()), (register.scale, register.offset))
        self.space[f"m{i}"] = _memory(register.name, register.type, scale, offset, register.sentinels)
        if register.type == "float32":
            self.space[f"m{i}"].alone = lambda raw: self.alone(register, shortest(raw))
        else:
            self.space[f"m{i}"].alone = partial(self.alone, register)
        return f"m{i}[v{i}]"

    def state(self) -> str:
        """Expression for the station's state."""
        register = next((r for r in self.profile.registers if r.name == "state"), None)
        if register is None:
            return "NORMAL"
        self.space["states"] = dict(register.states)
        return f"states.get(v{self.number['state']}, FAULT)"


class Memory(dict[float, Value]):
    """What came of raw numbers; makes what it does not know.

    Attributes
    ----------
    alone : callable
        The general way for a raw number. What is remembered depends on nothing else, so that any unit's will do.
    """

    alone: Callable[[float], Value]

    def __missing__(self, raw: float) -> Value:
        found = self.alone(raw)
        if len(self) < MOST and math.isfinite(raw):  # a NaN would never be found again
            self[raw] = found
        return found


@lru_cache(maxsize=256)
def _memory(name: str, type_: str, scale: float, offset: float, sentinels: tuple[float, ...]) -> Memory:
    """The memory for a kind of value; the units of a model share it."""
    if type_ != "float32" or offset != 0:
        return Memory()
    above, below = _sizes(name, scale, sentinels)
    frexp, free, nothing = math.frexp, Quality.NOT_EVALUATED, (None, Quality.MISSING)
    room = MOST
    # Of the value before: water changes slowly.
    low, high, half, coarse, told, fine, told_fine = _NO_SIZE

    class Memory32(Memory):
        def __missing__(self, raw: float) -> Value:
            nonlocal room, low, high, half, coarse, told, fine, told_fine
            if not low <= raw < high:
                sizes = above if raw > 0 else below
                low, high, half, coarse, told, fine, told_fine = sizes.get(frexp(raw)[1], _NO_SIZE)
                if not low <= raw < high:
                    return nothing if raw != raw else Memory.__missing__(self, raw)
            steps = raw * coarse + MAGIC - MAGIC
            if not -half < steps / coarse - raw < half:
                return (raw * fine + MAGIC - MAGIC) / told_fine, free
            found = (steps / told, free)
            if room and not steps % 100:
                room -= 1
                self[raw] = found
            return found

    return Memory32()


@lru_cache(maxsize=256)
def _code(source: str, name: str) -> CodeType:
    """Code for a source; the units of one model share it."""
    return compile(source, name, "exec")


def _form(endian: str, block: ReadBlock, fields: Sequence[Register]) -> str:
    """Form of a block in which only some fields matter, for `struct`."""
    form, at = endian, block.address
    for register in fields:
        form += f"{2 * (register.address - at)}x{LETTERS[register.type]}"
        at = register.end
    return form + f"{2 * (block.end - at)}x"


def _part(register: Register, word: str) -> str:
    """Expression for part of a register."""
    match register.type:
        case "uint8_high":
            return f"{word} >> 8"
        case "uint8_low":
            return f"{word} & 255"
        case "bit":
            return f"{word} & 1"
        case _:
            return f"{word} >> {register.bit} & {(1 << register.bits) - 1}"


def _ten(scale: float) -> int | None:
    """Exponent of a power of ten; None for any other number."""
    if scale <= 0:
        return None
    exponent = round(math.log10(scale))
    return exponent if scale == float(f"1e{exponent}") else None


def _sizes(name: str, scale: float, sentinels: tuple[float, ...]) -> tuple[dict[int, _Size], dict[int, _Size]]:
    """Sizes by the exponent of `math.frexp`, of values above and below 0; only of plausible ones."""
    above: dict[int, _Size] = {}
    below: dict[int, _Size] = {}
    ten = _ten(scale)
    if ten is None:
        return above, below
    determinand = DETERMINANDS[name]
    least = (determinand.low + _MARGIN * abs(determinand.low)) / scale
    most = (determinand.high - _MARGIN * abs(determinand.high)) / scale
    told = [_as_float32(sentinel) for sentinel in sentinels]
    for exponent, (half, decimals) in enumerate(GRID, LOWEST):
        places = round(math.log10(decimals)) - ten
        near, far = 2.0 ** (exponent - 1), 2.0**exponent
        if not 0 <= places <= 21:
            continue
        for sizes, low, high in ((above, near, far), (below, math.nextafter(-far, 0), math.nextafter(-near, 0))):
            low, high = max(low, least), min(high, most)
            if low < high and not any(low <= sentinel <= high for sentinel in told):
                sizes[exponent] = low, high, half, decimals, 10.0**places, 10 * decimals, 10.0 ** (places + 1)
    return above, below


def _as_float32(value: float) -> float:
    """The float32 of a decimal, which was checked to have one."""
    return float(struct.unpack(">f", struct.pack(">f", value))[0])
