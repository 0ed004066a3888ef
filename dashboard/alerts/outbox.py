"""The outbox: messages that wait in the books until a channel has taken them, each at least once.

A message is claimed before it is sent: its next try is put off by a lease. Whoever dies in between, the message is due
again when the lease is over. What waits for the same person on the same channel goes as one message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.kinds import rank
from dashboard.alerts.routing import Directory, Recipient
from dashboard.alerts.settings import OutboxSettings
from dashboard.alerts.telling import compose
from dashboard.alerts.tokens import new_token
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import SEVERITIES, Alert, Attempt, Message
from sensors.durations import HOUR_MS


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages that go out as one.

    Attributes
    ----------
    messages : tuple of int
    channel, account, address : str
        The address is empty where the recipient has none on the channel any more.
    told : Told
    """

    messages: tuple[int, ...]
    channel: str
    account: str
    address: str
    told: Told


def enqueue(
    session: Session, directory: Directory, alert: Alert, reason: str, people: Iterable[Recipient], due_ms: int
) -> int:
    """Put messages about an alert into the outbox; how many.

    Parameters
    ----------
    session : Session
        The transaction of what is told.
    directory : Directory
    alert : Alert
    reason : str
        What is told; once for each person and channel.
    people : iterable of Recipient
    due_ms : int
        Not before this, milliseconds since the epoch, UTC.
    """
    least = directory.settings.channels
    places: set[tuple[str, str]] = set()
    for person in people:
        for channel, address in person.contacts.items():
            # Two people who share a group's bot need not read it twice there.
            if rank(alert.severity) < rank(least.get(channel, SEVERITIES[0])) or (channel, address) in places:
                continue
            places.add((channel, address))
            session.add(
                Message(alert_id=alert.id, account=person.id, channel=channel, reason=reason, state="waiting",
                        due_ms=due_ms, attempts=0)
            )  # fmt: skip
    return len(places)


def claim(session: Session, desk: Desk, directory: Directory, channel: str, now_ms: int) -> Claim | None:
    """Take what is due for one person on a channel, the most severe first; None where nothing is.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    desk : Desk
    directory : Directory
    channel : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    settings = directory.settings
    due = (
        select(Message, Alert)
        .join(Message.alert)
        .where(Message.channel == channel, Message.state == "waiting", Message.due_ms <= now_ms)
        .order_by(case({name: -number for number, name in enumerate(SEVERITIES)}, value=Alert.severity), Message.id)
        .with_for_update(of=Message, skip_locked=True)
    )
    first = session.execute(due.limit(1)).first()
    while first is not None and _needless(*first):
        first[0].state = "dropped"
        session.flush()
        first = session.execute(due.limit(1)).first()
    if first is None:
        return None
    account = first[0].account
    rows = [
        (message, alert)
        for message, alert in session.execute(due.where(Message.account == account).limit(settings.outbox.digest))
        if not _needless(message, alert)
    ]
    for message, _ in rows:
        message.attempts += 1
        message.due_ms = now_ms + round(settings.outbox.lease_s * 1000)
    alerts = list({alert.id: alert for _, alert in rows}.values())
    recipient = directory.recipients.get(account)
    link = ""
    if settings.board and any(alert.acknowledged_ms is None and alert.cleared_ms is None for alert in alerts):
        expires_ms = now_ms + round(settings.tell.link_hours * HOUR_MS)
        link = f"{settings.board}/alert/{new_token(session, [alert.id for alert in alerts], account, expires_ms)}"
    told = compose(desk, rows, link)
    address = recipient.contacts.get(channel, "") if recipient else ""
    session.flush()
    return Claim(tuple(message.id for message, _ in rows), channel, account, address, told)


def settle(session: Session, settings: OutboxSettings, claimed: Claim, answer: Answer, now_ms: int) -> None:
    """Write down what became of a try.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    settings : OutboxSettings
    claimed : Claim
    answer : Answer
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    for message in session.scalars(select(Message).where(Message.id.in_(claimed.messages)).with_for_update()):
        session.add(Attempt(message_id=message.id, time_ms=now_ms, ok=answer.ok, answer=answer.text))
        if message.state != "waiting":
            continue  # its lease was over, and another try went well
        if answer.ok:
            message.state, message.sent_ms = "sent", now_ms
        elif answer.wait_s > 0:
            # The channel has no time; that says nothing about the message.
            message.attempts -= 1
            message.due_ms = now_ms + round(answer.wait_s * 1000)
        elif not claimed.address or message.attempts >= settings.attempts:
            message.state = "dead"
        else:
            message.due_ms = now_ms + round(backoff_s(settings, message.attempts) * 1000)
    session.flush()


def backoff_s(settings: OutboxSettings, attempts: int) -> float:
    """Pause after so many failures [s]."""
    return float(min(settings.first_s * 2.0 ** min(attempts - 1, 60), settings.longest_s))


def bury(session: Session, channels: Collection[str], now_ms: int) -> int:
    """Give up messages for channels that there are not (any more); how many."""
    lost = session.scalars(
        select(Message).where(Message.state == "waiting", Message.channel.not_in(list(channels))).with_for_update()
    ).all()
    for message in lost:
        message.state = "dead"
        session.add(Attempt(message_id=message.id, time_ms=now_ms, ok=False, answer="there is no such channel"))
    session.flush()
    return len(lost)


def dead(session: Session, limit: int = 200) -> list[tuple[Message, Alert, Attempt | None]]:
    """Messages that were given up, the newest first, each with its last try."""
    query = select(Message, Alert).join(Message.alert).where(Message.state == "dead")
    rows = session.execute(query.order_by(Message.id.desc()).limit(limit)).all()
    ids = [message.id for message, _ in rows]
    newest = select(func.max(Attempt.id)).where(Attempt.message_id.in_(ids)).group_by(Attempt.message_id)
    last = {try_.message_id: try_ for try_ in session.scalars(select(Attempt).where(Attempt.id.in_(newest)))}
    return [(message, alert, last.get(message.id)) for message, alert in rows]


def requeue(session: Session, ids: Sequence[int] | None, now_ms: int) -> int:
    """Try messages that were given up once more, all of them or some; how many."""
    query = update(Message).where(Message.state == "dead").values(state="waiting", attempts=0, due_ms=now_ms)
    found = select(func.count()).select_from(Message).where(Message.state == "dead")
    if ids is not None:
        query, found = query.where(Message.id.in_(ids)), found.where(Message.id.in_(ids))
    count = session.scalar(found) or 0
    session.execute(query)
    return count


def _needless(message: Message, alert: Alert) -> bool:
    """Whether a message has come to nothing while it waited: somebody took on what it calls for."""
    return message.reason.startswith("escalated") and (
        alert.acknowledged_ms is not None or alert.cleared_ms is not None
    )
