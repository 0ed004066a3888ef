"""A report as a Word document, for an office that puts its own sentences to it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from dashboard.reports.drawing import png
from dashboard.reports.figures import COLOURS, WRITING
from dashboard.reports.model import Report, Stamp, Table
from dashboard.reports.zipped import steady

#: What official letters are set in; whoever opens them without these fonts sees another one of the kind.
BODY_FONT, TITLE_FONT = "仿宋", "黑体"

#: Characters that XML cannot carry.
_DROPPED = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


def word(report: Report, stamp: Stamp) -> bytes:
    """The document.

    Raises
    ------
    UsageError
        If the machine has no font with Chinese characters, which the pictures need.
    """
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2)
    page.top_margin = page.bottom_margin = Cm(2)
    centre = WD_ALIGN_PARAGRAPH.CENTER
    _line(document, report.heading, 20, TITLE_FONT, centre)
    _line(document, report.period, 15, BODY_FONT, centre)
    if report.banner:
        _line(document, report.banner, 11, TITLE_FONT, centre)
    for number, section in enumerate(report.sections, 1):
        _line(document, f"{number}  {section.title}", 15, TITLE_FONT, level=1)
        for text in section.paragraphs:
            _line(document, text, 12, BODY_FONT)
        for figure in section.figures:
            document.add_picture(io.BytesIO(png(figure.drawing)), width=Cm(16.6))
            document.paragraphs[-1].alignment = centre
            _describe(document, figure.alt)
            _line(document, figure.title, 10, BODY_FONT, centre)
        for table in section.tables:
            _table(document, table)
    right = WD_ALIGN_PARAGRAPH.RIGHT
    _line(document, report.issuer, 12, BODY_FONT, right)
    _line(document, stamp.text, 10, BODY_FONT, right)
    _line(document, report.digest, 7, BODY_FONT, right)
    _properties(document, report, stamp)
    out = io.BytesIO()
    document.save(out)
    return steady(out.getvalue())


def _properties(document: Any, report: Report, stamp: Stamp) -> None:
    made = datetime.fromtimestamp(stamp.made_ms / 1000, UTC).replace(tzinfo=None, microsecond=0)
    core = document.core_properties
    core.title, core.author, core.last_modified_by = report.heading, report.issuer, report.issuer
    core.comments, core.language, core.revision = report.digest, report.language, 1
    core.created = core.modified = core.last_printed = made


def _describe(document: Any, alt: str) -> None:
    """What a picture shows, for those who do not see it."""
    shape = document.inline_shapes[-1]
    shape._inline.docPr.set("descr", _clean(alt))


def _table(document: Any, table: Table) -> None:
    _line(document, table.title, 12, TITLE_FONT, level=2)
    shown = table.rows[: table.most]
    if not shown:
        _line(document, table.empty, 11, BODY_FONT)
        return
    grid = document.add_table(rows=1, cols=len(table.head))
    grid.style = "Table Grid"
    for cell, text in zip(grid.rows[0].cells, table.head, strict=True):
        _write(cell.paragraphs[0], text, 9, TITLE_FONT)
    _repeated(grid.rows[0])
    for row in shown:
        for place, cell in zip(grid.add_row().cells, row, strict=True):
            key = cell.cls
            _write(place.paragraphs[0], cell.text, 9, BODY_FONT, WRITING.get(key, "#ffffff") if key else None)
            if key:
                _shade(place, COLOURS[key])
    if len(table.rows) > len(shown):
        _line(document, table.more.format(count=len(table.rows) - len(shown)), 9, BODY_FONT)
    if table.note:
        _line(document, table.note, 9, BODY_FONT)
    document.add_paragraph()


def _repeated(row: Any) -> None:
    """Say the head of a table again on each page."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _shade(cell: Any, colour: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour[1:])):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _line(document: Any, text: str, size: int, font: str, align: Any = None, *, level: int = 0) -> None:
    paragraph = document.add_heading(level=level) if level else document.add_paragraph()
    if align is not None:
        paragraph.alignment = align
    _write(paragraph, text, size, font, "#000000" if level else None)


def _write(paragraph: Any, text: str, size: int, font: str, colour: str | None = None) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(_clean(text))
    run.font.size, run.font.name = Pt(size), font
    if colour is not None:
        run.font.color.rgb = RGBColor.from_string(colour[1:].upper())
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)


def _clean(text: str) -> str:
    return text.translate(_DROPPED)
