"""Kinds of cell in the lists that people keep: read as they write them, written so that Excel reads them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from analytics.below_detection import parse_amount
from dashboard.casework.exchange.said import Said, _
from dashboard.casework.vocabulary import Words, plain
from sensors.determinand import DETERMINANDS, determinand_key

#: What stands in a cell: a text, or what Excel knows it to be.
Cell = str | int | float | bool | datetime | date | time | None

#: What people write where there is nothing, besides nothing.
NOTHING = frozenset({"", "-", "--", "—", "——", "/", "\\"})

#: What Excel shows where a formula failed.
EXCEL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})

#: Day 0 of Excel's numbers for dates; right from 1 March 1900 on.
EXCEL_EPOCH = datetime(1899, 12, 30)

#: How far the clocks of two machines may be apart [ms].
CLOCKS_MS = 10 * 60_000

#: Numbers that may be dates: 1954 to 2119.
EXCEL_DAYS = (20_000, 80_000)

_DATE = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_CLOCK = (
    r"(上午|下午|AM|PM)?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})?"
    r"\s*(?:[:分]\s*(\d{1,2}(?:\.\d{1,6})?)?\s*秒?)?\s*(AM|PM)?"
)
_ZONE = r"\s*(Z|[+-]\d{2}:?\d{2})?"
_DAY = re.compile(_DATE, re.ASCII)
_MOMENT = re.compile(rf"{_DATE}(?:[\sT]*{_CLOCK}{_ZONE})?", re.ASCII | re.IGNORECASE)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)

_YES = frozenset(map(plain, ("是", "有", "对", "合格", "yes", "y", "true", "1", "√", "✓")))
_NO = frozenset(map(plain, ("否", "无", "没有", "不是", "不合格", "no", "n", "false", "0", "×", "x")))


@dataclass(frozen=True, slots=True)
class Context:
    """What a cell is read and written in.

    Attributes
    ----------
    zone : ZoneInfo
        Of the site: times without a zone are in it.
    names : mapping of str to Words
        What a reference may point to, by kind: river, station, outfall, ...
    now_ms : int or None
        What happened did so before; None where that is not asked [ms since the epoch, UTC].
    """

    zone: ZoneInfo
    names: Mapping[str, Words]
    now_ms: int | None = None


class UnreadableError(Exception):
    """A cell that is not what its column holds."""

    def __init__(self, accepted: Said) -> None:
        super().__init__(str(accepted))
        self.accepted = accepted


class Kind(Protocol):
    """A kind of cell."""

    def read(self, cell: Cell, context: Context) -> Any:
        """Value of a cell that is not blank.

        Raises
        ------
        UnreadableError
        """
        ...

    def write(self, value: Any, context: Context, language: str) -> Cell:
        """Cell of a value that is not None."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Free text; `one_line` where it names something."""

    most: int = 200
    one_line: bool = False

    def read(self, cell: Cell, context: Context) -> str:
        """Text as it stands."""
        text = text_of(cell)
        if text in EXCEL_ERRORS or len(text) > self.most or (self.one_line and "\n" in text) or "\x00" in text:
            raise UnreadableError(Said(_("a text of at most {most} characters"), most=self.most))
        return text

    def write(self, value: str, context: Context, language: str) -> Cell:
        """The text."""
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a list; with `open`, another text as well."""

    words: Words
    open: bool = False

    def read(self, cell: Cell, context: Context) -> str:
        """Key of the word."""
        key = self.words.key_of(text_of(cell))
        if key is None:
            if self.open:
                return Text(one_line=True).read(cell, context)
            raise UnreadableError(Said(_("one of {words}"), words=self.words.shown))
        return key

    def write(self, value: str, context: Context, language: str) -> Cell:
        """The word."""
        return self.words.word(value, language)


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that is known to the site or to the books, by id or name."""

    to: str

    def read(self, cell: Cell, context: Context) -> str:
        """Its id."""
        names = context.names[self.to]
        key = names.key_of(text_of(cell))
        if key is None:
            raise UnreadableError(Said(_("one that is known: {words}"), words=names.shown or "—"))
        return key

    def write(self, value: str, context: Context, language: str) -> Cell:
        """Its name where that is unique, otherwise its id."""
        return context.names[self.to].word(value, language)


@dataclass(frozen=True, slots=True)
class YesNo:
    """Yes or no."""

    def read(self, cell: Cell, context: Context) -> bool:
        """Whether it says yes."""
        said = plain(text_of(cell))
        if said in _YES or said in _NO:
            return said in _YES
        raise UnreadableError(Said(_("yes or no")))

    def write(self, value: bool, context: Context, language: str) -> Cell:
        """The word."""
        return (("否", "是") if language == "zh" else ("no", "yes"))[value]


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds, both included."""

    low: float
    high: float
    whole: bool = False

    def read(self, cell: Cell, context: Context) -> float:
        """The number."""
        value = math.nan if isinstance(cell, bool) else _number(text_of(cell))
        if self.low <= value <= self.high and not (self.whole and value % 1):
            return int(value) if self.whole else value
        message = _("a whole number from {low} to {high}") if self.whole else _("a number from {low} to {high}")
        raise UnreadableError(Said(message, low=f"{self.low:.12g}", high=f"{self.high:.12g}"))

    def write(self, value: float, context: Context, language: str) -> Cell:
        """The number."""
        return value


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day."""

    def read(self, cell: Cell, context: Context) -> date:
        """The day; a time of day is left out."""
        moment = _moment(cell)
        if moment is None:
            raise UnreadableError(Said(_("a day such as 2026-05-04, 2026/5/4 or 2026年5月4日")))
        return moment.date()

    def write(self, value: date, context: Context, language: str) -> Cell:
        """The day."""
        return value


@dataclass(frozen=True, slots=True)
class Instant:
    """A day and time, in the site's zone where none is said; kept as milliseconds since the epoch, UTC."""

    def read(self, cell: Cell, context: Context) -> int:
        """Milliseconds since the epoch, UTC."""
        moment = _moment(cell)
        if moment is None:
            raise UnreadableError(Said(_("a time such as 2026-05-04 13:05")))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=context.zone)
        if aware.astimezone(UTC).astimezone(aware.tzinfo).replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise UnreadableError(Said(_("a time that the clock shows: it was set forward then")))
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    def write(self, value: int, context: Context, language: str) -> Cell:
        """Local time; with its offset where the clock shows that time twice."""
        there = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)).astimezone(context.zone)
        if there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset():
            return there.isoformat(" ", "milliseconds")
        return there.replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class DeterminandName:
    """What was measured."""

    def read(self, cell: Cell, context: Context) -> str:
        """Its key."""
        key = determinand_key(text_of(cell))
        if key is None:
            shown = ", ".join(DETERMINANDS[key].name for key in ("ph", "dissolved_oxygen", "ammonia_nitrogen"))
            raise UnreadableError(Said(_("a determinand such as {words}"), words=shown))
        return key

    def write(self, value: str, context: Context, language: str) -> Cell:
        """Its name."""
        known = DETERMINANDS.get(value)
        return value if known is None else known.name if language == "zh" else known.name_en


@dataclass(frozen=True, slots=True)
class AmountText:
    """What a laboratory found, as it wrote it."""

    def read(self, cell: Cell, context: Context) -> str:
        """The text, after it was understood."""
        text = text_of(cell)
        try:
            if isinstance(cell, bool) or parse_amount(text) is None:
                raise ValueError
        except ValueError:
            raise UnreadableError(Said(_("an amount such as 1.25, 0.05L, <0.05 or ND"))) from None
        return text

    def write(self, value: str, context: Context, language: str) -> Cell:
        """A number where it is one and stays as it was written, otherwise the text."""
        if _NUMBER.fullmatch(value) and text_of(float(value)) == value:
            return float(value)
        return value


def not_yet(value: Any, kind: Kind, context: Context) -> Said | None:
    """What would be accepted instead of a day or time that has not come; None where it has.

    Clocks of machines differ: a time may be `CLOCKS_MS` ahead.
    """
    if context.now_ms is None:
        return None
    now = datetime.fromtimestamp(context.now_ms / 1000, context.zone)
    if isinstance(kind, Day) and value > now.date():
        return Said(_("a day that is not in the future: {last} at the latest"), last=now.date().isoformat())
    if isinstance(kind, Instant) and value > context.now_ms + CLOCKS_MS:
        return Said(_("a time that is not in the future: {last} at the latest"), last=f"{now:%Y-%m-%d %H:%M}")
    return None


def blank(cell: Cell, kind: Kind) -> bool:
    """Whether a cell says nothing."""
    return cell is None or (isinstance(cell, str) and (not cell if isinstance(kind, Text) else cell in NOTHING))


def text_of(cell: Cell) -> str:
    """A cell as the text that a person sees: 12 and not 12.0."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    return "" if cell is None else str(cell)


def _number(text: str) -> float:
    text = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _moment(cell: Cell) -> datetime | None:
    """Day and time in any of the usual forms; None where it is none."""
    if isinstance(cell, datetime):
        return cell + timedelta(microseconds=500 - (cell.microsecond + 500) % 1000)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    text = unicodedata.normalize("NFKC", text_of(cell)).strip()
    found = _COMPACT.fullmatch(text) or _DAY.fullmatch(text) or _MOMENT.fullmatch(text)
    try:
        if found is not None:
            return _put_together(found)
        days = _number(text)
        if EXCEL_DAYS[0] <= days < EXCEL_DAYS[1] and not isinstance(cell, bool):
            return EXCEL_EPOCH + timedelta(milliseconds=round(days * 86_400_000))
    except ValueError:
        pass  # no such day or hour
    return None


def _put_together(found: re.Match[str]) -> datetime:
    year, month, day, *clock = found.groups()
    moment = datetime(int(year), int(month), int(day))
    if not clock or clock[1] is None:
        return moment
    half, hour, minute, second, half_after, zone = clock
    half = (half or half_after or "").upper()
    hours = int(hour)
    if half in {"下午", "PM"} and hours < 12:
        hours += 12
    if half in {"上午", "AM"} and hours == 12:
        hours = 0
    at = time.fromisoformat(f"{hours:02}:{int(minute or 0):02}:00")
    seconds = float(second or 0)
    if seconds >= 60:
        raise ValueError(second)
    moment = datetime.combine(moment, at) + timedelta(milliseconds=round(seconds * 1000))
    if zone:
        moment = datetime.fromisoformat(moment.isoformat() + zone.upper().replace("Z", "+00:00"))
    return moment
