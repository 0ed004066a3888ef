"""All waters of a site over one period: sections, rivers, sub-district, with and without suspect readings.

A discharge is suspect first: without its readings a river would look best when it is worst. So a period is told twice,
and until a person has settled what is suspect, the difference between the two is the range in which the truth lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analytics.comparison import Change, ComparisonSettings, compare_rivers, compare_sections
from analytics.evaluation import RiverGrade, evaluate_river
from analytics.grading import WaterClass
from analytics.laboratory import LaboratoryResult
from analytics.period_means import HourColumns
from analytics.periods import Period
from analytics.section import SectionGrade, evaluate_section
from analytics.subdistrict import SubdistrictGrade, evaluate_subdistrict
from sensors.place import River, Station
from sensors.reading import StationState
from sensors.site_settings import PeriodSettings


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A period of all waters, with suspect readings or without them.

    Attributes
    ----------
    period : Period
    suspect : bool
        Whether suspect readings were let in.
    sections : mapping of str to SectionGrade
        By station.
    rivers : mapping of str to RiverGrade
        By river.
    subdistrict : SubdistrictGrade
    """

    period: Period
    suspect: bool
    sections: Mapping[str, SectionGrade]
    rivers: Mapping[str, RiverGrade]
    subdistrict: SubdistrictGrade


@dataclass(frozen=True, slots=True)
class PeriodEvaluation:
    """A period told twice.

    Attributes
    ----------
    with_suspect, without_suspect : Evaluation
        The same where nothing was suspect.
    """

    with_suspect: Evaluation
    without_suspect: Evaluation


@dataclass(frozen=True, slots=True)
class EvaluationChange:
    """How a period differs from an earlier one.

    Attributes
    ----------
    sections, rivers : mapping of str to Change
        Those that have a class or a state in both periods.
    subdistrict : Change or None
    """

    sections: Mapping[str, Change]
    rivers: Mapping[str, Change]
    subdistrict: Change | None


def evaluate_period(
    name: str,
    period: Period,
    rivers: Iterable[River],
    stations: Iterable[Station],
    hours: Mapping[str, Mapping[str, HourColumns]],
    results: Sequence[LaboratoryResult] = (),
    *,
    settings: PeriodSettings | None = None,
    states: Mapping[str, Mapping[StationState, int]] | None = None,
) -> PeriodEvaluation:
    """Evaluate all waters of a site over a period, with and without suspect readings.

    Parameters
    ----------
    name : str
        Of the site.
    period : Period
    rivers : iterable of River
    stations : iterable of Station
    hours : mapping of str to (mapping of str to HourColumns)
        Probe values by station and determinand, usable readings only.
    results : sequence of LaboratoryResult
    settings : PeriodSettings, optional
    states : mapping of str to (mapping of StationState to int), optional
        By station; see `analytics.window.hours_in_state`.
    """
    rivers, stations, states = list(rivers), list(stations), states or {}
    settings = settings or PeriodSettings()
    by_station: dict[str, list[LaboratoryResult]] = {}
    for result in results:
        by_station.setdefault(result.station, []).append(result)
    targets = {river.id: WaterClass[river.target_class] for river in rivers}

    def evaluate(suspect: bool) -> Evaluation:
        sections = [
            evaluate_section(
                station.id,
                station.water_body,
                period,
                hours.get(station.id, {}),
                by_station.get(station.id, ()),
                target=targets.get(station.river),
                settings=settings,
                suspect=suspect,
                states=states.get(station.id),
            )
            for station in stations
        ]
        return evaluation_of(name, period, rivers, stations, sections, suspect=suspect, settings=settings)

    return PeriodEvaluation(evaluate(True), evaluate(False))


def evaluation_of(
    name: str,
    period: Period,
    rivers: Iterable[River],
    stations: Iterable[Station],
    sections: Iterable[SectionGrade],
    *,
    suspect: bool = True,
    settings: PeriodSettings | None = None,
) -> Evaluation:
    """Rivers and sub-district of a period whose sections have been evaluated.

    Parameters
    ----------
    name : str
        Of the site.
    period : Period
    rivers : iterable of River
    stations : iterable of Station
    sections : iterable of SectionGrade
        A station without one does not count.
    suspect : bool
        Whether suspect readings were let in.
    settings : PeriodSettings, optional
    """
    share = (settings or PeriodSettings()).below_detection_share
    by_station = {section.station: section for section in sections}
    of_river: dict[str, list[SectionGrade]] = {}
    for station in stations:
        if station.id in by_station:
            of_river.setdefault(station.river, []).append(by_station[station.id])
    graded = {
        river.id: evaluate_river(
            river.id, of_river.get(river.id, []), target=WaterClass[river.target_class], mean_share=share
        )
        for river in rivers
    }
    whole = evaluate_subdistrict(name, list(by_station.values()), list(graded.values()), mean_share=share)
    return Evaluation(period, suspect, by_station, graded, whole)


def compare_evaluations(
    before: Evaluation, after: Evaluation, settings: ComparisonSettings | None = None
) -> EvaluationChange:
    """Change from an earlier period to a later one: the month before, or the same month of the year before."""
    sections = {
        name: compare_sections(before.sections[name], section, settings)
        for name, section in after.sections.items()
        if name in before.sections
    }
    rivers = {
        name: compare_rivers(before.rivers[name], river, settings)
        for name, river in after.rivers.items()
        if name in before.rivers
    }
    return EvaluationChange(
        {name: change for name, change in sections.items() if change is not None},
        {name: change for name, change in rivers.items() if change is not None},
        compare_rivers(before.subdistrict.overall, after.subdistrict.overall, settings),
    )
