from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from dashboard.casework.books import BOOKS
from dashboard.casework.exchange import table as exchange_table
from dashboard.casework.exchange.table import Table, UnusableError, dangerous, open_table

HEADER = "编号,商户名称,河道"


def opened(path: Path, content: str | bytes, book: str = "shops", sheet: str | None = None) -> Table:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(path, BOOKS[book], sheet)


def refused(path: Path, content: str | bytes, book: str = "shops", sheet: str | None = None) -> str:
    with pytest.raises(UnusableError) as caught:
        opened(path, content, book, sheet)
    return str(caught.value.wrong.problem(path.name))


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book, data = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADER}\nS1,店,斜塘河\n".encode(), f"{HEADER}\r\nS1,店,斜塘河".encode("utf-8-sig"),
        f"{HEADER}\nS1,店,斜塘河\n".encode("gb18030"), f"{HEADER}\nS1,店,斜塘河\n".replace(",", ";").encode(),
        f"{HEADER}\nS1,店,斜塘河\n".replace(",", "\t").encode("utf-16"),
        f"{HEADER}\nS1,\" 店\u3000\",斜塘河,\n".encode(),
    ],
)  # fmt: skip
def test_csv_of_any_usual_making(tmp_path: Path, data: bytes) -> None:
    table = opened(tmp_path / "a.csv", data)
    assert [place.column.attribute for place in table.places] == ["id", "name", "river"]
    assert [(row, list(cells)[:3]) for row, cells in table.rows] == [(2, ["S1", "店", "斜塘河"])]


def test_titles_above_the_header_and_empty_rows_keep_their_numbers(tmp_path: Path) -> None:
    table = opened(tmp_path / "a.csv", f'斜塘街道商户排查表,,\n,,\n{HEADER}\n,,\n\nS1,"两\n行",R01\nS2,b,R02\n')
    assert [(row, cells[0]) for row, cells in table.rows] == [(6, "S1"), (7, "S2")]
    assert table.rows[0][1][1] == "两\n行"


def test_headers_as_people_write_them_and_columns_that_nobody_knows(tmp_path: Path) -> None:
    table = opened(tmp_path / "a.csv", "商户编号,Name *,所属河道,是否纳管（是/否）,星级,\nS1,x,R01,是,5,\n")
    found = {place.header: place.column.attribute for place in table.places}
    assert found == {"商户编号": "id", "Name *": "name", "所属河道": "river", "是否纳管（是/否）": "sewer_connected"}
    assert table.extra == ("星级",)


def test_excel_takes_the_sheet_that_fits_and_keeps_kinds(tmp_path: Path) -> None:
    data = workbook(("封面", [["斜塘街道"]]), ("商户", [["表一"], ["编号", "名称", "经度"], ["S1", "_x", 120.5]]))
    table = opened(tmp_path / "a.xlsx", data)
    assert [(row, list(cells)) for row, cells in table.rows] == [(3, ["S1", "_x", 120.5])]
    assert refused(tmp_path / "a.xlsx", data, sheet="z").endswith("found 'z'; accepted: one of the sheets 封面, 商户")
    assert "a header with columns such as" in refused(tmp_path / "a.xlsx", data, sheet="封面")


def test_determinands_may_stand_across_where_a_book_has_results(tmp_path: Path) -> None:
    table = opened(tmp_path / "a.csv", "站点,采样时间,氨氮(mg/L),总磷,心情\nS01,2026-05-04,0.5,0.05L,好\n", "samples")
    assert table.across == ((2, "氨氮(mg/L)", "ammonia_nitrogen"), (3, "总磷", "total_phosphorus"))
    assert table.extra == ("心情",)
    assert opened(tmp_path / "a.csv", f"{HEADER},氨氮\nS1,x,R01,3\n").extra == ("氨氮",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "found nothing; accepted: a header with columns such as 商户名称 (Name), 河道 (River)"),
        ("a,b\n1,2\n", "found 'a, b'; accepted: a header with columns such as"),
        ("隔油池,行业\nx,y\n", "found '隔油池, 行业'; accepted: a column 编号"),
        (f"{HEADER},店名\nS1,x,R01,y\n", "row 1: found '商户名称, 店名'; accepted: one column of this kind"),
        (f'{HEADER}\nS1,"x,R01\n', "row 2: found 'unexpected end of data'; accepted: cells whose quotes are closed"),
        (b"\xff\x00\x81\x00", "found nothing; accepted: a CSV or Excel file (.xlsx)"),
        (b"PK\x03\x04 not a zip", "accepted: a CSV or Excel file (.xlsx)"),
    ],
)
def test_files_of_which_nothing_can_be_read(tmp_path: Path, content: str | bytes, told: str) -> None:
    assert told in refused(tmp_path / "a.csv", content)


def test_files_that_are_not_there_or_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="No such file"):
        open_table(tmp_path / "none.csv", BOOKS["shops"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "a CSV or Excel file (.xlsx)" in refused(tmp_path / "a.xlsx", data.getvalue())


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, rows = tmp_path / "a.csv", f"{HEADER}\nS1,x,R01\nS2,y,R01\n"
    monkeypatch.setattr(exchange_table, "MAX_ROWS", 1)
    assert refused(path, rows).endswith("found '2'; accepted: a list of at most 1 rows")
    monkeypatch.setattr(exchange_table, "MAX_BYTES", len(rows.encode()) - 1)
    assert "accepted: a list of at most 0 MB" in refused(path, rows)
    monkeypatch.undo()
    monkeypatch.setattr(exchange_table, "MAX_UNPACKED_BYTES", 1000)
    assert "a list of at most 32 MB" in refused(tmp_path / "a.xlsx", workbook(("a", [HEADER.split(",")])))


@pytest.mark.parametrize("text", ["=1+1", "+86", "-x", "@a", "'=1", " =1", "\t=1", "＝1", "\n-1", "''@"])
def test_texts_that_a_spreadsheet_may_take_for_formulas(text: str) -> None:
    assert dangerous(text)


@pytest.mark.parametrize("text", ["", "1+1", "店", "'", "a=b", "'a", "  "])
def test_texts_that_it_does_not(text: str) -> None:
    assert not dangerous(text)
