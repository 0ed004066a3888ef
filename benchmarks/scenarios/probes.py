"""What instruments make of the water: gains, noise, resolution, faults, visits, dropouts and lost messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.scenarios.layout import Layout
from benchmarks.scenarios.plan import SEASON_NOISE, Plan
from benchmarks.scenarios.weather import PER_DAY, PER_HOUR, daily, wander

#: Noise of a 5-minute value (share, then absolute), resolution, and spread of the fixed gain, by the files' names.
NOISE: dict[str, tuple[float, float, float, float]] = {
    "nh3n": (0.025, 0.02, 0.01, 0.04), "codmn": (0.025, 0.08, 0.05, 0.03), "tp": (0.03, 0.004, 0.002, 0.04),
    "ec": (0.004, 1.0, 1.0, 0.01), "turbidity": (0.05, 0.5, 0.2, 0.06), "do": (0.008, 0.04, 0.02, 0.015),
    "temp": (0.0, 0.06, 0.1, 0.0), "velocity": (0.0, 0.006, 0.002, 0.0), "level": (0.0, 0.004, 0.002, 0.0),
}  # fmt: skip

#: Faults per channel and 30 days, and hours they last (low, high), as counted in the published cases.
FAULTS: dict[str, tuple[float, tuple[float, float]]] = {
    "drift": (0.096, (45, 285)), "fouling": (0.062, (80, 240)), "spikes": (0.128, (3, 26)),
    "step_bias": (0.042, (30, 118)), "noise": (0.047, (8, 48)), "flatline": (0.08, (8, 72)),
}  # fmt: skip

#: Determinands that only freeze, and those without instrument faults.
ONLY_FLATLINE, NO_FAULTS = ("temp",), ("velocity", "level")

#: Per station and 30 days.
DROPOUTS, VISITS = 2.5, 1.6
#: Share of messages lost one by one.
LOST = 0.004


@dataclass(slots=True)
class Fault:
    """One fault; steps are of the scenario, its end exclusive."""

    station: str
    parameter: str
    first: int
    end: int
    kind: str
    magnitude: float


@dataclass(slots=True)
class Measured:
    """Readings of all stations.

    Attributes
    ----------
    pairs : list of (station, parameter)
    clean, values : ndarray of float64, shape (steps, n_pairs)
        The water, and what was received of it (NaN where nothing was).
    faults : list of Fault
        Dropouts and visits included.
    """

    pairs: list[tuple[str, str]]
    clean: np.ndarray
    values: np.ndarray
    faults: list[Fault] = field(default_factory=list)


def sigma(parameter: str, level: np.ndarray | float) -> np.ndarray | float:
    """Noise of one 5-minute value [the parameter's unit]."""
    share, least, _, _ = NOISE[parameter]
    return np.hypot(share * np.abs(level), least)


def water(
    layout: Layout, plan: Plan, chem: np.ndarray, hydro: dict[str, np.ndarray], temperature: np.ndarray,
    base: float, warm: int, rng: np.random.Generator,
) -> tuple[list[tuple[str, str]], np.ndarray]:  # fmt: skip
    """What is in front of the probes.

    Parameters
    ----------
    chem : ndarray, shape (steps, n_stations, 6)
        `sources.CHEMISTRY` and the share of storm water.
    hydro : dict
        ``velocity`` [m/s] and ``level`` [m], shape (steps, n_stations).
    temperature : ndarray of float64, shape (steps,)
    base : float
        Permanganate index of clean water here [mg/L].

    Returns
    -------
    list of (station, parameter), and ndarray of float64, shape (steps, n_pairs)
    """
    steps = chem.shape[0]
    pairs, columns = [], []
    cloud = np.clip(1 + 0.35 * wander(rng, steps, 1.0, 0.8), 0.2, 1.6)
    for index, station in enumerate(layout.stations):
        ammonia, cod, phosphorus, ec, solids, storm = (chem[:, index, k].astype(np.float64) for k in range(6))
        depth = float(layout.depth_m[station["link"]])
        swing = rng.uniform(0.9, 1.25) * (2.3 / depth) * 0.62 * SEASON_NOISE[plan.season]
        temp = temperature + swing * cloud * daily(steps, warm, 15.5) + rng.normal(0, 0.35)
        saturated = 14.6 - 0.394 * temp + 0.0077 * temp**2 - 0.0000646 * temp**3
        bloom = rng.uniform(0.25, 0.75) * cloud * daily(steps, warm, 15.8 + rng.normal(0, 0.4))
        demand = 0.09 * np.maximum(cod - base, 0.0) + 0.12 * np.maximum(ammonia - 1.0, 0.0)
        oxygen = saturated * rng.uniform(0.7, 0.76) + bloom - demand - 1.2 * storm + wander(rng, steps, 0.08, 0.4)
        every = {
            "temp": temp, "do": np.maximum(oxygen, 0.1), "ec": ec, "turbidity": solids, "nh3n": ammonia, "codmn": cod,
            "tp": phosphorus, "velocity": hydro["velocity"][:, index], "level": hydro["level"][:, index],
        }  # fmt: skip
        # Stirred-up bed and small local mixing: the water itself is never as smooth as a model's.
        every["turbidity"] = (
            solids * np.exp(wander(rng, steps, 0.045, 0.15)) * (1 + 0.045 * daily(steps, warm, 14.0)) + 1.0
        )
        every["nh3n"] = ammonia * np.exp(wander(rng, steps, 0.02, 0.2))
        every["codmn"] = cod * np.exp(wander(rng, steps, 0.018, 0.25))
        every["tp"] = phosphorus * np.exp(wander(rng, steps, 0.025, 0.25))
        for parameter in station["parameters"]:
            pairs.append((station["id"], parameter))
            columns.append(every[parameter])
    return pairs, np.stack(columns, 1)


def measure(pairs: list[tuple[str, str]], clean: np.ndarray, days: int, rng: np.random.Generator) -> Measured:
    """Readings of clean series, with every fault that `faults` lists."""
    steps = clean.shape[0]
    values = np.empty_like(clean)
    for column, (_, parameter) in enumerate(pairs):
        gain = 1 + rng.normal(0, NOISE[parameter][3])
        values[:, column] = clean[:, column] * gain + _noise(steps, rng) * sigma(parameter, clean[:, column])
    found = Measured(pairs, clean, values)
    _visits(found, days, rng)
    visits = list(found.faults)
    for column, (station, parameter) in enumerate(pairs):
        if parameter not in NO_FAULTS:
            ends = [v.first for v in visits if v.station == station]
            _instrument(found, column, days, ends, rng)
    for visit in visits:
        _calibrate(found, visit, rng)
    for column, (_, parameter) in enumerate(pairs):
        resolution = NOISE[parameter][2]
        values[:, column] = np.round(values[:, column] / resolution) * resolution
        if parameter not in ("velocity", "temp"):
            values[:, column] = np.maximum(values[:, column], 0.0)
    _silence(found, days, rng)
    return found


def _noise(steps: int, rng: np.random.Generator) -> np.ndarray:
    """Unit noise, shape (steps,): probes smooth over two samples (autocorrelation .44 at one step, none at two)."""
    raw = rng.standard_normal(steps + 1)
    return (raw[1:] + 0.6 * raw[:-1]) / np.sqrt(1.36)


def _instrument(found: Measured, column: int, days: int, visits: list[int], rng: np.random.Generator) -> None:
    station, parameter = found.pairs[column]
    steps, series = found.values.shape[0], found.values[:, column]
    typical = float(np.median(found.clean[:, column]))
    for kind, (rate, (low, high)) in FAULTS.items():
        if parameter in ONLY_FLATLINE and kind != "flatline":
            continue
        for _ in range(rng.poisson(rate * days / 30)):
            first = int(rng.integers(0, steps - PER_HOUR * 2))
            length = int(rng.uniform(low, high) * PER_HOUR)
            end = min(steps, first + length)
            ended = [v for v in visits if first + length // 3 < v < end]
            if ended and kind in ("drift", "fouling", "step_bias") and rng.random() < 0.5:
                end = ended[0]  # the visit cleans or calibrates it
            magnitude = _apply(kind, parameter, series, first, end, typical, rng)
            found.faults.append(Fault(station, parameter, first, end, kind, magnitude))


def _apply(
    kind: str, parameter: str, series: np.ndarray, first: int, end: int, typical: float, rng: np.random.Generator
) -> float:
    part = series[first:end]
    n = end - first
    if kind == "drift":
        size = float(rng.choice([-1, 1]) * rng.uniform(0.25, 0.72) * typical)
        part += size * np.linspace(0, 1, n)
        return size
    if kind == "fouling" and parameter == "turbidity":
        size = float(rng.uniform(1.7, 2.9))
        part *= 1 + (size - 1) * np.linspace(0, 1, n) ** 0.5
        return size
    if kind == "fouling":
        size = float(rng.uniform(0.38, 0.78))
        part *= 1 - (1 - size) * np.linspace(0, 1, n)
        return size
    if kind == "spikes":
        hit = rng.random(n) < rng.uniform(0.03, 0.2)
        hit[0] = hit[-1] = True
        up = rng.random(n) < 0.9
        part[hit] *= np.where(up, rng.uniform(1.3, 6.0, n), rng.uniform(0.0, 0.5, n))[hit]
        return float(hit.sum())
    if kind == "step_bias":
        size = float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.9) * typical)
        part += size
        return size
    if kind == "noise":
        part += rng.standard_normal(n) * sigma(parameter, part) * rng.uniform(6, 16)
        return 0.0
    value = float(part[0])
    part[:] = value
    return value


def _visits(found: Measured, days: int, rng: np.random.Generator) -> None:
    for station in dict.fromkeys(name for name, _ in found.pairs):
        for _ in range(rng.poisson(VISITS * days / 30)):
            day = int(rng.integers(0, days))
            first = day * PER_DAY + int(rng.uniform(9, 15) * PER_HOUR)
            end = first + int(rng.integers(5, 18))
            if end < found.values.shape[0]:
                found.faults.append(Fault(station, "*", first, end, "maintenance", 0.0))


#: What probes read on a visit: standards (two of each) or air.
STANDARDS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "do": ((0.16, 0.01), (8.8, 0.25)), "ec": ((1413, 45), (28, 1)), "nh3n": ((0.1, 0.002), (5.0, 0.13)),
    "turbidity": ((0.0, 0.1), (1.0, 0.1)), "codmn": ((2.0, 0.05), (10.0, 0.2)), "tp": ((0.1, 0.003), (0.5, 0.01)),
    "temp": ((24.0, 0.5), (0.5, 0.02)),
}  # fmt: skip


def _calibrate(found: Measured, visit: Fault, rng: np.random.Generator) -> None:
    for column, (station, parameter) in enumerate(found.pairs):
        if station == visit.station and parameter in STANDARDS:
            n = visit.end - visit.first
            means = np.array(STANDARDS[parameter])
            which = (rng.random(n) < 0.5).astype(int)
            found.values[visit.first : visit.end, column] = rng.normal(means[which, 0], means[which, 1])


def _silence(found: Measured, days: int, rng: np.random.Generator) -> None:
    steps = found.values.shape[0]
    names = np.array([name for name, _ in found.pairs])
    for station in dict.fromkeys(names):
        for _ in range(rng.poisson(DROPOUTS * days / 30)):
            first = int(rng.integers(0, steps - 12))
            length = max(3, int(np.exp(rng.normal(np.log(3.6), 1.35)) * PER_HOUR))
            end = min(steps, first + min(length, 30 * PER_HOUR))
            found.values[first:end, names == station] = np.nan
            found.faults.append(Fault(str(station), "*", first, end, "dropout", 0.0))
        found.values[np.ix_(rng.random(steps) < LOST, names == station)] = np.nan
