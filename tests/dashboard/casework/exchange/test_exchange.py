"""What people have comes in whole or not at all, every mistake is told at once, and only changes are written."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books, open_books
from dashboard.casework.exchange.exchange import Report, import_file
from dashboard.casework.exchange.write import export_file
from dashboard.casework.seed.seed import seed
from dashboard.casework.tables.inspections import Finding, Inspection, PatrolRecord
from dashboard.casework.tables.stations import Calibration, Sample, SampleResult
from dashboard.casework.tables.survey import OutfallRecord, RiverPolicy, Shop
from sensors.errors import UsageError
from sensors.site import Site

#: Days of the lists lie before it.
NOW = 1798000000000

SHOPS = """编号,店名,河道,状态,排查日期,排查人,经度,星级
S1,张记面馆,斜塘河,正常,2026/5/4,李,120.7,5
S2,洗车行,R02,未排查,,,,
"""


class Office:
    """Books, a site and a file to import again and again."""

    def __init__(self, books: Books, site: Site, folder: Path) -> None:
        self.books, self.site, self.path = books, site, folder / "list.csv"

    def bring(self, book: str, text: str, **options: Any) -> Report:
        self.path.write_text(text, "utf-8")
        return import_file(self.books, self.site, book, self.path, "li", NOW, **options)

    def all(self, model: Any) -> list[Any]:
        with self.books.read() as session:
            return list(session.scalars(select(model)))

    def trail(self) -> list[AuditEntry]:
        with self.books.read() as session:
            assert verify(session).problems == ()
            return list(session.scalars(select(AuditEntry).order_by(AuditEntry.seq)))


@pytest.fixture
def office(books: Books, xietang: Site, tmp_path: Path) -> Office:
    return Office(books, xietang, tmp_path)


def counts(report: Report) -> tuple[int, int, int, int, bool]:
    return report.new, report.changed, report.same, report.wrong, report.written


def told(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def test_a_list_comes_in_and_only_what_changed_comes_in_again(office: Office) -> None:
    report = office.bring("shops", SHOPS)
    assert counts(report) == (2, 0, 0, 0, True)
    assert (report.extra, report.rows) == (("星级",), 2)
    shop = next(shop for shop in office.all(Shop) if shop.id == "S1")
    assert (shop.name, shop.river, shop.state, shop.surveyed_on) == ("张记面馆", "R01", "in_order", date(2026, 5, 4))
    assert len(office.trail()) == 2

    assert counts(office.bring("shops", SHOPS)) == (0, 0, 2, 0, False)
    assert len(office.trail()) == 2

    report = office.bring("shops", SHOPS.replace("洗车行", "洗车中心") + "S3,新店,R03,,,,,\n")
    assert counts(report) == (1, 1, 1, 0, True)
    assert [(e.action, e.subject_id, e.after and e.after.get("name")) for e in office.trail()[2:]] == [
        ("update", "S2", "洗车中心"), ("insert", "S3", "新店"),
    ]  # fmt: skip
    assert office.trail()[2].before == {"name": "洗车行"}
    assert {(e.actor, e.reason) for e in office.trail()} == {("li", "import of list.csv")}


def test_every_mistake_is_told_with_its_place_and_nothing_is_imported(office: Office) -> None:
    report = office.bring(
        "shops", "编号,店名,河道,状态,排查日期,排查人\nS1,a,长江,好,昨天,李\nS2,b,R02,,,\nS2,c,R02,,,\nS4,,R01,正常,,\n"
    )
    assert counts(report) == (0 + 1, 0, 0, 3, False)
    assert [line.split("; accepted: ")[0] for line in told(report)] == [
        "list.csv: row 2, column 河道: found '长江'",
        "list.csv: row 2, column 状态: found '好'",
        "list.csv: row 2, column 排查日期: found '昨天'",
        "list.csv: row 4, column 编号: found 'S2'",
        "list.csv: row 5, column 店名: found nothing",
    ]
    assert told(report)[3].endswith("accepted: one that row 3 does not have")
    assert office.all(Shop) == []
    assert office.trail() == []


def test_good_rows_only_where_somebody_asks_for_it(office: Office) -> None:
    text = "编号,店名,河道\nS1,a,长江\nS2,b,R02\n"
    assert counts(office.bring("shops", text, good_rows_only=True)) == (1, 0, 0, 1, True)
    assert [shop.id for shop in office.all(Shop)] == ["S2"]


def test_a_dry_run_tells_the_same_and_writes_nothing(office: Office) -> None:
    assert counts(office.bring("shops", SHOPS, dry_run=True)) == (2, 0, 0, 0, False)
    assert office.all(Shop) == []
    office.bring("shops", SHOPS)
    changed = SHOPS.replace("120.7", "120.8")
    assert counts(office.bring("shops", changed, dry_run=True)) == (0, 1, 1, 0, False)
    assert {shop.longitude for shop in office.all(Shop)} == {120.7, None}


def test_a_list_of_some_columns_leaves_the_others_and_a_blank_cell_clears(office: Office) -> None:
    office.bring("shops", SHOPS)
    report = office.bring("shops", "编号,备注,经度,状态,店名\nS1,新铺位,,,\nS9,,,,\n", good_rows_only=True)
    assert counts(report) == (0, 1, 0, 1, True)
    assert [line.partition("column ")[2] for line in told(report)] == [
        "店名: found nothing; accepted: something that is not blank",
        "河道: found nothing; accepted: something that is not blank",
    ]
    shop = next(shop for shop in office.all(Shop) if shop.id == "S1")
    # What may be empty is, what must not be stays.
    assert (shop.note, shop.longitude, shop.state, shop.name) == ("新铺位", None, "in_order", "张记面馆")


def test_lists_without_numbers_come_in_once(office: Office) -> None:
    text = "名称,地址,河道,行业\n张记,一号,R01,餐饮\n李记,二号,R02,餐饮\n"
    assert counts(office.bring("shops", text)) == (2, 0, 0, 0, True)
    assert counts(office.bring("shops", text.replace("二号,R02,餐饮", "二号,R02,洗车"))) == (0, 1, 1, 0, True)
    assert all(shop.id.startswith("SH-") for shop in office.all(Shop))
    report = office.bring("shops", "名称,河道\n,R01\n")
    assert told(report)[0].endswith("accepted: something that is not blank")


def test_a_row_that_nothing_names_is_told(office: Office) -> None:
    report = office.bring("river_policy", "河道,清单,序号,内容\nR01,问题清单,1,a\nR01,,2,b\nR01,problem,1,c\n")
    assert [line.partition(": ")[2] for line in told(report)] == [
        "row 3, column 河道: found nothing; accepted: something in 河道, 清单, 序号",
        "row 4, column 河道, 清单, 序号: found 'R01/problem/1'; accepted: one that row 2 does not have",
    ]
    assert counts(office.bring("river_policy", "河道,清单,序号,内容\nR01,问题清单,1,a\n")) == (1, 0, 0, 0, True)
    assert counts(office.bring("river_policy", "河道,清单,序号,内容\n斜塘河,Problems,1,z\n")) == (0, 1, 0, 0, True)
    assert [(row.list, row.position, row.text) for row in office.all(RiverPolicy)] == [("problem", 1, "z")]


def test_a_code_belongs_to_one_outfall(office: Office) -> None:
    seed(office.books, office.site, NOW)
    report = office.bring("outfalls", "编号,官方编码\nPK001,FA-1\nPK002,FA-1\n")
    assert told(report) == ["list.csv: row 3, column 官方编码: found 'FA-1'; accepted: one that row 2 does not have"]
    assert counts(office.bring("outfalls", "编号,官方编码\nPK001,FA-1\n")) == (0, 1, 0, 0, True)
    assert told(office.bring("outfalls", "编号,官方编码\nPK002,FA-1\n")) == [
        "list.csv: row 2, column 官方编码: found 'FA-1'; accepted: one that PK001 does not have"
    ]
    # An outfall may be named by its code, too.
    report = office.bring("shops", "编号,店名,河道,排口\nS1,a,R01,FA-1\nS2,b,R01,PK003\nS3,c,R01,PK999\n")
    assert [line.split("; accepted")[0] for line in told(report)] == ["list.csv: row 4, column 排口: found 'PK999'"]


def test_a_number_or_a_name_that_stands_twice_names_both_rows(office: Office) -> None:
    rows = ["S1,a,R01,", "S1,b,R01,", ",张记,R02,东路 1", ",张记,斜塘河,东路 1", ",张记,R02,东路 1"]
    report = office.bring("shops", "\n".join(["编号,店名,河道,地址", *rows]))
    assert told(report) == [
        "list.csv: row 3, column 编号: found 'S1'; accepted: one that row 2 does not have",
        "list.csv: row 6, column 店名, 地址, 河道: found '张记/东路 1/R02'; accepted: one that row 4 does not have",
    ]


def test_what_happened_did_not_happen_tomorrow(office: Office) -> None:
    """NOW is the 23rd of December, noon and a half in the site's zone; what is planned may come later."""
    text = "编号,河道,发现日期\nB1,R01,2026-12-23\nB2,R01,2026-12-24\n"
    assert told(office.bring("boats", text)) == [
        "list.csv: row 3, column 发现日期: found '2026-12-24'; accepted: a day that is not in the future: "
        "2026-12-23 at the latest"
    ]
    ahead = "编号,河道,河段,起点,终点,计划日期\nC1,R01,R01-1,0,10,2028-01-01\n"
    assert counts(office.bring("clearings", ahead)) == (1, 0, 0, 0, True)
    visit = "编号,站点,到站时间\nV1,S01,2026-12-23 12:33\nV2,S01,2026-12-23 12:50\n"
    assert [line.partition("found ")[2][:20] for line in told(office.bring("visits", visit))] == [
        "'2026-12-23 12:50'; "
    ]


def test_what_must_hold_of_a_row_beyond_its_cells(office: Office) -> None:
    report = office.bring(
        "clearings",
        "编号,河道,河段,起点,终点,开工日期,完工日期\nC1,R02,R01-1,0,10,,\nC2,R01,R01-1,20,10,,\n"
        "C3,R01,R01-1,0,9999,,\nC4,R01,R01-1,0,400,2026-05-04,2026-05-03\n",
    )
    lines = [line.partition("row ")[2] for line in told(report)]
    assert lines[0].startswith("2, column 河段: found 'R01-1'; accepted: a reach of that river: R02-")
    assert lines[1:] == [
        "3, column 终点: found '10.0'; accepted: not before 20",
        "4, column 终点: found '9999.0'; accepted: a number from 0 to 400",
        "5, column 完工日期: found '2026-05-03'; accepted: not before 2026-05-04",
    ]


def test_stages_have_what_they_need_and_lists_take_no_outfall_back(office: Office) -> None:
    seed(office.books, office.site, NOW)
    header = "编号,阶段,排查日期,排查人,旱天是否出流,采样日期,溯源结果\n"
    report = office.bring("outfalls", header + "PK001,已监测,2026-05-04,李,是,,\nPK002,监测,2026-05-04,李,否,,\n")
    assert told(report) == [
        "list.csv: row 2, column 采样日期: found nothing; accepted: something that is not blank in this state"
    ]
    assert report.new + report.changed == 1  # what does not flow has nothing to sample
    good = header + "PK001,已监测,2026-05-04,李,是,2026-05-06,\n"
    assert counts(office.bring("outfalls", good)) == (0, 1, 0, 0, True)
    report = office.bring("outfalls", header + "PK001,已排查,2026-05-04,李,是,2026-05-06,\n")
    assert "accepted: 已监测 (Monitored) or later: a list takes no outfall back" in told(report)[0]
    assert {row.stage for row in office.all(OutfallRecord) if row.id == "PK001"} == {"monitored"}
    # A list of other columns is judged with what the books have.
    assert counts(office.bring("outfalls", "编号,阶段,溯源结果\nPK001,已溯源,混接\n")) == (0, 1, 0, 0, True)


INSPECTIONS = """检查编号,检查类型,河道,检查日期,得分,问题编号,问题类型,问题描述,扣分
I1,月度检查,斜塘河,2026-05-04,93,F1,污水直排,桥下,5
,,,,,F2,桥面破损,栏杆,2
I2,自查,R02,2026/5/5,100,,,,
"""


def test_lines_of_one_inspection_belong_together_merged_cells_included(office: Office) -> None:
    report = office.bring("inspections", INSPECTIONS)
    assert (counts(report), report.rows) == ((2, 0, 0, 0, True), 3)
    assert [(f.id, f.inspection_id, f.type, f.points) for f in office.all(Finding)] == [
        ("F1", "I1", "direct_discharge", 5.0), ("F2", "I1", "桥面破损", 2.0),
    ]  # fmt: skip
    assert counts(office.bring("inspections", INSPECTIONS)) == (0, 0, 2, 0, False)
    before = len(office.trail())
    again = INSPECTIONS.replace("F2,桥面破损,栏杆,2", "F2,桥面破损,栏杆,3\nI1,,,,,F3,异味,,1")
    assert counts(office.bring("inspections", again)) == (0, 1, 1, 0, True)
    assert [(e.action, e.subject, e.subject_id) for e in office.trail()[before:]] == [
        ("update", "finding", "F2"), ("insert", "finding", "F3"),
    ]  # fmt: skip


def test_a_mistake_in_a_finding_keeps_the_whole_inspection_out(office: Office) -> None:
    text = INSPECTIONS.replace("F2,桥面破损,栏杆,2", "F2,,栏杆,200")
    text += "I2,月度检查,R02,2026-05-05,100,F2,x,,\n,,,,,F2,y,,\n"
    report = office.bring("inspections", text, good_rows_only=True)
    assert counts(report) == (0, 0, 0, 2, False)
    assert [line.partition("row ")[2].partition("; accepted")[0] for line in told(report)] == [
        "3, column 扣分: found '200'", "5, column 检查类型: found 'monthly'",
    ]  # fmt: skip
    report = office.bring("inspections", INSPECTIONS.replace("F2,桥面破损", "F1,"))
    assert [line.partition("row ")[2] for line in told(report)] == [
        "3, column 问题类型: found nothing; accepted: something that is not blank"
    ]
    report = office.bring("inspections", INSPECTIONS.replace("F2,桥面", "F1,桥面"))
    assert told(report)[0].endswith("row 3, column 问题编号: found 'F1'; accepted: one that row 2 does not have")
    assert office.all(Inspection) == []


def test_records_without_numbers_are_found_again(office: Office) -> None:
    text = "河道,巡河人,开始时间,记录类型,记录内容\nR01,河长,2026-05-04 09:00,沉船,a\n,,,油污漂浮,b\n"
    assert counts(office.bring("patrols", text)) == (1, 0, 0, 0, True)
    assert counts(office.bring("patrols", text)) == (0, 0, 1, 0, False)
    # A list that has only a further one adds it, and changes none.
    assert counts(office.bring("patrols", text.replace("沉船,a\n,,,油污漂浮,b", "生活垃圾,c"))) == (0, 1, 0, 0, True)
    found = [(row.position, row.type, row.text) for row in office.all(PatrolRecord)]
    assert sorted(found) == [(1, "sunken_boat", "a"), (2, "oil", "b"), (3, "household_waste", "c")]


def test_results_across_the_list_or_one_a_line_are_the_same(office: Office) -> None:
    across = (
        "站点,采样时间,检测机构,氨氮(mg/L),总磷,pH值\n"
        "西闸桥,2026-05-04 09:00,站,0.52,0.01L,\nS02,2026-05-04 10:00,站,ND,-,7.1\n"
    )
    assert counts(office.bring("samples", across)) == (2, 0, 0, 0, True)
    found = {(row.determinand, row.amount) for row in office.all(SampleResult)}
    assert found == {
        ("ammonia_nitrogen", "0.52"), ("total_phosphorus", "0.01L"), ("ammonia_nitrogen", "ND"), ("ph", "7.1"),
    }  # fmt: skip
    lines = "站点,采样时间,监测因子,结果\nS01,2026-05-04 09:00,氨氮,0.52\nS01,2026-05-04 09:00,总磷,0.02\n"
    assert counts(office.bring("samples", lines)) == (0, 1, 0, 0, True)
    assert len(office.all(Sample)) == 2
    report = office.bring("samples", across.replace("0.01L", "很低"))
    assert told(report) == [
        "list.csv: row 2, column 总磷: found '很低'; accepted: an amount such as 1.25, 0.05L, <0.05 or ND"
    ]


def test_whether_a_calibration_passed_follows_from_its_numbers(office: Office) -> None:
    text = (
        "站点,到站时间,监测因子,标准值,校准前,校准后,允许误差,是否合格\n"
        "S01,2026-05-04 09:00,pH值,6.86,7.2,6.9,0.05,否\n,,pH值,9.18,9.3,9.3,0.05,\n,,氨氮,1,1.1,,,是\n"
    )
    assert counts(office.bring("visits", text)) == (1, 0, 0, 0, True)
    assert [(row.standard, row.passed) for row in office.all(Calibration)] == [(6.86, True), (9.18, False), (1, True)]
    assert counts(office.bring("visits", text)) == (0, 0, 1, 0, False)


def test_files_that_cannot_be_read_and_books_that_are_none(office: Office) -> None:
    report = office.bring("shops", "a,b\n1,2\n")
    assert (counts(report), len(report.mistakes)) == ((0, 0, 0, 0, False), 1)
    with pytest.raises(UsageError, match="found no such book; accepted: outfalls, shops,"):
        office.bring("cats", SHOPS)


@pytest.fixture(scope="module")
def one(xietang: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("one")
    books = open_books(f"sqlite:///{folder / 'books.sqlite'}")
    yield Office(books, xietang, folder)
    books.close()


TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from(["=1+1", "'-", "R01", "正常", "是", "2026-05-04", "1.5", "", "/"])
)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        # Shops that are visited: who did it stands in the list.
        st.tuples(
            TEXTS, TEXTS, st.sampled_from(["R01", "斜塘河", "长江"]),
            st.sampled_from(["", "待整改", "Closed down", "?"]),
            st.sampled_from(["2026-05-04", "46146", "", "x"]), st.sampled_from(["是", "no", "", "x"]), TEXTS,
        ),
        max_size=4,
    )
)  # fmt: skip
def test_whatever_a_list_holds_it_goes_in_and_out_unchanged(one: Office, rows: list[tuple[str, ...]]) -> None:
    with one.path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        csv.writer(file).writerows([["编号", "店名", "河道", "状态", "排查日期", "有无隔油池", "排查人"], *rows])
    options: dict[str, Any] = {"good_rows_only": True}
    first = import_file(one.books, one.site, "shops", one.path, "li", NOW, **options)
    again = import_file(one.books, one.site, "shops", one.path, "li", NOW, **options)
    assert (again.new, again.changed, again.same, again.wrong) == (
        0,
        0,
        first.new + first.changed + first.same,
        first.wrong,
    )
    for ending in (".csv", ".xlsx"):
        out = one.path.with_name(f"out{ending}")
        with one.books.read() as session:
            count = export_file(session, one.site, "shops", out)
        back = import_file(one.books, one.site, "shops", out, "li", NOW)
        assert (back.new, back.changed, back.same, back.mistakes) == (0, 0, count, ())
