"""What stands in a report."""

from __future__ import annotations

from dataclasses import replace

from collectors.stores import ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.reports.content import content, stamp
from dashboard.reports.model import Report, Table
from dashboard.reports.periods import period_of
from tests.dashboard import made
from tests.dashboard.reports.months import CST, at


def tables(report: Report) -> dict[str, Table]:
    return {table.title: table for section in report.sections for table in section.tables}


def test_every_section_of_a_month(november: Report, november_en: Report) -> None:
    assert [section.title for section in november_en.sections] == [
        "Overview", "Rivers", "Sections", "Course", "Events", "Orders", "Goals", "Red and black list", "Notes",
    ]  # fmt: skip
    assert len(november.sections) == len(november_en.sections)
    assert november.heading == "斜塘街道河长制工作月报"
    assert november.period == "2026年11月"
    assert "虚拟河道数据" in november.banner
    assert "2026-11 尚未结束" in november.banner
    assert november_en.banner.startswith("2026-11 has not ended")


def test_the_figures_are_those_of_the_evaluation(november_en: Report) -> None:
    figures = {row[0].text: row for row in tables(november_en)["Key figures"].rows}
    assert figures["Sections of class I to III"][1].value == 0.0
    assert figures["Sections of class I to III"][2].value == 100.0
    assert figures["All waters"][3].text == "—"
    rivers = tables(november_en)["Evaluation of the rivers"].rows
    assert len(rivers) == 28
    assert (rivers[0][1].text, rivers[0][1].cls) == ("Inferior V", "INFERIOR_V")
    assert rivers[0][4].text.startswith("Ammonia nitrogen(")
    last = tables(november_en)["Classes of the last periods"]
    assert last.head[-2:] == ("2026-10", "2026-11")
    assert {row[-2].cls for row in last.rows} == {"II"}
    assert all(row[1].text == "—" for row in last.rows)


def test_orders_by_department_add_up(november_en: Report) -> None:
    found = tables(november_en)
    *departments, total = found["Orders by department"].rows
    assert total[0].text == "Total"
    for column in range(1, 6):
        assert total[column].value == sum(row[column].value or 0 for row in departments)
    listed = found["Orders one by one"].rows
    assert len(listed) == (total[2].value or 0) + (total[4].value or 0)
    assert sum(row[-1].text == "overdue" for row in listed) == total[5].value == 1
    assert [row[0].text for row in departments] == ["City management", "Water affairs", "not handed out"]
    assert [cell.value for cell in total[1:]] == [3, 0, 0, 3, 1]
    assert listed[0][1].text == "迟", "the overdue ones first"


def test_goals_as_they_were_kept(november_en: Report) -> None:
    rows = {row[0].text: row for row in tables(november_en)["Goals"].rows}
    shops = rows["Every riverside shop surveyed"]
    assert (shops[3].value or 0) > 0
    assert (shops[6].value or 0) >= 0
    assert shops[7].text.startswith("2026-11")


def test_a_list_that_was_not_published_says_so(november_en: Report) -> None:
    assert "Red and black list of 2026-11, not published" in tables(november_en)


def test_the_water_alone(evaluated: ReadingStore, office: Desk) -> None:
    report = content(evaluated, None, office, period_of("2026-10", CST), "en", made.NOW_MS)
    assert report is not None
    assert [section.title for section in report.sections][-2:] == ["Events", "Notes"]
    assert report.banner == ""


def test_quarters_years_and_days(evaluated: ReadingStore, worked: Books, office: Desk) -> None:
    for label, heading, spoken in (
        ("2026-Q4", "斜塘街道河长制工作季报", "2026年第四季度"), ("2026", "斜塘街道河长制工作年报", "2026年"),
        ("2026-11-20", "斜塘街道河道水质日报", "2026年11月20日"),
    ):  # fmt: skip
        report = content(evaluated, worked, office, period_of(label, CST), "zh", made.NOW_MS)
        assert report is not None
        assert (report.heading, report.period) == (heading, spoken)
        lists = [table for table in tables(report) if "红黑榜" in table]
        assert len(lists) == {"2026-Q4": 2, "2026": 11, "2026-11-20": 0}[label]


def test_some_rivers_alone(evaluated: ReadingStore, worked: Books, office: Desk) -> None:
    report = content(evaluated, worked, office, period_of("2026-11", CST), "en", made.NOW_MS, rivers={"R15"})
    assert report is not None
    found = tables(report)
    assert len(found["Evaluation of the rivers"].rows) == 1
    river = office.site.rivers["R15"].name_en
    assert report.banner.endswith(f"Only {river}; figures of all waters are those of the whole site.")
    assert {row[2].text for row in found["Orders one by one"].rows} <= {river, "—"}


def test_of_a_period_without_anything_there_is_none(evaluated: ReadingStore, office: Desk) -> None:
    assert content(evaluated, None, office, period_of("2025-01", CST), "en", made.NOW_MS) is None


def test_the_digest_follows_the_content(november: Report, evaluated: ReadingStore, worked: Books, office: Desk) -> None:
    again = content(evaluated, worked, office, period_of("2026-11", CST), "zh", made.NOW_MS, source="virtual")
    assert again is not None
    assert again.digest == november.digest
    assert replace(november, banner="").digest != november.digest


def test_the_stamp(office: Desk) -> None:
    assert stamp("王", at(12), office, "zh").text == "王 编制于 2026-12-01 00:00"
