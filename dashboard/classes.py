"""Classes as the board compares, colours and counts them, and the quality words that stand in for them."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.descriptors import DESCRIPTORS, descriptor_of
from analytics.grading import WaterClass
from collectors.stores.base import Assessment

#: Classes as files and stores name them, best first.
CLASSES = tuple(one.name for one in WaterClass)

#: Classes that no river may have at the end of the year.
BAD_CLASSES = frozenset({WaterClass.V.name, WaterClass.INFERIOR_V.name})

#: Class whose colour a quality word has, and as which a river without a class is counted: the worst of the classes
#: that the word describes (环办[2011]22号: blue, green, yellow, orange, red).
SHADES = {key: max(c for c in WaterClass if descriptor_of(c).key == key).name for key in DESCRIPTORS}


@dataclass(frozen=True, slots=True)
class Condition:
    """How a river was judged: by a class, or by a quality word where its sections' classes are not averaged.

    Attributes
    ----------
    water_class : str or None
        None where it cannot be graded, and with five sections or more.
    descriptor : str or None
        Key of the quality word (`analytics.descriptors`).
    """

    water_class: str | None = None
    descriptor: str | None = None

    @classmethod
    def of(cls, judged: Assessment | None) -> Condition:
        """What a stored judgement says."""
        return cls(judged.water_class, judged.detail.get("descriptor")) if judged else cls()

    @property
    def shade(self) -> str | None:
        """Class as which it is coloured, counted and ordered; None where nothing could be judged."""
        return self.water_class or SHADES.get(self.descriptor or "")


def worse(one: str, other: str) -> bool:
    """Whether a class is worse than another."""
    return WaterClass[one] > WaterClass[other]


def is_bad(water_class: str | None) -> bool:
    """Whether a class is V or inferior V."""
    return water_class in BAD_CLASSES
