from __future__ import annotations

from collections import Counter

import pytest

from sensors.determinand import DETERMINANDS
from sensors.simulate.spills import HABITUAL_SHARE, MIXES, OXYGEN_DEMAND, RECIPES, DischargeKind, Spills
from sensors.simulate.water import VirtualWater
from sensors.simulate.weather import Weather
from sensors.site import Site
from tests.sensors.simulate.places import HOUR_MS, outfall

OFFSET_MS = 8 * HOUR_MS
DAYS = range(20_000, 20_365)


@pytest.fixture(scope="module")
def spills(xietang: Site) -> Spills:
    return Spills(tuple(xietang.outfalls.values()), Weather(1, OFFSET_MS))


def test_recipes_speak_in_determinands_and_mixes_are_chances() -> None:
    assert set(RECIPES) == set(DischargeKind)
    assert all(set(recipe.strength) <= {*DETERMINANDS, OXYGEN_DEMAND} for recipe in RECIPES.values())
    assert all(0 < sum(mix.values()) <= 1 + 1e-9 for mix in MIXES.values())


def test_a_few_outfalls_do_most_of_it(spills: Spills) -> None:
    dry = [s for day in DAYS for s in spills.on(day) if s.kind is not DischargeKind.OVERFLOW]
    assert 3 < len(dry) / len(DAYS) < 9
    often = Counter(spill.outfall for spill in dry).most_common()
    habitual = sum(1 for _, count in often if count > 20)
    assert habitual / len(spills.outfalls) < 1.5 * HABITUAL_SHARE
    assert sum(count for _, count in often[:habitual]) > 0.6 * len(dry)


def test_discharges_begin_at_their_hours_and_lie_within_their_recipe(spills: Spills) -> None:
    for day in DAYS[:60]:
        for spill in spills.on(day):
            recipe = RECIPES[spill.kind]
            assert recipe.flow_l_s[0] <= spill.flow_l_s <= recipe.flow_l_s[1]
            assert all(low <= spill.strength[name] <= high for name, (low, high) in recipe.strength.items())
            if spill.kind is not DischargeKind.OVERFLOW:
                hour = (spill.start_ms - spills.weather.start_of(day)) / HOUR_MS
                assert recipe.start_h[0] - 0.01 <= hour <= recipe.start_h[1]
            assert spill.volume_m3 == pytest.approx(spill.flow_l_s * (spill.end_ms - spill.start_ms) / 1e6)


def test_combined_sewers_spill_in_heavy_rain_only(spills: Spills, xietang: Site) -> None:
    wet = dry = 0
    for day in DAYS:
        heavy = [s for s in spills.weather.showers(day) if s.depth_mm >= 10 and s.rate_mm_h >= 4]
        over = [s for s in spills.on(day) if s.kind is DischargeKind.OVERFLOW]
        assert all(xietang.outfalls[s.outfall].kind == "combined" for s in over)
        if heavy:
            wet += len(over)
        else:
            dry += len(over)
    assert wet > 20
    assert dry == 0


def test_one_outfall_more_changes_nothing_at_the_others(spills: Spills) -> None:
    more = Spills((outfall("new", "R01-1", 5, "storm"), *spills.outfalls), spills.weather)
    for day in DAYS[:40]:
        assert [s for s in more.on(day) if s.outfall != "new"] == list(spills.on(day))


def test_what_runs_at_an_instant_is_found_from_any_side(water: VirtualWater) -> None:
    start = water.weather.start_of(20_700)
    month = water.discharges(start, start + 30 * 24 * HOUR_MS)
    assert len(month) > 60
    spill = month[10]
    assert spill in water.discharges(spill.end_ms - 1, spill.end_ms + 5)
    assert spill in water.discharges(spill.start_ms - 5, spill.start_ms + 1)
    assert spill not in water.discharges(spill.end_ms, spill.end_ms + 5)
    assert spill not in water.discharges(spill.start_ms - 5, spill.start_ms)
