"""What tests of profiles and decoding need: answers from images, and an oracle of its own."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence

from sensors.decode import Decoder
from sensors.profile import Profile, ReadBlock, Register, plan
from sensors.reading import Quality
from sensors.simulate.encode import Image

Answers = list[list[int] | None]


def answers(profile: Profile, image: Image, blocks: Sequence[ReadBlock] | None = None) -> Answers:
    """What an instrument with these registers answers."""
    return [
        [image.get((block.function, block.address + i), 0) for i in range(block.count)]
        for block in (plan(profile) if blocks is None else blocks)
    ]


def profile_of(*registers: Register) -> Profile:
    return Profile("p", "v", "m", "s", registers)


def one(register: Register, words: Sequence[int]) -> tuple[float | None, Quality]:
    """Value and quality of a register that is alone in its profile."""
    values, _ = Decoder(profile_of(register)).decode([list(words)])
    return values[register.name]


def plain_raw(register: Register, words: Mapping[int, int]) -> float:
    """Raw content of a 16- or 32-bit register, byte by byte: an oracle that shares nothing with `sensors.raw`."""
    data = b"".join(words[register.address + i].to_bytes(2, "big") for i in range(register.width))
    if register.type in ("uint8_high", "uint8_low"):
        return data[register.type == "uint8_low"]
    order = register.order if register.width == 2 else register.order[:2].translate(str.maketrans("CD", "AB"))
    ordered = bytes(data[order.index(letter)] for letter in sorted(order))
    letters = {"float32": ">f", "uint16": ">H", "int16": ">h", "uint32": ">I"}
    return float(struct.unpack(letters[register.type], ordered)[0])


def same(a: object, b: object) -> bool:
    """Equal, NaN equal to itself."""
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    return a == b
