"""Every record on which we and the national board disagree, by its kind; docs/standards.md tells the figures.

To list them one by one: ``pytest tests/deploy/test_grade_disagreements.py -s``.
"""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from analytics.grading import grade
from deploy.grade import grade_file
from deploy.tables import read_readings, read_stations
from sensors.determinand import DETERMINANDS
from sensors.place import WaterBody

Values = dict[str, float]
FIVE = ("ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen", "total_phosphorus")


def reachable(values: Values, body: WaterBody) -> set[str | None]:
    """Classes of all values that would be printed as these."""
    options = []
    for key in FIVE:
        if key in values:
            half = 0.5 * 10.0 ** -DETERMINANDS[key].decimals
            options.append([(key, values[key] + step * half) for step in (-1, 0, 1)])
    return {class_of(dict(choice), body) for choice in itertools.product(*options)}


def class_of(values: Values, body: WaterBody) -> str | None:
    water_class = grade(values, body).water_class
    return None if water_class is None else water_class.name


def kinds(folder: Path, tmp_path: Path, step: timedelta) -> Counter[str]:
    grade_file(folder / "readings.parquet", folder / "stations.csv", tmp_path / "out.parquet")
    ours = pl.read_parquet(tmp_path / "out.parquet")
    theirs = pl.read_csv(folder / "expected.csv").with_columns(pl.col("time").str.to_datetime(time_zone="UTC"))
    printed = {(station, time): each for time, station, each, _ in theirs.iter_rows() if each}
    bodies = read_stations(folder / "stations.csv")
    values: dict[tuple[str, datetime], Values] = {}
    rows = read_readings(folder / "readings.parquet").frame.select("station", "time", "determinand", "value")
    for station, time, key, value in rows.drop_nulls().iter_rows():
        values.setdefault((station, time), {})[key] = value
    found: Counter[str] = Counter()
    for time, station, mine in ours.select("time", "station", "water_class").iter_rows():
        key, before = (station, time), (station, time - step)
        if printed.get(key, mine) == mine:
            continue
        if printed[key] in reachable(values[key], bodies[station]):
            kind = "rounding"
        elif printed[key] in {printed.get(before), class_of(values.get(before, {}), bodies[station])}:
            kind = "record before"
        else:
            kind = "unexplained"
        print(f"{kind}: {time:%Y-%m-%d %H:%M} {station}: ours {mine}, printed {printed[key]}, {values[key]}")
        found[kind] += 1
    return found


@pytest.mark.shared
@pytest.mark.parametrize(
    ("case", "hours", "expected"),
    [
        ("grading_daily", 24, {"unexplained": 3, "record before": 1}),
        ("grading_4h", 4, {"rounding": 82, "record before": 100, "unexplained": 8}),
    ],
)
def test_every_disagreement_has_its_kind(
    shared: Path, tmp_path: Path, case: str, hours: int, expected: dict[str, int]
) -> None:
    assert kinds(shared / "cases" / case, tmp_path, timedelta(hours=hours)) == expected
