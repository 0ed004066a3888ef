"""Cases of a demonstration: events that nobody measured, and orders on their way through every state.

They say of themselves that they are illustrative, and lie at places and times that follow from the seed alone. They are
made by the same steps that people take, so that numbers, deadlines and the audit trail are in order.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from collectors.stores.base import Event
from dashboard.casework.cases import open_case, reject
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.files import attach
from dashboard.casework.lifecycle import SERVICE, Actor
from dashboard.casework.notices import issue
from dashboard.casework.order_effects import Assignment, Part
from dashboard.casework.orders import apply, open_order
from dashboard.casework.seed.demo import NOTE
from dashboard.casework.tables.orders import Order
from sensors.durations import HOUR_MS
from sensors.place import Outfall, Station
from sensors.site import Site

#: Accounts of the demonstration that take the steps.
OFFICE = Actor("office", "office")

#: How far each case has come, and how many hours ago its event began.
_STAGES = (
    ("draft", 5), ("draft", 20), ("registered", 30), ("assigned", 52), ("accepted", 120), ("accepted", 250),
    ("redo", 300), ("done", 200), ("archived", 600), ("archived", 900), ("dismissed", 80),
)  # fmt: skip

#: What rose: determinand, what it had been, what it became [unit of the determinand].
_RISES = (("ammonia_nitrogen", 0.9, 3.4), ("permanganate_index", 4.8, 9.6), ("total_phosphorus", 0.14, 0.46))


def demo_events(site: Site, now_ms: int, seed: int) -> list[Event]:
    """Events of the demonstration, for the store: each with the detail that the watch would write.

    Parameters
    ----------
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC; they lie in the five weeks before it.
    seed : int
    """
    return [event for event, _stage in _events(site, now_ms, seed)]


def seed_demo_cases(books: Books, desk: Desk, now_ms: int, seed: int) -> int:
    """Take the events of the demonstration into the books, and their orders as far as they have come.

    Returns
    -------
    int
        How many orders were opened.
    """
    events = list(_events(desk.site, now_ms, seed))
    photo = _photo()
    count = 0
    for event, stage in sorted(events, key=lambda one: one[0].start_ms):
        with books.change(SERVICE.account, event.detected_ms, NOTE) as session:
            order = open_case(session, desk, event, event.detected_ms)
            _advance(session, desk, books, order, stage, event, now_ms, photo)
            count += 1
    with books.change(OFFICE.account, now_ms - 70 * HOUR_MS, NOTE) as session:
        _complaint(session, desk, now_ms)
    return count + 1


def _events(site: Site, now_ms: int, seed: int) -> Iterator[tuple[Event, str]]:
    chance = Random(f"{seed}/cases")
    places = [(outfall, station) for outfall in site.outfalls.values() if (station := _below(site, outfall))]
    by_river: dict[str, tuple[Outfall, Station]] = {}
    for outfall, station in chance.sample(places, len(places)):
        by_river.setdefault(outfall.river, (outfall, station))
    for number, ((outfall, station), (stage, hours)) in enumerate(zip(by_river.values(), _STAGES, strict=False)):
        key, before, after = _RISES[number % len(_RISES)]
        if key not in site.profiles[station.profile].determinands:
            key, before, after = "dissolved_oxygen", 6.2, 2.4
        yield _event(site, outfall, station, (key, before, after), now_ms - hours * HOUR_MS, chance), stage


def _below(site: Site, outfall: Outfall) -> Station | None:
    """A station of the outfall's river that its water passes on the same reach."""
    for station in site.stations_of(outfall.river):
        if station.reach != outfall.reach or station.profile not in site.profiles:
            continue
        forward = site.reaches[station.reach].mean_velocity_m_s >= 0
        if (station.chainage_m > outfall.chainage_m) == forward:
            return station
    return None


def _event(
    site: Site, outfall: Outfall, station: Station, rise: tuple[str, float, float], start_ms: int, chance: Random
) -> Event:
    key, before, after = rise
    first_ms = start_ms + HOUR_MS
    share = round(chance.uniform(0.55, 0.85), 2)
    others = [one for one in site.outfalls_of(outfall.river) if one.id != outfall.id][:3]
    rest = round((0.95 - share) / max(len(others), 1), 3)
    scale = abs(after - before) / chance.uniform(5, 9)
    multiple = round((after - before) / scale, 2)
    detail: dict[str, Any] = {
        "illustrative": True, "probabilities": {"discharge": 0.9, "unknown": 0.06, "fault": 0.04},
        "determinands": [key], "peak": round(abs(multiple) - 1, 2), "episodes": 1, "detections": 8,
        "first": {"station": station.id, "determinand": key, "time_ms": first_ms, "value": after, "baseline": before,
                  "scale": round(scale, 4), "evidence": round(abs(multiple) - 1, 2), "fast": multiple,
                  "slow": multiple, "steadiness": 1.0},
        "rises": {key: multiple}, "increments": {key: round(after - before, 3)}, "against": {"rough": 0.6},
        "neighbours": [], "rain_known": True, "rain_mm": 0.0,
        "arrivals": [{"station": station.id, "onset_ms": start_ms, "evidence": round(abs(multiple) - 1, 2)}],
        "candidates": [{"outfall": outfall.id, "probability": share, "travel_h": 0.5}]
        + [{"outfall": one.id, "probability": rest, "travel_h": None} for one in others],
        "cannot_tell": 0.0, "effective": round(1 / share**2, 2), "silent": [],
    }  # fmt: skip
    end_ms = start_ms + chance.randint(3, 9) * HOUR_MS
    name = f"DEMO-{station.id}-{key}-{start_ms // HOUR_MS}"
    return Event(name, "discharge", start_ms, end_ms, first_ms, end_ms, (station.id,), detail)


def _advance(
    session: Session, desk: Desk, books: Books, order: Order, stage: str, event: Event, now_ms: int, photo: bytes
) -> None:
    """Bring a draft to a state by the steps of its life, some hours apart."""
    if stage == "draft":
        return
    at = event.detected_ms + HOUR_MS
    if stage == "dismissed":
        reject(session, desk, OFFICE, event, at, "visit", f"当时正在清洗探头。{NOTE}")
        return
    apply(session, desk, order.number, "register", OFFICE, at)
    if stage == "registered":
        return
    at += HOUR_MS
    site = desk.site
    named = order.evidence.get("department")
    lead = named if isinstance(named, str) else next(iter(site.departments))
    other = next(name for name in site.departments if name not in (lead, "maintainer"))
    # One of those under way is to be late, so that the board shows what that looks like.
    late = stage == "accepted" and now_ms - event.start_ms > 200 * HOUR_MS
    due_ms = at + 48 * HOUR_MS if late else max(desk.proposed_due("urgent", at), now_ms + 30 * HOUR_MS)
    parts = (Part(lead, "核查排口，查明来源，反馈整改措施。"), Part(other, "配合现场核查。"))
    apply(session, desk, order.number, "assign", OFFICE, at, assignment=Assignment(parts, due_ms, "urgent"))
    if stage == "assigned":
        return
    department, helper = Actor(lead, "department", lead), Actor(other, "department", other)

    def picture(number: int) -> list[int]:
        file = attach(session, books.files, Order.__tablename__, order.number, f"现场{number}.png", photo, lead, at)
        session.flush()
        return [file.id]

    at += 3 * HOUR_MS
    apply(session, desk, order.number, "accept", department, at, text=f"已到现场。{NOTE}", files=picture(1))
    issue(session, desk, order.number, "rectification", OFFICE, at + HOUR_MS, lead)
    apply(session, desk, order.number, "urge", OFFICE, at + 2 * HOUR_MS, text="请尽快反馈进展。")
    if stage == "accepted":
        return
    question = next(step for step in reversed(order.steps) if step.action == "urge")
    apply(session, desk, order.number, "reply", department, at + 3 * HOUR_MS, text="正在封堵混接管。",
          answers=question.id)  # fmt: skip
    apply(session, desk, order.number, "answer", helper, at + 4 * HOUR_MS, text="已配合核查。")
    at += 24 * HOUR_MS
    apply(session, desk, order.number, "close", department, at, text=f"混接已改正，晴天不再出水。{NOTE}",
          files=picture(2))  # fmt: skip
    if stage == "redo":
        apply(session, desk, order.number, "redo", OFFICE, at + 5 * HOUR_MS, text="请补充整改后的照片。",
              due_ms=max(now_ms, at) + 60 * HOUR_MS)  # fmt: skip
    if stage == "archived":
        apply(session, desk, order.number, "confirm", SERVICE, at + 170 * HOUR_MS,
              text=desk.words("No event came back; {share:.0%} of the hours have readings", share=0.97))  # fmt: skip
        apply(session, desk, order.number, "archive", OFFICE, at + 172 * HOUR_MS)


def _complaint(session: Session, desk: Desk, now_ms: int) -> None:
    """An order that people complained about, without any measurement."""
    river = next(iter(desk.site.rivers.values()))
    order = open_order(
        session, desk, OFFICE, now_ms - 70 * HOUR_MS, title="群众反映河面有油污漂浮（示例）", origin="public",
        river=river.id,
        text=f"来电反映桥下有油花。{NOTE}",
    )  # fmt: skip
    parts = (Part(river.department, "现场查看并清理。"),)
    apply(session, desk, order.number, "assign", OFFICE, now_ms - 69 * HOUR_MS,
          assignment=Assignment(parts, now_ms - 10 * HOUR_MS))  # fmt: skip


def _photo() -> bytes:
    """A grey picture that shows nothing: nobody was there."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (640, 420), "#9aa5ad")
    pen = ImageDraw.Draw(image)
    pen.rectangle((20, 20, 619, 399), outline="#dfe4e8", width=6)
    pen.line((20, 20, 619, 399), fill="#dfe4e8", width=4)
    pen.line((20, 399, 619, 20), fill="#dfe4e8", width=4)
    pen.text((250, 195), "ILLUSTRATIVE", fill="#39434b")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
