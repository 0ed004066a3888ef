"""Care of the stations and what laboratories say: visits, calibrations, samples, reviews of suspect readings."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Day, Instant, Key, Long, Short

VISIT_KINDS = ("maintenance", "calibration", "repair", "replacement")

#: What a person decided on suspect readings.
DECISIONS = ("accepted", "rejected")


class StationVisit(Base):
    """One visit of a station; quality control reads it, and the station counts as in maintenance meanwhile."""

    __tablename__ = "station_visit"

    id: Mapped[Key] = mapped_column(primary_key=True)
    station: Mapped[Key] = mapped_column(index=True)
    kind: Mapped[Key] = mapped_column(default="maintenance")
    start_ms: Mapped[Instant] = mapped_column(index=True)
    end_ms: Mapped[Instant | None]
    person: Mapped[Short] = mapped_column(default="")
    note: Mapped[Long] = mapped_column(default="")
    calibrations: Mapped[list[Calibration]] = relationship(back_populates="visit", order_by="Calibration.id")


class Calibration(Base):
    """A check of one head against a standard, before and after it was set."""

    __tablename__ = "calibration"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[Key] = mapped_column(ForeignKey("station_visit.id"), index=True)
    determinand: Mapped[Key]
    standard: Mapped[float]
    before: Mapped[float | None]
    after: Mapped[float | None]
    tolerance: Mapped[float | None]
    passed: Mapped[bool | None]
    next_due_on: Mapped[Day | None] = mapped_column(index=True)
    visit: Mapped[StationVisit] = relationship(back_populates="calibrations")


class Sample(Base):
    """A sample that was taken by hand at a section, for a laboratory or a field kit."""

    __tablename__ = "sample"

    id: Mapped[Key] = mapped_column(primary_key=True)
    station: Mapped[Key] = mapped_column(index=True)
    taken_ms: Mapped[Instant] = mapped_column(index=True)
    laboratory: Mapped[Short] = mapped_column(default="")
    taken_by: Mapped[Short] = mapped_column(default="")
    note: Mapped[Long] = mapped_column(default="")
    results: Mapped[list[SampleResult]] = relationship(back_populates="sample", order_by="SampleResult.determinand")


class SampleResult(Base):
    """One determinand of a sample, as the laboratory wrote it: ``1.25``, ``0.05L``, ``<0.05``, ``ND``."""

    __tablename__ = "sample_result"
    __table_args__ = (UniqueConstraint("sample_id", "determinand"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[Key] = mapped_column(ForeignKey("sample.id"), index=True)
    determinand: Mapped[Key]
    amount: Mapped[Short]
    method: Mapped[Short] = mapped_column(default="")
    sample: Mapped[Sample] = relationship(back_populates="results")


class Review(Base):
    """A run of suspect readings that waits for a person, or was settled by one."""

    __tablename__ = "review"
    __table_args__ = (
        Index("ix_review_open", "decision", "start_ms"),
        UniqueConstraint("station", "determinand", "start_ms"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[Key] = mapped_column(index=True)
    determinand: Mapped[Key]
    start_ms: Mapped[Instant]
    end_ms: Mapped[Instant]
    readings: Mapped[int]
    #: Tests that set the flag, each with its numbers.
    evidence: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    decision: Mapped[Key | None]
    reason: Mapped[Long] = mapped_column(default="")
    decided_by: Mapped[Short] = mapped_column(default="")
    decided_ms: Mapped[Instant | None]
