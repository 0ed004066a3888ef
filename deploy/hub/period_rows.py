"""Evaluations of calendar periods in the form in which they are stored."""

from __future__ import annotations

from typing import cast

from analytics.evaluation import RiverGrade
from analytics.period_record import records_of
from analytics.periods import Period
from analytics.section import SectionGrade
from analytics.subdistrict import SubdistrictGrade
from collectors.stores.base import Assessment, Basis
from collectors.stores.detail import CertainClass, Detail
from deploy.hub.judge_rows import name_of, river_detail, why


def station_row(section: SectionGrade, certain: SectionGrade, *, running: bool) -> Assessment:
    """A station over a period; `certain` is the same without suspect readings."""
    detail: Detail = {
        **_span(section.period, running),
        "hours": section.hours_used,
        "window_hours": section.hours_in_window,
        "values": dict(records_of(section.values)),
        "source": section.source,
        "states": {str(state): hours for state, hours in section.states.items()},
        "descriptor": section.descriptor.key if section.descriptor else None,
        "attained": section.grade.attained,
        **why(section.grade),
    }
    if section.values != certain.values:
        detail["certain"] = {
            "water_class": name_of(certain.water_class),
            "partial": certain.grade.partial,
            "deciding": list(certain.grade.deciding),
            "values": dict(records_of(certain.values)),
        }
    return Assessment(
        "station",
        section.station,
        _basis(section.period),
        section.period.start_ms,
        name_of(section.water_class),
        section.grade.partial,
        section.provisional,
        section.grade.deciding,
        detail,
    )


def river_row(river: RiverGrade, certain: RiverGrade, period: Period, *, running: bool) -> Assessment:
    """A river over a period; `certain` is the same without suspect readings."""
    detail: Detail = {**_span(period, running), **river_detail(river), **_without(river, certain)}
    return _row("river", river.river, river, period, detail)


def subdistrict_row(
    site: str, whole: SubdistrictGrade, certain: SubdistrictGrade, period: Period, *, running: bool
) -> Assessment:
    """All waters of a site over a period; `certain` is the same without suspect readings."""
    detail: Detail = {
        **_span(period, running),
        **river_detail(whole.overall),
        **_without(whole.overall, certain.overall),
        "section_classes": {each.name: count for each, count in whole.sections.items()},
        "river_classes": {each.name: count for each, count in whole.rivers.items()},
        "river_states": dict(whole.river_states),
        "attaining": list(whole.attaining),
        "failing": list(whole.failing),
        "open": list(whole.open_rivers),
        "fair_share": whole.fair_share,
        "inferior_share": whole.inferior_share,
        "attaining_share": whole.attaining_share,
    }
    return _row("subdistrict", site, whole.overall, period, detail)


def _row(scope: str, subject: str, river: RiverGrade, period: Period, detail: Detail) -> Assessment:
    return Assessment(
        "river" if scope == "river" else "subdistrict",
        subject,
        _basis(period),
        period.start_ms,
        name_of(river.water_class),
        river.partial,
        river.provisional,
        river.deciding,
        detail,
    )


def _span(period: Period, running: bool) -> Detail:
    return {"period": period.label, "end_ms": period.end_ms, "running": running}


def _without(river: RiverGrade, certain: RiverGrade) -> Detail:
    """The state without suspect readings, where they took part."""
    if not river.provisional:
        return {}
    found: CertainClass = {
        "water_class": name_of(certain.water_class),
        "descriptor": certain.descriptor.key if certain.descriptor else None,
        "partial": certain.partial,
        "deciding": list(certain.deciding),
    }
    return {"certain": found}


def _basis(period: Period) -> Basis:
    return cast(Basis, period.kind)
