"""Looking at store and books for what should be told. Each look stands alone: where one fails, the others go on.

Nothing is kept between two looks but the alerts themselves, so that a restart changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analytics.grading import ASSESSED, WaterClass, grade_columns
from collectors.stores.base import ReadingStore, Summary
from dashboard.alerts import causes_care, causes_water, causes_work
from dashboard.alerts.kinds import Found
from dashboard.alerts.levels import Hour
from dashboard.alerts.sender import Office
from dashboard.casework.cases import LOOK_BACK_DAYS
from dashboard.casework.deadlines import overdue
from dashboard.casework.goals import goal_states
from dashboard.casework.grades import last_month, month_grades
from dashboard.casework.tables.alerts import Alert
from dashboard.casework.tables.orders import EventLink, Order
from dashboard.casework.tables.stations import Calibration, StationVisit
from dashboard.classes import Condition
from sensors.determinand import DETERMINANDS
from sensors.durations import DAY_MS, HOUR_MS, MINUTE_MS
from sensors.errors import StoreError
from sensors.reading import Quality, StationState

log = logging.getLogger(__name__)

#: How far back hours are looked at: as many as hysteresis may need where a station reports every four hours [ms].
HOURS_BACK_MS = 24 * HOUR_MS

#: States in which a station is not expected to give usable readings, or says itself that it does not.
_AWAY = frozenset({StationState.MAINTENANCE, StationState.CALIBRATION, StationState.STOPPED, StationState.MANUAL})


@dataclass(frozen=True, slots=True)
class Scene:
    """What looks look at.

    Attributes
    ----------
    office : Office
    store : ReadingStore
    reports : mapping of str to mapping
        Label of a hub process -> its last report.
    now_ms : int
        Milliseconds since the epoch, UTC.
    """

    office: Office
    store: ReadingStore
    reports: Mapping[str, Mapping[str, Any]]
    now_ms: int


#: Looks by name.
Looks = Mapping[str, Callable[[Scene], Found]]


def look(scene: Scene, looks: Looks) -> list[Found]:
    """What some looks find; one that fails finds nothing out, and what it would cover stays as it is."""
    found = []
    for name, one in looks.items():
        try:
            found.append(one(scene))
        except StoreError as error:
            log.error("look for %s: %s", name, error)
        except Exception:
            log.exception("look for %s", name)
    return found


def at_events(scene: Scene) -> Found:
    """Events of the store."""
    office, now_ms = scene.office, scene.now_ms
    events = scene.store.events(now_ms - LOOK_BACK_DAYS * DAY_MS, now_ms + 1)
    ids = [event.id for event in events]
    orders: dict[str, str] = {}
    told: set[str] = set()
    rejected: set[str] = set()
    with office.books.read() as session:
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            links = session.execute(
                select(EventLink.event, EventLink.order_number, Order.state)
                .join(Order, Order.number == EventLink.order_number)
                .where(EventLink.event.in_(some))
            ).all()
            orders.update((event, number) for event, number, _state in links)
            rejected.update(event for event, _number, state in links if state == "dismissed")
            told.update(event for event in session.scalars(select(Alert.event).where(Alert.event.in_(some))) if event)
    wanted = causes_water.of_events(office.desk, office.settings, events, orders, told, now_ms, rejected)
    return Found(("event",), tuple(wanted))


def at_classes(scene: Scene) -> Found:
    """Classes of the last hours."""
    office, site = scene.office, scene.office.desk.site
    end_ms = scene.now_ms // HOUR_MS * HOUR_MS
    start_ms = end_ms - HOURS_BACK_MS
    keys = [key for key in ASSESSED if key in DETERMINANDS]
    summary = scene.store.summary(list(site.stations), keys, start_ms, end_ms, HOUR_MS)
    hours = _classes(scene, summary)
    means = _newest(summary) | {
        row.subject: dict(row.detail.get("means") or {}) for row in scene.store.assessments("river", "window")
    }
    for river in site.rivers:
        rows = scene.store.assessment_history("river", river, "window", start_ms, end_ms + HOUR_MS)
        hours[river] = [(row.time_ms, WaterClass[shade]) for row in rows if (shade := Condition.of(row).shade)]
    with office.books.read() as session:
        held = {alert.river or "": dict(alert.detail) for alert in _open(session, "water_class")}
    return Found(("water_class",), tuple(causes_water.of_classes(office.desk, office.settings, hours, held, means)))


def at_silence(scene: Scene) -> Found:
    """Stations and gateways without a word."""
    office, now_ms = scene.office, scene.now_ms
    heard, away = _heard(scene)
    after_ms = now_ms - round(office.settings.raising.silent_min * MINUTE_MS)
    quiet = [name for name in office.desk.site.stations if heard.get(name, 0) <= after_ms and name not in away]
    if quiet:
        # What is newest may be a gap; there may be readings before it that are not too old.
        recent = scene.store.summary(quiet, list(DETERMINANDS), after_ms + 1, now_ms + 1, now_ms - after_ms)
        quiet = [name for name in quiet if name not in recent.station]
    with office.books.read() as session:
        held = {alert.key for alert in _open(session, "silent")}
    gateways = causes_care.gateways_of(scene.reports)
    return Found(
        ("silent",),
        tuple(causes_care.of_silence(office.desk, office.settings.raising, quiet, gateways, held, now_ms)),
    )


def at_faults(scene: Scene) -> Found:
    """Flags of the last hours that speak of instruments."""
    office, now_ms = scene.office, scene.now_ms
    settings = office.settings.raising
    start_ms = now_ms - round(settings.fault_hours * HOUR_MS)
    flagged: Counter[tuple[str, str]] = Counter()
    for station in office.desk.site.stations:
        times = {
            (flag.determinand, flag.time_ms)
            for flag in scene.store.flags(station, start_ms, now_ms + 1)
            if flag.flag in (Quality.SUSPECT, Quality.FAIL) and flag.test in causes_care.INSTRUMENT_TESTS
        }
        flagged.update((station, determinand) for determinand, _ in times)
    readings: dict[tuple[str, str], int] = {}
    for station in {station for station, _ in flagged}:
        keys = [determinand for name, determinand in flagged if name == station]
        block = scene.store.range(station, keys, start_ms, now_ms + 1)
        for determinand, value in zip(block.determinand, block.value, strict=True):
            if value is not None:
                readings[station, determinand] = readings.get((station, determinand), 0) + 1
    with office.books.read() as session:
        visited = _visited(session, now_ms)
    shares = causes_care.flagged_shares(flagged, readings)
    shares = {key: share for key, share in shares.items() if key[0] not in visited}
    return Found(("fault",), tuple(causes_care.of_faults(office.desk, shares, settings)))


def at_calibrations(scene: Scene) -> Found:
    """The newest calibration of each head."""
    office = scene.office
    query = (
        select(StationVisit.station, Calibration.determinand, Calibration.next_due_on)
        .join(Calibration.visit)
        .order_by(StationVisit.start_ms, Calibration.id)
    )
    with office.books.read() as session:
        newest = {(station, determinand): on for station, determinand, on in session.execute(query)}
    due = [causes_care.Due(*key, on) for key, on in newest.items() if on is not None]
    today = office.desk.calendar.day(scene.now_ms)
    return Found(("calibration",), tuple(causes_care.of_calibrations(office.desk, due, office.settings.raising, today)))


def at_machines(scene: Scene) -> Found:
    """What the hub says of gateways and of itself."""
    desk, settings = scene.office.desk, scene.office.settings.raising
    wanted = [
        *causes_care.of_gateways(desk, settings, causes_care.gateways_of(scene.reports)),
        *causes_care.of_hubs(desk, settings, scene.reports, scene.now_ms),
    ]
    return Found(("clock", "spool", "disk", "hub"), tuple(wanted))


def at_orders(scene: Scene) -> Found:
    """Orders that stand escalated."""
    desk = scene.office.desk
    with scene.office.books.read() as session:
        late = overdue(session)
        numbers = sorted({one.number for one in late})
        orders: dict[str, Order] = {}
        for start in range(0, len(numbers), 500):
            some = session.scalars(select(Order).where(Order.number.in_(numbers[start : start + 500])))
            orders.update((order.number, order) for order in some)
        return Found(("order",), tuple(causes_work.of_orders(desk, late, orders)))


def at_goals(scene: Scene) -> Found:
    """Goals as they stand today."""
    desk = scene.office.desk
    today = desk.calendar.day(scene.now_ms)
    grades = month_grades(scene.store, desk.site, last_month(desk, today))
    with scene.office.books.read() as session:
        return Found(("goal",), tuple(causes_work.of_goals(desk, goal_states(session, desk, today, grades))))


#: Looks that cost little, and those that cost more and see what changes slowly.
QUICK: Looks = {
    "events": at_events, "silence": at_silence, "machines": at_machines, "orders": at_orders,
}  # fmt: skip
SLOW: Looks = {
    "classes": at_classes, "faults": at_faults, "calibrations": at_calibrations, "goals": at_goals,
}  # fmt: skip


def _classes(scene: Scene, summary: Summary) -> dict[str, list[Hour]]:
    """Class of each station in each hour that has one, from means without suspect readings."""
    stations = scene.office.desk.site.stations
    hours = sorted({(row.station, row.start_ms) for row in summary if row.station in stations})
    place = {hour: number for number, hour in enumerate(hours)}
    columns: dict[str, Any] = {}
    for row in summary:
        if row.certain_mean is not None and row.station in stations:
            column = columns.setdefault(row.determinand, np.full(len(hours), np.nan))
            column[place[row.station, row.start_ms]] = row.certain_mean
    found: dict[str, list[Hour]] = {}
    if not columns:
        return found
    lake = np.array([stations[station].water_body == "lake" for station, _ in hours])
    for (station, start_ms), number in zip(hours, grade_columns(columns, lake).water_class.tolist(), strict=True):
        if number:
            found.setdefault(station, []).append((start_ms, WaterClass(number)))
    return found


def _newest(summary: Summary) -> dict[str, dict[str, float]]:
    """Newest hourly mean of each station and determinand, without suspect readings."""
    found: dict[str, dict[str, tuple[int, float]]] = {}
    for row in summary:
        if row.certain_mean is not None:
            known = found.setdefault(row.station, {})
            known[row.determinand] = max(known.get(row.determinand, (0, 0.0)), (row.start_ms, row.certain_mean))
    return {station: {key: value for key, (_time, value) in known.items()} for station, known in found.items()}


def _heard(scene: Scene) -> tuple[dict[str, int], set[str]]:
    """When each station last gave a value, and which say that they are in maintenance or stopped."""
    latest = scene.store.latest()
    heard: dict[str, int] = {}
    newest: dict[str, tuple[int, str]] = {}
    columns = zip(latest.station, latest.time_ms, latest.value, latest.state, strict=True)
    for station, time_ms, value, state in columns:
        newest[station] = max(newest.get(station, (0, "")), (time_ms, str(state)))
        if value is not None and state != StationState.COMMUNICATION:
            heard[station] = max(heard.get(station, 0), time_ms)
    after_ms = scene.now_ms - scene.office.settings.raising.silent_min * MINUTE_MS
    away = {station for station, (time_ms, state) in newest.items() if state in _AWAY and time_ms > after_ms}
    with scene.office.books.read() as session:
        return heard, away | _visited(session, scene.now_ms)


def _visited(session: Session, now_ms: int) -> set[str]:
    """Stations that somebody is at now, at most for a day: people forget to write down when they left."""
    query = select(StationVisit.station).where(
        StationVisit.start_ms <= now_ms,
        StationVisit.start_ms > now_ms - DAY_MS,
        (StationVisit.end_ms.is_(None)) | (StationVisit.end_ms > now_ms),
    )
    return set(session.scalars(query))


def _open(session: Session, kind: str) -> list[Alert]:
    return list(session.scalars(select(Alert).where(Alert.kind == kind, Alert.cleared_ms.is_(None))))
