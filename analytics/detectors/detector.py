"""The detector: rows of readings in, detections out; the same code for a live tick and for years of history.

Rows lie on a regular grid and are judged one by one, so that the result cannot depend on how they were cut into blocks.
Rows beyond `until_ms` wait, and what of them comes late or is revised is taken in; a row that has been judged is final.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import fusion, windows
from analytics.detectors.baseline import Baseline
from analytics.detectors.cusum import Cusum
from analytics.detectors.layout import Layout
from analytics.detectors.options import AMMONIA, CONDUCTIVITY, HOUR_MS, POLLUTANTS, SLOT_MS, TICK_MS, Options
from analytics.detectors.samples import Samples
from analytics.detectors.state import Arrays, Stage, arrays_of, from_bytes, put_back, to_bytes
from analytics.detectors.weather import Operation, Rain

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Kind = Literal["discharge", "overflow", "operation", "fault", "unknown"]

#: Neighbours whose evidence a detection keeps: no farther than this along the water [h], and how many.
NEAR_H, NEIGHBOURS = 24.0, 6
#: Ticks without a value after which a series may come back elsewhere without having jumped.
SILENCE_TICKS = 4
#: Kind of what the strongest reason against a discharge points to.
KIND_OF: Mapping[str, Kind] = {"rain": "overflow", "operation": "operation", "front": "fault", "doubt": "fault"}


@dataclass(frozen=True, slots=True)
class Detection:
    """One instant at which the detector fires at a station.

    Attributes
    ----------
    station, determinand : str
    time_ms, onset_ms : int
        When it fires, from what was known then; since when the evidence stood [ms since the epoch, UTC].
    kind : {'discharge', 'overflow', 'operation', 'fault', 'unknown'}
        What the evidence points to.
    evidence, raw, slow : float
        What is left for a discharge; the rise against the fast and slow baseline [multiples of the series' scale].
    value, baseline, scale : float
        Half-hour median, what was expected, and the scale [unit of the determinand].
    against : tuple of (reason, float)
        What was subtracted from the rise, largest first [multiples of the scale].
    others : tuple of (determinand, float)
        Rise of the station's other determinands.
    neighbours : tuple of (station, hours, float)
        Stations up (negative hours) and down the water, and the strongest rise there.
    increments : tuple of (determinand, float)
        Rise of every determinand that stands out at the station [unit of the determinand].
    rain_mm : float
        In the last 24 h [mm].
    steadiness : float
        Of the station's reach.
    """

    station: str
    determinand: str
    time_ms: int
    onset_ms: int
    kind: Kind
    evidence: float
    raw: float
    slow: float
    value: float
    baseline: float
    scale: float
    against: tuple[tuple[str, float], ...]
    others: tuple[tuple[str, float], ...]
    neighbours: tuple[tuple[str, float, float], ...]
    increments: tuple[tuple[str, float], ...]
    rain_mm: float
    steadiness: float


@dataclass(slots=True)
class _Clock:
    """Last row judged, sums since the last tick, and for how many ticks each series has been silent."""

    judged_ms: NDArray[np.int64]
    rain_mm: NDArray[np.float64]
    flow: Floats
    silent: NDArray[np.uint8]


@dataclass(slots=True)
class _Row:
    values: Floats
    rain_mm: float
    flow: Floats
    visited: Flags
    doubted: Flags


class Detector:
    """Detection over the series of a network.

    Rises of sewage, slurry, kitchens and factories against each series' own baselines and noise, with what speaks
    against a discharge (rain, operations, what all stations have in common, unsteady water, slow drifts) subtracted.

    Parameters
    ----------
    layout : Layout
    step_ms : int
        Distance between rows [ms]; at most half an hour.
    inlets : int
        Number of inlets whose flow is given.
    options : Options, optional

    Notes
    -----
    State is about 2 KB per series and does not grow. A series is ready after `Options.ready_days` days of its scale.
    """

    def __init__(self, layout: Layout, step_ms: int, inlets: int = 0, options: Options | None = None) -> None:
        if not 0 < step_ms <= SLOT_MS or SLOT_MS % step_ms:
            raise ValueError(f"rows must lie a whole part of half an hour apart, not {step_ms} ms")
        self.layout, self.step_ms, self.inlets, self.options = layout, step_ms, inlets, options or Options()
        used, stations = layout.columns.size, len(layout.stations)
        shape = (len(POLLUTANTS), stations)
        self._tick_ms = max(TICK_MS, step_ms)
        self._station_of = np.zeros(used, np.int64)
        for row in layout.place:
            there = np.flatnonzero(row >= 0)
            self._station_of[row[there]] = there
        self.samples = Samples.empty(used, step_ms)
        self.baseline = Baseline.empty(used)
        self.rain = Rain.empty(stations)
        self.operation = Operation.empty(inlets)
        self.memory = fusion.Memory.empty(stations)
        self.discharge, self.anything = Cusum.empty(shape), Cusum.empty(shape)
        self._clock = _Clock(np.array([-1]), np.zeros(1), np.full(inlets, np.nan, np.float32), np.zeros(used, np.uint8))
        self._pending: dict[int, _Row] = {}
        self._upstream = _upstream(layout)

    @property
    def judged_ms(self) -> int:
        """Time of the newest row that was judged; -1 before the first [ms since the epoch, UTC]."""
        return int(self._clock.judged_ms[0])

    @property
    def ready(self) -> Flags:
        """Which series that detection uses are ready, shape (n_used,): the others say nothing, which is not "no"."""
        ready: Flags = np.isfinite(self.baseline.scale[0])
        return ready

    def step(
        self,
        time_ms: NDArray[np.int64],
        values: NDArray[Any],
        *,
        usable: Flags | None = None,
        rain_mm: NDArray[Any] | None = None,
        flow: NDArray[Any] | None = None,
        visited: Flags | None = None,
        doubted: Flags | None = None,
        until_ms: int | None = None,
    ) -> list[Detection]:
        """Take a block of readings and judge what is due.

        Parameters
        ----------
        time_ms : ndarray of int64, shape (n,)
            Times of the rows, whole multiples of `step_ms`; may be late, revised or beyond `until_ms`.
        values : ndarray, shape (n, n_series)
            All series of the layout; NaN where nothing was received (never overwrites what was).
        usable : ndarray of bool, shape (n, n_series), optional
            False where quality control knew at once that the reading is none: out of range, a sentinel, a visit.
        rain_mm : ndarray, shape (n,), optional
            Rain of the step that ended at the time.
        flow : ndarray, shape (n, inlets), optional
            Newest known flow of each inlet [m3/s].
        visited : ndarray of bool, shape (n, n_stations), optional
            Stations being visited, in the order of ``layout.stations``.
        doubted : ndarray of bool, shape (n, n_series), optional
            Series that quality control knew, at the time of the row, to have a fault that lasts.
        until_ms : int, optional
            Rows up to here are judged now; all, if not given. Rows not received count as empty.
        """
        for i in range(time_ms.size):
            self._take(
                int(time_ms[i]), values[i], None if usable is None else usable[i],
                0.0 if rain_mm is None else float(rain_mm[i]), None if flow is None else flow[i],
                None if visited is None else visited[i], None if doubted is None else doubted[i],
            )  # fmt: skip
        if not self._pending:
            return []
        if until_ms is None:
            until_ms = max(self._pending)
        found: list[Detection] = []
        for row_ms in self._due(until_ms):
            found += self._judge(row_ms, self._pending.pop(row_ms, None))
        return found

    def _take(
        self, time_ms: int, values: NDArray[Any], usable: Flags | None, rain_mm: float, flow: NDArray[Any] | None,
        visited: Flags | None, doubted: Flags | None,
    ) -> None:  # fmt: skip
        if time_ms % self.step_ms:
            raise ValueError(f"a row at {time_ms} ms is not on the grid of {self.step_ms} ms")
        if time_ms <= self.judged_ms:
            return
        row = values[self.layout.columns].astype(np.float32)
        if usable is not None:
            row = np.where(usable[self.layout.columns], row, np.float32(np.nan))
        inflow = np.full(self.inlets, np.nan, np.float32) if flow is None else flow.astype(np.float32)
        visit = np.zeros(len(self.layout.stations), bool) if visited is None else visited.copy()
        doubt = np.zeros(row.size, bool) if doubted is None else doubted[self.layout.columns]
        held = self._pending.get(time_ms)
        if held is not None:
            row = np.where(row == row, row, held.values)
            inflow = np.where(inflow == inflow, inflow, held.flow)
            rain_mm, visit, doubt = max(rain_mm, held.rain_mm), visit | held.visited, doubt | held.doubted
        self._pending[time_ms] = _Row(row, rain_mm, inflow, visit, doubt)

    def _due(self, until_ms: int) -> Iterator[int]:
        """Times of the grid from the last judged row to the newest that is due, those without a row included."""
        due = [time for time in self._pending if time <= until_ms]
        if not due:
            return
        first = min(due) if self.judged_ms < 0 else self.judged_ms + self.step_ms
        yield from range(first, max(due) + 1, self.step_ms)

    def _judge(self, time_ms: int, row: _Row | None) -> list[Detection]:
        row = row or self._empty_row()
        clock = self._clock
        clock.judged_ms[:] = time_ms
        clock.rain_mm += row.rain_mm
        clock.flow = np.where(row.flow == row.flow, row.flow, clock.flow)
        baseline = self.baseline
        self.samples.add(time_ms, row.values, row.visited[self._station_of], baseline.noise, self.options)
        return self._tick(time_ms, row.doubted) if time_ms % self._tick_ms == 0 else []

    def _after_silence(self, value: Floats, slot: float) -> Flags:
        """Series that come back from a silence elsewhere: nobody saw whether the water or the probe changed."""
        silent, there = self._clock.silent, value == value
        far = np.abs(self.baseline.residual(value, slot)[0]) > self.options.threshold * self.baseline.scale[0]
        back: Flags = there & far & (silent >= SILENCE_TICKS)
        self._clock.silent = np.where(there, 0, np.minimum(silent + 1, 255)).astype(np.uint8)
        return back

    def _empty_row(self) -> _Row:
        nan = np.float32(np.nan)
        values, flow = np.full(self.layout.columns.size, nan), np.full(self.inlets, nan)
        calm = np.zeros(len(self.layout.stations), bool)
        return _Row(values, 0.0, flow, calm, np.zeros(values.size, bool))

    def _tick(self, time_ms: int, doubted: Flags) -> list[Detection]:
        options, baseline, clock = self.options, self.baseline, self._clock
        self.rain.add(float(clock.rain_mm[0]), options)
        clock.rain_mm[:] = 0
        hour = (time_ms - 1) // HOUR_MS
        self.operation.add(clock.flow, hour, time_ms % HOUR_MS == 0, options)
        jumped = self.samples.began_anew(self._station_of)
        value = self.samples.half_hour(self.step_ms)
        # The median stands for the middle of its half hour.
        slot = time_ms / SLOT_MS - 0.5
        jumped |= self._after_silence(value, slot)
        baseline.forget(jumped)
        freed = value - baseline.usual(slot)
        baseline.add(np.where(jumped, np.float32(np.nan), value))
        layout, rough = self.layout, self.samples.roughness() / windows.positive(baseline.noise)
        signals = fusion.Signals(
            fusion.spread(freed, layout),
            fusion.spread(baseline.residual(value, slot), layout),
            fusion.spread(baseline.scale, layout),
            fusion.spread(rough, layout),
            _at(doubted, layout),
        )
        evidence = fusion.weigh(signals, self.memory, self.rain, self.operation, layout, options)
        restart = _at(jumped, layout)
        found = self._fire(time_ms, evidence, restart, value)
        if time_ms % SLOT_MS == 0:
            self.rain.close(signals.value[CONDUCTIVITY])
            baseline.close(time_ms // SLOT_MS - 1, self.samples.typical_change(), self.rain.dry(), options)
        return found

    def _fire(self, time_ms: int, evidence: fusion.Evidence, restart: Flags, value: Floats) -> list[Detection]:
        net = self.discharge.update(time_ms, evidence.net, restart, self.options)
        raw = self.anything.update(time_ms, evidence.raw, restart, self.options)
        found = [
            self._detection(time_ms, evidence, value, k, s, "discharge", int(self.discharge.since_ms[k, s]))
            for k, s in np.argwhere(net).tolist()
        ]
        for k, s in np.argwhere(raw & ~self.discharge.active).tolist():
            reason = next((name for name, _ in fusion.reasons(evidence, k, s)), "")
            kind = KIND_OF.get(reason, "unknown")
            # Runoff brings solids; only what smells of sewage tells of an overflow.
            if kind == "overflow" and k != AMMONIA:
                continue
            found.append(self._detection(time_ms, evidence, value, k, s, kind, int(self.anything.since_ms[k, s])))
        return found

    def _detection(
        self, time_ms: int, evidence: fusion.Evidence, value: Floats, k: int, s: int, kind: Kind, onset_ms: int
    ) -> Detection:
        layout, place = self.layout, int(self.layout.place[k, s])
        scale = fusion.spread(self.baseline.scale[0], layout)
        raw = np.where(np.isfinite(evidence.raw), evidence.raw, 0)
        rises = [(POLLUTANTS[j], float(raw[j, s])) for j in range(len(POLLUTANTS)) if layout.place[j, s] >= 0]
        strongest = raw.max(axis=0)
        near = sorted(
            [(hours, to) for to, hours in layout.travel_h[s].items() if hours <= NEAR_H]
            + [(-hours, to) for to, hours in self._upstream[s].items() if hours <= NEAR_H],
            key=lambda pair: abs(pair[0]),
        )
        rise = float(raw[k, s] * scale[k, s])
        return Detection(
            station=layout.stations[s], determinand=POLLUTANTS[k], time_ms=time_ms, onset_ms=onset_ms, kind=kind,
            evidence=float(evidence.net[k, s]), raw=float(raw[k, s]), slow=float(evidence.slow[k, s]),
            value=float(value[place]), baseline=float(value[place]) - rise, scale=float(scale[k, s]),
            against=tuple(fusion.reasons(evidence, k, s)),
            others=tuple(pair for pair in rises if pair[0] != POLLUTANTS[k]),
            neighbours=tuple((layout.stations[to], hours, float(strongest[to])) for hours, to in near[:NEIGHBOURS]),
            increments=tuple(
                (key, multiple * float(scale[POLLUTANTS.index(key), s])) for key, multiple in rises if multiple >= 2
            ),
            rain_mm=self.rain.day_mm, steadiness=float(layout.steadiness[s]),
        )  # fmt: skip

    def _stages(self) -> dict[str, Stage]:
        return {
            "samples": self.samples, "baseline": self.baseline, "rain": self.rain, "operation": self.operation,
            "memory": self.memory, "discharge": self.discharge, "anything": self.anything, "clock": self._clock,
        }  # fmt: skip

    def save(self) -> bytes:
        """State as one NPZ file; rows that wait are not in it and must be given again."""
        return to_bytes(self.state())

    def state(self) -> Arrays:
        """Copies of all arrays that detection carries on."""
        return arrays_of(self._stages())

    def load(self, saved: bytes) -> None:
        """Go on from a saved state.

        Raises
        ------
        ValueError
            If it is that of other series.
        """
        put_back(self._stages(), from_bytes(saved))
        self._pending.clear()


def _at(marks: Flags, layout: Layout) -> Flags:
    """Marks of used series laid out by pollutant and station, False where not measured."""
    laid: Flags = (layout.place >= 0) & marks[np.maximum(layout.place, 0)]
    return laid


def _upstream(layout: Layout) -> tuple[dict[int, float], ...]:
    """Of each station: the stations whose water reaches it, and after how long [h]."""
    found: tuple[dict[int, float], ...] = tuple({} for _ in layout.stations)
    for source, reached in enumerate(layout.travel_h):
        for to, hours in reached.items():
            found[to][source] = hours
    return found
