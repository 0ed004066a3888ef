"""People of a demonstration."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from dashboard.access import Viewer
from dashboard.accounts.people import ID
from dashboard.casework.audit import verify
from dashboard.casework.database import Books
from dashboard.casework.seed.accounts import seed_accounts
from dashboard.casework.tables.accounts import Account
from dashboard.rights import STAFF
from sensors.site import Site
from tests.dashboard.casework.made import NOW


def test_every_role_and_two_departments(books: Books, xietang: Site) -> None:
    assert seed_accounts(books, xietang, NOW) == 7
    assert seed_accounts(books, xietang, NOW) == 0, "once"
    with books.read() as session:
        rows = list(session.scalars(select(Account)))
        assert verify(session).problems == ()
    assert {row.role for row in rows} == set(STAFF)
    assert {row.department for row in rows if row.role == "department"} == {"city_management", "water"}
    assert all(row.password_hash is None and row.oidc_subject is None for row in rows), "nobody can sign in as one"
    assert all(ID.fullmatch(row.id) and "演示" in row.name and row.contacts for row in rows)
    grid = next(row for row in rows if row.role == "grid_officer")
    assert set(grid.grids) <= set(xietang.grids)
    assert Viewer.of(grid, xietang).sees_grid(grid.grids[0])


def test_a_site_without_grids_or_departments(books: Books, xietang: Site) -> None:
    assert seed_accounts(books, replace(xietang, grids={}, departments={}), NOW) == 4
