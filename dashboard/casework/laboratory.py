"""What laboratories found in samples: for the evaluation of periods, and held against the probe beside them (比对)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analytics.below_detection import Amount, BelowDetection, parse_amount
from analytics.laboratory import LaboratoryResult
from analytics.window import mean_of
from collectors.stores.base import ReadingStore
from dashboard.casework.audit import AuditEntry
from dashboard.casework.tables.stations import Sample, SampleResult
from sensors.durations import MINUTE_MS
from sensors.reading import USABLE_QUALITIES, StationState

_T = TypeVar("_T", str, int)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a probe may be from a laboratory: within either of the two is near enough.

    Attributes
    ----------
    absolute : float or None
        [unit of the determinand]
    relative : float or None
        Share of the laboratory's value.
    """

    absolute: float | None = None
    relative: float | None = None


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """How samples are compared with probes.

    Attributes
    ----------
    window_ms : int
        Readings so long before and after the sample stand for the probe.
    tolerances : mapping of str to Tolerance
        By determinand. Defaults are common practice of station operators, from memory: settings, no quotation of a
        standard.
    """

    window_ms: int = 30 * MINUTE_MS
    tolerances: Mapping[str, Tolerance] = field(
        default_factory=lambda: MappingProxyType(
            {
                "water_temperature": Tolerance(absolute=0.5), "ph": Tolerance(absolute=0.5),
                "dissolved_oxygen": Tolerance(absolute=0.5, relative=0.1), "conductivity": Tolerance(relative=0.1),
                "turbidity": Tolerance(absolute=5.0, relative=0.3),
                "permanganate_index": Tolerance(absolute=0.5, relative=0.3),
                "ammonia_nitrogen": Tolerance(absolute=0.1, relative=0.3),
                "total_phosphorus": Tolerance(absolute=0.02, relative=0.3),
                "total_nitrogen": Tolerance(absolute=0.2, relative=0.3),
            }
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A laboratory's value and the probe's at the same time.

    Attributes
    ----------
    sample, station, determinand : str
    time_ms : int
        When the sample was taken, milliseconds since the epoch, UTC.
    laboratory : float or BelowDetection
        [unit of the determinand]
    probe : float or None
        Mean of its usable readings around that time; None where there are none.
    readings : int
        How many they are.
    difference : float or None
        Probe minus laboratory; None where either is not a number.
    relative : float or None
        The same as a share of the laboratory's value; None where that is 0 as well.
    agrees : bool or None
        None where it cannot be said: no probe, no tolerance, or nothing found without a detection limit.
    """

    sample: str
    station: str
    determinand: str
    time_ms: int
    laboratory: Amount
    probe: float | None
    readings: int
    difference: float | None
    relative: float | None
    agrees: bool | None


def results_between(session: Session, start_ms: int, end_ms: int) -> list[LaboratoryResult]:
    """Results of samples that were taken in a span, start inclusive, end exclusive [ms since the epoch, UTC].

    Amounts that nobody can read (the import lets none in) are left out.
    """
    return [
        LaboratoryResult(station, determinand, taken_ms, amount)
        for _sample, station, taken_ms, determinand, amount in _results(session, start_ms, end_ms)
    ]


def changed_since(session: Session, seq: int) -> tuple[tuple[int, int] | None, int]:
    """When samples were taken whose entry has changed: a laboratory answers weeks later, and its month is judged again.

    Parameters
    ----------
    session : Session
    seq : int
        Last entry of the audit trail that was looked at; 0 for the beginning.

    Returns
    -------
    (int, int) or None
        Earliest and latest time, as it was before the change and as it is [ms since the epoch, UTC].
    int
        The entry to go on from.
    """
    newest = session.scalar(select(func.max(AuditEntry.seq))) or 0
    entries = session.execute(
        select(AuditEntry.subject, AuditEntry.subject_id, AuditEntry.before, AuditEntry.after).where(
            AuditEntry.seq > seq, AuditEntry.seq <= newest, AuditEntry.subject.in_(("sample", "sample_result"))
        )
    ).all()
    samples = {name for subject, name, _before, _after in entries if subject == "sample"}
    results = {int(name) for subject, name, _before, _after in entries if subject == "sample_result"}
    values = [side for _subject, _name, before, after in entries for side in (before, after) if side]
    times = {side["taken_ms"] for side in values if "taken_ms" in side}
    samples |= {side["sample_id"] for side in values if "sample_id" in side}
    for some in _some(sorted(results)):
        samples |= set(session.scalars(select(SampleResult.sample_id).where(SampleResult.id.in_(some))))
    for some in _some(sorted(samples)):
        times |= set(session.scalars(select(Sample.taken_ms).where(Sample.id.in_(some))))
    return ((min(times), max(times)) if times else None), max(newest, seq)


def compare(
    session: Session, store: ReadingStore, start_ms: int, end_ms: int, settings: ComparisonSettings | None = None
) -> list[Pair]:
    """Every result of samples of a span beside its probe, in the order in which they were taken.

    Parameters
    ----------
    session : Session
    store : ReadingStore
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC; start inclusive, end exclusive.
    settings : ComparisonSettings, optional

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    settings = settings or ComparisonSettings()
    by_sample: dict[tuple[str, str, int], list[tuple[str, Amount]]] = {}
    for sample, station, taken_ms, determinand, amount in _results(session, start_ms, end_ms):
        by_sample.setdefault((sample, station, taken_ms), []).append((determinand, amount))
    pairs: list[Pair] = []
    for (sample, station, taken_ms), found in by_sample.items():
        probes = _probes(store, station, [determinand for determinand, _amount in found], taken_ms, settings.window_ms)
        pairs += [
            pair(sample, station, determinand, taken_ms, amount, probes.get(determinand, ()),
                 settings.tolerances.get(determinand))
            for determinand, amount in found
        ]  # fmt: skip
    return pairs


def pair(
    sample: str, station: str, determinand: str, time_ms: int, laboratory: Amount, readings: Sequence[float],
    tolerance: Tolerance | None,
) -> Pair:  # fmt: skip
    """One result beside the readings of its probe; see `Pair`."""
    probe = mean_of(list(readings)) if readings else None
    difference = relative = None
    if probe is not None and not isinstance(laboratory, BelowDetection):
        difference = round(probe - laboratory, 10)
        relative = difference / laboratory if laboratory else None
    return Pair(
        sample, station, determinand, time_ms, laboratory, probe, len(readings), difference, relative,
        _agrees(laboratory, probe, difference, tolerance),
    )  # fmt: skip


def _some(names: list[_T], at_once: int = 500) -> Iterator[list[_T]]:
    return (names[start : start + at_once] for start in range(0, len(names), at_once))


def _agrees(
    laboratory: Amount, probe: float | None, difference: float | None, tolerance: Tolerance | None
) -> bool | None:
    if probe is None or tolerance is None:
        return None
    if isinstance(laboratory, BelowDetection):
        # The truth lies between 0 and the limit: as far above it as a tolerance allows is near enough.
        return None if laboratory.limit is None else probe <= laboratory.limit + (tolerance.absolute or 0.0)
    allowed = max(tolerance.absolute or 0.0, (tolerance.relative or 0.0) * abs(laboratory))
    return difference is not None and abs(difference) <= round(allowed, 10)


def _results(session: Session, start_ms: int, end_ms: int) -> list[tuple[str, str, int, str, Amount]]:
    rows = session.execute(
        select(Sample.id, Sample.station, Sample.taken_ms, SampleResult.determinand, SampleResult.amount)
        .join(Sample.results)
        .where(Sample.taken_ms >= start_ms, Sample.taken_ms < end_ms)
        .order_by(Sample.taken_ms, Sample.id, SampleResult.determinand)
    )
    found = []
    for sample, station, taken_ms, determinand, text in rows:
        try:
            amount = parse_amount(text)
        except ValueError:
            continue
        if amount is not None:
            found.append((sample, station, taken_ms, determinand, amount))
    return found


def _probes(
    store: ReadingStore, station: str, determinands: list[str], time_ms: int, window_ms: int
) -> dict[str, list[float]]:
    block = store.range(station, determinands, time_ms - window_ms, time_ms + window_ms + 1)
    found: dict[str, list[float]] = {}
    columns = zip(block.determinand, block.value, block.quality, block.state, strict=True)
    for determinand, value, quality, state in columns:
        if value is not None and quality in USABLE_QUALITIES and state == StationState.NORMAL:
            found.setdefault(determinand, []).append(value)
    return found
