"""Means of a period, step by step: hours to four hours, to days, to months, to quarters and years.

Each step is the mean of what the step before it gave, so that an hour of dense readings, or a day on which the
instrument ran longer, weighs no more than others. A step with too few valid parts gives nothing.

The kernels work on columns: one station's ten years cost as little Python as its last month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from analytics.grading import GradeColumns, grade_columns
from analytics.periods import PeriodKind, period_edges
from analytics.window import MEAN_DIGITS, HourMean
from sensors.place import WaterBody
from sensors.site_settings import PeriodSettings


def step_of(kind: PeriodKind, settings: PeriodSettings) -> tuple[PeriodKind | None, int]:
    """What a period of a kind is the mean of (None: of hours), and the fewest of it."""
    steps: dict[PeriodKind, tuple[PeriodKind | None, int]] = {
        "4h": (None, settings.min_hours_4h),
        "day": ("4h", settings.min_4h_day),
        "month": ("day", settings.min_days_month),
        "quarter": ("month", settings.min_months_quarter),
        "year": ("month", settings.min_months_year),
    }
    return steps[kind]


@dataclass(frozen=True, slots=True)
class HourColumns:
    """Hourly means of one determinand at one station.

    Attributes
    ----------
    start_ms : ndarray of int64, (n,)
        Start of the hour, milliseconds since the epoch, UTC; any order, each hour once.
    mean : ndarray of float64, (n,)
        Mean of the usable readings [unit of the determinand]; NaN where there is none.
    without_suspect : ndarray of float64, (n,)
        Mean of those that were not suspect; NaN where there is none, or where it was not kept.
    suspect : ndarray of bool, (n,)
        Whether suspect readings took part in `mean`.
    """

    start_ms: NDArray[np.int64]
    mean: NDArray[np.float64]
    without_suspect: NDArray[np.float64]
    suspect: NDArray[np.bool_]

    @classmethod
    def of(cls, hours: Sequence[HourMean]) -> HourColumns:
        """Hourly means as columns. An hour with suspect readings whose mean without them is unknown has none."""
        kept = [hour for hour in hours if hour.count > 0]
        sound = [hour.without_suspect if hour.provisional else hour.mean for hour in kept]
        return cls(
            np.array([hour.start_ms for hour in kept], np.int64),
            np.array([hour.mean for hour in kept], np.float64),
            np.array([np.nan if mean is None else mean for mean in sound], np.float64),
            np.array([hour.provisional > 0 for hour in kept], np.bool_),
        )


@dataclass(frozen=True, slots=True)
class PeriodMeans:
    """Means of n consecutive periods.

    Attributes
    ----------
    edges : ndarray of int64, (n + 1,)
        Starts of the periods and the end of the last, milliseconds since the epoch, UTC.
    mean : ndarray of float64, (n,)
        [unit of the determinand]; NaN where too few parts were valid.
    count : ndarray of int64, (n,)
        Valid parts, also where there were too few.
    provisional : ndarray of bool, (n,)
        Whether suspect readings took part in the mean.
    """

    edges: NDArray[np.int64]
    mean: NDArray[np.float64]
    count: NDArray[np.int64]
    provisional: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PeriodClasses:
    """Classes of one section in n consecutive periods.

    Attributes
    ----------
    edges : ndarray of int64, (n + 1,)
        See `PeriodMeans`.
    means : mapping of str to PeriodMeans
        By determinand.
    grades : GradeColumns
    provisional : ndarray of bool, (n,)
        Whether suspect readings took part in a determinand that grades.
    """

    edges: NDArray[np.int64]
    means: Mapping[str, PeriodMeans]
    grades: GradeColumns
    provisional: NDArray[np.bool_]


def cut_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut to `MEAN_DIGITS` significant digits, as `analytics.window.mean_of` does to one value.

    Parameters
    ----------
    values : ndarray of float64, (n,)
        NaN stays NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
    usual = np.abs(exponent) <= 12  # powers of ten up to 10**22 are exact: one rounding, as from the decimal text
    scale = 10.0 ** np.where(usual, MEAN_DIGITS - 1 - exponent, 0.0)
    cut = np.where(usual, np.rint(values * scale) / scale, values)
    for index in np.flatnonzero(~usual & np.isfinite(values)):
        cut[index] = float(f"{values[index]:.{MEAN_DIGITS}g}")
    return cut


def period_means(
    start_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    suspect: NDArray[np.bool_],
    edges: NDArray[np.int64],
    minimum: int,
) -> PeriodMeans:
    """Mean of the valid parts that begin in each period: one step.

    Parameters
    ----------
    start_ms : ndarray of int64, (m,)
        Starts of the parts, milliseconds since the epoch, UTC, any order.
    values : ndarray of float64, (m,)
        Their means [unit of the determinand]; NaN (or infinite) where not valid.
    suspect : ndarray of bool, (m,)
    edges : ndarray of int64, (n + 1,)
        Rising.
    minimum : int
        Fewest valid parts, at least 1.

    Raises
    ------
    ValueError
        If `minimum` is below 1.
    """
    if minimum < 1:
        raise ValueError(f"minimum is {minimum}; at least 1")
    n = edges.size - 1
    index = np.searchsorted(edges, start_ms, side="right") - 1
    valid = (index >= 0) & (index < n) & np.isfinite(values)
    index = index[valid]
    count = np.bincount(index, minlength=n)
    total = np.bincount(index, weights=values[valid], minlength=n)
    enough = count >= minimum
    mean = np.full(n, np.nan)
    mean[enough] = cut_digits(total[enough] / count[enough])
    touched = np.bincount(index, weights=suspect[valid], minlength=n) > 0
    return PeriodMeans(edges, mean, count.astype(np.int64), touched & enough)


def probe_means(
    hours: HourColumns,
    kind: PeriodKind,
    start_ms: int,
    end_ms: int,
    zone: tzinfo,
    *,
    settings: PeriodSettings | None = None,
    suspect: bool = True,
) -> PeriodMeans:
    """Means of one determinand at one station in all periods of a kind that cover a span.

    Parameters
    ----------
    hours : HourColumns
        All hours of those periods; others are passed over.
    kind : {'4h', 'day', 'month', 'quarter', 'year'}
    start_ms, end_ms, zone
        See `analytics.periods.period_edges`.
    settings : PeriodSettings, optional
    suspect : bool
        Whether suspect readings take part.
    """
    settings = settings or PeriodSettings()
    part, minimum = step_of(kind, settings)
    edges = np.array(period_edges(kind, start_ms, end_ms, zone), np.int64)
    if part is None:
        values, marks = (
            (hours.mean, hours.suspect) if suspect else (hours.without_suspect, np.zeros_like(hours.suspect))
        )
        return period_means(hours.start_ms, values, marks, edges, minimum)
    of = probe_means(hours, part, int(edges[0]), int(edges[-1]), zone, settings=settings, suspect=suspect)
    return period_means(of.edges[:-1], of.mean, of.provisional, edges, minimum)


def period_classes(
    hours: Mapping[str, HourColumns],
    water_body: WaterBody,
    kind: PeriodKind,
    start_ms: int,
    end_ms: int,
    zone: tzinfo,
    *,
    settings: PeriodSettings | None = None,
    suspect: bool = True,
) -> PeriodClasses:
    """Classes of one section in all periods of a kind that cover a span, from probe values alone.

    Parameters
    ----------
    hours : mapping of str to HourColumns
        By determinand.
    water_body : {'river', 'lake'}
    kind, start_ms, end_ms, zone, settings, suspect
        See `probe_means`.
    """
    edges = np.array(period_edges(kind, start_ms, end_ms, zone), np.int64)
    means = {
        key: probe_means(of_key, kind, start_ms, end_ms, zone, settings=settings, suspect=suspect)
        for key, of_key in hours.items()
    }
    lake = np.full(edges.size - 1, water_body == "lake")
    grades = grade_columns({key: of_key.mean for key, of_key in means.items()}, lake)
    provisional = np.zeros(edges.size - 1, np.bool_)
    for key, classes in zip(grades.determinands, grades.classes, strict=True):
        provisional |= means[key].provisional & (classes > 0)
    return PeriodClasses(edges, means, grades, provisional)
