"""Small histories for the tests of regrading, and what to compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

SITE = Path(__file__).resolve().parents[3] / "deploy" / "sites" / "xietang"
KEYS = ("ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen", "total_phosphorus", "water_temperature")
STATIONS = ("S01", "S02", "S03", "S04")

_MIDDLE = {
    "ph": 7.5, "dissolved_oxygen": 6.0, "permanganate_index": 5.0, "ammonia_nitrogen": 0.8,
    "total_phosphorus": 0.15, "water_temperature": 18.0,
}  # fmt: skip


def tidy(start: str = "2024-01-01", days: int = 3, every: str = "1h", stations=STATIONS, seed: int = 1) -> pl.DataFrame:
    """A tidy history in local time of China, ordered by time; some values are missing."""
    rng = np.random.default_rng(seed)
    first = pl.lit(start).str.to_datetime().dt.replace_time_zone("Asia/Shanghai")
    times = pl.select(pl.datetime_range(first, first.dt.offset_by(f"{days}d"), every, closed="left")).to_series()
    frame = (
        pl.DataFrame({"time": times.dt.convert_time_zone("UTC").dt.cast_time_unit("ms")})
        .join(pl.DataFrame({"station": stations}), how="cross")
        .join(pl.DataFrame({"determinand": KEYS}), how="cross")
    )
    middle = frame["determinand"].replace_strict(_MIDDLE, return_dtype=pl.Float64).to_numpy()
    value = (middle * np.exp(rng.normal(0, 0.3, frame.height))).clip(0, 13).round(2)
    return frame.with_columns(value=pl.Series(value).set(pl.Series(rng.random(frame.height) < 0.05), None))


def wide(frame: pl.DataFrame) -> pl.DataFrame:
    """The same history with a column for each determinand."""
    return frame.pivot("determinand", index=("time", "station"), values="value").sort("time", "station")


def write(frame: pl.DataFrame, path: Path, *, rows: int | None = None) -> Path:
    """Write a history; in row groups of `rows`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, row_group_size=rows, statistics=True)
    return path


def content(out: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones included."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def table(out: Path, kind: str) -> pl.DataFrame:
    """All that was made of a kind."""
    frame = pl.concat(
        [pl.read_parquet(path, hive_partitioning=False) for path in sorted((out / kind).rglob("*.parquet"))]
    )
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def grades(out: Path) -> pl.DataFrame:
    """Classes of the records in order of time and station."""
    return table(out, "grades").sort("time", "station")
