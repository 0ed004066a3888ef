"""The table of determinands: one key, one unit, one place.

Sources: names, units and sequence of GB 3838-2002 tables 1 and 2; codes of HJ 525-2009 as used by HJ 212-2017;
plausible ranges from probe data sheets (Yosemitech, see ``profiles/``) and, for laboratory items, wide enough to hold
anything a river was ever reported with. What sewage brings (phosphorus, nitrogen, permanganate index) is plausible up
to several times raw sewage: a value thrown away as implausible would make the worst water look best. Display decimals
are those of the national board (measured on its pages); for items it does not show they follow the limit's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Determinand:
    """What is measured.

    Attributes
    ----------
    key : str
        Name in code, files, topics and columns.
    name, name_en : str
        What people read, Chinese and English.
    unit : str
        The one unit in which values are carried and stored.
    code : str
        HJ 525 / HJ 212 code; empty where none is known.
    low, high : float
        Plausible range [unit]: outside it an instrument is wrong, whatever the water does.
    decimals : int
        Digits after the point for display; never used in grading.
    """

    key: str
    name: str
    name_en: str
    unit: str
    code: str
    low: float
    high: float
    decimals: int


def _table(*rows: tuple[str, str, str, str, str, float, float, int]) -> Mapping[str, Determinand]:
    return MappingProxyType({row[0]: Determinand(*row) for row in rows})


#: Every determinand the project knows, in the order in which people expect to read them.
DETERMINANDS: Mapping[str, Determinand] = _table(
    ("water_temperature", "水温", "Water temperature", "degC", "w01010", -2, 50, 1),
    ("ph", "pH值", "pH", "pH", "w01001", 0, 14, 2),
    ("dissolved_oxygen", "溶解氧", "Dissolved oxygen", "mg/L", "w01009", 0, 25, 2),
    ("conductivity", "电导率", "Conductivity", "uS/cm", "w01014", 0, 200000, 1),
    ("turbidity", "浊度", "Turbidity", "NTU", "w01003", 0, 4000, 1),
    ("permanganate_index", "高锰酸盐指数", "Permanganate index", "mg/L", "w01019", 0, 500, 2),
    ("ammonia_nitrogen", "氨氮", "Ammonia nitrogen", "mg/L", "w21003", 0, 500, 3),
    ("total_phosphorus", "总磷", "Total phosphorus", "mg/L", "w21011", 0, 50, 3),
    ("total_nitrogen", "总氮", "Total nitrogen", "mg/L", "w21001", 0, 500, 2),
    ("chlorophyll_a", "叶绿素a", "Chlorophyll a", "mg/L", "w01016", 0, 0.4, 3),
    ("orp", "氧化还原电位", "Redox potential", "mV", "", -999, 999, 0),
    ("transparency", "透明度", "Transparency", "cm", "", 0, 1000, 0),
    ("water_level", "水位", "Water level", "m", "", -10, 100, 2),
    ("velocity", "流速", "Velocity", "m/s", "", -5, 5, 3),
    ("rainfall", "雨量", "Rainfall", "mm", "", 0, 500, 1),
    ("dissolved_oxygen_saturation", "溶解氧饱和度", "Oxygen saturation", "%", "", 0, 300, 1),
    ("ammonium", "铵离子", "Ammonium (ion-selective)", "mg/L", "", 0, 1000, 2),
    ("suspended_solids", "悬浮物", "Suspended solids", "mg/L", "w01012", 0, 10000, 0),
    ("dissolved_solids", "溶解性总固体", "Total dissolved solids", "mg/L", "w01006", 0, 100000, 0),
    ("salinity", "盐度", "Salinity", "psu", "", 0, 80, 2),
    ("phycocyanin", "藻蓝蛋白", "Phycocyanin", "ug/L", "", 0, 1000, 1),
    ("cod", "化学需氧量", "Chemical oxygen demand", "mg/L", "w01018", 0, 1000, 1),
    ("bod5", "五日生化需氧量", "Biochemical oxygen demand (5 d)", "mg/L", "w01017", 0, 500, 1),
    ("copper", "铜", "Copper", "mg/L", "w20122", 0, 100, 3),
    ("zinc", "锌", "Zinc", "mg/L", "w20123", 0, 100, 3),
    ("fluoride", "氟化物", "Fluoride", "mg/L", "w21017", 0, 100, 2),
    ("selenium", "硒", "Selenium", "mg/L", "w20128", 0, 10, 4),
    ("arsenic", "砷", "Arsenic", "mg/L", "w20119", 0, 10, 4),
    ("mercury", "汞", "Mercury", "mg/L", "w20111", 0, 1, 5),
    ("cadmium", "镉", "Cadmium", "mg/L", "w20115", 0, 10, 4),
    ("chromium_vi", "铬(六价)", "Chromium (VI)", "mg/L", "w20117", 0, 10, 3),
    ("lead", "铅", "Lead", "mg/L", "w20120", 0, 10, 3),
    ("cyanide", "氰化物", "Cyanide", "mg/L", "w21016", 0, 10, 3),
    ("volatile_phenols", "挥发酚", "Volatile phenols", "mg/L", "w23002", 0, 10, 4),
    ("petroleum", "石油类", "Petroleum", "mg/L", "w22001", 0, 100, 2),
    ("anionic_surfactants", "阴离子表面活性剂", "Anionic surfactants", "mg/L", "w19002", 0, 100, 2),
    ("sulfide", "硫化物", "Sulfide", "mg/L", "w21019", 0, 100, 3),
    ("faecal_coliforms", "粪大肠菌群", "Faecal coliforms", "count/L", "w02003", 0, 1e9, 0),
    ("sulfate", "硫酸盐", "Sulfate", "mg/L", "w21038", 0, 10000, 1),
    ("chloride", "氯化物", "Chloride", "mg/L", "w21022", 0, 50000, 1),
    ("nitrate_nitrogen", "硝酸盐氮", "Nitrate nitrogen", "mg/L", "w21007", 0, 1000, 2),
    ("iron", "铁", "Iron", "mg/L", "w20125", 0, 100, 2),
    ("manganese", "锰", "Manganese", "mg/L", "w20124", 0, 100, 2),
)

#: Short names met in files of other people, mapped at the edge. Ours are the keys of `DETERMINANDS`.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "temp": "water_temperature", "water_temp": "water_temperature", "do": "dissolved_oxygen",
        "do_sat": "dissolved_oxygen_saturation", "ec": "conductivity", "turb": "turbidity",
        "nh3n": "ammonia_nitrogen", "nh4": "ammonium", "codmn": "permanganate_index", "tp": "total_phosphorus",
        "tn": "total_nitrogen", "chla": "chlorophyll_a", "bga": "phycocyanin", "level": "water_level",
        "depth": "water_level", "tds": "dissolved_solids", "ss": "suspended_solids", "no3n": "nitrate_nitrogen",
    }
)  # fmt: skip


def determinand_key(name: str) -> str | None:
    """Our key for a determinand's name (Chinese or English), alias or HJ 525 code; None where it is unknown.

    >>> determinand_key("NH3-N"), determinand_key("w21003"), determinand_key("溶解氧"), determinand_key("vibes")
    ('ammonia_nitrogen', 'ammonia_nitrogen', 'dissolved_oxygen', None)
    """
    return name if name in DETERMINANDS else _OTHER_NAMES.get(name.strip().lower())


_OTHER_NAMES = {
    other.lower(): key
    for key, determinand in DETERMINANDS.items()
    for other in (key, determinand.code, determinand.name, determinand.name_en)
    if other
} | {**ALIASES, "nh3-n": "ammonia_nitrogen", "ph": "ph"}
