"""Registers to values: what an instrument's answer means, with a quality for everything that is not a number.

A float32 register decodes to the shortest decimal that maps to the same float32: the probe's 0.1 is 0.1 and not
0.10000000149. Limits of the water standard are inclusive, so that difference would change classes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence

from sensors.determinand import DETERMINANDS
from sensors.profile import Profile, Register, plan
from sensors.reading import Quality, StationState

#: struct letters of the register types.
LETTERS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip

#: Order -> (byte order of the value, whether the bytes of every register are swapped first).
LAYOUTS = {"ABCD": (">", False), "DCBA": ("<", False), "CDAB": ("<", True), "BADC": (">", True)}

_FLOAT32 = struct.Struct(">f")

#: Digits that survive scaling: more than a float32 carries, fewer than binary rounding noise.
_SCALED_DIGITS = 12


def shortest(value: float) -> float:
    """Shortest decimal that maps to the same float32.

    Parameters
    ----------
    value : float
        A float32 widened to a double.

    Examples
    --------
    >>> shortest(0.10000000149011612)
    0.1
    """
    if not math.isfinite(value) or value == 0:
        return value
    packed = _FLOAT32.pack(value)
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        try:
            if _FLOAT32.pack(candidate) == packed:
                return candidate
        except OverflowError:  # rounding the largest float32 up leaves its range
            continue
    return float(f"{value:.9g}")


def _reader(register: Register, block_address: int) -> Callable[[bytes, bytes], float]:
    order, swapped = LAYOUTS[register.order]
    unpack = struct.Struct(order + LETTERS[register.type]).unpack_from
    at = 2 * (register.address - block_address)
    if register.type == "float32":
        return lambda plain, swap: shortest(unpack(swap if swapped else plain, at)[0])
    return lambda plain, swap: unpack(swap if swapped else plain, at)[0]


class Decoder:
    """Decodes the answers to the reads of `sensors.profile.plan`.

    Parameters
    ----------
    profile : Profile

    Examples
    --------
    >>> from sensors.profile import load_profiles
    >>> decoder = Decoder(load_profiles()["yosemitech_y4000"])
    >>> words = [0x0000, 0xBC41] * 7
    >>> values, state = decoder.decode([words])
    >>> values["dissolved_oxygen"], state
    ((23.5, <Quality.NOT_EVALUATED: 2>), <StationState.NORMAL: 'N'>)
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.blocks = plan(profile)
        self._packers = [(struct.Struct(f">{b.count}H"), struct.Struct(f"<{b.count}H")) for b in self.blocks]
        self._fields = [
            [
                (register, _reader(register, block.address))
                for register in profile.registers
                if register.function == block.function
                and block.address <= register.address < block.address + block.count
            ]
            for block in self.blocks
        ]

    def decode(
        self, answers: Sequence[Sequence[int] | None]
    ) -> tuple[dict[str, tuple[float | None, Quality]], StationState]:
        """Turn the answers into values.

        Parameters
        ----------
        answers : sequence of (sequence of int or None)
            One per block of the plan, in its order; None where the block could not be read.

        Returns
        -------
        values : dict of str to (float or None, Quality)
            Keyed by determinand. MISSING without a value where the instrument says that it measured nothing;
            FAIL, value kept, outside the determinand's plausible range.
        state : StationState
            NORMAL unless the instrument says otherwise; COMMUNICATION where no block could be read.

        Raises
        ------
        ValueError
            If an answer has another length than its block: the caller let a wrong answer through.
        """
        found: dict[str, tuple[float | None, Quality]] = {}
        state = StationState.NORMAL if any(a is not None for a in answers) else StationState.COMMUNICATION
        for block, packers, fields, words in zip(self.blocks, self._packers, self._fields, answers, strict=True):
            if words is None:
                found.update({r.name: (None, Quality.MISSING) for r, _ in fields if r.name in DETERMINANDS})
                continue
            if len(words) != block.count:
                raise ValueError(f"{len(words)} registers for a read of {block.count} at {block.address}")
            plain, swap = packers[0].pack(*words), packers[1].pack(*words)
            for register, read in fields:
                raw = read(plain, swap)
                if register.name == "state":
                    # A number that the map does not know is no reason to trust the values.
                    state = register.states.get(int(raw), StationState.FAULT)
                elif register.name in DETERMINANDS:
                    found[register.name] = self._value(register, raw)
        ordered = {name: found[name] for name in self.profile.determinands}
        return ordered, state

    @staticmethod
    def _value(register: Register, raw: float) -> tuple[float | None, Quality]:
        if not math.isfinite(raw) or raw in register.sentinels:
            return None, Quality.MISSING
        value = float(raw)
        if register.scale != 1.0 or register.offset != 0.0:
            value = float(f"{value * register.scale + register.offset:.{_SCALED_DIGITS}g}")
        determinand = DETERMINANDS[register.name]
        inside = determinand.low <= value <= determinand.high
        return value, Quality.NOT_EVALUATED if inside else Quality.FAIL
