"""What the books have of a station: reviews of suspect readings, visits, calibrations, laboratory comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from analytics.below_detection import parse_amount
from collectors.stores.base import ReadingStore
from dashboard.casework.laboratory import ComparisonSettings, Pair, pair
from dashboard.casework.tables.stations import Calibration, Review, Sample, SampleResult, StationVisit
from dashboard.casework.visits import in_maintenance
from sensors.durations import DAY_MS
from sensors.reading import USABLE_QUALITIES, StationState

#: How far back visits, decisions and samples are shown [days].
VISIT_DAYS = 180
SAMPLE_DAYS = 180

#: Rows of each list.
MOST = 30


@dataclass(frozen=True, slots=True)
class Run:
    """A run of suspect readings; see `dashboard.casework.tables.stations.Review`."""

    id: int
    determinand: str
    start_ms: int
    end_ms: int
    readings: int
    tests: Mapping[str, int]
    first: Mapping[str, Mapping[str, object]]
    decision: str | None
    reason: str
    decided_by: str
    decided_ms: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """The newest calibration of one head.

    Attributes
    ----------
    determinand : str
    day_ms : int
        Begin of the visit, milliseconds since the epoch, UTC.
    standard : float
    before, after, tolerance : float or None
        [unit of the determinand]
    passed : bool or None
    next_due_on : date or None
    """

    determinand: str
    day_ms: int
    standard: float
    before: float | None
    after: float | None
    tolerance: float | None
    passed: bool | None
    next_due_on: date | None

    def days_left(self, today: date) -> int | None:
        """Days until it is due again; negative where it is late."""
        return None if self.next_due_on is None else (self.next_due_on - today).days


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A visit; `end_ms` is None while somebody is there."""

    id: str
    kind: str
    start_ms: int
    end_ms: int | None
    person: str
    note: str


@dataclass(frozen=True, slots=True)
class Care:
    """Everything of a station that people wrote.

    Attributes
    ----------
    waiting, decided : tuple of Run
        Runs of suspect readings, oldest first; decided ones newest first.
    checked : tuple of Checked
        By determinand, what is due first before.
    visits : tuple of VisitLine
        Newest first.
    present : VisitLine or None
        The visit that somebody is on.
    """

    waiting: tuple[Run, ...]
    decided: tuple[Run, ...]
    checked: tuple[Checked, ...]
    visits: tuple[VisitLine, ...]
    present: VisitLine | None


def care(session: Session, station: str, now_ms: int) -> Care:
    """What the books have of a station.

    Parameters
    ----------
    session : Session
    station : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    since_ms = now_ms - VISIT_DAYS * DAY_MS
    runs = select(Review).where(Review.station == station)
    waiting = session.scalars(runs.where(Review.decision.is_(None)).order_by(Review.start_ms).limit(MOST))
    decided = session.scalars(
        runs.where(Review.decision.is_not(None)).order_by(Review.decided_ms.desc(), Review.id).limit(MOST)
    )
    visits = session.scalars(
        select(StationVisit)
        .where(StationVisit.station == station, StationVisit.start_ms >= since_ms, StationVisit.start_ms <= now_ms)
        .order_by(StationVisit.start_ms.desc())
        .limit(MOST)
    )
    present = in_maintenance(session, station, now_ms)
    return Care(
        tuple(map(_run, waiting)),
        tuple(map(_run, decided)),
        _checked(session, station, now_ms),
        tuple(map(_visit, visits)),
        None if present is None else _visit(present),
    )


def _run(row: Review) -> Run:
    tests, first = row.evidence.get("tests"), row.evidence.get("first")
    return Run(
        row.id, row.determinand, row.start_ms, row.end_ms, row.readings,
        tests if isinstance(tests, dict) else {}, first if isinstance(first, dict) else {},
        row.decision, row.reason, row.decided_by, row.decided_ms,
    )  # fmt: skip


def _visit(row: StationVisit) -> VisitLine:
    return VisitLine(row.id, row.kind, row.start_ms, row.end_ms, row.person, row.note)


def _checked(session: Session, station: str, now_ms: int) -> tuple[Checked, ...]:
    query = (
        select(Calibration, StationVisit.start_ms)
        .join(Calibration.visit)
        .where(StationVisit.station == station, StationVisit.start_ms <= now_ms)
        .order_by(StationVisit.start_ms, Calibration.id)
    )
    newest = {row.determinand: (row, start_ms) for row, start_ms in session.execute(query)}
    found = [
        Checked(row.determinand, start_ms, row.standard, row.before, row.after, row.tolerance, row.passed,
                row.next_due_on)
        for row, start_ms in newest.values()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.next_due_on or date.max, one.determinand)))


def samples(
    session: Session, store: ReadingStore, station: str, now_ms: int, settings: ComparisonSettings | None = None
) -> tuple[Pair, ...]:
    """Laboratory results beside the probe (比对), newest first.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    settings = settings or ComparisonSettings()
    rows = session.execute(
        select(Sample.id, Sample.taken_ms, SampleResult.determinand, SampleResult.amount)
        .join(Sample.results)
        .where(Sample.station == station, Sample.taken_ms >= now_ms - SAMPLE_DAYS * DAY_MS, Sample.taken_ms <= now_ms)
        .order_by(Sample.taken_ms.desc(), Sample.id, SampleResult.determinand)
    ).all()
    found = []
    for sample, taken_ms, determinand, text in rows:
        try:
            amount = parse_amount(text)
        except ValueError:
            continue  # The import lets none in that nobody can read.
        if amount is not None:
            probe = _probe(store, station, determinand, taken_ms, settings.window_ms)
            tolerance = settings.tolerances.get(determinand)
            found.append(pair(sample, station, determinand, taken_ms, amount, probe, tolerance))
    return tuple(found)


def _probe(store: ReadingStore, station: str, determinand: str, time_ms: int, window_ms: int) -> list[float]:
    block = store.range(station, [determinand], time_ms - window_ms, time_ms + window_ms + 1)
    return [
        value
        for value, quality, state in zip(block.value, block.quality, block.state, strict=True)
        if value is not None and quality in USABLE_QUALITIES and state == StationState.NORMAL
    ]
