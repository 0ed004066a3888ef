"""Registers to values and back, against vectors of real probes and over every type and order."""

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.decode import Decoder, shortest
from sensors.profile import ORDERS, WIDTHS, Profile, Register, load_profiles
from sensors.reading import Quality, StationState
from sensors.simulate.encode import encode, words

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def one(register: Register, registers: list[int]) -> tuple[float | None, Quality]:
    values, _ = Decoder(Profile("p", "v", "m", "s", (register,))).decode([registers])
    return values[register.name]


@given(FLOATS)
def test_shortest_maps_back_to_the_same_float32(value: float) -> None:
    assert struct.pack(">f", shortest(value)) == struct.pack(">f", value)


@given(st.decimals(min_value=0, max_value=9999, places=3))
def test_a_short_decimal_survives_a_float32(decimal: object) -> None:
    printed = float(f"{float(str(decimal)):.6g}")
    (widened,) = struct.unpack(">f", struct.pack(">f", printed))
    assert shortest(widened) == printed


def test_the_largest_float32_is_itself() -> None:
    largest = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]
    assert struct.pack(">f", shortest(largest)) == b"\x7f\x7f\xff\xff"


@pytest.mark.parametrize(
    ("order", "registers"),
    [("ABCD", [0x41BC, 0]), ("CDAB", [0, 0x41BC]), ("DCBA", [0, 0xBC41]), ("BADC", [0xBC41, 0])],
)
def test_the_four_orders_of_a_float(order: str, registers: list[int]) -> None:
    register = Register("turbidity", 3, 0, "float32", order)
    assert one(register, registers) == (23.5, Quality.NOT_EVALUATED)
    assert list(words(register, 23.5)) == registers


@given(st.sampled_from(ORDERS), st.sampled_from(sorted(WIDTHS)), st.data())
def test_every_type_and_order_round_trips(order: str, type_: str, data: st.DataObject) -> None:
    raw = data.draw(FLOATS.filter(lambda x: abs(x) < 1e6) if "float" in type_ else st.integers(0, 32767))
    register = Register("x_any", 3, 5, type_, order)
    measured = Register("conductivity", 3, 5, type_, order)
    value, quality = one(measured, list(words(register, raw)))
    expected = shortest(float(raw)) if type_ == "float32" else float(raw)
    assert value == expected
    assert quality == (Quality.NOT_EVALUATED if 0 <= expected <= 200000 else Quality.FAIL)


def test_vectors_of_real_probes(shared) -> None:
    vectors = json.loads((shared / "facts" / "modbus_vectors.json").read_text(encoding="utf-8"))
    checked = 0
    for vector in vectors:
        if vector.get("type") != "float32" or "exact" not in vector:
            continue
        data = bytes.fromhex(vector["frame"].replace(" ", ""))
        payload = data if vector["kind"] == "payload only" else data[3:7]
        register = Register("turbidity", 3, 0, "float32", vector["order"])
        value, _ = one(register, list(struct.unpack(">2H", payload)))
        assert value == pytest.approx(vector["exact"], rel=1e-6), vector
        checked += 1
    assert checked >= 8


def test_what_is_not_a_number_becomes_quality() -> None:
    register = Register("turbidity", 3, 0, "float32", sentinels=(-99.0,))
    for raw in (math.nan, math.inf, -math.inf, -99.0):
        assert one(register, list(words(register, raw))) == (None, Quality.MISSING)
    assert one(register, list(words(register, 4001.0))) == (4001.0, Quality.FAIL)
    assert one(register, list(words(register, 4000.0))) == (4000.0, Quality.NOT_EVALUATED)


def test_scaling_leaves_no_binary_noise() -> None:
    register = Register("conductivity", 3, 0, "float32", scale=1000.0)
    assert one(register, list(words(register, 0.285))) == (285.0, Quality.NOT_EVALUATED)
    assert one(Register("ph", 3, 0, "uint16", scale=0.01), [729]) == (7.29, Quality.NOT_EVALUATED)


def test_a_block_that_could_not_be_read_is_missing_and_the_others_are_not() -> None:
    near, far = Register("ph", 3, 0, "uint16"), Register("turbidity", 3, 100, "uint16")
    decoder = Decoder(Profile("p", "v", "m", "s", (near, far)))
    values, state = decoder.decode([[7], None])
    assert values == {"ph": (7.0, Quality.NOT_EVALUATED), "turbidity": (None, Quality.MISSING)}
    assert state is StationState.NORMAL
    assert decoder.decode([None, None])[1] is StationState.COMMUNICATION


def test_an_answer_of_another_length_is_refused() -> None:
    decoder = Decoder(load_profiles()["station_cabinet"])
    with pytest.raises(ValueError, match="19 registers for a read of 20"):
        decoder.decode([[0] * 19])


def test_states_and_a_state_nobody_defined() -> None:
    profile = load_profiles()["station_cabinet"]
    decoder = Decoder(profile)
    for state in StationState:
        image = encode(profile, {"ph": 7.1}, state)
        assert decoder.decode([[image.get((3, a), 0) for a in range(20)]])[1] is state
    assert decoder.decode([[77] + [0] * 19])[1] is StationState.FAULT


@pytest.mark.parametrize("profile", load_profiles().values(), ids=lambda p: p.id)
def test_every_shipped_profile_decodes_what_it_encodes(profile: Profile) -> None:
    measured = dict.fromkeys(profile.determinands, 1.25)
    missing, *present = profile.determinands
    del measured[missing]
    decoder = Decoder(profile)
    image = encode(profile, measured)
    answers = [[image.get((b.function, b.address + i), 0) for i in range(b.count)] for b in decoder.blocks]
    values, state = decoder.decode(answers)
    assert values[missing] == (None, Quality.MISSING)
    assert {key: values[key][0] for key in present} == dict.fromkeys(present, 1.25)
    assert state is StationState.NORMAL
