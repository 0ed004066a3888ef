"""How new the data are, in words: of a station, of a river, of all; and what to say where nothing usable comes."""

from __future__ import annotations

from dashboard.board import RiverToday, StationToday, Today
from dashboard.wording import Wording


def outage(today: Today, w: Wording) -> str:
    """What to say where every river's data are old or none are usable: then it is the data that fail."""
    _ = w._
    figures = today.figures
    if not figures.ever or not all(one.stale for one in today.rivers):
        return ""
    if figures.newest_ms is not None:
        return _("No fresh data from any river; newest reading: {age}", age=w.age(figures.newest_ms, today.now_ms))
    if figures.newest_hour_ms is not None:
        instant = w.instant(figures.newest_hour_ms, today.now_ms)
        return _("No station has usable readings now; the last came in the hour from {instant}", instant=instant)
    return _("No station has had a usable reading in the last {hours} h", hours=today.window_hours)


def newest(today: Today, w: Wording) -> str:
    """Age of the newest usable reading of all; never "never" where there were readings."""
    _ = w._
    figures = today.figures
    if figures.newest_ms is None and figures.ever:
        if figures.newest_hour_ms is None:
            return _("no usable data in {hours} h", hours=today.window_hours)
        return _("no usable data; last {instant}", instant=w.instant(figures.newest_hour_ms, today.now_ms))
    return _("newest data {age}", age=w.age(figures.newest_ms, today.now_ms))


def age(one: RiverToday, today: Today, w: Wording) -> str:
    """Age of a river's newest usable reading, or why there is none."""
    if one.newest_ms is not None:
        return w.age(one.newest_ms, today.now_ms)
    if any(station.status == "maintenance" for station in one.stations):
        return w.status("maintenance")
    ever = one.hours > 0 or any(station.measured for station in one.stations)
    return w._("nothing usable") if ever else w.age(None, today.now_ms)


def station_age(station: StationToday, today: Today, w: Wording) -> str:
    """Age of a station's newest usable reading."""
    if station.newest_ms is None and station.measured:
        return w._("nothing usable")
    return w.age(station.newest_ms, today.now_ms)
