from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deploy.regrade.months import MonthJob, evaluate_month
from deploy.regrade.part import Ground
from sensors.reading import to_ms

GROUND = Ground("site", "Asia/Shanghai", ("A", "B", "C"), ("river",) * 3, ("R", "R", "Q"), {"R": "III", "Q": "V"})
START = to_ms(datetime(2024, 3, 31, 16, tzinfo=UTC))  # April in China
END = to_ms(datetime(2024, 4, 30, 16, tzinfo=UTC))
HOUR_MS = 3_600_000
GOOD = {
    "ph": 7.0,
    "dissolved_oxygen": 8.0,
    "permanganate_index": 1.0,
    "ammonia_nitrogen": 0.1,
    "total_phosphorus": 0.01,
}


def hours(out: Path, name: str, rows: list[dict[str, object]]) -> str:
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    columns["time"] = pa.array(np.array(columns["time"]) * 1000, pa.timestamp("us", "UTC"))
    for key in ("station", "determinand"):
        columns[key] = pa.array(columns[key]).dictionary_encode()
    for key in ("count", "provisional", "below"):
        columns[key] = pa.array(columns[key], pa.int32())
    columns["without_suspect"] = pa.array(columns["without_suspect"], pa.float64())
    path = out / "hours" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return f"hours/{name}.parquet"


def row(
    hour: int, station: str, key: str, mean: float, sound: float | None = None, below: int = 0
) -> dict[str, object]:
    suspect = sound is not None
    return {
        "time": START + hour * HOUR_MS, "station": station, "determinand": key, "mean": mean,
        "without_suspect": sound if suspect else mean, "count": 1, "provisional": int(suspect), "below": below,
    }  # fmt: skip


def evaluated(out: Path, *files: str, stations: tuple[str, ...] = ("A", "B", "C")) -> tuple[list[dict], list[dict]]:
    done = evaluate_month(MonthJob("2024-04", 0, stations, START, END, files, "token", GROUND, str(out)))
    tables = [pq.ParquetFile(out / name).read().to_pylist() for name in sorted(done.manifest.files)]
    return tables[0], tables[1]


def month_of(station: str, days: int = 30, **other: float) -> list[dict[str, object]]:
    values = GOOD | other
    return [row(hour, station, key, value) for hour in range(24 * days) for key, value in values.items()]


def test_days_and_the_month_of_stations_and_rivers(tmp_path: Path) -> None:
    first = hours(tmp_path, "0", month_of("A", ammonia_nitrogen=1.2) + month_of("C"))
    second = hours(tmp_path, "1", month_of("B"))
    rows, means = evaluated(tmp_path, first, second)
    months = {(r["scope"], r["subject"]): r for r in rows if r["period"] == "month"}
    assert {key: r["water_class"] for key, r in months.items()} == {
        ("station", "A"): "IV", ("station", "B"): "I", ("station", "C"): "I",
        ("river", "R"): "III", ("river", "Q"): "I",
    }  # fmt: skip
    river = months["river", "R"]
    assert (river["target_class"], river["attained"], river["method"], river["sections"]) == ("III", True, "mean", 2)
    station = months["station", "A"]
    assert (station["attained"], station["deciding"], station["over_target"]) == (
        False,
        "ammonia_nitrogen",
        "ammonia_nitrogen",
    )
    assert (station["start"], station["end"]) == tuple(datetime.fromtimestamp(t / 1000, UTC) for t in (START, END))
    assert (station["hours"], station["hours_in_period"], station["descriptor"]) == (720, 720, "lightly_polluted")
    days = [r for r in rows if r["period"] == "day"]
    assert len(days) == 30 * 5
    assert [r["mean"] for r in means if r["determinand"] == "ammonia_nitrogen"] == [1.2, 0.1, 0.1]
    assert means[0]["time"] == datetime.fromtimestamp((START + END) / 2000, UTC)


def test_the_running_month_ends_with_its_last_day(tmp_path: Path) -> None:
    rows, means = evaluated(tmp_path, hours(tmp_path, "0", month_of("A", days=3)))
    assert [r["water_class"] for r in rows if (r["scope"], r["period"]) == ("station", "day")] == ["I"] * 3
    assert [r["water_class"] for r in rows if (r["scope"], r["period"]) == ("station", "month")] == [None]
    assert {r["subject"] for r in rows} == {"A", "R"}
    assert {r["hours"] for r in means} == {72}


def test_suspect_hours_are_told_with_and_without(tmp_path: Path) -> None:
    spilt = [row(hour, "A", "ammonia_nitrogen", 3.0, sound=0.1) for hour in range(24)]
    quiet = [
        r
        for r in month_of("A", days=2)
        if (r["determinand"], r["time"] < START + 24 * HOUR_MS) != ("ammonia_nitrogen", True)
    ]
    rows, _ = evaluated(tmp_path, hours(tmp_path, "0", quiet + spilt))
    found = [(r["water_class"], r["without_suspect"], r["provisional"]) for r in rows if r["period"] == "day"]
    assert (
        found == [("INFERIOR_V", "I", True)] * 2 + [("I", "I", False)] * 2
    )  # the station, its river, and the day after


def test_only_the_stations_asked_for(tmp_path: Path) -> None:
    file = hours(tmp_path, "0", month_of("A", days=1) + month_of("C", days=1))
    rows, means = evaluated(tmp_path, file, stations=("C",))
    assert {r["subject"] for r in rows} == {"C", "Q"}
    assert {r["station"] for r in means} == {"C"}


@pytest.mark.parametrize(("below", "mean", "flag"), [((1, 1), 0.05, True), ((1, 0), 0.02, False)])
def test_a_month_wholly_below_detection_is_told_by_its_limit(tmp_path: Path, below, mean: float, flag: bool) -> None:
    rows = [
        row(0, "A", "total_phosphorus", 0.015, below=below[0]),
        row(1, "A", "total_phosphorus", 0.025, below=below[1]),
    ]
    _, (found,) = evaluated(tmp_path, hours(tmp_path, "0", rows))
    assert (found["mean"], found["below"]) == (mean, flag)


def test_a_month_without_hours_makes_nothing(tmp_path: Path) -> None:
    done = evaluate_month(MonthJob("2024-04", 0, ("A",), START, END, (), "token", GROUND, str(tmp_path)))
    assert (done.manifest.files, done.reused) == ({}, False)
    again = evaluate_month(MonthJob("2024-04", 0, ("A",), START, END, (), "token", GROUND, str(tmp_path)))
    assert again.reused
