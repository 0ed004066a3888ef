"""Marginal statistics of scenarios side by side: whether what is generated looks like what is published.

``python -m benchmarks.scenarios.marginals FOLDER...``
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.scenarios.truth import SEEN
from deploy.replay.scenario import Scenario, load_scenario

HOUR, DAY = 12, 288


def spoiled(scenario: Scenario, truth: Path) -> tuple[np.ndarray, np.ndarray]:
    """Values without those under a labelled fault, and where storm water is, both of shape (n_times, n_series)."""
    values = scenario.values.copy()
    local = pd.to_datetime(scenario.time_ms, unit="ms", utc=True).tz_convert(str(scenario.timezone)).tz_localize(None)
    ours = {theirs: key for key, theirs in scenario.topology.names.items()}
    wet = np.zeros(values.shape, dtype=bool)
    of_station = np.array([station for station, _ in scenario.series])
    of_key = np.array([key for _, key in scenario.series])
    for row in pd.read_parquet(truth / "faults.parquet").itertuples():
        mine = of_station == row.station
        if row.parameter != "*":
            mine &= of_key == ours[row.parameter]
        values[local.searchsorted(row.start) : local.searchsorted(row.end) + 1, mine] = np.nan
    for row in pd.read_parquet(truth / "wet_influence.parquet").itertuples():
        wet[local.searchsorted(row.start) : local.searchsorted(row.end) + 1, of_station == row.station] = True
    return values, wet


def _typical(change: np.ndarray) -> float:
    """Robust standard deviation of each series, the median over series."""
    return 1.4826 * float(np.nanmedian(np.nanmedian(np.abs(change), axis=0)))


def marginals(folder: Path) -> dict[str, float | str]:
    """Statistics of one scenario: medians over its series."""
    scenario, truth = load_scenario(folder), folder / "truth"
    meta = json.loads((truth / "meta.json").read_text(encoding="utf-8"))
    values, wet = spoiled(scenario, truth)
    found: dict[str, float | str] = {"missing %": 100 * float(np.isnan(scenario.values).mean())}
    for short in ("do", *SEEN):
        key = next(k for k, name in scenario.topology.names.items() if name == short)
        columns, _ = scenario.of(key)
        every, storm = values[:, columns], wet[:, columns]
        dry = np.where(storm, np.nan, every)
        hourly = np.nanmean(dry[: len(dry) // HOUR * HOUR].reshape(-1, HOUR, columns.size), axis=1)
        level = np.nanmedian(dry, axis=0)
        found[f"{short} level"] = float(np.nanmedian(level))
        found[f"{short} noise"] = _typical(np.diff(dry, axis=0)) / 2**0.5
        found[f"{short} 6 h change"] = _typical(hourly[6:] - hourly[:-6])
        largest = np.nanmax(np.where(storm, every, np.nan), axis=0)
        found[f"{short} wet max / level"] = float(np.nanmedian(largest / level))
    months = meta["days"] / 30 * len(scenario.series)
    kinds = pd.read_parquet(truth / "faults.parquet").kind.value_counts()
    for kind in ("drift", "fouling", "spikes", "step_bias", "noise", "flatline"):
        found[f"{kind} per channel-month"] = kinds.get(kind, 0) / months
    for kind in ("dropout", "maintenance"):
        found[f"{kind} per station-month"] = kinds.get(kind, 0) / (meta["days"] / 30 * len(scenario.stations))
    found["rain mm a day"] = float(scenario.rain_mm.sum() / meta["days"])
    found["wet share"] = float(wet.mean())
    speeds = [abs(reach.mean_velocity_m_s) for reach in scenario.reaches.values()]
    found["median velocity m/s"] = float(np.median(speeds))
    found["unsteady reaches"] = float(np.mean([s < 0.9 for s in scenario.topology.steadiness.values()]))
    events = pd.read_parquet(truth / "events.parquet")
    tiers = events["tier"].value_counts() if len(events) else {}
    found["strong/weak/marginal/invisible"] = "/".join(
        str(tiers.get(tier, 0)) for tier in ("strong", "weak", "marginal", "invisible")
    )
    return found


def main(folders: list[str]) -> None:
    """Print the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        columns = {Path(folder).name: marginals(Path(folder)) for folder in folders}
    print(f"{'':32}" + "".join(f"{name:>12}" for name in columns))
    for row in next(iter(columns.values())):
        cells = [column[row] for column in columns.values()]
        print(f"{row:32}" + "".join(f"{c:>12}" if isinstance(c, str) else f"{c:>12.3g}" for c in cells))


if __name__ == "__main__":
    main(sys.argv[1:])
