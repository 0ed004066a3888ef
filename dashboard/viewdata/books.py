"""The books as the board shows them: lists, one row with what belongs to it, what became of it. No Streamlit here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import inspect, or_, select
from sqlalchemy.orm import Session

from dashboard.casework import vocabulary
from dashboard.casework.audit import AuditEntry
from dashboard.casework.books_list import STATE, RowFilter
from dashboard.casework.exchange.book import Book, Column
from dashboard.casework.exchange.kinds import (
    AmountText,
    Cell,
    Choice,
    Context,
    Day,
    DeterminandName,
    Instant,
    Number,
    Reference,
    Text,
    YesNo,
    text_of,
)
from dashboard.casework.exchange.names import names
from dashboard.casework.reasons import reason_word
from dashboard.casework.tables.survey import OUTFALL_STAGES
from dashboard.casework.vocabulary import Words
from dashboard.viewdata.books_ledger import Line
from dashboard.wording import NOTHING, Wording
from sensors.determinand import DETERMINANDS
from sensors.site import Site

#: Columns of each list; the others stand in the row.
LISTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "outfalls": (
            "id", "river", "stage", "kind", "surveyed_on", "flows_in_dry_weather", "rectified_on", "department",
        ),
        "shops": ("id", "name", "trade", "river", "grid", "state", "surveyed_on", "sewer_connected", "grease_trap"),
        "leak_points": ("id", "river", "kind", "state", "found_on", "rectified_on", "shop", "outfall", "department"),
        "pipes": ("id", "road", "kind", "length_m", "state", "inspected_on", "dredged_on", "river", "department"),
        "clearings": ("id", "river", "reach", "from_m", "to_m", "planned_on", "begun_on", "done_on", "volume_m3"),
        "river_works": ("id", "name", "kind", "river", "state", "blocks_flow", "due_on", "removed_on"),
        "structures": ("id", "name", "river", "grid", "state", "area_m2", "found_on", "removed_on"),
        "boats": ("id", "kind", "river", "place", "found_on", "removed_on"),
        "inspections": ("id", "day", "kind", "river", "department", "score", "inspector"),
        "patrols": ("id", "begin_ms", "river", "person", "segment", "length_m"),
        "public_reports": ("id", "received_ms", "channel", "river", "place", "text", "order", "answered_ms"),
        "visits": ("id", "station", "kind", "start_ms", "end_ms", "person"),
        "samples": ("id", "station", "taken_ms", "laboratory", "taken_by"),
        "river_policy": ("position", "river", "list", "text", "department", "due_on", "done_on"),
    }
)  # fmt: skip

#: Entries of the trail that are shown of a row.
TOLD = 30

#: Kinds of reference whose words a person picks from a list; others are typed.
PICKED = frozenset({"river", "reach", "station", "grid", "department"})


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry of the trail about a row.

    Attributes
    ----------
    time_ms : int
    actor, reason : str
    what : str
        In the reader's words: each column, before and after.
    """

    time_ms: int
    actor: str
    reason: str
    what: str


def site_context(site: Site) -> Context:
    """What cells are written in for a page: names of the site; what the books number stands as its number."""
    known = {
        "river": site.rivers.values(), "station": site.stations.values(), "department": site.departments.values(),
    }  # fmt: skip
    words = {kind: names((it.id, it.name, it.name_en) for it in rows) for kind, rows in known.items()}  # type: ignore[attr-defined]
    words["grid"] = names((it.id, it.name, it.name) for it in site.grids.values())
    words["reach"] = names((it, it, it) for it in site.reaches)
    return Context(
        ZoneInfo(site.timezone), {**words, **{kind: Words({}) for kind in ("outfall", "shop", "pipe", "order")}}
    )


def title(book: Book, w: Wording) -> str:
    """Name of a book."""
    return book.zh if w.chinese else book.en


def state_words(book: Book) -> Words | None:
    """Words of what tells the rows of a book apart."""
    name = STATE.get(book.name)
    if name is None:
        return None
    kind = book.column(name).kind
    return kind.words if isinstance(kind, Choice) else None


def shown(cell: Cell, w: Wording) -> str:
    """A cell as a person reads it."""
    if cell is None or cell == "":
        return NOTHING
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, float) and not cell.is_integer():
        return f"{cell:.10g}"
    return text_of(cell)


def cell_text(row: Any, column: Column, context: Context, w: Wording) -> str:
    """Cell of a row as a person reads it."""
    value = getattr(row, column.attribute)
    return NOTHING if value is None else shown(column.kind.write(value, context, w._.code), w)


def key_text(book: Book, row: Any) -> str:
    """What stands in an address for a row."""
    return "~".join(str(getattr(row, attribute)) for attribute in book.key)


def key_of(book: Book, text: str) -> list[Any]:
    """Key of a row that stands in an address; empty where it is none."""
    parts: list[Any] = [text] if len(book.key) == 1 else text.split("~")
    if len(parts) != len(book.key):
        return []
    for place, attribute in enumerate(book.key):
        if isinstance(book.column(attribute).kind, Number):
            if not str(parts[place]).isdecimal():
                return []
            parts[place] = int(parts[place])
    return parts


def lines(
    rows: Iterable[Any], book: Book, context: Context, w: Wording, path: str, query: Mapping[str, str] | None = None
) -> list[Line]:
    """Lines of a list of rows; each opens its row on a page, with what else stands in the address."""
    columns = listed(book)
    found = []
    for row in rows:
        cells = [cell_text(row, column, context, w) for column in columns]
        if book.part is not None:
            cells.append(str(len(getattr(row, book.part.attribute))))
        found.append(Line(cells, path, {**(query or {}), "book": book.name, "record": key_text(book, row)}))
    return found


def listed(book: Book) -> list[Column]:
    """Columns of the list of a book."""
    return [book.column(attribute) for attribute in LISTED[book.name]]


def numbers(book: Book) -> list[int]:
    """Which columns of the list are numbers."""
    own = [index for index, column in enumerate(listed(book)) if isinstance(column.kind, Number)]
    return own + ([len(listed(book))] if book.part is not None else [])


def options(column: Column, site: Site, context: Context, language: str, river: str | None = None) -> list[str] | None:
    """Words that a person may pick from for a column; None where it is typed."""
    kind = column.kind
    if isinstance(kind, Choice):
        return [kind.words.word(key, language) for key in kind.words]
    if isinstance(kind, YesNo):
        return [str(kind.write(value, context, language)) for value in (True, False)]
    if isinstance(kind, DeterminandName):
        return [str(kind.write(key, context, language)) for key in DETERMINANDS]
    if isinstance(kind, Reference) and kind.to in PICKED:
        ids: Sequence[str] = list(context.names[kind.to])
        if kind.to in ("reach", "grid") and river is not None:
            ids = [name for name in ids if _river(site, kind.to, name) == river]
        return [context.names[kind.to].word(name, language) for name in ids]
    return None


def _river(site: Site, kind: str, name: str) -> str:
    return site.reaches[name].river if kind == "reach" else site.grids[name].river


def long_text(column: Column) -> bool:
    """Whether a column holds more than a line."""
    return isinstance(column.kind, Text) and not column.kind.one_line and column.kind.most > 200


def is_day(column: Column) -> bool:
    """Whether a column holds a day."""
    return isinstance(column.kind, Day)


def is_instant(column: Column) -> bool:
    """Whether a column holds a day and a time."""
    return isinstance(column.kind, Instant)


def is_number(column: Column) -> bool:
    """Whether a column holds a number."""
    return isinstance(column.kind, Number)


def as_written(column: Column) -> bool:
    """Whether a column holds what a laboratory wrote."""
    return isinstance(column.kind, AmountText)


def history(
    session: Session, book: Book, row: Any, context: Context, w: Wording, private: frozenset[str] = frozenset()
) -> list[Entered]:
    """What became of a row and of what belongs to it, the last entry first; nothing of private columns."""
    mapper = inspect(type(row))
    key = "/".join(map(str, mapper.primary_key_from_instance(row)))
    own = (AuditEntry.subject == book.model.__tablename__) & (AuditEntry.subject_id == key)
    about = [own]
    if book.part is not None:
        part = inspect(book.part.model)
        keys = ["/".join(map(str, part.primary_key_from_instance(one))) for one in getattr(row, book.part.attribute)]
        about.append((AuditEntry.subject == book.part.model.__tablename__) & AuditEntry.subject_id.in_(keys))
    query = select(AuditEntry).where(or_(*about)).order_by(AuditEntry.seq.desc()).limit(TOLD)
    columns = {c.attribute: c for c in book.all_columns}
    return [
        Entered(
            entry.time_ms, entry.actor, reason_word(entry.reason, w._), _changes(entry, columns, context, w, private)
        )
        for entry in session.scalars(query)
    ]


def _changes(
    entry: AuditEntry, columns: Mapping[str, Column], context: Context, w: Wording, private: frozenset[str]
) -> str:
    _ = w._
    if entry.action == "insert":
        return _("entered")
    told = []
    for attribute, after in (entry.after or {}).items():
        if attribute in private:
            continue
        column = columns.get(attribute)
        name = column.header(_.code) if column is not None else attribute
        before = (entry.before or {}).get(attribute)
        told.append(f"{name}: {_stored(before, column, context, w)} → {_stored(after, column, context, w)}")
    return "; ".join(told)


def _stored(value: Any, column: Column | None, context: Context, w: Wording) -> str:
    """A value of the trail, where days are texts."""
    if value is None or value == "":
        return NOTHING
    if column is None:
        return str(value)
    if isinstance(column.kind, Day):
        return str(value)
    return shown(column.kind.write(value, context, w._.code), w)


def stages(stage: str, language: str) -> list[tuple[str, bool, bool]]:
    """The life of an outfall: word of each stage, whether it was reached, whether it is where the outfall is."""
    at = OUTFALL_STAGES.index(stage)
    words = vocabulary.OUTFALL_STAGES
    return [(words.word(one, language), place <= at, place == at) for place, one in enumerate(OUTFALL_STAGES)]


def filter_of(
    book: Book, query: Mapping[str, str], rivers: frozenset[str] | None, grids: frozenset[str] | None,
    private: frozenset[str],
) -> RowFilter:  # fmt: skip
    """Filter that stands in an address, within somebody's area."""
    names = ("river", "reach", "station", "grid", "department", "state")
    told = {name: query.get(name) or None if _narrows(book, name) else None for name in names}
    return RowFilter(text=query.get("q", "")[:80], rivers=rivers, grids=grids, private=private, **told)


def _narrows(book: Book, name: str) -> bool:
    """Whether a book can be narrowed by something; others' filters may still stand in the address."""
    if name == "state":
        return book.name in STATE
    return hasattr(book.model, name) or (name == "river" and hasattr(book.model, "station"))


def today(site: Site, now_ms: int) -> date:
    """The site's calendar day."""
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(site.timezone)).date()
