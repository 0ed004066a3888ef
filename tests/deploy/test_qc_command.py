from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from deploy.qc_command import command, flag_file
from sensors.errors import ConfigError, UsageError

START = datetime(2025, 5, 1, tzinfo=UTC)


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for at in range(300):
        time = START + timedelta(minutes=5 * at)
        rows.append((time, "A", "dissolved_oxygen", 7 + rng.normal(0, 0.05) + (6 if at in (120, 150) else 0)))
        rows.append((time, "A", "turbidity", 20 + rng.normal(0, 1) if at < 290 else -9999.0))
        rows.append((time, "B", "ph", 7.9 + rng.normal(0, 0.02)))
    path = tmp_path / "readings.parquet"
    pl.DataFrame(rows, schema=["time", "station", "determinand", "value"], orient="row").write_parquet(path)
    return path


def test_every_reading_has_a_flag_and_every_flag_its_tests_and_numbers(readings: Path, tmp_path: Path) -> None:
    out = tmp_path / "flags.parquet"
    summary = flag_file(readings, out)
    flags = pl.read_parquet(out)
    assert len(flags) == 900
    assert (summary.readings, summary.stations, summary.failed) == (900, 2, 10)
    spikes = flags.filter(pl.col("tests") == "spike")
    assert spikes["time"].to_list() == [START + timedelta(minutes=5 * at) for at in (120, 150)]
    assert spikes["quality"].to_list() == [3, 3]
    assert spikes["evidence"][0].startswith("spike=")
    assert flags.filter(pl.col("quality") == 4)["tests"].str.contains("sentinel").all()
    assert flags.filter(pl.col("quality") == 1)["evidence"].unique().to_list() == [""]


def test_faults_that_last_are_told_as_faults(readings: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    flag_file(readings, tmp_path / "flags.csv", events)
    told = json.loads(events.read_text())["events"]
    [spikes] = [event for event in told if event["station"] == "A" and event["determinand"] == "dissolved_oxygen"]
    assert (spikes["kind"], spikes["fault"]) == ("fault", "spikes")
    assert spikes["start"] == (START + timedelta(minutes=750)).isoformat()


def test_a_file_that_was_cut_has_the_same_flags_up_to_the_lateness(readings: Path, tmp_path: Path) -> None:
    flag_file(readings, tmp_path / "all.parquet")
    whole = pl.read_parquet(tmp_path / "all.parquet")
    frame = pl.read_parquet(readings)
    for minutes in np.random.default_rng(1).choice(np.arange(300, 1495, 5), 10, replace=False):
        end = START + timedelta(minutes=int(minutes))
        frame.filter(pl.col("time") <= end).write_parquet(tmp_path / "cut.parquet")
        flag_file(tmp_path / "cut.parquet", tmp_path / "part.parquet")
        old = pl.col("time") <= end - timedelta(hours=1)
        assert pl.read_parquet(tmp_path / "part.parquet").filter(old).equals(whole.filter(old))


def test_own_limits_hold_and_their_mistakes_are_told(readings: Path, tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('[channel."B/ph"]\nspan = [8.5, 9.0]\n')
    flag_file(readings, tmp_path / "flags.parquet", limits=limits)
    flags = pl.read_parquet(tmp_path / "flags.parquet").filter(pl.col("station") == "B")
    assert flags["tests"].str.contains("span").all()
    limits.write_text("[all]\nflatt = 1\n")
    with pytest.raises(ConfigError, match="flatt"):
        flag_file(readings, tmp_path / "flags.parquet", limits=limits)
    limits.write_text("[all\n")
    with pytest.raises(ConfigError, match="TOML"):
        flag_file(readings, tmp_path / "flags.parquet", limits=limits)


def test_the_command_says_what_it_found(readings: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(readings), "--out", str(tmp_path / "flags.csv")])
    assert result.exit_code == 0
    assert "900 readings of 2 stations" in result.output


def test_an_output_of_another_kind_is_refused_before_anything_is_read(readings: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        flag_file(readings, tmp_path / "flags.txt")


def test_what_it_leaves_out_is_said(tmp_path: Path) -> None:
    table = tmp_path / "readings.csv"
    table.write_text(
        "time,station,determinand,value\n2026-01-01T00:00:00Z,a,ph,7.1\n2026-01-01T00:00:00Z,a,nosuch,1\n", "utf-8"
    )
    summary = flag_file(table, tmp_path / "flags.csv")
    assert summary.unknown == ("nosuch",)
    assert "unknown determinands: nosuch" in str(summary)
