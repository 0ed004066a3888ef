"""The words of the books: for every key that a column may hold, what people call it in Chinese and in English.

Files carry the words and are read in either language; columns hold the keys. Lists of the river chief system are the
ones in use there: kinds of outfall of 国办函〔2022〕17号, record types of patrols as county platforms have them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

#: Words that a message lists before it only counts.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Words:
    """One list of keys with their words.

    Attributes
    ----------
    words : mapping of str to (str, str)
        Key -> Chinese and English.
    also : mapping of str to str
        What else people write -> key.
    """

    words: Mapping[str, tuple[str, str]]
    also: Mapping[str, str] = field(default_factory=dict)
    _known: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {plain(other): key for other, key in self.also.items()}
        for key, both in self.words.items():
            known |= {plain(text): key for text in (key, *both)}
        object.__setattr__(self, "_known", known)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def key_of(self, text: str) -> str | None:
        """Key of a word in either language, or of the key itself; None where it is none of them.

        >>> SHOP_STATES.key_of("待整改"), SHOP_STATES.key_of("To rectify"), SHOP_STATES.key_of("?")
        ('to_rectify', 'to_rectify', None)
        """
        return self._known.get(plain(text))

    def word(self, key: str, language: str = "zh") -> str:
        """What people call a key; the key itself where it is not of this list."""
        both = self.words.get(key)
        return key if both is None else both[0 if language == "zh" else 1]

    def both(self, key: str) -> str:
        """A key in both languages."""
        zh, en = self.words.get(key, (key, key))
        return zh if zh == en else f"{zh} ({en})"

    @property
    def shown(self) -> str:
        """Some of them for people, both languages side by side."""
        first = [self.both(key) for key in islice(self.words, SHOWN)]
        return ", ".join(first) + (f", … ({len(self.words)})" if len(self.words) > SHOWN else "")


def plain(text: str) -> str:
    """A word as it is compared: full-width forms, case and spaces do not matter."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _words(also: Mapping[str, str] | None = None, /, **words: tuple[str, str]) -> Words:
    return Words(MappingProxyType(words), MappingProxyType(dict(also or {})))


OUTFALL_KINDS = _words(
    {"雨水": "storm", "污水": "sewage", "合流": "combined", "雨污合流": "combined", "不明": "unknown"},
    storm=("雨水排口", "Storm"), sewage=("污水排口", "Sewage"), combined=("合流排口", "Combined"),
    industrial=("工业排口", "Industrial"), treatment=("污水处理厂排口", "Treatment plant"),
    agriculture=("农业排口", "Agriculture"), unknown=("未明", "Unknown"),
)  # fmt: skip

#: The four official kinds, each with what belongs to it.
OUTFALL_CATEGORIES = _words(
    industrial=("工业排污口", "Industrial"),
    industrial_sewage=("工矿企业排污口", "Industrial: works, waste water"),
    industrial_storm=("工矿企业雨洪排口", "Industrial: works, storm water"),
    park_treatment=("园区污水处理厂排污口", "Industrial: park, treatment plant"),
    park_storm=("园区雨洪排口", "Industrial: park, storm water"),
    town_treatment=("城镇污水处理厂排污口", "Municipal treatment plant"),
    agriculture=("农业排口", "Agricultural"),
    livestock=("规模化畜禽养殖排污口", "Agricultural: large livestock farm"),
    aquaculture=("规模化水产养殖排污口", "Agricultural: large fish farm"),
    other=("其他排口", "Other"),
    irrigation=("大中型灌区排口", "Other: irrigation district"),
    small_livestock=("规模以下畜禽养殖排污口", "Other: small livestock farm"),
    small_aquaculture=("规模以下水产养殖排污口", "Other: small fish farm"),
    rural_treatment=("农村污水处理设施排污口", "Other: rural treatment facility"),
    rural_scattered=("农村生活污水散排口", "Other: scattered rural sewage"),
    town_storm=("城镇雨洪排口", "Other: municipal storm water"),
)  # fmt: skip

OUTFALL_STAGES = _words(
    {"排查": "surveyed", "监测": "monitored", "溯源": "traced", "整治": "rectified", "销号": "closed"},
    unsurveyed=("未排查", "Not surveyed"), surveyed=("已排查", "Surveyed"), monitored=("已监测", "Monitored"),
    traced=("已溯源", "Traced"), rectified=("已整治", "Rectified"), closed=("已销号", "Written off"),
)  # fmt: skip
#: What the stages of an outfall need.
SURVEY_NEEDS = _words(
    surveyed_on=("排查日期", "day of the survey"), surveyed_by=("排查人", "who surveyed it"),
    flows_in_dry_weather=("旱天是否出流", "flow in dry weather"), photo=("照片", "photo"),
    sampled_on=("采样日期", "day of the sample"), source=("溯源结果", "source"),
    rectification=("整治方式", "kind of rectification"), rectified_on=("整治完成日期", "day of rectification"),
    closed_on=("销号日期", "day of writing off"),
)  # fmt: skip
RECTIFICATIONS = _words(
    banned=("依法取缔", "Banned"), merged=("清理合并", "Merged"), regulated=("规范整治", "Regulated")
)
BANKS = _words({"左": "L", "右": "R"}, L=("左岸", "Left bank"), R=("右岸", "Right bank"))

SHOP_STATES = _words(
    {"未走访": "unsurveyed", "合格": "in_order", "需整改": "to_rectify", "关停": "closed"},
    unsurveyed=("未排查", "Not surveyed"), in_order=("正常", "In order"), to_rectify=("待整改", "To rectify"),
    rectified=("已整改", "Rectified"), closed=("已关停", "Closed down"),
)  # fmt: skip
LEAK_STATES = _words(
    {"未整改": "found", "已修复": "rectified", "已复核": "confirmed"},
    found=("已发现", "Found"), rectified=("已整改", "Rectified"), confirmed=("已确认", "Confirmed"),
)  # fmt: skip

PIPE_KINDS = _words(
    {"污水": "sewage", "雨水": "storm", "合流": "combined"},
    sewage=("污水管", "Sewage"), storm=("雨水管", "Storm"), combined=("合流管", "Combined"),
)  # fmt: skip
PIPE_STATES = _words(
    uninspected=("未检测", "Not inspected"), sound=("完好", "Sound"), to_dredge=("待清淤", "To dredge"),
    to_repair=("待修复", "To repair"), done=("已完成", "Done"),
)  # fmt: skip
WORK_KINDS = _words({"涉河工程": "work"}, work=("涉水工程", "Work"), blockage=("阻断点", "Blockage"))
WORK_STATES = _words(planned=("计划", "Planned"), present=("在河", "In the river"), removed=("已拆除", "Removed"))
STRUCTURE_STATES = _words(
    found=("已发现", "Found"), ordered=("已责令", "Ordered"), removed=("已拆除", "Removed"),
    tolerated=("暂缓", "Tolerated"),
)  # fmt: skip
BOAT_KINDS = _words({"无主船": "stray"}, sunken=("沉船", "Sunken"), stray=("弃船", "Stray"))

POLICY_LISTS = _words(
    {"问题": "problem", "目标": "goal", "任务": "task", "措施": "measure", "责任": "responsibility"},
    problem=("问题清单", "Problems"), goal=("目标清单", "Goals"), task=("任务清单", "Tasks"),
    measure=("措施清单", "Measures"), responsibility=("责任清单", "Responsibilities"),
)  # fmt: skip

INSPECTION_KINDS = _words(
    {"自检": "self", "月检": "monthly", "第三方": "third_party", "抽检": "random"},
    self=("自查", "Own check"), monthly=("月度检查", "Monthly"), third_party=("第三方检查", "Third party"),
    random=("随机抽查", "Random"),
)  # fmt: skip

#: What a patrol may record, by where it is seen.
PATROL_GROUPS: Mapping[str, tuple[tuple[str, str], Mapping[str, tuple[str, str]]]] = MappingProxyType(
    {
        "water": (("水体", "Water"), {"odour": ("水体异味", "Smell"), "colour": ("颜色异常", "Unusual colour")}),
        "surface": (
            ("河面", "Surface"),
            {
                "debris": ("杂物漂浮", "Floating debris"), "oil": ("油污漂浮", "Floating oil"),
                "dead_animals": ("病死动物", "Dead animals"),
            },
        ),
        "channel": (
            ("河中", "Channel"),
            {
                "net_farming": ("围网养殖", "Net farming"), "silt": ("污泥淤积", "Silt"),
                "sunken_boat": ("沉船", "Sunken boat"), "spoil": ("倾倒废土弃渣", "Dumped earth"),
                "hazardous": ("工业固废和危废", "Industrial or hazardous waste"),
            },
        ),
        "bank": (
            ("河岸", "Bank"),
            {
                "household_waste": ("生活垃圾", "Household waste"),
                "industrial_waste": ("工业垃圾", "Industrial waste"),
                "building_waste": ("建筑垃圾", "Building waste"), "farm_waste": ("农业生产废弃物", "Farm waste"),
                "heaps": ("其他杂物堆放", "Other heaps"),
            },
        ),
        "activity": (
            ("涉水活动", "Activity"),
            {"fishing": ("非法捕鱼", "Illegal fishing"), "sand_mining": ("非法采砂", "Illegal sand mining")},
        ),
        "outfall": (
            ("排污口", "Outfall"),
            {
                "direct_discharge": ("污水直排", "Sewage discharged directly"),
                "dry_weather_flow": ("晴天雨水口有污水排放", "Storm outfall flows in dry weather"),
                "foul_discharge": ("废水颜色或气味异常", "Discharge of unusual colour or smell"),
                "new_outfall": ("新增排污口", "New outfall"), "no_sign": ("标识未设置", "No sign at an outfall"),
            },
        ),
        "board": (
            ("河长牌", "River chief's board"),
            {
                "board_missing": ("未设置或缺失", "Missing"), "board_outdated": ("信息更新不及时", "Outdated"),
                "board_wrong": ("设置不规范", "Not as prescribed"),
                "board_damaged": ("倾斜破损或变形变色老化", "Damaged or aged"),
            },
        ),
        "structure": (
            ("水工建筑物", "Structures"),
            {
                "occupation": ("非法占有河道", "River occupied illegally"),
                "illegal_structure": ("涉水违章建(构)筑物", "Illegal structure"),
                "malfunction": ("建筑物运行异常", "Structure works wrongly"),
            },
        ),
    }
)  # fmt: skip

PATROL_TYPES = _words(**{key: both for _, types in PATROL_GROUPS.values() for key, both in types.items()})

VISIT_KINDS = _words(
    {"运维": "maintenance", "保养": "maintenance", "标定": "calibration", "更换": "replacement"},
    maintenance=("维护", "Maintenance"), calibration=("校准", "Calibration"), repair=("维修", "Repair"),
    replacement=("更换设备", "Replacement"),
)  # fmt: skip
DECISIONS = _words(accepted=("采纳", "Accepted"), rejected=("剔除", "Rejected"))
