"""Opens the lists that people keep: CSV of any usual making and Excel, with the header wherever it stands.

A row is numbered as a spreadsheet numbers it, so that a mistake is found where the person looks for it.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.casework.exchange.book import Book, Column, header_of
from dashboard.casework.exchange.kinds import Cell, text_of
from dashboard.casework.exchange.said import Said, Wrong, _
from sensors.determinand import determinand_key

#: Largest list that is opened [bytes], as a file and unpacked, and its most rows.
MAX_BYTES = 32 * 2**20
MAX_UNPACKED_BYTES = 512 * 2**20
MAX_ROWS = 100_000

#: Rows in which the header is looked for: titles and notes may stand above it.
HEADER_ROWS = 10

#: What no spreadsheet carries and nobody sees.
_CONTROL = re.compile(r"[\x01-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")

_Rows = list[tuple[int, Sequence[Cell]]]


class UnusableError(Exception):
    """A file of which nothing can be read."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(str(wrong))
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column of a book stands in a file.

    Attributes
    ----------
    index : int
    header : str
        As the file has it.
    column : Column
    of_part : bool
    """

    index: int
    header: str
    column: Column
    of_part: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A list as it was opened.

    Attributes
    ----------
    places : tuple of Place
        Columns that are understood.
    across : tuple of (int, str, str)
        Columns of determinands that stand across the list: index, header and key.
    extra : tuple of str
        Headers of columns that are not.
    rows : list of (int, sequence of Cell)
        Number and cells; texts without spaces around them.
    """

    places: tuple[Place, ...]
    across: tuple[tuple[int, str, str], ...]
    extra: tuple[str, ...]
    rows: _Rows


def open_table(path: Path, book: Book, sheet: str | None = None) -> Table:
    """Open a list.

    Parameters
    ----------
    path : Path
        CSV (UTF-8, GB 18030 or UTF-16; commas, semicolons or tabs) or Excel (.xlsx, .xlsm).
    book : Book
    sheet : str, optional
        Of an Excel file. Without it, the one whose header fits best.

    Raises
    ------
    UnusableError
        If it is neither, too large, or has no header of the book.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unusable("", _("a list of at most {most} MB"), most=MAX_BYTES >> 20)
        data = path.read_bytes()
    except OSError as error:
        raise _unusable(error.strerror or str(error), _("a CSV or Excel file (.xlsx)")) from None
    sheets = _excel(data, sheet) if data[:4] == b"PK\x03\x04" else [_csv(data)]
    fitting = [(_fit(rows, book), rows) for rows in sheets]
    (matches, at), rows = max(fitting, key=lambda found: found[0][0], default=((0, 0), []))
    if not matches:
        first = ", ".join(filter(None, (text_of(cell) for _, cells in rows[:1] for cell in cells)))
        raise _unusable(first[:200], _("a header with columns such as {columns}"), columns=_shown(book))
    return _table(rows, at, book)


def _table(rows: _Rows, at: int, book: Book) -> Table:
    known = book.headers()
    across_of = book.part.across if book.part else ()
    places: list[Place] = []
    across: list[tuple[int, str, str]] = []
    extra: list[str] = []
    row = rows[at][0]
    for index, cell in enumerate(rows[at][1]):
        header = text_of(cell)
        found = known.get(header_of(header))
        if found is not None:
            twice = [place.header for place in places if place.column is found[1]]
            if twice:
                raise _unusable(f"{twice[0]}, {header}", _("one column of this kind"), row=row)
            places.append(Place(index, header, found[1], found[0]))
        elif across_of and (key := _determinand(header)):
            across.append((index, header, key))
        elif header:
            extra.append(header)
    given = {place.column.attribute for place in places if not place.of_part}
    if not (set(book.key) <= given or given & set(book.named_by)):
        wanted = ", ".join(book.column(attribute).zh for attribute in book.key)
        raise _unusable(", ".join(place.header for place in places), _("a column {columns}"), row=row, columns=wanted)
    filled = [(number, cells) for number, cells in rows[at + 1 :] if any(cell not in (None, "") for cell in cells)]
    if len(filled) > MAX_ROWS:
        raise _unusable(str(len(filled)), _("a list of at most {most} rows"), most=MAX_ROWS)
    return Table(tuple(places), tuple(across), tuple(extra), filled)


def _determinand(header: str) -> str | None:
    return determinand_key(header) or determinand_key(header_of(header))


def _fit(rows: _Rows, book: Book) -> tuple[int, int]:
    """How many headers the best of the first rows has, and which it is."""
    known = book.headers()
    counts = [
        sum(header_of(cell) in known for cell in cells if isinstance(cell, str)) for _, cells in rows[:HEADER_ROWS]
    ]
    best = max(counts, default=0)
    return best, counts.index(best) if counts else 0


def _csv(data: bytes) -> _Rows:
    text = _decoded(data)
    lines = text.splitlines()[:HEADER_ROWS]
    separator = max(",;\t", key=lambda mark: max((line.count(mark) for line in lines), default=0))
    rows: _Rows = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1):
            rows.append((number, [open_text(cell) for cell in cells]))
    except csv.Error as error:
        raise _unusable(str(error), _("cells whose quotes are closed"), row=len(rows) + 1) from None
    return rows


def _decoded(data: bytes) -> str:
    """Text of a CSV as UTF-8, as Excel in China writes it (GB 18030), or as its "Unicode text"."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unusable("", _("a CSV or Excel file (.xlsx)"))


def _excel(data: bytes, sheet: str | None) -> list[_Rows]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise _unusable("", _("a list of at most {most} MB"), most=MAX_BYTES >> 20)
        with warnings.catch_warnings():
            # Of parts that are lost when it is written again; it is not.
            warnings.simplefilter("ignore", UserWarning)
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            try:
                if sheet is not None and sheet not in workbook.sheetnames:
                    accepted = ", ".join(workbook.sheetnames)
                    raise _unusable(sheet, _("one of the sheets {sheets}"), sheets=accepted)
                wanted = workbook.sheetnames if sheet is None else [sheet]
                return [_sheet(workbook[name]) for name in wanted]
            finally:
                workbook.close()
    except UnusableError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML and zip readers raise
        raise _unusable(f"{type(error).__name__}: {error}"[:200], _("a CSV or Excel file (.xlsx)")) from error


def _sheet(sheet: Any) -> _Rows:
    rows: _Rows = []
    if not hasattr(sheet, "iter_rows"):  # a sheet that is only a chart
        return rows
    # Sizes that files tell of themselves are often wrong.
    sheet.reset_dimensions()
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if any(cell is not None for cell in cells):
            rows.append((number, [open_text(cell) if isinstance(cell, str) else cell for cell in cells]))
            empty = 0
        else:
            empty += 1
            if empty > MAX_ROWS:  # formats that somebody put on a million rows
                break
    return rows


def open_text(text: str) -> str:
    """A text without spaces around it, what cannot be seen, and the apostrophe that kept it from being a formula."""
    text = _CONTROL.sub("", text.replace("_x000D_", "\r").replace("\r\n", "\n").replace("\r", "\n")).strip()
    return text[1:] if text.startswith("'") and dangerous(text) else text


def dangerous(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula, apostrophes before it not counted."""
    return text.lstrip("' \n\u3000")[:1] in set("=+-@\t\r＝＋－＠") and bool(text.lstrip("' \n\u3000"))


def _shown(book: Book) -> str:
    return ", ".join(f"{column.zh} ({column.en})" for column in book.all_columns if column.required)


def _unusable(found: str, message: str, row: int = 0, **values: object) -> UnusableError:
    return UnusableError(Wrong(row, "", found, Said(message, **values)))
