from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.trend import MIN_CYCLES
from analytics.trend_daniel import MIN_PERIODS
from deploy.regrade.trends import FEWEST_YEARS, TrendJob, judge_trends


def means(out: Path, month: str, *rows: tuple[str, str, float, bool]) -> tuple[str, str]:
    """A month's file of monthly means."""
    middle = int(np.datetime64(f"{month}-15", "us").astype(np.int64))
    station, determinand, mean, below = zip(*rows, strict=True)
    table = pa.table(
        {
            "time": pa.array([middle] * len(rows), pa.timestamp("us", "UTC")),
            "station": station, "determinand": determinand, "mean": mean, "below": below,
        }
    )  # fmt: skip
    (out / "means").mkdir(parents=True, exist_ok=True)
    pq.write_table(table, out / "means" / f"{month}.parquet")
    return month, f"means/{month}.parquet"


def judged(out: Path, files: list[tuple[str, str]], *stations: str) -> list[dict[str, object]]:
    done = judge_trends(TrendJob(0, stations, tuple(files), "token", str(out)))
    return [row for name in done.manifest.files for row in pq.read_table(out / name).to_pylist()]


def test_the_fewest_years_are_those_of_the_tests() -> None:
    assert FEWEST_YEARS == MIN_CYCLES == MIN_PERIODS


def test_what_is_below_detection_is_told_to_the_trend_and_halved_in_the_year(tmp_path: Path) -> None:
    files = [
        means(tmp_path, f"{year}-{month:02d}", ("S", "ammonia_nitrogen", 0.05 if year < 2024 else 0.02, True))
        for year in range(2018, 2028)
        for month in range(1, 13)
    ]
    seasonal, ranks = judged(tmp_path, files, "S")
    assert (seasonal["n"], seasonal["below"], seasonal["direction"], seasonal["p_value"]) == (120, 120, "none", 1.0)
    assert (ranks["n"], ranks["direction"]) == (10, "falling")


def test_a_year_needs_eight_months(tmp_path: Path) -> None:
    files = [
        means(tmp_path, f"{year}-{month:02d}", ("S", "ph", 7 + 0.1 * year, False))
        for year in range(2018, 2024)
        for month in range(1, 9 if year < 2023 else 8)
    ]
    _, ranks = judged(tmp_path, files, "S")
    assert (ranks["n"], ranks["direction"]) == (5, "rising")


def test_stations_and_determinands_come_in_order_and_short_series_without_a_direction(tmp_path: Path) -> None:
    file = means(tmp_path, "2024-01", ("B", "ph", 7.0, False), ("A", "turbidity", 3.0, False), ("A", "ph", 7.0, False))
    rows = judged(tmp_path, [file], "A", "B")
    assert [(row["station"], row["determinand"], row["method"]) for row in rows[::2]] == [
        ("A", "ph", "seasonal_kendall"), ("A", "turbidity", "seasonal_kendall"), ("B", "ph", "seasonal_kendall"),
    ]  # fmt: skip
    assert {row["direction"] for row in rows} == {None}
