"""What an order is about in the books: its outfall and the leak points behind it, and how far each of them is.

Goals count the books, not orders: an order may be closed, and its outfall still stand where it stood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.access import Viewer
from dashboard.casework import vocabulary
from dashboard.casework.books import BOOKS
from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord
from dashboard.casework.vocabulary import Words
from dashboard.links import Data, Linker
from dashboard.viewdata.books_ledger import Cell, Line, ledger
from dashboard.viewdata.books_rights import editor, sees
from dashboard.viewdata.books_steps import steps_of
from dashboard.viewdata.orders_words import department_names
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: Leak points that are shown.
MOST = 20

#: From where on a thing stands in nobody's way any more, by book.
SETTLED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"outfalls": frozenset({"rectified", "closed"}), "leak_points": frozenset({"rectified", "confirmed"})}
)

_WORDS: Mapping[str, Words] = MappingProxyType(
    {"outfalls": vocabulary.OUTFALL_STAGES, "leak_points": vocabulary.LEAK_STATES}
)


@dataclass(frozen=True, slots=True)
class Thing:
    """An outfall or a leak point.

    Attributes
    ----------
    book : {'outfalls', 'leak_points'}
    id, state : str
    department : str or None
        Who answers for it.
    following : str or None
        The usual next step; None where there is none.
    settled : bool
        Whether goals count it as done.
    mine : bool
        Whether the viewer may take the step.
    """

    book: str
    id: str
    state: str
    department: str | None
    following: str | None
    settled: bool
    mine: bool


def things(session: Session, order: Order, viewer: Viewer, site: Site) -> tuple[Thing, ...]:
    """The outfall of an order and the leak points behind it, as far as the viewer sees them; nothing without one."""
    if not order.outfall:
        return ()
    rows: list[tuple[str, Any]] = []
    outfall = session.get(OutfallRecord, order.outfall)
    if outfall is not None:
        rows.append(("outfalls", outfall))
    leaks = select(LeakPoint).where(LeakPoint.outfall == order.outfall).order_by(LeakPoint.id).limit(MOST)
    rows += [("leak_points", row) for row in session.scalars(leaks)]
    return tuple(_thing(book, row, viewer, site) for book, row in rows if sees(viewer, site, row))


def _thing(book: str, row: Any, viewer: Viewer, site: Site) -> Thing:
    state = row.stage if book == "outfalls" else row.state
    following = next((step.target for step in steps_of(book, row) if not step.back), None)
    return Thing(book, row.id, state, row.department, following, state in SETTLED[book],
                 editor(viewer, site, BOOKS[book])(row))  # fmt: skip


def table(found: Sequence[Thing], site: Site, w: Wording, link: Linker) -> Data:
    """The table: each line opens the row of the books where its step is taken."""
    _ = w._
    kinds = {"outfalls": _("Outfall"), "leak_points": _("Leak point")}
    names = department_names(site, w)
    head = (_("Item"), _("Kind"), _("Where it stands"), _("Next step"), _("Department"))
    lines = [
        Line(
            (
                one.id, kinds[one.book],
                Cell(w.word(_WORDS[one.book], one.state), "good" if one.settled else "bad"),
                NOTHING if one.following is None else w.word(_WORDS[one.book], one.following),
                names.get(one.department or "", NOTHING),
            ),
            "books", {"book": one.book, "record": one.id},
        )
        for one in found
    ]  # fmt: skip
    return ledger(head, lines, w, link, label=_("What it is about in the books"), stack=True)


def open_still(found: Sequence[Thing], order: Order) -> tuple[Thing, ...]:
    """What an order that is done has left standing."""
    return tuple(one for one in found if not one.settled) if order.state in ("done", "archived") else ()
