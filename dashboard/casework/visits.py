"""Care of the stations: visits and calibrations, who is there now, what quality control must know, what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from analytics.qc.visits import Visit
from dashboard.casework.exchange.said import Said, _
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.stations import VISIT_KINDS, Calibration, StationVisit

#: A visit that nobody closed counts as ended so long after it began [ms]: one that was forgotten must not hide the
#: water for days.
LONGEST_MS = 8 * 3_600_000

#: Digits after the point to which readings are held against a tolerance: 9.23 - 9.18 is not 0.05 in binary.
DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Due:
    """A calibration that is to be done again.

    Attributes
    ----------
    station, determinand : str
    due_on : date
    days : int
        Until then; negative where it is overdue.
    passed : bool or None
        What became of the last one.
    """

    station: str
    determinand: str
    due_on: date
    days: int
    passed: bool | None


def passes(standard: float | None, before: float | None, after: float | None, tolerance: float | None) -> bool | None:
    """Whether a head reads a standard within its tolerance, after it was set or, where it was not, as it was found.

    Parameters
    ----------
    standard, before, after, tolerance : float or None
        [unit of the determinand]

    Returns
    -------
    bool or None
        None where the numbers do not tell.

    Examples
    --------
    >>> passes(9.18, 9.60, 9.23, 0.05), passes(9.18, 9.60, None, 0.05), passes(9.18, 9.60, 9.23, None)
    (True, False, None)
    """
    read = before if after is None else after
    if standard is None or read is None or tolerance is None:
        return None
    return round(abs(read - standard), DECIMALS) <= tolerance


def open_visit(
    session: Session, station: str, kind: str, person: str, now_ms: int, *, visit_id: str = "", note: str = ""
) -> StationVisit:
    """Arrive at a station; it counts as in maintenance until the visit is closed.

    Raises
    ------
    RefusedError
        If somebody is there already.
    """
    if kind not in VISIT_KINDS:
        raise ValueError(f"kind {kind!r}; one of {', '.join(VISIT_KINDS)}")
    there = in_maintenance(session, station, now_ms)
    if there is not None and there.end_ms is None:
        raise RefusedError(Said(_("{subject} is being visited already: {visit}"), subject=station, visit=there.id))
    visit = StationVisit(id=visit_id or f"{station}-{now_ms}", station=station, kind=kind, start_ms=now_ms,
                         person=person, note=note)  # fmt: skip
    session.add(visit)
    return visit


def close_visit(session: Session, visit_id: str, now_ms: int, note: str | None = None) -> StationVisit:
    """Leave a station.

    Raises
    ------
    RefusedError
        If there is no such open visit, or it began later.
    """
    visit = session.get(StationVisit, visit_id)
    if visit is None or visit.end_ms is not None or now_ms < visit.start_ms:
        raise RefusedError(Said(_("{subject} is no open visit"), subject=visit_id))
    visit.end_ms = now_ms
    if note is not None:
        visit.note = note
    return visit


def calibrate(
    session: Session, visit_id: str, determinand: str, standard: float, *, before: float | None = None,
    after: float | None = None, tolerance: float | None = None, next_due_on: date | None = None,
) -> Calibration:  # fmt: skip
    """Enter the check of a head against a standard; whether it passed follows from the numbers.

    Parameters
    ----------
    session : Session
    visit_id : str
    determinand : str
    standard, before, after, tolerance : float
        [unit of the determinand]
    next_due_on : date, optional

    Raises
    ------
    RefusedError
        If there is no such visit.
    """
    if session.get(StationVisit, visit_id) is None:
        raise RefusedError(Said(_("{subject} is no visit"), subject=visit_id))
    calibration = Calibration(
        visit_id=visit_id, determinand=determinand, standard=standard, before=before, after=after,
        tolerance=tolerance, passed=passes(standard, before, after, tolerance), next_due_on=next_due_on,
    )  # fmt: skip
    session.add(calibration)
    return calibration


def visits_between(session: Session, start_ms: int, end_ms: int) -> list[Visit]:
    """Visits that touch a span, for quality control.

    Parameters
    ----------
    session : Session
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC. A visit that is open lasts until `end_ms`, but never longer than
        `LONGEST_MS`.
    """
    open_ = StationVisit.end_ms.is_(None) & (StationVisit.start_ms >= start_ms - LONGEST_MS)
    touching = StationVisit.start_ms < end_ms, or_(StationVisit.end_ms >= start_ms, open_)
    rows = session.scalars(select(StationVisit).where(*touching))
    return sorted(
        (Visit(row.station, row.start_ms, _end(row, end_ms)) for row in rows), key=lambda v: (v.start_ms, v.station)
    )


def in_maintenance(session: Session, station: str, now_ms: int) -> StationVisit | None:
    """Visit that somebody is on at a station; None where nobody is."""
    return session.scalars(
        select(StationVisit)
        .where(
            StationVisit.station == station,
            StationVisit.start_ms <= now_ms,
            or_(
                StationVisit.end_ms > now_ms,
                StationVisit.end_ms.is_(None) & (StationVisit.start_ms > now_ms - LONGEST_MS),
            ),
        )
        .order_by(StationVisit.start_ms.desc())
        .limit(1)
    ).first()


def left_open(session: Session, now_ms: int) -> list[StationVisit]:
    """Visits that nobody closed and that no longer count, oldest first: the maintainer is to say when they ended."""
    return list(
        session.scalars(
            select(StationVisit)
            .where(StationVisit.end_ms.is_(None), StationVisit.start_ms <= now_ms - LONGEST_MS)
            .order_by(StationVisit.start_ms)
        )
    )


def calibrations_due(session: Session, today: date, days: int = 14, stations: Iterable[str] = ()) -> list[Due]:
    """What is to be calibrated, by the last calibration of each head.

    Parameters
    ----------
    session : Session
    today : date
        In the site's time zone.
    days : int
        How far to look ahead.
    stations : iterable of str
        Only these; empty for all.

    Returns
    -------
    list of Due
        Most overdue first.
    """
    order = (StationVisit.start_ms.desc(), Calibration.id.desc())
    newest = func.row_number().over(partition_by=(StationVisit.station, Calibration.determinand), order_by=order)
    ranked = select(StationVisit.station, Calibration.determinand, Calibration.next_due_on, Calibration.passed,
                    newest.label("place")).join(Calibration.visit).subquery()  # fmt: skip
    query = select(ranked).where(ranked.c.place == 1, ranked.c.next_due_on.is_not(None)).order_by(
        ranked.c.next_due_on, ranked.c.station, ranked.c.determinand
    )  # fmt: skip
    wanted = set(stations)
    return [
        Due(row.station, row.determinand, row.next_due_on, left, row.passed)
        for row in session.execute(query)
        if (left := (row.next_due_on - today).days) <= days and (not wanted or row.station in wanted)
    ]


def due_by_week(dues: Iterable[Due], today: date) -> list[tuple[date | None, list[Due]]]:
    """What is due, week by week: a list for each round of the maintainer, and not a message for each head.

    Parameters
    ----------
    dues : iterable of Due
        From `calibrations_due`.
    today : date
        In the site's time zone.

    Returns
    -------
    list of (date or None, list of Due)
        Monday of each week in order; None first, for what is overdue. Within a week by station, so that a station is
        visited once.
    """
    weeks: dict[date | None, list[Due]] = {}
    for due in dues:
        monday = None if due.due_on < today else due.due_on - timedelta(days=due.due_on.weekday())
        weeks.setdefault(monday, []).append(due)
    ordered = sorted(weeks, key=lambda monday: (monday is not None, monday or today))
    return [
        (monday, sorted(weeks[monday], key=lambda due: (due.station, due.due_on, due.determinand)))
        for monday in ordered
    ]


def _end(visit: StationVisit, now_ms: int) -> int:
    return min(now_ms, visit.start_ms + LONGEST_MS) if visit.end_ms is None else visit.end_ms
