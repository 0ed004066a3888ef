"""Every probe of the site at a glance, as plain data: which lies, which is silent, and who looked after it last."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from collectors.stores.base import Flag, ReadingStore
from dashboard.board import StationToday
from dashboard.casework.tables.stations import Calibration, Review, StationVisit
from dashboard.viewdata.station import Fault, faults
from dashboard.viewdata.station_care import Checked
from sensors.determinand import DETERMINANDS
from sensors.durations import DAY_MS
from sensors.reading import Quality, StationState

#: How far back the beginning of a fault is looked for [days].
LOOK_BACK_DAYS = 30

#: What quality control says because somebody works at the station is no fault of a probe.
NO_FAULT = frozenset({"visit"})

#: What is wrong, the worst first: it says something that is not the water, the instrument says so itself, it says
#: nothing, a test doubts a reading now and then, nothing.
Trouble = Literal["lies", "device", "silent", "doubted", "none"]
TROUBLES: tuple[Trouble, ...] = ("lies", "device", "silent", "doubted", "none")

#: Share of the readings of a day that are failed, from which on a probe lies without a lasting fault.
FAILED_SHARE = 0.05

_ORDER = {key: number for number, key in enumerate(DETERMINANDS)}


@dataclass(frozen=True, slots=True)
class Probe:
    """One determinand of a station; all of them where the whole station is silent.

    Attributes
    ----------
    station : str
    determinand : str or None
        None for all of a silent station.
    trouble : Trouble
    fault : str
        Kind of the fault that lasts, as `analytics.qc.episodes` names it; empty where none does.
    state : str
        Letter of HJ 212.
    since_ms : int or None
        When the trouble began, milliseconds since the epoch, UTC.
    at_least : bool
        Whether it may have begun before: the look back ended there.
    flagged, failed : float
        Shares of the readings of the last day that a test doubts, and that cannot be water's; 0 to 1.
    tests : tuple of str
        That spoke in the last day, the most frequent first.
    value : float or None
    time_ms : int or None
        Of the newest reading, milliseconds since the epoch, UTC.
    """

    station: str
    determinand: str | None
    trouble: Trouble
    fault: str = ""
    state: str = "N"
    since_ms: int | None = None
    at_least: bool = False
    flagged: float = 0.0
    failed: float = 0.0
    tests: tuple[str, ...] = ()
    value: float | None = None
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What the books have of all probes.

    Attributes
    ----------
    checked : mapping of (str, str) to Checked
        Newest calibration, by station and determinand.
    visited : mapping of str to int
        Begin of the newest visit, by station, milliseconds since the epoch, UTC.
    waiting : mapping of (str, str) to int
        Runs of suspect readings that nobody has decided on, by station and determinand.
    """

    checked: Mapping[tuple[str, str], Checked] = field(default_factory=dict)
    visited: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[tuple[str, str], int] = field(default_factory=dict)


def probes(store: ReadingStore, stations: Sequence[StationToday], now_ms: int) -> tuple[Probe, ...]:
    """Every probe of some stations, the worst first.

    The store is asked once for what is newest, and once a station for its flags of the day; only stations with flags
    are looked at closer.

    Parameters
    ----------
    store : ReadingStore
    stations : sequence of StationToday
    now_ms : int
        Milliseconds since the epoch, UTC.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    latest = store.latest()
    newest: defaultdict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(latest.station):
        newest[name].append(row)
    found: list[Probe] = []
    for one in stations:
        name, rows = one.station.id, newest[one.station.id]
        if one.status == "silent" or not rows:
            last_ms = max((latest.time_ms[row] for row in rows), default=None)  # None: it never sent
            found.append(Probe(name, None, "silent", since_ms=last_ms, time_ms=last_ms))
            continue
        doubts = _doubts(store, name, now_ms)
        for row in rows:
            key, time_ms, state = latest.determinand[row], latest.time_ms[row], str(latest.state[row])
            probe = _probe(name, key, state, doubts.get(key), time_ms, now_ms)
            found.append(replace(probe, value=latest.value[row], time_ms=time_ms))
    return tuple(sorted(found, key=_worst_first))


@dataclass(frozen=True, slots=True)
class _Doubts:
    """What the tests say of one determinand: counts of the last day, and the fault that lasts."""

    first_ms: int
    flagged: float
    failed: float
    tests: tuple[str, ...]
    fault: Fault | None
    at_least: bool


def _doubts(store: ReadingStore, station: str, now_ms: int) -> Mapping[str, _Doubts]:
    day = _ours(store.flags(station, now_ms - DAY_MS, now_ms + 1))
    if not day:
        return {}
    keys = [key for key in DETERMINANDS if key in {flag.determinand for flag in day}]
    block = store.range(station, keys, now_ms - DAY_MS, now_ms + 1)
    count = Counter(key for key, value in zip(block.determinand, block.value, strict=True) if value is not None)
    begin_ms = now_ms - LOOK_BACK_DAYS * DAY_MS
    flags = _ours(store.flags(station, begin_ms, now_ms + 1))
    lasting: dict[str, Fault] = {}
    for fault in faults(flags):
        held = lasting.get(fault.determinand)
        if fault.end_ms >= now_ms - DAY_MS and (held is None or fault.readings > held.readings):
            lasting[fault.determinand] = fault
    found = {}
    for key in keys:
        of_key = [flag for flag in day if flag.determinand == key]
        doubted = {flag.time_ms for flag in of_key}
        failed = {flag.time_ms for flag in of_key if flag.flag == Quality.FAIL}
        whole = max(count[key], len(doubted), 1)
        tests = tuple(test for test, _count in Counter(flag.test for flag in of_key).most_common())
        one = lasting.get(key)
        early = one is not None and one.start_ms < begin_ms + DAY_MS
        found[key] = _Doubts(min(doubted), len(doubted) / whole, len(failed) / whole, tests, one, early)
    return found


def _ours(flags: Iterable[Flag]) -> list[Flag]:
    return [flag for flag in flags if flag.flag in (Quality.SUSPECT, Quality.FAIL) and flag.test not in NO_FAULT]


def _probe(station: str, key: str, state: str, doubts: _Doubts | None, time_ms: int, now_ms: int) -> Probe:
    if now_ms - time_ms > DAY_MS:
        return Probe(station, key, "silent", state=state, since_ms=time_ms)
    broken = state in (StationState.FAULT, StationState.OVER_RANGE, StationState.STOPPED, StationState.COMMUNICATION)
    if doubts is None:
        return Probe(station, key, "device" if broken else "none", state=state)
    fault = doubts.fault
    lies = fault is not None or doubts.failed >= FAILED_SHARE
    trouble: Trouble = "lies" if lies else "device" if broken else "doubted"
    since_ms = doubts.first_ms if fault is None else fault.start_ms
    return Probe(station, key, trouble, "" if fault is None else fault.kind, state, since_ms, doubts.at_least,
                 doubts.flagged, doubts.failed, doubts.tests)  # fmt: skip


def _worst_first(one: Probe) -> tuple[int, float, int, str, int]:
    return (
        TROUBLES.index(one.trouble), -max(one.flagged, one.failed), one.since_ms or 0, one.station,
        _ORDER.get(one.determinand or "", -1),
    )  # fmt: skip


def looked_after(session: Session, now_ms: int) -> Looked:
    """What the books have of all probes, in three queries.

    Parameters
    ----------
    session : Session
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    nth = func.row_number().over(
        partition_by=(StationVisit.station, Calibration.determinand),
        order_by=(StationVisit.start_ms.desc(), Calibration.id.desc()),
    )
    ranked = (
        select(
            StationVisit.station, StationVisit.start_ms, Calibration.determinand, Calibration.standard,
            Calibration.before, Calibration.after, Calibration.tolerance, Calibration.passed, Calibration.next_due_on,
            nth.label("nth"),
        )
        .join(Calibration.visit)
        .where(StationVisit.start_ms <= now_ms)
        .subquery()
    )  # fmt: skip
    checked = {
        (row.station, row.determinand): Checked(
            row.determinand, row.start_ms, row.standard, row.before, row.after, row.tolerance, row.passed,
            row.next_due_on,
        )
        for row in session.execute(select(ranked).where(ranked.c.nth == 1))
    }  # fmt: skip
    visits = (
        select(StationVisit.station, func.max(StationVisit.start_ms))
        .where(StationVisit.start_ms <= now_ms)
        .group_by(StationVisit.station)
    )
    waiting = (
        select(Review.station, Review.determinand, func.count())
        .where(Review.decision.is_(None))
        .group_by(Review.station, Review.determinand)
    )
    return Looked(
        checked,
        dict(session.execute(visits).all()),
        {(station, key): count for station, key, count in session.execute(waiting)},
    )
