"""A section over a calendar period: from probes and laboratory to one class.

A month takes the results of the laboratory where there are some, determinand by determinand, else the mean of the
valid probe values; quarters and years are means of such months. Shorter periods rest on probes alone: one sample says
nothing about the other hours of its day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from analytics.below_detection import Amount, mean_amount
from analytics.descriptors import Descriptor, descriptor_of
from analytics.grading import Grade, WaterClass, grade
from analytics.laboratory import LaboratoryResult, amounts_in
from analytics.period_means import HourColumns, probe_means, step_of
from analytics.periods import Period
from analytics.window import hours_between
from sensors.place import WaterBody
from sensors.reading import StationState
from sensors.site_settings import PeriodSettings

Source = Literal["laboratory", "probe", "both"]


@dataclass(frozen=True, slots=True)
class PeriodValue:
    """Value of one determinand at one section over a period.

    Attributes
    ----------
    amount : float or BelowDetection
        [unit of the determinand]
    source : {'laboratory', 'probe', 'both'}
        Where it comes from; both in quarters and years of which some months have results and others do not.
    count : int
        What it is the mean of: results of the laboratory, or valid hours, four hours, days or months.
    possible : int or None
        How many of these the period has; None for results.
    provisional : bool
        True where suspect readings took part.
    """

    amount: Amount
    source: Source
    count: int
    possible: int | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class SectionGrade:
    """Class of a section over a period, and what it rests on.

    Attributes
    ----------
    station : str
        Id of the station that stands for the section.
    water_body : {'river', 'lake'}
    period : Period
    suspect : bool
        Whether suspect readings were let in.
    grade : Grade
    provisional : bool
        True where suspect readings took part in a determinand that grades.
    values : mapping of str to PeriodValue
        Every determinand that had enough, also those that do not grade.
    hours_used : int
        Hours of the period in which a probe gave a valid value of one of the determinands that grade.
    states : mapping of StationState to int
        Hours in which the station was not graded for its state: maintenance, calibration, stopped, ...
    """

    station: str
    water_body: WaterBody
    period: Period
    suspect: bool
    grade: Grade
    provisional: bool
    values: Mapping[str, PeriodValue]
    hours_used: int
    states: Mapping[StationState, int] = field(default_factory=dict)

    @property
    def water_class(self) -> WaterClass | None:
        """Class over the period; None where nothing that grades had enough."""
        return self.grade.water_class

    @property
    def descriptor(self) -> Descriptor | None:
        """State of the section; None without a class."""
        return None if self.grade.water_class is None else descriptor_of(self.grade.water_class)

    @property
    def amounts(self) -> Mapping[str, Amount]:
        """Values by determinand [unit of the determinand]."""
        return {key: value.amount for key, value in self.values.items()}

    @property
    def hours_in_window(self) -> int:
        """Hours of the period."""
        return hours_between(self.period.start_ms, self.period.end_ms)

    @property
    def source(self) -> Source | None:
        """Where the determinands that grade come from; None where nothing grades."""
        return _together(self.values[key].source for key in self.grade.classes)


def evaluate_section(
    station: str,
    water_body: WaterBody,
    period: Period,
    hours: Mapping[str, HourColumns],
    results: Sequence[LaboratoryResult] = (),
    *,
    target: WaterClass | None = None,
    settings: PeriodSettings | None = None,
    suspect: bool = True,
    states: Mapping[StationState, int] | None = None,
) -> SectionGrade:
    """Class of a section over a period.

    Parameters
    ----------
    station : str
    water_body : {'river', 'lake'}
    period : Period
    hours : mapping of str to HourColumns
        Probe values of the period by determinand, usable readings only; more hours do no harm.
    results : sequence of LaboratoryResult
        Those of other stations and periods are passed over.
    target : WaterClass, optional
        Class the water must reach.
    settings : PeriodSettings, optional
    suspect : bool
        Whether suspect readings take part: a period is to be told with and without them.
    states : mapping of StationState to int, optional
        See `SectionGrade`; from `analytics.window.hours_in_state`.
    """
    settings = settings or PeriodSettings()
    own = [result for result in results if result.station == station]
    keys = dict.fromkeys([*hours, *(result.determinand for result in own)])
    values = {}
    for key in keys:
        of_key = [result for result in own if result.determinand == key]
        value = _value(period, hours.get(key), of_key, settings, suspect)
        if value is not None:
            values[key] = value
    section = section_of_values(station, water_body, period, values, target=target, suspect=suspect, states=states)
    graded = [hours[key] for key in section.grade.classes if key in hours]
    return replace(section, hours_used=_hours_used(period, graded, suspect))


def section_of_values(
    station: str,
    water_body: WaterBody,
    period: Period,
    values: Mapping[str, PeriodValue],
    *,
    target: WaterClass | None = None,
    suspect: bool = True,
    hours_used: int = 0,
    states: Mapping[StationState, int] | None = None,
) -> SectionGrade:
    """Class of a section whose values over a period are known: kept ones, or those of `values_of_parts`.

    Parameters
    ----------
    station, water_body, period, target, states
        See `evaluate_section`.
    values : mapping of str to PeriodValue
    suspect : bool
        Whether suspect readings were let in when the values were taken.
    hours_used : int
        See `SectionGrade`.
    """
    graded = grade({key: value.amount for key, value in values.items()}, water_body, target=target)
    return SectionGrade(
        station=station,
        water_body=water_body,
        period=period,
        suspect=suspect,
        grade=graded,
        provisional=any(values[key].provisional for key in graded.classes),
        values=values,
        hours_used=hours_used,
        states=states or {},
    )


def values_of_parts(
    period: Period,
    parts: Sequence[Mapping[str, PeriodValue]],
    results: Sequence[LaboratoryResult] = (),
    *,
    settings: PeriodSettings | None = None,
) -> dict[str, PeriodValue]:
    """Values of a month from those of its days, of a quarter or year from those of its months.

    What was evaluated once need not be averaged again from its hours: a year costs twelve values a determinand.

    Parameters
    ----------
    period : Period
        A month, quarter or year.
    parts : sequence of (mapping of str to PeriodValue)
        Days or months of the period that have any value, in any order.
    results : sequence of LaboratoryResult
        Of this section; a month takes them where there are some. The months of longer periods have taken theirs.
    settings : PeriodSettings, optional

    Raises
    ------
    ValueError
        If the period is not made of days or months.
    """
    settings = settings or PeriodSettings()
    step, minimum = step_of(period.kind, settings)
    if step not in ("day", "month"):
        raise ValueError(f"a {period.kind} is not made of days or months")
    sampled = results if period.kind == "month" else ()
    possible = len(period.parts(step))
    values = {}
    for key in dict.fromkeys([*(key for part in parts for key in part), *(result.determinand for result in sampled)]):
        found = amounts_in((result for result in sampled if result.determinand == key), period)
        valid = [part[key] for part in parts if key in part]
        source = _together(part.source for part in valid)
        if found:
            amount = mean_amount(found, settings.below_detection_share)
            values[key] = PeriodValue(amount, "laboratory", len(found), None, False)
        elif source is not None and len(valid) >= minimum:
            amount = mean_amount([part.amount for part in valid], settings.below_detection_share)
            values[key] = PeriodValue(amount, source, len(valid), possible, any(part.provisional for part in valid))
    return values


def _value(
    period: Period,
    hours: HourColumns | None,
    results: Sequence[LaboratoryResult],
    settings: PeriodSettings,
    suspect: bool,
) -> PeriodValue | None:
    if period.kind in ("4h", "day"):
        return _of_probe(period, hours, settings, suspect)[0]
    if period.kind == "month":
        return _of_months(period, hours, results, settings, suspect)[0]
    months = _of_months(period, hours, results, settings, suspect)
    valid = [month for month in months if month is not None]
    source = _together(month.source for month in valid)
    if source is None or len(valid) < step_of(period.kind, settings)[1]:
        return None
    return PeriodValue(
        mean_amount([month.amount for month in valid], settings.below_detection_share),
        source,
        len(valid),
        len(months),
        any(month.provisional for month in valid),
    )


def _of_months(
    period: Period,
    hours: HourColumns | None,
    results: Sequence[LaboratoryResult],
    settings: PeriodSettings,
    suspect: bool,
) -> list[PeriodValue | None]:
    """Value of each month of a period: of the laboratory where there is one, else of the probe."""
    months: list[PeriodValue | None] = []
    probe = _of_probe(period, hours, settings, suspect, monthly=True)
    for month, of_probe in zip(period.parts("month"), probe, strict=True):
        found = amounts_in(results, month)
        if found:
            amount = mean_amount(found, settings.below_detection_share)
            months.append(PeriodValue(amount, "laboratory", len(found), None, False))
        else:
            months.append(of_probe)
    return months


def _of_probe(
    period: Period, hours: HourColumns | None, settings: PeriodSettings, suspect: bool, *, monthly: bool = False
) -> list[PeriodValue | None]:
    """Probe values of a period, or of each of its months."""
    parts = period.parts("month") if monthly else (period,)
    if hours is None:
        return [None] * len(parts)
    kind = parts[0].kind
    means = probe_means(hours, kind, period.start_ms, period.end_ms, period.zone, settings=settings, suspect=suspect)
    step = step_of(kind, settings)[0]
    columns = (means.mean.tolist(), means.count.tolist(), means.provisional.tolist())
    return [
        None
        if np.isnan(mean)
        else PeriodValue(
            mean,
            "probe",
            count,
            hours_between(part.start_ms, part.end_ms) if step is None else len(part.parts(step)),
            provisional,
        )
        for part, mean, count, provisional in zip(parts, *columns, strict=True)
    ]


def _hours_used(period: Period, columns: Sequence[HourColumns], suspect: bool) -> int:
    used = [
        of_key.start_ms[
            np.isfinite(of_key.mean if suspect else of_key.without_suspect)
            & (of_key.start_ms >= period.start_ms)
            & (of_key.start_ms < period.end_ms)
        ]
        for of_key in columns
    ]
    return int(np.unique(np.concatenate(used)).size) if used else 0


def _together(sources: Iterable[Source]) -> Source | None:
    different = set(sources)
    if len(different) > 1:
        return "both"
    return different.pop() if different else None
