"""From residuals to evidence of a discharge: what each series shows, less what explains it otherwise.

Evidence is in multiples of the series' own scale. Everything that speaks against a discharge is subtracted from it, so
that a large one is still seen in rain; what was subtracted, and why, is kept for the explanation of an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import windows
from analytics.detectors.layout import STEADY, Layout
from analytics.detectors.options import AMMONIA, CONDUCTIVITY, POLLUTANTS, TURBIDITY, Options
from analytics.detectors.weather import Operation, Rain

Floats = NDArray[np.float32]

#: Ticks of 12 h, of 4 h, of 8 h, and of the 2 h between the ends of a front.
COMMON_TICKS, FRONT_TICKS, VALUE_TICKS, FRONT = 72, 24, 48, 12
#: Ticks at the beginning of the eight hours of which the lowest is where a rise began.
BEGIN_TICKS = 4
#: Stations below which what they have in common is not asked.
FEWEST_STATIONS = 8
#: Share of the stations above whose evidence a common cause is looked for, and what dry weather shows anyway.
COMMON_SHARE, COMMON_USUAL = 0.8, 1.5
#: Conductivity may be this much below its level before the rain, or fall by this much, without being diluted.
DILUTED, FALLING = 1.0, 1.5
#: Evidence of a second determinand that makes a front unnecessary.
SUPPORT = 2.5
#: Evidence of another determinand beyond which it lends some, and the most that counts.
COMPANY, MOST_COMPANY = 2.0, 4.0
#: Most that a steady rise takes away.
MOST_RAMP = 6.0
#: Most times that noise may be louder than usual because the level is higher.
MOST_LOUDER = 50.0
NAN = np.float32(np.nan)


@dataclass(slots=True)
class Memory:
    """What fusion remembers.

    Attributes
    ----------
    common : ndarray, shape (COMMON_TICKS, n_pollutants)
        Evidence that a fifth of the stations exceed.
    fronts : ndarray, shape (FRONT_TICKS, n_pollutants, n_stations)
        Rise within two hours, in multiples of the scale.
    values : ndarray, shape (VALUE_TICKS, n_pollutants, n_stations)
        Tick values of the last eight hours.
    """

    common: Floats
    fronts: Floats
    values: Floats

    @classmethod
    def empty(cls, n_stations: int) -> Memory:
        """Nothing seen yet."""
        n = len(POLLUTANTS)
        return cls(
            np.zeros((COMMON_TICKS, n), np.float32), np.full((FRONT_TICKS, n, n_stations), NAN),
            np.full((VALUE_TICKS, n, n_stations), NAN),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence of a tick, shapes (n_pollutants, n_stations); NaN where a series is not ready or not measured.

    Attributes
    ----------
    raw : ndarray
        Rise above the fast baseline, in multiples of the scale.
    slow : ndarray
        Rise above the slow baseline.
    net : ndarray
        What is left of it as evidence of a discharge.
    against : mapping of str to ndarray
        What was subtracted, by reason: rough, doubt, common, unsteady, rain, operation, alone, front.
    """

    raw: Floats
    slow: Floats
    net: Floats
    against: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Signals:
    """What the series show at a tick, laid out by pollutant and station.

    Attributes
    ----------
    value : ndarray, shape (n_pollutants, n_stations)
        Half-hour medians, freed of the course of the day.
    rise, scale : ndarray, shape (2, n_pollutants, n_stations)
        Residuals against the fast and slow baseline, and their scales.
    rough : ndarray, shape (n_pollutants, n_stations)
        Present noise, as a multiple of the usual.
    doubted : ndarray of bool, shape (n_pollutants, n_stations)
        Series that quality control knows to have a fault that lasts.
    """

    value: Floats
    rise: Floats
    scale: Floats
    rough: Floats
    doubted: NDArray[np.bool_]


def weigh(
    signals: Signals, memory: Memory, rain: Rain, operation: Operation, layout: Layout, options: Options
) -> Evidence:
    """Evidence of a tick; what fusion remembers moves on by one.

    Parameters
    ----------
    signals : Signals
    memory : Memory
    rain : Rain
    operation : Operation
    layout : Layout
    options : Options
    """
    value, scale = signals.value, signals.scale[0]
    raw, slow = signals.rise[0] / scale, signals.rise[1] / signals.scale[1]
    windows.push(rain.lowest, raw[CONDUCTIVITY])
    wet = rain.context(options)
    quiet = 1 / np.fmax(1, signals.rough / _louder(value, signals.rise[0]) / np.float32(options.rough))
    unsteady = options.unsteady + (options.unsteady_rain if wet else 0.0)
    against = {
        "rough": np.fmax(0, raw * (1 - quiet)),
        "doubt": np.where(signals.doubted, np.float32(options.doubt), np.float32(0)),
        "common": _common(raw, memory, wet, options),
        "unsteady": np.broadcast_to(unsteady * np.maximum(0, np.float32(STEADY) - layout.steadiness), raw.shape),
    }
    if wet:
        against["rain"] = _rain(raw, value, scale, memory, rain, options)
    if operation.left_ticks[0]:
        against["operation"] = np.full_like(raw, options.operation)
    net = raw - sum(against.values())
    alone = np.count_nonzero(net > SUPPORT, axis=0) < 2
    net = net + _company(net, options)
    against["alone"] = _alone(net, alone, options)
    net = net - against["alone"]
    against["front"] = _front(net, alone, value, scale, memory, options)
    net = net - against["front"]
    # A slow rise counts only in company: one determinand alone that creeps up is a probe that drifts or fouls.
    slow_net = np.fmin(slow * quiet - options.slow_extra, slow * quiet - (raw - net))
    together = (np.count_nonzero(slow_net > options.threshold, axis=0) >= 2) & (not wet)
    net = np.where(together, np.fmax(net, slow_net), net)
    return Evidence(raw, slow, net.astype(np.float32), against)


def _rain(raw: Floats, value: Floats, scale: Floats, memory: Memory, rain: Rain, options: Options) -> Floats:
    found = np.zeros_like(raw)
    below = (rain.reference - value[CONDUCTIVITY]) / scale[CONDUCTIVITY]
    readable = (below == below) & (raw[CONDUCTIVITY] == raw[CONDUCTIVITY])
    falling = np.fmax(0, -np.fmin(raw[CONDUCTIVITY], np.fmin.reduce(rain.lowest, axis=0)) - FALLING)
    diluted = np.where(readable, np.fmax(0, below - DILUTED) + falling, falling)
    # Runoff is soft: what raises conductivity above its level before the rain is not the rain.
    salty = (raw[CONDUCTIVITY] > SUPPORT) & (below < 0)
    washed = memory.common.max(axis=0) > options.washed
    for k in range(len(POLLUTANTS)):
        if k == CONDUCTIVITY:
            # Conductivity that only comes back to what it was before the rain, or as the water clears, tells of none.
            clearing = np.fmax(0, -raw[TURBIDITY] - FALLING)
            returned = np.where(below == below, np.fmax(0, raw[k] + below), np.fmax(0, raw[k]))
            found[k] = returned + clearing + np.float32(options.returning)
        else:
            weight = options.dilution if k == AMMONIA else options.dilution_solids
            fresh = options.fresh if rain.fresh(options) and k != AMMONIA else 0.0
            counts = weight * diluted + np.where(readable, 0, options.blind) + fresh
            if washed[k] and k != AMMONIA:
                counts = np.fmax(counts, np.fmax(0, raw[k]))
            found[k] = np.where(salty, 0, counts)
    return found


def _common(raw: Floats, memory: Memory, wet: bool, options: Options) -> Floats:
    values, count = windows.ordered(raw.T)
    row = np.minimum((COMMON_SHARE * count).astype(np.intp), len(values) - 1)
    exceeded = values[row, np.arange(len(POLLUTANTS))]
    exceeded = np.where((count >= FEWEST_STATIONS) & (exceeded == exceeded), exceeded, np.float32(0))
    windows.push(memory.common, exceeded)
    excess = np.maximum(0, memory.common.max(axis=0) - np.float32(COMMON_USUAL))
    return np.broadcast_to(((2 if wet else 1) * options.common * excess)[:, None], raw.shape)


def _louder(value: Floats, rise: Floats) -> Floats:
    """How much louder than usual a probe may be: its noise grows with what it reads.

    Half of the growth of the level: a jump that doubles a reading must stay as rough as it is.
    """
    usual = value - rise
    times = np.where(usual > 0, value / windows.positive(usual) / 2, np.float32(1))
    return np.clip(np.where(times == times, times, np.float32(1)), 1, MOST_LOUDER)


def _company(net: Floats, options: Options) -> Floats:
    """What the other determinands of a station lend to each: one cause seldom raises one alone by chance."""
    beyond = np.where(net == net, np.clip(net - np.float32(COMPANY), 0, MOST_COMPANY), np.float32(0))
    lent: Floats = np.float32(options.company) * (beyond.sum(axis=0) - beyond)
    return lent


def _alone(net: Floats, alone: NDArray[np.bool_], options: Options) -> Floats:
    """Conductivity and turbidity drift and foul most: alone they must show more."""
    found = np.zeros_like(net)
    found[[TURBIDITY, CONDUCTIVITY]] = np.where(alone, np.float32(options.alone), np.float32(0))
    return found


def _front(
    net: Floats, alone: NDArray[np.bool_], value: Floats, scale: Floats, memory: Memory, options: Options
) -> Floats:
    """What evidence has too much for the steepest rise of the last hours, where it stands alone.

    A front carries its rise within two hours, a probe that drifts a quarter of what it rises within eight.
    """
    rise = (value - memory.values[-FRONT]) / scale
    whole = (value - np.fmin.reduce(memory.values[:BEGIN_TICKS], axis=0)) / scale
    memory.values[:-1] = memory.values[1:]
    memory.values[-1] = value
    memory.fronts[:-1] = memory.fronts[1:]
    memory.fronts[-1] = rise
    steepest = np.fmax.reduce(memory.fronts, axis=0)
    bound = np.where(steepest == steepest, options.front * steepest, net - 1)
    ramp = np.fmin(np.fmax(0, options.ramp * whole - steepest), MOST_RAMP)
    return np.where(alone & (net == net), np.fmax(np.fmax(0, net - bound), ramp), np.float32(0))


def spread(values: Floats, layout: Layout) -> Floats:
    """Values of used series laid out by pollutant and station, NaN where not measured; leading axes are kept."""
    found = values[..., np.maximum(layout.place, 0)]
    return np.where(layout.place >= 0, found, NAN)


def reasons(evidence: Evidence, k: int, station: int) -> Iterator[tuple[str, float]]:
    """What spoke against a discharge at a station, largest first."""
    found = [(name, float(values[k, station])) for name, values in evidence.against.items()]
    yield from sorted(((name, value) for name, value in found if value > 0), key=lambda pair: -pair[1])
