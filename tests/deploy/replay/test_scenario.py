"""A scenario's public folder becomes arrays in which no row knows of later ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deploy.replay.scenario import load_scenario, public_folder
from sensors.errors import ConfigError, UsageError
from tests.deploy.site.topologies import small_topology, stamps, write_readings, write_small

#: 2025-05-01T00:00 in Shanghai.
MIDNIGHT_MS = 1_746_028_800_000

ROWS = [
    (5, "S01", "nh3n", 1.0), (10, "S01", "nh3n", 1.5), (20, "S01", "nh3n", 2.0),
    (5, "S01", "do", 6.0), (10, "S02", "velocity", -0.05), (20, "S02", "codmn", float("nan")),
]  # fmt: skip


def test_readings_lie_on_a_grid_with_our_names(tmp_path: Path) -> None:
    scenario = load_scenario(write_small(tmp_path / "public", ROWS))
    assert scenario.time_ms.tolist() == [MIDNIGHT_MS + 300_000 * k for k in range(1, 5)]
    assert scenario.series[:2] == (("S01", "dissolved_oxygen"), ("S01", "ammonia_nitrogen"))
    np.testing.assert_array_equal(scenario.values[:, 1], [1.0, 1.5, np.nan, 2.0])
    velocity = scenario.values[:, scenario.column["S02", "velocity"]]
    np.testing.assert_allclose(velocity, [np.nan, -0.05, np.nan, np.nan], rtol=1e-6)
    assert np.isnan(scenario.values[:, scenario.column["S02", "permanganate_index"]]).all()
    assert scenario.local(int(scenario.time_ms[0])) == "2025-05-01T00:05:00"
    assert scenario.station_of.tolist() == [0, 0, 1, 1, 1]
    columns, values = scenario.of("ammonia_nitrogen")
    assert columns.tolist() == [1, 2]
    assert values.shape == (4, 2)


def test_the_parent_is_accepted_and_truth_is_never_needed(tmp_path: Path) -> None:
    write_small(tmp_path / "public", ROWS)
    (tmp_path / "truth").write_text("not even a folder")
    assert public_folder(tmp_path) == tmp_path / "public"
    assert load_scenario(tmp_path).values.shape == (4, 5)


def test_a_reading_between_two_times_goes_to_the_later(tmp_path: Path) -> None:
    rows = [(5 * k, "S01", "nh3n", 1.0) for k in range(1, 9)] + [(17, "S02", "nh3n", 3.0)]
    scenario = load_scenario(write_small(tmp_path, rows))
    assert scenario.time_ms[np.isfinite(scenario.values[:, 2])].tolist() == [MIDNIGHT_MS + 20 * 60_000]


def test_the_grid_is_of_whole_steps(tmp_path: Path) -> None:
    scenario = load_scenario(write_small(tmp_path, [(5 * k + 2, "S01", "nh3n", float(k)) for k in range(4)]))
    assert scenario.time_ms.tolist() == [MIDNIGHT_MS + 300_000 * k for k in range(1, 5)]
    np.testing.assert_array_equal(scenario.values[:, 1], [0.0, 1.0, 2.0, 3.0])


def test_rain_is_known_when_its_bin_has_ended(tmp_path: Path) -> None:
    write_small(tmp_path, ROWS)
    pq.write_table(pa.table({"ts": stamps(0, 5, 10), "rain_mm": [0.5, 1.0, 0.25]}), tmp_path / "rain.parquet")
    assert load_scenario(tmp_path).rain_mm.tolist() == [0.5, 1.0, 0.25, 0.0]


def test_the_newest_inflow_is_held(tmp_path: Path) -> None:
    write_small(tmp_path, ROWS)
    flow = pa.table({"ts": stamps(10, 20), "node": ["N1", "N1"], "flow_m3_s": [2.0, 3.0]})
    pq.write_table(flow, tmp_path / "inlet_flow.parquet")
    scenario = load_scenario(tmp_path)
    assert scenario.inlets == ("N1",)
    np.testing.assert_array_equal(scenario.flow_m3_s[:, 0], [np.nan, 2.0, 2.0, 3.0])


def test_visits_are_known_from_their_start(tmp_path: Path) -> None:
    write_small(tmp_path, ROWS)
    log = pa.table({"station": ["S02"], "start": stamps(10), "end": stamps(15), "note": ["calibration"]})
    pq.write_table(log, tmp_path / "maintenance.parquet")
    scenario = load_scenario(tmp_path)
    assert scenario.visited[:, 1].tolist() == [False, True, True, False]
    assert not scenario.visited[:, 0].any()
    before, during = scenario.until(MIDNIGHT_MS + 300_000), scenario.until(MIDNIGHT_MS + 660_000)
    assert before.visits == ()
    assert during.visits[0].end_ms == MIDNIGHT_MS + 660_000
    assert during.time_ms.size == 2


def test_strangers_in_the_readings_are_told(tmp_path: Path) -> None:
    write_small(tmp_path, [(5, "S09", "nh3n", 1.0), (5, "S01", "ph", 7.0)])
    with pytest.raises(ConfigError) as caught:
        load_scenario(tmp_path)
    assert [(p.where, p.found) for p in caught.value.problems] == [
        ("column station", "S09"),
        ("column parameter", "ph"),
    ]


def test_a_determinand_that_the_station_does_not_have_is_told(tmp_path: Path) -> None:
    write_small(tmp_path, [(5, "S01", "codmn", 1.0)])
    with pytest.raises(ConfigError, match="codmn at S01"):
        load_scenario(tmp_path)


def test_a_folder_without_a_topology_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no topology\.json"):
        load_scenario(tmp_path)


def test_a_table_without_its_columns_is_told(tmp_path: Path) -> None:
    (tmp_path / "topology.json").write_text(json.dumps(small_topology()), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"readings\.parquet: file"):
        load_scenario(tmp_path)
    pq.write_table(pa.table({"ts": stamps(5)}), tmp_path / "readings.parquet")
    with pytest.raises(ConfigError, match="no station, parameter, value"):
        load_scenario(tmp_path)


def test_no_readings_at_all(tmp_path: Path) -> None:
    write_small(tmp_path, [(5, "S01", "nh3n", 1.0)])
    write_readings(tmp_path, [])
    with pytest.raises((UsageError, ConfigError)):
        load_scenario(tmp_path)


@pytest.mark.shared
def test_a_published_case_loads(shared: Path) -> None:
    scenario = load_scenario(shared / "cases" / "outfalls" / "A104_null")
    assert scenario.values.shape == (8640, 352)
    assert np.isfinite(scenario.values).sum() == 2_962_555
    assert scenario.rain_mm.sum() == pytest.approx(54.6, abs=0.1)
