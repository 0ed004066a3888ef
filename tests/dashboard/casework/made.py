"""Orders at an office, made in few words."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from collectors.stores.base import Event
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import Actor
from dashboard.casework.orders import Assignment, Part, apply, open_order
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.orders import Order, OrderStep

ZONE = ZoneInfo("Asia/Shanghai")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

OFFICE = Actor("wang", "office")
CHIEF = Actor("zhao", "chief")
WATER = Actor("li", "department", "water")
CITY = Actor("sun", "department", "city_management")


def at(text: str) -> int:
    """Instant of a local time such as ``2026-05-11 10:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


#: A Monday morning on which people work, in a week without holidays.
NOW = at("2026-05-11 10:00")


def photo(session: Session, number: str, kind: str = "image/jpeg") -> int:
    """Id of a new photo of an order."""
    row = Attachment(subject="work_order", subject_id=number, name="p.jpg", media_type=kind, size=1, sha256="0" * 64,
                     added_by="li", added_ms=NOW)  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def take(books: Books, desk: Desk, number: str, action: str, actor: Actor, now_ms: int, **more: Any) -> OrderStep:
    """Take a step in a change of its own, with a text, and with a photo where one is needed."""
    with books.change(actor.account, now_ms) as session:
        if action in ("accept", "close"):
            more.setdefault("files", [photo(session, number)])
        return apply(session, desk, number, action, actor, now_ms, **{"text": "text", **more})


def given(*departments: str, due_ms: int = NOW + 14 * DAY_MS, urgency: str = "normal") -> Assignment:
    """Assignment to departments, the lead first."""
    return Assignment(tuple(Part(name, f"see to it, {name}") for name in departments), due_ms, urgency)


def registered(books: Books, desk: Desk, now_ms: int = NOW, **more: Any) -> str:
    """Number of a new order that the office registered."""
    with books.change("wang", now_ms) as session:
        values = {"title": "污水直排", "origin": "public", "river": "R01", **more}
        return open_order(session, desk, OFFICE, now_ms, **values).number


def assigned(books: Books, desk: Desk, *departments: str, now_ms: int = NOW, **more: Any) -> str:
    """Number of a new order that was assigned to departments, ``water`` if none is named."""
    number = registered(books, desk, now_ms, **more)
    take(books, desk, number, "assign", OFFICE, now_ms, assignment=given(*(departments or ("water",))))
    return number


def order_of(books: Books, number: str) -> Order:
    """The order with its parts and steps, to be looked at."""
    from dashboard.casework.order_lists import story

    with books.read() as session:
        found = story(session, number)
        assert found is not None
        return found.order


def event(id_: str, start_ms: int = NOW, *, stations: tuple[str, ...] = ("S01",), **more: Any) -> Event:
    """A discharge that lasted two hours."""
    values = {"kind": "discharge", "end_ms": start_ms + 2 * HOUR_MS, "detected_ms": start_ms + HOUR_MS,
              "updated_ms": start_ms + 2 * HOUR_MS, "detail": {}, **more}  # fmt: skip
    return Event(id=id_, start_ms=start_ms, stations=stations, **values)
