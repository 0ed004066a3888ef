"""Cuts a scenario's public folder at a time, as if it had ended then, and what was told by that time."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: Flags may change for this long after a reading.
LATENESS = timedelta(hours=1)


def cut(folder: Path, out: Path, until: datetime) -> Path:
    """Copy of a `public/` folder with nothing after a local time in it."""
    out.mkdir(parents=True)
    shutil.copy(folder / "topology.json", out)
    readings = pd.read_parquet(folder / "readings.parquet")
    readings[readings.ts <= until].to_parquet(out / "readings.parquet", index=False)
    rain = pd.read_parquet(folder / "rain.parquet")
    rain[rain.ts + timedelta(minutes=5) <= until].to_parquet(out / "rain.parquet", index=False)
    flow = pd.read_parquet(folder / "inlet_flow.parquet")
    flow[flow.ts <= until].to_parquet(out / "inlet_flow.parquet", index=False)
    visits = pd.read_parquet(folder / "maintenance.parquet")
    visits = visits[visits.start <= until].assign(end=lambda frame: frame.end.clip(upper=pd.Timestamp(until)))
    visits.to_parquet(out / "maintenance.parquet", index=False)
    return out


def faulty(content: Mapping[str, Any], start: datetime, until: datetime) -> dict[tuple[str, str], np.ndarray]:
    """Which 5-minute steps before a time are under a fault flag, by station and parameter."""
    steps = int((until - start).total_seconds() // 300)
    found: dict[tuple[str, str], np.ndarray] = {}
    for fault in content["faults"]:
        mask = found.setdefault((fault["station"], fault["parameter"]), np.zeros(steps, dtype=bool))
        first = int((datetime.fromisoformat(fault["start"]) - start).total_seconds() // 300)
        last = int((datetime.fromisoformat(fault["end"]) - start).total_seconds() // 300)
        mask[max(0, first) : max(0, last + 1)] = True
    return {key: mask for key, mask in found.items() if mask.any()}


def known_by(content: Mapping[str, Any], until: str) -> list[Mapping[str, Any]]:
    """Detections raised by a local time, each with the updates made by then: what may not change afterwards."""
    found: Sequence[Mapping[str, Any]] = content["detections"]
    return [
        {**detection, "updates": [u for u in detection["updates"] if u["at"] <= until]}
        for detection in found
        if detection["detected_at"] <= until
    ]
