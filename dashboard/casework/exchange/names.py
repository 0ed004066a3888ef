"""What references of the books may point to, by id and by name: from the site folder and from the books."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.exchange.book import Book
from dashboard.casework.exchange.kinds import Context, Reference
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import OutfallRecord, Shop
from dashboard.casework.tables.works import Pipe
from dashboard.casework.vocabulary import Words, plain
from sensors.site import Site


def context_of(site: Site, session: Session, book: Book, now_ms: int | None = None) -> Context:
    """What a list of a site is read and written in; with `now_ms`, what happened must have happened by then."""
    wanted = {column.kind.to for column in book.all_columns if isinstance(column.kind, Reference)}
    return Context(ZoneInfo(site.timezone), {kind: _SOURCES[kind](site, session) for kind in wanted}, now_ms)


def names(rows: Iterable[tuple[str, str, str]], also: Mapping[str, str] | None = None) -> Words:
    """Ids with their names in two languages; a name that two of them claim stands for neither, and is not written."""
    kept = list(rows)
    claimed: dict[str, set[str]] = {}
    for row in kept:
        for text in row:
            claimed.setdefault(plain(text), set()).add(row[0])

    def own(name: str, text: str) -> str:
        return text if claimed[plain(text)] == {name} else name

    others = {text: name for text, name in (also or {}).items() if plain(text) not in claimed}
    return Words({name: (own(name, zh), own(name, en)) for name, zh, en in kept}, others)


def _ids(found: Iterable[str]) -> Words:
    return names((name, name, name) for name in found)


def _outfalls(site: Site, session: Session) -> Words:
    rows = session.execute(select(OutfallRecord.id, OutfallRecord.code)).all()
    known = dict.fromkeys([*site.outfalls, *(name for name, _ in rows)])
    return names(((name, name, name) for name in known), {code: name for name, code in rows if code})


_SOURCES: Mapping[str, Callable[[Site, Session], Words]] = {
    "river": lambda site, _: names((it.id, it.name, it.name_en) for it in site.rivers.values()),
    "reach": lambda site, _: _ids(site.reaches),
    "station": lambda site, _: names((it.id, it.name, it.name_en) for it in site.stations.values()),
    "grid": lambda site, _: names((it.id, it.name, it.name) for it in site.grids.values()),
    "department": lambda site, _: names((it.id, it.name, it.name_en) for it in site.departments.values()),
    "outfall": _outfalls,
    "shop": lambda _, session: _ids(session.scalars(select(Shop.id))),
    "pipe": lambda _, session: _ids(session.scalars(select(Pipe.id))),
    "order": lambda _, session: _ids(session.scalars(select(Order.number))),
}
