"""Books of the stations: visits with calibrations, samples with what the laboratory found."""

from __future__ import annotations

from typing import Any

from dashboard.casework import vocabulary as words
from dashboard.casework.books_checks import in_order
from dashboard.casework.books_columns import day, ident, line, note, of
from dashboard.casework.exchange.book import Book, Part
from dashboard.casework.exchange.kinds import AmountText, Choice, DeterminandName, Instant, Number, Reference, YesNo
from dashboard.casework.tables.stations import Calibration, Sample, SampleResult, StationVisit
from dashboard.casework.visits import passes

_ANY = Number(-1e9, 1e9)
_STATION = of(
    "station", "监测站", "Station", Reference("station"), "站点", "断面", "站点名称", "断面名称", required=True
)


def _judge(values: dict[str, Any]) -> None:
    """Whether a calibration passed follows from its numbers wherever they tell."""
    told = passes(*(values.get(name) for name in ("standard", "before", "after", "tolerance")))
    if told is not None:
        values["passed"] = told


VISITS = Book(
    "visits", "运维校准台账", "Station visits", StationVisit,
    (
        ident("运维编号"), _STATION,
        of("kind", "类型", "Kind", Choice(words.VISIT_KINDS), "运维类型"),
        of("start_ms", "到站时间", "Arrived", Instant(), "开始时间", required=True),
        of("end_ms", "离站时间", "Left", Instant(), "结束时间"),
        line("person", "运维人员", "Person", "运维人"), note(),
    ),
    named_by=("station", "start_ms"), prefix="VI",
    checks=(in_order("start_ms", "end_ms"),),
    part=Part(
        "calibrations", Calibration,
        (
            of("determinand", "监测因子", "Determinand", DeterminandName(), "因子", "项目", "参数", required=True),
            of("standard", "标准值", "Standard", _ANY, "标液浓度", "标准液", required=True),
            of("before", "校准前", "Before", _ANY, "校准前读数"), of("after", "校准后", "After", _ANY, "校准后读数"),
            of("tolerance", "允许误差", "Tolerance", Number(0, 1e9)),
            of("passed", "是否合格", "Passed", YesNo(), "合格", "结论"),
            day("next_due_on", "下次校准日期", "Next due on", "下次校准", ahead=True),
        ),
        key=("determinand", "standard"), derive=_judge,
    ),
)  # fmt: skip

SAMPLES = Book(
    "samples", "实验室和人工采样台账", "Samples", Sample,
    (
        ident("样品编号"), _STATION,
        of("taken_ms", "采样时间", "Taken", Instant(), "采样日期", "日期", required=True),
        line("laboratory", "实验室", "Laboratory", "检测单位", "检测机构"),
        line("taken_by", "采样人", "Taken by", "采样人员"), note(),
    ),
    named_by=("station", "taken_ms"), prefix="SA",
    part=Part(
        "results", SampleResult,
        (
            of("determinand", "监测因子", "Determinand", DeterminandName(), "因子", "项目", "检测项目", required=True),
            of("amount", "结果", "Result", AmountText(), "检测结果", "浓度", "数值", required=True),
            line("method", "方法", "Method", "检测方法"),
        ),
        key=("determinand",), across=("determinand", "amount"),
    ),
)  # fmt: skip
