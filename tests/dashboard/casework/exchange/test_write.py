from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from dashboard.casework.database import Books, open_books
from dashboard.casework.exchange.exchange import import_file
from dashboard.casework.exchange.write import export_file, exported
from dashboard.casework.tables.inspections import Finding, Inspection
from dashboard.casework.tables.stations import StationVisit
from dashboard.casework.tables.survey import Shop
from sensors.errors import UsageError
from sensors.site import Site

#: When lists come back in; days in them lie before it.
LATER = 1798000000000

NASTY = ('=HYPERLINK("http://x")', "+86 138", "-1+1", "@SUM(A1)", "'=1", "＝1", "- 待查")


@pytest.fixture
def some(tmp_path: Path) -> Books:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    with books.change("li", 1) as session:
        for number, text in enumerate(NASTY):
            session.add(Shop(id=f"S{number}", name=text, river="R01", note=text, longitude=-120.25 - number))
        session.add(
            Shop(id="S9", name="店", river="R02", surveyed_on=date(2026, 5, 4), grease_trap=False, trade="1,\n2")
        )
        session.add(StationVisit(id="V1", station="S01", start_ms=1777867500123, end_ms=None))
        session.add(
            Inspection(
                id="I1",
                kind="self",
                river="R01",
                day=date(2026, 5, 4),
                score=96.5,
                findings=[Finding(id="F2", type="oil"), Finding(id="F1", type="桥面", points=2)],
            )
        )
        session.add(Inspection(id="I2", kind="random", river="R02", day=date(2026, 5, 4)))
    return books


def file_of(books: Books, site: Site, book: str, ending: str, *, language: str = "zh", empty: bool = False) -> bytes:
    with books.read() as session:
        return exported(session, site, book, ending, language=language, empty=empty)[0]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_no_text_becomes_a_formula_and_all_come_back_as_they_were(
    some: Books, xietang: Site, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"out{ending}"
    with some.read() as session:
        assert export_file(session, xietang, "shops", path) == len(NASTY) + 1
    if ending == ".csv":
        text = path.read_bytes().decode("utf-8-sig")
        cells = [cell for line in text.splitlines() for cell in line.split(",")]
        assert not [cell for cell in cells if cell.lstrip('"')[:1] in set("=+@＝")]
        assert [cell for cell in cells if cell.startswith("-")] == [f"{-120.25 - n}" for n in range(len(NASTY))]
    else:
        sheet = openpyxl.load_workbook(path)["沿河商户台账"]
        assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"s", "n", "d"}
    report = import_file(some, xietang, "shops", path, "li", LATER)
    assert (report.same, report.changed, report.new, report.mistakes) == (len(NASTY) + 1, 0, 0, ())
    # The same into empty books.
    other = open_books(f"sqlite:///{tmp_path / 'other' / 'books.sqlite'}")
    assert import_file(other, xietang, "shops", path, "li", LATER).new == len(NASTY) + 1
    with other.read() as session:
        assert session.scalars(select(Shop.note).where(Shop.id != "S9").order_by(Shop.id)).all() == list(NASTY)
        assert session.get_one(Shop, "S9").trade == "1,\n2"
    other.close()


def test_a_csv_opens_in_chinese_excel_and_in_english(some: Books, xietang: Site) -> None:
    data = file_of(some, xietang, "inspections", ".csv")
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").splitlines() == [
        "检查编号,检查类型,河道,网格,被检查部门,检查日期,检查人,得分,备注,问题编号,问题类型,问题描述,问题位置,扣分,问题责任部门,工单号".replace(
            "检查编号", "编号").replace("被检查部门", "责任部门"),
        "I1,自查,斜塘河,,,2026-05-04,,96.5,,F1,桥面,,,2,,",
        "I1,自查,斜塘河,,,2026-05-04,,96.5,,F2,油污漂浮,,,0,,",
        "I2,随机抽查,中塘河,,,2026-05-04,,,,,,,,,,",
    ]  # fmt: skip
    english = file_of(some, xietang, "inspections", ".csv", language="en").decode("utf-8-sig").splitlines()
    assert english[0].startswith("Number,Kind,River,Grid,Department,Day")
    assert english[1].startswith("I1,Own check,Xietang River,")


def test_a_workbook_has_kinds_and_offers_its_words(some: Books, xietang: Site) -> None:
    book = openpyxl.load_workbook(io.BytesIO(file_of(some, xietang, "inspections", ".xlsx")))
    sheet, notes = book.worksheets
    assert (sheet.title, notes.title, sheet.freeze_panes) == ("巡查检查台账", "填写说明", "B2")
    head = [cell.value for cell in sheet[1]]
    assert head[:3] == ["编号", "检查类型*", "河道*"]
    row = dict(zip(head, sheet[2], strict=True))
    assert (row["检查日期*"].is_date, row["得分"].value) == (True, 96.5)
    offered = {str(rule.sqref).split(":")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert offered["B2"] == "'填写说明'!$B$2:$B$5"
    assert [notes.cell(row, 2).value for row in range(1, 6)] == [
        "检查类型",
        "自查",
        "月度检查",
        "第三方检查",
        "随机抽查",
    ]
    # Findings may be of another type than those listed.
    assert "K2" not in offered


def test_times_keep_their_milliseconds(some: Books, xietang: Site, tmp_path: Path) -> None:
    assert "2026-05-04 12:05:00.123" in file_of(some, xietang, "visits", ".csv").decode("utf-8-sig")
    for ending in (".csv", ".xlsx"):
        path = tmp_path / f"v{ending}"
        path.write_bytes(file_of(some, xietang, "visits", ending))
        assert import_file(some, xietang, "visits", path, "li", LATER).same == 1


def test_a_form_to_fill_in(some: Books, xietang: Site) -> None:
    text = file_of(some, xietang, "shops", ".csv", empty=True).decode("utf-8-sig")
    assert text.count("\n") == 1
    assert text.startswith("编号,商户名称,行业")


def test_what_cannot_be_exported(some: Books, xietang: Site, tmp_path: Path) -> None:
    with some.read() as session:
        with pytest.raises(UsageError, match=r"found \.xls; accepted: \.csv, \.xlsx"):
            export_file(session, xietang, "shops", tmp_path / "a.xls")
        with pytest.raises(UsageError, match="No such file"):
            export_file(session, xietang, "shops", tmp_path / "none" / "a.csv")
        with pytest.raises(UsageError, match="found no such book"):
            export_file(session, xietang, "cats", tmp_path / "a.csv")
    with some.change("li", LATER) as session:
        session.get_one(Shop, "S9").note = "x" * 40_000
    with some.read() as session, pytest.raises(UsageError, match="row 9 has a text that Excel cannot hold"):
        export_file(session, xietang, "shops", tmp_path / "a.xlsx")
