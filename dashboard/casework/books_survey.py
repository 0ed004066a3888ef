"""Books of what is surveyed: outfalls, riverside shops, leak points, and the five lists of each river's policy."""

from __future__ import annotations

from dashboard.casework import vocabulary as words
from dashboard.casework.books_checks import in_order, needs, on_the_network, outfall_stage
from dashboard.casework.books_columns import (
    ID,
    LONG,
    chainage,
    day,
    department,
    grid,
    ident,
    line,
    note,
    of,
    position,
    reach,
    river,
)
from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.kinds import Choice, Number, Reference, YesNo
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, RiverPolicy, Shop

OUTFALLS = Book(
    "outfalls", "排口台账", "Outfalls", OutfallRecord,
    (
        ident("排口编号", "排污口编号"),
        of("code", "官方编码", "Official code", ID, "排污口编码", "编码"),
        line("name", "名称", "Name", "排口名称", "排污口名称"),
        river(), reach(), chainage(),
        of("bank", "岸别", "Bank", Choice(words.BANKS)),
        *position(),
        of("kind", "类型", "Kind", Choice(words.OUTFALL_KINDS), "排口类型"),
        of("category", "分类", "Category", Choice(words.OUTFALL_CATEGORIES), "排口分类", "排污口分类"),
        department(),
        of("stage", "阶段", "Stage", Choice(words.OUTFALL_STAGES), "状态", "进展", "state"),
        day("surveyed_on", "排查日期", "Surveyed on", "排查时间"),
        line("surveyed_by", "排查人", "Surveyed by", "排查人员"),
        of("flows_in_dry_weather", "旱天是否出流", "Flows in dry weather", YesNo(), "晴天是否出流", "晴天有无出水"),
        day("sampled_on", "采样日期", "Sampled on", "采样时间", "监测日期"),
        of("source", "溯源结果", "Source", LONG, "污染来源", "来源"),
        of("rectification", "整治方式", "Rectification", Choice(words.RECTIFICATIONS), "整治类型"),
        day("rectified_on", "整治完成日期", "Rectified on", "整治日期"),
        day("closed_on", "销号日期", "Written off on", "销号时间"),
        note(),
    ),
    named_by=("code",), prefix="PK",
    checks=(
        on_the_network("chainage_m"), outfall_stage, in_order("surveyed_on", "rectified_on"),
        in_order("rectified_on", "closed_on"),
    ),
)  # fmt: skip

SHOPS = Book(
    "shops", "沿河商户台账", "Riverside shops", Shop,
    (
        ident("商户编号"),
        line("name", "商户名称", "Name", "名称", "店名", "店铺名称", "单位名称", required=True),
        line("trade", "行业", "Trade", "业态", "行业类型", "经营类别"),
        line("address", "地址", "Address", "门牌号", "详细地址"),
        river(), grid(), *position(),
        of("outfall", "所涉排口", "Outfall", Reference("outfall"), "排口", "排口编号"),
        of("state", "状态", "State", Choice(words.SHOP_STATES), "排查状态", "排查情况"),
        day("surveyed_on", "排查日期", "Surveyed on", "排查时间", "走访日期"),
        line("surveyed_by", "排查人", "Surveyed by", "排查人员", "走访人"),
        of("sewer_connected", "是否接入污水管", "Connected to sewer", YesNo(), "是否纳管", "污水接管"),
        of("grease_trap", "有无隔油池", "Grease trap", YesNo(), "隔油池"),
        line("permit", "排水许可证", "Permit", "许可证", "排水许可证号"),
        note(),
    ),
    named_by=("name", "address", "river"), prefix="SH",
    checks=(needs("state", dict.fromkeys(
        ("in_order", "to_rectify", "rectified"), ("surveyed_on", "surveyed_by"))),),
)  # fmt: skip

LEAK_POINTS = Book(
    "leak_points", "渗漏点台账", "Leak points", LeakPoint,
    (
        ident("渗漏点编号"), river(), reach(), chainage(),
        of("shop", "商户", "Shop", Reference("shop"), "商户编号"),
        of("outfall", "排口", "Outfall", Reference("outfall"), "排口编号"),
        of("pipe", "管段", "Pipe", Reference("pipe"), "管段编号"),
        line("kind", "渗漏类型", "Kind", "类型", "问题类型"),
        department(),
        of("state", "状态", "State", Choice(words.LEAK_STATES), "整改状态"),
        day("found_on", "发现日期", "Found on", "发现时间", required=True),
        line("found_by", "发现人", "Found by"),
        day("rectified_on", "整改日期", "Rectified on", "整改时间", "整改完成日期"),
        day("confirmed_on", "确认日期", "Confirmed on", "复核日期"),
        note(),
    ),
    named_by=("river", "reach", "chainage_m", "shop", "outfall", "pipe", "kind", "found_on"), prefix="LP",
    checks=(
        on_the_network("chainage_m"),
        needs("state", {"rectified": ("rectified_on",), "confirmed": ("rectified_on", "confirmed_on")}),
        in_order("found_on", "rectified_on"), in_order("rectified_on", "confirmed_on"),
    ),
)  # fmt: skip

RIVER_POLICY = Book(
    "river_policy", "一河一策清单", "River policies", RiverPolicy,
    (
        river(),
        of("list", "清单", "List", Choice(words.POLICY_LISTS), "清单类型", required=True),
        of("position", "序号", "Position", Number(1, 9999, whole=True), "no", required=True),
        of("text", "内容", "Text", LONG, required=True),
        department(), day("due_on", "完成期限", "Due on", "期限", ahead=True), day("done_on", "完成日期", "Done on"),
    ),
    key=("river", "list", "position"),
)  # fmt: skip
