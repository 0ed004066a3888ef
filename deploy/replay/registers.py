"""Plays a tidy record through the registers of the site's full stations and compares the classes that come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

import polars as pl

from analytics.grading import REQUIRED
from collectors.clock import ReplayClock, machine_ms
from collectors.stores.base import ReadingStore
from deploy.grade import grade_readings
from deploy.hub.judge_rows import latest_row
from deploy.local.virtual import ReplayInstrument
from deploy.tables import read_classes, read_readings, read_stations
from sensors.errors import UsageError
from sensors.place import Station, WaterBody
from sensors.platform import REPORTS
from sensors.reading import Reading, from_ms, to_ms
from sensors.simulate.replay import Replay
from sensors.site import Site, replace_stations

if TYPE_CHECKING:
    from deploy.local.local import Played

#: Width of a station's name in the report [columns of a terminal; a Chinese character takes two].
NAME_COLUMNS = 28

#: Times that each instant of the record is polled before the next one comes.
POLLS = 4


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """Which part of a record is played, by which stations, how fast.

    Attributes
    ----------
    readings, stations, expected : Path
        The record, its list of stations and the classes to compare with; the last two may be None.
    cast : mapping of str to str
        Station of the site -> station of the record.
    day : date
        In the site's time zone.
    times : tuple of int
        Instants of the record that are played [ms since the epoch, UTC], in order.
    step_ms : int
        Time between them; the last one is held for as long.
    speed : float
        Seconds of the record per second.
    total : int
        Stations in the record on that day.
    once : bool
        End when the last instant has been judged.
    """

    readings: Path
    stations: Path | None
    expected: Path | None
    cast: Mapping[str, str]
    day: date
    times: tuple[int, ...]
    step_ms: int
    speed: float
    total: int
    once: bool

    @property
    def end_ms(self) -> int:
        """Where the record's clock stops: the last instant is still the newest."""
        return self.times[-1] + self.step_ms - 1

    def clock(self, lead_ms: int) -> ReplayClock:
        """The record's clock, which starts to run `lead_ms` from now."""
        return ReplayClock(machine_ms() + lead_ms, self.times[0], self.end_ms, self.speed)

    def fleet_words(self) -> list[str]:
        """Arguments of the fleet that plays this."""
        period_s = max(1.0, self.step_ms / 1000 / self.speed / POLLS)
        words = ["--replay", str(self.readings.absolute()), "--period", f"{period_s:.2f}"]
        words += ["--hold", str(self.step_ms)]
        if self.stations is not None:
            words += ["--stations", str(self.stations.absolute())]
        for name in self.cast.values():
            words += ["--station", name]
        return words

    def describe(self) -> str:
        """What will be played, for people."""
        minutes = (self.end_ms - self.times[0]) / 1000 / self.speed / 60
        text = (
            f"Replay of {self.readings.name}: {self.day}, {len(self.times)} instants, {len(self.cast)} stations, "
            f"{minutes:.1f} minutes at {self.speed:g} times the speed of life"
        )
        left = self.total - len(self.cast)
        if left > 0:
            text += f" ({left} more stations in the record are not played; name others with --station)"
        return text


def plan_replay(site: Site, played: Played) -> ReplayPlan:
    """Choose what is played.

    Raises
    ------
    ConfigError
        If the record cannot be read.
    UsageError
        If it has no such day or station.
    """
    frame = read_readings(played.readings).frame
    days = frame.select("station", "time", day=pl.col("time").dt.convert_time_zone(site.timezone).dt.date())
    day = _day(days, played.day, played.readings.name)
    local = pl.col("time").dt.convert_time_zone(site.timezone).dt.date()
    frame = frame.filter(local == day)
    present = frame["station"].unique(maintain_order=True).to_list()
    unknown = [name for name in played.names if name not in present]
    if unknown:
        raise UsageError(f"{played.readings.name} has no station {', '.join(unknown)} on {day}; it has {present[:5]} …")
    full = full_stations(site)
    names = list(played.names or present)[: len(full)]
    cast_ = {station.id: name for station, name in zip(full, names, strict=False)}
    shown = frame.filter(pl.col("station").is_in(names))
    times = sorted(to_ms(time) for time in shown["time"].unique().to_list())
    step_ms = min((b - a for a, b in pairwise(times)), default=3_600_000)
    stations = _beside(played.stations, played.readings, "stations.csv")
    expected = _beside(played.expected, played.readings, "expected.csv")
    # What is wrong with these is told now, not after the record has been played.
    if stations is not None:
        read_stations(stations)
    if expected is not None:
        read_classes(expected)
    fastest = step_ms / 1000 / POLLS
    if played.speed > fastest:
        raise UsageError(
            f"--speed {played.speed:g} is too fast: stations are polled once a second, {POLLS} times an instant of "
            f"this record; at most {fastest:g}"
        )
    return ReplayPlan(
        played.readings, stations, expected, cast_, day, tuple(times), step_ms, played.speed,
        len(present), played.once,
    )  # fmt: skip


def _day(days: pl.DataFrame, wanted: str | None, file: str) -> date:
    if days.is_empty():
        raise UsageError(f"{file} has no readings that can be played")
    counts = days.group_by("day").len().sort("len", "day", descending=[True, False])
    if wanted is None:
        fullest: date = counts["day"][0]
        return fullest
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        raise UsageError(f"--day {wanted}; accepted: a date such as {counts['day'][0]}") from None
    if day not in counts["day"].to_list():
        known = sorted(counts["day"].to_list())
        raise UsageError(f"{file} has no readings on {day}; it has {known[0]} to {known[-1]}")
    return day


def _beside(given: Path | None, readings: Path, name: str) -> Path | None:
    if given is not None:
        return given
    found = readings.parent / name
    return found if found.is_file() else None


def cast_stations(
    site: Site, readings: Path, stations: Path | None, names: Sequence[str], hold_ms: int
) -> tuple[Site, dict[str, ReplayInstrument]]:
    """The site with only the stations that play the record, and their instruments."""
    frame = read_readings(readings).frame.filter(pl.col("station").is_in(names)).drop_nulls("value")
    record = Replay(
        frame["time"].dt.epoch("ms").to_list(), frame["station"].to_list(), frame["determinand"].to_list(),
        frame["value"].to_list(), hold_ms=hold_ms,
    )  # fmt: skip
    bodies = read_stations(stations) if stations else {}
    pairs = list(zip(full_stations(site), names, strict=False))
    playing = {station.id: _playing(station, name, bodies.get(name)) for station, name in pairs}
    return replace_stations(site, playing), {station.id: ReplayInstrument(record, name) for station, name in pairs}


def full_stations(site: Site) -> list[Station]:
    """Stations whose instruments measure all that a complete class needs, in the order of the list."""
    return [s for s in site.stations.values() if set(REQUIRED) <= set(_determinands(site, s))]


def _determinands(site: Site, station: Station) -> tuple[str, ...]:
    """What its registers give; a station that reports itself has none to be played through."""
    return () if station.profile == REPORTS else site.profiles[station.profile].determinands


def _playing(station: Station, name: str, body: WaterBody | None) -> Station:
    return replace(station, name=name, name_en=name, water_body=body or station.water_body)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Classes of one instant at one station, by three ways; None where there is none."""

    station: str
    time_ms: int
    through_registers: str | None
    from_file: str | None
    authority: str | None


def compare(plan: ReplayPlan, site: Site, store: ReadingStore) -> list[Comparison]:
    """Grade what arrived in the store and what stands in the file, instant by instant."""
    frame = read_readings(plan.readings).frame.filter(pl.col("station").is_in(list(plan.cast.values())))
    bodies = {name: site.stations[ours].water_body for ours, name in plan.cast.items()}
    grades = grade_readings(frame, bodies)[0].with_columns(pl.col("time").dt.epoch("ms"))
    judged = {(name, time): water_class for time, name, water_class, *_ in grades.iter_rows()}
    printed = read_classes(plan.expected) if plan.expected else {}
    found = []
    for ours, theirs in plan.cast.items():
        station = site.stations[ours]
        arrived = store.range(ours, _determinands(site, station), plan.times[0], plan.end_ms + 1)
        for time_ms in plan.times:
            if (theirs, time_ms) not in judged:
                continue
            newest = _newest(arrived, time_ms, time_ms + plan.step_ms)
            found.append(
                Comparison(
                    ours,
                    time_ms,
                    latest_row(station, newest).water_class if newest else None,
                    judged[theirs, time_ms],
                    printed.get((theirs, time_ms)),
                )
            )
    return found


def _newest(arrived: Iterable[Reading], start_ms: int, end_ms: int) -> list[Reading]:
    within = [r for r in arrived if start_ms <= r.time_ms < end_ms]
    last = max((r.time_ms for r in within), default=None)
    return [r for r in within if r.time_ms == last]


def _padded(name: str) -> str:
    columns = sum(2 if east_asian_width(character) in "WF" else 1 for character in name)
    return name + " " * max(0, NAME_COLUMNS - columns)


def report(plan: ReplayPlan, site: Site, found: list[Comparison]) -> str:
    """Table of the classes by station and instant, and how many agree, for people."""
    zone = ZoneInfo(site.timezone)
    short = {"INFERIOR_V": "劣V", None: "-"}
    lines = [" ".join([" " * NAME_COLUMNS, *(f"{from_ms(t).astimezone(zone):%H:%M}" for t in plan.times)])]
    by_place = {(c.station, c.time_ms): c for c in found}
    for ours, theirs in plan.cast.items():
        cells = []
        for time_ms in plan.times:
            c = by_place.get((ours, time_ms))
            text = short.get(c.through_registers, c.through_registers) if c else ""
            mark = "!" if c and c.authority not in (None, c.through_registers) else " "
            cells.append(f"{text or '':>4}{mark}")
        lines.append(f"{_padded(theirs)} " + " ".join(cells))
    same = sum(c.through_registers == c.from_file for c in found)
    lines.append(f"Through the registers as `riverchief grade` on the file: {same} of {len(found)}")
    if late := sum(c.through_registers is None for c in found):
        lines.append(f"{late} of them did not arrive: too busy a machine for this --speed, or a silent station")
    judged = [c for c in found if c.authority is not None]
    if judged:
        right = sum(c.through_registers == c.authority for c in judged)
        lines.append(f"As the authority printed: {right} of {len(judged)} (! marks another class)")
    return "\n".join(lines)
