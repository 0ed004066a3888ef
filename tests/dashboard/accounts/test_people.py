"""Accounts as the office keeps them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.accounts.refusals import Refused
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import sign_in
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from sensors.errors import UsageError
from sensors.site import Site
from tests.dashboard.accounts.conftest import NOW

STRICT = AccessSettings()
LI = Details("李工", "department", "water", ("R01",), ("G001",), {"wecom": "13800000000"})


def account(books: Books, name: str) -> Account:
    with books.read() as session:
        assert verify(session).problems == ()
        return session.get_one(Account, name)


def test_an_account_is_made_changed_and_switched_off(books: Books, xietang: Site, boss: str) -> None:
    once = people.add(books, xietang, "boss", NOW, "li", LI)
    row = account(books, "li")
    assert (row.name, row.role, row.department, row.rivers, row.grids, row.contacts, row.must_change) == (
        "李工", "department", "water", ["R01"], ["G001"], {"wecom": "13800000000"}, True,
    )  # fmt: skip
    assert sign_in(books, "li", once, NOW, STRICT) is not None
    people.change(books, xietang, "boss", NOW, "li", replace(LI, role="office", department=None, rivers=()))
    row = account(books, "li")
    assert (row.role, row.department, row.rivers, row.session_epoch) == ("office", None, [], 1)
    people.set_disabled(books, "boss", NOW, "li", True)
    assert (account(books, "li").disabled, account(books, "li").session_epoch) == (True, 2)
    with books.read() as session:
        assert [one.id for one in people.accounts(session)] == ["boss", "li"], "those that may sign in first"


def test_a_one_time_password_opens_a_closed_account(books: Books, xietang: Site, boss: str) -> None:
    for _ in range(5):
        sign_in(books, "boss", "wrong", NOW, STRICT)
    with books.read() as session:
        assert people.closed_until(session, ["boss"], STRICT) == {"boss": NOW + 900_000}
    once = people.reset_password(books, "cli:root", NOW, "boss")
    found = sign_in(books, "boss", once, NOW, STRICT)
    assert found is not None
    assert found.must_change
    assert sign_in(books, "boss", boss, NOW, STRICT) is None


def test_switching_on_opens_a_closed_account(books: Books, boss: str) -> None:
    for _ in range(5):
        sign_in(books, "boss", "wrong", NOW, STRICT)
    people.set_disabled(books, "cli:root", NOW, "boss", False)
    assert sign_in(books, "boss", boss, NOW, STRICT) is not None


def test_opening_a_closed_account_is_written_down(books: Books, boss: str) -> None:
    people.set_disabled(books, "cli:root", NOW, "boss", False)
    for _ in range(5):
        sign_in(books, "boss", "wrong", NOW, STRICT)
    people.set_disabled(books, "cli:root", NOW, "boss", False)
    with books.read() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "opened")).all()
        assert [(one.actor, one.subject_id) for one in told] == [("cli:root", "boss")]
        assert verify(session).problems == ()


def test_what_others_changed_meanwhile_stays(books: Books, xietang: Site, boss: str) -> None:
    people.add(books, xietang, "boss", NOW, "li", LI)
    people.change(books, xietang, "boss", NOW, "li", replace(LI, rivers=("R02",)))
    people.change(books, xietang, "boss", NOW, "li", replace(LI, name="李师傅"), shown=LI)
    assert (account(books, "li").name, account(books, "li").rivers) == ("李师傅", ["R02"])
    with pytest.raises(Refused, match="changed rivers of li meanwhile"):
        people.change(books, xietang, "boss", NOW, "li", replace(LI, rivers=()), shown=LI)
    assert account(books, "li").rivers == ["R02"]


def test_an_area_that_the_site_has_no_more_stays(books: Books, xietang: Site, boss: str) -> None:
    people.add(books, xietang, "boss", NOW, "li", LI)
    less = replace(xietang, rivers={name: one for name, one in xietang.rivers.items() if name != "R01"})
    people.change(books, less, "boss", NOW, "li", replace(LI, name="李师傅"))
    assert account(books, "li").rivers == ["R01"]
    people.change(books, less, "boss", NOW, "li", replace(LI, rivers=("R02",)))
    with pytest.raises(UsageError, match="river 'R01'"):
        people.change(books, less, "boss", NOW, "li", LI)


def test_the_last_admin_stays(books: Books, xietang: Site, boss: str) -> None:
    with pytest.raises(Refused, match="last admin"):
        people.set_disabled(books, "boss", NOW, "boss", True)
    with pytest.raises(Refused, match="last admin"):
        people.change(books, xietang, "boss", NOW, "boss", Details("王主任", "office"))
    people.add(books, xietang, "boss", NOW, "second", Details("张工", "admin"))
    people.set_disabled(books, "second", NOW, "boss", True)
    with pytest.raises(Refused, match="last admin"):
        people.set_disabled(books, "second", NOW, "second", True)
    assert account(books, "boss").role == "admin"


@pytest.mark.parametrize(("name", "details", "match"), [
    ("Li", LI, "accepted: 1 to 40 of"), ("", LI, "accepted: 1 to 40"), ("l i", LI, "accepted"), ("li-", LI, "accepted"),
    ("x" * 41, LI, "accepted"), ("?ab", LI, "accepted"),
    ("li", replace(LI, name=" "), "name ' '"), ("li", replace(LI, name="x" * 101), "100 characters"),
    ("li", replace(LI, role="king"), "role 'king': accepted: engineer, department"),
    ("li", replace(LI, role="public"), "role 'public'"),
    ("li", replace(LI, department=None), "needs a department"),
    ("li", replace(LI, department="navy"), "department 'navy': accepted: ecology"),
    ("li", replace(LI, rivers=("R99",)), "river 'R99'"), ("li", replace(LI, grids=("G999",)), "grid 'G999'"),
    ("li", replace(LI, contacts={"wecom": " "}), "contact 'wecom'"), ("boss", LI, "there is an account boss already"),
])  # fmt: skip
def test_what_is_not_there_is_refused(
    books: Books, xietang: Site, boss: str, name: str, details: Details, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        people.add(books, xietang, "boss", NOW, name, details)
    with books.read() as session:
        assert [one.id for one in people.accounts(session)] == ["boss"]


def test_nobody_there(books: Books, xietang: Site) -> None:
    for call in (
        lambda: people.change(books, xietang, "t", NOW, "li", LI),
        lambda: people.set_disabled(books, "t", NOW, "li", True),
        lambda: people.reset_password(books, "t", NOW, "li"),
    ):
        with pytest.raises(Refused, match="no account 'li'"):
            call()


def test_a_subject_belongs_to_one(books: Books, xietang: Site, boss: str) -> None:
    people.add(books, xietang, "t", NOW, "li", replace(LI, oidc_subject="s-1"), password=False)
    people.change(books, xietang, "t", NOW, "li", replace(LI, oidc_subject="s-1"))
    with pytest.raises(Refused, match="belongs to the account li"):
        people.add(books, xietang, "t", NOW, "sun", replace(LI, oidc_subject="s-1"))


def test_the_first_admin_is_made_once(books: Books, xietang: Site) -> None:
    once = people.first_admin(books, NOW)
    assert once is not None
    assert sign_in(books, "admin", once, NOW, STRICT) is not None
    assert people.first_admin(books, NOW) is None
