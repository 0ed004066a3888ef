"""Words to raw numbers and back, over every type and byte order; and the shortest decimal."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sensors.raw import GRID, HIGHEST, LETTERS, LOWEST, _shortest_by_text, read, scaler, shortest
from sensors.register import ORDERS, Register
from sensors.simulate.encode import words

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
#: What a probe may tell: the range in which `shortest` is arithmetic.
SIZED = st.floats(width=32, min_value=2.0**-20, max_value=2.0**24, exclude_max=True)


def widened(value: float) -> float:
    return float(struct.unpack(">f", struct.pack(">f", value))[0])


@given(FLOATS)
@example(-0.0)
@example(widened(3.4028235e38))
@example(1e-45)
def test_shortest_maps_back_to_the_same_float32(value: float) -> None:
    assert struct.pack(">f", shortest(value)) == struct.pack(">f", value)


@given(SIZED)
@example(2.0**-20)
@example(8388607.5)
@example(widened(9.1))
@example(widened(8192.01))
def test_arithmetic_finds_the_decimal_that_text_finds(value: float) -> None:
    assert shortest(value) == _shortest_by_text(value)
    assert shortest(-value) == _shortest_by_text(-value)


@given(SIZED, st.integers(1, 6))
def test_a_decimal_of_six_digits_survives_a_float32(value: float, digits: int) -> None:
    printed = float(f"{value:.{digits}g}")
    assert shortest(widened(printed)) == printed


def test_the_coarse_grid_is_unambiguous_and_the_next_always_enough() -> None:
    for exponent, (half, decimals) in enumerate(GRID, LOWEST):
        assert 1 / decimals >= 2 * half, exponent
        assert 0.1 / decimals < 2 * half, exponent
    assert exponent == HIGHEST


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_so(value: float) -> None:
    assert str(shortest(value)) == str(value)


@pytest.mark.parametrize(
    ("order", "registers"),
    [("ABCD", [0x41BC, 0]), ("CDAB", [0, 0x41BC]), ("DCBA", [0, 0xBC41]), ("BADC", [0xBC41, 0])],
)
def test_the_four_orders_of_a_float(order: str, registers: list[int]) -> None:
    register = Register("x_a", 3, 0, "float32", order)
    assert read(register, registers) == 23.5
    assert list(words(register, 23.5)) == registers


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        ("ABCD", [0x0102, 0x0304, 0x0506, 0x0708]), ("CDAB", [0x0708, 0x0506, 0x0304, 0x0102]),
        ("DCBA", [0x0807, 0x0605, 0x0403, 0x0201]), ("BADC", [0x0201, 0x0403, 0x0605, 0x0807]),
    ],
)  # fmt: skip
def test_the_four_orders_of_eight_bytes(order: str, registers: list[int]) -> None:
    assert read(Register("x_a", 3, 0, "uint64", order), registers) == 0x0102030405060708


@given(st.sampled_from(ORDERS), st.sampled_from(sorted(LETTERS)), st.integers(1, 4), st.data())
def test_every_type_order_and_table_round_trips(order: str, type_: str, count: int, data: st.DataObject) -> None:
    register = Register("x_a", 3, 5, type_, order, count=count)
    numbers: st.SearchStrategy[float] = st.integers(*bounds(type_))
    if type_.startswith("float"):
        numbers = FLOATS.map(shortest) if type_ == "float32" else st.floats(allow_nan=False)
    raw = tuple(data.draw(st.lists(numbers, min_size=count, max_size=count)))
    sent = words(register, raw if count > 1 else raw[0])
    assert len(sent) == register.width
    assert read(register, sent) == (raw if count > 1 else raw[0])


def bounds(type_: str) -> tuple[int, int]:
    bits = int(type_.lstrip("uintfloa"))
    return (0, 2**bits - 1) if type_.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


@given(st.sampled_from(["uint8_high", "uint8_low"]), st.integers(0, 255), st.integers(0, 0xFFFF))
def test_bytes_of_a_register(type_: str, raw: int, others: int) -> None:
    register = Register("x_a", 3, 0, type_)
    [word] = words(register, raw)
    assert word & ~register.mask == 0
    assert read(register, [word | others & ~register.mask]) == raw


@given(st.integers(0, 15), st.data())
def test_bits_of_a_register(bit: int, data: st.DataObject) -> None:
    bits = data.draw(st.integers(1, 16 - bit))
    raw, others = data.draw(st.integers(0, 2**bits - 1)), data.draw(st.integers(0, 0xFFFF))
    register = Register("x_a", 3, 0, "bits", bit=bit, bits=bits)
    [word] = words(register, raw)
    assert read(register, [word | others & ~register.mask]) == raw


def test_a_coil_is_a_bit() -> None:
    register = Register("x_pump", 1, 0, "bit")
    assert (read(register, [1]), read(register, [0]), words(register, 1)) == (1, 0, (1,))


@pytest.mark.parametrize(
    ("data", "skip", "text"),
    [
        (b"\x09YL0916112101\0", 1, "YL0916112101"), (b")YL2916112101\0", 1, "YL2916112101"),
        (b"SN 17          ", 0, "SN 17"), (b"AB\0CD\0", 0, "AB"), (b"A\xffB\x07", 0, "A?B?"), (b"\0\0\0\0", 0, ""),
    ],
)  # fmt: skip
def test_texts_end_at_their_padding(data: bytes, skip: int, text: str) -> None:
    data += b"\0" * (len(data) % 2)
    register = Register("x_text", 3, 0, "string", count=len(data) // 2, skip=skip)
    assert read(register, struct.unpack(f">{len(data) // 2}H", data)) == text


@given(st.text("ABCxyz0189-", max_size=12), st.integers(0, 2))
def test_a_text_round_trips(text: str, skip: int) -> None:
    register = Register("x_text", 3, 0, "string", count=7, skip=skip)
    assert read(register, words(register, text)) == text


@pytest.mark.parametrize(
    ("type_", "raw", "scale", "offset", "value"),
    [
        ("uint16", 729, 0.01, 0.0, 7.29), ("int16", -15, 0.1, 0.0, -1.5), ("uint16", 3, 1000.0, 0.0, 3000.0),
        ("float32", 0.285, 1000.0, 0.0, 285.0), ("float32", 4.1, 0.01, 0.0, 0.041),
        ("float32", 32.0, 5 / 9, -160 / 9, 0.0), ("float32", 68.0, 5 / 9, -160 / 9, 20.0),
        ("uint64", 12345678901234567, 0.1, 0.0, 1234567890123456.7),
        ("uint32", 7, 0.25, 1.0, 2.75),
    ],
)  # fmt: skip
def test_scaling_leaves_no_binary_noise(type_, raw, scale, offset, value) -> None:
    assert scaler(Register("x_a", 3, 0, type_), scale, offset)(raw) == value


def test_words_of_another_length_are_refused() -> None:
    with pytest.raises(struct.error):
        read(Register("x_a", 3, 0, "float32"), [1])
