"""Word, PDF and Excel say the same, are the same bytes for the same inputs, and hold nothing that runs."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from docx import Document
from openpyxl import load_workbook

from dashboard.casework.desk import Desk
from dashboard.casework.files_media import media_of
from dashboard.reports.content import stamp
from dashboard.reports.excel import excel, safe
from dashboard.reports.keep import FORMATS, file_name, printed
from dashboard.reports.model import Cell, Report, Section, Stamp, table
from dashboard.reports.pdf import html, pdf
from dashboard.reports.word import word
from tests.dashboard import made

ATTACK = "<script>alert(1)</script>{{ 7*7 }}\x0b"


@pytest.fixture(scope="module")
def when(office: Desk) -> Stamp:
    return stamp("王", made.NOW_MS, office, "zh")


@pytest.fixture(scope="module")
def small() -> Report:
    """Little, so that printing it is quick."""
    rows = [(Cell("=1+1"), Cell("劣Ⅴ", "INFERIOR_V"), Cell("3", None, 3.0)), (Cell(ATTACK), Cell("-2"), Cell("@x"))]
    section = Section("一/二:三", ("段落 " + ATTACK,), (), (table("表", ("甲", "乙", "丙"), rows, note="注"),))
    return Report("zh", "month", "2026-10", "某地月报", "2026年10月", "某办", "", (section,))


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_inputs_are_the_same_bytes(
    november: Report, when: Stamp, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FORMATS[form](november, when)
    real = time.time
    # Years later, by every clock that a library may look at.
    monkeypatch.setattr(time, "time", lambda: real() + 1e8)
    monkeypatch.setattr(time, "localtime", lambda *_at: time.gmtime(real() + 1e8))
    assert FORMATS[form](november, when) == first
    kind = media_of(first)
    assert kind is not None
    assert kind.endings[0] == f".{form}"


@pytest.mark.parametrize("form", FORMATS)
def test_another_stamp_is_another_file(small: Report, when: Stamp, form: str) -> None:
    assert FORMATS[form](small, when) != FORMATS[form](small, replace(when, text="李"))


def test_word_pdf_and_excel_have_the_same_tables(november: Report, when: Stamp) -> None:
    page = html(november, when)
    document = Document(io.BytesIO(word(november, when)))
    book = load_workbook(io.BytesIO(excel(november, when)))
    tables = [one for section in november.sections for one in section.tables if one.rows]
    assert len(document.tables) == len(tables)
    assert len(book.worksheets) == len(november.sections) + 1
    for shown, one in zip(document.tables, tables, strict=True):
        assert tuple(cell.text for cell in shown.rows[0].cells) == one.head
        assert len(shown.rows) == 1 + min(len(one.rows), one.most)
        assert tuple(cell.text for cell in shown.rows[1].cells) == tuple(cell.text for cell in one.rows[0])
        assert f"<h3>{one.title}</h3>" in page
    rivers = book.worksheets[2]
    assert rivers.cell(3, 1).value == november.sections[1].tables[0].rows[0][0].text
    assert page.count("<svg") == sum(len(section.figures) for section in november.sections)
    assert len(document.inline_shapes) == page.count("<svg")


def test_numbers_are_numbers_in_excel(small: Report, when: Stamp) -> None:
    sheet = load_workbook(io.BytesIO(excel(small, when))).worksheets[1]
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert ["'=1+1", "劣Ⅴ", 3] in values


def test_formulas_are_kept_from_being_any(small: Report, when: Stamp) -> None:
    for text in ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"):
        assert safe(text).startswith("'")
    assert safe("水质") == "水质"
    for sheet in load_workbook(io.BytesIO(excel(small, when))).worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)


def test_nothing_that_people_wrote_runs(small: Report, when: Stamp) -> None:
    page = html(small, when)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page
    text = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(word(small, when))).paragraphs)
    assert "{{ 7*7 }}" in text
    assert pdf(small, when).startswith(b"%PDF-")


def test_paper_has_the_first_rows_and_excel_all(when: Stamp) -> None:
    many = table("表", ("甲",), [(Cell(f"行{n}"),) for n in range(9)], most=4, more="另有 {count} 条")
    report = Report("zh", "day", "2026-10-01", "h", "p", "i", "", (Section("s", (), (), (many,)),))
    page = html(report, when)
    assert "行3" in page
    assert "行4" not in page
    assert "另有 5 条" in page
    sheet = load_workbook(io.BytesIO(excel(report, when))).worksheets[1]
    assert "行8" in [row[0].value for row in sheet.iter_rows()]


def test_names_of_files(november: Report, november_en: Report, when: Stamp) -> None:
    assert file_name(november, "pdf") == "斜塘街道河长制工作月报 2026-11.pdf"
    assert file_name(november_en, "xlsx") == "Xietang Sub-district monthly report on the rivers 2026-11.xlsx"
    assert list(printed(november_en, when, ["xlsx"])) == ["xlsx"]
