"""Answers to values: everything that is not a good number becomes a quality, on probes as they ship."""

from __future__ import annotations

import math

import pytest

from sensors.decode import AnswerError, Decoder, content
from sensors.errors import RiverChiefError
from sensors.profile import Profile, ReadBlock, Register, load_profiles, plan
from sensors.reading import Quality, StationState
from sensors.register import SlotKind, Slots, Status
from sensors.simulate.encode import Image, encode, encode_extras, words
from tests.sensors.instruments import answers, one, profile_of

PROFILES = load_profiles()
GOOD, FAIL, MISSING = Quality.NOT_EVALUATED, Quality.FAIL, Quality.MISSING


def decoded(profile: Profile, image: Image) -> dict[str, tuple[float | None, Quality]]:
    values, state = Decoder(profile).decode(answers(profile, image))
    assert state is StationState.NORMAL
    return values


def why(profile: Profile, image: Image) -> dict[str, str]:
    _, verdicts = Decoder(profile).verdicts(answers(profile, image))
    return {name: reason for name, (_, _, reason) in verdicts.items()}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.id)
def test_every_shipped_profile_decodes_what_it_encodes(profile: Profile) -> None:
    told = {name: 0.25 if name == "chlorophyll_a" else 5.5 for name in profile.determinands}
    decoder = Decoder(profile)
    values, state = decoder.decode(answers(profile, encode(profile, told)))
    whole = {r.name for r in profile.registers if not r.type.startswith("float") and r.scale == 1}
    assert values == {name: (round(v) if name in whole else v, GOOD) for name, v in told.items()}
    assert tuple(values) == profile.determinands
    assert state is StationState.NORMAL


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.id)
def test_what_a_shipped_instrument_did_not_measure_is_missing(profile: Profile) -> None:
    gone, *present = profile.determinands
    told = {name: 0.25 if name == "chlorophyll_a" else 5.5 for name in present}
    values = decoded(profile, encode(profile, told))
    register = next((r for r in profile.registers if r.name == gone), None)
    if register is None or register.type.startswith("float"):
        assert values[gone] == (None, MISSING)
    assert all(values[name][1] is GOOD for name in present)


def test_what_is_not_a_number_becomes_quality() -> None:
    register = Register("turbidity", 3, 0, "float32", sentinels=(-99.0,))
    for raw in (math.nan, math.inf, -math.inf, -99.0):
        assert one(register, words(register, raw)) == (None, MISSING)
    assert one(register, words(register, 4001.0)) == (4001.0, FAIL)
    assert one(register, words(register, 4000.0)) == (4000.0, GOOD)
    assert str(one(register, [0x8000, 0])[0]) == "0.0"


def test_a_sentinel_that_is_no_float32_decimal_is_found() -> None:
    register = Register("turbidity", 3, 0, "float32", sentinels=(-99.99,))
    assert one(register, words(register, -99.99)) == (None, MISSING)


def test_scaling_beyond_what_a_double_holds_is_missing() -> None:
    register = Register("conductivity", 3, 0, "float64", scale=1000.0)
    assert one(register, words(register, 1.7e308)) == (None, MISSING)


def test_whole_numbers_scale_without_noise_and_their_sentinel_is_missing() -> None:
    ph = Register("ph", 3, 0, "uint16", scale=0.01, sentinels=(65535.0,))
    assert [one(ph, [raw]) for raw in (729, 1400, 1401, 65535)] == [
        (7.29, GOOD), (14.0, GOOD), (14.01, FAIL), (None, MISSING),
    ]  # fmt: skip
    cold = Register("water_temperature", 3, 0, "int16", scale=0.1)
    assert [one(cold, [raw]) for raw in (0xFFF1, 0xFFEC, 0xFFEB)] == [(-1.5, GOOD), (-2.0, GOOD), (-2.1, FAIL)]


def test_a_block_that_could_not_be_read_is_missing_and_the_others_are_not() -> None:
    near, far = Register("ph", 3, 0, "uint16"), Register("turbidity", 3, 100, "uint16")
    decoder = Decoder(profile_of(near, far))
    values, state = decoder.decode([[7], None])
    assert values == {"ph": (7.0, GOOD), "turbidity": (None, MISSING)}
    assert state is StationState.NORMAL
    assert decoder.decode([None, None])[1] is StationState.COMMUNICATION


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([[0] * 21], "21 registers for a read of 22 at 0"), ([[0] * 23], "23 registers for a read of 22"),
        ([[]], "0 registers for a read of 22"), ([], "0 answers for 1 reads"), ([None, None], "2 answers for 1 reads"),
        ([[0] * 21 + [70000]], "16-bit"), ([[0] * 21 + [-1]], "16-bit"), ([[0] * 21 + [None]], "16-bit"),
        ([[0.5] * 22], "16-bit"),
    ],
)  # fmt: skip
def test_an_answer_that_no_instrument_gives_is_refused(wrong, message) -> None:
    with pytest.raises(AnswerError, match=message) as caught:
        Decoder(PROFILES["station_cabinet"]).decode(wrong)
    assert isinstance(caught.value, RiverChiefError | ValueError)


def test_states_and_a_state_nobody_defined() -> None:
    profile = PROFILES["station_cabinet"]
    decoder = Decoder(profile)
    for state in StationState:
        assert decoder.decode(answers(profile, encode(profile, {"ph": 7.1}, state)))[1] is state
    assert decoder.decode([[77] + [0] * 21])[1] is StationState.FAULT


def test_a_split_plan_says_the_same_and_an_unread_register_is_missing() -> None:
    profile = PROFILES["station_cabinet"]
    image = encode(profile, {"ph": 7.1, "turbidity": 12.5})
    halves = (ReadBlock(3, 0, 8), ReadBlock(3, 8, 14))
    whole = Decoder(profile).decode(answers(profile, image))
    assert Decoder(profile, halves).decode(answers(profile, image, halves)) == whole
    values, _ = Decoder(profile, halves[:1]).decode(answers(profile, image, halves[:1]))
    assert values["ph"] == (7.1, GOOD)
    assert values["turbidity"] == (None, MISSING)


# What real devices lie about.


def test_saturation_in_the_register_of_a_concentration_is_no_concentration() -> None:
    profile = PROFILES["remond_do"]
    told = {"dissolved_oxygen": 8.1, "water_temperature": 20.0}
    assert decoded(profile, encode(profile, told))["dissolved_oxygen"] == (8.1, GOOD)
    percent = encode(profile, told, others={"x_mode": 0})
    assert decoded(profile, percent) == {"dissolved_oxygen": (None, MISSING), "water_temperature": (20.0, GOOD)}
    assert why(profile, percent) == {"dissolved_oxygen": "x_mode says 0", "water_temperature": ""}


def test_a_redox_potential_is_no_ph() -> None:
    profile = PROFILES["remond_ph"]
    assert decoded(profile, encode(profile, {"ph": 7.2}, others={"x_mode": 1}))["ph"] == (None, MISSING)


@pytest.mark.parametrize(
    ("warning", "oxygen", "temperature"), [(0, GOOD, GOOD), (1, FAIL, GOOD), (4, GOOD, FAIL), (9, FAIL, FAIL)]
)
def test_a_warning_fails_the_value_that_it_is_about(warning, oxygen, temperature) -> None:
    profile = PROFILES["remond_do"]
    told = {"dissolved_oxygen": 8.1, "water_temperature": 20.0}
    values = decoded(profile, encode(profile, told, others={"x_warning": warning}))
    assert values == {"dissolved_oxygen": (8.1, oxygen), "water_temperature": (20.0, temperature)}


@pytest.mark.parametrize("order", [0, 1])
def test_a_byte_order_that_is_a_register(order) -> None:
    profile = PROFILES["remond_ec"]
    image = encode(profile, {"conductivity": 512.5, "water_temperature": 18.2}, others={"x_float_order": order})
    assert image[3, 50] == order
    values = decoded(profile, image)
    assert (values["conductivity"], values["water_temperature"]) == ((512.5, GOOD), (18.2, GOOD))


def test_an_unknown_byte_order_makes_every_value_missing() -> None:
    profile = PROFILES["remond_ec"]
    image = encode(profile, {"conductivity": 512.5, "water_temperature": 18.2}) | {(3, 50): 2}
    assert set(decoded(profile, image).values()) == {(None, MISSING)}
    assert why(profile, image)["conductivity"] == "x_float_order tells no byte order"
    values, _ = Decoder(profile).decode([answers(profile, image)[0], None])
    assert set(values.values()) == {(None, MISSING)}


@pytest.mark.parametrize(
    "profile", [PROFILES["insitu_aquatroll_400"], PROFILES["insitu_aquatroll_500_600"]], ids=lambda p: p.id
)
def test_a_zero_with_quality_7_is_not_a_zero(profile: Profile) -> None:
    image = encode(profile, {"dissolved_oxygen": math.nan, "ph": 7.0})
    register = next(r for r in profile.registers if r.name == "dissolved_oxygen")
    quality = next(r for r in profile.registers if r.name == "x_oxygen_quality")
    assert image[3, register.address] == image[3, register.address + 1] == 0
    assert image[3, quality.address] == 7
    assert decoded(profile, image)["dissolved_oxygen"] == (None, MISSING)
    assert decoded(profile, image)["ph"] == (7.0, GOOD)
    assert why(profile, image)["dissolved_oxygen"] == "x_oxygen_quality says 7"
    true_zero = image | {(3, quality.address): 0}
    assert decoded(profile, true_zero)["dissolved_oxygen"] == (0.0, GOOD)
    # An error that leaves the sentinel in the register carries no number; with a number in it, the number failed.
    assert decoded(profile, image | {(3, quality.address): 3})["dissolved_oxygen"] == (None, MISSING)
    other = encode(profile, {"dissolved_oxygen": 8.0}, others={"x_oxygen_quality": 3})
    assert decoded(profile, other)["dissolved_oxygen"] == (8.0, FAIL)


def test_a_block_that_holds_another_parameter_is_missing() -> None:
    profile = PROFILES["insitu_aquatroll_500_600"]
    image = encode(profile, {"dissolved_oxygen": 8.0}, others={"x_oxygen_parameter": 36})
    assert decoded(profile, image)["dissolved_oxygen"] == (None, MISSING)


def test_units_are_read_from_the_instrument() -> None:
    profile = PROFILES["insitu_aquatroll_400"]
    image = encode(profile, {"dissolved_oxygen": 8000.0, "water_temperature": 68.0, "dissolved_solids": 250.0},
                   others={"x_oxygen_unit": 118, "x_temperature_unit": 2, "x_solids_unit": 113})  # fmt: skip
    solids = next(r for r in profile.registers if r.name == "dissolved_solids")
    for i, word in enumerate(words(solids, 250.0)):
        image[3, solids.address + i] = word
    values = decoded(profile, image)
    assert values["dissolved_oxygen"] == (8.0, GOOD)
    assert values["water_temperature"] == (20.0, GOOD)
    assert values["dissolved_solids"] == (250.0, GOOD)
    unknown = encode(profile, {"dissolved_oxygen": 8.0}, others={"x_oxygen_unit": 1})
    assert decoded(profile, unknown)["dissolved_oxygen"] == (None, MISSING)
    assert why(profile, unknown)["dissolved_oxygen"] == "x_oxygen_unit tells no known unit"


def test_grams_per_litre_are_not_milligrams() -> None:
    profile = PROFILES["hach_nitratax_sc"]
    told = {"nitrate_nitrogen": 0.5}
    assert decoded(profile, encode(profile, told))["nitrate_nitrogen"] == (0.5, GOOD)
    assert decoded(profile, encode(profile, told, others={"x_unit": 1}))["nitrate_nitrogen"] == (500.0, GOOD)


def test_an_absent_head_is_missing_and_not_zero() -> None:
    profile = PROFILES["yosemitech_y4000"]
    block = answers(profile, encode(profile, {"ph": 7.1}))[0]
    assert block is not None
    block[0:2] = [0xFFFF, 0xFFFF]
    values, _ = Decoder(profile).decode([block])
    assert (values["dissolved_oxygen"], values["ph"]) == ((None, MISSING), (7.1, GOOD))


def test_old_firmware_that_tells_no_concentration_is_missing_and_anoxic_water_is_not() -> None:
    profile = PROFILES["yosemitech_y504"]
    old = encode(profile, {"dissolved_oxygen": 0.0, "dissolved_oxygen_saturation": 85.0, "water_temperature": 20.0})
    assert decoded(profile, old)["dissolved_oxygen"] == (None, MISSING)
    assert decoded(profile, old)["dissolved_oxygen_saturation"] == (85.0, GOOD)
    anoxic = encode(profile, {"dissolved_oxygen": 0.0, "dissolved_oxygen_saturation": 0.0, "water_temperature": 20.0})
    assert decoded(profile, anoxic)["dissolved_oxygen"] == (0.0, GOOD)
    assert why(profile, old)["dissolved_oxygen"] == "0 although dissolved_oxygen_saturation is above 0"


def test_an_error_code_in_one_byte_fails_the_values() -> None:
    profile = PROFILES["yosemitech_y511"]
    image = encode(profile, {"turbidity": 12.0, "water_temperature": 20.0}, others={"x_error_code": 4})
    assert image[3, 9732] == 0x0400
    assert decoded(profile, image) == {"water_temperature": (20.0, FAIL), "turbidity": (12.0, FAIL)}
    low_byte = encode(profile, {"turbidity": 12.0, "water_temperature": 20.0}) | {(3, 9732): 0x0007}
    assert decoded(profile, low_byte)["turbidity"] == (12.0, GOOD)


# Instruments that describe themselves.

EXO = PROFILES["ysi_exo_modbus"]


def exo(
    codes: list[int], numbers: list[float], status: list[int] | None = None
) -> dict[str, tuple[float | None, Quality]]:
    rest = (0,) * (32 - len(codes))
    told = {
        "x_codes": (*codes, *rest), "x_values": (*numbers, *rest),
        "x_status": (*(status or [0] * len(codes)), *(2,) * (32 - len(codes))),
    }  # fmt: skip
    return decoded(EXO, encode(EXO, {}, others=told))


def test_slots_are_read_by_their_codes_and_not_by_their_place() -> None:
    assert exo([212, 18, 1], [8.5, 7.2, 20.5])["dissolved_oxygen"] == (8.5, GOOD)
    assert exo([1, 212, 18], [20.5, 8.5, 7.2])["dissolved_oxygen"] == (8.5, GOOD)
    assert exo([1], [20.5])["dissolved_oxygen"] == (None, MISSING)


def test_the_plan_discovers_before_it_reads() -> None:
    assert plan(EXO) == (ReadBlock(3, 128, 32), ReadBlock(3, 256, 32), ReadBlock(3, 384, 64))


def test_nothing_after_the_end_of_the_codes_counts() -> None:
    assert exo([18, 0, 212], [7.2, 0.0, 8.5])["dissolved_oxygen"] == (None, MISSING)


@pytest.mark.parametrize(("code", "told"), [(7, 512.0), (6, 0.512)])
def test_conductivity_comes_in_two_units_and_the_uncompensated_one_is_left_alone(code, told) -> None:
    assert exo([code], [told])["conductivity"] == (512.0, GOOD)
    assert exo([5, 4], [512.0, 0.512])["conductivity"] == (None, MISSING)


def test_the_preferred_of_two_slots_counts_unless_it_measured_nothing() -> None:
    assert exo([37, 223], [3.0, 5.0])["turbidity"] == (5.0, GOOD)
    assert exo([37, 223], [3.0, 5.0], [0, 2])["turbidity"] == (3.0, GOOD)
    assert exo([37, 223], [3.0, math.nan])["turbidity"] == (3.0, GOOD)
    assert exo([37, 223], [math.nan, 5000.0])["turbidity"] == (5000.0, FAIL)


@pytest.mark.parametrize(("status", "quality"), [(0, GOOD), (1, MISSING), (2, MISSING), (3, FAIL)])
def test_a_slot_has_a_status_of_its_own(status, quality) -> None:
    assert exo([18, 19], [7.2, 250.0], [status, 0])["ph"][1] is quality
    assert exo([18, 19], [7.2, 250.0], [status, 0])["orp"] == (250.0, GOOD)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_without_one_of_the_tables_no_slot_has_a_good_value(lost) -> None:
    told = answers(EXO, encode(EXO, {"ph": 7.2}))
    told[lost] = None
    values, state = Decoder(EXO).decode(told)
    assert state is StationState.NORMAL
    assert all(quality is not GOOD for _, quality in values.values())
    assert values["ph"] == ((7.2, FAIL) if lost == 1 else (None, MISSING))


def test_slots_without_a_status_and_without_an_end() -> None:
    tables = (Register("x_c", 3, 0, "uint16", count=2), Register("x_v", 3, 10, "float32", count=2))
    kinds = (SlotKind(1, "ph", "pH", 1.0, 0.0), SlotKind(2, "orp", "mV", 1.0, 0.0))
    profile = Profile("p", "v", "m", "s", tables, slots=Slots("x_c", "x_v", kinds, unused=None))
    assert decoded(profile, encode(profile, {"ph": 7.0, "orp": 200.0})) == {"ph": (7.0, GOOD), "orp": (200.0, GOOD)}


# What a person sees.


def test_verdicts_say_why_and_show_what_stands_in_the_registers() -> None:
    profile = PROFILES["remond_do"]
    told = encode(profile, {"dissolved_oxygen": 30.0, "water_temperature": math.nan})
    raws, verdicts = Decoder(profile).verdicts(answers(profile, told))
    assert (raws["x_mode"], raws["dissolved_oxygen"]) == (1, 30.0)
    assert verdicts["dissolved_oxygen"] == (30.0, FAIL, "outside 0 to 25 mg/L")
    assert verdicts["water_temperature"] == (None, MISSING, "not a finite number")
    raws, verdicts = Decoder(profile).verdicts([None])
    assert set(raws.values()) == {None}
    assert verdicts["dissolved_oxygen"] == (None, MISSING, "not read")
    with pytest.raises(AnswerError):
        Decoder(profile).verdicts([[0]])


def test_extras_are_read_alone() -> None:
    optod = PROFILES["aqualabo_optod"]
    assert content(optod.extra("measuring_time"), [1250]) == 1.25
    y504 = PROFILES["yosemitech_y504"]
    image = encode_extras(y504, {"serial_number": "YL0116112101", "unit_id": 7})
    assert content(y504.extra("serial_number"), [image[3, 2304 + i] for i in range(7)]) == "YL0116112101"
    assert content(y504.extra("unit_id"), [image[3, 12288]]) == 7
    assert content(y504.extra("version"), [1, 2]) == (1.0, 2.0)
    with pytest.raises(AnswerError, match="3 registers for unit_id, which has 1"):
        content(y504.extra("unit_id"), [1, 2, 3])


def test_the_worst_of_several_judges_holds() -> None:
    judged = Register(
        "ph", 3, 0, "uint16",
        statuses=(Status("x_a", frozenset({0})), Status("x_b", frozenset({0}), missing=frozenset({1}))),
    )  # fmt: skip
    profile = profile_of(judged, Register("x_a", 3, 1, "uint16"), Register("x_b", 3, 2, "uint16"))
    decoder = Decoder(profile)
    assert decoder.decode([[7, 0, 0]])[0]["ph"] == (7.0, GOOD)
    assert decoder.decode([[7, 1, 0]])[0]["ph"] == (7.0, FAIL)
    assert decoder.decode([[7, 1, 1]])[0]["ph"] == (None, MISSING)


def test_a_sentinel_register_alone_decides_where_nothing_else_judges() -> None:
    profile = profile_of(Register("ph", 3, 0, "float32", sentinel_by="x_s"), Register("x_s", 3, 2, "float32"))
    image = encode(profile, {"ph": 7.0}, others={"x_s": 7.0})
    assert decoded(profile, image)["ph"] == (None, MISSING)
    assert decoded(profile, encode(profile, {"ph": 7.0}, others={"x_s": -1.0}))["ph"] == (7.0, GOOD)


def test_a_station_whose_state_could_not_be_read_is_not_taken_for_normal() -> None:
    state = Register("state", 3, 0, "uint16", states={0: StationState.NORMAL, 1: StationState.MAINTENANCE})
    decoder = Decoder(Profile("p", "v", "m", "s", (state, Register("ph", 3, 100, "uint16"))))
    assert decoder.decode([[0], [7]])[1] is StationState.NORMAL
    assert decoder.decode([[1], [7]])[1] is StationState.MAINTENANCE
    values, told = decoder.decode([None, [7]])
    assert (values["ph"], told) == ((7.0, Quality.NOT_EVALUATED), StationState.COMMUNICATION)
