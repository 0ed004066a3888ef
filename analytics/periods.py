"""Calendar periods (评价时段) in the time zone of the rivers: four hours, day, month, quarter, year.

A month is what the office's calendar says, not thirty times 24 h UTC. Instants stay milliseconds since the epoch, UTC;
only where a period begins and ends is local. Four-hour periods begin at 0, 4, 8, 12, 16 and 20 o'clock, the hours at
which the national stations report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal

#: Kinds of calendar period, short to long; each begins and ends where some of the kinds before it do.
PeriodKind = Literal["4h", "day", "month", "quarter", "year"]
PERIOD_KINDS: tuple[PeriodKind, ...] = ("4h", "day", "month", "quarter", "year")

_HOURS = 4
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """One calendar period.

    Attributes
    ----------
    kind : {'4h', 'day', 'month', 'quarter', 'year'}
    start_ms, end_ms : int
        Start inclusive, end exclusive, milliseconds since the epoch, UTC.
    zone : tzinfo
        Whose calendar it is.
    """

    kind: PeriodKind
    start_ms: int
    end_ms: int
    zone: tzinfo

    @classmethod
    def at(cls, kind: PeriodKind, time_ms: int, zone: tzinfo) -> Period:
        """Period of a kind in which an instant lies.

        Examples
        --------
        >>> from datetime import timedelta, timezone
        >>> Period.at("month", 1_777_564_800_000, timezone(timedelta(hours=8))).label  # 2026-05-01T00:00+08:00
        '2026-05'
        """
        return _from(kind, _floor(kind, _local(time_ms, zone)), zone)

    @property
    def label(self) -> str:
        """Name by its local start, as in 2026, 2026-Q2, 2026-04, 2026-04-01, 2026-04-01T08."""
        start = _local(self.start_ms, self.zone)
        if self.kind == "quarter":
            return f"{start.year}-Q{(start.month + 2) // 3}"
        forms = {"4h": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
        return f"{start:{forms[self.kind]}}"

    def previous(self) -> Period:
        """The period before it (环比)."""
        return Period.at(self.kind, self.start_ms - 1, self.zone)

    def year_before(self) -> Period:
        """The same period of the year before (同比); that of 29 February is 28 February."""
        start = _local(self.start_ms, self.zone)
        leap_day = (start.month, start.day) == (2, 29)
        return _from(self.kind, start.replace(year=start.year - 1, day=28 if leap_day else start.day), self.zone)

    def parts(self, kind: PeriodKind) -> tuple[Period, ...]:
        """Periods of a shorter kind (or the same) that make it up, in order.

        Raises
        ------
        ValueError
            If the kind is longer.
        """
        if PERIOD_KINDS.index(kind) > PERIOD_KINDS.index(self.kind):
            raise ValueError(f"a {self.kind} has no parts of a {kind}")
        edges = period_edges(kind, self.start_ms, self.end_ms, self.zone)
        return tuple(Period(kind, edges[i], edges[i + 1], self.zone) for i in range(len(edges) - 1))


@lru_cache(maxsize=256)
def period_edges(kind: PeriodKind, start_ms: int, end_ms: int, zone: tzinfo) -> tuple[int, ...]:
    """Where the periods of a kind begin that cover a span, and where the last of them ends.

    Parameters
    ----------
    kind : {'4h', 'day', 'month', 'quarter', 'year'}
    start_ms, end_ms : int
        Span, start inclusive, end exclusive, milliseconds since the epoch, UTC.
    zone : tzinfo

    Returns
    -------
    tuple of int, (n + 1,)
        Rising, milliseconds since the epoch, UTC; the first at or before `start_ms`, the last at or after `end_ms`.

    Raises
    ------
    ValueError
        If the span is empty.
    """
    if end_ms <= start_ms:
        raise ValueError(f"an empty span, {start_ms} to {end_ms}")
    local = _floor(kind, _local(start_ms, zone))
    edges = [_to_ms(local, zone)]
    while edges[-1] < end_ms:
        local = _next(kind, local)
        edges.append(_to_ms(local, zone))
    return tuple(edges)


def _local(time_ms: int, zone: tzinfo) -> datetime:
    """Clock on the wall, without its zone."""
    return datetime.fromtimestamp(time_ms // 1000, zone).replace(tzinfo=None)


def _to_ms(local: datetime, zone: tzinfo) -> int:
    return round(local.replace(tzinfo=zone).timestamp()) * 1000


def _from(kind: PeriodKind, local: datetime, zone: tzinfo) -> Period:
    return Period(kind, _to_ms(local, zone), _to_ms(_next(kind, local), zone), zone)


def _floor(kind: PeriodKind, local: datetime) -> datetime:
    if kind == "4h":
        return local.replace(hour=local.hour // _HOURS * _HOURS, minute=0, second=0)
    midnight = local.replace(hour=0, minute=0, second=0)
    if kind == "day":
        return midnight
    months = _MONTHS[kind]
    return midnight.replace(month=(local.month - 1) // months * months + 1, day=1)


def _next(kind: PeriodKind, local: datetime) -> datetime:
    if kind == "4h":
        return local + timedelta(hours=_HOURS)
    if kind == "day":
        return local + timedelta(days=1)
    years, month = divmod(local.month - 1 + _MONTHS[kind], 12)
    return local.replace(year=local.year + years, month=month + 1)
