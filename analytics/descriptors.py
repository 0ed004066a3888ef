"""The five words for the state of water (水质状况), their colours, and the class ratios that lead to them.

Source: 环办[2011]22号. The section descriptors, the colour names and the hex values are kept as data here because the
first two are from memory and the third is a choice of this project: see ``docs/standards.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from analytics.grading import WaterClass


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One of the five states of water.

    Attributes
    ----------
    key : str
    rank : int
        1 is best, 5 is worst.
    name, name_en : str
    colour, colour_en : str
        Name of its colour on official maps.
    hex : str
        The colour we draw it in. Never the only sign: yellow on white cannot be read.
    """

    key: str
    rank: int
    name: str
    name_en: str
    colour: str
    colour_en: str
    hex: str


_ROWS = (
    Descriptor("excellent", 1, "优", "Excellent", "蓝", "blue", "#0070C0"),
    Descriptor("good", 2, "良好", "Good", "绿", "green", "#00B050"),
    Descriptor("lightly_polluted", 3, "轻度污染", "Lightly polluted", "黄", "yellow", "#FFFF00"),
    Descriptor("moderately_polluted", 4, "中度污染", "Moderately polluted", "橙", "orange", "#FF9900"),
    Descriptor("heavily_polluted", 5, "重度污染", "Heavily polluted", "红", "red", "#FF0000"),
)

#: The five states by key, best first.
DESCRIPTORS: Mapping[str, Descriptor] = MappingProxyType({row.key: row for row in _ROWS})

_OF_CLASS = (0, 0, 1, 2, 3, 4)  # classes I, II, ..., inferior V -> position in _ROWS


def descriptor_of(water_class: WaterClass) -> Descriptor:
    """State of a section by its class.

    >>> [descriptor_of(water_class).key for water_class in (WaterClass.II, WaterClass.INFERIOR_V)]
    ['excellent', 'heavily_polluted']
    """
    return _ROWS[_OF_CLASS[water_class - 1]]


def descriptor_of_ratio(classes: Sequence[WaterClass]) -> Descriptor:
    """State of a river by the shares of its sections' classes (class-ratio method).

    Parameters
    ----------
    classes : sequence of WaterClass, (n,)
        One per section, at least one.

    Raises
    ------
    ValueError
        Without sections.

    Notes
    -----
    With r = share of classes I to III and q = share of inferior V [%]: excellent r >= 90; good 75 <= r < 90; below that
    lightly polluted q < 20, moderately 20 <= q < 40, heavily q >= 40. One source asks r < 60 of the last, which
    leaves r = 60 with q = 40 without an answer; asking q >= 40 alone answers it and differs nowhere else.
    Shares are compared as whole numbers, so that 9 of 10 is 90 % exactly.
    """
    n = len(classes)
    if n == 0:
        raise ValueError("a river without sections has no state")
    fair = 100 * sum(water_class <= WaterClass.III for water_class in classes)
    inferior = 100 * sum(water_class == WaterClass.INFERIOR_V for water_class in classes)
    if fair >= 90 * n:
        return DESCRIPTORS["excellent"]
    if fair >= 75 * n:
        return DESCRIPTORS["good"]
    if inferior >= 40 * n:
        return DESCRIPTORS["heavily_polluted"]
    if inferior >= 20 * n:
        return DESCRIPTORS["moderately_polluted"]
    return DESCRIPTORS["lightly_polluted"]
