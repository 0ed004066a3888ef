"""How the board says things: class names, numbers, ages and instants, in one language and one time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from analytics.descriptors import DESCRIPTORS, Descriptor
from analytics.rounding import round_half_even
from dashboard.board import Status
from dashboard.casework.vocabulary import Words
from dashboard.classes import Condition
from dashboard.i18n import Translator
from sensors.determinand import DETERMINANDS
from sensors.place import River, Station
from sensors.site import Site

_ROMAN = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ", "V": "Ⅴ", "INFERIOR_V": "劣Ⅴ"}
_SHORT = {
    "dissolved_oxygen": "DO", "permanganate_index": "CODMn", "ammonia_nitrogen": "NH3-N", "total_phosphorus": "TP",
    "total_nitrogen": "TN", "water_temperature": "Temperature", "cod": "COD", "bod5": "BOD5",
}  # fmt: skip
_LATIN = {"I": "I", "II": "II", "III": "III", "IV": "IV", "V": "V", "INFERIOR_V": "inf. V"}

#: What stands where there is nothing to show.
NOTHING = "—"

#: Units as people write them.
_UNITS = {"degC": "℃", "uS/cm": "μS/cm", "ug/L": "μg/L", "pH": ""}


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for one reader.

    Attributes
    ----------
    _ : Translator
    zone : ZoneInfo
        The site's: instants are shown in it wherever the reader is.
    """

    _: Translator
    zone: ZoneInfo

    @classmethod
    def of(cls, site: Site, translate: Translator) -> Wording:
        """Words of a language in a site's time zone."""
        return cls(translate, ZoneInfo(site.timezone))

    @property
    def chinese(self) -> bool:
        """Whether the reader reads Chinese."""
        return self._.code == "zh"

    def site(self, site: Site) -> str:
        """Name of the site."""
        return site.name if self.chinese else site.name_en

    def place(self, place: River | Station) -> str:
        """Name of a river or station."""
        return place.name if self.chinese else place.name_en

    def determinand(self, key: str) -> str:
        """Name of a determinand."""
        return DETERMINANDS[key].name if self.chinese else DETERMINANDS[key].name_en

    def short_determinand(self, key: str) -> str:
        """Name of a determinand where room is short: the full one in Chinese, the usual letters in English."""
        return DETERMINANDS[key].name if self.chinese else _SHORT.get(key, DETERMINANDS[key].name_en)

    def unit(self, key: str) -> str:
        """Unit of a determinand as people write it; empty for pH."""
        unit = DETERMINANDS[key].unit
        return _UNITS.get(unit, unit)

    def short_class(self, name: str | None) -> str:
        """Class as a mark on the map: Ⅳ, 劣Ⅴ."""
        if name is None:
            return NOTHING
        return (_ROMAN if self.chinese else _LATIN)[name]

    def mark(self, one: Condition) -> str:
        """What stands on a river: its class, or its quality word where classes are not averaged."""
        quality = self._quality(one)
        return self.short_class(one.water_class) if quality is None else quality

    def state_of(self, one: Condition) -> str:
        """Class of a river as a word, or its quality word."""
        quality = self._quality(one)
        return self.water_class(one.water_class) if quality is None else quality

    def _quality(self, one: Condition) -> str | None:
        descriptor = DESCRIPTORS.get(one.descriptor or "")
        if one.water_class is not None or descriptor is None:
            return None
        return self.descriptor(descriptor)

    def descriptor(self, one: Descriptor) -> str:
        """Quality word: 轻度污染, Lightly polluted."""
        return one.name if self.chinese else one.name_en

    def water_class(self, name: str | None) -> str:
        """Class as a word: Ⅳ类, Class IV, inferior V."""
        _ = self._
        if name is None:
            return _("no class")
        if name == "INFERIOR_V":
            return _("Inferior V")
        return _("Class {name}", name=self.short_class(name))

    def answers(self, site: Site, river: River) -> str:
        """Who answers for a river: its chief's office; in English the department: offices have no English name."""
        return river.chief_role if self.chinese else site.departments[river.department].name_en

    def status(self, status: Status) -> str:
        """State of a station as a word."""
        _ = self._
        words = {
            "online": _("online"), "maintenance": _("in maintenance"),
            "fault": _("faulty"), "silent": _("silent"),
        }  # fmt: skip
        return words[status]

    def number(self, key: str, value: float | None) -> str:
        """Value of a determinand, rounded half to even for display."""
        return NOTHING if value is None else round_half_even(value, DETERMINANDS[key].decimals)

    def names(self, keys: Sequence[str]) -> str:
        """Determinands in a row."""
        return self.join([self.determinand(key) for key in keys])

    def join(self, words: Sequence[str]) -> str:
        """Words in a row."""
        return ("、" if self.chinese else ", ").join(words)

    def span(self, seconds: float) -> str:
        """Length of time, in its largest unit, rounded down: 3 h."""
        _ = self._
        minutes = int(max(seconds, 0) // 60)
        if minutes < 60:
            return _("{count} min", count=minutes)
        if minutes < 48 * 60:
            return _("{count} h", count=minutes // 60)
        return _.plural("{count} day", "{count} days", minutes // 1440)

    def age(self, then_ms: int | None, now_ms: int) -> str:
        """How long ago something was."""
        _ = self._
        if then_ms is None:
            return _("never")
        if now_ms - then_ms < 60_000:
            return _("just now")
        return _("{span} ago", span=self.span((now_ms - then_ms) / 1000))

    def instant(self, time_ms: int, now_ms: int) -> str:
        """Instant as people say it that day: 08:00, yesterday 21:00, 11-20 05:00."""
        _ = self._
        there, here = self._local(time_ms), self._local(now_ms)
        clock = f"{there:%H:%M}"
        days = (here.date() - there.date()).days
        if days == 0:
            return clock
        if days == 1:
            return _("yesterday {clock}", clock=clock)
        return self.day(time_ms) + " " + clock

    def day(self, time_ms: int) -> str:
        """Day and month: 11月23日, 23 Nov."""
        there = self._local(time_ms)
        if self.chinese:
            return f"{there.month}月{there.day}日"
        return f"{there.day} {_MONTHS[there.month - 1]}"

    def weekday(self, time_ms: int) -> str:
        """Day of the week."""
        there = self._local(time_ms)
        return f"星期{'一二三四五六日'[there.weekday()]}" if self.chinese else _DAYS[there.weekday()]

    def clock(self, time_ms: int) -> str:
        """Hours and minutes."""
        return f"{self._local(time_ms):%H:%M}"

    def measure(self, value: float, unit: str) -> str:
        """Amount of a goal or task: items as they are counted, lengths in metres or kilometres."""
        if unit != "m":
            return f"{value:,.0f}"
        return f"{value:,.0f} m" if value < 10_000 else f"{value / 1000:,.1f} km"

    def from_until(self, start_ms: int, end_ms: int | None, now_ms: int) -> str:
        """Span from one instant to another: 11-20 05:00 to 08:00; open where it has no end."""
        _ = self._
        start = self.instant(start_ms, now_ms)
        if end_ms is None:
            return _("since {instant}", instant=start)
        same = self._local(start_ms).date() == self._local(end_ms).date()
        return _("{start} to {end}", start=start, end=self.clock(end_ms) if same else self.instant(end_ms, now_ms))

    def date(self, day: date) -> str:
        """Day as it is written in lists: 2026-11-23."""
        return day.isoformat()

    def department(self, site: Site, department: str | None) -> str:
        """Name of a department; the key itself where the site has no such one."""
        if department is None:
            return NOTHING
        one = site.departments.get(department)
        return department if one is None else one.name if self.chinese else one.name_en or one.name

    def word(self, words: Words, key: str) -> str:
        """Word of the books for a key."""
        return words.word(key, self._.code)

    def _local(self, time_ms: int) -> datetime:
        return datetime.fromtimestamp(time_ms / 1000, self.zone)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
