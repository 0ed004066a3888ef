"""What the alert service measures: the outbox as it stands in the books, and what each channel last said."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from collectors.clock import Now
from dashboard.alerts.channels.base import Answer
from dashboard.casework.database import Books
from dashboard.casework.tables.alerts import MESSAGE_STATES, SEVERITIES, Alert, Message
from deploy.health import Check, Face
from deploy.metrics.text import Samples, seconds
from sensors.errors import BooksError

#: A message that should have gone out so long ago is a backlog [s].
BACKLOG_S = 900.0

#: A round that is older than this hangs [s].
LATE_S = 120.0


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox at one instant.

    Attributes
    ----------
    messages : mapping of (str, str) to int
        By channel and state.
    oldest_due_ms : int or None
        When the oldest that waits should have gone out [ms since the epoch, UTC].
    alerts : mapping of str to int
        Open ones, by severity.
    unacknowledged : int
        Of these.
    """

    messages: Mapping[tuple[str, str], int]
    oldest_due_ms: int | None
    alerts: Mapping[str, int]
    unacknowledged: int


def outbox_of(books: Books) -> Outbox:
    """Read the outbox.

    Raises
    ------
    BooksError
        If the books cannot be reached.
    """
    by_state = select(Message.channel, Message.state, func.count()).group_by(Message.channel, Message.state)
    by_severity = select(Alert.severity, func.count(), func.count(Alert.acknowledged_ms))
    by_severity = by_severity.where(Alert.cleared_ms.is_(None)).group_by(Alert.severity)
    with books.read() as session:
        messages = {(channel, state): count for channel, state, count in session.execute(by_state)}
        oldest_ms = session.scalar(select(func.min(Message.due_ms)).where(Message.state == "waiting"))
        rows = session.execute(by_severity).all()
    alerts = {severity: count for severity, count, _ in rows}
    return Outbox(messages, oldest_ms, alerts, sum(count - acknowledged for _, count, acknowledged in rows))


class AlertFace:
    """Face of the alert service.

    Parameters
    ----------
    books : Books
    channels : sequence of str
        Names of those that there are.
    last : mapping of str to Answer
        What each said last; looked at, not copied.
    now_ms : callable
        [ms since the epoch, UTC]

    Attributes
    ----------
    failures : Counter of str
        Steps of a round that failed and were survived.
    round_ms : int or None
        End of the newest round [ms since the epoch, UTC].
    """

    def __init__(self, books: Books, channels: Sequence[str], last: Mapping[str, Answer], now_ms: Now) -> None:
        self._books, self._channels, self._last, self._now_ms = books, tuple(channels), last, now_ms
        self._outbox: Outbox | None = None
        self._error = ""
        self.failures: Counter[str] = Counter()
        self.round_ms: int | None = None

    @property
    def face(self) -> Face:
        """For `deploy.health.shown`."""
        return Face("alert", self.checks, self.measure, self._refresh)

    async def _refresh(self) -> None:
        try:
            self._outbox, self._error = await asyncio.to_thread(outbox_of, self._books), ""
        except BooksError as error:
            self._outbox, self._error = None, str(error)

    def _overdue_s(self, outbox: Outbox) -> float:
        due_ms = outbox.oldest_due_ms
        return 0.0 if due_ms is None else max(0.0, (self._now_ms() - due_ms) / 1000)

    def checks(self) -> list[Check]:
        """Books, rounds, backlog and channels."""
        if self._outbox is None:
            return [Check("books", False, self._error or "not read yet")]
        overdue_s = self._overdue_s(self._outbox)
        age_s = None if self.round_ms is None else (self._now_ms() - self.round_ms) / 1000
        failing = sorted(name for name, answer in self._last.items() if not answer.ok)
        return [
            Check("books", True, "read"),
            Check("rounds", age_s is not None and age_s < LATE_S,
                  "none yet" if age_s is None else f"the last ended {max(age_s, 0):.0f} s ago"),
            Check("backlog", overdue_s < BACKLOG_S, f"the oldest message is {overdue_s:.0f} s overdue"),
            Check("channels", not failing, f"failing: {', '.join(failing)}" if failing else "none fails"),
        ]  # fmt: skip

    def measure(self, samples: Samples) -> None:
        """Add what is known."""
        for what, count in sorted(self.failures.items()):
            samples.counter("alert_errors_total", "Steps of a round that failed and were survived.", count, what=what)
        samples.gauge("alert_round_timestamp_seconds", "End of the newest round.", seconds(self.round_ms))
        samples.gauge("alert_books_error", "1 where the books cannot be read.", self._outbox is None)
        for name in self._channels:
            answer = self._last.get(name)
            samples.gauge("alert_channel_ok", "1 where its last answer was good; absent before the first.",
                          None if answer is None else answer.ok, channel=name)  # fmt: skip
        if self._outbox is None:
            return
        counts: Counter[str] = Counter()
        for (channel, state), count in sorted(self._outbox.messages.items()):
            samples.gauge("alert_channel_messages", "Messages in the books.", count, channel=channel, state=state)
            counts[state] += count
        outbox, delivered, dead, dropped = (counts[state] for state in MESSAGE_STATES)
        samples.gauge("alert_outbox_messages", "Messages that wait for a channel.", outbox)
        samples.gauge("alert_outbox_overdue_seconds", "How late the oldest of them is.",
                      self._overdue_s(self._outbox))  # fmt: skip
        samples.gauge("alert_delivered_messages", "Messages that a channel has taken.", delivered)
        samples.gauge("alert_dead_letters", "Messages that were given up.", dead)
        samples.gauge("alert_dropped_messages", "Messages that were not needed any more.", dropped)
        for severity in SEVERITIES:
            samples.gauge("alert_open_alerts", "Alerts whose cause lasts.", self._outbox.alerts.get(severity, 0),
                          severity=severity)  # fmt: skip
        samples.gauge("alert_unacknowledged_alerts", "Open ones that nobody has taken on.",
                      self._outbox.unacknowledged)  # fmt: skip
