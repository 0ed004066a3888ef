"""Detection, folding and attribution of a site, tick by tick: rows of slots in, events with their rankings out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analytics.attribution.ranking import Attribution, Candidate, Ranking
from analytics.attribution.transport import Transport
from analytics.detectors import Detector, Layout
from analytics.detectors.options import TICK_MS
from analytics.events import Event, Events
from analytics.qc import Channel
from analytics.qc.trust import Trusted
from deploy.replay.folder import WITNESS_MS
from deploy.watch.grid import SLOT_MS, Slots
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it stands, with what attribution says of it.

    Attributes
    ----------
    event : Event
    rankings : tuple of (int, Ranking)
        One for each episode, the first one first, and when it was made [ms since the epoch, UTC]; each of them takes
        in all episodes until then. Empty where the event is no discharge.
    over : bool
        Whether nothing was added for the time that ends an episode.
    """

    event: Event
    rankings: tuple[tuple[int, Ranking], ...]
    over: bool


def _steadiness(site: Site) -> dict[str, float]:
    return {reach.id: reach.steadiness for reach in site.reaches.values()}


def layout_of(site: Site, channels: Sequence[Channel]) -> Layout:
    """Where the columns of the rows stand in the site's network."""
    return Layout.build(channels, site.stations, site.reaches, _steadiness(site))


class Cases:
    """Events of a site.

    Parameters
    ----------
    site : Site
    channels : sequence of Channel
        Columns of the rows.
    """

    def __init__(self, site: Site, channels: Sequence[Channel]) -> None:
        steadiness = _steadiness(site)
        flow = {reach.id: reach.flow_m3_s for reach in site.reaches.values() if reach.flow_m3_s is not None}
        self.layout = layout_of(site, channels)
        self.detector = Detector(self.layout, SLOT_MS)
        self.events = Events(self.layout)
        self._attribution = Attribution(Transport(site.network, steadiness, flow), site.stations, site.outfalls)
        self._order = [list(site.stations).index(name) for name in self.layout.stations]
        index = {name: i for i, name in enumerate(self.layout.stations)}
        self._station_of = np.array([index[channel.station] for channel in channels], np.int64)
        self._channels = tuple(channels)
        self._reported_ms = np.zeros(len(index), np.int64)
        #: Series of which anything was ever read: a profile may list what a station was never fitted with.
        self._fitted = np.zeros(len(channels), bool)
        self._episodes: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        self._rankings: dict[str, list[tuple[int, Ranking]]] = {}
        self._over: set[str] = set()

    def step(self, slots: Slots, trusted: Trusted) -> list[Told]:
        """Judge rows; the events that are new, have changed or are over, each as it stands at the end.

        Parameters
        ----------
        slots : Slots
            Every row since the last one that was judged.
        trusted : Trusted
            Trust in the rows.
        """
        changed: set[str] = set()
        first = 0
        for end in [*(np.flatnonzero(slots.time_ms % TICK_MS == 0) + 1).tolist(), slots.time_ms.size]:
            if end > first:
                changed |= self._tick(slots, slice(first, end), trusted)
                first = end
        changed |= self._ended(int(slots.time_ms[-1]))
        held = {event.id: event for event in self.events.open}
        self._forget(held)
        return [self._told(event) for name, event in held.items() if name in changed]

    def _tick(self, slots: Slots, rows: slice, trusted: Trusted) -> set[str]:
        values = slots.values[rows]
        there = np.isfinite(values)
        self._fitted |= there.any(axis=0)
        for row in range(len(values)):
            self._reported_ms[self._station_of[there[row]]] = slots.time_ms[rows][row]
        now_ms = int(slots.time_ms[rows][-1])
        detections = self.detector.step(
            slots.time_ms[rows], values, usable=trusted.usable[rows], doubted=trusted.doubted[rows],
            rain_mm=np.nan_to_num(slots.rain_mm[rows]), visited=slots.attended[rows][:, self._order], until_ms=now_ms,
        )  # fmt: skip
        changed = set()
        for event in self.events.step(detections):
            changed.add(event.id)
            self._over.discard(event.id)
            self._explain(event, now_ms)
        return changed

    def _explain(self, event: Event, now_ms: int) -> None:
        """Rank the outfalls anew where another episode has begun."""
        if event.kind != "discharge":
            return
        episodes = self._episodes.setdefault(event.id, [])
        if event.episodes > len(episodes):
            station = next(name for name, time_ms in event.last if time_ms == event.updated_ms)
            episodes.append((station, self._silent(event, now_ms)))
            self._rankings.setdefault(event.id, []).append((event.updated_ms, self._attribution.rank(episodes)))

    def _silent(self, event: Event, now_ms: int) -> tuple[str, ...]:
        """Stations that report, and at which nothing stands out now."""
        loud = np.logical_or.reduce(self.detector.anything.active | self.detector.discharge.active, axis=0)
        involved = {name for other in self.events.open for name in other.stations} | set(event.stations)
        measured: set[str] = {
            channel.station
            for channel, fitted in zip(self._channels, self._fitted, strict=True)
            if fitted and channel.determinand in event.determinands
        }
        return tuple(
            name
            for i, name in enumerate(self.layout.stations)
            if self._reported_ms[i] > now_ms - WITNESS_MS and not loud[i] and name not in involved and name in measured
        )

    def _ended(self, now_ms: int) -> set[str]:
        quiet_ms = self.events.options.episode_h * 3_600_000
        over = {event.id for event in self.events.open if now_ms - event.updated_ms > quiet_ms} - self._over
        self._over |= over
        return over

    def _forget(self, held: Collection[str]) -> None:
        self._over &= set(held)
        for kept in (self._episodes, self._rankings):
            for name in set(kept) - set(held):
                del kept[name]

    def _told(self, event: Event) -> Told:
        return Told(event, tuple(self._rankings.get(event.id, ())), event.id in self._over)

    def save(self) -> dict[str, Any]:
        """What is not in the detector's own state, as plain data."""
        return {
            "events": self.events.save(),
            "over": sorted(self._over),
            "episodes": self._episodes,
            "rankings": {
                name: [[at_ms, asdict(ranking)] for at_ms, ranking in rankings]
                for name, rankings in self._rankings.items()
            },
            "reported_ms": self._reported_ms.tolist(),
            "fitted": self._fitted.tolist(),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, back from JSON.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        self.events.load(saved["events"])
        self._over = set(saved["over"])
        self._episodes = {
            name: [(station, tuple(silent)) for station, silent in episodes]
            for name, episodes in saved["episodes"].items()
        }
        self._rankings = {
            name: [(at_ms, _ranking(ranking)) for at_ms, ranking in rankings]
            for name, rankings in saved["rankings"].items()
        }
        self._reported_ms[:] = saved["reported_ms"]
        self._fitted[:] = saved["fitted"]


def _ranking(saved: Mapping[str, Any]) -> Ranking:
    candidates = tuple(Candidate(**candidate) for candidate in saved["candidates"])
    return Ranking(candidates, saved["effective"], saved["told"], tuple(saved["silent"]))
