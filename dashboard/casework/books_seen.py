"""Books of who looked and what they saw: inspections with findings, patrols with records, public reports."""

from __future__ import annotations

from dashboard.casework import vocabulary as words
from dashboard.casework.books_checks import in_order
from dashboard.casework.books_columns import ID, LONG, day, department, grid, ident, line, note, of, position, river
from dashboard.casework.exchange.book import Book, Part
from dashboard.casework.exchange.kinds import Choice, Instant, Number, Reference
from dashboard.casework.tables.inspections import Finding, Inspection, Patrol, PatrolRecord, PublicReport

_ORDER = Reference("order")

INSPECTIONS = Book(
    "inspections", "巡查检查台账", "Inspections", Inspection,
    (
        ident("检查编号"),
        of("kind", "检查类型", "Kind", Choice(words.INSPECTION_KINDS), "类型", required=True),
        river(), grid(), department("被检查部门"),
        day("day", "检查日期", "Day", "日期", "检查时间", required=True),
        line("inspector", "检查人", "Inspector", "检查单位", "检查人员"),
        of("score", "得分", "Score", Number(0, 100), "分数", "评分"), note(),
    ),
    named_by=("kind", "river", "day", "grid", "department"), prefix="IN",
    part=Part(
        "findings", Finding,
        (
            of("id", "问题编号", "Finding number", ID),
            of("type", "问题类型", "Finding", Choice(words.PATROL_TYPES, open=True), required=True),
            of("text", "问题描述", "Finding text", LONG, "问题", "描述"),
            line("place", "问题位置", "Place of finding", "位置", "地点"),
            of("points", "扣分", "Points", Number(0, 100)),
            of("department", "问题责任部门", "Department of finding", Reference("department"), "整改部门"),
            of("order", "工单号", "Order", _ORDER, "督办编号"),
        ),
        key=("id",), numbered="id",
    ),
)  # fmt: skip

PATROLS = Book(
    "patrols", "巡河台账", "Patrols", Patrol,
    (
        ident("巡河编号"), river(), line("segment", "巡查河段", "Segment", "河段"),
        line("person", "巡河人", "Person", "河长", "巡河人员", required=True),
        of("begin_ms", "开始时间", "Begin", Instant(), "巡河时间", "begin_time", required=True),
        of("end_ms", "结束时间", "End", Instant(), "end_time"),
        of("length_m", "巡河长度(m)", "Length (m)", Number(0, 1_000_000), "里程"), note(),
    ),
    named_by=("person", "river", "begin_ms"), prefix="PA",
    checks=(in_order("begin_ms", "end_ms"),),
    part=Part(
        "records", PatrolRecord,
        (
            of("position", "记录序号", "Record number", Number(1, 9999, whole=True), "序号"),
            of("type", "记录类型", "Record", Choice(words.PATROL_TYPES), "问题类型", required=True),
            of("text", "记录内容", "Record text", LONG, "问题描述", "描述"),
            *position(), line("address", "地址", "Address", "位置"),
            of("outfall", "排口", "Outfall", Reference("outfall"), "排口编号"),
            of("order", "工单号", "Order", _ORDER, "督办编号"),
        ),
        key=("position",), numbered="position",
    ),
)  # fmt: skip

PUBLIC_REPORTS = Book(
    "public_reports", "群众举报台账", "Public reports", PublicReport,
    (
        ident("举报编号", "受理编号"),
        of("received_ms", "受理时间", "Received", Instant(), "举报时间", "来电时间", required=True),
        line("channel", "渠道", "Channel", "来源", "举报渠道"), river(required=False),
        line("place", "地点", "Place", "位置"),
        of("text", "内容", "Text", LONG, "举报内容", "诉求内容", required=True),
        line("contact", "联系方式", "Contact", "联系电话", "电话"),
        of("order", "工单号", "Order", _ORDER, "督办编号"),
        of("answered_ms", "答复时间", "Answered", Instant(), "回复时间"),
        of("answer", "答复内容", "Answer", LONG, "回复内容", "处理结果"),
    ),
    named_by=("received_ms", "place", "text"), prefix="RE",
    checks=(in_order("received_ms", "answered_ms"),),
)  # fmt: skip
