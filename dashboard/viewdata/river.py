"""A river's stations side by side, as plain data: what each measures now, and over the window that was graded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.stores.base import Assessment, ReadingStore
from dashboard.board import RiverToday, StationToday
from sensors.determinand import DETERMINANDS
from sensors.durations import HOUR_MS
from sensors.reading import USABLE_QUALITIES, StationState


@dataclass(frozen=True, slots=True)
class ValueNow:
    """One determinand at one station.

    Attributes
    ----------
    mean : float or None
        Over the valid hours of the window, as it was graded [unit of the determinand].
    water_class : str or None
        Class by this determinand alone.
    low, high : float or None
        Least and greatest usable reading of the window.
    newest : float or None
        Newest reading; None where it has no usable value.
    newest_ms : int or None
        Of the newest reading, milliseconds since the epoch, UTC.
    """

    mean: float | None
    water_class: str | None
    low: float | None
    high: float | None
    newest: float | None
    newest_ms: int | None


@dataclass(frozen=True, slots=True)
class Section:
    """One station of a river.

    Attributes
    ----------
    now : StationToday
    hours : int
        Valid hours of the window.
    deciding : tuple of str
    values : mapping of str to ValueNow
        By determinand, those that were ever measured, in the order in which people expect them.
    """

    now: StationToday
    hours: int
    deciding: tuple[str, ...]
    values: Mapping[str, ValueNow]


def sections(store: ReadingStore, one: RiverToday, now_ms: int) -> tuple[Section, ...]:
    """Stations of a river with their values.

    Parameters
    ----------
    store : ReadingStore
    one : RiverToday
    now_ms : int
        Milliseconds since the epoch, UTC.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    names = [station.station.id for station in one.stations]
    judged = {row.subject: row for row in store.assessments("station", "window") if row.subject in set(names)}
    latest = store.latest()
    newest: dict[tuple[str, str], tuple[int, float | None]] = {}
    columns = zip(
        latest.station, latest.determinand, latest.time_ms, latest.value, latest.quality, latest.state, strict=True
    )
    for station, key, time_ms, value, quality, state in columns:
        usable = quality in USABLE_QUALITIES and state == StationState.NORMAL
        newest[station, key] = (time_ms, value if usable else None)
    keys = sorted({key for station in one.stations for key in station.measured})
    end_ms = now_ms // HOUR_MS * HOUR_MS + HOUR_MS
    start_ms = end_ms - one.window_hours * HOUR_MS
    spread: dict[tuple[str, str], tuple[float, float]] = {}
    for row in store.summary(names, keys, start_ms, end_ms, HOUR_MS):
        low, high = spread.get((row.station, row.determinand), (row.minimum, row.maximum))
        spread[row.station, row.determinand] = (min(low, row.minimum), max(high, row.maximum))
    return tuple(_section(station, judged.get(station.station.id), newest, spread) for station in one.stations)


def _section(
    now: StationToday,
    judged: Assessment | None,
    newest: Mapping[tuple[str, str], tuple[int, float | None]],
    spread: Mapping[tuple[str, str], tuple[float, float]],
) -> Section:
    name = now.station.id
    means: Mapping[str, float] = judged.detail.get("means", {}) if judged else {}
    classes: Mapping[str, str] = judged.detail.get("classes", {}) if judged else {}
    values = {}
    for key in DETERMINANDS:
        if key not in now.measured and key not in means:
            continue
        time_ms, value = newest.get((name, key), (None, None))
        low, high = spread.get((name, key), (None, None))
        values[key] = ValueNow(means.get(key), classes.get(key), low, high, value, time_ms)
    return Section(now, judged.detail.get("hours", 0) if judged else 0, judged.deciding if judged else (), values)
