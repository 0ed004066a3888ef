"""Virtual units answer as the instrument of their profile would."""

import math
import struct
from collections.abc import Mapping

import pytest

from deploy.fleet.faults import Faults, InjectedFault, Mishap
from deploy.fleet.unit import Unit
from sensors.decode import Decoder
from sensors.profile import Command, Guarded, Profile, ReadBlock, Register, cover, load_profiles, plan
from sensors.reading import Quality, StationState
from sensors.simulate.steady import Steady

PROFILES = load_profiles()


class Still:
    def __init__(self, **values: float) -> None:
        self.values = values
        self.measured: list[int] = []

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        self.measured.append(time_ms)
        return dict(self.values), StationState.NORMAL


class Clock:
    ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms


def read(unit: Unit, block: ReadBlock) -> list[int] | None:
    answer = unit.answer(struct.pack(">BHH", block.function, block.address, block.count))
    if answer is None or answer[0] & 0x80:
        return None
    assert answer[1] == len(answer) - 2
    if block.function in (1, 2):
        bits = int.from_bytes(answer[2:], "little")
        return [bits >> i & 1 for i in range(block.count)]
    return list(struct.unpack(f">{block.count}H", answer[2:]))


def values(unit: Unit) -> dict[str, tuple[float | None, Quality]]:
    decoder = Decoder(unit.profile)
    return decoder.decode([read(unit, block) for block in decoder.blocks])[0]


def start(unit: Unit) -> bytes | None:
    assert unit.profile.start is not None
    action = unit.profile.start.action
    if action.reads:
        return unit.answer(struct.pack(">BHH", action.function, action.address, action.count))
    if action.function == 6:
        return unit.answer(struct.pack(">BHH", 6, action.address, action.values[0]))
    count = len(action.values)
    return unit.answer(struct.pack(f">BHHB{count}H", 16, action.address, count, 2 * count, *action.values))


def code(answer: bytes | None) -> int | None:
    return answer[1] if answer is not None and answer[0] & 0x80 else None


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_served_with_plausible_values(name: str) -> None:
    clock = Clock()
    profile = PROFILES[name]
    steady = Steady(profile)
    unit = Unit(profile, steady, clock)
    if profile.start is not None:
        assert {quality for _, quality in values(unit).values()} == {Quality.MISSING}, "nobody has started it"
        start(unit)
        clock.ms += 60_000
    at_ms = clock.ms if profile.start is None or profile.start.each == "connect" else clock.ms - 60_000
    told, _ = steady.measure(at_ms)
    for key, (value, quality) in values(unit).items():
        assert quality is Quality.NOT_EVALUATED, key
        assert value == pytest.approx(told[key], rel=0.02, abs=0.06), key
    for block in cover(profile, profile.extras):
        assert read(unit, block) is not None, "it answers for its extras"


def test_an_instrument_that_is_started_goes_on_measuring_and_forgets_it_without_power() -> None:
    clock, still = Clock(), Still(dissolved_oxygen=8.1, dissolved_oxygen_saturation=90, water_temperature=18)
    unit = Unit(PROFILES["yosemitech_y504"], still, clock)
    assert read(unit, ReadBlock(3, 9472, 1)) == [0], "the start is a read"
    clock.ms += 7000
    assert values(unit)["dissolved_oxygen"] == (None, Quality.MISSING), "it settles"
    clock.ms += 1000
    assert values(unit)["dissolved_oxygen"] == (8.1, Quality.NOT_EVALUATED)
    still.values["dissolved_oxygen"] = 3.3
    clock.ms += 1000
    assert values(unit)["dissolved_oxygen"][0] == 3.3
    start(unit)
    assert values(unit)["dissolved_oxygen"][0] == 3.3, "a second start does no harm"
    unit.restart()
    assert values(unit)["dissolved_oxygen"] == (None, Quality.MISSING)
    start(unit)
    clock.ms += 8000
    assert values(unit)["dissolved_oxygen"][0] == 3.3
    assert read(unit, ReadBlock(3, 11776, 1)) == [0]
    assert unit.done == ["start", "start", "start", "stop"]
    assert values(unit)["dissolved_oxygen"] == (None, Quality.MISSING)


def test_an_instrument_that_measures_on_demand_tells_the_last_measurement() -> None:
    clock, still = Clock(), Still(ph=7.1, water_temperature=18, orp=200)
    unit = Unit(PROFILES["aqualabo_pheht"], still, clock)
    profile = unit.profile
    key = next(key for key in profile.determinands if key == "ph")
    start(unit)
    begun = clock.ms
    clock.ms += 500
    assert values(unit)[key][0] == 7.1
    assert still.measured == [begun]
    still.values["ph"] = 6.0
    clock.ms += 60_000
    assert values(unit)[key][0] == 7.1
    start(unit)
    assert values(unit)[key][0] == 7.1, "the old value stands until the new one is there"
    clock.ms += 500
    assert values(unit)[key][0] == 6.0


def test_how_long_a_measurement_takes_can_be_asked() -> None:
    profile = PROFILES["aqualabo_c4e"]
    assert profile.start is not None
    extra = profile.extra(profile.start.wait_by)
    [raw] = read(Unit(profile, Still(), Clock()), ReadBlock(3, extra.address, 1)) or [0]
    assert raw * extra.scale == profile.start.wait_s


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("0300000001", None),  # served
        ("0300020016", 2),  # two registers beyond its map
        ("0300630001", 2),
        ("0300000000", 3),
        ("030000007e", 3),  # 126 registers
        ("03000000", 3),
        ("0400000001", 1),
        ("0100000001", 1),
        ("0600000001", 2),
        ("2b0e0100", 1),
        ("0500000001", 3),
        ("100000000203000100", 3),
    ],
)
def test_what_it_does_not_have_it_refuses(request_: str, expected: int | None) -> None:
    unit = Unit(PROFILES["station_cabinet"], Still(ph=7), Clock())
    assert code(unit.answer(bytes.fromhex(request_))) == expected
    assert unit.written == []


def test_a_model_that_does_not_refuse_is_silent() -> None:
    unit = Unit(PROFILES["yosemitech_y4000"], Still(), Clock())
    assert unit.answer(bytes.fromhex("0300000001")) is None
    assert unit.answer(bytes.fromhex("0326000001")) is None
    assert code(unit.answer(bytes.fromhex("0326010000"))) == 3


def test_coils_and_discrete_inputs() -> None:
    registers = (
        Register("x_door", 2, 4, "bit"), Register("x_pump", 1, 0, "bit"), Register("ph", 4, 3, "float32"),
    )  # fmt: skip
    profile = Profile("p", "v", "m", "s", registers, max_gap=0, guarded=(Guarded("setting", "x_pump", 1, 0, 1),))
    unit = Unit(profile, Still(ph=7.25), Clock())
    assert read(unit, ReadBlock(1, 0, 1)) == [0]
    assert unit.answer(bytes.fromhex("050000ff00")) == bytes.fromhex("050000ff00")
    assert read(unit, ReadBlock(1, 0, 1)) == [1]
    assert unit.answer(bytes.fromhex("0f0000000101" + "00")) == bytes.fromhex("0f00000001")
    assert read(unit, ReadBlock(1, 0, 1)) == [0]
    assert read(unit, ReadBlock(2, 4, 1)) == [0]
    assert values(unit)["ph"][0] == 7.25
    assert unit.written == [(5, 0, (1,)), (15, 0, (0,))]


def test_settings_are_kept_and_refused_outside_their_range() -> None:
    unit = Unit(PROFILES["remond_ec"], Still(conductivity=512.0, water_temperature=18.0), Clock())
    assert unit.answer(bytes.fromhex("0600140005")) == bytes.fromhex("0600140005")
    assert read(unit, ReadBlock(3, 20, 1)) == [5]
    assert code(unit.answer(bytes.fromhex("0600140000"))) == 3
    assert code(unit.answer(bytes.fromhex("0600320007"))) == 3, "no such byte order"
    assert read(unit, ReadBlock(3, 20, 1)) == [5]
    before = read(unit, ReadBlock(3, 0, 2))
    other = 1 - (read(unit, ReadBlock(3, 50, 1)) or [0])[0]
    assert code(unit.answer(struct.pack(">BHH", 6, 50, other))) is None
    after = read(unit, ReadBlock(3, 0, 2))
    assert before is not None
    assert after == before[::-1], "its words come in the other order now"
    assert values(unit)["conductivity"][0] == pytest.approx(512)


def test_commands_are_done_and_wrong_ones_refused() -> None:
    unit = Unit(PROFILES["ysi_exo_modbus"], Still(ph=7), Clock())
    assert unit.answer(bytes.fromhex("0600020001")) == bytes.fromhex("0600020001")
    assert unit.done == ["wipe"]
    assert code(unit.answer(bytes.fromhex("0600020005"))) == 3
    assert unit.done == ["wipe"]


@pytest.mark.parametrize("kind", ["setting", "calibration"])
def test_a_value_that_is_ordered_is_kept_where_it_is_accepted(kind) -> None:
    slope = Command(
        "slope", 16, 40, kind=kind, type="float32", order="CDAB", minimum=0.5, maximum=2, read_back=True
    )  # fmt: skip
    mode = Command("mode", 6, 50, kind=kind, choices={1: "slow", 3: "fast"})
    profile = Profile("p", "v", "m", "s", (Register("ph", 3, 0, "float32"),), commands=(slope, mode))
    unit = Unit(profile, Still(ph=7), Clock())

    def write(value: float) -> int | None:
        high, low = struct.unpack(">2H", struct.pack(">f", value))
        return code(unit.answer(struct.pack(">BHHB2H", 16, 40, 2, 4, low, high)))

    assert [write(value) for value in (1.25, 0.4, 2.5, math.nan)] == [None, 3, 3, 3]
    assert read(unit, ReadBlock(3, 40, 2)) == list(struct.unpack(">2H", struct.pack(">f", 1.25)))[::-1]
    assert [code(unit.answer(struct.pack(">BHH", 6, 50, value))) for value in (3, 2)] == [None, 3]
    assert read(unit, ReadBlock(3, 50, 1)) is None, "it cannot be read back"
    assert unit.done == ["slope", "mode"]


def test_reading_along_never_touches_what_acts() -> None:
    acting = Command("wipe", 3, 2, count=1)
    profile = Profile(
        "p", "v", "m", "s", (Register("ph", 3, 0, "float32"), Register("orp", 3, 3, "float32")), commands=(acting,)
    )
    unit = Unit(profile, Still(), Clock())
    assert len(plan(profile)) == 2
    assert code(unit.answer(bytes.fromhex("0300000005"))) == 2
    assert unit.done == []
    assert code(unit.answer(bytes.fromhex("0300020001"))) is None
    assert unit.done == ["wipe"]


def faulty(*faults: InjectedFault, profile: str = "station_cabinet") -> tuple[Unit, Still, Clock]:
    clock, still = Clock(), Still(ph=7.5, turbidity=10.0)
    return Unit(PROFILES[profile], still, clock, "a", Faults(faults)), still, clock


def test_values_that_are_no_numbers() -> None:
    unit, *_ = faulty(InjectedFault(Mishap.NAN, "a", "ph"))
    words = read(unit, ReadBlock(3, 4, 2))
    assert words is not None
    assert math.isnan(struct.unpack(">f", struct.pack(">2H", *words))[0])
    assert values(unit)["ph"] == (None, Quality.MISSING)
    assert values(unit)["turbidity"][0] == 10
    unit, *_ = faulty(InjectedFault(Mishap.ABSENT, "a"))
    assert {value for value, _ in values(unit).values()} == {None}


def test_a_value_that_sticks() -> None:
    fault = InjectedFault(Mishap.STUCK, "a", "ph")
    unit, still, clock = faulty(fault)
    assert values(unit)["ph"][0] == 7.5
    still.values |= {"ph": 8.0, "turbidity": 20.0}
    clock.ms += 5000
    assert (values(unit)["ph"][0], values(unit)["turbidity"][0]) == (7.5, 20)
    unit._faults.remove(fault)
    clock.ms += 5000
    assert values(unit)["ph"][0] == 8
    unit._faults.add(fault)
    still.values["ph"] = 8.5
    clock.ms += 5000
    assert values(unit)["ph"][0] == 8.5, "it sticks at the value that it has when it begins again"


def test_drift_and_spike() -> None:
    unit, _, clock = faulty(InjectedFault(Mishap.DRIFT, "a", "ph", start_ms=Clock.ms, size=0.2, over_s=100))
    assert values(unit)["ph"][0] == 7.5
    clock.ms += 50_000
    assert values(unit)["ph"][0] == pytest.approx(7.5 * 1.1)
    unit, *_ = faulty(InjectedFault(Mishap.SPIKE, "a", "turbidity", size=3))
    assert values(unit)["turbidity"][0] == 40
    unit, *_ = faulty(InjectedFault(Mishap.SPIKE, "b", "turbidity", size=3))
    assert values(unit)["turbidity"][0] == 10, "another station's"
