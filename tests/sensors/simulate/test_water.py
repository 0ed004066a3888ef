from __future__ import annotations

from collections import Counter
from types import MappingProxyType

import numpy as np
import pytest

from sensors.determinand import DETERMINANDS
from sensors.profile import load_profiles
from sensors.simulate.spills import OXYGEN_DEMAND, Discharge, DischargeKind
from sensors.simulate.water import DETERMINANDS_LIVE, VirtualWater
from sensors.site import Site
from tests.sensors.simulate.places import DAY_MS, HOUR_MS, JULY_MS, outfall, reach, small_site, station

#: 2026-11-24T00:00Z, a late autumn day, and the day in five-minute steps.
NOVEMBER_MS = JULY_MS + 146 * DAY_MS
STEPS = np.arange(0, DAY_MS, 300_000, dtype=np.int64)

#: GB 3838-2002 table 1, classes I to V (river column of total phosphorus).
LIMITS = {
    "dissolved_oxygen": (-7.5, -6, -5, -3, -2),
    "permanganate_index": (2, 4, 6, 10, 15),
    "ammonia_nitrogen": (0.15, 0.5, 1.0, 1.5, 2.0),
    "total_phosphorus": (0.02, 0.1, 0.2, 0.3, 0.4),
}
LAKE_PHOSPHORUS = (0.01, 0.025, 0.05, 0.1, 0.2)


def step(means: dict[str, float], lake: bool) -> int:
    """Class from 1 to 6 of some means."""
    worst = 1
    for name, limits in LIMITS.items():
        value = -means[name] if name == "dissolved_oxygen" else means[name]
        taken = LAKE_PHOSPHORUS if lake and name == "total_phosphorus" else limits
        worst = max(worst, 1 + sum(value > limit for limit in taken))
    return worst


def classes(water: VirtualWater, site: Site, start_ms: int) -> tuple[dict[str, int], dict[str, int]]:
    """Class of each river and station over a day: mean of the determinand over time, then over stations."""
    rivers, stations = {}, {}
    for river in site.rivers:
        own = site.stations_of(river)
        means = [{name: float(water.series(s.id, start_ms + STEPS)[name].mean()) for name in LIMITS} for s in own]
        stations |= {s.id: step(m, s.water_body == "lake") for s, m in zip(own, means, strict=True)}
        joint = {name: sum(m[name] for m in means) / len(means) for name in LIMITS}
        rivers[river] = step(joint, all(s.water_body == "lake" for s in own))
    return rivers, stations


def test_any_instant_in_any_order_has_the_same_answer(xietang: Site, water: VirtualWater) -> None:
    times = NOVEMBER_MS + np.array([0, 7 * DAY_MS, 3 * DAY_MS + 1, 3 * DAY_MS, -200 * DAY_MS, 0])
    together = water.series("S38", times)
    fresh = VirtualWater(xietang, seed=1)
    for index in (3, 1, 5, 0, 4, 2):
        alone = fresh.series("S38", times[index : index + 1])
        for name in DETERMINANDS_LIVE:
            assert alone[name][0] == pytest.approx(together[name][index], rel=1e-12), name


def test_another_seed_is_another_water(xietang: Site, water: VirtualWater) -> None:
    other = VirtualWater(xietang, seed=2).series("S05", NOVEMBER_MS + STEPS)
    assert not np.allclose(other["ammonia_nitrogen"], water.series("S05", NOVEMBER_MS + STEPS)["ammonia_nitrogen"])


def test_a_stranger_is_refused(water: VirtualWater) -> None:
    with pytest.raises(KeyError, match="S99"):
        water.series("S99", STEPS)


def test_every_determinand_is_known_measured_and_plausible_through_a_year(xietang: Site, water: VirtualWater) -> None:
    measured = {name for s in xietang.stations.values() for name in load_profiles()[s.profile].determinands}
    assert measured <= set(DETERMINANDS_LIVE)
    times = JULY_MS + np.arange(0, 365 * DAY_MS, 11 * HOUR_MS)
    for name_of in ("S01", "S44"):
        for name, values in water.series(name_of, times).items():
            assert values.shape == times.shape
            assert np.isfinite(values).all()
            assert DETERMINANDS[name].low <= values.min(), name
            assert values.max() <= DETERMINANDS[name].high, name


def test_no_times_give_no_values(water: VirtualWater) -> None:
    assert all(values.shape == (0,) for values in water.series("S01", np.array([], dtype=np.int64)).values())


def test_summer_is_warm_and_short_of_oxygen(water: VirtualWater) -> None:
    summer = water.series("S05", JULY_MS + 30 * DAY_MS + STEPS)
    winter = water.series("S05", JULY_MS + 200 * DAY_MS + STEPS)
    assert summer["water_temperature"].mean() > 25
    assert 0.2 < winter["water_temperature"].mean() < 11
    assert summer["dissolved_oxygen"].mean() < winter["dissolved_oxygen"].mean() - 2


def test_oxygen_follows_saturation(water: VirtualWater) -> None:
    day = water.series("S05", NOVEMBER_MS + STEPS)
    saturation = 468 / (31.6 + day["water_temperature"])
    assert day["dissolved_oxygen_saturation"] == pytest.approx(100 * day["dissolved_oxygen"] / saturation)


def test_oxygen_and_ph_are_highest_in_the_afternoon(water: VirtualWater) -> None:
    month = JULY_MS + np.arange(0, 30 * DAY_MS, HOUR_MS)
    for name in ("dissolved_oxygen", "ph", "water_temperature"):
        by_hour = water.series("S05", month)[name].reshape(30, 24).mean(axis=0)
        assert 14 <= (int(by_hour.argmax()) + 8) % 24 <= 17, name


def test_rain_thins_the_salt_and_muddies_the_water(xietang: Site, water: VirtualWater) -> None:
    days = JULY_MS + np.arange(0, 120 * DAY_MS, HOUR_MS)
    rain = water.rain(days)
    wet = np.convolve(rain, np.ones(12))[: len(rain)] > 12
    dry = np.convolve(rain, np.ones(96))[: len(rain)] < 0.5
    assert wet.sum() > 20
    assert dry.sum() > 100
    values = water.series("S04", days)
    median = {name: (np.median(v[wet]), np.median(v[dry])) for name, v in values.items()}
    assert median["conductivity"][0] < 0.95 * median["conductivity"][1]
    assert median["turbidity"][0] > 1.8 * median["turbidity"][1]
    assert median["total_phosphorus"][0] > 1.1 * median["total_phosphorus"][1]
    assert median["velocity"][0] > 1.2 * median["velocity"][1]


def test_sewage_comes_down_the_river_after_its_travel_time() -> None:
    """Two stations under one outfall, 200 m and 1,100 m away at 0.1 m/s, against the same water without discharges."""
    site = small_site(
        [reach("a", "1", "2", 1200, 0.1)],
        [station("near", "a", 300), station("far", "a", 1200)],
        [outfall("p", "a", 100)],
    )
    water, silent = VirtualWater(site), VirtualWater(site)
    spill = Discharge(
        "p", NOVEMBER_MS, NOVEMBER_MS + 2 * HOUR_MS, DischargeKind.SEWAGE, 20.0,
        MappingProxyType({"ammonia_nitrogen": 40.0, "conductivity": 800.0, OXYGEN_DEMAND: 100.0}),
    )  # fmt: skip
    water.spills.on = lambda day: (spill,) if day == water.weather.day(NOVEMBER_MS) else ()  # type: ignore[assignment]
    silent.spills.on = lambda day: ()  # type: ignore[assignment]
    minutes = NOVEMBER_MS + np.arange(-60, 720, dtype=np.int64) * 60_000
    reached = []
    for name in ("near", "far"):
        with_it, without = water.series(name, minutes), silent.series(name, minutes)
        risen = with_it["ammonia_nitrogen"] - without["ammonia_nitrogen"]
        assert np.abs(risen[:60]).max() < 1e-9
        assert risen.max() == pytest.approx(40 * 0.02 / 2.02, rel=0.05)
        assert (without["dissolved_oxygen"] - with_it["dissolved_oxygen"]).max() > 0.05
        assert (with_it["conductivity"] - without["conductivity"]).max() > 7
        reached.append(int((risen > risen.max() / 2).argmax()) - 60)
    assert reached[0] < 45  # minutes; 33 of travel
    assert reached[1] - reached[0] == pytest.approx(900 / 0.1 / 60, abs=15)


def test_a_typical_day_has_a_realistic_mix_of_classes(xietang: Site, water: VirtualWater) -> None:
    rivers, stations = classes(water, xietang, NOVEMBER_MS)
    counts = Counter(rivers.values())
    assert 2 <= counts[2] <= 4
    assert 7 <= counts[3] <= 11
    assert 8 <= counts[4] <= 11
    assert 2 <= counts[5] <= 5
    assert 2 <= counts[6] <= 4
    worse = [s.id for s in xietang.stations.values() if stations[s.id] > rivers[s.river]]
    assert 2 <= len(worse) <= 12
