"""Runs quality control, detection and attribution over a scenario, in the order in which its readings came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.attribution.ranking import Attribution
from analytics.attribution.transport import Transport
from analytics.detectors import Detector, Layout
from analytics.detectors.options import HOUR_MS, SLOT_MS, TICK_MS
from analytics.events import Event, Events
from analytics.qc.checks import Test
from analytics.qc.config import Channel
from analytics.qc.control import LATENESS_MS, Flags, QualityControl
from analytics.qc.episodes import DROPOUT_MS, RULES, fault_episodes
from analytics.qc.trust import AT_ONCE as AT_ONCE
from analytics.qc.trust import Trust, Trusted
from analytics.qc.visits import Visit
from deploy.replay.detections_file import Detected, FaultSpan, Ranking, document
from deploy.replay.scenario import Scenario
from sensors.errors import UsageError

#: A station that was silent for this long but reports is a witness [ms].
WITNESS_MS = HOUR_MS

#: Rows between two signs of progress.
PROGRESS_ROWS = 288


def replay(scenario: Scenario, tick: Callable[[int], object] = lambda rows: None) -> dict[str, Any]:
    """What the hub would have said about a scenario, as `detections_file.document` writes it.

    Parameters
    ----------
    scenario : Scenario
    tick : callable
        Told the number of rows done since the last call.

    Raises
    ------
    UsageError
        If the readings are too far apart for detection.
    """
    cases = ReplayedCases(scenario)
    channels, flags = judge(cases, tick)
    return document(scenario, cases.found.values(), fault_spans(scenario, channels, flags))


def judge(cases: ReplayedCases, tick: Callable[[int], object] = lambda rows: None) -> tuple[list[Channel], Flags]:
    """Run quality control and detection over the scenario of `cases`; what quality control said, by channel."""
    scenario = cases.scenario
    channels = [Channel(station, determinand) for station, determinand in scenario.series]
    visits = [Visit(visit.station, visit.start_ms, visit.end_ms) for visit in scenario.visits]
    flags = QualityControl(channels, visits=visits, near=cases.layout.near()).step(scenario.time_ms, scenario.values)
    trusted = Trust(len(channels)).rows(flags, scenario.time_ms)
    waiting = 0
    for first, end in ticks(scenario):
        cases.step(first, end, trusted)
        waiting += end - first
        if waiting >= PROGRESS_ROWS:
            tick(waiting)
            waiting = 0
    tick(waiting)
    return channels, flags


def ticks(scenario: Scenario) -> Iterator[tuple[int, int]]:
    """Ranges of rows that end where the detector weighs its evidence."""
    ends = np.flatnonzero(scenario.time_ms % TICK_MS == 0) + 1
    first = 0
    for end in [*ends.tolist(), scenario.time_ms.size]:
        if end > first:
            yield first, end
        first = end


class ReplayedCases:
    """Detection, folding and attribution of one scenario, tick by tick.

    Attributes
    ----------
    found : dict of str to Detected
        Events by id, as they stood when they were raised, with the rankings made later.
    """

    def __init__(self, scenario: Scenario) -> None:
        if not 0 < scenario.step_ms <= SLOT_MS or SLOT_MS % scenario.step_ms:
            minutes = f"every {scenario.step_ms / 60_000:g} min"
            raise UsageError(f"Detection needs readings at a whole part of half an hour; these come {minutes}.")
        topology = scenario.topology
        self.scenario = scenario
        self.layout = Layout.build(scenario.series, topology.stations, topology.reaches, topology.steadiness)
        self.detector = Detector(self.layout, scenario.step_ms, len(scenario.inlets))
        self.events = Events(self.layout)
        flow = {name: abs(amount) for name, amount in topology.mean_flow_m3_s.items()}
        transport = Transport(topology.network, topology.steadiness, flow)
        self.attribution = Attribution(transport, topology.stations, topology.outfalls)
        self.found: dict[str, Detected] = {}
        self._episodes: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        order = list(scenario.stations)
        self._visited = scenario.visited[:, [order.index(name) for name in self.layout.stations]]
        columns = [[i for i, (s, _) in enumerate(scenario.series) if s == name] for name in self.layout.stations]
        self._reports = np.stack([np.isfinite(scenario.values[:, c]).any(axis=1) for c in columns], axis=1)

    def step(self, first: int, end: int, trusted: Trusted) -> None:
        """Judge the rows from `first` up to `end`, and rank the outfalls of what is new; trust is that of all rows."""
        s = self.scenario
        rows = slice(first, end)
        detections = self.detector.step(
            s.time_ms[rows], s.values[rows], usable=trusted.usable[rows], doubted=trusted.doubted[rows],
            rain_mm=s.rain_mm[rows], flow=s.flow_m3_s[rows], visited=self._visited[rows],
        )  # fmt: skip
        for event in self.events.step(detections):
            if event.kind == "discharge" or event.id not in self.found:
                self._note(event, end)

    def _note(self, event: Event, end: int) -> None:
        episodes = self._episodes.setdefault(event.id, [])
        if event.episodes > len(episodes):
            station = next(name for name, time_ms in event.last if time_ms == event.updated_ms)
            episodes.append((station, self._silent(event, end)))
            ranked = self._rank(event, episodes)
            if event.id in self.found:
                known = self.found[event.id]
                self.found[event.id] = replace(known, later=(*known.later, ranked))
                return
            self.found[event.id] = Detected(
                event.id, event.kind, float(event.probabilities[event.kind]), event.updated_ms, event.stations,
                event.determinands, ranked,
            )  # fmt: skip

    def _rank(self, event: Event, episodes: list[tuple[str, tuple[str, ...]]]) -> Ranking:
        if event.kind != "discharge":
            return Ranking(event.updated_ms, ())
        candidates = self.attribution.rank(episodes).candidates
        return Ranking(event.updated_ms, tuple((one.outfall, one.probability) for one in candidates))

    def _silent(self, event: Event, end: int) -> tuple[str, ...]:
        """Stations that report, and at which nothing stands out now."""
        lately = max(0, end - max(1, WITNESS_MS // max(1, self.scenario.step_ms)))
        reporting = np.logical_or.reduce(self._reports[lately:end], axis=0)
        loud = np.logical_or.reduce(self.detector.anything.active | self.detector.discharge.active, axis=0)
        involved = {name for other in self.events.open for name in other.stations} | set(event.stations)
        # Only who measures what fired could have seen it.
        measured = self.scenario.topology.determinands
        return tuple(
            name
            for i, name in enumerate(self.layout.stations)
            if reporting[i] and not loud[i] and name not in involved and set(event.determinands) & set(measured[name])
        )


def fault_spans(scenario: Scenario, channels: Sequence[Channel], flags: Flags) -> list[FaultSpan]:
    """Stretches in which a probe lies or is silent, by series and kind, as they were known when they happened.

    Flags are joined by quality control's own rules, but forwards: a fault is taken to last until nothing was flagged
    for the rule's time. Joining backwards would change what was said about readings long final.
    """
    there = np.isfinite(scenario.values)
    spans = [
        FaultSpan(one.station, None, one.start_ms, one.end_ms, one.kind)
        for one in fault_episodes(channels, scenario.time_ms, np.zeros_like(flags.tests), there, LATENESS_MS)
    ]
    spans += _silent_now(scenario, there)
    for rule in RULES:
        marked = (flags.tests & np.uint32(rule.tests)) != 0
        if rule.kind == "spikes":
            marked &= (flags.tests & np.uint32(Test.VISIT.bit)) == 0
        for column in np.flatnonzero(np.logical_or.reduce(marked, axis=0)).tolist():
            station, determinand = channels[column]
            flagged = scenario.time_ms[marked[:, column]]
            for part in np.split(flagged, np.flatnonzero(np.diff(flagged) > rule.join_ms) + 1):
                if part.size >= rule.least:
                    end_ms = min(int(part[-1]) + rule.join_ms, int(scenario.time_ms[-1]))
                    spans.append(FaultSpan(station, determinand, int(part[rule.least - 1]), end_ms, rule.kind))
    return spans


def _silent_now(scenario: Scenario, there: NDArray[np.bool_]) -> Iterator[FaultSpan]:
    """Stations that have been silent for long when the scenario ends: nobody knows yet for how long they will be."""
    end_ms = int(scenario.time_ms[-1])
    for index, station in enumerate(scenario.stations):
        rows = np.flatnonzero(np.logical_or.reduce(there[:, scenario.station_of == index], axis=1))
        if rows.size and end_ms - int(scenario.time_ms[rows[-1]]) > DROPOUT_MS:
            yield FaultSpan(station, None, int(scenario.time_ms[rows[-1] + 1]), end_ms, "dropout")
