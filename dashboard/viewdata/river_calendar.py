"""How a river was judged day by day: a year of stored day evaluations, with the months beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from collectors.stores.base import Assessment, ReadingStore
from dashboard.classes import CLASSES, Condition
from sensors.site import Site

#: How many years back are offered.
YEARS = 10


@dataclass(frozen=True, slots=True)
class DayGrade:
    """How a river was judged on a day.

    Attributes
    ----------
    day : date
        Of the site's calendar.
    condition : Condition
    deciding : tuple of str
    partial, provisional : bool
    """

    day: date
    condition: Condition
    deciding: tuple[str, ...]
    partial: bool
    provisional: bool


@dataclass(frozen=True, slots=True)
class MonthOf:
    """A month: its days, those of each class, and how the month itself was judged.

    Attributes
    ----------
    month : date
        Its first day.
    days : tuple of (DayGrade or None), as many as the month has days
        None where nothing was judged.
    counts : mapping of str to int
        Days of each class of `CLASSES`, by their shade.
    condition : Condition
        Of the evaluated month; empty where it was not judged.
    """

    month: date
    days: tuple[DayGrade | None, ...]
    counts: Mapping[str, int]
    condition: Condition

    @property
    def judged(self) -> int:
        """Days that have a class."""
        return sum(self.counts.values())


def years(store: ReadingStore, site: Site, river: str, now_ms: int) -> tuple[int, ...]:
    """Years in which the river has an evaluated month, newest first; this year always.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    zone = ZoneInfo(site.timezone)
    this = datetime.fromtimestamp(now_ms / 1000, zone).year
    rows = store.assessment_history("river", river, "month", _start_ms(date(this - YEARS + 1, 1, 1), zone), now_ms + 1)
    return tuple(sorted({this} | {_day(row, zone).year for row in rows}, reverse=True))


def year(store: ReadingStore, site: Site, river: str, number: int) -> tuple[MonthOf, ...]:
    """The twelve months of a year; two queries, whatever the length of the history.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    zone = ZoneInfo(site.timezone)
    start_ms, end_ms = _start_ms(date(number, 1, 1), zone), _start_ms(date(number + 1, 1, 1), zone)
    days = {_day(row, zone): row for row in store.assessment_history("river", river, "day", start_ms, end_ms)}
    months = {_day(row, zone): row for row in store.assessment_history("river", river, "month", start_ms, end_ms)}
    return tuple(_month(date(number, month, 1), days, months) for month in range(1, 13))


def _month(first: date, days: Mapping[date, Assessment], months: Mapping[date, Assessment]) -> MonthOf:
    after = (first + timedelta(days=31)).replace(day=1)
    all_days = [first + timedelta(days=number) for number in range((after - first).days)]
    found = tuple(_grade(day, days.get(day)) for day in all_days)
    shades = Counter(grade.condition.shade for grade in found if grade is not None)
    return MonthOf(first, found, {name: shades[name] for name in CLASSES}, Condition.of(months.get(first)))


def _grade(day: date, row: Assessment | None) -> DayGrade | None:
    if row is None or Condition.of(row).shade is None:
        return None
    return DayGrade(day, Condition.of(row), row.deciding, row.partial, row.provisional)


def _day(row: Assessment, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(row.time_ms / 1000, zone).date()


def _start_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp() * 1000)
