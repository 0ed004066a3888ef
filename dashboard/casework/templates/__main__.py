"""Write the Word forms of the notices: ``python -m dashboard.casework.templates [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

#: What official letters are set in; whoever opens them without these fonts sees another one of the kind.
BODY_FONT, TITLE_FONT = "仿宋", "黑体"

_OPENING = {
    "supervision": "你单位承办的下列事项已逾期或需要督促，现予督办。请按要求抓紧办理，并书面报告办理情况。",
    "rectification": "经巡查、监测发现下列问题，现通知你单位限期整改，并书面报告整改情况。",
}


def write_forms(folder: Path) -> None:
    """Write ``notice-supervision.docx`` and ``notice-rectification.docx`` into a folder."""
    for kind, opening in _OPENING.items():
        document = Document()
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.7)
        _line(document, "{{ heading }}", 22, TITLE_FONT, WD_ALIGN_PARAGRAPH.CENTER)
        _line(document, "{{ number }}", 14, BODY_FONT, WD_ALIGN_PARAGRAPH.CENTER)
        _line(document, "{{ department }}：", 14, BODY_FONT)
        _line(document, opening, 14, BODY_FONT, indent=True)
        _table(document)
        _line(document, "{%p if evidence %}", 14, BODY_FONT)
        _line(document, "监测情况：", 14, TITLE_FONT)
        _line(document, "{%p for line in evidence %}", 14, BODY_FONT)
        _line(document, "{{ line }}", 12, BODY_FONT, indent=True)
        _line(document, "{%p endfor %}", 14, BODY_FONT)
        _line(document, "{%p endif %}", 14, BODY_FONT)
        _line(document, "{{ office }}", 14, BODY_FONT, WD_ALIGN_PARAGRAPH.RIGHT)
        _line(document, "{{ issued }}", 14, BODY_FONT, WD_ALIGN_PARAGRAPH.RIGHT)
        document.save(str(folder / f"notice-{kind}.docx"))


def _table(document: Any) -> None:
    rows = (
        ("事项", "{{ title }}"),
        ("编号", "{{ order }}"),
        ("河道", "{{ river }}"),
        ("紧急程度", "{{ urgency }}"),
        ("问题描述", "{{ text }}"),
        ("办理要求", "{{ requirement }}"),
        ("办理时限", "{{ due }}"),
        ("协办单位", "{{ others }}"),
    )
    table = document.add_table(rows=0, cols=2)
    table.style = "Table Grid"
    for label, value in rows:
        left, right = table.add_row().cells
        left.width, right.width = Cm(3), Cm(12.6)
        _write(left.paragraphs[0], label, 12, TITLE_FONT)
        _write(right.paragraphs[0], value, 12, BODY_FONT)
    document.add_paragraph()


def _line(document: Any, text: str, size: int, font: str, align: Any = None, *, indent: bool = False) -> None:
    paragraph = document.add_paragraph()
    if align is not None:
        paragraph.alignment = align
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    _write(paragraph, text, size, font)


def _write(paragraph: Any, text: str, size: int, font: str) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name = Pt(size), font
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)


if __name__ == "__main__":
    write_forms(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
