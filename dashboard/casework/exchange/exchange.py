"""Import of a list into a book: all mistakes at once, nothing by halves, and only what changed is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboard.casework.books import BOOKS
from dashboard.casework.database import Books
from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.names import context_of
from dashboard.casework.exchange.plan import Change, apply, changes_of
from dashboard.casework.exchange.read import entries_of
from dashboard.casework.exchange.said import Wrong
from dashboard.casework.exchange.table import Table, UnusableError, open_table
from sensors.errors import Problem, UsageError
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Report:
    """What an import found, and what it did.

    Attributes
    ----------
    book, file : str
    rows : int
        Rows of the file below its header that are not empty.
    new, changed, same, wrong : int
        Rows of the book; where several rows of the file make one, they count once.
    mistakes : tuple of Wrong
        In the order of the file.
    extra : tuple of str
        Headers that the book does not know; nothing was read from those columns.
    written : bool
        Whether the books were changed.
    """

    book: str
    file: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    mistakes: tuple[Wrong, ...] = ()
    extra: tuple[str, ...] = ()
    written: bool = False

    @property
    def problems(self) -> list[Problem]:
        """The mistakes in English."""
        return [mistake.problem(self.file) for mistake in self.mistakes]


def book_of(name: str) -> Book:
    """Book of a name.

    Raises
    ------
    UsageError
        If there is no such book.
    """
    if name not in BOOKS:
        raise UsageError(f"book {name!r}: found no such book; accepted: {', '.join(BOOKS)}")
    return BOOKS[name]


def import_file(
    books: Books, site: Site, book: str, path: Path, actor: str, now_ms: int, *, good_rows_only: bool = False,
    dry_run: bool = False, sheet: str | None = None, reason: str = "",
) -> Report:  # fmt: skip
    """Bring a list into a book.

    Parameters
    ----------
    books : Books
    site : Site
    book : str
        One of `dashboard.casework.books.BOOKS`.
    path : Path
        CSV or Excel; see `dashboard.casework.exchange.table.open_table`.
    actor : str
        Who imports it.
    now_ms : int
        Milliseconds since the epoch, UTC.
    good_rows_only : bool
        Import the rows that are right where others are wrong; otherwise one wrong row keeps all of them out.
    dry_run : bool
        Only look; nothing is written.
    sheet : str, optional
        Of an Excel file.
    reason : str, optional
        Of the change. Without it, the name of the file.

    Returns
    -------
    Report

    Raises
    ------
    UsageError
        If there is no such book.
    BooksError
        If the books cannot be read or written.
    """
    known = book_of(book)
    try:
        table = open_table(path, known, sheet)
    except UnusableError as error:
        return Report(book, path.name, mistakes=(error.wrong,))
    changing = books.change(actor, now_ms, reason or f"import of {path.name}")
    with books.read() if dry_run else changing as session:
        context = context_of(site, session, known, now_ms)
        planned = changes_of(session, site, known, table, entries_of(table, known, context))
        write = not dry_run and (good_rows_only or not any(change.wrong for change in planned))
        if write:
            apply(session, known, planned)
    written = write and any(change.kind in ("new", "changed") for change in planned)
    return _report(known, path, table, planned, written)


def _report(book: Book, path: Path, table: Table, planned: list[Change], written: bool) -> Report:
    kinds = [change.kind for change in planned]
    mistakes = sorted((wrong for change in planned for wrong in change.wrong), key=lambda wrong: wrong.row)
    return Report(
        book.name, path.name, len(table.rows), kinds.count("new"), kinds.count("changed"), kinds.count("same"),
        kinds.count("wrong"), tuple(mistakes), table.extra, written,
    )  # fmt: skip
