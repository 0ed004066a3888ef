"""What each river was before: how it was judged a day ago, and since when it has been as bad as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors.stores.base import Judged, ReadingStore
from dashboard.classes import Condition, worse
from sensors.durations import HOUR_MS
from sensors.site import Site

#: How far back the beginning of a bad spell is looked for [days]; longer ones are shown as "at least".
LOOK_BACK_DAYS = 7

#: How far from 24 h ago the judgement called "yesterday's" may lie, in the past [h].
YESTERDAY_TOLERANCE_HOURS = 6


@dataclass(frozen=True, slots=True)
class Course:
    """What a river was before.

    Attributes
    ----------
    previous : Condition
        What it was 24 h ago; empty where it was not judged then.
    since_ms : int or None
        Start of the unbroken run of judgements that are as bad as the newest, or worse; hours that could not be
        graded are not an improvement. Milliseconds since the epoch, UTC.
    at_least : bool
        Whether the run reaches back to the first judgement that was looked at: it may have begun earlier.
    """

    previous: Condition
    since_ms: int | None
    at_least: bool


def courses(store: ReadingStore, site: Site, now_ms: int) -> dict[str, Course]:
    """Course of every river that was judged in the last `LOOK_BACK_DAYS`.

    Reads hourly history, so callers keep the answer for minutes: it changes when an hour does.

    Parameters
    ----------
    store : ReadingStore
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    start_ms = now_ms - LOOK_BACK_DAYS * 24 * HOUR_MS
    judged = store.conditions("river", list(site.rivers), "window", start_ms, now_ms + 1)
    return {river: _course(rows, now_ms) for river, rows in judged.items()}


def _course(rows: Sequence[Judged], now_ms: int) -> Course:
    latest = _condition(rows[-1]).shade
    if latest is None:
        return Course(_yesterday(rows, now_ms), None, False)
    since_ms, at_least = rows[-1].time_ms, True
    for row in reversed(rows):
        shade = _condition(row).shade
        if shade is None:
            continue
        if worse(latest, shade):
            at_least = False
            break
        since_ms = row.time_ms
    return Course(_yesterday(rows, now_ms), since_ms, at_least)


def _yesterday(rows: Sequence[Judged], now_ms: int) -> Condition:
    end_ms = now_ms - 24 * HOUR_MS
    start_ms = end_ms - YESTERDAY_TOLERANCE_HOURS * HOUR_MS
    for row in reversed(rows):
        if start_ms < row.time_ms <= end_ms:
            return _condition(row)
    return Condition()


def _condition(row: Judged) -> Condition:
    return Condition(row.water_class, row.descriptor)
