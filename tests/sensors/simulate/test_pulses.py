from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from sensors.simulate.pulses import AT_ONCE, CARRIED, DEFICIT, SHIFT_OF_PH, Pulses, rise
from sensors.simulate.spills import OXYGEN_DEMAND, Discharge, DischargeKind
from sensors.simulate.transport import Course
from tests.sensors.simulate.places import HOUR_MS, JULY_MS

SPILL = Discharge(
    "p", JULY_MS, JULY_MS + 2 * HOUR_MS, DischargeKind.SEWAGE, 10.0,
    MappingProxyType({"ammonia_nitrogen": 30.0, "conductivity": 600.0, "ph": -1.0, OXYGEN_DEMAND: 100.0}),
)  # fmt: skip
NEAR = Course("p", 1.0, 3600.0, 600.0)
AMMONIA, SALT = CARRIED.index("ammonia_nitrogen"), CARRIED.index("conductivity")


def at(course: Course, *hours: float) -> np.ndarray:
    times = JULY_MS + (np.array(hours) * HOUR_MS).astype(np.int64)
    return Pulses.of([SPILL], {"p": [course]}, 0.99).at(times)


def test_dilution_is_the_share_of_the_discharge_in_the_mixed_flow() -> None:
    rows = rise(SPILL, Course("p", 1.0, 0.0, 600.0), 0.99)
    assert rows[SALT] == pytest.approx(6.0)
    assert rows[AMMONIA] == pytest.approx(0.3)
    assert rows[SHIFT_OF_PH] == pytest.approx(-0.01)
    assert rows[DEFICIT] == pytest.approx(AT_ONCE * 1.0)
    half = rise(SPILL, Course("p", 0.5, 0.0, 600.0), 0.99)
    assert half[SALT] == pytest.approx(600 * 0.005 / 0.995)


def test_salt_keeps_and_ammonia_decays_on_the_way_while_oxygen_goes_on_falling() -> None:
    near, far = rise(SPILL, NEAR, 0.99), rise(SPILL, Course("p", 1.0, 86400.0, 600.0), 0.99)
    assert far[SALT] == near[SALT]
    assert far[AMMONIA] < near[AMMONIA] * 0.9
    assert far[DEFICIT] > near[DEFICIT]


def test_nothing_arrives_before_it_was_released_and_the_plateau_comes_after_the_travel_time() -> None:
    salt = at(NEAR, -24.0, 0.0, 0.2, 1.0, 2.5, 3.0, 12.0)[SALT]
    assert salt[0] == salt[1] == 0.0
    assert salt[2] < 0.01
    assert salt[3] == pytest.approx(3.0, rel=0.01)  # half has passed at the median time on the way
    assert salt[4] == pytest.approx(6.0, rel=0.02)
    assert salt[5] == pytest.approx(3.0, rel=0.05)  # the release ended two hours after it began
    assert 0 <= salt[6] < 0.01


def test_what_passes_is_what_was_released() -> None:
    hours = np.arange(0, 96, 0.05)
    passed = at(NEAR, *hours.tolist())[SALT].sum() * 0.05
    assert passed == pytest.approx(6.0 * 2.0, rel=0.001)


def test_a_place_at_the_outfall_itself_feels_it_within_minutes_not_at_once() -> None:
    salt = at(Course("p", 1.0, 0.0, 240.0), 0.02, 0.5)[SALT]
    assert salt[0] < 0.1
    assert salt[1] > 5.5


def test_other_outfalls_are_not_felt() -> None:
    pulses = Pulses.of([SPILL], {"q": [NEAR]}, 0.99)
    assert pulses.at(np.array([JULY_MS + HOUR_MS])).tolist() == [[0.0]] * (len(CARRIED) + 2)


def test_two_ways_add_up() -> None:
    both = Pulses.of([SPILL], {"p": [NEAR, NEAR]}, 0.99).at(np.array([JULY_MS + 2 * HOUR_MS]))
    assert both == pytest.approx(2 * at(NEAR, 2.0))
