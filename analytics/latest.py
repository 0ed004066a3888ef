"""The newest readings of a station, graded: what the water is like now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analytics.grading import Grade, WaterClass, grade
from analytics.window import usable
from sensors.place import WaterBody
from sensors.reading import Quality, Reading, StationState


@dataclass(frozen=True, slots=True)
class LatestGrade:
    """Class by the newest readings of a station.

    Attributes
    ----------
    time_ms : int
        Their instant, milliseconds since the epoch, UTC.
    state : StationState
        What the station was doing; in another state than normal nothing grades, and the state is to be shown.
    values : mapping of str to float
        What was usable, by determinand [unit of the determinand].
    grade : Grade
    provisional : bool
        True where suspect readings took part in a determinand that grades.
    without_suspect : Grade
        Class by those that are not suspect.
    """

    time_ms: int
    state: StationState
    values: Mapping[str, float]
    grade: Grade
    provisional: bool
    without_suspect: Grade


def evaluate_latest(
    readings: Iterable[Reading], water_body: WaterBody, *, target: WaterClass | None = None
) -> LatestGrade | None:
    """Grade the newest instant of one station.

    Parameters
    ----------
    readings : iterable of Reading
        Of one station; only the newest instant counts: a value of an hour ago says nothing about now.
    water_body : {'river', 'lake'}
    target : WaterClass, optional
        Class the water must reach.

    Returns
    -------
    LatestGrade or None
        None without readings.
    """
    held = list(readings)
    if not held:
        return None
    time_ms = max(reading.time_ms for reading in held)
    newest = [reading for reading in held if reading.time_ms == time_ms]
    taken = [reading for reading in newest if usable(reading)]
    values = {reading.determinand: reading.value for reading in taken if reading.value is not None}
    suspect = {reading.determinand for reading in taken if reading.quality is Quality.SUSPECT}
    graded = grade(values, water_body, target=target)
    sound = {key: value for key, value in values.items() if key not in suspect}
    return LatestGrade(
        time_ms=time_ms,
        state=newest[0].state,
        values=values,
        grade=graded,
        provisional=not suspect.isdisjoint(graded.classes),
        without_suspect=grade(sound, water_body, target=target),
    )
