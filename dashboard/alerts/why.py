"""Why somebody was told of an alert, and somebody else was not: routes, reach, quiet hours, tries, in plain words.

It tells what holds now. A route, a duty or a contact that has been changed since the alert was raised is told as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.alerts.contacts import Outside
from dashboard.alerts.kinds import rank
from dashboard.alerts.quiet import due_ms
from dashboard.alerts.routing import Directory, fits
from dashboard.alerts.sender import Office
from dashboard.casework.calendar import WorkCalendar
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.alerts import Alert, Attempt, Message


def why(session: Session, office: Office, alert: Alert, now_ms: int) -> list[str]:
    """Lines about one alert, in English: who it is for, who of them cannot be reached, what became of each message.

    Parameters
    ----------
    session : Session
        Of `Books.read`.
    office : Office
        With the channels file: what there is no channel for reaches nobody.
    alert : Alert
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
    calendar = office.desk.calendar
    return [
        *_state(alert, office, calendar, now_ms),
        *_routes(directory, alert),
        *_unreached(session, directory, office.outside, alert),
        *_messages(session, alert, calendar, now_ms),
    ]


def _state(alert: Alert, office: Office, calendar: WorkCalendar, now_ms: int) -> Iterator[str]:
    tell = office.settings.tell
    if alert.cleared_ms is not None:
        yield f"over since {calendar.minute(alert.cleared_ms)}: nobody else is told"
    elif alert.acknowledged_ms is not None:
        when = calendar.minute(alert.acknowledged_ms)
        yield f"acknowledged by {alert.acknowledged_by} at {when}: nobody else is called"
    elif alert.escalate_ms is not None:
        yield f"level {alert.level} was told; the next level is called at {calendar.minute(alert.escalate_ms)}"
    elif alert.level > tell.levels:
        yield f"level {alert.level} was told, the last one: nobody else is called"
    waits = due_ms(tell, alert.severity, now_ms, calendar.zone)
    if alert.cleared_ms is None and waits > now_ms:
        yield f"quiet hours: what is raised now as {alert.severity} waits until {calendar.minute(waits)}"


def _routes(directory: Directory, alert: Alert) -> Iterator[str]:
    found = False
    level = max(1, alert.level)
    for number, route in enumerate(directory.settings.routes, 1):
        if not fits(route, alert):
            continue
        found = True
        for target in route.to:
            names = dict.fromkeys(directory.named(target, alert, level))
            there = [name if name in directory.recipients else f"{name} (cannot be reached)" for name in names]
            yield f"route {number}, {'/'.join(route.kinds)} to {target}, level {level}: {', '.join(there) or 'nobody'}"
    if not found:
        yield f"no route fits {alert.kind} of severity {alert.severity}"
    told = [person.id for person in directory.told(alert, level)]
    yield f"so it is for: {', '.join(told) or 'nobody, and nobody of the office can be reached'}"


def _unreached(session: Session, directory: Directory, outside: Outside, alert: Alert) -> Iterator[str]:
    """Whoever would be asked first, and why no message can go there."""
    if not outside.channels:
        yield "there is no channel: is the channels file given?"
    wanted = (Account.department == alert.department) | (Account.role == "office")
    for account in session.scalars(select(Account).where(wanted).order_by(Account.id)):
        if account.disabled:
            yield f"{account.id} is switched off"
        elif account.id not in directory.recipients:
            held = ", ".join(sorted(account.contacts)) or "none"
            yield f"{account.id} has no contact over a channel that there is (has {held})"
    for channel, least in sorted(directory.settings.channels.items()):
        if rank(alert.severity) < rank(least):
            yield f"{channel} is for {least} and worse only: not for this one, which is {alert.severity}"


def _messages(session: Session, alert: Alert, calendar: WorkCalendar, now_ms: int) -> Iterator[str]:
    if not alert.messages:
        yield "no message was written"
    for message in alert.messages:
        last = session.scalars(
            select(Attempt).where(Attempt.message_id == message.id).order_by(Attempt.id.desc()).limit(1)
        ).first()
        yield f"{message.account} over {message.channel}, {message.reason}: {_became(message, last, calendar, now_ms)}"


def _became(message: Message, last: Attempt | None, calendar: WorkCalendar, now_ms: int) -> str:
    answer = f"; last answer: {last.answer}" if last is not None and last.answer else ""
    if message.state == "sent" and message.sent_ms is not None:
        return f"accepted by the channel at {calendar.minute(message.sent_ms)}"
    if message.state == "dead":
        again = f"`riverchief alert dead --requeue {message.id}` tries again"
        return f"given up after {message.attempts} tries{answer}; {again}"
    if message.state == "dropped":
        return "not needed any more when its time came"
    if message.attempts == 0 and last is None:
        if message.due_ms <= now_ms:
            return "due, not tried yet: does `riverchief alert run` run?"
        return f"waits until {calendar.minute(message.due_ms)}"
    return f"{message.attempts} tries, next at {calendar.minute(message.due_ms)}{answer}"
