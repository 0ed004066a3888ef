"""From the cells of a list to the rows of a book: every cell read, lines that belong together put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.casework.exchange.book import KEEP, Book, Column, blank_of
from dashboard.casework.exchange.kinds import Cell, Context, UnreadableError, blank, not_yet, text_of
from dashboard.casework.exchange.said import Said, Wrong, _
from dashboard.casework.exchange.table import Place, Table

#: Longest text of a cell that is told back.
FOUND = 80


@dataclass(slots=True)
class Entry:
    """One row of a book as a list has it.

    Attributes
    ----------
    row : int
        Where it stands, as a spreadsheet counts.
    values : dict of str to object
        By attribute, of the columns that the list has; `KEEP` where a cell was blank and something must stand there.
    parts : list of (int, dict)
        What belongs to it, each with its row.
    wrong : list of Wrong
    """

    row: int
    values: dict[str, Any]
    parts: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


def entries_of(table: Table, book: Book, context: Context) -> list[Entry]:
    """Rows of a book that a list has, in its order; those that cannot be read carry what is wrong."""
    entries: list[Entry] = []
    known: dict[tuple[Any, ...], Entry] = {}
    for row, cells in table.rows:
        entry = _read(row, cells, table, book, context)
        if book.part is not None and entries and _continues(entry, book):
            _join(entries[-1], entry, table)
            continue
        numbered = all(entry.values.get(attribute) not in (None, "", KEEP) for attribute in book.key)
        key = _key(entry, table, book)
        there = known.get(key) if key is not None else None
        if there is None:
            entries.append(entry)
            if key is not None:
                known[key] = entry
        elif book.part is not None:
            _join(there, entry, table)
        else:
            # A number that was made is not in the file: told is what it was made of.
            of = (
                book.key if numbered else tuple(n for n in book.named_by if entry.values.get(n) not in (None, "", KEEP))
            )
            column = ", ".join(header(table, attribute, book.columns) for attribute in of)
            shown = "/".join(str(entry.values[attribute]) for attribute in of)[:FOUND]
            entry.wrong.append(Wrong(row, column, shown, Said(_("one that row {row} does not have"), row=there.row)))
            entries.append(entry)
    return entries


def header(table: Table, attribute: str, columns: Sequence[Column], *, of_part: bool = False) -> str:
    """What a list calls an attribute; the book's own word where it has no such column."""
    for place in table.places:
        if place.column.attribute == attribute and place.of_part is of_part:
            return place.header
    return next((column.zh for column in columns if column.attribute == attribute), attribute)


def _read(row: int, cells: Sequence[Cell], table: Table, book: Book, context: Context) -> Entry:
    entry = Entry(row, {})
    part: dict[str, Any] = {}
    for place in table.places:
        cell = cells[place.index] if place.index < len(cells) else None
        model = book.part.model if place.of_part and book.part else book.model
        into = part if place.of_part else entry.values
        into[place.column.attribute] = _value(row, cell, place, model, context, entry.wrong)
    if any(value not in (None, "", KEEP) for value in part.values()):
        entry.parts.append((row, part))
    for index, name, key in table.across:
        cell = cells[index] if index < len(cells) else None
        assert book.part is not None
        of_name, of_cell = book.part.across
        kind = next(column.kind for column in book.part.columns if column.attribute == of_cell)
        if not blank(cell, kind):
            entry.parts.append((row, {of_name: key, of_cell: _cell(row, cell, name, kind, context, entry.wrong, True)}))
    return entry


def _value(row: int, cell: Cell, place: Place, model: Any, context: Context, wrong: list[Wrong]) -> Any:
    if blank(cell, place.column.kind):
        return blank_of(model, place.column.attribute)
    return _cell(row, cell, place.header, place.column.kind, context, wrong, place.column.ahead)


def _cell(row: int, cell: Cell, name: str, kind: Any, context: Context, wrong: list[Wrong], ahead: bool) -> Any:
    try:
        value = kind.read(cell, context)
        if not ahead and (accepted := not_yet(value, kind, context)) is not None:
            raise UnreadableError(accepted)
    except UnreadableError as error:
        wrong.append(Wrong(row, name, text_of(cell)[:FOUND], error.accepted))
        return KEEP
    return value


def _continues(entry: Entry, book: Book) -> bool:
    """Whether a line says nothing but a part: the cells of its row are blank, or merged with those above."""
    return bool(entry.parts or entry.wrong) and all(value in (None, "", KEEP) for value in entry.values.values())


def _join(there: Entry, entry: Entry, table: Table) -> None:
    """Take a further line of a row; what it says of the row itself must agree."""
    for attribute, value in entry.values.items():
        said = there.values.get(attribute, KEEP)
        if value in (None, "", KEEP) or value == said:
            continue
        if said in (None, "", KEEP):
            there.values[attribute] = value
        else:
            column = header(table, attribute, ())
            there.wrong.append(Wrong(entry.row, column, str(value)[:FOUND], Said(_("the same as in row {row}"),
                                                                                 row=there.row)))  # fmt: skip
    there.parts += entry.parts
    there.wrong += entry.wrong


def _key(entry: Entry, table: Table, book: Book) -> tuple[Any, ...] | None:
    """What identifies a row, made where the list does not say it; None where that cannot be."""
    key = tuple(entry.values.get(attribute) for attribute in book.key)
    if all(value not in (None, "", KEEP) for value in key):
        return key
    made = book.made_id(entry.values) if book.key == ("id",) else None
    if made is not None:
        entry.values["id"] = made
        return (made,)
    if not entry.wrong:
        wanted = book.named_by or book.key
        names = ", ".join(header(table, attribute, book.columns) for attribute in wanted)
        column = header(table, book.key[0], book.columns)
        message = (
            _("a number, or something in {columns} to make it of") if book.named_by else _("something in {columns}")
        )
        entry.wrong.append(Wrong(entry.row, column, "", Said(message, columns=names)))
    return None
