from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from sensors.determinand import DETERMINANDS
from sensors.profile import load_profiles
from sensors.simulate.faults import ALL, Fault, FaultKind, ListedFaults
from sensors.simulate.probe import ERRORS, STANDARDS, VirtualProbe
from sensors.simulate.water import DETERMINANDS_LIVE, VirtualWater
from sensors.site import Site
from tests.sensors.simulate.places import DAY_MS, HOUR_MS, JULY_MS, station

STEPS = JULY_MS + np.arange(0, DAY_MS, 60_000, dtype=np.int64)


class StillWater:
    """The same water for ever."""

    def __init__(self, **others: float) -> None:
        self.values = dict.fromkeys(DETERMINANDS_LIVE, 5.0) | others

    def series(self, station_id: str, time_ms: ArrayLike) -> dict[str, np.ndarray]:
        return {name: np.full(np.shape(time_ms), value) for name, value in self.values.items()}


def probe(*faults: Fault, name: str = "s", profile: str = "station_cabinet", **others: float) -> VirtualProbe:
    return VirtualProbe(StillWater(**others), station(name, "a", 10, profile), ListedFaults(faults), seed=1)


def fault(determinand: str, kind: FaultKind, size: float = 0.0) -> Fault:
    return Fault("s", determinand, kind, JULY_MS + HOUR_MS, JULY_MS + 3 * HOUR_MS, size)


DURING = (STEPS >= JULY_MS + HOUR_MS) & (STEPS < JULY_MS + 3 * HOUR_MS)


def test_every_live_determinand_has_an_error() -> None:
    assert set(ERRORS) == set(DETERMINANDS_LIVE)
    assert set(STANDARDS) <= set(ERRORS)


@pytest.mark.parametrize("profile", ["station_cabinet", "yosemitech_y4000"])
def test_an_instrument_tells_what_its_profile_measures(profile: str) -> None:
    values, states = probe(profile=profile).read(STEPS[:3])
    assert set(values) == set(load_profiles()[profile].determinands) & set(DETERMINANDS_LIVE)
    assert all(v.shape == (3,) and np.isfinite(v).all() for v in values.values())
    assert states.tolist() == ["N", "N", "N"]


def test_noise_has_its_size_and_values_their_resolution() -> None:
    values, _ = probe(ammonia_nitrogen=1.0, total_phosphorus=0.2).read(STEPS)
    expected = np.hypot(0.025 * 1.0, 0.02)
    assert values["ammonia_nitrogen"].std() == pytest.approx(expected, rel=0.1)
    for name, told in values.items():
        decimals = DETERMINANDS[name].decimals
        assert told.tolist() == [round(value, decimals) for value in told.tolist()], name


def test_each_instrument_has_a_gain_of_its_own() -> None:
    means = [probe(name=f"s{n}", ammonia_nitrogen=1.0).read(STEPS)[0]["ammonia_nitrogen"].mean() for n in range(40)]
    assert np.std(means) == pytest.approx(0.015, rel=0.35)


def test_a_reading_does_not_depend_on_its_company(xietang: Site, water: VirtualWater) -> None:
    here = VirtualProbe(water, xietang.stations["S05"], ListedFaults(), seed=1)
    together, _ = here.read(STEPS[:50])
    alone, _ = here.read(STEPS[17:18])
    backwards, _ = here.read(STEPS[:50][::-1])
    for name in together:
        assert together[name][17] == alone[name][0] == backwards[name][::-1][17]


def test_another_seed_is_another_noise() -> None:
    other = VirtualProbe(StillWater(), station("s", "a", 10), seed=2)
    assert not np.array_equal(other.read(STEPS)[0]["ph"], probe().read(STEPS)[0]["ph"])


def test_nothing_is_told_below_zero() -> None:
    values, _ = probe(ammonia_nitrogen=0.0).read(STEPS)
    assert values["ammonia_nitrogen"].min() == 0.0


def test_stuck_tells_its_first_value_again_and_the_others_go_on() -> None:
    values, _ = probe(fault("ph", FaultKind.STUCK)).read(STEPS)
    plain, _ = probe().read(STEPS)
    assert len(set(values["ph"][DURING].tolist())) == 1
    assert values["ph"][60] == plain["ph"][60]
    assert np.array_equal(values["ph"][~DURING], plain["ph"][~DURING])
    assert np.array_equal(values["turbidity"], plain["turbidity"])
    later, _ = probe(fault("ph", FaultKind.STUCK)).read(STEPS[150:151])
    assert later["ph"][0] == values["ph"][150]


def test_drift_grows_and_goes_with_its_fault() -> None:
    values, _ = probe(fault("conductivity", FaultKind.DRIFT, 0.5), conductivity=600.0).read(STEPS)
    told = values["conductivity"]
    assert told[61] == pytest.approx(600, rel=0.03)
    assert told[179] == pytest.approx(900, rel=0.03)
    assert told[181] == pytest.approx(600, rel=0.03)


def test_spike_is_far_off_throughout() -> None:
    values, states = probe(fault("turbidity", FaultKind.SPIKE, 3.0), turbidity=20.0).read(STEPS)
    assert values["turbidity"][DURING].min() > 60
    assert values["turbidity"][~DURING].max() < 30
    assert set(states.tolist()) == {"N"}


def test_an_absent_head_answers_nothing() -> None:
    values, states = probe(fault("ammonia_nitrogen", FaultKind.ABSENT)).read(STEPS)
    assert np.isnan(values["ammonia_nitrogen"]).tolist() == DURING.tolist()
    assert np.isfinite(values["ph"]).all()
    assert set(states.tolist()) == {"N"}


def test_all_heads_can_be_away_at_once() -> None:
    values, _ = probe(fault(ALL, FaultKind.ABSENT)).read(STEPS)
    assert all(np.isnan(told).tolist() == DURING.tolist() for told in values.values())


def test_a_visit_sets_the_state_and_measures_standards() -> None:
    values, states = probe(fault(ALL, FaultKind.VISIT)).read(STEPS)
    assert (states == "M").tolist() == DURING.tolist()
    assert set(values["conductivity"][DURING].tolist()) == {STANDARDS["conductivity"]}
    assert set(values["ph"][DURING].tolist()) == {6.86}


def test_a_fault_of_a_head_that_is_not_there_does_nothing() -> None:
    sonde = probe(fault("ammonia_nitrogen", FaultKind.ABSENT), profile="yosemitech_y4000")
    values, _ = sonde.read(STEPS)
    assert all(np.isfinite(told).all() for told in values.values())


def test_reading_no_times_is_no_error() -> None:
    values, states = probe(fault("ph", FaultKind.STUCK)).read(np.array([], dtype=np.int64))
    assert states.shape == (0,)
    assert values["ph"].shape == (0,)
