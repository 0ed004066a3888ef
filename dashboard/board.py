"""What the first page shows, as plain data: every river with its class, its reason and the age of its data.

One pass over the newest judgements and the newest readings; no query per river, no Streamlit, no clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from analytics.grading import WaterClass
from analytics.pollutants import MainPollutant
from collectors.stores.base import Assessment, ReadingStore
from dashboard.classes import BAD_CLASSES, CLASSES, Condition
from dashboard.course import Course
from dashboard.pollutants import main_pollutants
from sensors.determinand import DETERMINANDS
from sensors.durations import HOUR_MS
from sensors.place import River, Station
from sensors.reading import USABLE_QUALITIES, Block, StationState
from sensors.site import Site

#: A judgement older than this many hours is old even where readings are fresh: the hub stopped judging.
JUDGED_HOURS = 2

Status = Literal["online", "maintenance", "fault", "silent"]

_MAINTENANCE = frozenset({StationState.MAINTENANCE, StationState.CALIBRATION, StationState.MANUAL})
_FAULT = frozenset({StationState.FAULT, StationState.STOPPED, StationState.OVER_RANGE})


@dataclass(frozen=True, slots=True)
class StationToday:
    """One station now.

    Attributes
    ----------
    station : Station
    status : {'online', 'maintenance', 'fault', 'silent'}
        Silent: no usable reading for longer than the site's ``stale_after_s``.
    newest_ms : int or None
        Newest usable reading, milliseconds since the epoch, UTC.
    water_class : str or None
        Class over the window.
    worse : bool
        Whether the judge found it worse than its river: by class, or by quality word where the river has no class.
    measured : frozenset of str
        Determinands of which anything was ever read.
    hours : int or None
        Valid hours of the window; None where it was never judged.
    newest_hour_ms : int or None
        Start of the newest hour of the window with a usable reading, looked up where `newest_ms` is None; milliseconds
        since the epoch, UTC.
    """

    station: Station
    status: Status
    newest_ms: int | None
    water_class: str | None
    worse: bool
    measured: frozenset[str] = frozenset()
    hours: int | None = None
    newest_hour_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RiverToday:
    """One river now; the class is judged on the mean of the valid hours of the window.

    Attributes
    ----------
    river : River
    condition : Condition
        Its class or quality word.
    deciding : tuple of str
        Determinands that decided the class.
    means : mapping of str to float
        Mean over the window and the sections [unit of the determinand].
    classes : mapping of str to str
        Class by each determinand alone.
    exceedance : mapping of str to float
        Multiples over the limit of class III, (C - S) / S.
    pollutants : tuple of MainPollutant
        Main pollutants where it is worse than class III.
    attained : bool or None
        Whether the target class is reached, as judged: by its class, or by every section where it has none.
        None where that cannot be said.
    near : mapping of str to float
        Probability of each class that it may have, where it lies near a limit; else empty.
    partial, provisional : bool
        Required determinands were missing; suspect readings took part.
    missing : tuple of str
        Required determinands that were missing.
    hours, window_hours, sections : int
        Basis of the class: valid hours, hours of the window, sections that took part.
    method : str
        ``mean`` of the sections, ``ratio`` of their classes, or ``none``.
    newest_ms : int or None
        Newest usable reading of its stations, milliseconds since the epoch, UTC.
    stale : bool
        Whether readings or judgement are too old to be called present.
    course : Course or None
        What the river was before; None where it was not asked for.
    stations : tuple of StationToday
    """

    river: River
    condition: Condition
    deciding: tuple[str, ...]
    means: Mapping[str, float]
    classes: Mapping[str, str]
    exceedance: Mapping[str, float]
    pollutants: tuple[MainPollutant, ...]
    attained: bool | None
    near: Mapping[str, float]
    partial: bool
    provisional: bool
    missing: tuple[str, ...]
    hours: int
    window_hours: int
    sections: int
    method: str
    newest_ms: int | None
    stale: bool
    course: Course | None
    stations: tuple[StationToday, ...]

    @property
    def water_class(self) -> str | None:
        """Class; None where it cannot be graded, and of five sections or more."""
        return self.condition.water_class

    @property
    def shade(self) -> str | None:
        """Class as which the river is coloured, counted and ordered; see `Condition`."""
        return self.condition.shade

    @property
    def worse_stations(self) -> tuple[StationToday, ...]:
        """Stations that are worse than the river."""
        return tuple(station for station in self.stations if station.worse)


@dataclass(frozen=True, slots=True)
class Figures:
    """Key figures of the sub-district.

    Attributes
    ----------
    rivers, stations : int
    by_class : mapping of str to int
        Rivers of each class of `CLASSES`; those that have a quality word instead, by its shade.
    ungraded : int
        Rivers with neither.
    attained, missed : int
        Rivers that reach their target class, and that do not.
    by_status : mapping of str to int
        Stations that are online, in maintenance, faulty, silent.
    data_share : float or None
        Valid station-hours of the window, 0 to 1; None before the first judgement.
    newest_ms : int or None
        Newest usable reading of all, milliseconds since the epoch, UTC. None where no station's newest readings are
        usable.
    newest_hour_ms : int or None
        Start of the newest hour of the window with a usable reading, where `newest_ms` is None; milliseconds since the
        epoch, UTC. None where no hour of the window has any.
    ever : bool
        Whether anything was ever read or judged.
    """

    rivers: int
    stations: int
    by_class: Mapping[str, int]
    ungraded: int
    attained: int
    missed: int
    by_status: Mapping[str, int]
    data_share: float | None
    newest_ms: int | None
    newest_hour_ms: int | None
    ever: bool

    @property
    def bad(self) -> int:
        """Rivers of class V or inferior V."""
        return sum(self.by_class[name] for name in BAD_CLASSES)

    @property
    def graded(self) -> int:
        """Rivers with a class or a quality word."""
        return self.rivers - self.ungraded


@dataclass(frozen=True, slots=True)
class Today:
    """The first page.

    Attributes
    ----------
    now_ms : int
        Milliseconds since the epoch, UTC.
    window_hours : int
    rivers : tuple of RiverToday
        Worst first; those that are not graded last.
    figures : Figures
    """

    now_ms: int
    window_hours: int
    rivers: tuple[RiverToday, ...]
    figures: Figures

    def river(self, river: str) -> RiverToday:
        """One river by its id.

        Raises
        ------
        KeyError
            If the site has no such river.
        """
        for one in self.rivers:
            if one.river.id == river:
                return one
        raise KeyError(river)


@dataclass(frozen=True, slots=True)
class _Newest:
    """Newest usable reading of a station, and the state of its newest reading of any kind."""

    usable_ms: int | None = None
    any_ms: int | None = None
    state: str = ""
    measured: frozenset[str] = frozenset()


def today(store: ReadingStore, site: Site, now_ms: int, past: Mapping[str, Course] | None = None) -> Today:
    """Everything the first page shows.

    Parameters
    ----------
    store : ReadingStore
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC.
    past : mapping of str to Course, optional
        What each river was before, from `dashboard.course.courses`: it changes once an hour, so callers keep it.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    newest = _newest(store.latest())
    hours = _newest_hours(store, site, newest, now_ms)
    by_station = {row.subject: row for row in store.assessments("station", "window")}
    by_river = {row.subject: row for row in store.assessments("river", "window")}
    rivers = []
    for river in site.rivers.values():
        judged = by_river.get(river.id)
        sections = [(station, by_station.get(station.id)) for station in site.stations_of(river.id)]
        over = {row["station"] for row in _of(judged, "worse_stations", [])}
        stations = tuple(
            _station(
                station, newest.get(station.id, _Newest()), hours.get(station.id), row, station.id in over, site, now_ms
            )
            for station, row in sections
        )
        found = main_pollutants(judged, sections) if judged else ()
        rivers.append(_river(river, judged, found, stations, site, now_ms, (past or {}).get(river.id)))
    rivers.sort(key=_worst_first)
    window_hours = site.assessment.window_hours
    return Today(now_ms, window_hours, tuple(rivers), _figures(rivers, window_hours))


def narrowed(today: Today, rivers: Collection[str] | None) -> Today:
    """The first page of some rivers alone, its figures included; of all where there is no such choice."""
    if rivers is None:
        return today
    own = tuple(one for one in today.rivers if one.river.id in rivers)
    return replace(today, rivers=own, figures=_figures(own, today.window_hours))


def _newest_hours(store: ReadingStore, site: Site, newest: Mapping[str, _Newest], now_ms: int) -> dict[str, int]:
    """Newest hour of the window with a usable reading of stations whose newest readings are none, from the roll-up."""
    lost = [name for name, one in newest.items() if one.usable_ms is None and name in site.stations]
    if not lost:
        return {}
    keys = set().union(*(newest[name].measured for name in lost))
    end_ms = now_ms // HOUR_MS * HOUR_MS + HOUR_MS
    start_ms = end_ms - site.assessment.window_hours * HOUR_MS
    found: dict[str, int] = {}
    for row in store.summary(lost, [key for key in DETERMINANDS if key in keys], start_ms, end_ms, HOUR_MS):
        found[row.station] = max(row.start_ms, found.get(row.station, row.start_ms))
    return found


def _newest(latest: Block) -> dict[str, _Newest]:
    """Newest instants of each station, from the newest reading of each of its determinands."""
    usable: dict[str, int] = {}
    seen: dict[str, tuple[int, str]] = {}
    measured: defaultdict[str, set[str]] = defaultdict(set)
    columns = zip(
        latest.station, latest.determinand, latest.time_ms, latest.value, latest.quality, latest.state, strict=True
    )
    for station, determinand, time_ms, value, quality, state in columns:
        measured[station].add(determinand)
        if time_ms >= seen.get(station, (-1, ""))[0]:
            seen[station] = (time_ms, state)
        if value is not None and quality in USABLE_QUALITIES and state == StationState.NORMAL:
            usable[station] = max(time_ms, usable.get(station, time_ms))
    return {
        station: _Newest(usable.get(station), time_ms, state, frozenset(measured[station]))
        for station, (time_ms, state) in seen.items()
    }


def _station(
    station: Station, newest: _Newest, newest_hour_ms: int | None, judged: Assessment | None, over: bool, site: Site,
    now_ms: int,
) -> StationToday:  # fmt: skip
    return StationToday(
        station=station,
        status=_status(newest, now_ms - site.assessment.stale_after_s * 1000),
        newest_ms=newest.usable_ms,
        water_class=judged.water_class if judged else None,
        worse=over,
        measured=newest.measured,
        hours=_of(judged, "hours", 0) if judged else None,
        newest_hour_ms=newest_hour_ms,
    )


def _status(newest: _Newest, fresh_after_ms: float) -> Status:
    """Silence outweighs all; a station in maintenance may send values that nobody may use, or none."""
    if newest.any_ms is None or newest.any_ms < fresh_after_ms:
        return "silent"
    if newest.state in _MAINTENANCE:
        return "maintenance"
    if newest.state in _FAULT:
        return "fault"
    return "online" if newest.usable_ms is not None and newest.usable_ms >= fresh_after_ms else "silent"


def _river(
    river: River, judged: Assessment | None, pollutants: tuple[MainPollutant, ...], stations: tuple[StationToday, ...],
    site: Site, now_ms: int, course: Course | None,
) -> RiverToday:  # fmt: skip
    newest_ms = max((station.newest_ms for station in stations if station.newest_ms is not None), default=None)
    old_reading = newest_ms is None or now_ms - newest_ms > site.assessment.stale_after_s * 1000
    old_judgement = judged is not None and now_ms - judged.time_ms > JUDGED_HOURS * HOUR_MS
    return RiverToday(
        river=river,
        condition=Condition.of(judged),
        deciding=judged.deciding if judged else (),
        means=_of(judged, "means", {}),
        classes=_of(judged, "classes", {}),
        exceedance=_of(judged, "exceedance", {}),
        pollutants=pollutants,
        attained=_of(judged, "attained", None),
        near=_of(judged, "probability", {}) if _of(judged, "near_limit", False) else {},
        partial=judged.partial if judged else False,
        provisional=judged.provisional if judged else False,
        missing=tuple(_of(judged, "missing", ())),
        hours=_of(judged, "hours", 0),
        window_hours=_of(judged, "window_hours", 0) or site.assessment.window_hours,
        sections=_of(judged, "sections", 0),
        method=_of(judged, "method", "none"),
        newest_ms=newest_ms,
        stale=old_reading or old_judgement,
        course=course,
        stations=stations,
    )


def _of(judged: Assessment | None, key: str, default: Any) -> Any:
    """What a judgement says of itself; what it leaves out is the default."""
    return judged.detail.get(key, default) if judged else default


def _worst_first(one: RiverToday) -> tuple[float, ...]:
    """Order of the page: class or shade of the quality word, then how far over at the most."""
    if one.shade is None:
        return (1.0, 0.0, 0.0)
    sections = [pollutant.multiple or 0.0 for pollutant in one.pollutants]
    return (0.0, -WaterClass[one.shade], -max([*one.exceedance.values(), *sections], default=0.0))


def _figures(rivers: Sequence[RiverToday], window_hours: int) -> Figures:
    stations = [station for one in rivers for station in one.stations]
    by_class = Counter(one.shade for one in rivers)
    by_status = Counter(station.status for station in stations)
    hours = [station.hours for station in stations if station.hours is not None]
    wanted = window_hours * len(stations)
    statuses: tuple[Status, ...] = ("online", "maintenance", "fault", "silent")
    newest_ms = max((one.newest_ms for one in rivers if one.newest_ms is not None), default=None)
    newest_hour_ms = max((s.newest_hour_ms for s in stations if s.newest_hour_ms is not None), default=None)
    return Figures(
        rivers=len(rivers),
        stations=len(stations),
        by_class={name: by_class[name] for name in CLASSES},
        ungraded=by_class[None],
        attained=sum(one.attained is True for one in rivers),
        missed=sum(one.attained is False for one in rivers),
        by_status={status: by_status[status] for status in statuses},
        data_share=min(sum(hours) / wanted, 1.0) if hours and wanted else None,
        newest_ms=newest_ms,
        newest_hour_ms=newest_hour_ms if newest_ms is None else None,
        ever=any(hours) or any(one.hours or station.measured for one in rivers for station in one.stations),
    )
