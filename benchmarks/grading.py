"""Regrades a generated history of 1e8 values (ten determinands that grade) and measures speed and memory,
beside (a) polars doing only the class expression on the same files and (b) a row-wise pandas apply, extrapolated.

    .venv/bin/python benchmarks/grading.py [--quick] [--rounds 3]

Ours and (a) are whole processes, from start to end: both read Parquet and write one class for each record with its time
and station; ours writes beside it whether the class is partial and what decides it. Trends and evaluations excluded.
With --quick the tidy history has a fifth of the values. Histories are kept between runs in the folder for temporary
files, or in $RIVERCHIEF_BENCH_CACHE.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from _common import ROOT, finish, machine

from analytics.grading import WaterClass, grade_columns
from analytics.standards import GB3838_2002
from sensors.determinand import DETERMINANDS
from sensors.site import load_site

SITE = ROOT / "deploy" / "sites" / "xietang"
# Of rivers only: then polars needs no list of stations for the right limits of phosphorus.
STATIONS = tuple(station.id for station in load_site(SITE).stations.values() if station.water_body == "river")
STEP_MS = 300_000
OFFSET_MS = 8 * 3_600_000

#: Determinand, median, decimals of the instrument.
COLUMNS = (
    ("ph", 7.5, 2), ("dissolved_oxygen", 6.5, 2), ("permanganate_index", 4.5, 2), ("ammonia_nitrogen", 0.6, 3),
    ("total_phosphorus", 0.15, 3), ("cod", 18.0, 1), ("bod5", 3.2, 1), ("fluoride", 0.6, 2), ("copper", 0.01, 3),
    ("zinc", 0.05, 3),
)  # fmt: skip
KEYS = tuple(key for key, _, _ in COLUMNS)

#: Another number makes a new history.
GENERATOR = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, tidy with 2e7 values, no evaluations")
    parser.add_argument("--rounds", type=int, help="runs of each; the fastest counts")
    parser.add_argument("--polars", nargs=2, metavar=("LAYOUT", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.polars:
        polars_classes(given.polars[0], Path(given.polars[1]))
        return
    records = {"wide": 10_000_000, "tidy": 2_000_000 if given.quick else 10_000_000}
    rounds = given.rounds or (2 if given.quick else 3)
    cache = Path(os.environ.get("RIVERCHIEF_BENCH_CACHE", Path(tempfile.gettempdir()) / "riverchief-bench"))
    print(f"machine: {machine()}; load before: {os.getloadavg()[0]:.2f}")
    histories = {layout: generate(cache, layout, number) for layout, number in records.items()}
    with tempfile.TemporaryDirectory(prefix="riverchief-bench-") as folder:
        finish(measure(histories, records, rounds, Path(folder), cache, whole=not given.quick))


def generate(cache: Path, layout: str, records: int) -> Path:
    """Folder with the history, one file for each month; made where it is not there yet."""
    folder = cache / f"{layout}-{GENERATOR}-{records}"
    if (folder / "done").exists():
        return folder
    import pyarrow as pa
    import pyarrow.parquet as pq

    print(f"generating {records * len(COLUMNS):.0e} values in {folder} ...", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    month, left = np.datetime64("2023-01"), records
    while left:
        start, end = ((month + i).astype("datetime64[ms]").astype(np.int64) - OFFSET_MS for i in (0, 1))
        time_ms = np.repeat(np.arange(start, end, STEP_MS), len(STATIONS))[:left]
        station = np.tile(np.arange(len(STATIONS), dtype=np.int32), -(-time_ms.size // len(STATIONS)))[: time_ms.size]
        values = draw(rng, time_ms.size)
        if layout == "wide":
            columns = {key: pa.array(value, from_pandas=True) for key, value in values.items()}
        else:
            time_ms, station = np.repeat(time_ms, len(KEYS)), np.repeat(station, len(KEYS))
            code = np.tile(np.arange(len(KEYS), dtype=np.int32), time_ms.size // len(KEYS))
            value = np.stack(list(values.values()), axis=1).ravel()
            columns = {
                "determinand": pa.DictionaryArray.from_arrays(code, KEYS), "value": pa.array(value, from_pandas=True),
            }  # fmt: skip
        times = {
            "time": pa.array(time_ms, pa.timestamp("ms", "UTC")),
            "station": pa.DictionaryArray.from_arrays(station, STATIONS),
        }
        pq.write_table(pa.table(times | columns), folder / f"{month}.parquet")
        month, left = month + 1, left - next(iter(values.values())).size
    (folder / "done").touch()
    return folder


def draw(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Values by determinand, as instruments give them; two of a hundred are missing."""
    values = {}
    for key, median, decimals in COLUMNS:
        drawn = median + rng.normal(0, 0.6, n) if key == "ph" else median * np.exp(rng.normal(0, 0.5, n))
        value = drawn.clip(DETERMINANDS[key].low, DETERMINANDS[key].high).round(decimals)
        values[key] = np.where(rng.random(n) < 0.02, np.nan, value)
    return values


@dataclass(frozen=True, slots=True)
class Run:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(
    histories: dict[str, Path], records: dict[str, int], rounds: int, out: Path, cache: Path, *, whole: bool
) -> dict[str, Any]:
    """All figures."""
    # As in an installation: modules are compiled once, and outside the checkout.
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache / "pycache")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "deploy.cli", "regrade", "--site", str(SITE)]
    first = sorted(histories["tidy"].glob("*.parquet"))[0]
    run([*command, str(first), "--out", str(out / "warm"), "--grades-only"], env)
    run([sys.executable, __file__, "--polars", "tidy", str(few(histories["tidy"], 1))], env)
    figures: dict[str, Any] = {
        "values": records["wide"] * len(COLUMNS), "kernel_values_per_s_core": round(kernel()),
    }  # fmt: skip
    row("kernel, one core", f"{figures['kernel_values_per_s_core'] / 1e6:.0f} M values/s", "aim >= 50")
    peaks = []
    for layout, history in histories.items():
        values = records[layout] * len(COLUMNS)
        polars = [sys.executable, __file__, "--polars", layout, str(history)]
        runs: dict[str, list[Run]] = {"riverchief": [], "polars": []}
        for number in range(rounds if layout == "wide" else 1):
            target = out / f"{layout}-{number}"
            runs["riverchief"].append(run([*command, str(history), "--out", str(target), "--grades-only"], env))
            runs["polars"].append(run(polars, env))
        compare(out / f"{layout}-0", classes_of(history))
        best = {name: min(found, key=lambda each: each.wall_s) for name, found in runs.items()}
        for name, each in best.items():
            others = ", ".join(f"{other.wall_s:.2f}" for other in runs[name])
            speed = f"{values / each.wall_s / 1e6:6.1f} M values/s of {values:.0e}"
            remark = f"{speed}; CPU {each.cpu_s:.2f} s; peak {each.peak_mb:.0f} MB; all: {others}"
            row(f"{name}, {layout}", f"{each.wall_s:.2f} s", remark)
        figures[f"ratio_{layout}"] = round(best["riverchief"].wall_s / best["polars"].wall_s, 2)
        peaks += [each.peak_mb for each in runs["riverchief"]]
    figures["end_to_end_ratio"] = max(figures["ratio_wide"], figures["ratio_tidy"])
    row("end_to_end_ratio", f"{figures['end_to_end_ratio']:.2f}", "the larger of wide and tidy; aim <= 2")
    figures["pandas_apply_s"] = round(pandas_apply(sorted(histories["wide"].glob("*.parquet"))[0]) * records["wide"])
    row("(b) pandas, row by row", f"{figures['pandas_apply_s']} s", "1e8 values, extrapolated from 5,000 records")
    if whole:
        every = run([*command, str(histories["wide"]), "--out", str(out / "whole")], env)
        row(
            "with evaluations, trends", f"{every.wall_s:.1f} s", f"CPU {every.cpu_s:.1f} s; peak {every.peak_mb:.0f} MB"
        )
        figures["with_evaluations_s"] = round(every.wall_s, 1)
        peaks.append(every.peak_mb)
    figures["peak_mb"] = round(max(peaks))
    row("peak_mb", f"{figures['peak_mb']} MB", "resident, sum over all processes of ours; limit 2000")
    short = run([*command, str(few(histories["tidy"], 3)), "--out", str(out / "few"), "--grades-only"], env)
    figures["peak_mb_three_months"] = round(short.peak_mb)
    row("  on three months of it", f"{short.peak_mb:.0f} MB", "memory does not grow with the history")
    return figures


def row(name: str, figure: str, remark: str) -> None:
    print(f"{name:26} {figure:>18}  {remark}", flush=True)


def few(history: Path, months: int) -> Path:
    """The first months of a history."""
    folder = history.with_name(f"{history.name}-first-{months}")
    folder.mkdir(exist_ok=True)
    for file in sorted(history.glob("*.parquet"))[:months]:
        shutil.copy2(file, folder / file.name)
    return folder


def run(command: list[str], env: dict[str, str]) -> Run:
    """Run a process to its end, watching the memory of all its processes."""
    begun, peak = time.monotonic(), 0
    with tempfile.TemporaryFile("w+") as told, psutil.Popen(command, cwd=ROOT, env=env, stdout=told, stderr=told) as it:
        while it.poll() is None:
            total = 0
            try:
                for process in (it, *it.children(recursive=True)):
                    total += process.memory_info().rss
            except psutil.Error:
                pass
            peak = max(peak, total)
            time.sleep(0.01)
        wall = time.monotonic() - begun
        if it.returncode:
            told.seek(0)
            sys.exit(f"{' '.join(command)} ended with {it.returncode}:\n{told.read()}")
    used = os.times()
    cpu = used.children_user + used.children_system
    spent, run.before = cpu - getattr(run, "before", 0.0), cpu  # type: ignore[attr-defined]
    return Run(wall, spent, peak / 1e6)


def kernel() -> float:
    """Values per second of `grade_columns` on one core, columns in memory: the best of ten."""
    rng, n = np.random.default_rng(1), 400_000
    columns = {key: (median * np.exp(rng.normal(0, 0.5, n))).round(decimals) for key, median, decimals in COLUMNS}
    lake = np.zeros(n, np.bool_)
    best = float("inf")
    for _ in range(10):
        begun = time.perf_counter()
        grade_columns(columns, lake)
        best = min(best, time.perf_counter() - begun)
    return n * len(columns) / best


def polars_classes(layout: str, history: Path) -> None:
    """(a): the class of each record as one polars expression, from Parquet to Parquet."""
    import polars as pl

    def class_by(key: str, column: pl.Expr) -> pl.Expr:
        limit = GB3838_2002.items[key].river
        assert limit is not None
        found = pl.lit(1, pl.Int8)
        for value in limit.values:
            failed = column < value if limit.direction == "ge" else column > value
            if limit.low is not None:
                failed |= column < limit.low
            found = found + failed.cast(pl.Int8)
        return found

    frame = pl.scan_parquet(history / "*.parquet")
    if layout == "wide":
        worst = pl.max_horizontal(class_by(key, pl.col(key)) for key in KEYS)
        classes = frame.select("time", "station", water_class=worst)
    else:
        of_row = pl.coalesce(pl.when(pl.col("determinand") == key).then(class_by(key, pl.col("value"))) for key in KEYS)
        classes = frame.select("time", "station", water_class=of_row).group_by("time", "station").agg(pl.all().max())
    classes.sink_parquet(classes_of(history))


def classes_of(history: Path) -> Path:
    """Where polars writes."""
    return history.with_name(f"{history.name}-polars.parquet")


def compare(ours: Path, theirs: Path) -> None:
    """Refuse to measure two programs that do not say the same."""
    import polars as pl

    names = {code: each.name for code, each in enumerate(WaterClass, 1)}
    mine = pl.scan_parquet(ours / "grades" / "**" / "*.parquet", hive_partitioning=False)
    counts = dict(mine.group_by(pl.col("water_class").cast(pl.String)).len().collect().iter_rows())
    other = pl.scan_parquet(theirs).group_by("water_class").len().collect()
    expected = {names.get(code): count for code, count in other.iter_rows()}
    if counts != expected:
        sys.exit(f"classes differ: {counts} and {expected}")


def pandas_apply(file: Path) -> float:
    """(b): seconds per record of a Python function applied to each row of a data frame."""
    import pandas as pd

    limits = {key: GB3838_2002.items[key].river for key in KEYS}

    def worst(record: pd.Series) -> int:
        found = 0
        for key, limit in limits.items():
            value = record[key]
            if limit is None or value != value:
                continue
            if limit.direction == "ge":
                number = 1 + sum(value < each for each in limit.values)
            else:
                low = limit.low is not None and value < limit.low
                number = 1 + sum(value > each or low for each in limit.values)
            found = max(found, number)
        return found

    frame = pd.read_parquet(file).head(5_000)
    begun = time.perf_counter()
    frame.apply(worst, axis=1)
    return (time.perf_counter() - begun) / len(frame)


if __name__ == "__main__":
    main()
