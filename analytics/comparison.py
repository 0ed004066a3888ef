"""What changed: one section, river or sub-district in two periods (环比 with the last one, 同比 with last year's).

Source: 环办[2011]22号, from memory: thresholds and words are settings, nothing here may be quoted as its text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from analytics.descriptors import Descriptor, descriptor_of
from analytics.evaluation import GradedSection, RiverGrade
from analytics.grading import ASSESSED, WaterClass

Extent = Literal["none", "some", "marked"]
Direction = Literal["better", "worse"]

#: What a change is called, by extent and direction: Chinese and English.
CHANGES: Mapping[tuple[Extent, Direction | None], tuple[str, str]] = MappingProxyType(
    {
        ("none", None): ("无明显变化", "No obvious change"),
        ("some", "better"): ("有所好转", "Somewhat better"),
        ("some", "worse"): ("有所变差", "Somewhat worse"),
        ("marked", "better"): ("明显好转", "Markedly better"),
        ("marked", "worse"): ("明显变差", "Markedly worse"),
    }
)


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """From where on a change is one.

    Attributes
    ----------
    some_above, marked_above : float
        Change of the class ratios above which there is some, and a marked change [percentage points].
    marked_steps : int
        Steps of the descriptor (excellent, good, ...) from which on a change is marked; one step is some change.
    min_common_share : float
        Least share of sections that both periods must have for the two to be comparable; "nearly the same sections"
        in numbers is a choice of this project.
    """

    some_above: float = 10.0
    marked_above: float = 20.0
    marked_steps: int = 2
    min_common_share: float = 0.9


@dataclass(frozen=True, slots=True)
class Change:
    """How a later period differs from an earlier one.

    Attributes
    ----------
    method : {'grade', 'ratio'}
        By descriptor, or by class ratios.
    extent : {'none', 'some', 'marked'}
    direction : {'better', 'worse'} or None
        None where there is no obvious change.
    before, after : Descriptor or None
        State in the earlier and in the later period.
    points : float or None
        x = (G2 - G1) - (D2 - D1) with G the share of classes I to III and D that of inferior V [percentage points];
        above 0 is better. None by descriptor.
    determinands : tuple of str
        Those that grade in one of the periods only.
    sections : tuple of str
        Those that count in one of the periods only.
    comparable : bool
        Same determinands, nearly the same sections.
    """

    method: Literal["grade", "ratio"]
    extent: Extent
    direction: Direction | None
    before: Descriptor | None
    after: Descriptor | None
    points: float | None = None
    determinands: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    comparable: bool = True

    def text(self, *, english: bool = False) -> str:
        """What the change is called."""
        return CHANGES[self.extent, self.direction][english]


def change_by_grade(
    before: Descriptor, after: Descriptor, settings: ComparisonSettings | None = None
) -> tuple[Extent, Direction | None]:
    """Change by the steps between two descriptors.

    Examples
    --------
    >>> from analytics.descriptors import DESCRIPTORS
    >>> change_by_grade(DESCRIPTORS["lightly_polluted"], DESCRIPTORS["good"])
    ('some', 'better')
    """
    settings = settings or ComparisonSettings()
    steps = before.rank - after.rank
    if steps == 0:
        return "none", None
    return "marked" if abs(steps) >= settings.marked_steps else "some", "better" if steps > 0 else "worse"


def ratio_points(before: Collection[WaterClass], after: Collection[WaterClass]) -> float:
    """Change x = (G2 - G1) - (D2 - D1) of the classes of sections [percentage points].

    Computed in fractions: a change of exactly ten points is ten, whatever the numbers of sections.

    Raises
    ------
    ValueError
        If one of the two has no sections.
    """
    if not before or not after:
        raise ValueError("class ratios of no sections")
    return float(_balance(after) - _balance(before))


def change_by_ratio(points: float, settings: ComparisonSettings | None = None) -> tuple[Extent, Direction | None]:
    """Change by the class ratios.

    Parameters
    ----------
    points : float
        See `ratio_points`.
    settings : ComparisonSettings, optional

    Examples
    --------
    >>> change_by_ratio(10.0), change_by_ratio(-20.5)
    (('none', None), ('marked', 'worse'))
    """
    settings = settings or ComparisonSettings()
    if abs(points) <= settings.some_above:
        return "none", None
    return "marked" if abs(points) > settings.marked_above else "some", "better" if points > 0 else "worse"


def compare_sections(
    before: GradedSection, after: GradedSection, settings: ComparisonSettings | None = None
) -> Change | None:
    """Change of one section, by descriptor; None where one of the periods has no class."""
    if before.water_class is None or after.water_class is None:
        return None
    first, second = descriptor_of(before.water_class), descriptor_of(after.water_class)
    extent, direction = change_by_grade(first, second, settings)
    differing = _only_one(before.grade.classes, after.grade.classes)
    return Change("grade", extent, direction, first, second, None, differing, (), not differing)


def compare_rivers(before: RiverGrade, after: RiverGrade, settings: ComparisonSettings | None = None) -> Change | None:
    """Change of a river or of the sub-district; None where one of the periods has no state.

    By class ratios where both periods have them, else by descriptor.
    """
    settings = settings or ComparisonSettings()
    if before.descriptor is None or after.descriptor is None:
        return None
    determinands = _only_one(
        [key for key in before.sections_with if key in ASSESSED],
        [key for key in after.sections_with if key in ASSESSED],
    )
    sections = _only_one(before.classes, after.classes)
    common = len(set(before.classes) & set(after.classes))
    comparable = not determinands and common >= settings.min_common_share * (common + len(sections))
    if before.method == after.method == "ratio":
        points = ratio_points(before.classes.values(), after.classes.values())
        extent, direction = change_by_ratio(points, settings)
        told: float | None = points
        method: Literal["grade", "ratio"] = "ratio"
    else:
        extent, direction = change_by_grade(before.descriptor, after.descriptor, settings)
        told, method = None, "grade"
    return Change(
        method, extent, direction, before.descriptor, after.descriptor, told, determinands, sections, comparable
    )


def _balance(classes: Collection[WaterClass]) -> Fraction:
    """G - D: share of I to III less share of inferior V [percent]."""
    fair = sum(water_class <= WaterClass.III for water_class in classes)
    inferior = sum(water_class == WaterClass.INFERIOR_V for water_class in classes)
    return Fraction(100 * (fair - inferior), len(classes))


def _only_one(before: Collection[str], after: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(set(before) ^ set(after)))
