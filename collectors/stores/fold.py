"""Windows that are put together from readings and from other windows; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from collectors.stores.base import DAY_OFFSET_MS, MEAN_DECIMALS, Summary, SummaryRow
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import USABLE_QUALITIES, Quality, StationState


@dataclass(slots=True)
class Figures:
    """What is known of one window of one series, usable readings only.

    Attributes
    ----------
    minimum, maximum : float
        In the determinand's unit.
    sure_total, suspect_total : float
        Sums, in the determinand's unit.
    sure_count, suspect_count : int
    """

    minimum: float = inf
    maximum: float = -inf
    sure_total: float = 0.0
    sure_count: int = 0
    suspect_total: float = 0.0
    suspect_count: int = 0

    def add(self, value: float, *, suspect: bool) -> None:
        """Take one reading in."""
        self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
        if suspect:
            self.suspect_total += value
            self.suspect_count += 1
        else:
            self.sure_total += value
            self.sure_count += 1

    def merge(self, other: Figures) -> None:
        """Take another window in."""
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        self.sure_total += other.sure_total
        self.sure_count += other.sure_count
        self.suspect_total += other.suspect_total
        self.suspect_count += other.suspect_count

    @property
    def count(self) -> int:
        """Usable readings."""
        return self.sure_count + self.suspect_count

    def row(self, station: str, determinand: str, start_ms: int) -> SummaryRow:
        """The window as a row."""
        mean = self._mean(self.sure_total + self.suspect_total, self.count)
        certain = self._mean(self.sure_total, self.sure_count) if self.sure_count else None
        return SummaryRow(
            station, determinand, start_ms, self.minimum, self.maximum, mean, self.count, self.suspect_count, certain,
            self.sure_count,
        )  # fmt: skip

    def _mean(self, total: float, count: int) -> float:
        # Clamped as well: the mean of equal readings is that reading, to the last bit.
        return min(max(round(total / count, MEAN_DECIMALS), self.minimum), self.maximum)


#: Windows by (station, determinand, start in ms since the epoch, UTC).
Windows = dict[tuple[str, str, int], Figures]


def add_reading(windows: Windows, key: tuple[str, str, int], value: float | None, quality: int, state: str) -> None:
    """Take a reading into its window, where it is usable."""
    if value is not None and quality in USABLE_QUALITIES and state == StationState.NORMAL:
        windows.setdefault(key, Figures()).add(value, suspect=quality == Quality.SUSPECT)


def add_window(windows: Windows, key: tuple[str, str, int], figures: Figures) -> None:
    """Take a window into a wider one."""
    windows.setdefault(key, Figures()).merge(figures)


def as_summary(windows: Windows) -> Summary:
    """Windows in order."""
    summary = Summary()
    for (station, determinand, start_ms), figures in sorted(windows.items(), key=lambda item: item[0]):
        if figures.count:
            summary.append(figures.row(station, determinand, start_ms))
    return summary


Span = tuple[int, int]


def day_of(time_ms: int) -> int:
    """Start of the day of a time [ms since the epoch, UTC]."""
    return time_ms - (time_ms + DAY_OFFSET_MS) % DAY_MS


def hours_of(span: Span) -> Span:
    """Start of the first and end of the last hour of a span [ms since the epoch, UTC], whose end belongs to it."""
    return span[0] - span[0] % HOUR_MS, span[1] - span[1] % HOUR_MS + HOUR_MS


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans (end exclusive) in order, put together where they touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif start < end:
            found.append((start, end))
    return found


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a span, and what it is answered from.

    Attributes
    ----------
    level : str
        ``reading``, ``hour`` or ``day``.
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC; end exclusive.
    """

    level: str
    start_ms: int
    end_ms: int


def pieces(start_ms: int, end_ms: int, step_ms: int, settled_ms: int, pending: Iterable[Span]) -> tuple[Piece, ...]:
    """Cut a span so that each part comes from the coarsest roll-up that is right there.

    Parameters
    ----------
    start_ms, end_ms, step_ms : int
        As in `collectors.stores.base.ReadingStore.summary`.
    settled_ms : int
        Time up to which hours, and days, are rolled up; a whole hour [ms since the epoch, UTC].
    pending : iterable of (int, int)
        Whole hours that have changed since.
    """
    if start_ms % HOUR_MS or step_ms % HOUR_MS:
        return (Piece("reading", start_ms, end_ms),) if start_ms < end_ms else ()
    limit_ms = max(start_ms, min(settled_ms, end_ms - end_ms % HOUR_MS))
    daily = start_ms == day_of(start_ms) and step_ms % DAY_MS == 0
    found: list[Piece] = []
    at_ms = start_ms
    for low, high in union((max(low, start_ms), min(high, limit_ms)) for low, high in pending):
        found += [*_settled(at_ms, low, daily), Piece("reading", low, high)]
        at_ms = high
    found += [*_settled(at_ms, limit_ms, daily), Piece("reading", limit_ms, end_ms)]
    return tuple(piece for piece in found if piece.start_ms < piece.end_ms)


def _settled(start_ms: int, end_ms: int, daily: bool) -> list[Piece]:
    first_ms, last_ms = day_of(start_ms + DAY_MS - 1), day_of(end_ms)
    if not daily or first_ms >= last_ms:
        return [Piece("hour", start_ms, end_ms)]
    return [Piece("hour", start_ms, first_ms), Piece("day", first_ms, last_ms), Piece("hour", last_ms, end_ms)]
