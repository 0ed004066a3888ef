"""When a class is bad for long enough, and good again for long enough: hysteresis over valid hours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from analytics.grading import WaterClass
from dashboard.alerts.settings import RaiseSettings
from sensors.durations import HOUR_MS

#: A valid hour: its start [ms since the epoch, UTC] and the class in it.
Hour = tuple[int, WaterClass]


def alarming(water_class: WaterClass, target: WaterClass, settings: RaiseSettings) -> bool:
    """Whether a class is worse than the target, or bad whatever the target."""
    return water_class > target or water_class >= WaterClass[settings.from_class]


def level_of(
    hours: Sequence[Hour], held: WaterClass | None, target: WaterClass, settings: RaiseSettings
) -> WaterClass | None:
    """Class that the water is held to have by alerts; None where that is no alert.

    It gets worse with `class_hours` consecutive valid hours that are all at least that bad, and better with
    `class_clear_hours` that are all better. Hours without a class count neither way, and where nothing comes, what was
    held stays held.

    Parameters
    ----------
    hours : sequence of (int, WaterClass)
        Valid hours in order.
    held : WaterClass or None
        What it was held to be before.
    target : WaterClass
    settings : RaiseSettings
    """
    up = _run(hours, settings.class_hours, settings)
    if up and alarming(reached := min(up), target, settings) and (held is None or reached > held):
        return reached
    if held is None:
        return None
    down = _run(hours, settings.class_clear_hours, settings)
    if down and (worst := max(down)) < held:
        return worst if alarming(worst, target, settings) else None
    return held if alarming(held, target, settings) else None


def _run(hours: Sequence[Hour], count: int, settings: RaiseSettings) -> list[WaterClass]:
    """Classes of the newest so many hours; none where there are fewer, or where they lie too far apart."""
    newest = hours[-count:]
    if len(newest) < count:
        return []
    gap_ms = settings.class_gap_hours * HOUR_MS
    if any(later[0] - earlier[0] > gap_ms for earlier, later in pairwise(newest)):
        return []
    return [water_class for _, water_class in newest]
