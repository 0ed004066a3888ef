"""What a published standard is to the program: items, limits, clauses, and how to look a limit up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sensors.place import WaterBody

#: ``le``: the value must not exceed the limit; ``ge``: must reach it; ``range``: must lie between two limits.
#: Every limit is inclusive: a value equal to it meets it.
Direction = Literal["le", "ge", "range"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The five class limits of one determinand in one kind of water body.

    Attributes
    ----------
    determinand : str
    direction : {'le', 'ge', 'range'}
    values : tuple of five floats
        Limits of classes I to V [unit of the determinand]; the upper limits where `direction` is ``range``.
    low : float or None
        Lower limit of every class where `direction` is ``range``, else None.
    """

    determinand: str
    direction: Direction
    values: tuple[float, float, float, float, float]
    low: float | None = None

    def at(self, water_class: int) -> float:
        """Limit of a class, 1 (I) to 5 (V) [unit of the determinand].

        Raises
        ------
        ValueError
            For anything else: inferior V has no limit, it is what meets none.
        """
        if not 1 <= water_class <= 5:
            raise ValueError(f"class {water_class} has no limit; only 1 (I) to 5 (V) have")
        return self.values[water_class - 1]


@dataclass(frozen=True, slots=True)
class Item:
    """One numbered item of a table of a standard.

    Attributes
    ----------
    number : int
        Sequence number in the table.
    determinand : str
    river, lake : Limit or None
        Limits in rivers, and in lakes and reservoirs; None where the item grades no water of that kind.
    note : str
        What the table says beyond its numbers.
    """

    number: int
    determinand: str
    river: Limit | None
    lake: Limit | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Supplement:
    """An item that has one limit and no classes (supplementary items for drinking-water sources)."""

    number: int
    determinand: str
    limit: float


@dataclass(frozen=True, slots=True)
class Standard:
    """A published standard for the quality of surface water.

    Attributes
    ----------
    key : str
        Name under which files and settings refer to it.
    title, title_en : str
    number : str
        As it is cited, year included: another edition is another `Standard`.
    clauses : mapping of str to str
        What we implement -> the clause or table it stands in.
    items : mapping of str to Item
        Items that have classes, by determinand, in the order of the table.
    supplements : mapping of str to Supplement
        Items with one limit, by determinand.
    """

    key: str
    title: str
    title_en: str
    number: str
    clauses: Mapping[str, str]
    items: Mapping[str, Item]
    supplements: Mapping[str, Supplement]

    def limit(self, determinand: str, water_body: WaterBody) -> Limit | None:
        """Class limits of a determinand in a kind of water; None where the standard sets none."""
        item = self.items.get(determinand)
        if item is None:
            return None
        return item.lake if water_body == "lake" else item.river
