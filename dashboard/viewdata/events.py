"""The events page as data: what the water showed, what became of it, and what may be done about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.stores.base import Event, ReadingStore
from dashboard.access import Viewer
from dashboard.casework.cases import VERDICTS, Place, place_of
from dashboard.casework.desk import Desk
from dashboard.casework.evidence import CANNOT_TELL, Evidence, read_event
from dashboard.casework.explained import kind_word
from dashboard.casework.lifecycle import OPEN_STATES
from dashboard.casework.tables.orders import EventLink, Order
from dashboard.i18n import Translator
from dashboard.links import Linker, event_link, order_link
from dashboard.viewdata.orders_words import minute, state_word
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: What became of an event, in the order in which it matters: nobody looked, waits for the office, is worked on,
#: reported done, verified by water, rejected.
STANDINGS = ("new", "waiting", "open", "done", "verified", "rejected")

#: Events that the list shows at most.
MOST = 200

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """An event with what became of it.

    Attributes
    ----------
    event : Event
    told : Evidence
    place : Place
    order : Order or None
        Of the case that it belongs to; without parts and steps.
    """

    event: Event
    told: Evidence
    place: Place
    order: Order | None

    @property
    def standing(self) -> str:
        """One of `STANDINGS`."""
        order = self.order
        if order is None:
            return "new"
        if order.state == "draft":
            return "waiting"
        if order.state == "dismissed":
            return "rejected"
        if order.state in OPEN_STATES:
            return "open"
        return "verified" if order.confirmed_ms is not None else "done"

    @property
    def weight(self) -> float:
        """How bad it is: evidence at its peak times the probability that it is what it is called."""
        share = self.told.get("probabilities", {}).get(self.event.kind, 1.0)
        return share * max(self.told.get("peak", 1.0), 0.0)


def seen(
    store: ReadingStore, session: Session | None, desk: Desk, start_ms: int, end_ms: int, viewer: Viewer
) -> list[Seen]:
    """Events of a span in the viewer's area, newest first.

    Parameters
    ----------
    store : ReadingStore
    session : Session or None
        Of the books; None where the board has none.
    desk : Desk
    start_ms, end_ms : int
        Milliseconds since the epoch, UTC.
    viewer : Viewer

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    events = store.events(start_ms, end_ms)
    orders = orders_of(session, [event.id for event in events]) if session is not None else {}
    found = [_seen(event, desk, orders.get(event.id)) for event in events]
    mine = [one for one in found if viewer.sees_river(one.place.river)]
    return sorted(mine, key=lambda one: (-one.event.start_ms, one.event.id))


def one_event(store: ReadingStore, session: Session | None, desk: Desk, event_id: str, near_ms: int) -> Seen | None:
    """One event; looked for in the year before, and a day after, an instant [ms since the epoch, UTC]."""
    year_ms = 366 * 86_400_000
    for event in store.events(near_ms - year_ms, near_ms + 86_400_000):
        if event.id == event_id:
            orders = orders_of(session, [event.id]) if session is not None else {}
            return _seen(event, desk, orders.get(event.id))
    return None


def _seen(event: Event, desk: Desk, order: Order | None) -> Seen:
    told = read_event(event, desk.site)
    return Seen(event, told, place_of(desk, told), order)


def orders_of(session: Session, events: Sequence[str]) -> dict[str, Order]:
    """Order of each event that has one."""
    found: dict[str, Order] = {}
    for start in range(0, len(events), 500):
        query = select(EventLink.event, Order).join(Order, Order.number == EventLink.order_number)
        rows = session.execute(query.where(EventLink.event.in_(events[start : start + 500])))
        found.update(dict(rows.all()))
    return found


def chosen(
    all_: Iterable[Seen], *, river: str | None, kinds: Collection[str], standings: Collection[str], worst_first: bool
) -> list[Seen]:
    """Those that a reader asks for; empty collections do not matter."""
    rows = [
        one
        for one in all_
        if (river is None or one.place.river == river)
        and (not kinds or one.event.kind in kinds)
        and (not standings or one.standing in standings)
    ]
    return sorted(rows, key=lambda one: -one.weight) if worst_first else rows


def standing_word(_: Translator, standing: str) -> str:
    """What became of an event, for people."""
    words = {
        "new": _("New"), "waiting": _("To be judged"), "open": _("Being handled"), "done": _("Reported done"),
        "verified": _("Verified by water"), "rejected": _("Rejected"),
    }  # fmt: skip
    return words[standing]


def event_list(rows: Sequence[Seen], site: Site, now_ms: int, w: Wording, link: Linker) -> Data:
    """Lines of the list."""
    _ = w._
    return {
        "lang": _.code, "title": _("Events"), "rows": [_line(one, site, now_ms, w, link) for one in rows[:MOST]],
        "more": _.plural("{count} more: choose a shorter span", "{count} more: choose a shorter span",
                         len(rows) - MOST) if len(rows) > MOST else "",
    }  # fmt: skip


def _line(one: Seen, site: Site, now_ms: int, w: Wording, link: Linker) -> Data:
    _, event, told = w._, one.event, one.told
    river = site.rivers.get(one.place.river or "")
    return {
        "kind": event.kind, "standing": one.standing, "state": standing_word(_, one.standing),
        "link": link(event_link(heading(one, site, w), event.id)),
        "where": w.join([w.place(site.stations[name]) for name in one.place.stations]) or NOTHING,
        "river": w.place(river) if river is not None else "",
        "when": span(event, now_ms, w),
        "what": shown(told, w),
        "source": source(told, w),
        "order": link(order_link(one.order.code or one.order.number, one.order.number)) if one.order else None,
        "order_state": state_word(_, one.order.state) if one.order else "",
        "illustrative": _("illustrative") if told.get("illustrative") else "",
    }  # fmt: skip


def heading(one: Seen, site: Site, w: Wording) -> str:
    """What an event is called: its kind and its river."""
    _ = w._
    river = site.rivers.get(one.place.river or "")
    where = w.place(river) if river is not None else _("place unknown")
    return _("{kind}: {river}", kind=kind_word(_, one.event.kind), river=where)


def span(event: Event, now_ms: int, w: Wording) -> str:
    """From when to when."""
    _ = w._
    begun = minute(event.start_ms, w)
    if event.end_ms is None or event.end_ms > now_ms:
        return _("since {time}", time=begun)
    return _("{begin} to {end}", begin=begun, end=minute(event.end_ms, w))


def shown(told: Evidence, w: Wording) -> str:
    """What stands out, in a few words: Ammonia nitrogen 0.8 → 3.2 mg/L (6.1 times its usual variation)."""
    _, first = w._, told.get("first")
    if first is None:
        return w.names(told.get("determinands", []))
    key = first["determinand"]
    text = f"{w.determinand(key)} {w.number(key, first['baseline'])} → {w.number(key, first['value'])} {w.unit(key)}"
    rise = told.get("rises", {}).get(key)
    if rise is None:
        return text.rstrip()
    return _("{text} ({times} times its usual variation)", text=text.rstrip(), times=f"{abs(rise):.1f}")


def source(told: Evidence, w: Wording) -> str:
    """Where it comes from, in a few words."""
    _ = w._
    if told.get("cannot_tell", 0.0) >= CANNOT_TELL:
        return _("the outfall cannot be told")
    if not told["candidates"]:
        return ""
    best = told["candidates"][0]
    return _("{outfall} ({share})", outfall=best["outfall"], share=percent(best["probability"]))


def percent(share: float) -> str:
    """A probability for people: 80 %, < 1 %."""
    return "< 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def kinds_told(told: Evidence, w: Wording) -> list[tuple[str, str]]:
    """Kinds with their probabilities, the most probable first."""
    shares = sorted(told.get("probabilities", {}).items(), key=lambda item: -item[1])
    return [(kind_word(w._, kind), percent(share)) for kind, share in shares if share >= 0.01]


def verdict_word(_: Translator, order: Order) -> str:
    """Why an event was rejected; empty where nothing is known."""
    merged = order.evidence.get("merged")
    if isinstance(merged, str):
        return _("Merged into order {number}", number=merged)
    verdict = order.evidence.get("verdict")
    return _(VERDICTS[verdict]) if isinstance(verdict, str) and verdict in VERDICTS else ""


def mergeable(session: Session, one: Seen) -> list[Order]:
    """Orders that a draft's event could join: open or done, of the same river, newest first."""
    if one.order is None:
        return []
    query = (
        select(Order)
        .where(
            Order.river == one.order.river, Order.number != one.order.number,
            Order.state.in_((*OPEN_STATES, "done")),
        )
        .order_by(Order.created_ms.desc(), Order.number.desc())
        .limit(20)
    )  # fmt: skip
    return list(session.scalars(query))
