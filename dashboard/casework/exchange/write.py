"""Export of a book: CSV and Excel as the office opens them, and as `exchange.import_file` reads them back."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from dashboard.casework.exchange.book import Book, Column
from dashboard.casework.exchange.exchange import book_of
from dashboard.casework.exchange.kinds import Cell, Choice, Context, Text, YesNo
from dashboard.casework.exchange.names import context_of
from dashboard.casework.exchange.table import dangerous
from dashboard.casework.vocabulary import Words
from sensors.errors import UsageError
from sensors.site import Site

#: Endings of files and what they are.
FORMATS = {".csv": "CSV (UTF-8)", ".xlsx": "Excel"}

#: Widths of columns [characters].
_WIDTH = {"short": 12, "text": 24, "time": 18}

#: Rows below the list in which Excel offers the words of a column.
_ROOM = 5000


def export_file(
    session: Session, site: Site, book: str, path: Path, *, language: str = "zh", empty: bool = False
) -> int:
    """Write a book as a list; its ending says which kind.

    Returns
    -------
    int
        Rows below the header.

    Raises
    ------
    UsageError
        If there is no such book, the ending is of another kind, the file cannot be written, or Excel cannot hold it.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path.name}: found {path.suffix or 'no ending'}; accepted: {', '.join(FORMATS)}")
    data, rows = exported(session, site, book, path.suffix.lower(), language=language, empty=empty)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return rows


def exported(
    session: Session, site: Site, book: str, ending: str, *, language: str = "zh", empty: bool = False,
    only: Sequence[ColumnElement[bool]] = (), hidden: Collection[str] = (),
) -> tuple[bytes, int]:  # fmt: skip
    """A book as a file and how many rows it has.

    Parameters
    ----------
    session : Session
    site : Site
    book : str
    ending : str
        A key of `FORMATS`.
    language : str
        Of headers and words.
    empty : bool
        Only the header: a form to fill in.
    only : sequence of ColumnElement
        What holds of the rows that go out.
    hidden : collection of str
        Attributes whose cells stay blank.

    Raises
    ------
    UsageError
        If there is no such book, or Excel cannot hold it.
    """
    known = book_of(book)
    context = context_of(site, session, known)
    rows = [] if empty else list(_rows(session, known, context, language, only, hidden))
    write = _excel if ending == ".xlsx" else _csv
    return write(known, rows, context, language), len(rows)


def _rows(
    session: Session, book: Book, context: Context, language: str, only: Sequence[ColumnElement[bool]],
    hidden: Collection[str],
) -> Iterator[list[Cell]]:  # fmt: skip
    query = select(book.model).where(*only).order_by(*(getattr(book.model, attribute) for attribute in book.key))
    if book.part is not None:
        query = query.options(selectinload(getattr(book.model, book.part.attribute)))
    for row in session.scalars(query):
        own = cells_of(row, book.columns, context, language)
        own = [None if column.attribute in hidden else cell for column, cell in zip(book.columns, own, strict=True)]
        if book.part is None:
            yield own
            continue
        parts: Sequence[Any] = getattr(row, book.part.attribute)
        for part in parts:
            yield own + cells_of(part, book.part.columns, context, language)
        if not parts:
            yield own + [None] * len(book.part.columns)


def cells_of(row: Any, columns: Iterable[Column], context: Context, language: str) -> list[Cell]:
    """Cells of a row, or of a part of one, as they stand in a list."""
    cells: list[Cell] = []
    for column in columns:
        value = getattr(row, column.attribute)
        cell = None if value is None else column.kind.write(value, context, language)
        # A text that a spreadsheet would take for a formula is kept from being one.
        cells.append(f"'{cell}" if isinstance(cell, str) and dangerous(cell) else cell)
    return cells


def _csv(book: Book, rows: Iterable[Sequence[Cell]], context: Context, language: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.header(language) for column in book.all_columns])
    writer.writerows([[_text(cell) for cell in cells] for cells in rows])
    # Excel knows by the mark that it is UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return "" if cell is None else cell.isoformat() if isinstance(cell, date) else str(cell)


def _excel(book: Book, rows: Sequence[Sequence[Cell]], context: Context, language: str) -> bytes:
    import xlsxwriter

    chinese = language == "zh"
    data = io.BytesIO()
    workbook = xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = workbook.add_worksheet((book.zh if chinese else book.en)[:31])
    bold = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    columns = book.all_columns
    for index, column in enumerate(columns):
        sheet.write_string(0, index, column.header(language) + ("*" if column.required else ""), bold)
    for number, cells in enumerate(rows, 1):
        for index, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, index, cell, time)
            elif isinstance(cell, date):
                sheet.write_datetime(number, index, cell, day)
            elif isinstance(cell, int | float):
                sheet.write_number(number, index, cell)
            elif cell is not None and sheet.write_string(number, index, cell):
                raise UsageError(f"{book.en}: row {number + 1} has a text that Excel cannot hold; export it as CSV")
    notes = workbook.add_worksheet("填写说明" if chinese else "Notes")
    for index, column in enumerate(columns):
        _offer(sheet, notes, index, column, context, language, len(rows))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    workbook.close()
    return data.getvalue()


def _offer(sheet: Any, notes: Any, index: int, column: Column, context: Context, language: str, rows: int) -> None:
    """Width of a column, and the words that it accepts: on the notes, and offered in its cells."""
    kind = column.kind
    words = getattr(kind, "words", None) or context.names.get(getattr(kind, "to", ""))
    width = "text" if isinstance(kind, Text) else "time" if column.attribute.endswith("_ms") else "short"
    sheet.set_column(index, index, _WIDTH[width])
    notes.set_column(index, index, _WIDTH["text"])
    notes.write_string(0, index, column.header(language))
    offered = [words.word(key, language) for key in words] if isinstance(words, Words) else []
    if isinstance(kind, YesNo):
        offered = ["是", "否"] if language == "zh" else ["yes", "no"]
    for number, word in enumerate(offered, 1):
        notes.write_string(number, index, word)
    if offered and not (isinstance(kind, Choice) and kind.open):
        source = f"='{notes.get_name()}'!{_cell(1, index)}:{_cell(len(offered), index)}"
        # It offers and warns; what counts is the check at import.
        sheet.data_validation(
            1, index, rows + _ROOM, index, {"validate": "list", "source": source, "error_type": "warning"}
        )


def _cell(row: int, column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True))
