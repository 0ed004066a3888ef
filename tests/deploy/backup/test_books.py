"""Books become one file and come back, from and into every kind of database, trail and all."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books, open_books
from dashboard.casework.seed.seed import seed
from dashboard.casework.tables.inspections import PublicReport
from deploy.backup.books import check_trail, copy_rows, count, looking, opened, revisions, shown, snapshot, sqlite_path
from sensors.errors import BooksError, UsageError
from sensors.site import Site
from tests.dashboard.conftest import books, books_url, fresh_postgres, migrated, postgres  # noqa: F401  (fixtures)

NOW_MS = 1_790_000_000_000


@pytest.fixture
def filled(books: Books, xietang: Site) -> Books:  # noqa: F811
    seed(books, xietang, NOW_MS)
    with books.change("clerk", NOW_MS, "原因") as session:
        session.add(PublicReport(id="r1", received_ms=NOW_MS, river="R01", text="泡沫 \U0001f41f"))
    with books.change("clerk", NOW_MS) as session:
        report = session.get(PublicReport, "r1")
        assert report is not None
        report.answer = "looked at"
    return books


def everything(engine: object) -> list[object]:
    """Every entry of the trail, as the program reads it."""
    from sqlalchemy.orm import Session

    with Session(engine) as session:  # type: ignore[arg-type]
        return [
            (entry.seq, entry.actor, entry.subject_id, entry.before, entry.after, entry.reason, entry.hash)
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.seq))
        ]


def test_a_snapshot_holds_everything(filled: Books, books_url: str, tmp_path: Path) -> None:  # noqa: F811
    counted = snapshot(books_url, tmp_path / "copy.sqlite")
    assert counted.revision == revisions()[-1]
    assert counted.rows["outfall"] > 50
    with opened(tmp_path / "copy.sqlite") as engine:
        assert check_trail(engine).problems == ()
        assert everything(engine) == everything(filled.engine)
        with engine.connect() as connection:
            assert count(connection) == counted
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_copy_goes_into_every_kind(filled: Books, books_url: str, tmp_path: Path) -> None:  # noqa: F811
    snapshot(books_url, tmp_path / "copy.sqlite")
    target_url = f"sqlite:///{tmp_path / 'target.sqlite'}"
    if books_url.startswith("postgresql"):
        target_url = fresh_postgres(books_url)
    told: dict[str, int] = {}
    with closing(open_books(target_url, tmp_path / "files")) as target:
        with opened(tmp_path / "copy.sqlite") as copy, copy.connect() as theirs, target.engine.begin() as ours:
            copy_rows(theirs, ours, told.__setitem__)
        assert everything(target.engine) == everything(filled.engine)
        assert check_trail(target.engine).problems == ()
        # Work goes on: numbers that the database gives do not collide, and the trail is continued.
        with target.change("clerk", NOW_MS) as session:
            session.add(PublicReport(id="r2", received_ms=NOW_MS, text="more"))
        assert check_trail(target.engine).problems == ()
    assert told["outfall"] > 50


def test_rows_that_refer_to_their_own_table_come_in_order(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with opened(tmp_path / f"{name}.sqlite") as engine, engine.begin() as connection:
            connection.execute(
                text("CREATE TABLE step (id INTEGER PRIMARY KEY, answers INTEGER REFERENCES step (id), note JSON)")
            )
            if name == "a":
                for row in ("(3, NULL, 'null')", "(5, 3, NULL)", "(4, 3, '{\"n\": 1.50}')"):
                    connection.execute(text(f"INSERT INTO step VALUES {row}"))
    with (
        opened(tmp_path / "a.sqlite") as theirs, opened(tmp_path / "b.sqlite") as ours, theirs.connect() as source,
        ours.connect() as target,
    ):  # fmt: skip
        target.exec_driver_sql("PRAGMA foreign_keys = ON")
        copy_rows(source, target)
        target.commit()
        found = target.exec_driver_sql("SELECT id, answers, note FROM step ORDER BY id").all()
    # What is null in JSON and what is absent stay apart, and no number changes its form.
    assert found == [(3, None, "null"), (4, 3, '{"n": 1.50}'), (5, 3, None)]


def test_looking_changes_nothing(books: Books, books_url: str, tmp_path: Path) -> None:  # noqa: F811
    with looking(books_url) as engine, engine.connect() as connection:
        assert count(connection).rows["outfall"] == 0
    with pytest.raises(BooksError, match="no such file"), looking(f"sqlite:///{tmp_path / 'nothing.sqlite'}"):
        pytest.fail("it looked at nothing")
    assert not (tmp_path / "nothing.sqlite").exists()
    with books.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BooksError, match=r"found the form '9999'; accepted: .*0001"):
        snapshot(books_url, tmp_path / "copy.sqlite")


def test_urls() -> None:
    assert sqlite_path("sqlite:////a/b.sqlite") == Path("/a/b.sqlite")
    assert sqlite_path("postgresql://ann@db/books") is None
    assert shown("postgresql://ann:secret@db/books") == "postgresql://ann:***@db/books"
    for url in ("sqlite://", "mysql://x/y", "books"):
        with pytest.raises(UsageError, match="accepted: sqlite:///PATH"):
            sqlite_path(url)
