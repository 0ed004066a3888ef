"""The default configuration over probes of real rivers: what detection would have told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl

from analytics.detectors import Detector, Layout
from analytics.events import Event, Events
from analytics.qc.control import QualityControl
from analytics.qc.trust import Trust
from deploy.watch.grid import SLOT_MS

Row = tuple[str, ...]

#: A station's level that rose by this much within a day carries runoff or meltwater [m].
RISE_M = 0.05


@dataclass(frozen=True, slots=True)
class Watched:
    """What detection said about a record.

    Attributes
    ----------
    events : tuple of Event
    grid : DataFrame
        Readings by time (UTC) and (station, determinand).
    months : float
        Station-months in which a station had a series that was ready.
    ready : float
        Share of time in which series were ready.
    """

    events: tuple[Event, ...]
    grid: pd.DataFrame
    months: float
    ready: float


def watched(frame: pl.DataFrame) -> Watched:
    """Run detection as a hub does, on its grid of five minutes, without network, rain or visits: there are none."""
    table = frame.to_pandas().pivot_table(
        index="time", columns=["station", "determinand"], values="value", aggfunc="last"
    )
    table.index = pd.DatetimeIndex(table.index).as_unit("ms").floor(f"{SLOT_MS}ms")
    table = table.groupby(level=0).last()
    slots = pd.date_range(table.index[0], table.index[-1], freq=f"{SLOT_MS}ms", unit="ms")
    table = table.reindex(slots)
    channels, values = [(str(pair[0]), str(pair[1])) for pair in table.columns], table.to_numpy()
    stamps = slots.asi8
    trusted = Trust(len(channels)).rows(QualityControl(channels).step(stamps, values), stamps)
    layout = Layout.build(channels)
    detector, events = Detector(layout, SLOT_MS), Events(layout)
    found: dict[str, Event] = {}
    station_ready, series_ready, hours = 0.0, 0.0, 0
    per = 3_600_000 // SLOT_MS
    for first in range(0, len(stamps), per):
        rows = slice(first, first + per)
        told = detector.step(
            stamps[rows], values[rows], usable=trusted.usable[rows], doubted=trusted.doubted[rows]
        )  # fmt: skip
        found |= {event.id: event for event in events.step(told)}
        ready = detector.ready
        station_ready += ((layout.place >= 0) & ready[np.maximum(layout.place, 0)]).any(axis=0).sum()
        series_ready += ready.mean()
        hours += 1
    return Watched(tuple(found.values()), table, station_ready / 24 / 30, series_ready / hours)


def alarms(name: str, seen: Watched, labels: pd.DataFrame | None) -> Row:
    """One row about the alarms of a record."""
    told = [event for event in seen.events if event.kind == "discharge"]
    other = len(seen.events) - len(told)
    alone = sum(len(event.determinands) == 1 and len(event.stations) == 1 for event in told)
    rate = f"{len(told) / seen.months:.2f}" if seen.months else "–"
    faulty = "–" if labels is None else str(sum(_faulty(event, labels) for event in told))
    return (
        name, f"{seen.ready:.2f}", f"{seen.months:.1f}", str(len(told)), rate, str(alone),
        str(sum(_risen(event, seen.grid) for event in told)), faulty, str(other),
    )  # fmt: skip


def _risen(event: Event, grid: pd.DataFrame) -> bool:
    """Whether the station's level rose in the day before."""
    column = (event.station, "water_level")
    if column not in grid.columns:
        return False
    now = pd.Timestamp(event.detected_ms, unit="ms", tz="UTC")
    day = grid[column][now - pd.Timedelta(days=1) : now].dropna()
    return bool(len(day)) and bool((day - day.cummin()).max() >= RISE_M)


def _faulty(event: Event, labels: pd.DataFrame) -> bool:
    """Whether a technician labelled the determinand that fired, within the six hours before."""
    now = pd.Timestamp(event.detected_ms, unit="ms", tz="UTC")
    near = labels[(labels.time > now - pd.Timedelta(hours=6)) & (labels.time <= now)]
    near = near[(near.station == event.station) & near.determinand.isin(event.determinands)]
    return bool((near.label == "anomaly").any())
