"""Books of what is built, dredged, cleared or in the way: pipes, sediment, works in the river, structures, boats."""

from __future__ import annotations

from dashboard.casework import vocabulary as words
from dashboard.casework.books_checks import in_order, needs, on_the_network
from dashboard.casework.books_columns import (
    CHAINAGE,
    LONG,
    chainage,
    day,
    department,
    grid,
    ident,
    line,
    note,
    of,
    reach,
    river,
)
from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.kinds import Choice, Number, YesNo
from dashboard.casework.tables.works import Boat, Pipe, RiverWork, SedimentClearing, Structure

PIPES = Book(
    "pipes", "管网台账", "Pipes", Pipe,
    (
        ident("管段编号"),
        of("kind", "管道类型", "Kind", Choice(words.PIPE_KINDS), "类型", "管网类型"),
        line("road", "道路", "Road", "所在道路", "路名"),
        line("from_node", "起点井号", "From", "起点"), line("to_node", "终点井号", "To", "终点"),
        river(required=False), department(),
        of("length_m", "长度(m)", "Length (m)", Number(0, 100_000), "管长", required=True),
        of("diameter_mm", "管径(mm)", "Diameter (mm)", Number(0, 10_000), "口径"),
        of("state", "状态", "State", Choice(words.PIPE_STATES)),
        day("inspected_on", "检测日期", "Inspected on", "检测时间"),
        of("defects", "缺陷", "Defects", LONG, "缺陷情况"),
        day("dredged_on", "清淤日期", "Dredged on", "疏通日期"), day("repaired_on", "修复日期", "Repaired on"), note(),
    ),
    named_by=("road", "from_node", "to_node"), prefix="PI",
    checks=(needs("state", dict.fromkeys(("sound", "to_dredge", "to_repair"), ("inspected_on",))),),
)  # fmt: skip

CLEARINGS = Book(
    "clearings", "河道清淤台账", "Sediment clearings", SedimentClearing,
    (
        ident("清淤编号"), river(), reach(required=True),
        of("from_m", "起点桩号(m)", "From (m)", CHAINAGE, "起点", required=True),
        of("to_m", "终点桩号(m)", "To (m)", CHAINAGE, "终点", required=True),
        day("planned_on", "计划日期", "Planned on", "计划时间", ahead=True), day("begun_on", "开工日期", "Begun on"),
        day("done_on", "完工日期", "Done on", "完成日期"),
        of("volume_m3", "清淤量(m3)", "Volume (m3)", Number(0, 10_000_000), "方量", "清淤方量"),
        of("thickness_cm", "淤泥厚度(cm)", "Thickness (cm)", Number(0, 1000)),
        line("contractor", "施工单位", "Contractor"), line("disposal", "处置去向", "Disposal", "去向"), note(),
    ),
    named_by=("reach", "from_m", "to_m", "planned_on", "begun_on"), prefix="SC",
    checks=(on_the_network("from_m", "to_m"), in_order("from_m", "to_m"), in_order("begun_on", "done_on")),
)  # fmt: skip

RIVER_WORKS = Book(
    "river_works", "涉水工程和阻断点台账", "Works and blockages", RiverWork,
    (
        ident("工程编号"),
        of("kind", "类别", "Kind", Choice(words.WORK_KINDS), "类型"),
        line("name", "名称", "Name", "工程名称", required=True),
        river(), reach(), chainage(), department("建设单位"),
        of("state", "状态", "State", Choice(words.WORK_STATES)),
        of("blocks_flow", "是否阻断水流", "Blocks the flow", YesNo(), "是否阻水"),
        line("permit", "许可文号", "Permit", "审批文号"),
        day("from_on", "开始日期", "From", "开工日期", ahead=True),
        day("due_on", "应拆除日期", "Due on", "计划拆除日期", ahead=True),
        day("removed_on", "拆除日期", "Removed on"), note(),
    ),
    named_by=("name", "river"), prefix="RW",
    checks=(on_the_network("chainage_m"), needs("state", {"removed": ("removed_on",)}),
            in_order("from_on", "removed_on")),
)  # fmt: skip

STRUCTURES = Book(
    "structures", "违建台账", "Illegal structures", Structure,
    (
        ident("违建编号"), line("name", "名称", "Name", "违建名称"), river(), grid(),
        line("address", "地址", "Address", "位置"),
        of("area_m2", "面积(m2)", "Area (m2)", Number(0, 1_000_000), "面积(㎡)"),
        line("owner", "当事人", "Owner", "产权人", "责任人"),
        of("state", "状态", "State", Choice(words.STRUCTURE_STATES)),
        day("found_on", "发现日期", "Found on", "发现时间", required=True), day("removed_on", "拆除日期", "Removed on"),
        note(),
    ),
    named_by=("name", "address", "river"), prefix="ST",
    checks=(needs("state", {"removed": ("removed_on",)}), in_order("found_on", "removed_on")),
)  # fmt: skip

BOATS = Book(
    "boats", "沉船弃船台账", "Sunken and stray boats", Boat,
    (
        ident("船只编号"), of("kind", "类别", "Kind", Choice(words.BOAT_KINDS), "类型"), river(),
        line("place", "位置", "Place", "地点"), line("owner", "船主", "Owner"),
        day("found_on", "发现日期", "Found on", "发现时间", required=True),
        day("removed_on", "清除日期", "Removed on", "打捞日期"), note(),
    ),
    named_by=("kind", "river", "place", "found_on"), prefix="BO",
    checks=(in_order("found_on", "removed_on"),),
)  # fmt: skip
