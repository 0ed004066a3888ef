"""Work orders (工单): who must do what by when, every step that was taken, and the notices that went out."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Instant, Key, Long, Short

#: 登记 交办 责任退回 承办 重办 办结 归档; a draft waits for the office to register or dismiss it. See
#: `dashboard.casework.lifecycle`.
ORDER_STATES = ("draft", "registered", "assigned", "returned", "accepted", "redo", "done", "archived", "dismissed")

#: 系统推送, 上级交办, 社会媒体监督, 群众投诉, 巡河记录, 河长任务, and findings of inspections.
ORIGINS = ("event", "superior", "media", "public", "patrol", "chief", "inspection")

#: 一般, 加急, 紧急.
URGENCIES = ("normal", "urgent", "critical")


class Order(Base):
    """A work order."""

    __tablename__ = "work_order"
    __table_args__ = (
        Index("ix_work_order_state_created", "state", "created_ms"),
        Index("ix_work_order_river_created", "river", "created_ms"),
    )

    #: Our own number: given when it is opened, drafts included, and never changed.
    number: Mapped[Key] = mapped_column(primary_key=True)
    #: 督查督办编号: unique, without gaps; given when it is registered.
    code: Mapped[Key | None] = mapped_column(unique=True)
    title: Mapped[Short]
    text: Mapped[Long] = mapped_column(default="")
    origin: Mapped[Key]
    state: Mapped[Key] = mapped_column(index=True)
    urgency: Mapped[Key] = mapped_column(default="normal")
    river: Mapped[Key | None] = mapped_column(index=True)
    reach: Mapped[Key | None]
    grid: Mapped[Key | None]
    outfall: Mapped[Key | None] = mapped_column(index=True)
    #: Event of the analytics that it came from; one open order each.
    event: Mapped[Key | None] = mapped_column(index=True)
    #: Joins repeated events at the same place.
    case_key: Mapped[Short | None] = mapped_column(index=True)
    evidence: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    created_ms: Mapped[Instant] = mapped_column(index=True)
    registered_ms: Mapped[Instant | None]
    assigned_ms: Mapped[Instant | None]
    done_ms: Mapped[Instant | None]
    archived_ms: Mapped[Instant | None]
    #: Until when the departments have done their work, and until when the office has to take the next step.
    due_ms: Mapped[Instant | None] = mapped_column(index=True)
    office_due_ms: Mapped[Instant | None] = mapped_column(index=True)
    #: Until when the water is watched after closing, and whether it confirmed the closing.
    watch_until_ms: Mapped[Instant | None] = mapped_column(index=True)
    confirmed_ms: Mapped[Instant | None]
    reopened: Mapped[int] = mapped_column(default=0)
    #: Step of overdue escalation that was reached: 0 none, 1 reminded, 2 supervised, 3 reported upward.
    escalation: Mapped[int] = mapped_column(default=0)
    parts: Mapped[list[OrderPart]] = relationship(back_populates="order", order_by="OrderPart.id")
    steps: Mapped[list[OrderStep]] = relationship(back_populates="order", order_by="OrderStep.id")


class OrderPart(Base):
    """One department's part of an order: the lead (主办) or a co-handling one (协办)."""

    __tablename__ = "order_part"
    __table_args__ = (UniqueConstraint("order_number", "department"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[Key] = mapped_column(ForeignKey("work_order.number"), index=True)
    department: Mapped[Key] = mapped_column(index=True)
    lead: Mapped[bool]
    requirement: Mapped[Long] = mapped_column(default="")
    due_ms: Mapped[Instant | None]
    #: assigned, answered, returned (given back), redo (to be done again).
    state: Mapped[Key] = mapped_column(default="assigned")
    answer: Mapped[Long] = mapped_column(default="")
    answered_ms: Mapped[Instant | None]
    #: As of the order, for this part alone.
    escalation: Mapped[int] = mapped_column(default=0)
    order: Mapped[Order] = relationship(back_populates="parts")


class OrderStep(Base):
    """One step in the life of an order: a transition or a side action (催办, 反馈), with what was said."""

    __tablename__ = "order_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[Key] = mapped_column(ForeignKey("work_order.number"), index=True)
    time_ms: Mapped[Instant]
    actor: Mapped[Short]
    role: Mapped[Key]
    #: The actor's; in steps of the service, the one that it is about.
    department: Mapped[Key | None]
    action: Mapped[Key]
    from_state: Mapped[Key | None]
    to_state: Mapped[Key | None]
    text: Mapped[Long] = mapped_column(default="")
    #: Ids of attachments (`dashboard.casework.tables.files.Attachment`).
    files: Mapped[list[int]] = mapped_column(JSON, default=list)
    #: Step that this one answers: what was urged (催办) or asked (反馈) must be.
    answers: Mapped[int | None] = mapped_column(ForeignKey("order_step.id"))
    order: Mapped[Order] = relationship(back_populates="steps")


class EventLink(Base):
    """Event of the analytics that belongs to an order: the first opened it, later ones joined it."""

    __tablename__ = "event_link"

    event: Mapped[Key] = mapped_column(primary_key=True)
    order_number: Mapped[Key] = mapped_column(ForeignKey("work_order.number"), index=True)
    joined_ms: Mapped[Instant]
    #: When it began, and how new what is known of it is.
    start_ms: Mapped[Instant]
    updated_ms: Mapped[Instant]
    #: What the water says: see `dashboard.casework.evidence`.
    evidence: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)


class Notice(Base):
    """A notice (督办单 / 整改通知单) that went out, numbered without gaps within its series."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("series", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[Key]
    sequence: Mapped[int]
    number: Mapped[Key] = mapped_column(unique=True)
    kind: Mapped[Key]
    order_number: Mapped[Key] = mapped_column(ForeignKey("work_order.number"), index=True)
    department: Mapped[Key | None]
    issued_ms: Mapped[Instant]
    issued_by: Mapped[Short]
    #: What the template was filled with, so that the same notice can be printed again.
    content: Mapped[dict[str, object]] = mapped_column(JSON)


class Sequence(Base):
    """Last number given out in a series; taken in the transaction that uses it, so that no number is lost."""

    __tablename__ = "sequence"

    name: Mapped[Key] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)
