"""Builds one scenario from its plan: water, what it carries, what the probes say, and the truth."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scenarios.hydraulics import route
from benchmarks.scenarios.layout import Layout, draw
from benchmarks.scenarios.plan import Plan
from benchmarks.scenarios.probes import Measured, measure, water
from benchmarks.scenarios.sources import DECAY, Event, Inflows, inflows
from benchmarks.scenarios.transport import Carrier
from benchmarks.scenarios.truth import (
    HALF_HOUR,
    Clock,
    event_row,
    footprints,
    sigmas,
    wet_influence,
    write_public,
    write_table,
)
from benchmarks.scenarios.weather import PER_DAY, rain, temperature

#: Days before the first reading in which the network fills with its own water.
WARM_DAYS = 4

#: Error of the dry-weather survey of velocities.
SURVEY_ERROR = 0.15


def build(plan: Plan, folder: Path, tell: Callable[[str], None] = lambda text: None) -> Path:
    """Write a scenario into a folder, whole or not at all; the folder is returned."""
    rng = np.random.default_rng(plan.seed)
    warm, steps = WARM_DAYS * PER_DAY, (WARM_DAYS + plan.days) * PER_DAY
    layout = draw(plan, rng)
    rain_mm, rains = rain(plan.season, steps, rng)
    flows = inflows(layout, plan, rain_mm, warm, rng)
    with tempfile.TemporaryDirectory() as scratch:
        tell("water")
        hydro = route(layout, flows, Path(scratch), lambda: None)
        tell("transport")
        chem, shares = _carried(layout, flows, hydro, warm)
        tell("probes")
        links = np.array([s["link"] for s in layout.stations])
        local = {"velocity": _velocity(layout, hydro)[warm:, links], "level": hydro["depth"][warm:, links]}
        temp = temperature(plan.season, rain_mm, warm, rng)[warm:]
        pairs, clean = water(layout, plan, chem, local, temp, plan.permanganate, 0, rng)
        measured = measure(pairs, clean, plan.days, rng)
        tell("files")
        there = Path(scratch) / plan.name
        survey = _survey(layout, hydro, rain_mm, warm, rng)
        write_public(there / "public", plan, layout, measured, rain_mm[warm:], flows, warm, survey, rng)
        _truth(there / "truth", plan, layout, flows, hydro, chem, shares, measured, rains, warm, survey)
        if folder.exists():
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Not a move: the scratch folder may lie on another disk, and half a copy must not look like a scenario.
        draft = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.copytree(there, draft)
        draft.rename(folder)
    return folder


def _carried(layout: Layout, flows: Inflows, hydro: dict[str, np.ndarray], warm: int) -> tuple[np.ndarray, np.ndarray]:
    """Chemistry at the stations (steps, n_stations, 6), and each event's share of the water, half-hourly.

    The second has shape (n_events, half hours, n_stations, 5): one column for each decay of `DECAY`.
    """
    # Columns of events that have not begun are empty: in the order of their begin they need not be solved.
    begins = np.array([np.flatnonzero(event.flow)[0] for event in flows.events], dtype=np.int64)
    order = np.argsort(begins, kind="stable")
    events, count = [flows.events[i] for i in order], len(order)
    decay = np.r_[DECAY, 0.0, np.tile(DECAY, count)]
    outside = np.r_[flows.outside, np.zeros(5 * count)]
    carrier = Carrier(layout, outside, decay, outside)
    links = np.array([s["link"] for s in layout.stations])
    steps = flows.flow.shape[0]
    chem = np.empty((steps - warm, links.size, 6), dtype=np.float32)
    shares = np.zeros(((steps - warm) // HALF_HOUR, links.size, 5 * count), dtype=np.float32)
    flow, volume = hydro["flow"].astype(np.float64), hydro["volume"].astype(np.float64)
    for step in range(steps):
        begun = int(np.searchsorted(begins[order], step, side="right"))
        load = np.zeros((layout.n_nodes, 6 + 5 * begun))
        load[flows.nodes, :6] = flows.load[step]
        for index, event in enumerate(events[:begun]):
            if event.flow[step]:
                load[event.outfall["node"], 6 + 5 * index : 11 + 5 * index] += event.flow[step]
        now = carrier.step(flow[step], volume[step], flows.nodes, flows.flow[step], load)[links]
        if step >= warm:
            chem[step - warm] = now[:, :6]
            half = (step - warm) // HALF_HOUR
            if half < len(shares):
                shares[half] += now[:, 6:] / HALF_HOUR
    shares = shares.reshape(len(shares), links.size, count, 5)[:, :, np.argsort(order)]
    return chem, shares.transpose(2, 0, 1, 3)


def _velocity(layout: Layout, hydro: dict[str, np.ndarray]) -> np.ndarray:
    area = np.maximum(hydro["depth"], 0.05) * layout.width_m
    return np.asarray(hydro["flow"] / area)


def _survey(
    layout: Layout, hydro: dict[str, np.ndarray], rain_mm: np.ndarray, warm: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Dry-weather means of every reach, as a survey with its errors would have them."""
    wet = np.convolve(rain_mm, np.ones(PER_DAY), "full")[: rain_mm.size] > 0.5
    dry = ~wet
    dry[:warm] = False
    if dry.sum() < PER_DAY:
        dry[warm:] = True
    middle = [c.links[len(c.links) // 2] for c in layout.channels]
    flow, velocity = hydro["flow"][dry][:, middle], _velocity(layout, hydro)[dry][:, middle]
    error = 1 + SURVEY_ERROR * rng.standard_normal(len(middle))
    mean = flow.mean(0)
    same = np.where(mean >= 0, (flow > 0).mean(0), (flow < 0).mean(0))
    return {"flow": mean * error, "velocity": velocity.mean(0) * error, "steadiness": same, "true_flow": mean,
            "true_velocity": velocity.mean(0)}  # fmt: skip


def _truth(
    folder: Path, plan: Plan, layout: Layout, flows: Inflows, hydro: dict[str, np.ndarray], chem: np.ndarray,
    shares: np.ndarray, measured: Measured, rains: list[tuple[int, int, float]], warm: int,
    survey: dict[str, np.ndarray],
) -> None:  # fmt: skip
    clock = Clock(plan)
    storm = chem[:, :, 5]
    spread = sigmas(measured)
    typical = {pair: float(np.median(measured.clean[:, i])) for i, pair in enumerate(measured.pairs)}
    events, prints, series = [], [], []
    for index, event in enumerate(flows.events):
        mine, hours = footprints(event, shares[index], layout, measured, spread, typical)
        events.append(
            event_row(event, mine, _river_flow(layout, event, hydro), _is_wet(mine, storm, layout), clock, warm)
        )
        for row in mine:
            at = [s["id"] for s in layout.stations].index(row["station"])
            row["wet_at_peak"] = round(float(storm[min(row["t_peak"] * HALF_HOUR, len(storm) - 1), at]), 6)
            for name in ("t_first", "t_peak", "t_last"):
                row[name] = clock.begin(row[name] * HALF_HOUR)
        for hour in hours:
            hour["hour"] = clock.begin(hour["hour"] * 2 * HALF_HOUR)
        prints += mine
        series += hours
    write_table(folder, "events", events)
    write_table(folder, "episodes", _episodes(flows, clock, warm))
    write_table(folder, "footprint", prints)
    write_table(folder, "footprint_series", series)
    write_table(folder, "wet_influence", wet_influence(storm, layout, clock))
    faults = sorted(measured.faults, key=lambda f: (f.station, f.parameter, f.kind, f.first))
    write_table(
        folder, "faults",
        [{"station": f.station, "parameter": f.parameter, "start": clock.at(f.first), "end": clock.at(f.end),
          "kind": f.kind, "magnitude": f.magnitude} for f in faults],
    )  # fmt: skip
    write_table(
        folder, "cso",
        [{"outfall": o, "start": clock.begin(a - warm), "end": clock.begin(b - warm), "volume_m3": round(v, 2),
          "nh3n_kg": round(kg, 4)} for o, a, b, v, kg in flows.overflows if b > warm],
    )  # fmt: skip
    write_table(
        folder, "rain_events",
        [{"start": clock.begin(a - warm), "end": clock.begin(b - warm), "depth_mm": round(d, 1)}
         for a, b, d in rains if b > warm] or [{"start": None, "end": None, "depth_mm": None}],
    )  # fmt: skip
    write_table(
        folder, "standing_discharges",
        [{"outfall": o, "node": str(n), "mean_flow_l_s": q, "nh3n_mg_l": c} for o, n, q, c in flows.standing],
    )  # fmt: skip
    write_table(
        folder, "reach_flows",
        [{"reach": c.id, "q_mean_dry": float(survey["true_flow"][i]), "v_mean_dry": float(survey["true_velocity"][i]),
          "same_sign_share": float(survey["steadiness"][i])} for i, c in enumerate(layout.channels)],
    )  # fmt: skip
    meta = {"layout": plan.name, "seed": plan.seed, "days": plan.days, "start": f"{plan.start} 00:00:00",
            "continuity": [float(x) for x in hydro["continuity"]], "tracers": len(flows.events)}  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _river_flow(layout: Layout, event: Event, hydro: dict[str, np.ndarray]) -> float:
    """Flow beside an event's outfall while it runs, without it, signed along the reach [m3/s]."""
    channel = next(c for c in layout.channels if c.id == event.outfall["reach"])
    at = channel.nodes.index(event.outfall["node"])
    links = [channel.links[max(0, at - 1)], channel.links[min(at, channel.segments - 1)]]
    running = event.flow > 0
    flow = hydro["flow"][running][:, links].mean(0)
    return float(flow[np.abs(flow).argmin()])


def _is_wet(prints: list[dict[str, Any]], storm: np.ndarray, layout: Layout) -> bool:
    """Whether storm water was at the station that sees an event best, when it saw it best."""
    if not prints:
        return False
    best = max(prints, key=lambda row: float(row["snr"]))
    at = [s["id"] for s in layout.stations].index(best["station"])
    return bool(storm[min(best["t_peak"] * HALF_HOUR, len(storm) - 1), at] > 0.02)


def _episodes(flows: Inflows, clock: Clock, warm: int) -> list[dict[str, Any]]:
    return [
        {"event": e.id, "episode": k, "outfall": e.outfall["id"], "start": clock.begin(a - warm),
         "end": clock.begin(b - warm), "flow_l_s": round(q, 3)}
        for e in flows.events for k, (a, b, q) in enumerate(e.episodes, start=1)
    ]  # fmt: skip
