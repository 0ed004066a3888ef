"""A small network in the form of a scenario's files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2025, 5, 1)
STEP = timedelta(minutes=5)


def small_topology() -> dict[str, Any]:
    """Two reaches, the second running against its drawn direction; two stations, two outfalls."""
    return {
        "schema": "river-topology/1", "layout": "small",
        "timezone": "Asia/Shanghai (all timestamps are naive local time)",
        "rivers": [{"id": "R1", "name": "River 1", "cls": "trunk", "width_m": 20.0, "depth_m": 2.0}],
        "nodes": [{"id": "N1", "kind": "inlet", "lon": 120.70, "lat": 31.30},
                  {"id": "N2", "kind": "confluence", "lon": 120.71, "lat": 31.30},
                  {"id": "N3", "kind": "outlet", "lon": 120.71, "lat": 31.31}],
        "reaches": [{"id": "R1-1", "river": "R1", "from": "N1", "to": "N2", "length_m": 1000.0, "width_m": 20.0,
                     "depth_m": 2.0, "mean_velocity_m_s": 0.06, "mean_flow_m3_s": 2.4, "flow_steadiness": 1.0},
                    {"id": "R1-2", "river": "R1", "from": "N3", "to": "N2", "length_m": 1250.0, "width_m": 20.0,
                     "depth_m": 2.0, "mean_velocity_m_s": -0.05, "mean_flow_m3_s": -2.0, "flow_steadiness": 0.8}],
        "stations": [{"id": "S01", "river": "R1", "reach": "R1-1", "chainage_m": 700.0, "parameters": ["do", "nh3n"]},
                     {"id": "S02", "river": "R1", "reach": "R1-2", "chainage_m": 400.0,
                      "parameters": ["nh3n", "codmn", "velocity"]}],
        "outfalls": [{"id": "PK1", "river": "R1", "reach": "R1-1", "chainage_m": 200.0, "bank": "L", "kind": "storm"},
                     {"id": "PK2", "river": "R1", "reach": "R1-2", "chainage_m": 900.0, "bank": "R", "kind": "cso"}],
        "inlets": [{"node": "N1", "mean_flow_m3_s": 2.4}], "outlets": ["N3"],
    }  # fmt: skip


def stamps(*minutes: int) -> pa.Array:
    """Naive local times, in minutes after the start."""
    return pa.array([START + timedelta(minutes=m) for m in minutes], pa.timestamp("ms"))


def write_readings(folder: Path, rows: list[tuple[int, str, str, float]]) -> None:
    """Write readings given as (minutes after the start, station, parameter, value)."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {"ts": stamps(*(row[0] for row in rows)), "station": [row[1] for row in rows],
         "parameter": [row[2] for row in rows], "value": pa.array([row[3] for row in rows], pa.float32())}
    )  # fmt: skip
    pq.write_table(table, folder / "readings.parquet")


def write_small(folder: Path, rows: list[tuple[int, str, str, float]]) -> Path:
    """A `public/` folder with a topology and readings."""
    write_readings(folder, rows)
    (folder / "topology.json").write_text(json.dumps(small_topology()), encoding="utf-8")
    return folder
