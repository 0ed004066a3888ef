"""Every book is described rightly: a new one is checked by these tests without a new line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from dashboard.casework.books import BOOKS
from dashboard.casework.database import Books, open_books
from dashboard.casework.exchange.book import KEEP, blank_of, header_of
from dashboard.casework.exchange.exchange import import_file
from dashboard.casework.exchange.kinds import Instant, Text
from dashboard.casework.exchange.write import export_file
from dashboard.casework.seed.seed import seed_demo
from dashboard.casework.tables.survey import Shop
from sensors.site import Site

NOW = 1777867500000


@pytest.fixture(scope="module")
def lived_in(xietang: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    books = open_books(f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}")
    seed_demo(books, xietang, NOW)
    yield books
    books.close()


@pytest.mark.parametrize("name", BOOKS)
def test_columns_are_those_of_the_table(name: str) -> None:
    book = BOOKS[name]
    for model, columns in (
        (book.model, book.columns),
        (book.part and book.part.model, book.part and book.part.columns),
    ):
        if model is None or columns is None:
            continue
        attributes = {attribute.key: attribute.columns[0] for attribute in inspect(model).column_attrs}
        named = [column.attribute for column in columns]
        assert len(named) == len(set(named))
        assert set(named) <= set(attributes)
        # Nothing that a person enters is left out: only links, tracks and keys of our own.
        left = {key for key in attributes if key not in named}
        assert left <= {"id", "path", "inspection_id", "patrol_id", "visit_id", "sample_id"}, left
        for column in columns:
            stands = not attributes[column.attribute].nullable and attributes[column.attribute].default is None
            numbered = book.part is not None and book.part.numbered == column.attribute
            assert column.required == stands or column.attribute in book.key or numbered, column
            assert column.attribute.endswith("_ms") == isinstance(column.kind, Instant)
            if isinstance(column.kind, Text):
                limit = getattr(attributes[column.attribute].type, "length", None)
                assert limit is None or column.kind.most <= limit, column
    assert set(book.named_by) <= {column.attribute for column in book.columns}


@pytest.mark.parametrize("name", BOOKS)
def test_headers_in_either_language_name_one_column(name: str) -> None:
    book = BOOKS[name]
    known = book.headers()
    for language in ("zh", "en"):
        headers = [header_of(column.header(language)) for column in book.all_columns]
        assert len(headers) == len(set(headers))
        for column in book.all_columns:
            assert known[header_of(column.header(language))][1] is column
    assert book.zh != book.en


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("name", BOOKS)
def test_a_book_goes_out_and_comes_back_unchanged(
    lived_in: Books, xietang: Site, tmp_path: Path, name: str, ending: str
) -> None:
    path = tmp_path / f"{name}{ending}"
    language = "zh" if ending == ".csv" else "en"
    with lived_in.read() as session:
        rows = export_file(session, xietang, name, path, language=language)
        there = len(session.scalars(select(BOOKS[name].model)).all())
    report = import_file(lived_in, xietang, name, path, "li", NOW)
    assert rows >= there > 5
    assert (report.mistakes, report.new, report.changed, report.same) == ((), 0, 0, there)


def test_what_a_blank_cell_means() -> None:
    assert [blank_of(Shop, name) for name in ("longitude", "note", "state", "name")] == [None, "", KEEP, KEEP]


def test_ids_are_made_of_names() -> None:
    book = BOOKS["shops"]
    one = book.made_id({"name": "张记", "address": "一号"})
    assert one is not None
    assert one.startswith("SH-")
    assert one == book.made_id({"name": "张记", "address": "一号", "river": ""}) != book.made_id({"name": "张记"})
    assert book.made_id({"name": "", "address": None, "river": KEEP}) is None
    assert BOOKS["river_policy"].made_id({"river": "R01"}) is None
