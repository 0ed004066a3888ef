"""Reasons of the trail in the reader's language."""

from __future__ import annotations

from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.reasons import REASONS, reason_word
from dashboard.casework.seed.seed import seed
from dashboard.i18n import translator
from sensors.site import Site


def test_what_the_program_wrote_is_told_in_the_reader_s_language(books: Books, xietang: Site) -> None:
    seed(books, xietang, 1)
    with books.read() as session:
        reasons = {entry.reason for entry in session.query(AuditEntry)}
    assert reasons <= REASONS
    assert {reason_word(one, translator("zh")) for one in reasons} == {"站点文件中的排口"}
    assert {reason_word(one, translator("en")) for one in REASONS} == REASONS


def test_a_person_s_reason_stays_as_it_was_written() -> None:
    zh = translator("zh")
    assert reason_word("Open", zh) == "Open"
    assert reason_word("", zh) == ""
