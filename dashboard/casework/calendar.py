"""Working time of the office (工作日): public holidays of China with their make-up days, in the site's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from holidays import country_holidays
from holidays.countries.china import ChinaStaticHolidays

from dashboard.casework.settings import CalendarSettings
from sensors.durations import HOUR_MS

#: Longest span that is walked day by day; deadlines lie nearer.
_LIMIT_DAYS = 3660


class WorkCalendar:
    """Which time is working time.

    The days off and the make-up working days of a year are announced in the November before (国务院办公厅放假安排). For
    a year that the library does not know yet there are the days that the law itself sets, and weekends; `unannounced`
    says so, and `CalendarSettings` may carry what was announced.

    Parameters
    ----------
    zone : tzinfo
        Whose days these are.
    settings : CalendarSettings, optional
    """

    def __init__(self, zone: tzinfo, settings: CalendarSettings | None = None) -> None:
        self.zone, self.settings = zone, settings or CalendarSettings()
        self._holidays = country_holidays("CN")

    def day(self, time_ms: int) -> date:
        """Calendar day of an instant [ms since the epoch, UTC]."""
        return datetime.fromtimestamp(time_ms / 1000, self.zone).date()

    def minute(self, time_ms: int) -> str:
        """An instant [ms since the epoch, UTC] as people write it: 2026-11-23 08:01."""
        return f"{datetime.fromtimestamp(time_ms / 1000, self.zone):%Y-%m-%d %H:%M}"

    def start_of(self, day: date) -> int:
        """First instant of a calendar day [ms since the epoch, UTC]."""
        return round(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp() * 1000)

    def works(self, day: date) -> bool:
        """Whether people work on a day."""
        if day in self.settings.workdays or day in self.settings.holidays:
            return day in self.settings.workdays
        # A holiday of next January may move a day of this December.
        if day.year + 1 not in self._holidays.years:
            self._holidays.get(date(day.year + 1, 1, 1))
        return self._holidays.is_working_day(day)

    def unannounced(self, start_ms: int, end_ms: int) -> tuple[int, ...]:
        """Years of a span whose make-up days are not known: deadlines there may be off by those days."""
        known = {day.year for day in (*self.settings.holidays, *self.settings.workdays)}
        years = range(self.day(start_ms).year, self.day(end_ms).year + 1)
        return tuple(year for year in years if year not in {*ChinaStaticHolidays.special_public_holidays, *known})

    def add_days(self, start_ms: int, days: int) -> int:
        """End of work on the n-th working day after the day of an instant, which itself does not count [ms]."""
        day, left = self.day(start_ms), days
        for _ in range(_LIMIT_DAYS):
            day += timedelta(days=1)
            left -= self.works(day)
            if left <= 0 and self.works(day):
                return self._at(day, self.settings.hours[-1][1].isoformat())
        raise ValueError(f"{days} working days reach too far")

    def add_hours(self, start_ms: int, hours: float) -> int:
        """Instant at which so many working hours have passed since another [ms since the epoch, UTC]."""
        left = round(hours * HOUR_MS)
        for begin, end in self._spans(start_ms):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise ValueError(f"{hours} working hours reach too far")

    def hours_between(self, start_ms: int, end_ms: int) -> float:
        """Working time between two instants [h]; 0 where the second is not later."""
        total = 0
        for begin, end in self._spans(start_ms):
            if begin >= end_ms:
                break
            total += min(end, end_ms) - begin
        return total / HOUR_MS

    def _spans(self, start_ms: int) -> Iterator[tuple[int, int]]:
        """Spans of working time from an instant on [ms since the epoch, UTC]."""
        day = self.day(start_ms)
        for _ in range(_LIMIT_DAYS):
            if self.works(day):
                for begin, end in self.settings.hours:
                    end_ms = self._at(day, end.isoformat())
                    if end_ms > start_ms:
                        yield max(self._at(day, begin.isoformat()), start_ms), end_ms
            day += timedelta(days=1)

    def _at(self, day: date, clock: str) -> int:
        return round(datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=self.zone).timestamp() * 1000)
