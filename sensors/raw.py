"""Registers to raw numbers and texts: types, byte orders, and the decimal that an instrument meant.

A float32 register is read as the shortest decimal that maps to the same float32: the probe's 0.1 is 0.1 and not
0.10000000149. Limits of the water standard are inclusive, so that difference would change classes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence

from sensors.register import Register

#: What a register holds: a number, a text, or the numbers of a table.
Raw = float | str | tuple[float, ...]

#: Gets the words of a block, its bytes in the order of the wire, and the same with the bytes of each word swapped.
Reader = Callable[[Sequence[int], bytes, bytes], Raw]

#: struct letters of the register types.
LETTERS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip

#: Order -> (byte order of the value, whether the bytes of every register are swapped first).
LAYOUTS = {"ABCD": (">", False), "DCBA": ("<", False), "CDAB": ("<", True), "BADC": (">", True)}

#: Adding and subtracting it rounds a float below 2**51 to a whole number, half to even: much cheaper than `round`.
MAGIC = 1.5 * 2.0**52

#: Exponents (of `math.frexp`) for which the arithmetic of `GRID` is exact: about 1e-6 to 1.6e7.
LOWEST, HIGHEST = -19, 24

_FLOAT32 = struct.Struct(">f")

#: Digits that survive scaling: more than any probe has, fewer than binary rounding noise.
_SCALED_DIGITS = 14


def _grid(exponent: int) -> tuple[float, float]:
    """Half the distance of neighbouring float32, and the coarsest power of ten that tells them apart at most once.

    Decimals of that grid are further apart than the float32, so that at most one of them maps to a given float32, and
    every shorter decimal lies on the grid too; decimals of the next finer grid are closer, so that one always does.
    """
    places = max(k for k in range(16) if 10**k <= 2 ** (24 - exponent))
    return 2.0 ** (exponent - 25), 10.0**places


#: Of each exponent from `LOWEST` on: half the distance of neighbouring float32, decimals per unit.
GRID = tuple(_grid(exponent) for exponent in range(LOWEST, HIGHEST + 1))


def shortest(value: float) -> float:
    """Shortest decimal that maps to the same float32.

    Parameters
    ----------
    value : float
        A float32 widened to a double.

    Notes
    -----
    See `GRID`: at most two roundings instead of up to four conversions to text and back.

    Examples
    --------
    >>> shortest(0.10000000149011612)
    0.1
    """
    exponent = math.frexp(value)[1]
    if not LOWEST <= exponent <= HIGHEST or not math.isfinite(value) or value == 0:
        return _shortest_by_text(value)
    half, scale = GRID[exponent - LOWEST]
    decimal = (value * scale + MAGIC - MAGIC) / scale
    if -half < decimal - value < half:
        return decimal
    scale *= 10
    return (value * scale + MAGIC - MAGIC) / scale


def _shortest_by_text(value: float) -> float:
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


def scaler(register: Register, scale: float, offset: float) -> Callable[[float], float]:
    """Function from a register's raw number to ``raw * scale + offset`` without binary noise: 729 * 0.01 is 7.29."""
    if scale == 1 and offset == 0:
        return float
    divisor = float(f"{1 / scale:.15g}")
    if not register.type.startswith("float") and offset == 0 and divisor == int(divisor) and abs(divisor) < 1e15:
        return lambda raw: raw / divisor
    noise = 1e-13 * abs(offset)

    def scaled(raw: float) -> float:
        value = raw * scale + offset
        return float(f"{value:.{_SCALED_DIGITS}g}") if abs(value) > noise else 0.0

    return scaled


def reader(register: Register, at: int, order: str | None = None) -> Reader:
    """Function that reads a register from a block.

    Parameters
    ----------
    register : Register
    at : int
        Its first word in the block.
    order : str, optional
        Byte order, where it is not the register's own.
    """
    match register.type:
        case "bit":
            return lambda words, plain, swapped: words[at] & 1
        case "uint8_high":
            return lambda words, plain, swapped: words[at] >> 8
        case "uint8_low":
            return lambda words, plain, swapped: words[at] & 0xFF
        case "bits":
            mask = (1 << register.bits) - 1
            return lambda words, plain, swapped: words[at] >> register.bit & mask
        case "string":
            start, end = 2 * at + register.skip, 2 * (at + register.count)
            return lambda words, plain, swapped: _text(plain[start:end])
    endian, swaps = LAYOUTS[order or register.order]
    letters = struct.Struct(f"{endian}{register.count}{LETTERS[register.type]}")
    unpack, first = letters.unpack_from, 2 * at
    if register.type == "float32":
        if register.count > 1:
            return lambda words, plain, swapped: tuple(map(shortest, unpack(swapped if swaps else plain, first)))
        return lambda words, plain, swapped: shortest(unpack(swapped if swaps else plain, first)[0])
    if register.count > 1:
        return lambda words, plain, swapped: unpack(swapped if swaps else plain, first)
    return lambda words, plain, swapped: unpack(swapped if swaps else plain, first)[0]


def _text(data: bytes) -> str:
    """Printable ASCII up to the padding; what is not ASCII is shown as a question mark."""
    text = data.split(b"\0", 1)[0].decode("ascii", "replace").replace("\ufffd", "?")
    return "".join(c if c.isprintable() else "?" for c in text).strip()


def read(register: Register, words: Sequence[int], order: str | None = None) -> Raw:
    """Raw content of a register that was read alone.

    Raises
    ------
    struct.error
        If `words` are not as many as the register has.

    Examples
    --------
    >>> read(Register("x_mode", 3, 8, "uint16"), [1])
    1
    """
    n = len(words) if register.width == len(words) else register.width
    plain, swapped = struct.pack(f">{n}H", *words), struct.pack(f"<{n}H", *words)
    return reader(register, 0, order)(words, plain, swapped)
