import pytest

from sensors.determinand import DETERMINANDS
from sensors.profile import load_profiles
from sensors.simulate.steady import TYPICAL, Steady

PROFILES = load_profiles()
HOUR_MS = 3_600_000


@pytest.mark.parametrize("name", PROFILES)
def test_every_determinand_of_every_profile_stays_within_what_can_be_measured(name: str) -> None:
    profile = PROFILES[name]
    ranges = {register.name: register.range for register in profile.registers}
    steady = Steady(profile)
    for time_ms in range(0, HOUR_MS, HOUR_MS // 40):
        values, _ = steady.measure(time_ms)
        assert set(values) == set(profile.determinands)
        for key, value in values.items():
            low, high = ranges.get(key) or (DETERMINANDS[key].low, DETERMINANDS[key].high)
            assert low <= value <= high, key


def test_values_swing_and_instruments_differ() -> None:
    profile = PROFILES["station_cabinet"]
    one, other = Steady(profile, 1), Steady(profile, 2)
    told = {one.measure(time_ms)[0]["ph"] for time_ms in range(0, HOUR_MS, HOUR_MS // 40)}
    assert len(told) == 10, "four swings of ten samples"
    assert 0 < max(told) - min(told) < 0.1 * TYPICAL["ph"]
    assert one.measure(0) != other.measure(0)
    assert one.measure(0) == Steady(profile, 1).measure(0)


def test_typical_values_are_plausible() -> None:
    assert TYPICAL.keys() <= DETERMINANDS.keys()
    for key, value in TYPICAL.items():
        assert DETERMINANDS[key].low < value < DETERMINANDS[key].high
