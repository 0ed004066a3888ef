"""`riverchief qc` on a table that was cut: a flag never changes once it is older than the lateness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from deploy.qc_command import flag_file
from deploy.replay.scenario import load_scenario
from tests.analytics.qc import faults
from tests.analytics.qc.water import CHANNELS, times, water


def table(stamps: np.ndarray, channels: list[tuple[str, str]], values: np.ndarray) -> pl.DataFrame:
    """Readings as the command takes them."""
    row, series = np.nonzero(np.isfinite(values))
    station, determinand = ([channels[i][part] for i in series.tolist()] for part in (0, 1))
    when = [datetime.fromtimestamp(ms / 1000, UTC) for ms in stamps[row].tolist()]
    return pl.DataFrame(
        {"time": when, "station": station, "determinand": determinand, "value": values[row, series]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


def simulated(tiny: Path) -> pl.DataFrame:
    scenario = load_scenario(tiny)
    some = [i for i, (station, _) in enumerate(scenario.series) if station in list(scenario.stations)[:3]]
    return table(scenario.time_ms, [scenario.series[i] for i in some], scenario.values[:, some])


@pytest.mark.parametrize("source", ["simulated", "faulty", "uneven"])
def test_a_cut_table_has_the_same_flags(source: str, tiny: Path, tmp_path: Path) -> None:
    if source == "simulated":
        readings, period = simulated(tiny), timedelta(minutes=5)
    elif source == "faulty":
        readings, period = table(faults.STAMPS, faults.CHANNELS, faults.faulty()), timedelta(minutes=5)
    else:
        stamps = times(600, 90, uneven=4)
        readings, period = table(stamps, CHANNELS, water(stamps)), timedelta(minutes=90 * 1.3)
    lateness = max(timedelta(hours=1), period)
    readings.write_parquet(tmp_path / "all.parquet")
    flag_file(tmp_path / "all.parquet", tmp_path / "whole.parquet")
    whole = pl.read_parquet(tmp_path / "whole.parquet")
    assert whole.filter(pl.col("quality") != 1).height > 10
    every = readings["time"].unique().sort()
    for at in np.random.default_rng(len(source)).choice(np.arange(100, len(every)), 10, replace=False).tolist():
        end = every[at]
        readings.filter(pl.col("time") <= end).write_parquet(tmp_path / "cut.parquet")
        flag_file(tmp_path / "cut.parquet", tmp_path / "part.parquet")
        old = pl.col("time") <= end - lateness
        assert pl.read_parquet(tmp_path / "part.parquet").filter(old).equals(whole.filter(old)), f"cut at {end}"
