"""GB 3838-2002, Environmental quality standards for surface water: tables 1 and 2 as constants.

In force since 2002-06-01. All limits are in the units of `sensors.determinand.DETERMINANDS`, which are the table's own
(mg/L; faecal coliforms per litre; pH without unit). Classes I to V from left to right, every limit inclusive.
"""

from __future__ import annotations

from types import MappingProxyType

from analytics.standards.standard import Direction, Item, Limit, Standard, Supplement

Five = tuple[float, float, float, float, float]

#: Item 1 of Table 1, water temperature, has no class limits: only what man may change it by, as a weekly mean [K].
MAX_WEEKLY_MEAN_RISE = 1.0
MAX_WEEKLY_MEAN_FALL = 2.0


def _item(number: int, determinand: str, values: Five, direction: Direction = "le", note: str = "") -> Item:
    """Item with the same limits in every water body."""
    limit = Limit(determinand, direction, values)
    return Item(number, determinand, limit, limit, note)


def _temperature() -> Item:
    note = "change made by man: weekly mean may rise by at most 1 K and fall by at most 2 K; no class limits"
    return Item(1, "water_temperature", None, None, note)


def _ph() -> Item:
    limit = Limit("ph", "range", (9.0, 9.0, 9.0, 9.0, 9.0), low=6.0)
    return Item(2, "ph", limit, limit, "6 to 9 in every class; outside is inferior V")


def _phosphorus() -> Item:
    river = Limit("total_phosphorus", "le", (0.02, 0.1, 0.2, 0.3, 0.4))
    lake = Limit("total_phosphorus", "le", (0.01, 0.025, 0.05, 0.1, 0.2))
    return Item(8, "total_phosphorus", river, lake, "as P; lakes and reservoirs have limits of their own")


def _nitrogen() -> Item:
    lake = Limit("total_nitrogen", "le", (0.2, 0.5, 1.0, 1.5, 2.0))
    return Item(9, "total_nitrogen", None, lake, "as N; lakes and reservoirs only")


#: Table 1: limits of the 24 basic items, which apply to all surface water.
TABLE_1 = (
    _temperature(),
    _ph(),
    _item(3, "dissolved_oxygen", (7.5, 6.0, 5.0, 3.0, 2.0), "ge", "class I: 90 % saturation stands as an alternative"),
    _item(4, "permanganate_index", (2.0, 4.0, 6.0, 10.0, 15.0)),
    _item(5, "cod", (15.0, 15.0, 20.0, 30.0, 40.0)),
    _item(6, "bod5", (3.0, 3.0, 4.0, 6.0, 10.0)),
    _item(7, "ammonia_nitrogen", (0.15, 0.5, 1.0, 1.5, 2.0)),
    _phosphorus(),
    _nitrogen(),
    _item(10, "copper", (0.01, 1.0, 1.0, 1.0, 1.0)),
    _item(11, "zinc", (0.05, 1.0, 1.0, 2.0, 2.0)),
    _item(12, "fluoride", (1.0, 1.0, 1.0, 1.5, 1.5), note="as F-"),
    _item(13, "selenium", (0.01, 0.01, 0.01, 0.02, 0.02)),
    _item(14, "arsenic", (0.05, 0.05, 0.05, 0.1, 0.1)),
    _item(15, "mercury", (0.00005, 0.00005, 0.0001, 0.001, 0.001)),
    _item(16, "cadmium", (0.001, 0.005, 0.005, 0.005, 0.01)),
    _item(17, "chromium_vi", (0.01, 0.05, 0.05, 0.05, 0.1)),
    _item(18, "lead", (0.01, 0.01, 0.05, 0.05, 0.1)),
    _item(19, "cyanide", (0.005, 0.05, 0.2, 0.2, 0.2)),
    _item(20, "volatile_phenols", (0.002, 0.002, 0.005, 0.01, 0.1)),
    _item(21, "petroleum", (0.05, 0.05, 0.05, 0.5, 1.0)),
    _item(22, "anionic_surfactants", (0.2, 0.2, 0.2, 0.3, 0.3)),
    _item(23, "sulfide", (0.05, 0.1, 0.2, 0.5, 1.0)),
    _item(24, "faecal_coliforms", (200.0, 2000.0, 10000.0, 20000.0, 40000.0), note="count per litre"),
)

#: Table 2: limits of the supplementary items, for surface sources of drinking water only [mg/L].
TABLE_2 = (
    Supplement(1, "sulfate", 250.0),
    Supplement(2, "chloride", 250.0),
    Supplement(3, "nitrate_nitrogen", 10.0),
    Supplement(4, "iron", 0.3),
    Supplement(5, "manganese", 0.1),
)

#: The standard as the rest of the program sees it.
GB3838_2002 = Standard(
    key="gb3838_2002",
    title="地表水环境质量标准",
    title_en="Environmental quality standards for surface water",
    number="GB 3838-2002",
    clauses=MappingProxyType(
        {"class limits": "Table 1", "supplementary limits": "Table 2", "single-factor assessment": "clause 5.1"}
    ),
    items=MappingProxyType({item.determinand: item for item in TABLE_1}),
    supplements=MappingProxyType({item.determinand: item for item in TABLE_2}),
)
