"""Values to registers: what a virtual instrument answers. The inverse of `sensors.decode`."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

from sensors.decode import LAYOUTS, LETTERS
from sensors.profile import Profile, Register
from sensors.reading import StationState


def words(register: Register, raw: float) -> tuple[int, ...]:
    """Registers that carry one raw value, first address first."""
    order, swapped = LAYOUTS[register.order]
    number = raw if register.type.startswith("float") else round(raw)
    data = struct.pack(order + LETTERS[register.type], number)
    return struct.unpack(f"{'<' if swapped else '>'}{register.width}H", data)


def encode(
    profile: Profile, values: Mapping[str, float], state: StationState = StationState.NORMAL
) -> dict[tuple[int, int], int]:
    """Registers of an instrument that measured `values`.

    Parameters
    ----------
    profile : Profile
    values : mapping of str to float
        Keyed by determinand, in the determinand's unit. NaN, or a determinand left out: nothing measured, which a
        float register tells as NaN and an integer register by its first sentinel (0 where it has none).
    state : StationState

    Returns
    -------
    dict of (function, address) to int
    """
    image: dict[tuple[int, int], int] = {}
    for register in profile.registers:
        for i, word in enumerate(words(register, _raw(register, values, state))):
            image[register.function, register.address + i] = word
    return image


def _raw(register: Register, values: Mapping[str, float], state: StationState) -> float:
    if register.name == "state":
        return next((number for number, letter in register.states.items() if letter == state), 0)
    value = values.get(register.name, math.nan)
    if math.isfinite(value):
        return float(f"{(value - register.offset) / register.scale:.12g}")
    if register.type.startswith("float"):
        return math.nan
    return register.sentinels[0] if register.sentinels else 0.0
