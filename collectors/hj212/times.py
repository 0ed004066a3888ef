"""Local time as HJ 212 writes it, and the periods of a local calendar.

``DataTime`` of minute, hour and day data is the start of the period; that of real-time data the moment of acquisition.
Nothing on the wire names a time zone: it is that of the site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collectors.hj212.codes import Command
from collectors.hj212.segment import Hj212Error
from sensors.durations import HOUR_MS, MINUTE_MS

_TIME = re.compile(r"[0-9]{14}(?:[0-9]{3})?")


class LocalTime:
    """Clock and calendar of a site.

    Parameters
    ----------
    timezone : str
        Key of the zone, e.g. ``Asia/Shanghai``.
    minute_ms : int
        Length of the period of minute data [ms].
    """

    def __init__(self, timezone: str, minute_ms: int = 10 * MINUTE_MS) -> None:
        self._zone = ZoneInfo(timezone)
        self._steps = {Command.MINUTE: minute_ms, Command.HOUR: HOUR_MS}

    def at(self, time_ms: int) -> datetime:
        """Local time of an instant [ms since the epoch, UTC]."""
        return datetime.fromtimestamp(time_ms // 1000, self._zone) + timedelta(milliseconds=time_ms % 1000)

    def text(self, time_ms: int) -> str:
        """Instant [ms since the epoch, UTC] as ``YYYYMMDDhhmmss``."""
        return f"{self.at(time_ms):%Y%m%d%H%M%S}"

    def qn(self, time_ms: int) -> str:
        """Instant [ms since the epoch, UTC] as ``YYYYMMDDhhmmsszzz``."""
        return f"{self.text(time_ms)}{time_ms % 1000:03d}"

    def parse(self, text: str) -> int:
        """Local time with or without milliseconds as an instant [ms since the epoch, UTC].

        A local time that comes twice, where clocks are put back, is taken for the first of both.

        Raises
        ------
        Hj212Error
            If it is none.
        """
        try:
            if not _TIME.fullmatch(text):
                raise ValueError("accepted: YYYYMMDDhhmmss")
            month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
            moment = datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=self._zone)
            return round(moment.timestamp()) * 1000 + int(text[14:] or 0)
        except (ValueError, OverflowError) as error:
            raise Hj212Error("time", f"found {text!r:.40}; {error}") from None

    def start(self, cn: int, time_ms: int) -> int:
        """Start of the period of minute, hour or day data that holds an instant; of real-time data the instant."""
        step_ms = self._steps.get(Command(cn))
        if step_ms:
            shift_ms = round((self.at(time_ms).utcoffset() or timedelta()) / timedelta(milliseconds=1))
            return (time_ms + shift_ms) // step_ms * step_ms - shift_ms
        return self._midnight(time_ms, 0) if cn == Command.DAY else time_ms

    def after(self, cn: int, start_ms: int) -> int:
        """Start of the period behind the one that begins at `start_ms`; of real-time data the next millisecond."""
        step_ms = self._steps.get(Command(cn))
        if step_ms:
            return start_ms + step_ms
        return self._midnight(start_ms, 1) if cn == Command.DAY else start_ms + 1

    def starts(self, cn: int, start_ms: int, end_ms: int) -> Iterator[int]:
        """Starts of periods, from `start_ms` (inclusive) to `end_ms` (exclusive)."""
        at_ms = self.start(cn, start_ms)
        while at_ms < end_ms:
            if at_ms >= start_ms:
                yield at_ms
            at_ms = self.after(cn, at_ms)

    def _midnight(self, time_ms: int, days: int) -> int:
        day = self.at(time_ms).date() + timedelta(days=days)
        return round(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()) * 1000
