"""What an import would change: each row of a list beside what the books have, and what must hold of the two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, selectinload

from dashboard.casework.exchange.book import KEEP, Book, Column, Merged, Part
from dashboard.casework.exchange.read import FOUND, Entry, header
from dashboard.casework.exchange.said import Said, Wrong, _
from dashboard.casework.exchange.table import Table
from sensors.site import Site

#: Rows that are asked for at once: databases limit what one query may carry.
AT_ONCE = 500


@dataclass(slots=True)
class Change:
    """What becomes of one row of a list.

    Attributes
    ----------
    kind : {'new', 'changed', 'same', 'wrong'}
    row : object or None
        In the books.
    values : dict of str to object
        What is new or other about it.
    parts : list of (object or None, dict)
        The same of what belongs to it.
    wrong : list of Wrong
    """

    kind: Literal["new", "changed", "same", "wrong"]
    row: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    parts: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


def changes_of(session: Session, site: Site, book: Book, table: Table, entries: Sequence[Entry]) -> list[Change]:
    """What would become of each row; nothing is changed yet."""
    there = _existing(session, book, entries)
    _claim(session, book, table, entries)
    return [_change(site, book, table, entry, there.get(_key(book, entry.values))) for entry in entries]


def apply(session: Session, book: Book, changes: Iterable[Change]) -> None:
    """Make the changes that are right."""
    for change in changes:
        if change.kind == "new":
            change.row = book.model(**change.values)
            session.add(change.row)
        elif change.kind == "changed":
            _set(change.row, change.values)
        else:
            continue
        for part, values in change.parts:
            if part is not None:
                _set(part, values)
            elif book.part is not None:
                getattr(change.row, book.part.attribute).append(book.part.model(**values))


def _existing(session: Session, book: Book, entries: Iterable[Entry]) -> dict[tuple[Any, ...], Any]:
    query = select(book.model)
    if book.part is not None:
        query = query.options(selectinload(getattr(book.model, book.part.attribute)))
    if book.key == ("id",):
        column = getattr(book.model, "id")  # noqa: B009  # not every table has one
        ids = [entry.values["id"] for entry in entries if entry.values.get("id") not in (None, "", KEEP)]
        some = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
        rows = [row for these in some for row in session.scalars(query.where(column.in_(these)))]
    else:
        rows = list(session.scalars(query))
    return {tuple(getattr(row, attribute) for attribute in book.key): row for row in rows}


def _claim(session: Session, book: Book, table: Table, entries: Iterable[Entry]) -> None:
    """See to it that what only one row may have, two have not: a code that is taken."""
    mapper = inspect(book.model)
    for attribute in (each.key for each in mapper.column_attrs if each.columns[0].unique):
        column = getattr(book.model, attribute)
        owners = {
            value: tuple(key)
            for value, *key in session.execute(
                select(column, *(getattr(book.model, name) for name in book.key)).where(column.is_not(None))
            )
        }
        rows: dict[Any, int] = {}
        for entry in entries:
            value, key = entry.values.get(attribute), _key(book, entry.values)
            if value in (None, "", KEEP):
                continue
            owner = owners.setdefault(value, key)
            first = rows.setdefault(value, entry.row)
            if owner != key:
                accepted = Said(_("one that {owner} does not have"), owner="/".join(map(str, owner)))
                if first != entry.row:
                    accepted = Said(_("one that row {row} does not have"), row=first)
                entry.wrong.append(Wrong(entry.row, header(table, attribute, book.columns), str(value), accepted))


def _change(site: Site, book: Book, table: Table, entry: Entry, row: Any) -> Change:
    given = {attribute: value for attribute, value in entry.values.items() if value is not KEEP}
    wrong = list(entry.wrong)
    if not wrong:
        wrong += _objections(site, book, table, entry, given, row)
    parts: list[tuple[Any, dict[str, Any]]] = []
    if book.part is not None and not wrong:
        children = list(getattr(row, book.part.attribute)) if row is not None else []
        parts = list(_parts(book.part, table, entry, given, children, wrong))
    if wrong:
        return Change("wrong", wrong=wrong)
    if row is None:
        return Change("new", None, given, parts)
    values = _other(row, given)
    parts = [(part, other) for part, other in parts if part is None or other]
    return Change("changed" if values or parts else "same", row, values, parts)


def _objections(
    site: Site, book: Book, table: Table, entry: Entry, given: Mapping[str, Any], row: Any
) -> Iterator[Wrong]:
    merged = {
        column.attribute: given.get(column.attribute, getattr(row, column.attribute, None)) for column in book.columns
    }
    missing = False
    for column in book.columns:
        if column.required and merged[column.attribute] in (None, ""):
            missing = True
            yield _missing(table, entry.row, column, book.columns)
    if missing:
        return
    for check in book.checks:
        for attribute, found, accepted in check(Merged(merged, row, site)):
            text = "" if found is None else str(found)[:FOUND]
            yield Wrong(entry.row, header(table, attribute, book.columns), text, accepted)


def _parts(
    part: Part, table: Table, entry: Entry, owner: Mapping[str, Any], children: list[Any], wrong: list[Wrong]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """What belongs to a row, each beside what the books have of it."""
    there = {tuple(getattr(child, attribute) for attribute in part.key): child for child in children}
    taken: dict[tuple[Any, ...], int] = {}
    for row, said in entry.parts:
        values = {attribute: value for attribute, value in said.items() if value is not KEEP}
        if part.numbered and values.get(part.numbered) in (None, ""):
            values[part.numbered] = _number(part, owner, values, there, taken)
        key = tuple(values.get(attribute) for attribute in part.key)
        child = there.get(key)
        missing = [
            column for column in part.columns
            if column.required and values.get(column.attribute, getattr(child, column.attribute, None)) in (None, "")
        ]  # fmt: skip
        wrong += [_missing(table, row, column, part.columns, of_part=True) for column in missing]
        if key in taken and not missing:
            column = header(table, part.key[0], part.columns, of_part=True)
            shown = "/".join(map(str, key))
            wrong.append(Wrong(row, column, shown, Said(_("one that row {row} does not have"), row=taken[key])))
        taken.setdefault(key, row)
        if part.derive is not None:
            whole = {each.attribute: getattr(child, each.attribute, None) for each in part.columns} | values
            part.derive(whole)
            values |= {name: value for name, value in whole.items() if name in values or value is not None}
        yield child, values if child is None else _other(child, values)


def _number(
    part: Part, owner: Mapping[str, Any], values: Mapping[str, Any], there: Mapping[tuple[Any, ...], Any],
    taken: Mapping[tuple[Any, ...], int],
) -> Any:  # fmt: skip
    """Number of a part that has none: that of the one which says the same, otherwise the next free one."""
    for key, child in there.items():
        if key not in taken and not _other(child, {k: v for k, v in values.items() if k != part.numbered}):
            return key[0]
    for count in range(1, len(there) + len(taken) + 2):
        number = f"{owner['id']}-{count}" if part.numbered == "id" else count
        if (number,) not in there and (number,) not in taken:
            return number
    raise AssertionError("more numbers than parts")


def _missing(table: Table, row: int, column: Column, columns: Sequence[Column], *, of_part: bool = False) -> Wrong:
    name = header(table, column.attribute, columns, of_part=of_part)
    return Wrong(row, name, "", Said(_("something that is not blank")))


def _key(book: Book, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(attribute) for attribute in book.key)


def _other(row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what differs from a row."""
    return {name: value for name, value in values.items() if not _same(getattr(row, name), value)}


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; Excel keeps 15 digits of a number."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=0.0)
    return bool(one == other)


def _set(row: Any, values: Mapping[str, Any]) -> None:
    for attribute, value in values.items():
        setattr(row, attribute, value)
