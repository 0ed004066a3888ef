from __future__ import annotations

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from dashboard.casework.base import Base
from dashboard.casework.database import Books, open_books
from dashboard.casework.tables.survey import Shop
from sensors.errors import BooksError, UsageError


def test_the_migrations_make_what_the_code_expects(books: Books) -> None:
    with books.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_opening_again_keeps_what_is_there(books_url: str, tmp_path: Path) -> None:
    first = open_books(books_url, tmp_path / "files")
    with first.change("li", 1) as session:
        session.add(Shop(id="S1", name="店", river="R01"))
    first.close()
    again = open_books(books_url, tmp_path / "files")
    with again.read() as session:
        assert session.scalars(select(Shop.name)).all() == ["店"]
    again.close()


def test_an_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    books = open_books(f"sqlite:///{tmp_path / 'new' / 'books.sqlite'}")
    assert stat.S_IMODE((tmp_path / "new" / "books.sqlite").stat().st_mode) == 0o600
    assert books.files == tmp_path / "new" / "files"
    books.close()


def test_who_only_looks_begins_no_books(books_url: str, tmp_path: Path) -> None:
    typo = tmp_path / "new" / "typo.sqlite"
    with pytest.raises(UsageError, match=r"typo\.sqlite: found no books; accepted: the address of books"):
        open_books(f"sqlite:///{typo}", must_exist=True)
    assert not typo.parent.exists()
    other = tmp_path / "list.csv"
    other.write_text("id,name\n" * 100)
    with pytest.raises(UsageError, match="found no books"):
        open_books(f"sqlite:///{other}", must_exist=True)
    assert other.read_text() == "id,name\n" * 100
    open_books(books_url, tmp_path / "files", must_exist=True).close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nothing", "sqlite:/x:y:z", ""])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="accepted: sqlite:///PATH or postgresql://"):
        open_books(url)


def test_books_on_a_server_need_a_folder_of_files() -> None:
    with pytest.raises(UsageError, match="say where photos and documents are kept"):
        open_books("postgresql://127.0.0.1:1/none")


def test_a_server_that_is_not_there_is_retryable(tmp_path: Path) -> None:
    with pytest.raises(BooksError) as caught:
        open_books("postgresql://127.0.0.1:1/none?connect_timeout=2", tmp_path)
    assert caught.value.retryable


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    with pytest.raises(BooksError, match=r"books .*/a file/new/books\.sqlite: cannot be made: .*/a file/new: Not a"):
        open_books(f"sqlite:///{file / 'new' / 'books.sqlite'}")
    with pytest.raises(BooksError, match=r"books /proc/none/books\.sqlite: cannot be made: /proc/none: No such file"):
        open_books("sqlite:////proc/none/books.sqlite")
