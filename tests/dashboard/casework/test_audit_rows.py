"""Rows held against the trail: what differs is found, what only looks different is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.audit_rows import Rows
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import Shop
from tests.dashboard.casework.made import NOW, OFFICE, WATER, assigned, take


def nothing(_subject: str, _subject_id: str) -> Mapping[str, Any]:
    return {}


def test_a_whole_life_of_an_order_is_in_the_trail(books: Books, desk: Desk) -> None:
    number = assigned(books, desk, "water", "city_management")
    for department in ("water",):
        assert department == WATER.department
        take(books, desk, number, "accept", WATER, NOW + 1000)
    take(books, desk, number, "urge", OFFICE, NOW + 2000)
    with books.read() as session:
        verdict = verify(session)
    assert verdict.problems == ()
    assert verdict.entries > 10


@pytest.mark.parametrize(
    ("tampering", "columns"),
    [
        ("UPDATE work_order SET due_ms = due_ms + 1", "due_ms"),
        ("UPDATE work_order SET state = 'archived', title = 'nothing happened'", "state, title"),
        ("UPDATE work_order SET due_ms = due_ms + 5, created_ms = created_ms + 5", "created_ms, due_ms"),
    ],
)
def test_an_order_that_was_changed_past_the_program(books: Books, desk: Desk, tampering: str, columns: str) -> None:
    number = assigned(books, desk, "water")
    with books.engine.execution_options(changing=True).begin() as connection:
        connection.execute(text(tampering))
    with books.read() as session:
        assert verify(session).problems == (f"work_order {number} was changed past the trail: {columns}",)


def test_equal_values_in_another_form_are_equal(books: Books) -> None:
    with books.change("li", NOW) as session:
        session.add(Shop(id="S1", name="店", river="R01", longitude=120, latitude=31.25, sewer_connected=True))
        session.add(
            Order(number="1", title="t", origin="public", state="draft", created_ms=NOW, evidence={"b": [1], "a": 2.0})
        )
    with books.read() as session:
        assert verify(session).problems == ()


def test_a_column_that_an_old_entry_does_not_know(books: Books) -> None:
    with books.change("li", NOW) as session:
        session.add(Shop(id="S1", name="店", river="R01"))
    with books.read() as session:
        [entry] = session.query(AuditEntry).all()
        known = {key: value for key, value in entry.after.items() if key != "note"}
        rows = Rows()
        rows.take("insert", "shop", "S1", None, known)
        assert list(rows.strayed(session, lambda *_: known)) == []
        other = known | {"name": "x"}
        rows = Rows()
        rows.take("insert", "shop", "S1", None, other)
        assert list(rows.strayed(session, lambda *_: other)) == ["shop S1 was changed past the trail: name"]


def test_what_was_deleted_and_made_again() -> None:
    rows = Rows()
    rows.take("insert", "shop", "S1", None, {"id": "S1"})
    rows.take("delete", "shop", "S1", {"id": "S1"}, None)
    assert rows._told == {"shop": {}}
