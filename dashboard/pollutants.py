"""Main pollutants of a river from its stored judgements: the judge's own, or those of its sections together."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.evaluation import StationGrade
from analytics.grading import Grade, WaterClass
from analytics.pollutants import MainPollutant, river_pollutants
from collectors.stores.base import Assessment
from dashboard.classes import Condition, worse
from sensors.place import Station


def main_pollutants(
    river: Assessment, sections: Iterable[tuple[Station, Assessment | None]]
) -> tuple[MainPollutant, ...]:
    """Main pollutants of a river that is worse than class III; none of one that is not.

    Parameters
    ----------
    river : Assessment
    sections : iterable of (Station, Assessment or None)
        Judgements of its stations; those of another hour than the river's do not count.

    Notes
    -----
    Of a river without a class the judge stores none: they follow from its sections (`river_pollutants`).
    """
    shade = Condition.of(river).shade
    if shade is None or not worse(shade, "III"):
        return ()
    if river.detail.get("method") == "ratio":
        return river_pollutants([_graded(s, row) for s, row in sections if row and row.time_ms == river.time_ms])
    classes, multiples = river.detail.get("classes") or {}, river.detail.get("exceedance") or {}
    return tuple(
        MainPollutant(key, WaterClass[classes[key]], multiples.get(key))
        for key in river.detail.get("main_pollutants") or ()
    )


def _graded(station: Station, row: Assessment) -> StationGrade:
    """A station's judgement as it was before it was stored, as far as pollutants go."""
    grade = Grade(
        water_class=WaterClass[row.water_class] if row.water_class else None,
        partial=row.partial,
        missing=tuple(row.detail.get("missing") or ()),
        deciding=row.deciding,
        classes={key: WaterClass[name] for key, name in (row.detail.get("classes") or {}).items()},
        exceedances=row.detail.get("exceedance") or {},
    )
    return StationGrade(station.id, station.water_body, row.time_ms, row.time_ms, grade, row.provisional, 0, {})
