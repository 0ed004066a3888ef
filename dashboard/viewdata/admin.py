"""What the page of administration shows, as plain data: accounts, rosters, channels, dead letters, the audit trail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dashboard.accounts import people
from dashboard.accounts.refusals import Refused
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.trail import note
from dashboard.alerts.channels.base import Answer
from dashboard.alerts.contacts import Outside, load_outside
from dashboard.alerts.outbox import dead, requeue
from dashboard.alerts.sender import try_once
from dashboard.alerts.telling import trial
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import Attempt, Message
from sensors.durations import DAY_MS
from sensors.errors import UsageError
from sensors.site import Site

#: Most rows of a list.
MOST = 200

#: Columns whose value is nobody's business, and what stands there instead.
SECRET = frozenset({"password_hash"})
HIDDEN = "•••"

#: Longest text of one entry of the trail [characters].
LONGEST = 400

#: Longest wait for a channel that is tried [s].
TRY_S = 15.0


@dataclass(frozen=True, slots=True)
class Person:
    """An account, as it is listed.

    Attributes
    ----------
    account, name, role : str
    department : str or None
    rivers, grids : tuple of str
    contacts : dict of str to str
    oidc_subject : str or None
    state : str
        ``on``, ``off``, ``once`` (a one-time password was given), ``single`` (at the identity provider only),
        ``none`` (no way to sign in), ``closed`` (for a while, after failures).
    closed_ms : int
        Until when it is closed, milliseconds since the epoch, UTC; 0 where it is not.
    """

    account: str
    name: str
    role: str
    department: str | None
    rivers: tuple[str, ...]
    grids: tuple[str, ...]
    contacts: dict[str, str]
    oidc_subject: str | None
    state: str
    closed_ms: int


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel has done lately.

    Attributes
    ----------
    name : str
    known : bool or None
        Whether the channels file has it; None where the file is not known here.
    waiting, sent, dead : int
        Messages that wait, were accepted within a day, were given up.
    last_ms : int or None
        Of the last try, milliseconds since the epoch, UTC.
    last_ok : bool or None
    answer : str
        What was answered then.
    """

    name: str
    known: bool | None
    waiting: int
    sent: int
    dead: int
    last_ms: int | None
    last_ok: bool | None
    answer: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was given up.

    Attributes
    ----------
    id : int
    account, channel, title, severity, answer : str
    attempts : int
    last_ms : int or None
        Milliseconds since the epoch, UTC.
    """

    id: int
    account: str
    channel: str
    title: str
    severity: str
    answer: str
    attempts: int
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the audit trail, as it is shown.

    Attributes
    ----------
    seq, time_ms : int
        Milliseconds since the epoch, UTC.
    actor, action, subject, subject_id, before, after, reason : str
        Values without what is nobody's business.
    """

    seq: int
    time_ms: int
    actor: str
    action: str
    subject: str
    subject_id: str
    before: str
    after: str
    reason: str


def persons(session: Session, now_ms: int) -> list[Person]:
    """All accounts, those that may sign in first."""
    rows = people.accounts(session)
    closed = people.closed_until(session, [row.id for row in rows], AccessSettings())
    found = []
    for row in rows:
        until = closed.get(row.id, 0)
        until = until if until > now_ms else 0
        if row.disabled:
            state = "off"
        elif until:
            state = "closed"
        elif row.password_hash:
            state = "once" if row.must_change else "on"
        else:
            state = "single" if row.oidc_subject else "none"
        found.append(
            Person(row.id, row.name, row.role, row.department, tuple(row.rivers), tuple(row.grids),
                   dict(row.contacts), row.oidc_subject, state, until)
        )  # fmt: skip
    return found


def contacts_of(text: str) -> dict[str, str]:
    r"""Contacts as a person types them: ``CHANNEL = ADDRESS``, a line each.

    Raises
    ------
    UsageError
        If a line is none.

    Examples
    --------
    >>> contacts_of("wecom = 13800000000\nemail=a@b.example")
    {'wecom': '13800000000', 'email': 'a@b.example'}
    """
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        channel, equals, address = line.partition("=")
        if not equals or not channel.strip() or not address.strip():
            raise Refused("contacts", f"contacts, {line.strip()!r:.60}: accepted: CHANNEL = ADDRESS, a line each")
        found[channel.strip()] = address.strip()
    return found


def outside(path: str | None, site: Site) -> Outside | None:
    """The channels file; None where the board does not know it.

    Raises
    ------
    UsageError, ConfigError
        If it cannot be used.
    """
    return load_outside(Path(path), site) if path else None


def channels(session: Session, known: Collection[str] | None, now_ms: int) -> list[ChannelState]:
    """How every channel has done, those of the file and those that messages are addressed to."""
    counts = {
        name: (waiting, sent, given_up)
        for name, waiting, sent, given_up in session.execute(
            select(
                Message.channel,
                func.sum(case((Message.state == "waiting", 1), else_=0)),
                func.sum(case(((Message.state == "sent") & (Message.sent_ms > now_ms - DAY_MS), 1), else_=0)),
                func.sum(case((Message.state == "dead", 1), else_=0)),
            ).group_by(Message.channel)
        )
    }
    newest = select(func.max(Attempt.id)).join(Message, Message.id == Attempt.message_id).group_by(Message.channel)
    tries = {
        channel: attempt
        for attempt, channel in session.execute(
            select(Attempt, Message.channel)
            .join(Message, Message.id == Attempt.message_id)
            .where(Attempt.id.in_(newest))
        )
    }
    found = []
    for name in sorted({*counts, *(known or ())}):
        waiting, sent, given_up = counts.get(name, (0, 0, 0))
        last = tries.get(name)
        found.append(
            ChannelState(name, None if known is None else name in known, int(waiting), int(sent), int(given_up),
                         last.time_ms if last else None, last.ok if last else None, last.answer if last else "")
        )  # fmt: skip
    return found


def try_channel(books: Books, desk: Desk, outside: Outside, actor: str, name: str, address: str, now_ms: int) -> Answer:
    """Send a message that says it is a test, past outbox and limits; what the channel answered. The trail has it.

    Raises
    ------
    UsageError
        If there is no such channel, or no address.
    BooksError
    """
    channel = outside.channels.get(name)
    if channel is None:
        raise UsageError(f"channel {name!r:.60}: accepted: {', '.join(outside.channels) or 'there are none'}")
    if not address.strip():
        raise Refused("address", "an address on the channel is needed; - for nobody, where a group hears it")
    where = f"a test over {name} to {address.strip()[:80]}"
    with books.change(actor, now_ms) as session:
        note(session, now_ms, actor, "test", actor, where)
    answer = asyncio.run(try_once(channel, address.strip(), trial(desk, now_ms), TRY_S))
    with books.change(actor, now_ms) as session:
        note(session, now_ms, actor, "test", actor, f"{where}: {'' if answer.ok else 'not '}delivered")
    return answer


def letters(session: Session) -> list[Letter]:
    """Messages that were given up, the newest first."""
    return [
        Letter(message.id, message.account, message.channel, alert.title, alert.severity,
               last.answer if last else "", message.attempts, last.time_ms if last else None)
        for message, alert, last in dead(session, MOST)
    ]  # fmt: skip


def send_again(books: Books, actor: str, ids: Sequence[int], now_ms: int) -> int:
    """Try messages that were given up once more; how many. The trail has it.

    Raises
    ------
    BooksError
    """
    with books.change(actor, now_ms) as session:
        count = requeue(session, ids, now_ms)
        if count:
            note(session, now_ms, actor, "requeue", actor, f"messages {_listed(ids)}")
        return count


def dismiss(books: Books, actor: str, ids: Sequence[int], now_ms: int) -> int:
    """Take messages that were given up off the list: nobody need be told any more; how many. The trail has it.

    Raises
    ------
    BooksError
    """
    with books.change(actor, now_ms) as session:
        rows = session.scalars(select(Message).where(Message.id.in_(ids), Message.state == "dead").with_for_update())
        count = 0
        for row in rows:
            row.state = "dropped"
            count += 1
        if count:
            note(session, now_ms, actor, "dismiss", actor, f"messages {_listed(ids)}")
        return count


def subjects(session: Session) -> list[str]:
    """Tables that the trail tells of."""
    return sorted(session.scalars(select(AuditEntry.subject).distinct()))


def trail(
    session: Session,
    *,
    since_ms: int = 0,
    actor: str = "",
    subject: str = "",
    text: str = "",
    before: int | None = None,
) -> list[Entry]:
    """Entries of the audit trail, the newest first, `MOST` at a time.

    Parameters
    ----------
    session : Session
    since_ms : int
        Milliseconds since the epoch, UTC.
    actor : str
        Begins so.
    subject : str
        Table.
    text : str
        In the row's id or in the reason.
    before : int, optional
        Number of the entry before which to go on.
    """
    query = select(AuditEntry).where(AuditEntry.time_ms >= since_ms)
    if actor:
        query = query.where(AuditEntry.actor.startswith(actor, autoescape=True))
    if subject:
        query = query.where(AuditEntry.subject == subject)
    if text:
        inside = AuditEntry.subject_id.icontains(text, autoescape=True)
        query = query.where(inside | AuditEntry.reason.icontains(text, autoescape=True))
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    return [
        Entry(one.seq, one.time_ms, one.actor, one.action, one.subject, one.subject_id, _shown(one.before),
              _shown(one.after), one.reason)
        for one in session.scalars(query.order_by(AuditEntry.seq.desc()).limit(MOST))
    ]  # fmt: skip


def _shown(values: dict[str, Any] | None) -> str:
    if not values:
        return ""
    safe = {key: HIDDEN if key in SECRET and value is not None else value for key, value in values.items()}
    text = json.dumps(safe, ensure_ascii=False)[1:-1]
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _listed(ids: Sequence[int]) -> str:
    text = ", ".join(map(str, ids[:50]))
    return text if len(ids) <= 50 else f"{text}, … {len(ids)} in all"
