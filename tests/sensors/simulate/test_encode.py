"""Values to registers: what a virtual instrument answers, in good days and bad."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.decode import Decoder
from sensors.profile import ORDERS, Register, load_profiles
from sensors.reading import Quality, StationState
from sensors.register import Status
from sensors.simulate.encode import encode, encode_extras, words
from tests.sensors.instruments import answers, one, profile_of

PROFILES = load_profiles()


TYPES = [
    ("float32", 1.0), ("float32", 1000.0), ("float64", 1.0), ("int16", 1.0), ("uint16", 1.0), ("int32", 0.01),
    ("uint32", 0.1), ("int64", 0.1), ("uint64", 1.0),
]  # fmt: skip


@given(st.sampled_from(ORDERS), st.sampled_from(TYPES), st.integers(0, 30000))
def test_a_value_survives_every_type_order_and_scale(order: str, kind: tuple[str, float], steps: int) -> None:
    type_, scale = kind
    register = Register("conductivity", 3, 5, type_, order, scale=scale)
    value = float(f"{steps * min(scale, 1.0):.12g}")
    image = encode(profile_of(register), {"conductivity": value})
    assert one(register, [image[3, 5 + i] for i in range(register.width)]) == (value, Quality.NOT_EVALUATED)


@pytest.mark.parametrize(
    ("register", "value", "told"),
    [
        (Register("ph", 3, 0, "uint16", scale=0.01), 1e6, 655.35),
        (Register("ph", 3, 0, "uint16", scale=0.01), -1.0, 0.0),
        (Register("water_temperature", 3, 0, "int16", scale=0.1), -1e5, -3276.8),
        (Register("ph", 3, 0, "uint8_high"), 999, 255),
    ],
)
def test_a_register_that_is_full_holds_its_end(register, value, told) -> None:
    assert one(register, words(register, value / register.scale))[0] == told


def test_parts_of_a_register_do_not_overwrite_each_other() -> None:
    few = Register("turbidity", 3, 1, "bits", bit=9, bits=3)
    profile = profile_of(Register("ph", 3, 0, "uint8_high"), Register("orp", 3, 0, "uint8_low"), few)
    assert encode(profile, {"ph": 7, "orp": 200, "turbidity": 5}) == {(3, 0): 0x07C8, (3, 1): 5 << 9}


def test_what_was_not_measured_is_told_as_the_instrument_would() -> None:
    whole = Register("ph", 3, 0, "uint16", sentinels=(65535.0,))
    assert encode(profile_of(whole), {}) == {(3, 0): 0xFFFF}
    assert encode(profile_of(Register("ph", 3, 0, "uint16")), {"ph": math.nan}) == {(3, 0): 0}
    image = encode(profile_of(Register("ph", 3, 0, "float32")), {})
    assert one(Register("ph", 3, 0, "float32"), [image[3, 0], image[3, 1]]) == (None, Quality.MISSING)


def test_a_status_of_its_own_tells_that_nothing_was_measured_and_a_shared_one_does_not() -> None:
    def profile(shared: bool):
        judge = (Status("x_q", frozenset({0}), missing=frozenset({7})),)
        other = Register("orp", 3, 3, "uint16", statuses=judge if shared else ())
        return profile_of(Register("ph", 3, 0, "float32", statuses=judge), Register("x_q", 3, 2, "uint16"), other)

    assert encode(profile(False), {"orp": 200}) == {(3, 0): 0, (3, 1): 0, (3, 2): 7, (3, 3): 200}
    image = encode(profile(True), {"orp": 200})
    assert image[3, 2] == 0
    values, _ = Decoder(profile(True)).decode(answers(profile(True), image))
    assert values == {"ph": (None, Quality.MISSING), "orp": (200.0, Quality.NOT_EVALUATED)}


def test_others_say_what_they_are_told_to() -> None:
    profile = PROFILES["remond_do"]
    assert encode(profile, {})[3, 8] == 1
    assert encode(profile, {}, others={"x_mode": 0, "x_warning": 2})[3, 7] == 2


def test_a_state_that_the_logger_does_not_know_is_its_normal_one() -> None:
    state = Register("state", 3, 0, "uint16", states={4: StationState.FAULT, 1: StationState.NORMAL})
    profile = profile_of(Register("ph", 3, 1, "uint16"), state)
    assert encode(profile, {"ph": 7}, StationState.FAULT)[3, 0] == 4
    assert encode(profile, {"ph": 7}, StationState.STOPPED)[3, 0] == 0


def test_a_self_describing_instrument_has_a_slot_for_what_it_is_given() -> None:
    profile = PROFILES["ysi_exo_modbus"]
    image = encode(profile, {"ph": 7.1, "water_temperature": 20.0, "orp": math.nan})
    assert [image[3, 128 + i] for i in range(4)] == [1, 18, 19, 0]
    assert [image[3, 256 + i] for i in range(4)] == [0, 0, 1, 1]
    values, _ = Decoder(profile).decode(answers(profile, image))
    assert (values["ph"][0], values["orp"], values["turbidity"]) == (
        7.1,
        (None, Quality.MISSING),
        (None, Quality.MISSING),
    )


def test_extras_are_zero_unless_told() -> None:
    profile = PROFILES["yosemitech_y504"]
    image = encode_extras(profile, {"serial_number": "YL0116112101"})
    assert image[3, 2304] == 0x0059
    assert image[3, 12288] == 0
    assert {at for _, at in image} >= set(range(2304, 2311))
