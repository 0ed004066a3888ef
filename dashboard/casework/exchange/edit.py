"""Edits of single rows of a book: as strict as an import, and never over what somebody else entered meanwhile.

Whoever edits was shown cells; what comes back is those cells and the ones that they changed. A changed cell that is not
any more what was shown is a conflict: it is told with who changed it, and nothing of the edit is written. What others
changed elsewhere in the row stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.exchange.book import KEEP, Book, Column, blank_of
from dashboard.casework.exchange.kinds import Cell, Context, UnreadableError, blank, text_of
from dashboard.casework.exchange.names import context_of
from dashboard.casework.exchange.plan import Change, apply, changes_of
from dashboard.casework.exchange.read import FOUND, entries_of
from dashboard.casework.exchange.said import Said, Wrong, _
from dashboard.casework.exchange.table import Place, Table, open_text
from dashboard.casework.exchange.write import cells_of
from dashboard.casework.sequences import take_turn
from sensors.errors import UsageError
from sensors.site import Site

#: Columns that no edit changes: steps do, each with what it needs (`dashboard.casework.survey`).
STEPPED: Mapping[str, frozenset[str]] = {
    "outfalls": frozenset({"stage"}),
    "shops": frozenset({"state"}),
    "leak_points": frozenset({"state"}),
}

Cells = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class PartEdit:
    """What becomes of something that belongs to a row; `shown` is None where it is new."""

    shown: Cells | None
    cells: Cells


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of a row.

    Attributes
    ----------
    shown : mapping of str to Cell, or None
        Every cell of it as its editor saw it, by attribute; None for a new row.
    cells : mapping of str to Cell
        Those that are to be other.
    parts : tuple of PartEdit
    """

    shown: Cells | None
    cells: Cells
    parts: tuple[PartEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an edit was not made.

    Attributes
    ----------
    row : str
        Number of the row; empty for a new one.
    column : Column or None
        None where the whole row is meant.
    found : str
    said : Said
        What would be accepted, or what has come between.
    """

    row: str
    column: Column | None
    found: str
    said: Said

    def told(self, translate: Callable[..., str], language: str) -> str:
        """One line in the reader's language; `translate` is a `dashboard.i18n.Translator`."""
        where = " · ".join(filter(None, (self.row, self.column.header(language) if self.column else "")))
        return f"{where}: {self.said.text(translate)}" + (f" ({self.found})" if self.found else "")


class EditRefusedError(UsageError):
    """Edits of which at least one cannot be made; nothing was written."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__("; ".join(str(trouble.said) for trouble in troubles))
        self.troubles = tuple(troubles)

    def __reduce__(self) -> tuple[type[EditRefusedError], tuple[tuple[Trouble, ...]]]:
        """Rebuild from the reasons."""
        return type(self), (self.troubles,)


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written: numbers of rows that are new, and of those that were changed."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def shown_of(row: Any, columns: Iterable[Column], context: Context, language: str) -> dict[str, Cell]:
    """Cells of a row, or of a part, by attribute: what an editor is shown and gives back."""
    known = list(columns)
    return dict(zip((column.attribute for column in known), cells_of(row, known, context, language), strict=True))


def save(
    books: Books, site: Site, book: Book, edits: Sequence[Edit], actor: str, now_ms: int, *, language: str = "zh",
    reason: str = "", allowed: Callable[[Any], bool] = lambda _row: True,
) -> Saved:  # fmt: skip
    """Make edits: all of them, or none where any cannot be made.

    Parameters
    ----------
    books : Books
    site : Site
    book : Book
    edits : sequence of Edit
    actor : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    language : str
        In which the cells were shown.
    reason : str, optional
        Of the change, for the audit trail.
    allowed : callable
        Whether the actor may change a row; asked of the row before and after.

    Raises
    ------
    EditRefusedError
        With every reason.
    BooksError
        If the books cannot be read or written.
    """
    with books.change(actor, now_ms, reason) as session:
        take_turn(session)
        maker = _Maker(session, site, book, context_of(site, session, book, now_ms), language, allowed)
        for edit in edits:
            maker.make(edit)
        if maker.troubles:
            raise EditRefusedError(maker.troubles)
        return Saved(tuple(maker.new), tuple(maker.changed))


def name_of(book: Book, row: Any) -> str:
    """How a row is called: its number, or what identifies it."""
    return "/".join(str(getattr(row, attribute)) for attribute in book.key)


def find_row(session: Session, book: Book, key: Sequence[Any]) -> Any:
    """Row of a key; None where there is none."""
    pairs = zip(book.key, key, strict=True)
    return session.scalars(
        select(book.model).where(*(getattr(book.model, name) == value for name, value in pairs))
    ).first()


class _Maker:
    """Edits one after the other, in one transaction."""

    def __init__(
        self, session: Session, site: Site, book: Book, context: Context, language: str, allowed: Callable[[Any], bool]
    ) -> None:
        self.session, self.site, self.book, self.context = session, site, book, context
        self.language, self.allowed = language, allowed
        self.troubles: list[Trouble] = []
        self.new: list[str] = []
        self.changed: list[str] = []

    def make(self, edit: Edit) -> None:
        """Make one edit, or note why not."""
        before = len(self.troubles)
        row = None
        if edit.shown is not None:
            row = find_row(self.session, self.book, [self._read(name, edit.shown.get(name)) for name in self.book.key])
            if row is None:
                self._note("", None, "", Said(_("the row is gone")))
                return
            if not self.allowed(row):
                self._note(name_of(self.book, row), None, "", Said(_("a row of your own area and books")))
                return
            self.troubles += self._conflicts(row, edit)
        self.troubles += self._fixed(edit, row)
        if len(self.troubles) > before:
            return
        self._apply(edit, row)

    def _apply(self, edit: Edit, row: Any) -> None:
        change = self._planned(edit, row)
        name = "" if row is None else name_of(self.book, row)
        for wrong in change.wrong:
            self.troubles.append(self._trouble(name, wrong))
        if change.wrong or change.kind == "same":
            return
        if row is None and change.kind != "new":
            there = name_of(self.book, change.row)
            self._note("", None, "", Said(_("there is such a row already: {row}"), row=there))
            return
        apply(self.session, self.book, [change])
        self.session.flush()
        name = name_of(self.book, change.row)
        if not self.allowed(change.row):
            self._note(name, None, "", Said(_("a row of your own area and books")))
        (self.new if row is None else self.changed).append(name)

    def _planned(self, edit: Edit, row: Any) -> Change:
        """The edit as the few lines of a list that say it."""
        own = [column for column in self.book.columns if column.attribute in edit.cells or
               (row is not None and column.attribute in self.book.key)]  # fmt: skip
        part = self.book.part
        parts = list(part.columns) if part is not None and edit.parts else []
        places = [Place(n, self._header(c), c, False) for n, c in enumerate(own)]
        places += [Place(len(own) + n, self._header(c), c, True) for n, c in enumerate(parts)]
        shown = edit.shown or {}
        first = [_opened(edit.cells.get(c.attribute, shown.get(c.attribute))) for c in own]
        lines: list[list[Cell]] = [[*first, *[None] * len(parts)]]
        there = self._parts(row)
        for number, one in enumerate(edit.parts):
            # What others changed elsewhere in it meanwhile stays.
            key = self._part_key(one.shown or {})
            now: Cells = there[key][1] if key in there else {}
            cells = [_opened(one.cells.get(c.attribute, now.get(c.attribute))) for c in parts]
            if number == 0:
                lines[0][len(own) :] = cells
            else:
                lines.append([*[None] * len(own), *cells])
        if row is None and not own:
            return Change("wrong", wrong=[Wrong(1, "", "", Said(_("something that is not blank")))])
        table = Table(tuple(places), (), (), list(enumerate(lines, 1)))
        entries = entries_of(table, self.book, self.context)
        if row is None and len(entries) == 1 and not entries[0].wrong:
            stepped = STEPPED.get(self.book.name, frozenset())
            for name in stepped & entries[0].values.keys():
                del entries[0].values[name]
        changes = changes_of(self.session, self.site, self.book, table, entries)
        return changes[0]

    def _conflicts(self, row: Any, edit: Edit) -> Iterator[Trouble]:
        """Cells to be changed that are not any more what was shown."""
        name = name_of(self.book, row)
        whole = shown_of(row, self.book.columns, self.context, self.language)
        yield from self._between(row, name, self.book.columns, whole, edit.shown or {}, edit.cells)
        part = self.book.part
        if part is None:
            return
        there = self._parts(row)
        for one in edit.parts:
            if one.shown is None:
                continue
            found = there.get(self._part_key(one.shown))
            if found is None:
                yield Trouble(name, None, "", Said(_("the row is gone")))
                continue
            child, now = found
            yield from self._between(child, name, part.columns, now, one.shown, one.cells)

    def _parts(self, row: Any) -> dict[tuple[Cell, ...], tuple[Any, Cells]]:
        """What belongs to a row, each with its cells, by the cells that identify it."""
        part = self.book.part
        if part is None or row is None:
            return {}
        rows = [
            (child, shown_of(child, part.columns, self.context, self.language))
            for child in getattr(row, part.attribute)
        ]
        return {self._part_key(cells): (child, cells) for child, cells in rows}

    def _part_key(self, cells: Cells) -> tuple[Cell, ...]:
        return tuple(cells.get(name) for name in self.book.part.key) if self.book.part is not None else ()

    def _between(
        self, row: Any, name: str, columns: Sequence[Column], now: Cells, shown: Cells, cells: Cells
    ) -> Iterator[Trouble]:
        for column in columns:
            at = column.attribute
            if at not in cells or now[at] == shown.get(at) or self._same(column, now[at], cells[at]):
                continue
            who = self._who(row, at)
            said = Said(_("{who} has changed this to {now} meanwhile: look at it again"), who=who or "?",
                        now=text_of(now[at])[:FOUND] or "—")  # fmt: skip
            yield Trouble(name, column, text_of(cells[at])[:FOUND], said)

    def _same(self, column: Column, one: Cell, other: Cell) -> bool:
        return bool(self._value(column, one) == self._value(column, other))

    def _who(self, row: Any, attribute: str) -> str:
        """Who changed an attribute last, by the trail."""
        from sqlalchemy import inspect

        key = "/".join(map(str, inspect(row).mapper.primary_key_from_instance(row)))
        entries = self.session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject_id == key, AuditEntry.subject == row.__tablename__)
            .order_by(AuditEntry.seq.desc())
            .limit(20)
        )
        return next((entry.actor for entry in entries if attribute in (entry.after or {})), "")

    def _fixed(self, edit: Edit, row: Any) -> Iterator[Trouble]:
        """What an edit may not change: what identifies a row or a part, and what steps change."""
        if row is None:
            return
        name = name_of(self.book, row)
        for column in self.book.columns:
            at = column.attribute
            emptied = at in edit.cells and blank(_opened(edit.cells[at]), column.kind)
            if emptied and blank_of(self.book.model, at) is KEEP:
                # A list leaves blank what it does not know; somebody who empties a field means it.
                yield Trouble(name, column, "", Said(_("something that is not blank")))
        fixed = {*self.book.key, *STEPPED.get(self.book.name, ())}
        for column in self.book.columns:
            at = column.attribute
            if at in fixed and at in edit.cells and not self._same(column, edit.cells[at], (edit.shown or {}).get(at)):
                yield Trouble(name, column, text_of(edit.cells[at])[:FOUND], Said(_("what stands there: it is fixed")))
        part = self.book.part
        for one in edit.parts if part is not None else ():
            for column in part.columns if part is not None and one.shown is not None else ():
                at = column.attribute
                if part is not None and at in part.key and at in one.cells and (
                    not self._same(column, one.cells[at], (one.shown or {}).get(at))
                ):  # fmt: skip
                    said = Said(_("what stands there: it is fixed"))
                    yield Trouble(name, column, text_of(one.cells[at])[:FOUND], said)

    def _read(self, attribute: str, cell: Cell) -> Any:
        return self._value(self.book.column(attribute), cell)

    def _value(self, column: Column, cell: Cell) -> Any:
        cell = _opened(cell)
        if blank(cell, column.kind):
            return None
        try:
            return column.kind.read(cell, self.context)
        except UnreadableError:
            return KEEP

    def _header(self, column: Column) -> str:
        return column.header(self.language)

    def _trouble(self, row: str, wrong: Wrong) -> Trouble:
        known = [c for c in self.book.all_columns if wrong.column in (c.header(self.language), c.zh)]
        return Trouble(row, next(iter(known), None), wrong.found, wrong.accepted)

    def _note(self, row: str, column: Column | None, found: str, said: Said) -> None:
        self.troubles.append(Trouble(row, column, found, said))


def _opened(cell: Cell) -> Cell:
    return open_text(cell) if isinstance(cell, str) else cell
