"""A report as an Excel workbook: a sheet for each section, numbers as numbers, every row."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboard.casework.exchange.table import dangerous
from dashboard.reports.figures import COLOURS, WRITING
from dashboard.reports.model import Cell, Report, Section, Stamp, Table
from dashboard.reports.zipped import steady

#: Longest text of a cell, and of a sheet's name.
_LONGEST, _NAME = 32_767, 31
#: Characters that XML or a sheet's name cannot carry.
_DROPPED = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])
_UNNAMED = re.compile(r"[\[\]:*?/\\']")


def excel(report: Report, stamp: Stamp) -> bytes:
    """The workbook.

    Text that a spreadsheet would take for a formula is kept from being one, also where the file is saved as CSV.
    """
    import xlsxwriter

    data = io.BytesIO()
    book = xlsxwriter.Workbook(
        data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    made = datetime.fromtimestamp(stamp.made_ms / 1000, UTC).replace(tzinfo=None)
    book.set_properties({"title": report.heading, "author": report.issuer, "comments": report.digest, "created": made})
    looks = _looks(book)
    cover = book.add_worksheet(_name(report.period, 0))
    cover.set_column(0, 0, 110)
    lines = [report.heading, report.period, report.issuer, report.banner, stamp.text, report.digest]
    for row, text in enumerate(line for line in lines if line):
        cover.write_string(row, 0, safe(text), looks["title"] if row == 0 else looks["text"])
    for number, section in enumerate(report.sections, 1):
        _section(book.add_worksheet(_name(section.title, number)), section, looks)
    book.close()
    return steady(data.getvalue())


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    clean = text.translate(_DROPPED)[: _LONGEST - 1]
    return f"'{clean}" if dangerous(clean) else clean


def _looks(book: Any) -> dict[str, Any]:
    looks = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    for key, colour in COLOURS.items():
        looks[f"class-{key}"] = book.add_format(
            {"bg_color": colour, "font_color": WRITING.get(key, "#ffffff"), "valign": "top", "text_wrap": True}
        )
    return looks


def _name(title: str, number: int) -> str:
    clean = _UNNAMED.sub(" ", title.translate(_DROPPED)).strip()
    return f"{number} {clean}"[:_NAME] if number else clean[:_NAME] or "0"


def _section(sheet: Any, section: Section, looks: Mapping[str, Any]) -> None:
    row = 0
    widths: dict[int, int] = {}
    for text in section.paragraphs:
        sheet.write_string(row, 0, safe(text))
        row += 1
    for table in section.tables:
        row = _table(sheet, table, row + bool(row), looks, widths)
    for column, width in widths.items():
        sheet.set_column(column, column, min(max(width + 2, 8), 50))


def _table(sheet: Any, table: Table, row: int, looks: Mapping[str, Any], widths: dict[int, int]) -> int:
    sheet.write_string(row, 0, safe(table.title), looks["title"])
    for column, text in enumerate(table.head):
        sheet.write_string(row + 1, column, safe(text), looks["head"])
        widths[column] = max(widths.get(column, 0), _width(text))
    row += 2
    for cells in table.rows:
        for column, cell in enumerate(cells):
            _write(sheet, row, column, cell, looks)
            widths[column] = max(widths.get(column, 0), _width(cell.text))
        row += 1
    for text in (table.note, "" if table.rows else table.empty):
        if text:
            sheet.write_string(row, 0, safe(text))
            row += 1
    return row + 1


def _write(sheet: Any, row: int, column: int, cell: Cell, looks: Mapping[str, Any]) -> None:
    look = looks["text"] if cell.cls is None else looks[f"class-{cell.cls}"]
    if cell.value is not None:
        sheet.write_number(row, column, cell.value, look)
    else:
        sheet.write_string(row, column, safe(cell.text), look)


def _width(text: str) -> int:
    return sum(2 if ord(mark) > 0x2E80 else 1 for mark in text)
