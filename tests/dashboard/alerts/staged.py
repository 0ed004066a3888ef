"""An office with people, channels that remember, and short ways to look at what became of an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.contacts import Outside
from dashboard.alerts.kinds import Found, Wanted
from dashboard.alerts.routing import Directory
from dashboard.alerts.sender import Office
from dashboard.alerts.settings import AlertSettings, RaiseSettings, TellSettings
from dashboard.alerts.threads import Threads
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.sequences import take_turn
from dashboard.casework.tables.accounts import Account, Duty
from dashboard.casework.tables.alerts import Alert, Message
from sensors.site import Site

#: 2026-11-23 08:00:20 in Shanghai, a Monday.
NOW_MS = 1_795_392_020_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


TAKEN = Answer(True, "taken")


@dataclass
class Recorder:
    """A channel that remembers what it was sent, and answers as it is told."""

    answer: Answer = TAKEN
    per_minute: int = 1000
    sent: list[tuple[str, Told]] = field(default_factory=list)

    async def send(self, address: str, told: Told) -> Answer:
        self.sent.append((address, told))
        return self.answer


def office_of(books: Books, site: Site, settings: AlertSettings | None = None) -> Office:
    with books.change("test", NOW_MS) as session:
        people: list[tuple[str, str, str | None, dict[str, str]]] = [
            ("li", "department", "water", {"chat": "153-li", "mail": "li@a.example"}),
            ("wu", "department", "water", {"chat": "153-wu"}),
            ("zhao", "chief", None, {"chat": "153-zhao"}),
            ("qian", "office", None, {"chat": "153-qian"}),
            ("sun", "department", "maintainer", {"chat": "153-sun"}),
            ("gone", "department", "water", {"chat": "153-gone"}),
            ("mute", "department", "ecology", {}),
        ]
        for name, role, department, contacts in people:
            session.add(
                Account(id=name, name=name, role=role, department=department, contacts=contacts, created_ms=NOW_MS,
                        disabled=name == "gone")
            )  # fmt: skip
        for account, level, days in (("li", 1, 9), ("wu", 2, 9), ("wu", 1, 0)):
            ends_ms = NOW_MS + days * DAY_MS
            session.add(Duty(department="water", account=account, level=level, start_ms=NOW_MS - 1, end_ms=ends_ms))
    channels = {"chat": Recorder(), "mail": Recorder()}
    given = settings or AlertSettings(board="https://board.example", language="en")
    return Office(books, Desk.of(site, language=given.language), given, Outside(channels, {}))


def with_raising(office: Office, **values: Any) -> Office:
    return replace(office, settings=replace(office.settings, raising=RaiseSettings(**values)))


def with_telling(office: Office, **values: Any) -> Office:
    return replace(office, settings=replace(office.settings, tell=TellSettings(**values)))


def wanted(key: str = "class:R01", **values: Any) -> Wanted:
    given = {"kind": "water_class", "severity": "warning", "title": f"title of {key}", "river": "R01",
             "department": "water"}  # fmt: skip
    return Wanted(key, **{**given, **values})


def see(office: Office, now_ms: int, *there: Wanted, kinds: Sequence[str] = ("water_class",)) -> None:
    """One look that finds this and nothing else."""
    with office.books.change("riverchief", now_ms) as session:
        take_turn(session)
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
        Threads(office.desk, directory, now_ms).reconcile(session, [Found(tuple(kinds), there)])


def escalate(office: Office, now_ms: int) -> None:
    with office.books.change("riverchief", now_ms) as session:
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
        Threads(office.desk, directory, now_ms).escalate(session)


def alerts(office: Office) -> list[Alert]:
    with office.books.read() as session:
        return list(session.scalars(select(Alert).order_by(Alert.id)))


def messages(office: Office) -> list[tuple[str, str, str, str]]:
    """Account, channel, reason and state of every message, in order."""
    with office.books.read() as session:
        found = session.scalars(select(Message).order_by(Message.id))
        return [(one.account, one.channel, one.reason, one.state) for one in found]
