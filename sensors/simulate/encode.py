"""Values to registers: what a virtual instrument answers. The inverse of `sensors.decode`."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sensors.determinand import DETERMINANDS
from sensors.profile import Profile, Register
from sensors.raw import LAYOUTS, LETTERS, Raw
from sensors.reading import StationState
from sensors.register import Slots

#: Word by (function, address).
Image = dict[tuple[int, int], int]


def words(register: Register, raw: Raw, order: str | None = None) -> tuple[int, ...]:
    """Registers that carry one raw value, first address first; bits that belong to others are 0.

    Parameters
    ----------
    register : Register
    raw : float, str, or tuple of float
        A whole number beyond what the register can hold becomes the nearest that it can.
    order : str, optional
        Byte order, where it is not the register's own.
    """
    if isinstance(raw, str):
        data = (bytes(register.skip) + raw.encode("ascii", "replace"))[: 2 * register.count]
        return struct.unpack(f">{register.count}H", data.ljust(2 * register.count, b"\0"))
    if register.type not in LETTERS:
        shift = {"uint8_high": 8, "bits": register.bit}.get(register.type, 0)
        most = {"bit": 1, "bits": (1 << register.bits) - 1}.get(register.type, 0xFF)
        return (min(max(round(_one(raw)), 0), most) << shift,)
    endian, swaps = LAYOUTS[order or register.order]
    letter = LETTERS[register.type]
    numbers = raw if isinstance(raw, tuple) else (raw,) + (0.0,) * (register.count - 1)
    if letter not in "fd":
        bits = 8 * struct.calcsize(letter)
        low, high = (0, 2**bits - 1) if letter.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        numbers = tuple(min(max(round(number), low), high) for number in numbers)
    data = struct.pack(f"{endian}{register.count}{letter}", *numbers)
    return struct.unpack(f"{'<' if swaps else '>'}{register.width}H", data)


def encode(
    profile: Profile,
    values: Mapping[str, float],
    state: StationState = StationState.NORMAL,
    others: Mapping[str, Raw] | None = None,
) -> Image:
    """Registers of an instrument that measured `values`.

    Parameters
    ----------
    profile : Profile
    values : mapping of str to float
        Keyed by determinand, in the determinand's unit. NaN, or a determinand left out: nothing measured, which the
        instrument tells by its status register where the profile has one for this value alone, by its sentinel, or by
        NaN (0 where its registers hold whole numbers and it has no sentinel).
    state : StationState
    others : mapping of str to Raw, optional
        Raw content of other registers: a mode, an error code. Left out, they object to nothing.

    Returns
    -------
    dict of (function, address) to int
    """
    raws, orders = _agreeing(profile)
    for register in profile.registers:
        if register.name == "state":
            raws["state"] = next((number for number, letter in register.states.items() if letter == state), 0)
        elif register.name in DETERMINANDS:
            value = values.get(register.name, math.nan)
            raws[register.name] = _raw(register, value) if math.isfinite(value) else _nothing(profile, register, raws)
    if profile.slots is not None:
        raws |= _slots(profile.slots, values, {r.name: r.count for r in profile.registers})
    for register in profile.registers:
        if others is not None and register.order_by in others:
            orders[register.name] = register.orders.get(int(_one(others[register.order_by])), register.order)
    return _image(profile.registers, raws | dict(others or {}), orders)


def encode_extras(profile: Profile, contents: Mapping[str, Raw]) -> Image:
    """Registers that a poll does not read: serial number, version; all that are left out are 0."""
    return _image(profile.extras, contents, {})


def _image(registers: Iterable[Register], raws: Mapping[str, Raw], orders: Mapping[str, str]) -> Image:
    image: Image = {}
    for register in registers:
        order = orders.get(register.name)
        for i, word in enumerate(words(register, raws.get(register.name, 0.0), order)):
            at = register.function, register.address + i
            image[at] = image.get(at, 0) | word
    return image


def _agreeing(profile: Profile) -> tuple[dict[str, Raw], dict[str, str]]:
    """Content of the registers that have a say, so that they object to nothing; byte orders that follow from it."""
    agreed: dict[str, frozenset[int]] = {}
    orders: dict[str, str] = {}
    for register in profile.registers:
        demands = [(status.by, status.good) for status in register.statuses]
        if register.unit_by:
            demands.append((register.unit_by, frozenset({next(iter(register.units))})))
        if register.order_by:
            at_home = [number for number, order in register.orders.items() if order == register.order]
            number = (at_home or list(register.orders))[0]
            orders[register.name] = register.orders[number]
            demands.append((register.order_by, frozenset({number})))
        for by, numbers in demands:
            agreed[by] = agreed.get(by, numbers) & numbers
    return {by: min(numbers) for by, numbers in agreed.items() if numbers}, orders


def _raw(register: Register, value: float) -> float:
    scale, offset = next(iter(register.units.values()), (register.scale, register.offset))
    return float(f"{(value - offset) / scale:.12g}")


def _nothing(profile: Profile, register: Register, raws: dict[str, Raw]) -> float:
    """Raw content of a register that measured nothing; its own status register is told as well."""
    judging = Counter(status.by for r in profile.registers for status in r.statuses)
    for status in register.statuses:
        if status.missing and judging[status.by] == 1:
            raws[status.by] = min(status.missing)
            return register.sentinels[0] if register.sentinels else 0.0
    if register.type.startswith("float"):
        return math.nan
    return register.sentinels[0] if register.sentinels else 0.0


def _slots(slots: Slots, values: Mapping[str, float], counts: Mapping[str, int]) -> dict[str, Raw]:
    """Tables of a self-describing instrument that has a slot for every value it was given, also for a NaN."""
    kinds = {kind.name: kind for kind in reversed(slots.kinds)}
    carried = [kind for kind in kinds.values() if kind.name in values][: counts[slots.codes]]
    carried.sort(key=slots.kinds.index)
    numbers = [float(f"{(values[kind.name] - kind.offset) / kind.scale:.12g}") for kind in carried]
    raws: dict[str, Raw] = {
        slots.codes: _table([kind.code for kind in carried], counts[slots.codes], slots.unused or 0),
        slots.values: _table(numbers, counts[slots.codes], 0.0),
    }
    if slots.status is not None:
        status, good = slots.status, min(slots.status.good)
        absent = min(status.missing, default=good)
        judged = [good if math.isfinite(number) else absent for number in numbers]
        raws[status.by] = _table(judged, counts[slots.codes], absent)
    return raws


def _table(numbers: Sequence[float], count: int, rest: float) -> tuple[float, ...]:
    return tuple(numbers) + (rest,) * (count - len(numbers))


def _one(raw: Raw) -> float:
    assert not isinstance(raw, str | tuple), "one number, not a text or a table"
    return raw
