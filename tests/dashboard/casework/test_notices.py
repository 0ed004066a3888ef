from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from pathlib import Path

import pytest
from docx import Document

from dashboard.casework import notices
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.notices import FORMS, KINDS, issue, notice_docx, notice_html, notice_pdf
from dashboard.casework.tables.orders import EventLink, Notice
from dashboard.casework.templates.__main__ import write_forms
from sensors.errors import ConfigError, UsageError
from tests.dashboard.casework.made import (
    CHIEF,
    DAY_MS,
    NOW,
    OFFICE,
    WATER,
    assigned,
    order_of,
    registered,
    take,
)

#: What people may write and what a form must not read.
HOSTILE = '{{ 7*7 }} {% for x in y %} {_{ <w:p>&lt;\x07\x0c\x00 & "quotes"\nsecond line\ttab'


def issued(books: Books, desk: Desk, kind: str = "supervision", **order: object) -> Notice:
    number = assigned(books, desk, "water", "city_management", **order)
    with books.change("wang", NOW) as session:
        return issue(session, desk, number, kind, OFFICE, NOW, "water")


def text_of(document: bytes) -> str:
    opened = Document(io.BytesIO(document))
    cells = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in opened.paragraphs] + cells)


def page_text(notice: Notice) -> str:
    """What a reader sees of the page that is printed."""
    body = notice_html(notice).partition("</style>")[2]
    return html.unescape(re.sub(r"<[^>]*>", "\n", body))


@pytest.mark.parametrize("kind", KINDS)
def test_a_notice_says_what_is_to_be_done(books: Books, desk: Desk, kind: str) -> None:
    notice = issued(books, desk, kind, text="西闸桥下有污水")
    assert (notice.series, notice.sequence, notice.department, notice.issued_by) == (f"{kind}-2026", 1, "water", "wang")
    wanted = [
        f"斜塘街道{KINDS[kind]}", notice.number, "水务：", "污水直排", "2026-0001", "斜塘河", "一般", "西闸桥下有污水",
        "see to it, water", "2026年05月25日 10:00", "城管", "斜塘街道河长制办公室", "2026年05月11日",
    ]  # fmt: skip
    word = text_of(notice_docx(notice))
    assert [part for part in wanted if part not in word] == []
    assert "{" not in word
    printed = page_text(notice)
    assert [part for part in wanted if part not in printed] == []
    step = order_of(books, notice.order_number).steps[-1]
    assert (step.action, step.text, step.from_state, step.to_state) == ("notice", notice.number, "assigned", "assigned")


def test_text_of_people_is_text(books: Books, desk: Desk) -> None:
    notice = issued(books, desk, text=HOSTILE, title="{{ number }}")
    word = text_of(notice_docx(notice))
    assert "{{ 7*7 }} {% for x in y %}" in word
    assert "{{ number }}" in word
    assert '<w:p>&lt; & "quotes"\nsecond line\ttab' in word
    printed = page_text(notice)
    assert "{{ 7*7 }} {% for x in y %}" in printed
    assert "second line" in printed


def test_a_pdf_carries_a_chinese_font(books: Books, desk: Desk) -> None:
    pdf = notice_pdf(issued(books, desk, text=HOSTILE))
    assert pdf.startswith(b"%PDF-")
    streams = [
        zlib.decompress(found) for found in re.findall(rb"FlateDecode.*?stream\n(.*?)\nendstream", pdf, re.DOTALL)
    ]
    assert re.search(rb"/BaseFont ?/[A-Z]{6}\+[A-Za-z-]*(?:CJK|Han|Hei|Song|Ming)", b"\n".join(streams))


def test_readings_of_the_event_stand_in_it(books: Books, desk: Desk) -> None:
    number = assigned(books, desk)
    row = {"station": "S01", "determinand": "ammonia_nitrogen", "before_mean": 0.5, "mean": 3.0, "minimum": 1.0,
           "maximum": 4.5, "hours": 3}  # fmt: skip
    evidence = {"readings": [row, {**row, "station": "gone"}, {**row, "determinand": "gone", "before_mean": None}]}
    with books.change("wang", NOW) as session:
        session.add(EventLink(event="E1", order_number=number, joined_ms=NOW, start_ms=NOW, updated_ms=NOW,
                              evidence=evidence))  # fmt: skip
        notice = issue(session, desk, number, "rectification", OFFICE, NOW, "water")
    [line] = notice.content["evidence"]
    assert line == "西闸桥 氨氮：1.000–4.500 mg/L，此前 24 小时均值 0.500"
    assert line in text_of(notice_docx(notice))


def test_it_is_printed_again_as_it_went_out(books: Books, desk: Desk) -> None:
    notice = issued(books, desk)
    before = text_of(notice_docx(notice))
    take(books, desk, notice.order_number, "extend", OFFICE, NOW, due_ms=NOW + 99 * DAY_MS)
    with books.read() as session:
        again = session.get(Notice, notice.id)
        assert again is not None
    assert text_of(notice_docx(again)) == before


def test_what_is_refused(books: Books, desk: Desk) -> None:
    open_ = registered(books, desk)
    number = assigned(books, desk)
    for about, why in (
        ((open_, "supervision", OFFICE, "water"), "not possible while the order is registered"),
        ((number, "praise", OFFICE, "water"), "there is no notice praise"),
        ((number, "supervision", CHIEF, "water"), "not for the role chief"),
        ((number, "supervision", WATER, "water"), "not for the role department"),
        ((number, "supervision", OFFICE, "market"), "has no part in this order"),
    ):
        order, kind, actor, department = about
        with pytest.raises(StepRefusedError, match=why), books.change("wang", NOW) as session:
            issue(session, desk, order, kind, actor, NOW, department)


def own_form(folder: Path, text: str) -> Path:
    (folder / "templates").mkdir()
    document = Document()
    document.add_paragraph(text)
    document.save(str(folder / "templates" / "notice-supervision.docx"))
    return folder


def test_a_site_s_own_form(books: Books, desk: Desk, tmp_path: Path) -> None:
    notice = issued(books, desk)
    assert text_of(notice_docx(notice, own_form(tmp_path, "No. {{ number }}"))) == f"No. {notice.number}"
    # The other kind has none.
    other = issued(books, desk, "rectification")
    assert "整改通知单" in text_of(notice_docx(other, tmp_path))


@pytest.mark.parametrize(
    "form", ["{{ nombre }}", "{% for %}", "{{ number.__class__.__mro__ }}", "{{ ''.__class__.__base__ }}"]
)
def test_a_form_that_cannot_be_filled_is_named(books: Books, desk: Desk, tmp_path: Path, form: str) -> None:
    with pytest.raises(ConfigError, match=r"notice-supervision\.docx: form: found"):
        notice_docx(issued(books, desk), own_form(tmp_path, form))


def test_a_form_that_is_no_word_document(books: Books, desk: Desk, tmp_path: Path) -> None:
    own_form(tmp_path, "x")
    (tmp_path / "templates" / "notice-supervision.docx").write_bytes(b"x")
    with pytest.raises(ConfigError, match="no Word document"):
        notice_docx(issued(books, desk), tmp_path)


def test_without_chinese_letters_there_is_no_pdf(books: Books, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    notices._chinese_font.cache_clear()
    monkeypatch.setattr("dashboard.casework.notices.shutil.which", lambda _: None)
    with pytest.raises(UsageError, match="fonts-noto-cjk"):
        notice_pdf(issued(books, desk))
    notices._chinese_font.cache_clear()


def test_the_shipped_forms_are_what_the_script_writes(tmp_path: Path) -> None:
    write_forms(tmp_path)
    for kind in KINDS:
        name = f"notice-{kind}.docx"
        with zipfile.ZipFile(FORMS / name) as shipped, zipfile.ZipFile(tmp_path / name) as written:
            assert shipped.read("word/document.xml") == written.read("word/document.xml")
