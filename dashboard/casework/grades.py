"""Monthly evaluation grades of the rivers, as goals and the red and black list need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from analytics.grading import WaterClass
from analytics.periods import Period
from collectors.stores.base import ReadingStore
from dashboard.casework.desk import Desk
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class MonthGrade:
    """Grade of one river in one month.

    Attributes
    ----------
    river : str
    month : str
        As in 2026-05.
    water_class : WaterClass or None
        None where it could not be graded, or was not.
    partial : bool
        Whether required determinands were missing: it may be worse in truth, never better.
    provisional : bool
        Whether suspect readings took part.
    time_ms : int
        Start of the month, with which the store's assessment is found; milliseconds since the epoch, UTC.
    """

    river: str
    month: str
    water_class: WaterClass | None
    partial: bool
    provisional: bool
    time_ms: int

    @property
    def record(self) -> str:
        """Where it comes from."""
        return f"assessment/river/{self.river}/month/{self.month}"


def month_of(site: Site, month: str) -> Period:
    """The month of a label as in 2026-05.

    Raises
    ------
    ValueError
        If it is no month.
    """
    zone = ZoneInfo(site.timezone)
    first = date.fromisoformat(f"{month}-01")
    return Period.at("month", _noon_ms(first, zone), zone)


def last_month(desk: Desk, day: date) -> Period:
    """The last month that was over before a day."""
    return Period.at("month", desk.calendar.start_of(day), desk.calendar.zone).previous()


def month_grades(store: ReadingStore, site: Site, period: Period) -> Mapping[str, MonthGrade]:
    """Grade of every river of the site in a month, those without one included.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    found = {}
    for river in site.rivers:
        rows = store.assessment_history("river", river, "month", period.start_ms, period.start_ms + 1)
        row = rows[-1] if rows else None
        water_class = WaterClass[row.water_class] if row is not None and row.water_class else None
        found[river] = MonthGrade(
            river, period.label, water_class, row is not None and row.partial, row is not None and row.provisional,
            period.start_ms,
        )  # fmt: skip
    return found


def _noon_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, 12, tzinfo=zone).timestamp() * 1000)
