"""What enters the network: boundary water, pumps, permanent discharges, runoff, overflows, and illicit discharges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.scenarios.layout import Layout
from benchmarks.scenarios.plan import Plan
from benchmarks.scenarios.weather import PER_DAY, PER_HOUR, STEP_S, daily, wander

#: Order of the concentrations everywhere: ammonia, permanganate index, phosphorus, conductivity, suspended solids.
CHEMISTRY = ("nh3n", "codmn", "tp", "ec", "tss")

#: Loss of each on its way [1/day]; conductivity is conservative.
DECAY = np.array([0.12, 0.04, 0.05, 0.0, 0.15])

#: Kind: share, flow [L/s], hours, nightly share, then concentrations low and high (same order as `CHEMISTRY`).
KINDS: dict[str, tuple[float, tuple[float, float], tuple[float, float], float, tuple[tuple[float, float], ...]]] = {
    "sewage": (0.46, (1.7, 32), (0.7, 45), 0.2, ((22, 45), (70, 130), (2.7, 6), (850, 1280), (120, 245))),
    "restaurant": (0.13, (5, 10.5), (2, 29), 0.2, ((8.5, 16), (120, 285), (2.6, 6), (840, 1440), (210, 550))),
    "industrial": (0.17, (2.2, 29), (2.3, 44), 0.15, ((2.8, 17), (32, 83), (0.24, 1.2), (3900, 8300), (20, 85))),
    "carwash": (0.08, (3, 11.5), (3, 9.5), 0.0, ((1, 4.5), (43, 107), (1.4, 4.9), (600, 1450), (175, 222))),
    "slurry": (0.09, (4.6, 33), (5.5, 40), 0.0, ((0.3, 1.2), (5, 12), (0.1, 0.6), (510, 870), (2240, 13000))),
    "tanker": (0.07, (6, 12), (0.6, 1.4), 0.0, ((100, 285), (500, 900), (14, 31), (2570, 5960), (1400, 3050))),
}


@dataclass(slots=True)
class Event:
    """One illicit discharge, perhaps over several nights."""

    id: str
    outfall: dict[str, Any]
    kind: str
    pattern: str
    conc: np.ndarray
    #: (first, end, L/s) in steps of the whole run.
    episodes: list[tuple[int, int, float]]
    flow: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(slots=True)
class Inflows:
    """Everything that enters, at segment nodes.

    Attributes
    ----------
    nodes : ndarray of int64, shape (n_sources,)
        Nodes with an inflow, each once.
    flow : ndarray of float64, shape (steps, n_sources)
        [m3/s]
    load : ndarray of float64, shape (steps, n_sources, 6)
        Flow times concentration of `CHEMISTRY`, then flow of storm water [m3/s x mg/L].
    boundary : dict of int to ndarray
        Inlet or pump node -> its flow, shape (steps,).
    outside : ndarray of float64, shape (6,)
        Water that comes back in over an outlet.
    stage : ndarray of float64, shape (steps,)
        Level at the outlets [m].
    standing, overflows : list
        For the truth.
    events : list of Event
    """

    nodes: np.ndarray
    flow: np.ndarray
    load: np.ndarray
    boundary: dict[int, np.ndarray]
    outside: np.ndarray
    stage: np.ndarray
    standing: list[tuple[str, int, float, float]]
    overflows: list[tuple[str, int, int, float, float]]
    events: list[Event]


class _Sum:
    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.flow: dict[int, np.ndarray] = {}
        self.load: dict[int, np.ndarray] = {}

    def add(self, node: int, flow: np.ndarray, conc: np.ndarray, runoff: float = 0.0) -> None:
        """`conc` is (5,) or (steps, 5)."""
        if node not in self.flow:
            self.flow[node] = np.zeros(self.steps)
            self.load[node] = np.zeros((self.steps, 6))
        self.flow[node] += flow
        self.load[node][:, :5] += flow[:, None] * conc
        self.load[node][:, 5] += flow * runoff


def inflows(layout: Layout, plan: Plan, rain_mm: np.ndarray, warm: int, rng: np.random.Generator) -> Inflows:
    """Everything that enters the network of a plan."""
    steps = rain_mm.size
    total = _Sum(steps)
    base = np.array([plan.ammonia, plan.permanganate, plan.phosphorus, plan.conductivity, plan.turbidity])
    boundary = _boundary(layout, plan, base, warm, total, rng)
    standing = _standing(layout, warm, total, rng)
    overflows = _wet(layout, rain_mm, warm, total, rng)
    events = _events(layout, plan, steps, warm, rng)
    for event in events:
        total.add(event.outfall["node"], event.flow, event.conc)
    stage = 0.014 * daily(steps, warm, rng.uniform(0, 24)) + wander(rng, steps, 0.008, 1.0)
    nodes = sorted(total.flow)
    return Inflows(
        np.array(nodes), np.stack([total.flow[n] for n in nodes], 1), np.stack([total.load[n] for n in nodes], 1),
        boundary, np.append(base, 0.0), stage, standing, overflows, events,
    )  # fmt: skip


def _boundary(
    layout: Layout, plan: Plan, base: np.ndarray, warm: int, total: _Sum, rng: np.random.Generator
) -> dict[int, np.ndarray]:
    steps = total.steps
    trunk = [c for c in layout.channels if c.cls == "trunk"]
    area = float(np.mean([c.width_m * c.depth_m for c in trunk]))
    shares = rng.dirichlet(np.full(len(layout.inlets), 3.0))
    shared = _quality(base, steps, 0.7, rng)
    found = {}
    for node, share in zip(layout.inlets, shares, strict=True):
        mean = plan.speed_m_s * area * max(0.12, float(share)) * 1.4
        hour = (np.arange(steps) - warm) / PER_HOUR % 24
        day = np.where((hour >= 6.5) & (hour < 19), 1.11, 0.89)
        flow = mean * day * (1 + wander(rng, steps, 0.05, 1.5)) * _operation(steps, warm, rng)
        water = np.maximum(shared + _quality(np.zeros(5), steps, 0.7, rng, base) + base * rng.normal(0, 0.03, 5), 0.0)
        total.add(node, flow, water)
        found[node] = flow
    for node in layout.pumps:
        hour = (np.arange(steps) - warm) / PER_HOUR % 24
        mean = float(rng.uniform(0.055, 0.1))
        flow = mean * np.where((hour >= 6) & (hour < 20), 1.0, 0.16)
        total.add(node, flow, np.maximum(shared, 0.0))
        found[node] = flow
    return found


def _quality(
    level: np.ndarray, steps: int, part: float, rng: np.random.Generator, scale: np.ndarray | None = None
) -> np.ndarray:
    """Slowly changing boundary water, shape (steps, 5)."""
    scale = level if scale is None else scale
    slow, days = np.array([0.075, 0.042, 0.06, 0.03, 0.08]), (1.3, 2.0, 1.8, 4.5, 1.5)
    paths = [wander(rng, steps, float(part * s * r), d) for s, r, d in zip(scale, slow, days, strict=True)]
    return level + np.stack(paths, 1)


def _operation(steps: int, warm: int, rng: np.random.Generator) -> np.ndarray:
    """Pump stops and diversions: a factor on the flow, shape (steps,)."""
    factor = np.ones(steps)
    for _ in range(rng.poisson((steps - warm) / PER_DAY * 0.06)):
        first, length = int(rng.integers(warm, steps)), int(rng.uniform(4.5, 14) * PER_HOUR)
        factor[first : first + length] = rng.uniform(0.03, 0.3) if rng.random() < 0.85 else rng.uniform(1.5, 2.0)
    smooth = np.ones(3) / 3
    return np.convolve(np.pad(factor, 1, "edge"), smooth, "valid")


def _standing(layout: Layout, warm: int, total: _Sum, rng: np.random.Generator) -> list[tuple[str, int, float, float]]:
    found = []
    steps = total.steps
    for outfall in layout.outfalls:
        if outfall["kind"] == "wwtp":
            mean, conc = 0.085, np.array([1.2, 6.0, 0.25, 620.0, 8.0])
        elif rng.random() < 0.34:
            mean = float(np.clip(np.exp(rng.normal(np.log(2.2), 0.9)), 0.3, 12.0)) / 1000
            ammonia = rng.uniform(6.5, 23.5)
            conc = np.array([ammonia, ammonia * 3.1, ammonia * 0.12, 560 + 16 * ammonia, 60 + 4 * ammonia])
        else:
            continue
        pattern = 1 + 0.35 * daily(steps, warm, 8.5 + rng.normal(0, 0.7)) + 0.2 * (
            daily(steps, warm, 20.0) * daily(steps, warm, 20.0) - 0.5
        )  # fmt: skip
        flow = mean * pattern * np.exp(wander(rng, steps, 0.12, 0.5))
        total.add(outfall["node"], flow, conc)
        found.append((outfall["id"], outfall["node"], float(flow[warm:].mean() * 1000), float(conc[0])))
    return found


def _wet(
    layout: Layout, rain_mm: np.ndarray, warm: int, total: _Sum, rng: np.random.Generator
) -> list[tuple[str, int, int, float, float]]:
    """Runoff of storm outfalls and overflows of combined ones; the overflows as (outfall, first, end, m3, kg)."""
    steps = rain_mm.size
    overflows = []
    washed = np.convolve(rain_mm, np.exp(-np.arange(5 * PER_DAY) / (1.5 * PER_DAY)), "full")[:steps]
    flush = 1 + 2.2 * np.exp(-washed / 6.0)
    for outfall in layout.outfalls:
        if outfall["kind"] not in ("storm", "cso"):
            continue
        hectares = float(np.exp(rng.normal(np.log(15.0 if outfall["kind"] == "storm" else 32.0), 0.5)))
        lag = rng.uniform(20, 70) * 60 / STEP_S
        unit = np.exp(-np.arange(int(8 * lag)) / lag)
        lost = np.maximum(rain_mm - 0.03, 0.0) * np.clip((washed - 1.2) / 3.0, 0.0, 1.0) * rng.uniform(0.35, 0.6)
        runoff = np.convolve(lost, unit / unit.sum(), "full")[:steps] * hectares * 10 / STEP_S
        strength = flush * np.exp(rng.normal(0, 0.2))
        storm = np.stack(
            [0.55 + 0.45 * strength, 10.0 + 9.0 * strength, 0.1 + 0.06 * strength, 110 + 25 * strength,
             60 + 100 * strength], 1
        ) * np.exp(rng.normal(0, 0.12, 5))  # fmt: skip
        if outfall["kind"] == "storm":
            total.add(outfall["node"], np.where(runoff > 1e-4, runoff, 0.0), storm, 1.0)
            continue
        sewage = rng.uniform(0.006, 0.02) * (1 + 0.3 * daily(steps, warm, 9.0))
        spill = np.maximum(runoff - 0.1 - 2 * sewage, 0.0)
        part = np.clip(sewage / np.maximum(runoff + sewage, 1e-6), 0, 0.5)
        dirty = np.array([30.0, 110.0, 3.5, 1000.0, 200.0])
        conc = part[:, None] * dirty + (1 - part[:, None]) * storm
        total.add(outfall["node"], spill, conc, 1.0)
        overflows += _spells(outfall["id"], spill, conc[:, 0])
    return overflows


def _spells(outfall: str, spill: np.ndarray, ammonia: np.ndarray) -> list[tuple[str, int, int, float, float]]:
    edges = np.flatnonzero(np.diff(np.r_[0, (spill > 1e-4).astype(int), 0]))
    found = []
    for first, end in edges.reshape(-1, 2):
        volume = float(spill[first:end].sum() * STEP_S)
        if volume > 5:
            kg = float((spill * ammonia)[first:end].sum() * STEP_S / 1000)
            found.append((outfall, int(first), int(end), volume, kg))
    return found


def _events(layout: Layout, plan: Plan, steps: int, warm: int, rng: np.random.Generator) -> list[Event]:
    begin, last = warm + 5 * PER_DAY, steps - int(1.5 * PER_DAY)
    starts = np.sort(rng.integers(begin, last, plan.events))
    names = list(KINDS)
    shares = np.array([KINDS[name][0] for name in names])
    places = [o for o in layout.outfalls if o["kind"] != "wwtp"]
    events = []
    for number, first in enumerate(starts, start=1):
        kind = str(rng.choice(names, p=shares / shares.sum()))
        _, flows, hours, nightly, concs = KINDS[kind]
        conc = np.array([np.exp(rng.uniform(np.log(low), np.log(high))) for low, high in concs])
        litres = float(np.exp(rng.uniform(*np.log(flows))))
        if rng.random() < nightly and first + 4 * PER_DAY < last:
            pattern, episodes = "nightly", _nights(int(first), litres, steps, warm, rng)
        else:
            length = max(6, int(np.exp(rng.uniform(*np.log(hours))) * PER_HOUR))
            pattern, episodes = "single", [(int(first), min(steps - 1, int(first) + length), litres)]
        event = Event(f"E{number:03d}", places[int(rng.integers(len(places)))], kind, pattern, conc, episodes)
        event.flow = _hydrograph(episodes, steps, rng)
        events.append(event)
    return events


def _nights(first: int, litres: float, steps: int, warm: int, rng: np.random.Generator) -> list[tuple[int, int, float]]:
    night = warm + (first - warm) // PER_DAY * PER_DAY + int(22.3 * PER_HOUR + rng.uniform(-1, 3) * PER_HOUR)
    episodes = []
    for index in range(int(rng.integers(4, 9))):
        start = night + index * PER_DAY + int(rng.normal(0, 4))
        end = start + int(rng.uniform(3.5, 6.5) * PER_HOUR)
        if end < steps - 1:
            episodes.append((start, end, litres * float(rng.uniform(0.75, 1.2))))
    return episodes or [(first, min(steps - 1, first + 50), litres)]


def _hydrograph(episodes: list[tuple[int, int, float]], steps: int, rng: np.random.Generator) -> np.ndarray:
    """Flow of an event [m3/s]: short ramps, then nearly steady."""
    flow = np.zeros(steps)
    for first, end, litres in episodes:
        length = end - first
        ramp = np.minimum(1.0, np.minimum(np.arange(length) + 1, np.arange(length)[::-1] + 1) / rng.uniform(1, 4))
        flow[first:end] = litres / 1000 * ramp * np.exp(wander(rng, length, 0.1, 0.1))
    return flow
