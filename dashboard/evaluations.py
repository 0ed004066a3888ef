"""Evaluated periods from the store, and how they differ from the month before and the same month of last year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

from analytics.grading import WaterClass
from analytics.period_evaluation import (
    Evaluation,
    EvaluationChange,
    PeriodEvaluation,
    compare_evaluations,
    evaluation_of,
)
from analytics.period_record import values_of
from analytics.periods import Period, PeriodKind
from analytics.section import SectionGrade, section_of_values
from collectors.stores.base import Assessment, Basis, ReadingStore
from sensors.reading import StationState
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """A period with what it is compared to.

    Attributes
    ----------
    period : Period
    evaluation : PeriodEvaluation
        With and without suspect readings.
    running : bool
        Whether the period has not ended.
    on_previous : EvaluationChange or None
        Against the period before (环比); None where that is not known.
    on_year : EvaluationChange or None
        Against the same period of the year before (同比).
    """

    period: Period
    evaluation: PeriodEvaluation
    running: bool
    on_previous: EvaluationChange | None
    on_year: EvaluationChange | None


def period_report(store: ReadingStore, site: Site, kind: PeriodKind, time_ms: int) -> PeriodReport | None:
    """Evaluation of the period in which an instant lies, in the site's time zone; None where nothing is kept of it.

    Parameters
    ----------
    store : ReadingStore
    site : Site
    kind : {'day', 'month', 'quarter', 'year'}
    time_ms : int
        Milliseconds since the epoch, UTC.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    period = Period.at(kind, time_ms, ZoneInfo(site.timezone))
    rows = _rows(store, site, period)
    if not rows:
        return None
    now = _evaluation(site, period, rows)
    return PeriodReport(
        period,
        now,
        any(row.detail.get("running", False) for row in rows.values()),
        *(_change(store, site, earlier, now.with_suspect) for earlier in (period.previous(), period.year_before())),
    )


def _change(store: ReadingStore, site: Site, earlier: Period, now: Evaluation) -> EvaluationChange | None:
    rows = _rows(store, site, earlier)
    return compare_evaluations(_evaluation(site, earlier, rows).with_suspect, now) if rows else None


def _rows(store: ReadingStore, site: Site, period: Period) -> dict[str, Assessment]:
    basis = cast(Basis, period.kind)
    found = {}
    for station in site.stations:
        for row in store.assessment_history("station", station, basis, period.start_ms, period.start_ms + 1):
            found[station] = row
    return found


def _evaluation(site: Site, period: Period, rows: Mapping[str, Assessment]) -> PeriodEvaluation:
    both = [
        evaluation_of(
            site.id,
            period,
            site.rivers.values(),
            site.stations.values(),
            [_section(site, period, row, suspect=suspect) for row in rows.values()],
            suspect=suspect,
            settings=site.periods,
        )
        for suspect in (True, False)
    ]
    return PeriodEvaluation(*both)


def _section(site: Site, period: Period, row: Assessment, *, suspect: bool) -> SectionGrade:
    station, detail = site.stations[row.subject], row.detail
    certain = detail.get("certain")
    values = certain["values"] if certain is not None and not suspect else detail.get("values", {})
    return section_of_values(
        station.id,
        station.water_body,
        period,
        values_of(values),
        target=WaterClass[site.rivers[station.river].target_class],
        suspect=suspect,
        hours_used=detail.get("hours", 0),
        states={StationState(state): hours for state, hours in detail.get("states", {}).items()},
    )
