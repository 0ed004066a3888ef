"""Entries that change nothing belong to the chain like any other."""

from __future__ import annotations

from sqlalchemy import select

from dashboard.accounts.trail import note
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from tests.dashboard.accounts.conftest import NOW


def test_notes_and_changes_make_one_chain(books: Books, boss: str) -> None:
    with books.change("boss", NOW + 1, "named anew") as session:
        row = session.get(Account, "boss")
        assert row is not None
        row.name = "王局长"
        note(session, NOW + 1, "boss", "signin", "boss", "from 10.0.0.1")
        row.name = "王主任"
    with books.read() as session:
        assert verify(session).problems == ()
        told = session.execute(select(AuditEntry.action, AuditEntry.reason).order_by(AuditEntry.seq)).all()
    assert [tuple(one) for one in told][-3:] == [
        ("update", "named anew"), ("signin", "from 10.0.0.1"), ("update", "named anew"),
    ]  # fmt: skip


def test_neither_password_nor_hash_stands_in_the_trail(books: Books, boss: str) -> None:
    with books.read() as session:
        row = session.get(Account, "boss")
        assert row is not None
        assert row.password_hash is not None
        kept = row.password_hash.decode()
        told = " ".join(f"{one.before} {one.after} {one.reason}" for one in session.scalars(select(AuditEntry)))
    assert "password_hash" in told
    assert kept not in told
    assert boss not in told
