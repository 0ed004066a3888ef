"""Folds detections into events: what one cause explains at stations that its water reaches is one case, told once.

A detection joins an open event if its station's water, or that of a station of the event, can have carried the cause
there in the time that passed; what comes back night after night at a station is a campaign and stays one case. An
event that was reported is updated, never raised again. Attribution starts from the event's first detection: its
station, onset, determinands and increments; later stations are in `Event.arrivals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from analytics.detectors.detector import Detection, Kind
from analytics.detectors.layout import Layout
from analytics.detectors.options import HOUR_MS
from analytics.event_kinds import probabilities


@dataclass(frozen=True, slots=True)
class FoldOptions:
    """How far apart detections of one event may be.

    Attributes
    ----------
    fastest, slowest : float
        Shares of the surveyed travel time within which a cause may arrive downstream: velocities are uncertain.
    early_h, late_h : float
        Detections may come this much before and after that [h].
    farthest_h : float
        Surveyed travel times beyond this do not join [h].
    back_h : float
        A station upstream may see the cause later than one downstream by this much: it may see it less well [h].
    again_h : float
        A station of the event that alarms again within this time belongs to it [h].
    night_h : (float, float)
        The same about a day later: the next episode of a campaign. What comes at another hour is another cause [h].
    quiet_h : float
        An event to which nothing was added for this long is closed [h].
    episode_h : float
        Quiet for this long at a station separates episodes [h].
    """

    fastest: float = 0.6
    slowest: float = 1.7
    early_h: float = 3.0
    late_h: float = 6.0
    farthest_h: float = 16.0
    back_h: float = 3.0
    again_h: float = 9.0
    night_h: tuple[float, float] = (19.0, 29.0)
    quiet_h: float = 36.0
    episode_h: float = 6.0


@dataclass(frozen=True, slots=True)
class Event:
    """What one cause explains.

    Attributes
    ----------
    id : str
        Of the first station, kind and time; never changes.
    kind : {'discharge', 'overflow', 'operation', 'fault', 'unknown'}
        As the first detection said.
    probabilities : mapping of str to float
        Of every kind; sums to 1.
    detected_ms, onset_ms, updated_ms : int
        When it was first told, since when its evidence stood, when something was last added [ms since the epoch, UTC].
    first : Detection
        The explanation: how far outside, what spoke for and against, what the neighbours did.
    arrivals : tuple of (station, onset_ms, evidence)
        Every station in the order in which it joined.
    determinands : tuple of str
        Those that fired, in order.
    peak : float
        Largest evidence of a detection [multiples of the scale].
    episodes : int
        How often it came back; nightly campaigns have several.
    detections : int
    last : tuple of (station, time_ms)
        Newest detection of each station.
    """

    id: str
    kind: Kind
    probabilities: Mapping[str, float]
    detected_ms: int
    onset_ms: int
    updated_ms: int
    first: Detection
    arrivals: tuple[tuple[str, int, float], ...]
    determinands: tuple[str, ...]
    peak: float
    episodes: int
    detections: int
    last: tuple[tuple[str, int], ...]

    @property
    def station(self) -> str:
        """The station that saw it first."""
        return self.first.station

    @property
    def stations(self) -> tuple[str, ...]:
        """All stations, the first one first."""
        return tuple(name for name, _, _ in self.arrivals)


class Events:
    """Open events of a network.

    Parameters
    ----------
    layout : Layout
    options : FoldOptions, optional
    """

    def __init__(self, layout: Layout, options: FoldOptions | None = None) -> None:
        self.layout, self.options = layout, options or FoldOptions()
        self._index = {name: i for i, name in enumerate(layout.stations)}
        self._open: list[Event] = []

    @property
    def open(self) -> tuple[Event, ...]:
        """Events that may still be added to."""
        return tuple(self._open)

    def step(self, detections: Iterable[Detection]) -> list[Event]:
        """Fold detections, in order of their time; the events that are new or changed, each once.

        Parameters
        ----------
        detections : iterable of Detection
        """
        changed: dict[str, Event] = {}
        for found in detections:
            self._open = [e for e in self._open if found.time_ms - e.updated_ms <= self.options.quiet_h * HOUR_MS]
            place = next((i for i in reversed(range(len(self._open))) if self._joins(self._open[i], found)), None)
            if place is None:
                event = _begin(found)
                self._open.append(event)
            else:
                event = self._open[place] = self._add(self._open[place], found)
            changed[event.id] = event
        return list(changed.values())

    def _joins(self, event: Event, found: Detection) -> bool:
        if event.kind != found.kind:
            return False
        if found.kind != "discharge":
            # Rain and operations reach many stations at once; a probe's fault stays at its station.
            regional = found.kind in ("overflow", "operation")
            return (regional or found.station == event.station) and found.time_ms - event.updated_ms <= 24 * HOUR_MS
        last = dict(event.last)
        if found.station in last:
            passed_h = (found.time_ms - last[found.station]) / HOUR_MS
            first_h, last_h = self.options.night_h
            return passed_h <= self.options.again_h or first_h <= passed_h <= last_h
        return any(self._carried(station, onset_ms, found) for station, onset_ms, _ in event.arrivals)

    def _carried(self, station: str, onset_ms: int, found: Detection) -> bool:
        """Whether water can have carried the cause from a station of the event, or to it."""
        o, passed_h = self.options, (found.onset_ms - onset_ms) / HOUR_MS
        here, there = self._index[station], self._index[found.station]
        down_h = self.layout.travel_h[here].get(there)
        if down_h is not None and down_h <= o.farthest_h:
            return o.fastest * down_h - o.early_h <= passed_h <= o.slowest * down_h + o.late_h
        up_h = self.layout.travel_h[there].get(here)
        return up_h is not None and up_h <= o.back_h and abs(passed_h) <= o.back_h

    def _add(self, event: Event, found: Detection) -> Event:
        last = dict(event.last)
        before_ms = last.get(found.station)
        again = before_ms is not None and found.time_ms - before_ms > self.options.episode_h * HOUR_MS
        last[found.station] = found.time_ms
        arrivals = event.arrivals
        if before_ms is None:
            arrivals = (*arrivals, (found.station, found.onset_ms, found.evidence))
        grown = replace(
            event, updated_ms=found.time_ms, arrivals=arrivals,
            determinands=tuple(dict.fromkeys([*event.determinands, found.determinand])),
            peak=max(event.peak, found.evidence), episodes=event.episodes + again,
            detections=event.detections + 1, last=tuple(last.items()),
        )  # fmt: skip
        return replace(grown, probabilities=_kinds(grown))

    def save(self) -> list[dict[str, Any]]:
        """Open events as plain data."""
        return [asdict(event) for event in self._open]

    def load(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """Go on from what `save` gave, as it is or back from JSON."""
        self._open = [_event(row) for row in saved]


def _begin(found: Detection) -> Event:
    when = datetime.fromtimestamp(found.time_ms / 1000, UTC).strftime("%Y%m%dT%H%MZ")
    event = Event(
        f"{found.station}-{found.determinand}-{when}-{found.kind}",
        found.kind, {}, found.time_ms, found.onset_ms, found.time_ms,
        found, ((found.station, found.onset_ms, found.evidence),), (found.determinand,), found.evidence, 1, 1,
        ((found.station, found.time_ms),),
    )  # fmt: skip
    return replace(event, probabilities=_kinds(event))


def _kinds(event: Event) -> dict[str, float]:
    return probabilities(
        event.first, peak=event.peak, stations=len(event.arrivals), determinands=len(event.determinands),
        episodes=event.episodes,
    )  # fmt: skip


def _event(row: Mapping[str, Any]) -> Event:
    values = {name: _tuples(value) for name, value in row.items() if name not in ("first", "probabilities")}
    first = Detection(**{name: _tuples(value) for name, value in row["first"].items()})
    return Event(first=first, probabilities=dict(row["probabilities"]), **values)


def _tuples(value: Any) -> Any:
    """Lists that JSON made of tuples, as tuples again."""
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
