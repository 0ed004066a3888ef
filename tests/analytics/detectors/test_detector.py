"""What is told as a discharge and what is not; that cuts, late rows and restarts change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.detectors import DETECTORS, Detector, Layout, Options
from analytics.detectors.options import POLLUTANTS
from tests.analytics.detectors.places import (
    SERIES,
    STATIONS,
    STEP_MS,
    after,
    column,
    layout,
    rise,
    told,
    trained,
    water,
)


def with_rise(size: float = 0.5, *, at: str = "S3", key: str = "ammonia_nitrogen", rows: int = 72) -> tuple[Any, Any]:
    times, values = after(rows)
    values[:, column(at, key)] += rise(rows, 24, 1.0, size)
    return times, values


@pytest.mark.parametrize(("key", "size"), [("ammonia_nitrogen", 0.5), ("conductivity", 60.0), ("turbidity", 12.0)])
def test_a_smooth_rise_of_one_determinand_is_told_within_two_hours(key: str, size: float) -> None:
    times, values = with_rise(size, key=key)
    found = trained().step(times, values)
    assert told(found) == [("S3", key)]
    assert times[24] < found[0].time_ms <= times[24] + 2 * 3_600_000
    assert times[24] <= found[0].onset_ms <= found[0].time_ms


def test_quiet_water_says_nothing() -> None:
    times, values = after(288)
    assert trained().step(times, values) == []


def test_a_fall_is_no_discharge() -> None:
    times, values = with_rise(-0.5)
    assert trained().step(times, values) == []


def test_a_jump_of_one_sample_is_the_probe_s() -> None:
    times, values = after(144)
    values[30:, column("S3", "ammonia_nitrogen")] += 0.8
    assert told(trained().step(times, values)) == []


def test_a_jump_of_two_determinands_is_the_water_s() -> None:
    times, values = after(72)
    values[30:, column("S3", "ammonia_nitrogen")] += 0.8
    values[30:, column("S3", "conductivity")] += 80
    assert {station for station, _ in told(trained().step(times, values))} == {"S3"}


def test_a_slow_drift_of_one_determinand_is_the_probe_s() -> None:
    times, values = after(432)
    values[:, column("S3", "conductivity")] += rise(432, 0, 72.0, 120.0)
    assert told(trained().step(times, values)) == []


def test_noise_alone_is_no_discharge() -> None:
    times, values = after(144)
    noise = np.random.default_rng(5).normal(0, 0.3, 114)
    values[30:, column("S3", "ammonia_nitrogen")] += np.abs(noise)
    assert told(trained().step(times, values)) == []


def test_a_known_fault_counts_against_its_series_only() -> None:
    times, values = with_rise(0.3)
    doubted = np.zeros(values.shape, bool)
    doubted[:, column("S3", "ammonia_nitrogen")] = True
    found = trained().step(times, values, doubted=doubted)
    assert told(found) == []
    assert all(dict(one.against)["doubt"] > 0 for one in found)
    doubted = np.roll(doubted, 1, axis=1)
    assert told(trained().step(times, values, doubted=doubted)) == [("S3", "ammonia_nitrogen")]


def test_a_large_rise_is_told_also_of_a_doubted_series() -> None:
    times, values = with_rise(3.0)
    assert told(trained().step(times, values, doubted=np.ones(values.shape, bool))) == [("S3", "ammonia_nitrogen")]


def test_noise_that_grows_with_the_level_is_the_water_s() -> None:
    times, values = after(72)
    where = column("S3", "turbidity")
    noise = np.random.default_rng(5).normal(0, 1.0, 72)
    values[:, where] += rise(72, 24, 1.0, 200.0) * (1 + 0.04 * noise)
    assert told(trained().step(times, values)) == [("S3", "turbidity")]


def test_a_determinand_that_rises_a_little_is_told_in_company() -> None:
    times, alone = after(108)
    both = alone.copy()
    scale = trained().baseline.scale[0]
    for key, multiple, rising in (("ammonia_nitrogen", 3.5, (alone, both)), ("turbidity", 7.0, (both,))):
        place = layout().place[POLLUTANTS.index(key), STATIONS.index("S3")]
        for kept in rising:
            kept[:, column("S3", key)] += rise(108, 24, 1.0, multiple * float(scale[place]))
    assert told(trained().step(times, alone)) == []
    assert ("S3", "ammonia_nitrogen") in told(trained().step(times, both))


def test_after_a_visit_the_series_begins_anew() -> None:
    times, values = after(144)
    visited = np.zeros((144, len(STATIONS)), bool)
    visited[30:33, STATIONS.index("S3")] = True
    values[33:, column("S3", "ammonia_nitrogen")] += 0.8
    assert told(trained().step(times, values, visited=visited)) == []
    assert told(trained().step(times, values)) == []  # the jump alone is enough


def test_rain_that_dilutes_hides_its_own_solids_but_not_sewage_elsewhere() -> None:
    times, values = after(72)
    rain = np.zeros(72)
    rain[18:24] = 2.0
    wash = rise(72, 24, 1.0, 1.0)
    for name in STATIONS[:6]:
        values[:, column(name, "turbidity")] += 15 * wash
        values[:, column(name, "conductivity")] -= 60 * wash
    values[:, column("S8", "ammonia_nitrogen")] += rise(72, 30, 1.0, 0.6)
    assert told(trained().step(times, values, rain_mm=rain)) == [("S8", "ammonia_nitrogen")]
    # In dry weather solids are told, unless many stations show them at once.
    for name in STATIONS[1:6]:
        values[:, column(name, "turbidity")] -= 15 * wash
    dry = told(trained().step(times, values))
    assert {key for _, key in dry} == {"turbidity", "ammonia_nitrogen"}


def test_in_rain_what_also_raises_conductivity_is_believed() -> None:
    times, values = after(72)
    rain = np.zeros(72)
    rain[18:24] = 2.0
    values[:, column("S3", "turbidity")] += rise(72, 26, 1.0, 6.0)
    assert told(trained().step(times, values, rain_mm=rain)) == []
    values[:, column("S3", "conductivity")] += rise(72, 26, 1.0, 60.0)
    assert ("S3", "turbidity") in told(trained().step(times, values, rain_mm=rain))


def test_sewage_in_rain_is_an_overflow() -> None:
    times, values = after(72)
    rain = np.zeros(72)
    rain[18:24] = 2.0
    wash = rise(72, 24, 1.0, 1.0)
    values[:, column("S3", "conductivity")] -= 60 * wash
    values[:, column("S3", "ammonia_nitrogen")] += 0.5 * wash
    found = trained().step(times, values, rain_mm=rain)
    assert (told(found), told(found, "overflow")) == ([], [("S3", "ammonia_nitrogen")])
    assert found[0].against[0][0] == "rain"


def test_a_stopped_inlet_counts_against_a_discharge() -> None:
    times, values = with_rise(0.3)
    stopped = np.ones((72, 1))
    stopped[20:] = 0.1
    calm = trained().step(times, values, flow=np.ones((72, 1)))
    gated = trained().step(times, values, flow=stopped)
    assert told(calm) == [("S3", "ammonia_nitrogen")]
    assert told(gated) == []


def test_a_detection_explains_itself() -> None:
    times, values = with_rise()
    values[:, column("S4", "ammonia_nitrogen")] += rise(72, 22, 1.0, 0.3)
    found = next(d for d in trained().step(times, values) if d.station == "S3")
    assert found.raw > 4
    assert found.evidence <= found.raw
    assert found.value - found.baseline == pytest.approx(found.raw * found.scale, rel=1e-3)
    assert dict(found.increments)["ammonia_nitrogen"] == pytest.approx(0.5, abs=0.2)
    assert {key for key, _ in found.others} == {"conductivity", "turbidity"}
    near = {name: hours for name, hours, _ in found.neighbours}
    assert (near["S2"], near["S4"]) == (pytest.approx(-1), pytest.approx(1))


def test_not_ready_is_a_state() -> None:
    detector = Detector(layout(), STEP_MS)
    times, values = water(200, seed=3)
    values[100:, column("S3", "ammonia_nitrogen")] += 5
    assert detector.step(times, values) == []
    assert not detector.ready.any()
    assert trained().ready.all()


def test_what_never_moves_is_never_ready() -> None:
    detector = Detector(layout(), STEP_MS)
    times, values = water(5 * 144, seed=3)
    values[:] = values[0]
    values[700:] += 1
    assert detector.step(times, values) == []
    assert not detector.ready.any()


def same(a: Detector, b: Detector) -> bool:
    mine, other = a.state(), b.state()
    return all(np.array_equal(mine[name], other[name], equal_nan=mine[name].dtype.kind == "f") for name in mine)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_cuts_late_rows_and_restarts_change_nothing(data: st.DataObject) -> None:
    times, values = with_rise(rows=60)
    rain = np.where(np.arange(60) == 50, 3.0, 0.0)
    visited = np.zeros((60, len(STATIONS)), bool)
    visited[10:12, 7] = True
    whole = trained()
    expected = whole.step(times, values, rain_mm=rain, visited=visited)
    assert told(expected)
    cut, found, start = trained(), [], 0
    for end in [*sorted(data.draw(st.sets(st.integers(1, 59), max_size=6))), 60]:
        part = np.arange(start, end)
        order = np.array(data.draw(st.permutations(part.tolist())))
        late = order % 3 == 0
        until_ms = int(times[end - 1])
        # Half of the columns of some rows come first, the rest late, in any order; then all of it is due.
        first = np.where((np.arange(values.shape[1]) % 2 == 0) & late[:, None], np.nan, values[order])
        found += cut.step(
            times[order], first, rain_mm=rain[order], visited=visited[order], until_ms=int(times[start]) - 1
        )
        found += cut.step(times[order], values[order], until_ms=until_ms)
        if data.draw(st.booleans()):
            again = Detector(layout(), STEP_MS, 1)
            again.load(cut.save())
            cut = again
        start = end
    assert found == expected
    assert same(whole, cut)


def test_what_is_late_beyond_the_judged_rows_changes_nothing() -> None:
    times, values = after(12)
    detector = trained()
    detector.step(times, values)
    before = detector.state()
    assert detector.step(times[:6], values[:6] * 5) == []
    assert all(np.array_equal(before[k], v, equal_nan=v.dtype.kind == "f") for k, v in detector.state().items())


def test_rows_that_never_came_count_as_empty() -> None:
    times, values = after(72)
    holes = np.ones(72, bool)
    holes[20:30] = False
    blank = values.copy()
    blank[20:30] = np.nan
    a, b = trained(), trained()
    assert a.step(times[holes], values[holes]) == b.step(times, blank)
    assert same(a, b)


def test_unusable_readings_are_as_if_not_there() -> None:
    times, values = with_rise()
    usable = np.ones(values.shape, bool)
    usable[:, column("S3", "ammonia_nitrogen")] = False
    assert trained().step(times, values, usable=usable) == []


def test_the_past_is_judged_by_the_past_only() -> None:
    times, values = with_rise()
    whole = trained().step(times, values)
    for cut in (26, 30, 36, 60):
        part = trained().step(times[:cut], values[:cut])
        assert part == [d for d in whole if d.time_ms <= times[cut - 1]]


def test_state_does_not_grow() -> None:
    detector = trained()
    times, values = after(288)
    detector.step(times[:144], values[:144])
    size = sum(array.nbytes for array in detector.state().values())
    detector.step(times[144:], values[144:])
    assert sum(array.nbytes for array in detector.state().values()) == size
    assert size < 5000 * len(SERIES)


def test_saved_state_of_other_series_is_refused() -> None:
    other = Detector(Layout.build(SERIES[:4]), STEP_MS, 1)
    with pytest.raises(ValueError, match="does not fit"):
        other.load(trained().save())


def test_rows_off_the_grid_and_odd_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="grid"):
        trained().step(np.array([1]), np.zeros((1, len(SERIES))))
    with pytest.raises(ValueError, match="half an hour"):
        Detector(layout(), 3_600_000)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_of_the_table_steps_saves_and_loads(name: str) -> None:
    detector = DETECTORS[name](layout(), STEP_MS, 1, Options())
    times, values = water(12, seed=1)
    assert detector.step(times, values) == []
    detector.load(detector.save())
    assert detector.judged_ms == times[-1]
