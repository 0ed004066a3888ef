"""How long an account is closed, and that guessing names leaves no trace in the books."""

from __future__ import annotations

from sqlalchemy import func, select

from dashboard.accounts import lockout
from dashboard.accounts.settings import AccessSettings
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import LoginFailure
from tests.dashboard.accounts.conftest import MINUTE, NOW

STRICT = AccessSettings()


def test_each_side_of_the_boundary(books: Books) -> None:
    with books.change("test", NOW) as session:
        for number in range(1, 6):
            assert not lockout.is_closed(session, "wang", NOW, STRICT)
            assert lockout.failed(session, "wang", NOW, STRICT) == number
        assert lockout.is_closed(session, "wang", NOW + 15 * MINUTE - 1, STRICT)
        assert not lockout.is_closed(session, "wang", NOW + 15 * MINUTE, STRICT)
        lockout.failed(session, "wang", NOW + 15 * MINUTE, STRICT)
        assert lockout.is_closed(session, "wang", NOW + 45 * MINUTE - 1, STRICT), "twice as long"
        assert not lockout.is_closed(session, "wang", NOW + 45 * MINUTE, STRICT)


def test_failures_are_forgotten(books: Books) -> None:
    day = 24 * 60 * MINUTE
    with books.change("test", NOW) as session:
        for _ in range(4):
            lockout.failed(session, "wang", NOW, STRICT)
        assert lockout.failed(session, "wang", NOW + day + 1, STRICT) == 1
        lockout.forgive(session, "wang")
        lockout.forgive(session, "wang")
        assert session.get(LoginFailure, "wang") is None


def test_names_that_nobody_has_share_a_few_rows(books: Books) -> None:
    keys = {lockout.key_of(None, f"guess{number}") for number in range(3000)}
    assert len(keys) == 256
    assert all(len(key) == 3 for key in keys)
    with books.change("test", NOW) as session:
        for key in keys:
            lockout.failed(session, key, NOW, STRICT)
        assert session.scalar(select(func.count()).select_from(LoginFailure)) == 256
