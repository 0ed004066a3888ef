"""Alerts: threads, the durable outbox, what became of each delivery, links that acknowledge."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Instant, Key, Long, Short

SEVERITIES = ("info", "warning", "serious", "critical")

#: Of a message: waiting for its time or its turn, accepted by the channel, given up, not needed any more.
MESSAGE_STATES = ("waiting", "sent", "dead", "dropped")


class Alert(Base):
    """One thing that somebody must know: one event is one alert, however often it is told."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Names the cause: raised twice is raised once while it is open.
    key: Mapped[Short] = mapped_column(index=True)
    kind: Mapped[Key] = mapped_column(index=True)
    severity: Mapped[Key]
    title: Mapped[Short]
    text: Mapped[Long] = mapped_column(default="")
    river: Mapped[Key | None] = mapped_column(index=True)
    station: Mapped[Key | None] = mapped_column(index=True)
    gateway: Mapped[Key | None]
    grid: Mapped[Key | None]
    #: Who answers for the cause; nobody where it is the maintainer's.
    department: Mapped[Key | None] = mapped_column(index=True)
    order: Mapped[Key | None] = mapped_column("order_number", index=True)
    event: Mapped[Key | None] = mapped_column(index=True)
    detail: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    raised_ms: Mapped[Instant] = mapped_column(index=True)
    updated_ms: Mapped[Instant]
    #: Since when its cause was not found any more, where it has not been cleared yet.
    missing_ms: Mapped[Instant | None]
    cleared_ms: Mapped[Instant | None] = mapped_column(index=True)
    acknowledged_ms: Mapped[Instant | None]
    acknowledged_by: Mapped[Short | None]
    #: How far the cause has gone, as its kind counts it: more of it is told again.
    stage: Mapped[int] = mapped_column(default=0)
    #: How often it was told, and the level of duty that has been told so far.
    round: Mapped[int] = mapped_column(default=0)
    level: Mapped[int] = mapped_column(default=0)
    escalate_ms: Mapped[Instant | None] = mapped_column(index=True)
    messages: Mapped[list[Message]] = relationship(back_populates="alert", order_by="Message.id")


class Message(Base):
    """One message to one recipient over one channel: the outbox."""

    __tablename__ = "message"
    __audited__ = False
    __table_args__ = (
        Index("ix_message_due", "state", "due_ms"),
        UniqueConstraint("alert_id", "account", "channel", "reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    account: Mapped[Key]
    channel: Mapped[Key]
    #: What it says: raised, updated, escalated, cleared, with a number where told again.
    reason: Mapped[Key]
    state: Mapped[Key] = mapped_column(default="waiting")
    due_ms: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_ms: Mapped[Instant | None]
    alert: Mapped[Alert] = relationship(back_populates="messages")


class Attempt(Base):
    """One try to deliver a message, and what the channel answered: the delivery log."""

    __tablename__ = "attempt"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    time_ms: Mapped[Instant]
    ok: Mapped[bool]
    answer: Mapped[Long] = mapped_column(default="")


class Token(Base):
    """A link that acknowledges: single use, expiring, bound to its recipient. Only its hash is kept."""

    __tablename__ = "token"
    __audited__ = False

    hash: Mapped[Key] = mapped_column(primary_key=True)
    #: Alerts of the message that it was sent with.
    alerts: Mapped[list[int]] = mapped_column(JSON)
    account: Mapped[Key]
    expires_ms: Mapped[Instant]
    used_ms: Mapped[Instant | None]
