"""From a measured event to a case, exactly once: a draft order is opened, or the event joins the case that it is of.

After a case was reported done the water is watched: an event at the same place reopens it (see also
`dashboard.casework.verification`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from collectors.stores.base import Event, ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.evidence import Evidence, gather, read_event
from dashboard.casework.explained import described, kind_word
from dashboard.casework.lifecycle import OPEN_STATES, SERVICE, Actor, StepRefusedError, check_rule
from dashboard.casework.marked import _
from dashboard.casework.order_effects import note
from dashboard.casework.orders import apply, find_order, open_order
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.orders import EventLink, Order
from dashboard.wording import Wording
from sensors.durations import DAY_MS, HOUR_MS
from sensors.errors import StoreError

#: States in which the water is watched.
WATCHED_STATES = ("done", "archived")

#: What an event was that the office rejects.
VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "fault": _("Probe fault or fouling"), "visit": _("Work at the station"), "rain": _("Rain runoff"),
        "operation": _("Known gate or pump operation"), "natural": _("Natural change"), "other": _("Something else"),
    }
)  # fmt: skip

#: What stands in the step of an event that joins a case.
EVENT_JOINED = _("Event {event}, {kind}")

#: How far back events are taken up that no order knows [d].
LOOK_BACK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case is.

    Attributes
    ----------
    river : str or None
    outfall : str or None
        The one that is likely enough to be named.
    stations : tuple of str
    department : str or None
        Who answers there; proposed to the office.
    """

    river: str | None
    outfall: str | None
    stations: tuple[str, ...]
    department: str | None

    @property
    def key(self) -> str | None:
        """Case key: the outfall, or the river and the station that saw it first."""
        if self.outfall is not None:
            return f"outfall:{self.outfall}"
        return f"station:{self.river}/{self.stations[0]}" if self.stations else None


def place_of(desk: Desk, told: Evidence) -> Place:
    """Where an event is, as far as it can be said."""
    site = desk.site
    stations = tuple(station for station in told["stations"] if station in site.stations)
    river = site.stations[stations[0]].river if stations else None
    outfall, department = None, None
    first = told["candidates"][0] if told["candidates"] else None
    if first is not None and first["probability"] >= desk.settings.cases.join_probability:
        outfall = first["outfall"]
        river, department = site.outfalls[outfall].river, site.outfalls[outfall].department
    if department is None and river is not None:
        department = site.rivers[river].department
    return Place(river, outfall, stations, department)


def open_case(session: Session, desk: Desk, event: Event, now_ms: int, evidence: Evidence | None = None) -> Order:
    """The order of an event: the one that has it, the open or watched case at its place, or a new draft.

    May be called again and again, by any number of processes: an event has one order.

    Parameters
    ----------
    session : Session
        Of `Books.change`; when it is committed, the order is there.
    desk : Desk
    event : Event
    now_ms : int
        Milliseconds since the epoch, UTC.
    evidence : Evidence, optional
        From `dashboard.casework.evidence.gather`; without it, only what the event itself says.
    """
    take_turn(session)
    told = evidence or read_event(event, desk.site)
    link = session.get(EventLink, event.id, populate_existing=True)
    if link is not None:
        order = find_order(session, link.order_number)
        if event.updated_ms > link.updated_ms:
            link.updated_ms, link.evidence = event.updated_ms, dict(told)
            _reopen_if_back(session, desk, order, event, now_ms)
    else:
        place = place_of(desk, told)
        joined = _case_at(session, desk, place, event)
        order = joined or _draft(session, desk, place, told, event, now_ms)
        session.add(
            EventLink(event=event.id, order_number=order.number, joined_ms=now_ms, start_ms=event.start_ms,
                      updated_ms=event.updated_ms, evidence=dict(told))
        )  # fmt: skip
        if joined is not None:
            text = desk.words(EVENT_JOINED, event=event.id, kind=kind_word(desk.words, event.kind))
            apply(session, desk, order.number, "join", SERVICE, now_ms, text=text)
            _reopen_if_back(session, desk, order, event, now_ms)
    session.flush()
    return order


def accept(session: Session, desk: Desk, actor: Actor, event: Event, now_ms: int,
           evidence: Evidence | None = None) -> Order:  # fmt: skip
    """The office takes an event for what it is: its order is registered, and opened first where there is none.

    An order that is further on already stays as it is.

    Raises
    ------
    StepRefusedError
        If the actor may not, or the event was rejected before.
    """
    order = _taken_up(session, desk, actor, "register", event, now_ms, evidence)
    if order.state == "dismissed":
        raise StepRefusedError(
            _("{action} is not possible while the order is {state}"), action="register", state=order.state
        )
    if order.state == "draft":
        apply(session, desk, order.number, "register", actor, now_ms)
    return order


def reject(session: Session, desk: Desk, actor: Actor, event: Event, now_ms: int, verdict: str, text: str,
           evidence: Evidence | None = None) -> Order:  # fmt: skip
    """The office says that an event is none: its draft is dismissed, and the event is not raised again.

    Parameters
    ----------
    session : Session
    desk : Desk
    actor : Actor
    event : Event
    now_ms : int
        Milliseconds since the epoch, UTC.
    verdict : str
        What it was instead: a key of `VERDICTS`. Kept with the order, for later events at the place.
    text : str
        Why, in the actor's words.
    evidence : Evidence, optional

    Raises
    ------
    StepRefusedError
        If the actor may not, there is no such verdict, or the order is no draft any more.
    """
    if verdict not in VERDICTS:
        raise StepRefusedError(_("there is no verdict {verdict}"), verdict=verdict)
    order = _taken_up(session, desk, actor, "dismiss", event, now_ms, evidence)
    apply(session, desk, order.number, "dismiss", actor, now_ms, text=text)
    order.evidence = {**order.evidence, "verdict": verdict}
    session.flush()
    return order


def merge(session: Session, desk: Desk, actor: Actor, number: str, into: str, now_ms: int) -> Order:
    """Make two cases one: the events of a draft go to another order, and the draft is dismissed.

    Parameters
    ----------
    session : Session
    desk : Desk
    actor : Actor
    number : str
        Of the draft.
    into : str
        Of the order that goes on: open, or done and not yet archived.
    now_ms : int
        Milliseconds since the epoch, UTC.

    Raises
    ------
    StepRefusedError
        If the actor may not, the first is no draft, or the second is settled.
    """
    take_turn(session)
    words, draft, order = desk.words, find_order(session, number), find_order(session, into)
    check_rule("dismiss", draft.state, actor)
    if draft.number == order.number:
        raise StepRefusedError(_("an order cannot be merged with itself"))
    if order.state not in (*OPEN_STATES, "done"):
        raise StepRefusedError(
            _("{action} is not possible while the order is {state}"), action="join", state=order.state
        )
    links = select(EventLink).where(EventLink.order_number == draft.number)
    for link in session.scalars(links.order_by(EventLink.start_ms, EventLink.event)).all():
        link.order_number = order.number
        text = words(EVENT_JOINED, event=link.event, kind=kind_word(words, str(link.evidence.get("kind", ""))))
        note(order, actor, now_ms, "join", order.state, order.state, text)
    stations = dict.fromkeys([*_stations(order), *_stations(draft)])
    order.evidence = {**order.evidence, "stations": list(stations)}
    order.event = order.event or draft.event
    text = words(_("Merged into order {number}"), number=order.number)
    apply(session, desk, draft.number, "dismiss", actor, now_ms, text=text)
    draft.evidence = {**draft.evidence, "merged": order.number}
    session.flush()
    return order


def _taken_up(session: Session, desk: Desk, actor: Actor, action: str, event: Event, now_ms: int,
              evidence: Evidence | None) -> Order:  # fmt: skip
    check_rule(action, "draft", actor)
    return open_case(session, desk, event, now_ms, evidence)


def _stations(order: Order) -> list[str]:
    stations = order.evidence.get("stations", [])
    return [str(name) for name in stations] if isinstance(stations, list) else []


def take_events(books: Books, desk: Desk, store: ReadingStore, now_ms: int) -> list[str]:
    """Take up every event that is new or has changed; the numbers of their orders.

    Each event is a transaction of its own, so that a crash loses nothing and doubles nothing, and one that fails keeps
    no other waiting.

    Raises
    ------
    BooksError, StoreError
        Of the first event that failed, after the others.
    """
    events = store.events(now_ms - LOOK_BACK_DAYS * DAY_MS, now_ms + 1)
    numbers: list[str] = []
    failed: list[StoreError] = []
    for event in _news(books, desk, events):
        try:
            told = gather(store, desk.site, event, now_ms)
            with books.change(SERVICE.account, now_ms, f"event {event.id}") as session:
                numbers.append(open_case(session, desk, event, now_ms, told).number)
        except StoreError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return numbers


def _news(books: Books, desk: Desk, events: Iterable[Event]) -> list[Event]:
    """Events that open a case and are not linked, and linked ones that have changed since."""
    rows = list(events)
    with books.read() as session:
        known: dict[str, int] = {}
        for start in range(0, len(rows), 500):
            ids = [event.id for event in rows[start : start + 500]]
            found = session.execute(select(EventLink.event, EventLink.updated_ms).where(EventLink.event.in_(ids)))
            known.update((event, updated_ms) for event, updated_ms in found)
    kinds = desk.settings.cases.event_kinds
    return [
        event for event in rows if (event.updated_ms > known[event.id] if event.id in known else event.kind in kinds)
    ]


def _case_at(session: Session, desk: Desk, place: Place, event: Event) -> Order | None:
    """The case at a place that is open or watched and whose last event is near in time; the newest of several."""
    if place.river is None:
        return None
    alive = or_(
        Order.state.in_(OPEN_STATES),
        Order.state.in_(WATCHED_STATES) & (Order.watch_until_ms >= event.start_ms) & Order.confirmed_ms.is_(None),
    )
    query = (
        select(Order)
        .where(Order.river == place.river, Order.event.is_not(None), alive)
        .order_by(Order.created_ms.desc())
    )
    for order in session.scalars(query):
        if _same_place(order, place) and _near(session, desk, order, event):
            return order
    return None


def _same_place(order: Order, place: Place) -> bool:
    """Two named outfalls are the same or not; where one is not named, a station in common decides."""
    if order.outfall is not None and place.outfall is not None:
        return order.outfall == place.outfall
    return order.river == place.river and bool(set(_stations(order)) & set(place.stations))


def _near(session: Session, desk: Desk, order: Order, event: Event) -> bool:
    if order.state in WATCHED_STATES:
        # It is watched: the time of the watch is what counts.
        return True
    reach_ms = round(desk.settings.cases.join_days * DAY_MS)
    query = select(EventLink.event).where(
        EventLink.order_number == order.number,
        EventLink.start_ms.between(event.start_ms - reach_ms, event.start_ms + reach_ms),
    )
    return session.scalars(query.limit(1)).first() is not None


def _draft(session: Session, desk: Desk, place: Place, told: Evidence, event: Event, now_ms: int) -> Order:
    return open_order(
        session,
        desk,
        SERVICE,
        now_ms,
        title=_illustrative(desk, told, _title(desk, place, event)),
        text=described(told, desk.site, desk.words),
        origin="event",
        state="draft",
        river=place.river,
        outfall=place.outfall,
        event=event.id,
        case_key=place.key,
        evidence={"stations": list(place.stations), "department": place.department},
    )


def _illustrative(desk: Desk, told: Evidence, title: str) -> str:
    """Nobody is to take a case of a demonstration for one that was measured."""
    return desk.words(_("{title} (illustrative)"), title=title) if told.get("illustrative") else title


def _title(desk: Desk, place: Place, event: Event) -> str:
    words, site = desk.words, desk.site
    kind = kind_word(words, event.kind)
    if place.river is None:
        return words(_("{kind}, place unknown"), kind=kind)
    w = Wording.of(site, words)
    river = w.place(site.rivers[place.river])
    if place.outfall is not None:
        told = _("{kind} in {river}, probably outfall {outfall}")
        return words(told, kind=kind, river=river, outfall=place.outfall)
    station = w.place(site.stations[place.stations[0]])
    return words(_("{kind} in {river}, seen at {station}"), kind=kind, river=river, station=station)


def _reopen_if_back(session: Session, desk: Desk, order: Order, event: Event, now_ms: int) -> None:
    """Reopen a watched case when the pattern is back: an event that began later, or goes on for too long."""
    if order.state not in WATCHED_STATES or order.done_ms is None or order.watch_until_ms is None:
        return
    if order.confirmed_ms is not None:
        return
    last_ms = event.end_ms or event.updated_ms
    grace_ms = round(desk.settings.cases.watch_grace_hours * HOUR_MS)
    if event.kind not in desk.settings.cases.event_kinds:
        return
    if event.start_ms > order.done_ms or last_ms > order.done_ms + grace_ms:
        text = desk.words(_("The water shows it again: event {event}"), event=event.id)
        apply(session, desk, order.number, "reopen", SERVICE, now_ms, text=text)
