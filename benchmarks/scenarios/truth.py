"""Writes a scenario's files: what a deployment would have, and the tables that only the scorer may read."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scenarios.layout import Layout
from benchmarks.scenarios.plan import Plan
from benchmarks.scenarios.probes import Measured, sigma
from benchmarks.scenarios.sources import CHEMISTRY, Event, Inflows
from benchmarks.scenarios.weather import PER_HOUR, STEP_S

#: The files' parameters by which an event may be seen, with the place of their concentration in `CHEMISTRY`.
SEEN = {"nh3n": 0, "codmn": 1, "tp": 2, "ec": 3, "turbidity": 4}

#: Steps of the 30 minutes over which an added signal is averaged.
HALF_HOUR = 6


class Clock:
    """Local times of a scenario's steps: step 0 ends five minutes after midnight of the first day."""

    def __init__(self, plan: Plan) -> None:
        self.start = datetime.fromisoformat(plan.start)

    def at(self, step: int | float) -> datetime:
        """Time of a step's value."""
        return self.start + timedelta(seconds=STEP_S * (float(step) + 1))

    def begin(self, step: int | float) -> datetime:
        """Begin of a step."""
        return self.start + timedelta(seconds=STEP_S * float(step))


def write_public(
    folder: Path, plan: Plan, layout: Layout, measured: Measured, rain_mm: np.ndarray, flows: Inflows, warm: int,
    survey: dict[str, np.ndarray], rng: np.random.Generator,
) -> None:  # fmt: skip
    """Readings, rain, inlet flows, visits and the topology."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock(plan)
    steps = measured.values.shape[0]
    stamps = pd.date_range(clock.at(0), periods=steps, freq=f"{STEP_S}s").astype("datetime64[ms]")
    there = np.isfinite(measured.values.T)
    column, row = np.nonzero(there)
    stations = list(dict.fromkeys(name for name, _ in measured.pairs))
    parameters = list(dict.fromkeys(name for _, name in measured.pairs))
    of = np.array([(stations.index(s), parameters.index(p)) for s, p in measured.pairs])
    frame = pd.DataFrame(
        {"ts": stamps[row], "station": pd.Categorical.from_codes(of[column, 0], stations),
         "parameter": pd.Categorical.from_codes(of[column, 1], parameters),
         "value": measured.values.T[there].astype(np.float32)}
    )  # fmt: skip
    frame.to_parquet(folder / "readings.parquet", index=False, compression="zstd")
    wet = np.flatnonzero(rain_mm > 0)
    pd.DataFrame({"ts": pd.to_datetime([clock.begin(i) for i in wet]), "rain_mm": rain_mm[wet]}).to_parquet(
        folder / "rain.parquet", index=False
    )
    hours = np.arange(0, steps, PER_HOUR)
    scada = [
        pd.DataFrame({"ts": pd.to_datetime([clock.begin(i) for i in hours]), "node": f"N{node + 1:02d}",
                      "flow_m3_s": np.round(flow[warm:][hours] * (1 + 0.03 * rng.standard_normal(hours.size)), 4)})
        for node, flow in flows.boundary.items()
    ]  # fmt: skip
    pd.concat(scada).to_parquet(folder / "inlet_flow.parquet", index=False)
    visits = [f for f in measured.faults if f.kind == "maintenance"]
    pd.DataFrame(
        {"station": [f.station for f in visits], "start": pd.to_datetime([clock.at(f.first) for f in visits]),
         "end": pd.to_datetime([clock.at(f.end) for f in visits]), "note": "calibration"}
    ).to_parquet(folder / "maintenance.parquet", index=False)  # fmt: skip
    text = json.dumps(_topology(plan, layout, flows, warm, survey), indent=1)
    (folder / "topology.json").write_text(text, encoding="utf-8")


def _topology(plan: Plan, layout: Layout, flows: Inflows, warm: int, survey: dict[str, np.ndarray]) -> dict[str, Any]:
    def place(x: float, y: float) -> dict[str, float]:
        return {"x_m": round(x, 1), "y_m": round(y, 1), "lon": round(120.7 + x / 95_100, 6),
                "lat": round(31.25 + y / 110_900, 6)}  # fmt: skip

    def on(thing: dict[str, Any]) -> dict[str, float]:
        channel = by_id[thing["reach"]]
        share = thing["chainage_m"] / channel.length_m
        x, y = layout.xy[channel.start] * (1 - share) + layout.xy[channel.end] * share
        return place(float(x), float(y))

    by_id = {c.id: c for c in layout.channels}
    rivers = {c.river: c for c in layout.channels}
    ends = np.bincount([n for c in layout.channels for n in (c.start, c.end)], minlength=len(layout.xy))

    def kind(node: int) -> str:
        if node in layout.inlets or node in layout.outlets:
            return "inlet" if node in layout.inlets else "outlet"
        return "dead_end" if ends[node] == 1 else "confluence"

    return {
        "schema": "river-topology/1", "layout": f"{plan.name} {plan.shape}", "timezone": "Asia/Shanghai",
        "rivers": [{"id": r, "name": f"River {r[1:]}", "cls": c.cls, "width_m": c.width_m, "depth_m": c.depth_m}
                   for r, c in sorted(rivers.items())],
        "nodes": [{"id": f"N{n + 1:02d}", "kind": kind(n), **place(*map(float, layout.xy[n]))}
                  for n in range(len(layout.xy)) if ends[n]],
        "reaches": [{"id": c.id, "river": c.river, "from": f"N{c.start + 1:02d}", "to": f"N{c.end + 1:02d}",
                     "length_m": c.length_m, "width_m": c.width_m, "depth_m": c.depth_m,
                     "mean_velocity_m_s": round(float(survey["velocity"][i]), 5),
                     "mean_flow_m3_s": round(float(survey["flow"][i]), 4),
                     "flow_steadiness": round(float(survey["steadiness"][i]), 2)}
                    for i, c in enumerate(layout.channels)],
        "stations": [{k: v for k, v in s.items() if k != "link"} | on(s) for s in layout.stations],
        "outfalls": [{k: v for k, v in o.items() if k != "node"} | on(o) for o in layout.outfalls],
        "inlets": [{"node": f"N{n + 1:02d}", "mean_flow_m3_s": round(float(q[warm:].mean()), 3)}
                   for n, q in flows.boundary.items()],
        "outlets": [f"N{n + 1:02d}" for n in layout.outlets],
    }  # fmt: skip


def sigmas(measured: Measured) -> dict[tuple[str, str], float]:
    """Sigma of a 30-minute mean of each series: noise, and the change that the water makes by itself in six hours."""
    found = {}
    for column, (station, parameter) in enumerate(measured.pairs):
        if parameter in SEEN:
            series = measured.clean[:, column]
            half = series[: series.size // HALF_HOUR * HALF_HOUR].reshape(-1, HALF_HOUR).mean(1)
            change = half[12:] - half[:-12]
            natural = 1.4826 * float(np.median(np.abs(change - np.median(change))))
            noise = float(sigma(parameter, float(np.median(series))))
            found[station, parameter] = float(np.hypot(noise / np.sqrt(HALF_HOUR), natural / np.sqrt(2)))
    return found


def footprints(
    event: Event, share: np.ndarray, layout: Layout, measured: Measured, spread: dict[tuple[str, str], float],
    typical: dict[tuple[str, str], float],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # fmt: skip
    """Where and when an event can be seen.

    Parameters
    ----------
    share : ndarray, shape (half hours, n_stations, 5)
        Share of the event's water, each column with the decay of its determinand.

    Returns
    -------
    rows of the footprint and of its hourly series, steps counted in half hours
    """
    rows, series = [], []
    for index, station in enumerate(layout.stations):
        if share[:, index].max() < 1e-7:
            continue
        best: tuple[float, str] = (0.0, "")
        ratios = {}
        for parameter in station["parameters"]:
            if parameter in SEEN:
                conc = float(event.conc[SEEN[parameter]])
                added = conc - typical[station["id"], "ec"] if parameter == "ec" else conc
                delta = np.maximum(share[:, index, SEEN[parameter]] * added, 0.0)
                ratios[parameter] = delta / spread[station["id"], parameter]
                best = max(best, (float(ratios[parameter].max()), parameter))
        strongest, parameter = best
        if strongest < 0.5:
            continue
        ratio = ratios[parameter]
        seen = np.flatnonzero(ratio >= min(1.0, strongest))
        rows.append(
            {"event": event.id, "station": station["id"], "parameter": parameter, "snr": round(strongest, 3),
             "peak_delta": strongest * spread[station["id"], parameter],
             "peak_delta_nh3n": float(share[:, index, 0].max() * event.conc[0]),
             "t_first": int(seen[0]), "t_peak": int(ratio.argmax()), "t_last": int(seen[-1])}
        )  # fmt: skip
        hourly = np.max(list(ratios.values()), axis=0)
        hourly = hourly[: hourly.size // 2 * 2].reshape(-1, 2).max(1)
        series += [
            {"event": event.id, "station": station["id"], "hour": int(h), "snr": round(float(hourly[h]), 2)}
            for h in np.flatnonzero(hourly >= 0.5)
        ]
    return rows, series


def tier(snr: float) -> str:
    """Name of a signal-to-noise ratio, as the published cases have it."""
    return "strong" if snr >= 8 else "weak" if snr >= 3 else "marginal" if snr >= 1 else "invisible"


def event_row(
    event: Event, prints: list[dict[str, Any]], river_flow: float, wet: bool, clock: Clock, warm: int
) -> dict[str, Any]:
    """An event's row in ``events.parquet``."""
    volume = float(event.flow.sum() * STEP_S)
    strongest = max(prints, key=lambda row: row["snr"], default=None)
    snr = strongest["snr"] if strongest else 0.0
    first, last = event.episodes[0][0], event.episodes[-1][1]
    arrivals = [row["t_first"] for row in prints if row["snr"] >= 1]
    loads = {f"load_{name}_kg": round(volume * float(event.conc[k]) / 1000, 4)
             for k, name in enumerate(CHEMISTRY) if name != "ec"}  # fmt: skip
    concs = {f"conc_{name}": round(float(event.conc[k]), 3) for k, name in enumerate(CHEMISTRY) if name != "ec"}
    return {
        "event": event.id, "outfall": event.outfall["id"], "river": event.outfall["river"],
        "reach": event.outfall["reach"], "chainage_m": event.outfall["chainage_m"], "kind": event.kind,
        "pattern": event.pattern, "n_episodes": len(event.episodes), "start": clock.begin(first - warm),
        "end": clock.begin(last - warm), "volume_m3": round(volume, 2),
        "mean_flow_l_s": round(float(np.mean([q for *_, q in event.episodes])), 3), **loads,
        "ec_us_cm": round(float(event.conc[3]), 1), **concs, "river_flow_m3s": round(river_flow, 4),
        "snr": snr, "tier": tier(snr), "best_station": strongest["station"] if strongest else None,
        "t_first": clock.begin(min(arrivals) * HALF_HOUR) if arrivals else pd.NaT,
        "n_stations_snr3": sum(row["snr"] >= 3 for row in prints), "wet": wet,
    }  # fmt: skip


#: Columns of the tables that may be empty.
EMPTY = {
    "events": ["event", "outfall", "river", "reach", "chainage_m", "kind", "pattern", "start", "end", "snr", "tier",
               "best_station", "t_first", "wet"],
    "episodes": ["event", "episode", "outfall", "start", "end", "flow_l_s"],
    "footprint": ["event", "station", "parameter", "snr", "t_first", "t_peak", "t_last"],
    "footprint_series": ["event", "station", "hour", "snr"],
    "cso": ["outfall", "start", "end", "volume_m3", "nh3n_kg"],
    "wet_influence": ["station", "start", "end", "max_runoff_fraction"],
}  # fmt: skip


def write_table(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Write one table of the truth, with its columns even where it is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows) if rows else pd.DataFrame({column: [] for column in EMPTY[name]})
    frame.to_parquet(folder / f"{name}.parquet", index=False)


def wet_influence(storm: np.ndarray, layout: Layout, clock: Clock) -> list[dict[str, Any]]:
    """Periods with more than 2 % of storm water at a station; `storm` has shape (steps, n_stations)."""
    rows = []
    for index, station in enumerate(layout.stations):
        edges = np.flatnonzero(np.diff(np.r_[0, (storm[:, index] > 0.02).astype(int), 0]))
        for first, end in edges.reshape(-1, 2):
            rows.append(
                {"station": station["id"], "start": clock.at(first), "end": clock.at(end),
                 "max_runoff_fraction": round(float(storm[first:end, index].max()), 4)}
            )  # fmt: skip
    return rows
