"""People of a demonstration: one of each role, and of two departments.

They have no password, so that nobody can sign in as one of them: the board's demonstration lets the reader pick one.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from sensors.site import Site

#: Who makes them.
ACTOR = "riverchief"

#: Departments that may be shown, the ones that have most to do with discharges first.
DEPARTMENTS = ("city_management", "water", "ecology", "market", "municipal", "enforcement", "community")

#: How many of them.
SHOWN = 2

#: Channel of a system on one machine: it writes what would be sent to a file.
CHANNEL = "log"


def seed_accounts(books: Books, site: Site, now_ms: int) -> int:
    """Enter the people of a demonstration where there is nobody yet; how many.

    Parameters
    ----------
    books : Books
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    with books.change(ACTOR, now_ms, "people of a demonstration") as session:
        if session.scalars(select(Account.id).limit(1)).first() is not None:
            return 0
        rows = list(_accounts(site, now_ms))
        session.add_all(rows)
        return len(rows)


def _accounts(site: Site, now_ms: int) -> Iterator[Account]:
    def account(id_: str, name: str, role: str, department: str | None = None, *grids: str) -> Account:
        return Account(id=id_, name=f"{name}（演示）", role=role, department=department, rivers=[], grids=list(grids),
                       contacts={CHANNEL: id_}, must_change=True, disabled=False, session_epoch=0,
                       created_ms=now_ms)  # fmt: skip

    yield account("office", "河长办", "office")
    yield account("chief", "街道河长", "chief")
    yield account("engineer", "运维工程师", "engineer", "maintainer" if "maintainer" in site.departments else None)
    yield account("admin", "系统管理员", "admin")
    known = [name for name in DEPARTMENTS if name in site.departments]
    others = [name for name in site.departments if name not in DEPARTMENTS and name != "maintainer"]
    for name in [*known, *others][:SHOWN]:
        yield account(name, site.departments[name].name, "department", name)
    grids = list(site.grids.values())
    if grids:
        officer = grids[0].officer_role
        yield account("grid", officer, "grid_officer", None, *(g.id for g in grids if g.officer_role == officer))
