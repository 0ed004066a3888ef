"""What happened at a river or station in a span: events and orders, to be marked on its charts and listed below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from collectors.stores.base import Event, ReadingStore
from dashboard.casework.lifecycle import FINAL_STATES
from dashboard.casework.tables.orders import EventLink, Order
from sensors.durations import DAY_MS

#: Marks of each kind that a chart has room for; the newest stay.
MOST = 40

#: How far back events are looked for, and the first piece of it [days].
LOOK_BACK_DAYS = 366
FIRST_PIECE_DAYS = 31


@dataclass(frozen=True, slots=True)
class Happening:
    """An event or an order that touches a span.

    Attributes
    ----------
    what : {'event', 'order'}
    id : str
    kind : str
        Kind of the event, or state of the order.
    title : str
        Of an order, as its author wrote it; empty for events.
    start_ms : int
    end_ms : int or None
        None while it lasts; milliseconds since the epoch, UTC.
    stations : tuple of str
    order : str or None
        Number of the order that an event belongs to.
    """

    what: Literal["event", "order"]
    id: str
    kind: str
    title: str
    start_ms: int
    end_ms: int | None
    stations: tuple[str, ...] = ()
    order: str | None = None


def events_at(
    store: ReadingStore, stations: Iterable[str], start_ms: int, end_ms: int, most: int = MOST
) -> tuple[Happening, ...]:
    """Events of some stations that touch a span, newest first.

    Years of events are not read for the few that are shown: it goes back piece by piece until there are enough, and
    `LOOK_BACK_DAYS` at the most.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    wanted = set(stations)
    earliest_ms = max(start_ms, end_ms - LOOK_BACK_DAYS * DAY_MS)
    found: dict[str, Event] = {}
    until_ms, piece_ms = end_ms, FIRST_PIECE_DAYS * DAY_MS
    while until_ms > earliest_ms and len(found) < most:
        from_ms = max(earliest_ms, until_ms - piece_ms)
        found |= {event.id: event for event in store.events(from_ms, until_ms) if wanted & set(event.stations)}
        until_ms, piece_ms = from_ms, piece_ms * 2
    newest = sorted(found.values(), key=lambda event: (-event.start_ms, event.id))
    return tuple(_event(event) for event in newest[:most])


def _event(event: Event) -> Happening:
    return Happening("event", event.id, event.kind, "", event.start_ms, event.end_ms, event.stations)


def orders_at(session: Session, river: str, start_ms: int, end_ms: int, most: int = MOST) -> tuple[Happening, ...]:
    """Orders of a river that were open at some time of a span, newest first; drafts that were dismissed left out.

    Parameters
    ----------
    session : Session
    river : str
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC; start inclusive, end exclusive.
    most : int
    """
    open_ = Order.done_ms.is_(None) & Order.state.not_in(FINAL_STATES)
    query = (
        select(Order.number, Order.title, Order.state, Order.created_ms, Order.done_ms, Order.archived_ms)
        .where(
            Order.river == river, Order.created_ms < end_ms, Order.state != "dismissed",
            or_(open_, Order.done_ms >= start_ms, Order.archived_ms >= start_ms),
        )
        .order_by(Order.created_ms.desc(), Order.number.desc())
        .limit(most)
    )  # fmt: skip
    return tuple(
        Happening("order", row.number, row.state, row.title, row.created_ms, row.done_ms or row.archived_ms)
        for row in session.execute(query)
    )


def orders_of_events(session: Session, events: Iterable[str]) -> dict[str, str]:
    """Number of the order that each event belongs to; those without one left out."""
    names = list(events)
    found: dict[str, str] = {}
    for start in range(0, len(names), 500):
        some = EventLink.event.in_(names[start : start + 500])
        rows = session.execute(select(EventLink.event, EventLink.order_number).where(some))
        found.update((row.event, row.order_number) for row in rows)
    return found
