"""What the first page shows, as plain data: every river with its class, its reason and the age of its data.

One pass over the newest judgements and the newest readings; no query per river, no Streamlit, no clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analytics.descriptors import DESCRIPTORS
from analytics.grading import WaterClass
from collectors.stores.base import HOUR_MS, Assessment, ReadingStore
from dashboard.course import Course, courses
from dashboard.series import LimitLine, Series, SeriesPoint, series
from sensors.place import River, Station
from sensors.reading import USABLE_QUALITIES, Block, StationState
from sensors.site import Site

__all__ = [
    "CLASSES", "Course", "Figures", "LimitLine", "RiverToday", "Series", "SeriesPoint", "StationToday", "Today",
    "courses", "is_bad", "series", "today", "worse",
]  # fmt: skip

#: Classes as files and stores name them, best first.
CLASSES = tuple(one.name for one in WaterClass)

#: Classes that no river may have at the end of the year.
BAD_CLASSES = frozenset({WaterClass.V.name, WaterClass.INFERIOR_V.name})

#: Class whose colour a quality word has (环办[2011]22号: blue, green, yellow, orange, red).
SHADES = {key: WaterClass(descriptor.rank + 1).name for key, descriptor in DESCRIPTORS.items()}

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
    state : str
        State letter of the newest reading (HJ 212-2017); empty where nothing was ever read.
    newest_ms : int or None
        Newest usable reading, milliseconds since the epoch, UTC.
    water_class : str or None
        Class over the window.
    partial, provisional : bool
    hours : int
        Valid hours in the window.
    worse : bool
        Whether its class is worse than its river's.
    measured : frozenset of str
        Determinands of which anything was ever read.
    """

    station: Station
    status: Status
    state: str
    newest_ms: int | None
    water_class: str | None
    partial: bool
    provisional: bool
    hours: int
    worse: bool
    measured: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RiverToday:
    """One river now; the class is judged on the mean of the valid hours of the window.

    Attributes
    ----------
    river : River
    water_class : str or None
        None where it cannot be graded.
    deciding : tuple of str
        Determinands that decided the class.
    means : mapping of str to float
        Mean over the window and the sections [unit of the determinand].
    classes : mapping of str to str
        Class by each determinand alone.
    exceedance : mapping of str to float
        Multiples over the limit of class III, (C - S) / S.
    partial, provisional : bool
        Required determinands were missing; suspect readings took part.
    missing : tuple of str
        Required determinands that were missing.
    hours, window_hours, sections : int
        Basis of the class: valid hours, hours of the window, sections that took part.
    method : str
        ``mean`` of the sections, ``ratio`` of their classes, or ``none``.
    descriptor : str or None
        Key of the quality word (`analytics.descriptors`); all there is where the method is ``ratio``.
    judged_ms : int or None
        Start of the hour of the judgement, milliseconds since the epoch, UTC.
    newest_ms : int or None
        Newest usable reading of its stations, milliseconds since the epoch, UTC.
    stale : bool
        Whether readings or judgement are too old to be called present.
    course : Course or None
        What the river was before; None where it was not asked for.
    stations : tuple of StationToday
    """

    river: River
    water_class: str | None
    deciding: tuple[str, ...]
    means: Mapping[str, float]
    classes: Mapping[str, str]
    exceedance: Mapping[str, float]
    partial: bool
    provisional: bool
    missing: tuple[str, ...]
    hours: int
    window_hours: int
    sections: int
    method: str
    descriptor: str | None
    judged_ms: int | None
    newest_ms: int | None
    stale: bool
    course: Course | None
    stations: tuple[StationToday, ...]

    @property
    def shade(self) -> str | None:
        """Class whose colour the river has: its own, or that of its quality word where classes are not averaged."""
        return self.water_class or SHADES.get(self.descriptor or "")

    @property
    def bad(self) -> bool:
        """Whether the class is V or inferior V."""
        return is_bad(self.water_class)

    @property
    def attained(self) -> bool | None:
        """Whether the target class is reached; None without a class."""
        if self.water_class is None:
            return None
        return not worse(self.water_class, self.river.target_class)

    @property
    def worse_stations(self) -> tuple[StationToday, ...]:
        """Stations whose class is worse than the river's."""
        return tuple(station for station in self.stations if station.worse)


@dataclass(frozen=True, slots=True)
class Figures:
    """Key figures of the sub-district.

    Attributes
    ----------
    rivers, stations : int
    by_class : mapping of str to int
        Rivers of each class of `CLASSES`.
    ungraded : int
        Rivers without a class.
    attained : int
        Rivers that reach their target class.
    stale : int
        Rivers with a class whose data are old.
    by_status : mapping of str to int
        Stations that are online, in maintenance, faulty, silent.
    data_share : float or None
        Valid station-hours of the window, 0 to 1; None before the first judgement.
    newest_ms : int or None
        Newest usable reading of all, milliseconds since the epoch, UTC.
    """

    rivers: int
    stations: int
    by_class: Mapping[str, int]
    ungraded: int
    attained: int
    stale: int
    by_status: Mapping[str, int]
    data_share: float | None
    newest_ms: int | None

    @property
    def bad(self) -> int:
        """Rivers of class V or inferior V."""
        return sum(self.by_class[name] for name in BAD_CLASSES)

    @property
    def graded(self) -> int:
        """Rivers with a class."""
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
        Worst first; those without a class last.
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


def worse(one: str, other: str) -> bool:
    """Whether a class is worse than another."""
    return WaterClass[one] > WaterClass[other]


def is_bad(water_class: str | None) -> bool:
    """Whether a class is V or inferior V."""
    return water_class in BAD_CLASSES


def today(store: ReadingStore, site: Site, now_ms: int, past: Mapping[str, Course] | None = None) -> Today:
    """Everything the first page shows.

    Parameters
    ----------
    store : ReadingStore
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC.
    past : mapping of str to Course, optional
        What each river was before, from `courses`: it changes once an hour, so callers keep it.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    newest = _newest(store.latest())
    by_station = {row.subject: row for row in store.assessments("station", "window")}
    by_river = {row.subject: row for row in store.assessments("river", "window")}
    rivers = []
    for river in site.rivers.values():
        judged = by_river.get(river.id)
        stations = tuple(
            _station(station, newest.get(station.id), by_station.get(station.id), judged, site, now_ms)
            for station in site.stations_of(river.id)
        )
        rivers.append(_river(river, judged, stations, site, now_ms, (past or {}).get(river.id)))
    rivers.sort(key=_worst_first)
    return Today(now_ms, site.assessment.window_hours, tuple(rivers), _figures(rivers, by_station.values(), site))


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
    station: Station, newest: _Newest | None, judged: Assessment | None, river: Assessment | None, site: Site,
    now_ms: int,
) -> StationToday:  # fmt: skip
    newest = newest or _Newest()
    water_class = judged.water_class if judged else None
    over = river.water_class if river else None
    return StationToday(
        station=station,
        status=_status(newest, now_ms - site.assessment.stale_after_s * 1000),
        state=newest.state,
        newest_ms=newest.usable_ms,
        water_class=water_class,
        partial=judged.partial if judged else False,
        provisional=judged.provisional if judged else False,
        hours=_whole(judged, "hours"),
        worse=water_class is not None and over is not None and worse(water_class, over),
        measured=newest.measured,
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
    river: River, judged: Assessment | None, stations: Sequence[StationToday], site: Site, now_ms: int,
    course: Course | None,
) -> RiverToday:  # fmt: skip
    newest_ms = max((station.newest_ms for station in stations if station.newest_ms is not None), default=None)
    old_reading = newest_ms is None or now_ms - newest_ms > site.assessment.stale_after_s * 1000
    old_judgement = judged is not None and now_ms - judged.time_ms > JUDGED_HOURS * HOUR_MS
    detail = judged.detail if judged else {}
    return RiverToday(
        river=river,
        water_class=judged.water_class if judged else None,
        deciding=judged.deciding if judged else (),
        means=detail.get("means") or {},
        classes=detail.get("classes") or {},
        exceedance=detail.get("exceedance") or {},
        partial=judged.partial if judged else False,
        provisional=judged.provisional if judged else False,
        missing=tuple(detail.get("missing") or ()),
        hours=_whole(judged, "hours"),
        window_hours=_whole(judged, "window_hours") or site.assessment.window_hours,
        sections=_whole(judged, "sections"),
        method=str(detail.get("method", "mean")),
        descriptor=detail.get("descriptor"),
        judged_ms=judged.time_ms if judged else None,
        newest_ms=newest_ms,
        stale=old_reading or old_judgement,
        course=course,
        stations=tuple(stations),
    )


def _whole(judged: Assessment | None, key: str) -> int:
    value: Any = judged.detail.get(key) if judged else None
    return int(value or 0)


def _worst_first(one: RiverToday) -> tuple[float, ...]:
    """Order of the page: class, then how far over."""
    if one.shade is None:
        return (1.0, 0.0, 0.0)
    return (0.0, -WaterClass[one.shade], -max(one.exceedance.values(), default=0.0))


def _figures(rivers: Sequence[RiverToday], judged: Iterable[Assessment], site: Site) -> Figures:
    by_class = Counter(one.water_class for one in rivers)
    by_status = Counter(station.status for one in rivers for station in one.stations)
    hours = [_whole(row, "hours") for row in judged if row.subject in site.stations]
    wanted = site.assessment.window_hours * len(site.stations)
    statuses: tuple[Status, ...] = ("online", "maintenance", "fault", "silent")
    return Figures(
        rivers=len(rivers),
        stations=len(site.stations),
        by_class={name: by_class[name] for name in CLASSES},
        ungraded=by_class[None],
        attained=sum(one.attained is True for one in rivers),
        stale=sum(one.stale and one.water_class is not None for one in rivers),
        by_status={status: by_status[status] for status in statuses},
        data_share=min(sum(hours) / wanted, 1.0) if hours and wanted else None,
        newest_ms=max((one.newest_ms for one in rivers if one.newest_ms is not None), default=None),
    )
