"""After the closing: whether the water confirms it ("verified by water").

A case is confirmed when its watch is over, no event has come back and the stations have measured for most of the time.
Silence is no proof: where too few hours have readings the watch goes on for what was missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from collectors.stores.base import ReadingStore
from dashboard.casework.cases import WATCHED_STATES
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import SERVICE
from dashboard.casework.orders import apply
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.orders import EventLink, Order
from sensors.determinand import DETERMINANDS
from sensors.durations import HOUR_MS

#: Share of the hours of a span, start inclusive, end exclusive [ms since the epoch, UTC], with readings of every one of
#: the stations, of the determinands that showed the event.
Coverage = Callable[[Sequence[str], Sequence[str], int, int], float]


def coverage_of(store: ReadingStore) -> Coverage:
    """Coverage as the store's hourly means tell it.

    A station counts for an hour if any of the determinands has a usable reading there; the worst station decides.
    """

    def coverage(stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int) -> float:
        first_ms = -(-start_ms // HOUR_MS) * HOUR_MS
        total = (end_ms - first_ms) // HOUR_MS
        if not stations or total <= 0:
            return 0.0
        hours: dict[str, set[int]] = {station: set() for station in stations}
        keys = list(determinands) or list(DETERMINANDS)
        for row in store.summary(list(stations), keys, first_ms, first_ms + total * HOUR_MS, HOUR_MS):
            hours[row.station].add(row.start_ms)
        return min(map(len, hours.values())) / total

    return coverage


def confirm_watched(session: Session, desk: Desk, now_ms: int, coverage: Coverage) -> list[str]:
    """Confirm the cases whose watch is over, or watch on; the numbers of those that were confirmed."""
    take_turn(session)
    _ = desk.words
    least = desk.settings.cases.watch_coverage
    confirmed = []
    for order in session.scalars(_due(now_ms).execution_options(populate_existing=True)).all():
        assert order.done_ms is not None
        assert order.watch_until_ms is not None
        share = coverage(*_watched(session, order), order.done_ms, order.watch_until_ms)
        if share >= least:
            text = _("No event came back; {share:.0%} of the hours have readings", share=share)
            apply(session, desk, order.number, "confirm", SERVICE, now_ms, text=text)
            confirmed.append(order.number)
        else:
            missed_ms = (1 - share) * desk.settings.cases.watch_days * 24 * HOUR_MS
            text = _("Only {share:.0%} of the hours have readings: the watch goes on", share=share)
            until_ms = now_ms + max(HOUR_MS, round(missed_ms))
            apply(session, desk, order.number, "watch", SERVICE, now_ms, text=text, due_ms=until_ms)
    return confirmed


def confirm_in(books: Books, desk: Desk, store: ReadingStore, now_ms: int) -> list[str]:
    """`confirm_watched` in a change of its own, and only where a watch is over.

    Raises
    ------
    BooksError, StoreError
        If the books or the store cannot be had.
    """
    with books.read() as session:
        if session.scalars(_due(now_ms).limit(1)).first() is None:
            return []
    with books.change(SERVICE.account, now_ms, "watch") as session:
        return confirm_watched(session, desk, now_ms, coverage_of(store))


def _due(now_ms: int) -> Select[Order]:
    return (
        select(Order)
        .where(Order.state.in_(WATCHED_STATES), Order.watch_until_ms <= now_ms, Order.confirmed_ms.is_(None))
        .order_by(Order.number)
    )


def _watched(session: Session, order: Order) -> tuple[list[str], list[str]]:
    """Stations of the case, and the determinands that showed its events."""
    stations = order.evidence.get("stations")
    found: set[str] = set()
    for told in session.scalars(select(EventLink.evidence).where(EventLink.order_number == order.number)):
        keys = told.get("determinands")
        found.update(keys if isinstance(keys, list) else [])
    return list(stations) if isinstance(stations, list) else [], sorted(found)
