"""Attempts to sign in, against real books: who gets in, who is kept out, what the trail says of it."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import change_password, sign_in
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from sensors.site import Site
from tests.dashboard.accounts.conftest import GOOD, MINUTE, NOW

STRICT = AccessSettings()


def told(books: Books, *actions: str) -> list[tuple[str, str, str, str]]:
    with books.read() as session:
        assert verify(session).problems == ()
        query = select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.seq)
        return [(one.actor, one.action, one.subject_id, one.reason) for one in session.scalars(query)]


def account(books: Books, name: str) -> Account:
    with books.read() as session:
        found = session.get(Account, name)
    assert found is not None
    return found


def test_name_and_password(books: Books, boss: str) -> None:
    found = sign_in(books, "  BOSS ", boss, NOW, STRICT, "10.0.0.1")
    assert found is not None
    assert (found.id, found.must_change) == ("boss", True)
    assert told(books, "signin") == [("boss", "signin", "boss", "from 10.0.0.1")]


@pytest.mark.parametrize("name", ["boss", "nobody", "", "x" * 100, "boss'--", "b\x00ss"])
def test_what_is_wrong_is_not_told(books: Books, boss: str, name: str, caplog) -> None:
    assert sign_in(books, name, "wrong", NOW, STRICT, "10.0.0.1") is None
    if name == "boss":
        assert told(books, "refused") == [("signin", "refused", "boss", "failure 1 from 10.0.0.1")]
    else:
        assert told(books, "refused") == []
        assert "no such account from 10.0.0.1" in caplog.text
        assert not name or name not in caplog.text, "people type passwords into the wrong field"


def test_an_account_closes_after_failures_and_opens_later(books: Books, boss: str, caplog) -> None:
    for _ in range(5):
        assert sign_in(books, "boss", "wrong", NOW, STRICT) is None
    assert [action for _, action, _, _ in told(books, "refused", "closed")] == ["refused"] * 4 + ["closed"]
    later = NOW + 15 * MINUTE
    for _ in range(20):
        assert sign_in(books, "boss", boss, later - 1, STRICT) is None, "the right one is refused as well"
    assert len(told(books, "refused", "closed")) == 5, "nobody fills the trail"
    assert "sign-in refused: boss is closed" in caplog.text
    assert sign_in(books, "boss", boss, later, STRICT) is not None
    assert sign_in(books, "boss", "wrong", later, STRICT) is None
    assert sign_in(books, "boss", boss, later, STRICT) is not None, "counted from one again"


def test_a_row_of_names_that_nobody_has_closes_as_well(books: Books) -> None:
    for _ in range(30):
        assert sign_in(books, "ghost", "x", NOW, STRICT) is None
    assert told(books, "refused", "closed") == []


def test_an_account_that_is_switched_off(books: Books, xietang: Site, boss: str) -> None:
    once = people.add(books, xietang, "boss", NOW, "li", Details("李工", "engineer"))
    people.set_disabled(books, "boss", NOW, "li", True)
    assert sign_in(books, "li", once, NOW, STRICT) is None
    people.set_disabled(books, "boss", NOW, "li", False)
    assert sign_in(books, "li", once, NOW, STRICT) is not None


def test_without_a_password_nobody_gets_in(books: Books, xietang: Site) -> None:
    people.add(books, xietang, "t", NOW, "li", Details("李工", "engineer", oidc_subject="s"), password=False)
    for password in ("", "None", "li"):
        assert sign_in(books, "li", password, NOW, STRICT) is None


def test_an_old_hash_is_made_anew(books: Books, boss: str) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(GOOD).encode()
    with books.change("t", NOW) as session:
        session.get_one(Account, "boss").password_hash = old
    before = account(books, "boss").session_epoch
    assert sign_in(books, "boss", GOOD, NOW, STRICT) is not None
    now = account(books, "boss")
    assert now.password_hash != old
    assert now.session_epoch == before, "nobody is signed out for it"
    assert sign_in(books, "boss", GOOD, NOW, STRICT) is not None


def test_a_password_is_changed(books: Books, boss: str) -> None:
    before = account(books, "boss").session_epoch
    changed = change_password(books, "boss", boss, GOOD, NOW, STRICT)
    assert changed.account is not None
    assert not changed.account.must_change
    assert changed.account.session_epoch == before + 1
    assert sign_in(books, "boss", boss, NOW, STRICT) is None
    assert sign_in(books, "boss", GOOD, NOW, STRICT) is not None
    assert told(books, "update")[-1][3] == "another password"


def test_a_password_that_is_not_taken(books: Books, boss: str) -> None:
    assert change_password(books, "boss", boss, boss, NOW, STRICT).faults == ["same"]
    assert change_password(books, "boss", boss, "short", NOW, STRICT).faults == ["short"]
    assert change_password(books, "nobody", boss, GOOD, NOW, STRICT).faults == ("refused",)
    assert sign_in(books, "boss", boss, NOW, STRICT) is not None


def test_guessing_the_old_one_closes_the_account(books: Books, boss: str) -> None:
    for _ in range(5):
        assert change_password(books, "boss", "guess", GOOD, NOW, STRICT).faults == ("refused",)
    assert change_password(books, "boss", boss, GOOD, NOW, STRICT).faults == ("refused",)
    assert sign_in(books, "boss", boss, NOW, STRICT) is None
