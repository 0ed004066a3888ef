"""Reports kept beside the books, and those that the service makes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from collectors.stores import ReadingStore
from dashboard.casework.database import Books, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.files import read, sweep
from dashboard.casework.settings import ReportSettings
from dashboard.reports.keep import due, keep, kept, make_due, scheduled
from dashboard.reports.model import Report
from tests.dashboard.reports.months import CST, DAY_MS, at

QUICK = ReportSettings(pdf=False, docx=False)


@pytest.fixture
def empty(tmp_path: Path, migrated: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    (tmp_path / "books.sqlite").write_bytes(Path(migrated("")).read_bytes())
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}", tmp_path / "files")
    yield books
    books.close()


def test_kept_with_hash_and_maker(empty: Books, november: Report) -> None:
    (digest,) = keep(empty, november, {"pdf": b"%PDF-1.7\nx\n%%EOF"}, "wang", at(12))
    with empty.read() as session:
        (row,) = kept(session)
        assert not sweep(session, empty.files, at(12) + 9 * DAY_MS).removed
    assert (row.label, row.language, row.form, row.made_by) == ("2026-11", "zh", "pdf", "wang")
    assert row.sha256 == digest == hashlib.sha256(read(empty.files, digest)).hexdigest()
    assert row.name == "斜塘街道河长制工作月报 2026-11.pdf"


def test_what_is_due_when() -> None:
    morning = round(datetime(2026, 11, 1, 9, tzinfo=CST).timestamp() * 1000)
    assert [period.label for period, _language, _form in scheduled(QUICK, CST, morning)] == [
        "2026-10",
        "2026-Q3",
        "2025",
    ]
    assert next(period.label for period, _language, _form in scheduled(QUICK, CST, morning - 1)) == "2026-09"
    every = replace(ReportSettings(daily=True, en=True), monthly=False, quarterly=False, yearly=False)
    assert [(period.label, language, form) for period, language, form in scheduled(every, CST, morning)] == [
        ("2026-10-31", language, form) for language in ("zh", "en") for form in ("pdf", "docx", "xlsx")
    ]
    assert scheduled(replace(QUICK, xlsx=False), CST, morning) == []


def test_the_service_makes_each_once(empty: Books, evaluated: ReadingStore, office: Desk) -> None:
    desk = replace(office, settings=replace(office.settings, reports=QUICK))
    now_ms = at(11, 2)
    made = [make_due(empty, desk, evaluated, now_ms) for _ in range(2)]
    # Of the third quarter and of last year nothing was evaluated.
    assert made == [1, 0]
    with empty.read() as session:
        (row,) = kept(session)
        assert [period.label for period, _language, _form in due(session, QUICK, CST, now_ms)] == ["2026-Q3", "2025"]
    assert (row.label, row.form, row.made_by) == ("2026-10", "xlsx", "riverchief")


def test_what_somebody_made_by_hand_does_not_count(empty: Books, november: Report) -> None:
    keep(empty, replace(november, label="2026-10"), {"pdf": b"%PDF-1.7\nx\n%%EOF"}, "wang", at(11, 2))
    with empty.read() as session:
        found = due(session, ReportSettings(), CST, at(11, 2))
    assert [form for period, _language, form in found if period.label == "2026-10"] == ["pdf", "docx", "xlsx"]
