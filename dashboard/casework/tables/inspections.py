"""Who looked and what they saw: inspections (巡查检查) with findings, patrols (巡河), public reports (群众举报)."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Day, Instant, Key, Long, Short

#: Own check, monthly check, third party, random check.
INSPECTION_KINDS = ("self", "monthly", "third_party", "random")


class Inspection(Base):
    """One inspection of one river, with its score."""

    __tablename__ = "inspection"

    id: Mapped[Key] = mapped_column(primary_key=True)
    kind: Mapped[Key] = mapped_column(index=True)
    river: Mapped[Key] = mapped_column(index=True)
    grid: Mapped[Key | None]
    department: Mapped[Key | None]
    day: Mapped[Day] = mapped_column(index=True)
    inspector: Mapped[Short] = mapped_column(default="")
    #: Points out of 100.
    score: Mapped[float | None]
    note: Mapped[Long] = mapped_column(default="")
    findings: Mapped[list[Finding]] = relationship(back_populates="inspection", order_by="Finding.id")


class Finding(Base):
    """Something that an inspection found wrong."""

    __tablename__ = "finding"

    id: Mapped[Key] = mapped_column(primary_key=True)
    inspection_id: Mapped[Key] = mapped_column(ForeignKey("inspection.id"), index=True)
    type: Mapped[Short]
    text: Mapped[Long] = mapped_column(default="")
    place: Mapped[Short] = mapped_column(default="")
    points: Mapped[float] = mapped_column(default=0.0)
    department: Mapped[Key | None]
    order: Mapped[Key | None] = mapped_column("order_number", index=True)
    inspection: Mapped[Inspection] = relationship(back_populates="findings")


class Patrol(Base):
    """One walk along a river by a chief or a grid officer."""

    __tablename__ = "patrol"

    id: Mapped[Key] = mapped_column(primary_key=True)
    river: Mapped[Key] = mapped_column(index=True)
    segment: Mapped[Short] = mapped_column(default="")
    person: Mapped[Short]
    begin_ms: Mapped[Instant] = mapped_column(index=True)
    end_ms: Mapped[Instant | None]
    length_m: Mapped[float | None]
    #: Track as [longitude, latitude] pairs.
    path: Mapped[list[list[float]] | None] = mapped_column(JSON)
    note: Mapped[Long] = mapped_column(default="")
    records: Mapped[list[PatrolRecord]] = relationship(back_populates="patrol", order_by="PatrolRecord.position")


class PatrolRecord(Base):
    """Something that a patrol saw; its type is one of `dashboard.casework.vocabulary.PATROL_TYPES`."""

    __tablename__ = "patrol_record"
    __table_args__ = (UniqueConstraint("patrol_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patrol_id: Mapped[Key] = mapped_column(ForeignKey("patrol.id"), index=True)
    #: Counts the records of a patrol, from 1.
    position: Mapped[int]
    type: Mapped[Short]
    text: Mapped[Long] = mapped_column(default="")
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    address: Mapped[Short] = mapped_column(default="")
    outfall: Mapped[Key | None]
    order: Mapped[Key | None] = mapped_column("order_number", index=True)
    patrol: Mapped[Patrol] = relationship(back_populates="records")


class PublicReport(Base):
    """What somebody told the office, as the office entered it."""

    __tablename__ = "public_report"

    id: Mapped[Key] = mapped_column(primary_key=True)
    received_ms: Mapped[Instant] = mapped_column(index=True)
    channel: Mapped[Short] = mapped_column(default="")
    river: Mapped[Key | None] = mapped_column(index=True)
    place: Mapped[Short] = mapped_column(default="")
    text: Mapped[Long]
    contact: Mapped[Short] = mapped_column(default="")
    order: Mapped[Key | None] = mapped_column("order_number", index=True)
    answered_ms: Mapped[Instant | None]
    answer: Mapped[Long] = mapped_column(default="")
