"""Lets EPA SWMM 5.2 move the water (dynamic wave), and reads back flow and volume of every segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.scenarios.layout import Layout
from benchmarks.scenarios.sources import Inflows
from benchmarks.scenarios.weather import STEP_S

#: Manning's n of the channels [s/m^(1/3)], and the routing step [s].
ROUGHNESS, ROUTING_S = 0.03, 20

_START = datetime(2020, 1, 1)


def route(
    layout: Layout, flows: Inflows, folder: Path, tick: Callable[[], None],
    tracers: tuple[str, ...] = (), load: np.ndarray | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Run SWMM over the inflows.

    Parameters
    ----------
    tick : callable
        Called after each routing step.
    tracers : tuple of str
        Pollutants that SWMM carries itself (the check of our transport against it), none for the scenarios.
    load : ndarray of float64, shape (steps, n_sources, n_tracers)
        What enters of them [m3/s x mg/L].

    Returns
    -------
    dict
        ``flow`` [m3/s, signed along the segment] and ``volume`` [m3], shape (steps, n_links), float32;
        ``depth`` [m]; with tracers also one array each of the concentration in every segment; ``continuity`` are
        SWMM's errors of balance [%].
    """
    from swmm.toolkit import solver

    folder.mkdir(parents=True, exist_ok=True)
    model, report, binary = (folder / name for name in ("model.inp", "model.rpt", "model.out"))
    model.write_text("\n".join(_model(layout, flows, tracers, load)), encoding="ascii")
    solver.swmm_open(str(model), str(report), str(binary))
    solver.swmm_start(True)
    while solver.swmm_step() > 0:
        tick()
    solver.swmm_end()
    continuity = solver.swmm_get_mass_balance()
    solver.swmm_close()
    found = _read(binary, layout, flows.flow.shape[0], tracers)
    found["continuity"] = np.array(continuity, dtype=np.float64)
    binary.unlink()
    model.unlink()
    return found


def _model(layout: Layout, flows: Inflows, tracers: tuple[str, ...], load: np.ndarray | None) -> Iterator[str]:
    steps = flows.flow.shape[0]
    end = _START + timedelta(seconds=STEP_S * steps)
    yield from (
        "[OPTIONS]", "FLOW_UNITS CMS", "FLOW_ROUTING DYNWAVE", "LINK_OFFSETS ELEVATION", "INERTIAL_DAMPING PARTIAL",
        "NORMAL_FLOW_LIMITED SLOPE", "SKIP_STEADY_STATE NO", f"START_DATE {_START:%m/%d/%Y}", "START_TIME 00:00:00",
        f"END_DATE {end:%m/%d/%Y}", f"END_TIME {end:%H:%M:%S}", "REPORT_STEP 00:05:00",
        f"ROUTING_STEP {ROUTING_S}", "VARIABLE_STEP 0.75", "MAX_TRIALS 5", "HEAD_TOLERANCE 0.0005", "THREADS 1",
        "MIN_SURFAREA 5", "[JUNCTIONS]",
    )  # fmt: skip
    bed = np.zeros(layout.n_nodes)
    for link in range(layout.tail.size):
        for node in (layout.tail[link], layout.head[link]):
            bed[node] = min(bed[node], -layout.depth_m[link])
    for node in range(layout.n_nodes):
        yield f"N{node} {bed[node]:.3f} {4 - bed[node]:.3f} {-bed[node]:.3f} 0 0"
    yield "[OUTFALLS]"
    yield from (f"O{node} {bed[node]:.3f} TIMESERIES STAGE NO" for node in layout.outlets)
    yield "[CONDUITS]"
    for link in range(layout.tail.size):
        floor = -layout.depth_m[link]
        yield (
            f"L{link} N{layout.tail[link]} N{layout.head[link]} {layout.length_m[link]:.2f} {ROUGHNESS} "
            f"{floor:.3f} {floor:.3f} 0 0"
        )
    for node in layout.outlets:
        yield f"X{node} N{node} O{node} 100 {ROUGHNESS} {bed[node]:.3f} {bed[node]:.3f} 0 0"
    yield "[XSECTIONS]"
    for link in range(layout.tail.size):
        yield f"L{link} RECT_OPEN {layout.depth_m[link] + 3.5:.2f} {layout.width_m[link]:.2f} 0 0 1"
    yield from (f"X{node} RECT_OPEN {3.5 - bed[node]:.2f} 30 0 0 1" for node in layout.outlets)
    if tracers:
        yield "[POLLUTANTS]"
        yield from (f"{name} MG/L 0 0 0 0 NO * 0 0 0" for name in tracers)
    yield "[INFLOWS]"
    for node in flows.nodes:
        yield f"N{node} FLOW Q{node} FLOW 1 1 0"
        for index, name in enumerate(tracers):
            if load is not None and load[:, np.searchsorted(flows.nodes, node), index].any():
                yield f"N{node} {name} M{node}_{index} CONCEN 1 1 0"
    yield "[TIMESERIES]"
    yield from _series("STAGE", flows.stage, 1e-4)
    for column, node in enumerate(flows.nodes):
        yield from _series(f"Q{node}", flows.flow[:, column], 1e-4)
        for index in range(len(tracers)):
            if load is not None and load[:, column, index].any():
                conc = load[:, column, index] / np.maximum(flows.flow[:, column], 1e-9)
                yield from _series(f"M{node}_{index}", conc, 1e-6)
    yield from ("[REPORT]", "INPUT NO", "LINKS ALL", "NODES ALL", "")


def _series(name: str, values: np.ndarray, close: float) -> Iterator[str]:
    """Points of a time series; those between equal neighbours left out."""
    level = np.round(values / close)
    kept = np.ones(values.size, dtype=bool)
    kept[1:-1] = (level[1:-1] != level[:-2]) | (level[1:-1] != level[2:])
    for step in np.flatnonzero(kept):
        # SWMM interpolates between points: row `step` holds at the end of its step.
        hours, seconds = divmod(int(step + 1) * STEP_S, 3600)
        yield f"{name} {hours}:{seconds // 60:02d} {values[step]:.5g}"


def _read(path: Path, layout: Layout, steps: int, tracers: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Segments' results, straight from the binary file (its form: EPA SWMM 5 Interfacing Guide).

    The file ends with six integers: where names, properties and results begin, the number of periods, an error code
    and a magic number. A period is a date (8 bytes), then float32 of subcatchments, nodes, links and the system.
    """
    raw = np.memmap(path, dtype=np.uint8, mode="r")
    _, _, results, periods, error, magic = np.frombuffer(raw[-24:].tobytes(), dtype="<i4")
    if error or magic != 516114522:
        raise RuntimeError(f"SWMM ended with error {error}")
    nodes = layout.n_nodes + len(layout.outlets)
    links = layout.tail.size + len(layout.outlets)
    per_node, per_link = 6 + len(tracers), 5 + len(tracers)
    width = 2 + nodes * per_node + links * per_link + 15
    table = np.frombuffer(raw[int(results) : int(results) + int(periods) * width * 4].tobytes(), dtype="<f4")
    table = table.reshape(int(periods), width)[:steps]
    at = 2 + nodes * per_node
    of_links = table[:, at : at + links * per_link].reshape(len(table), links, per_link)[:, : layout.tail.size]
    found = {"flow": of_links[:, :, 0].copy(), "depth": of_links[:, :, 1].copy(), "volume": of_links[:, :, 3].copy()}
    for index, name in enumerate(tracers):
        found[name] = of_links[:, :, 5 + index].copy()
    if len(table) < steps:
        raise RuntimeError(f"SWMM wrote {len(table)} periods of {steps}")
    return found
