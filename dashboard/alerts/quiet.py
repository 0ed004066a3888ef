"""Quiet hours: until when something that can wait does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from dashboard.alerts.kinds import rank
from dashboard.alerts.settings import TellSettings


def due_ms(settings: TellSettings, severity: str, now_ms: int, zone: tzinfo) -> int:
    """When an alert may be told: now, or when the quiet hours end [ms since the epoch, UTC].

    Parameters
    ----------
    settings : TellSettings
    severity : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    zone : tzinfo
        The site's.
    """
    begin, end = settings.quiet_from, settings.quiet_to
    if begin == end or rank(severity) >= rank(settings.quiet_passes):
        return now_ms
    local = datetime.fromtimestamp(now_ms / 1000, zone)
    clock = local.time()
    over_midnight = begin > end
    quiet = (clock >= begin or clock < end) if over_midnight else begin <= clock < end
    if not quiet:
        return now_ms
    day = local.date() + timedelta(days=1 if over_midnight and clock >= begin else 0)
    ends = datetime.combine(day, end, zone).astimezone(UTC)
    return max(now_ms, round(ends.timestamp() * 1000))
