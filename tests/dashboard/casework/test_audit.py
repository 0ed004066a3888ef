"""Nobody can change the books without a trace, nor a trace without being found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select, text

from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books
from dashboard.casework.tables.survey import LeakPoint, Shop
from sensors.errors import BooksError


def add(books: Books, number: int, actor: str = "li") -> None:
    with books.change(actor, 1000 + number, "survey") as session:
        session.add(Shop(id=f"S{number}", name=f"店{number}", river="R01"))


def entries(books: Books) -> list[AuditEntry]:
    with books.read() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.seq)))


def problems(books: Books) -> tuple[str, ...]:
    with books.read() as session:
        return verify(session).problems


def test_who_when_what_before_and_after(books: Books) -> None:
    add(books, 1)
    with books.change("wang", 2000) as session:
        shop = session.get(Shop, "S1")
        assert shop is not None
        shop.state, shop.surveyed_on = "in_order", date(2026, 5, 4)
    with books.change("wang", 3000, "closed for good") as session:
        session.delete(session.get(Shop, "S1"))
    found = entries(books)
    assert [(e.seq, e.time_ms, e.actor, e.action, e.subject, e.subject_id, e.reason) for e in found] == [
        (1, 1001, "li", "insert", "shop", "S1", "survey"),
        (2, 2000, "wang", "update", "shop", "S1", ""),
        (3, 3000, "wang", "delete", "shop", "S1", "closed for good"),
    ]
    assert (found[0].before, found[0].after["name"]) == (None, "店1")
    assert found[1].before == {"state": "unsurveyed", "surveyed_on": None}
    assert found[1].after == {"state": "in_order", "surveyed_on": "2026-05-04"}
    assert (found[2].before["surveyed_on"], found[2].after) == ("2026-05-04", None)
    assert problems(books) == ()


def test_a_column_that_was_set_without_having_been_read(books: Books) -> None:
    """Left empty when the row was made, or expired since: the session does not know what it was, the trail must."""
    with books.change("li", 1000) as session:
        shop = Shop(id="S1", name="店", river="R01")
        session.add(shop)
        session.flush()
        shop.grid = "G01"
        session.flush()
        session.expire(shop)
        shop.name = "新店"
    assert [(e.before, e.after) for e in entries(books)][1:] == [
        ({"grid": None}, {"grid": "G01"}),
        ({"name": "店"}, {"name": "新店"}),
    ]
    assert problems(books) == ()


def test_what_was_not_changed_or_not_committed_leaves_no_trace(books: Books) -> None:
    add(books, 1)
    with books.change("li", 2000) as session:
        session.get(Shop, "S1").name = "店1"

    def fail() -> None:
        with books.change("li", 3000) as session:
            session.add(Shop(id="S2", name="x", river="R01"))
            session.flush()
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    with books.read() as session:
        session.add(Shop(id="S3", name="x", river="R01"))
    assert [e.subject_id for e in entries(books)] == ["S1"]
    with books.read() as session:
        assert session.scalars(select(Shop.id)).all() == ["S1"]


def test_what_the_database_refuses_is_a_clear_error(books: Books) -> None:
    add(books, 1)
    with pytest.raises(BooksError) as caught:
        add(books, 1)
    assert not caught.value.retryable
    assert len(entries(books)) == 1


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2", "entry 2 (insert shop S2) was altered"),
        ("DELETE FROM audit_entry WHERE seq = 2", "entry 2 is missing; the next one is 3"),
        ("DELETE FROM audit_entry WHERE seq = 4", "the chain ends at entry 3; its head says entry 4"),
        ("UPDATE audit_entry SET time_ms = time_ms - 1 WHERE seq = 4", "entry 4 (insert shop S4) was altered"),
        ("UPDATE audit_entry SET reason = 'x' WHERE seq = 1", "entry 1 (insert shop S1) was altered"),
        ("UPDATE shop SET name = 'x' WHERE id = 'S3'", "shop S3 was changed past the trail: name"),
        ("DELETE FROM shop WHERE id = 'S2'", "shop S2 is in the trail and not in the books"),
        ("UPDATE shop SET id = 'S9' WHERE id = 'S2'", "shop S9 is in the books and not in the trail"),
    ],
)
def test_tampering_is_found(books: Books, tampering: str, told: str) -> None:
    for number in range(1, 5):
        add(books, number)
    assert problems(books) == ()
    with books.engine.execution_options(changing=True).begin() as connection:
        connection.execute(text(tampering))
    assert told in problems(books)


def test_writers_take_turns(books: Books) -> None:
    """Many at once, each with several flushes: one chain, no gap, nothing lost."""

    def work(writer: int) -> None:
        for number in range(5):
            with books.change(f"w{writer}", number) as session:
                session.add(Shop(id=f"{writer}-{number}", name="x", river="R01"))
                session.flush()
                session.add(LeakPoint(id=f"{writer}-{number}", river="R01", found_on=date(2026, 1, 1)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert [e.seq for e in entries(books)] == list(range(1, 61))
    assert problems(books) == ()
