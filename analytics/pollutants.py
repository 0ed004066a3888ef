"""Main pollutants (主要污染指标) of a section and of a river.

Source: 环办[2011]22号, from memory where ``docs/standards.md`` says so; what is from memory is a setting here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.evaluation import RATIO_SECTIONS, GradedSection
from analytics.grading import ASSESSED, Grade, WaterClass
from analytics.rounding import round_half_even
from sensors.determinand import DETERMINANDS

#: At most so many are named.
NAMED = 3

#: Cyanide and heavy metals: over the limit they are named before everything else. Which metals: a choice of this
#: project, the document names lead and chromium "and others".
NAMED_FIRST = frozenset({"cyanide", "lead", "chromium_vi", "mercury", "cadmium", "arsenic", "copper", "zinc"})

#: The class that is good enough: pollutants are what is worse.
GOOD_ENOUGH = WaterClass.III


@dataclass(frozen=True, slots=True)
class MainPollutant:
    """One determinand that makes a section or a river worse than class III.

    Attributes
    ----------
    determinand : str
    water_class : WaterClass
        Class by it alone; of a river, at its worst section.
    multiple : float or None
        (C - S) / S against class III; of a river, the greatest of its sections. None for pH and oxygen.
    share : float or None
        Share of the river's sections at which it is worse than class III [%]; None for a section.
    """

    determinand: str
    water_class: WaterClass
    multiple: float | None
    share: float | None = None

    def text(self, *, english: bool = False) -> str:
        """As it is printed: ``氨氮(1.2)``; without a multiple the name alone.

        One decimal; a multiple that this would show as 0.0 is shown to its first digit.
        """
        entry = DETERMINANDS[self.determinand]
        name = entry.name_en if english else entry.name
        return name if self.multiple is None else f"{name}({_multiple(self.multiple)})"


def section_pollutants(
    grade: Grade, *, named: int = NAMED, named_first: frozenset[str] = NAMED_FIRST
) -> tuple[MainPollutant, ...]:
    """Main pollutants of a section.

    Parameters
    ----------
    grade : Grade
    named : int
        See `NAMED`.
    named_first : frozenset of str
        See `NAMED_FIRST`.

    Returns
    -------
    tuple of MainPollutant
        Empty where the section is excellent or good. Else what is worse than class III: cyanide and heavy metals
        first, then the worst class first, then the greatest multiple; those without a multiple after those with one,
        then in the order of Table 1.

    Notes
    -----
    What lies below a detection limit that is itself above class III is not known to be there, and is not named.
    """
    over = [key for key in ASSESSED if key in grade.classes and grade.certain_class(key) > GOOD_ENOUGH]
    over += [key for key in grade.classes if key not in ASSESSED and grade.certain_class(key) > GOOD_ENOUGH]
    found = [MainPollutant(key, grade.certain_class(key), grade.exceedances.get(key)) for key in over]
    found.sort(key=lambda p: (p.determinand not in named_first, -p.water_class, -_or_none(p.multiple)))
    return tuple(found[:named])


def river_pollutants(sections: Sequence[GradedSection], *, named: int = NAMED) -> tuple[MainPollutant, ...]:
    """Main pollutants of a river of five sections or more.

    Parameters
    ----------
    sections : sequence of GradedSection
        Those without a class do not count.
    named : int
        See `NAMED`.

    Returns
    -------
    tuple of MainPollutant
        What is worse than class III at some section, the greatest share of sections first; then the worst class, then
        the greatest multiple, then the order of Table 1 (of these ties the document says nothing). Empty where fewer
        than five sections count: of those each section tells its own (`section_pollutants`).
    """
    grades = [section.grade for section in sections if section.water_class is not None]
    if len(grades) < RATIO_SECTIONS:
        return ()
    found = []
    for key in dict.fromkeys([*ASSESSED, *(key for grade in grades for key in grade.classes)]):
        over = [grade for grade in grades if key in grade.classes and grade.certain_class(key) > GOOD_ENOUGH]
        if over:
            multiples = [grade.exceedances[key] for grade in over if key in grade.exceedances]
            worst = max(grade.certain_class(key) for grade in over)
            share = 100 * len(over) / len(grades)
            found.append(MainPollutant(key, worst, max(multiples, default=None), share))
    found.sort(key=lambda p: (-(p.share or 0.0), -p.water_class, -_or_none(p.multiple)))
    return tuple(found[:named])


def _or_none(multiple: float | None) -> float:
    return -1.0 if multiple is None else multiple


def _multiple(multiple: float) -> str:
    decimals = 1
    while decimals < 6 and float(round_half_even(multiple, decimals)) == 0:
        decimals += 1
    return round_half_even(multiple, decimals)
