"""Photos and documents: kept outside the database, known here by their hash."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Instant, Key, Short


class Attachment(Base):
    """A file that belongs to a row of the books."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Table and id of the row.
    subject: Mapped[Key]
    subject_id: Mapped[Short]
    name: Mapped[Short]
    media_type: Mapped[Key]
    size: Mapped[int]
    sha256: Mapped[Key] = mapped_column(index=True)
    added_by: Mapped[Short]
    added_ms: Mapped[Instant]
