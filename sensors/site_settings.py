"""Settings of a site: how readings become classes. Tables of ``site.toml``, each number with its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sensors.lists import Checker

_Bounds = Mapping[str, tuple[type, float, float]]

_ASSESSMENT: _Bounds = {
    "window_hours": (int, 1, 744),
    "min_hours": (int, 1, 744),
    "stale_after_s": (float, 30, 86400),
}

_PERIODS: _Bounds = {
    "min_hours_4h": (int, 1, 4),
    "min_4h_day": (int, 1, 6),
    "min_days_month": (int, 1, 28),
    "min_months_quarter": (int, 1, 3),
    "min_months_year": (int, 1, 12),
    "below_detection_share": (float, 0, 1),
}


@dataclass(frozen=True, slots=True)
class AssessmentSettings:
    """How readings become the class that the board shows: ``[assessment]``.

    Attributes
    ----------
    window_hours : int
        Length of the window whose valid hourly means are averaged [h].
    min_hours : int
        Fewest valid hours for a class.
    stale_after_s : float
        A station whose newest reading is older is shown as silent [s].
    """

    window_hours: int = 24
    min_hours: int = 1
    stale_after_s: float = 1800.0


@dataclass(frozen=True, slots=True)
class PeriodSettings:
    """Fewest valid parts for a mean of probe values, and what stands for a value below detection: ``[periods]``.

    Settings of this project: none is quoted from a rule.

    Attributes
    ----------
    min_hours_4h : int
        Valid hours in four hours, 1 to 4. Stations that report every four hours have one.
    min_4h_day : int
        Valid four-hour means in a day, 1 to 6: half the day.
    min_days_month : int
        Valid days in a month, 1 to 28: half the month.
    min_months_quarter : int
        Valid months in a quarter, 1 to 3. 环办[2011]22号 asks for at least two results (from memory).
    min_months_year : int
        Valid months in a year, 1 to 12. 环办[2011]22号 asks for the mean of twelve monthly results, and at least eight
        where ice or the like prevents sampling (from memory).
    below_detection_share : float
        Share of the detection limit that stands for a value below it in means, 0 to 1. Half of it is common practice
        of Chinese monitoring (from memory).

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    min_hours_4h: int = 1
    min_4h_day: int = 3
    min_days_month: int = 15
    min_months_quarter: int = 2
    min_months_year: int = 8
    below_detection_share: float = 0.5

    def __post_init__(self) -> None:
        for name, (_, low, high) in _PERIODS.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {getattr(self, name)}; {low} to {high}")


def read_assessment(raw: Any, check: Checker) -> AssessmentSettings:
    """Read ``[assessment]``; what is wrong is noted and takes its default."""
    settings = AssessmentSettings(**_numbers("assessment", raw, _ASSESSMENT, check))
    if settings.min_hours > settings.window_hours:
        check.bad("assessment.min_hours", settings.min_hours, f"at most window_hours, {settings.window_hours}")
    return settings


def read_periods(raw: Any, check: Checker) -> PeriodSettings:
    """Read ``[periods]``; what is wrong is noted and takes its default."""
    return PeriodSettings(**_numbers("periods", raw, _PERIODS, check))


def _numbers(table: str, raw: Any, bounds: _Bounds, check: Checker) -> dict[str, Any]:
    if not isinstance(raw, dict):
        check.bad(table, raw, f"a table [{table}] with " + ", ".join(bounds))
        return {}
    for key in sorted(set(raw) - set(bounds)):
        check.bad(f"{table}.{key}", key, "one of " + ", ".join(bounds))
    values = {}
    for key, (kind, low, high) in bounds.items():
        if key not in raw:
            continue
        value = raw[key]
        accepted = (int,) if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, accepted) or not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            check.bad(f"{table}.{key}", value, f"{what} from {low} to {high}")
        else:
            values[key] = value
    return values
