"""The sub-district (街道) over a period: how its sections and rivers are spread over the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.below_detection import MEAN_SHARE
from analytics.descriptors import DESCRIPTORS, Descriptor
from analytics.evaluation import GradedSection, RiverGrade, evaluate_river
from analytics.grading import WaterClass


@dataclass(frozen=True, slots=True)
class SubdistrictGrade:
    """State of all waters of a sub-district.

    Attributes
    ----------
    overall : RiverGrade
        All sections judged by the rules of one river: class ratios from five sections on, else means.
    sections : mapping of WaterClass to int
        Sections of each class, best first; classes that do not occur included.
    ungraded_sections : tuple of str
        Sections without a class: they do not count.
    rivers : mapping of WaterClass to int
        Rivers of each class, best first; those described by class ratios have none and are not in here.
    river_states : mapping of str to int
        Rivers of each state, by key of `analytics.descriptors.DESCRIPTORS`, best first.
    ungraded_rivers : tuple of str
    attaining, failing, open_rivers : tuple of str
        Rivers that reach their target, that do not, and of which it cannot be said.
    attaining_sections : int
        Sections that reach the target of their river.
    """

    overall: RiverGrade
    sections: Mapping[WaterClass, int]
    ungraded_sections: tuple[str, ...]
    rivers: Mapping[WaterClass, int]
    river_states: Mapping[str, int]
    ungraded_rivers: tuple[str, ...]
    attaining: tuple[str, ...]
    failing: tuple[str, ...]
    open_rivers: tuple[str, ...]
    attaining_sections: int

    @property
    def descriptor(self) -> Descriptor | None:
        """State of the whole; None where no section has a class."""
        return self.overall.descriptor

    @property
    def shares(self) -> Mapping[WaterClass, float]:
        """Share of the sections of each class [%]; all 0 where none has a class."""
        total = sum(self.sections.values())
        return {each: 100 * count / total if total else 0.0 for each, count in self.sections.items()}

    @property
    def fair_share(self) -> float | None:
        """Share of sections of classes I to III [%]; None where none has a class."""
        return self._share(sum(count for each, count in self.sections.items() if each <= WaterClass.III))

    @property
    def inferior_share(self) -> float | None:
        """Share of sections of inferior V [%]; None where none has a class."""
        return self._share(self.sections[WaterClass.INFERIOR_V])

    @property
    def attaining_share(self) -> float | None:
        """Share of sections that reach the target of their river [%]; None where none has a class."""
        return self._share(self.attaining_sections)

    def _share(self, count: int) -> float | None:
        total = sum(self.sections.values())
        return 100 * count / total if total else None


def evaluate_subdistrict(
    name: str,
    sections: Sequence[GradedSection],
    rivers: Sequence[RiverGrade],
    *,
    mean_share: float = MEAN_SHARE,
) -> SubdistrictGrade:
    """State of a sub-district by its sections and rivers over the same period.

    Parameters
    ----------
    name : str
    sections : sequence of GradedSection
        Of all its rivers.
    rivers : sequence of RiverGrade
        Judged with their targets.
    mean_share : float
        See `analytics.below_detection.MEAN_SHARE`.
    """
    overall = evaluate_river(name, sections, mean_share=mean_share)
    of_sections = Counter(overall.classes.values())
    of_rivers = Counter(river.water_class for river in rivers)
    states = Counter(river.descriptor.key for river in rivers if river.descriptor)
    return SubdistrictGrade(
        overall=overall,
        sections={each: of_sections[each] for each in WaterClass},
        ungraded_sections=overall.ungraded,
        rivers={each: of_rivers[each] for each in WaterClass},
        river_states={key: states[key] for key in DESCRIPTORS},
        ungraded_rivers=tuple(river.river for river in rivers if river.descriptor is None),
        attaining=tuple(river.river for river in rivers if river.attained is True),
        failing=tuple(river.river for river in rivers if river.attained is False),
        open_rivers=tuple(river.river for river in rivers if river.attained is None),
        attaining_sections=sum(reached is True for river in rivers for reached in river.attaining.values()),
    )
