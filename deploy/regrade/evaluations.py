"""The table of evaluations of a regraded history: one row for each station or river and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from analytics.below_detection import Amount
from analytics.descriptors import descriptor_of
from analytics.evaluation import RiverGrade
from analytics.grading import Grade, WaterClass
from deploy.regrade.arrow import table_of
from sensors.place import WaterBody


@dataclass(frozen=True, slots=True)
class Section:
    """One station over one period: an `analytics.evaluation.GradedSection`; see there."""

    station: str
    water_body: WaterBody
    grade: Grade
    provisional: bool
    amounts: Mapping[str, Amount]
    hours_used: int
    hours_in_window: int

    @property
    def water_class(self) -> WaterClass | None:
        """Class over the period; None where nothing that grades had enough."""
        return self.grade.water_class


class EvaluationRows:
    """Rows of the table of evaluations.

    ``scope`` (station, river), ``subject``, ``period`` (day, month), ``start`` and ``end`` (UTC), ``water_class``,
    ``target_class`` and whether it is ``attained``, ``partial``, ``provisional``, ``without_suspect`` (the class
    without suspect readings), ``deciding`` and ``over_target`` (determinands, joined by semicolons), ``descriptor``
    (key of `analytics.descriptors.DESCRIPTORS`), ``method`` and ``sections`` that count (rivers), ``hours`` that were
    used, ``hours_in_period``.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add_station(
        self, section: Section, sound: Section, kind: str, start_ms: int, end_ms: int, target: WaterClass
    ) -> None:
        """Add a station over a period; `sound` is the same without suspect readings."""
        water_class = section.water_class
        self._rows.append(
            {
                **_common("station", section.station, kind, start_ms, end_ms, section.grade, water_class, target),
                "attained": section.grade.attained,
                "partial": section.grade.partial,
                "provisional": section.provisional,
                "without_suspect": _name(sound.water_class),
                "descriptor": None if water_class is None else descriptor_of(water_class).key,
                "hours": section.hours_used,
                "hours_in_period": section.hours_in_window,
            }
        )

    def add_river(self, river: RiverGrade, sound: RiverGrade, kind: str, start_ms: int, end_ms: int) -> None:
        """Add a river over a period; `sound` is the same without suspect readings."""
        target = river.target or WaterClass.V
        self._rows.append(
            {
                **_common("river", river.river, kind, start_ms, end_ms, river.grade, river.water_class, target),
                "attained": river.attained,
                "partial": river.partial,
                "provisional": river.provisional,
                "without_suspect": _name(sound.water_class),
                "descriptor": river.descriptor.key if river.descriptor else None,
                "method": river.method,
                "sections": len(river.classes),
                "hours": max(river.hours_used.values(), default=0),
                "hours_in_period": river.hours_in_window,
            }
        )

    def table(self) -> pa.Table:
        """All rows, in the order in which they came."""
        return table_of(self._rows, _SCHEMA)


_SCHEMA = pa.schema(
    [
        ("scope", pa.string()), ("subject", pa.string()), ("period", pa.string()),
        ("start", pa.timestamp("us", "UTC")), ("end", pa.timestamp("us", "UTC")),
        ("water_class", pa.string()), ("target_class", pa.string()), ("attained", pa.bool_()),
        ("partial", pa.bool_()), ("provisional", pa.bool_()), ("without_suspect", pa.string()),
        ("deciding", pa.string()), ("over_target", pa.string()), ("descriptor", pa.string()),
        ("method", pa.string()), ("sections", pa.int32()), ("hours", pa.int32()), ("hours_in_period", pa.int32()),
    ]
)  # fmt: skip


def _common(
    scope: str, subject: str, kind: str, start_ms: int, end_ms: int,
    graded: Grade | None, water_class: WaterClass | None, target: WaterClass,
) -> dict[str, Any]:  # fmt: skip
    return {
        "scope": scope,
        "subject": subject,
        "period": kind,
        "start": start_ms * 1000,
        "end": end_ms * 1000,
        "water_class": _name(water_class),
        "target_class": target.name,
        "deciding": ";".join(graded.deciding) or None if graded else None,
        "over_target": ";".join(graded.over_target) or None if graded else None,
    }


def _name(water_class: WaterClass | None) -> str | None:
    return None if water_class is None else water_class.name
