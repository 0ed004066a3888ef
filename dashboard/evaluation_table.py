"""An evaluated period as lines of a table: each river or section with class, target, reason and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.comparison import Change
from analytics.evaluation import GradedSection, RiverGrade
from analytics.pollutants import MainPollutant, section_pollutants
from analytics.section import SectionGrade
from dashboard.classes import Condition
from dashboard.evaluations import PeriodReport
from dashboard.wording import NOTHING, Wording
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Line:
    """One river or section of a period; every field as it is shown.

    Attributes
    ----------
    river : str
        Id of the river that it is, or is of.
    name, state, target, attained, reason, certain, on_previous, on_year, source, hours : str
    partial, provisional : bool
    shade : str or None
        Class as which it is ordered.
    """

    river: str
    name: str
    state: str
    target: str
    attained: str
    reason: str
    certain: str
    on_previous: str
    on_year: str
    source: str
    hours: str
    partial: bool
    provisional: bool
    shade: str | None


def river_lines(report: PeriodReport, site: Site, w: Wording) -> list[Line]:
    """Rivers of the period, worst first."""
    whole, certain = report.evaluation.with_suspect, report.evaluation.without_suspect
    lines = []
    for name, river in site.rivers.items():
        graded = whole.rivers[name]
        sections = [whole.sections[s.id] for s in site.stations_of(name) if s.id in whole.sections]
        lines.append(
            Line(
                name,
                w.place(river),
                w.state_of(_condition(graded)),
                w.short_class(river.target_class),
                yes_no(graded.attained, w),
                _reason(graded.grade.deciding if graded.grade else (), _pollutants(graded, sections), w),
                w.state_of(_condition(certain.rivers[name])) if graded.provisional else "",
                _change(report.on_previous.rivers.get(name) if report.on_previous else None, w),
                _change(report.on_year.rivers.get(name) if report.on_year else None, w),
                _source([section.source for section in sections], w),
                _hours(sections),
                graded.partial,
                graded.provisional,
                _condition(graded).shade,
            )
        )
    return _worst_first(lines)


def section_lines(report: PeriodReport, site: Site, w: Wording) -> list[Line]:
    """Sections of the period, worst first."""
    whole, certain = report.evaluation.with_suspect, report.evaluation.without_suspect
    lines = []
    for name, section in whole.sections.items():
        station = site.stations[name]
        river = site.rivers[station.river]
        shade = section.water_class.name if section.water_class else None
        sure = certain.sections[name].water_class
        lines.append(
            Line(
                river.id,
                f"{w.place(river)} · {w.place(station)}",
                w.water_class(shade),
                w.short_class(river.target_class),
                yes_no(section.grade.attained, w),
                _reason(section.grade.deciding, section_pollutants(section.grade), w),
                w.water_class(sure.name if sure else None) if section.provisional else "",
                _change(report.on_previous.sections.get(name) if report.on_previous else None, w),
                _change(report.on_year.sections.get(name) if report.on_year else None, w),
                _source([section.source], w),
                _hours([section]),
                section.grade.partial,
                section.provisional,
                shade,
            )
        )
    return _worst_first(lines)


def yes_no(told: bool | None, w: Wording) -> str:
    """Yes, no, or nothing where it cannot be said."""
    _ = w._
    return NOTHING if told is None else _("yes") if told else _("no")


def _condition(river: RiverGrade) -> Condition:
    return Condition(
        river.water_class.name if river.water_class else None, river.descriptor.key if river.descriptor else None
    )


def _pollutants(river: RiverGrade, sections: Sequence[GradedSection]) -> Sequence[MainPollutant]:
    if river.grade is not None:
        return section_pollutants(river.grade)
    worst: dict[str, MainPollutant] = {}
    for section in sections:
        for one in section_pollutants(section.grade):
            held = worst.get(one.determinand)
            if held is None or (one.multiple or 0) > (held.multiple or 0):
                worst[one.determinand] = one
    return list(worst.values())[:3]


def _reason(deciding: Sequence[str], pollutants: Sequence[MainPollutant], w: Wording) -> str:
    if pollutants:
        told = [
            w.determinand(one.determinand) + (f"({one.multiple:.1f})" if one.multiple else "") for one in pollutants
        ]
        return w.join(told)
    return w.names(deciding)


def _change(change: Change | None, w: Wording) -> str:
    if change is None:
        return NOTHING
    return change.text(english=not w.chinese) + ("" if change.comparable else " *")


def _source(sources: Sequence[str | None], w: Wording) -> str:
    _ = w._
    words: Mapping[str, str] = {"probe": _("probe"), "laboratory": _("laboratory"), "both": _("probe and laboratory")}
    found = {source for source in sources if source}
    return NOTHING if not found else words[found.pop() if len(found) == 1 else "both"]


def _hours(sections: Sequence[SectionGrade]) -> str:
    used = sum(section.hours_used for section in sections)
    total = sum(section.hours_in_window for section in sections)
    return f"{100 * used / total:.0f} %" if total else NOTHING


def _worst_first(lines: list[Line]) -> list[Line]:
    order = {"INFERIOR_V": 0, "V": 1, "IV": 2, "III": 3, "II": 4, "I": 5}
    return sorted(lines, key=lambda line: order.get(line.shade or "", 6))
