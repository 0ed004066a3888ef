"""The compiled way says what the general way says, whatever stands in the registers.

`RIVERCHIEF_FUZZ=1000000 pytest tests/sensors/test_decode_ordinary.py` feeds that many blocks instead of the usual few.
"""

from __future__ import annotations

import math
import os
import random
import struct
from collections.abc import Iterator

import pytest

from sensors import decode_ordinary
from sensors.decode import AnswerError, Decoder
from sensors.determinand import DETERMINANDS
from sensors.profile import Profile, Register, load_profiles
from sensors.reading import USABLE_QUALITIES, Quality, StationState
from sensors.register import Status
from sensors.simulate.encode import encode, words
from tests.sensors.instruments import Answers, answers, plain_raw, profile_of

PROFILES = load_profiles()

#: Blocks that are fed to all profiles together.
BLOCKS = int(os.environ.get("RIVERCHIEF_FUZZ", "20000"))

#: Words that instruments are fond of: ends of ranges, NaN, infinities, -0.0.
FOND = (0, 1, 0xFFFF, 0x7FFF, 0x8000, 0x7FC0, 0xC07F, 0x7F80, 0xFF80, 0x00FF, 0xFF00, 0x3F80, 0x803F)


def general(decoder: Decoder, told: Answers) -> object:
    return decoder._general(told)


def blocks_of(profile: Profile, rng: random.Random, count: int) -> Iterator[Answers]:
    """Noise, fond words, and what an instrument might really tell with some of its words changed."""
    decoder = Decoder(profile)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.25:
            told: Answers = [[rng.getrandbits(16) for _ in range(block.count)] for block in decoder.blocks]
        elif kind < 0.4:
            told = [[rng.choice(FOND) for _ in range(block.count)] for block in decoder.blocks]
        else:
            values = {}
            for name in profile.determinands:
                low, high = DETERMINANDS[name].low, DETERMINANDS[name].high
                values[name] = rng.choice(
                    (rng.uniform(low, high), rng.uniform(0, 10), round(rng.uniform(0, 10), 2), high, low)
                )
            told = answers(profile, encode(profile, values))
            for block in told:
                for _ in range(rng.choice((0, 0, 1, 3))):
                    assert block is not None
                    block[rng.randrange(len(block))] = rng.choice((rng.choice(FOND), rng.getrandbits(16)))
        if rng.random() < 0.05:
            told[rng.randrange(len(told))] = None
        yield told


def check(profile: Profile, told: Answers, values: dict[str, tuple[float | None, Quality]]) -> None:
    """No number that nobody may trust: by an oracle of its own where the profile is simple enough."""
    image = {
        (block.function, block.address + i): word
        for block, content in zip(Decoder(profile).blocks, told, strict=True)
        if content is not None
        for i, word in enumerate(content)
    }
    assert tuple(values) == profile.determinands
    for name, (value, quality) in values.items():
        assert (value is None) == (quality is Quality.MISSING)
        assert value is None or math.isfinite(value)
        if quality in USABLE_QUALITIES:
            assert value is not None
            assert DETERMINANDS[name].low <= value <= DETERMINANDS[name].high
        register = next((r for r in profile.registers if r.name == name), None)
        if value is None or (register is not None and (register.unit_by or register.order_by)):
            continue
        if register is None:
            assert any(value == pytest.approx(told, rel=1e-6, abs=1e-12) for told in slots_of(profile, image, name))
        else:
            told_raw = plain_raw(register, {at: word for (f, at), word in image.items() if f == register.function})
            assert value == pytest.approx(told_raw * register.scale + register.offset, rel=1e-6, abs=1e-12)


def slots_of(profile: Profile, image: dict[tuple[int, int], int], name: str) -> Iterator[float]:
    """What the used slots of a YSI EXO tell of a determinand; the other oracle."""
    assert profile.id == "ysi_exo_modbus"
    assert profile.slots is not None
    kinds = {kind.code: kind for kind in profile.slots.kinds}
    for index in range(32):
        kind = kinds.get(image[3, 128 + index])
        if image[3, 128 + index] == 0:
            break
        if kind is not None and kind.name == name:
            low, high = image[3, 384 + 2 * index], image[3, 385 + 2 * index]
            yield struct.unpack(">f", struct.pack(">HH", high, low))[0] * kind.scale + kind.offset


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.id)
def test_whatever_stands_in_the_registers(profile: Profile) -> None:
    rng = random.Random(f"{profile.id} 1")
    decoder = Decoder(profile)
    for told in blocks_of(profile, rng, BLOCKS // len(PROFILES)):
        found = decoder.decode(told)
        assert found == general(decoder, told)
        check(profile, told, found[0])


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.id)
def test_answers_that_no_instrument_gives_raise_only_our_own_error(profile: Profile) -> None:
    rng = random.Random(f"{profile.id} 2")
    decoder = Decoder(profile)
    for told in blocks_of(profile, rng, 100):
        block = rng.randrange(len(told))
        wrong: list[object] = list(told)
        wrong[block] = rng.choice(([], [0], [0] * 125, [-1] * decoder.blocks[block].count, ["a"], [None], [1e9]))
        wrong = rng.choice((wrong, wrong[1:], [*wrong, [0]]))
        if len(wrong) == len(told) and wrong[block] and len(wrong[block]) == decoder.blocks[block].count:  # type: ignore[arg-type]
            wrong[block] = [70000] * decoder.blocks[block].count
        with pytest.raises(AnswerError):
            decoder.decode(wrong)  # type: ignore[arg-type]


def test_every_model_but_the_one_that_describes_itself_is_compiled() -> None:
    decoders = {name: Decoder(profile) for name, profile in PROFILES.items()}
    plain = [name for name, decoder in decoders.items() if decoder._decode == decoder._general]
    assert plain == ["ysi_exo_modbus"]


def floats(register: Register, *numbers: float) -> list[object]:
    decoder = Decoder(profile_of(register))
    return [decoder.decode([list(words(register, number))])[0][register.name] for number in numbers]


def test_values_that_wander_through_their_range_keep_their_decimals() -> None:
    rng = random.Random(3)
    for name, register in [
        ("ph", Register("ph", 3, 0, "float32")), ("orp", Register("orp", 3, 0, "float32", "CDAB")),
        ("conductivity", Register("conductivity", 3, 0, "float32", scale=1000.0)),
        ("chlorophyll_a", Register("chlorophyll_a", 3, 0, "float32", scale=0.001)),
        ("water_temperature", Register("water_temperature", 3, 0, "float32", "DCBA")),
    ]:  # fmt: skip
        decoder = Decoder(profile_of(register))
        low, high = DETERMINANDS[name].low / register.scale, DETERMINANDS[name].high / register.scale
        for _ in range(2000):
            decimal = float(f"{rng.choice((rng.uniform(low, high), rng.gauss(0, 1))):.{rng.randint(1, 6)}g}")
            value, quality = decoder.decode([list(words(register, decimal))])[0][name]
            inside = DETERMINANDS[name].low <= decimal * register.scale <= DETERMINANDS[name].high
            assert value == pytest.approx(decimal * register.scale, rel=1e-13), name
            assert float(f"{value:.12g}") == value
            assert quality is (Quality.NOT_EVALUATED if inside else Quality.FAIL)


def test_the_ends_of_the_range_belong_to_it() -> None:
    ph = Register("ph", 3, 0, "float32")
    after = struct.unpack(">f", struct.pack(">I", 0x41600001))[0]
    assert floats(ph, 13.9, 14.0, after, 13.9, 0.0, -0.0) == [
        (13.9, Quality.NOT_EVALUATED), (14.0, Quality.NOT_EVALUATED), (14.000001, Quality.FAIL),
        (13.9, Quality.NOT_EVALUATED), (0.0, Quality.NOT_EVALUATED), (0.0, Quality.NOT_EVALUATED),
    ]  # fmt: skip


def test_a_sentinel_among_good_values_is_missing_before_and_after_them() -> None:
    register = Register("ph", 3, 0, "float32", sentinels=(9.99,))
    missing, good = (None, Quality.MISSING), Quality.NOT_EVALUATED
    assert floats(register, 9.99, 9.9, 9.99, 7.0, 9.98) == [missing, (9.9, good), missing, (7.0, good), (9.98, good)]


def test_short_decimals_are_remembered_up_to_a_limit_and_long_ones_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_ordinary, "MOST", 3)
    decode_ordinary._memory.cache_clear()
    register = Register("total_nitrogen", 3, 0, "float32", "BADC")
    long = [float(f"{n / 7:.7g}") for n in range(1, 50)]
    short = [n / 8 for n in range(1, 50)]
    memory = decode_ordinary._memory("total_nitrogen", "float32", 1.0, 0.0, ())
    assert [value for value, _ in floats(register, *long, *long)] == long * 2  # type: ignore[misc]
    assert memory.keys() <= {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}
    decode_ordinary._memory.cache_clear()
    memory = decode_ordinary._memory("total_nitrogen", "float32", 1.0, 0.0, ())
    assert [value for value, _ in floats(register, *short, *short)] == short * 2  # type: ignore[misc]
    assert list(memory) == short[:3]
    floats(register, math.nan, math.nan, 999.0)
    assert len(memory) == 3
    decode_ordinary._memory.cache_clear()


def test_two_units_of_a_model_share_what_is_remembered_and_nothing_else() -> None:
    profile = PROFILES["station_cabinet"]
    one, other = Decoder(profile), Decoder(profile)
    first = one.decode(answers(profile, encode(profile, {"ph": 7.1})))
    assert other.decode(answers(profile, encode(profile, {"ph": 8.2})))[0]["ph"][0] == 8.2
    assert one.decode(answers(profile, encode(profile, {"ph": 7.1}))) == first


def test_two_models_that_share_what_is_remembered_keep_their_own_rules() -> None:
    anoxic = {"dissolved_oxygen": 0.0, "water_temperature": 20.0}
    cases = (("yosemitech_y504", 85.0, None), ("yosemitech_y504", 0.0, 0.0), ("remond_do", 0.0, 0.0))
    for _ in range(2):
        for name, saturation, told in cases:
            image = encode(PROFILES[name], anoxic | {"dissolved_oxygen_saturation": saturation})
            values, _ = Decoder(PROFILES[name]).decode(answers(PROFILES[name], image))
            assert values["dissolved_oxygen"][0] == told, name


def test_parts_of_registers_decide_too() -> None:
    judged = Register(
        "ph", 3, 0, "float32", "DCBA", statuses=(Status("x_bits", frozenset({2})), Status("x_low", frozenset({1})))
    )
    state = Register("state", 3, 3, "uint8_high", states={0: StationState.NORMAL, 5: StationState.MAINTENANCE})
    text = Register("x_text", 3, 4, "string", count=2)
    profile = profile_of(
        judged, Register("x_bits", 3, 2, "bits", bit=4, bits=2), Register("x_low", 3, 3, "uint8_low"), state, text
    )
    decoder = Decoder(profile)
    assert decoder._decode != decoder._general
    ph = list(words(judged, 7.3))
    good = Quality.NOT_EVALUATED
    assert decoder.decode([[*ph, 0x0020, 0x0001, 0, 0]]) == ({"ph": (7.3, good)}, StationState.NORMAL)
    assert decoder.decode([[*ph, 0x0020, 0x0501, 0, 0]]) == ({"ph": (7.3, good)}, StationState.MAINTENANCE)
    assert decoder.decode([[*ph, 0x0010, 0x0001, 0, 0]])[0] == {"ph": (7.3, Quality.FAIL)}
    assert decoder.decode([[*ph, 0x0020, 0x0902, 0, 0]]) == ({"ph": (7.3, Quality.FAIL)}, StationState.FAULT)


def test_a_coil_can_judge() -> None:
    pump = Register("x_pump", 1, 0, "bit")
    ph = Register(
        "ph", 3, 0, "uint16", scale=0.01, statuses=(Status("x_pump", frozenset({1}), otherwise=Quality.MISSING),)
    )
    decoder = Decoder(profile_of(pump, ph))
    assert [block.function for block in decoder.blocks] == [1, 3]
    assert decoder.decode([[1], [729]])[0]["ph"] == (7.29, Quality.NOT_EVALUATED)
    assert decoder.decode([[0], [729]])[0]["ph"] == (None, Quality.MISSING)


def test_judges_that_never_agree_leave_it_to_the_general_way() -> None:
    low = Register("ph", 3, 0, "uint16", statuses=(Status("x_mode", frozenset({0})),))
    high = Register("orp", 3, 1, "uint16", statuses=(Status("x_mode", frozenset({1})),))
    decoder = Decoder(profile_of(low, high, Register("x_mode", 3, 2, "uint16")))
    assert decoder._decode == decoder._general
    assert decoder.decode([[7, 200, 1]])[0] == {"ph": (7.0, Quality.FAIL), "orp": (200.0, Quality.NOT_EVALUATED)}
